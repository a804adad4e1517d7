//! The made-up cases that pictures, reports and the table agree on.

/// One made-up case.
pub struct Case {
    pub number: u32,
    pub split: &'static str,
    pub opacity: Option<Opacity>,
}

/// A round spot in one lung; places and radius are pixels of the picture.
pub struct Opacity {
    pub side: Side,
    pub x: f64,
    pub y: f64,
    pub radius: f64,
}

/// The side of the body, as it is written in reports.
#[derive(Clone, Copy)]
pub enum Side {
    Right,
    Left,
}

impl Case {
    /// `case0001` and so on.
    pub fn name(&self) -> String {
        format!("case{:04}", self.number)
    }

    /// The name of the finding in the table.
    pub fn finding(&self) -> &'static str {
        if self.opacity.is_some() { "opacity" } else { "none" }
    }

    /// A generator that belongs to this case alone.
    pub fn dice(&self) -> Dice {
        Dice(SEED ^ u64::from(self.number).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

impl Opacity {
    /// Width in millimetres; a pixel stands for five of them.
    pub fn size_mm(&self) -> u32 {
        (self.radius * 2.0 * 5.0).round() as u32
    }
}

/// All cases, in order.
pub fn all() -> Vec<Case> {
    (1..=COUNT).map(one).collect()
}

/// The table of labels.
pub fn labels(cases: &[Case]) -> String {
    let mut table = String::from("case,split,finding,size_mm\n");
    for case in cases {
        let size = case.opacity.as_ref().map(|opacity| opacity.size_mm().to_string()).unwrap_or_default();
        table.push_str(&format!("{},{},{},{size}\n", case.name(), case.split, case.finding()));
    }
    table
}

fn one(number: u32) -> Case {
    let split = match number {
        1..=32 => "train",
        33..=40 => "valid",
        _ => "test",
    };
    let mut case = Case { number, split, opacity: None };
    let mut dice = case.dice();
    if dice.below(5) < 2 {
        case.opacity = Some(opacity(&mut dice));
    }
    case
}

/// A spot well inside a lung. The right lung is on the left of the picture, as on a film.
fn opacity(dice: &mut Dice) -> Opacity {
    let side = if dice.below(2) == 0 { Side::Right } else { Side::Left };
    let middle = match side {
        Side::Right => 20.0,
        Side::Left => 46.0,
    };
    Opacity {
        side,
        x: middle + dice.between(-2.0, 3.0),
        y: dice.between(20.0, 36.0),
        radius: f64::from(dice.below(7) + 4) / 2.0,
    }
}

/// SplitMix64: small, well known, and the same everywhere.
pub struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number below `end`, which is small.
    pub fn below(&mut self, end: u32) -> u32 {
        (self.next() % u64::from(end)) as u32
    }

    /// A number in `low..high`, in steps of a thousandth of the range.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(self.below(1000)) / 1000.0
    }
}

const COUNT: u32 = 48;
const SEED: u64 = 0x6D65_6473_6574_7301;
