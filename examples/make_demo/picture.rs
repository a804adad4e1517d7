//! Draws a case: a body, two lung fields, ribs, spine and heart, and the spot where there is one.
//!
//! Only addition, multiplication and division of numbers are used, so that every machine draws
//! the same pixels: `sin` and `exp` may differ in the last digit from one system to another.

use crate::case::{Case, Dice, Opacity};

/// Width and height of a picture in pixels.
pub const SIDE: usize = 64;

/// The grey values, row by row from the top.
pub fn draw(case: &Case) -> Vec<u8> {
    let mut dice = case.dice();
    let body = Body::of(&mut dice);
    let mut pixels = Vec::with_capacity(SIDE * SIDE);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let (x, y) = (column as f64 + 0.5, row as f64 + 0.5);
            let mut grey = body.grey(x, y) + f64::from(dice.below(5)) - 2.0;
            if let Some(opacity) = &case.opacity {
                grey += spot(opacity, x, y);
            }
            pixels.push(grey.clamp(0.0, 255.0) as u8);
        }
    }
    pixels
}

/// What differs from body to body.
struct Body {
    lung_width: f64,
    lung_height: f64,
    rib_gap: f64,
    rib_start: f64,
    heart: f64,
}

impl Body {
    fn of(dice: &mut Dice) -> Self {
        Self {
            lung_width: dice.between(9.5, 11.5),
            lung_height: dice.between(20.0, 24.0),
            rib_gap: dice.between(6.0, 7.5),
            rib_start: dice.between(0.0, 6.0),
            heart: dice.between(7.5, 10.0),
        }
    }

    fn grey(&self, x: f64, y: f64) -> f64 {
        let mut grey = 20.0;
        if ellipse(x, y, (32.0, 36.0), (30.0, 38.0)) < 1.0 {
            grey = 150.0;
        }
        let lung = |middle: f64| ellipse(x, y, (middle, 32.0), (self.lung_width, self.lung_height));
        let depth = lung(20.0).min(lung(44.0));
        if depth < 1.0 {
            grey = 55.0 + 35.0 * depth;
            grey += self.rib(x, y);
        }
        if ellipse(x, y, (36.0, 42.0), (self.heart, 10.0)) < 1.0 {
            grey = grey.max(165.0);
        }
        if (x - 32.0).abs() < 2.5 {
            grey = grey.max(185.0);
        }
        grey
    }

    /// Ribs fall away from the spine; each is a band two pixels high.
    fn rib(&self, x: f64, y: f64) -> f64 {
        let from_spine = (x - 32.0).abs();
        let level = y - self.rib_start - from_spine * from_spine / 60.0;
        let in_gap = level - self.rib_gap * (level / self.rib_gap).floor();
        if in_gap < 2.0 { 38.0 } else { 0.0 }
    }
}

/// Brightest in the middle, nothing from its edge on.
fn spot(opacity: &Opacity, x: f64, y: f64) -> f64 {
    let reach = opacity.radius + 0.5;
    let distance = ellipse(x, y, (opacity.x, opacity.y), (reach, reach));
    if distance < 1.0 { 110.0 * (1.0 - distance * distance) } else { 0.0 }
}

/// Below one inside, one on the edge.
fn ellipse(x: f64, y: f64, middle: (f64, f64), half: (f64, f64)) -> f64 {
    let (across, down) = ((x - middle.0) / half.0, (y - middle.1) / half.1);
    across * across + down * down
}
