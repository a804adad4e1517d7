//! Writes the made-up report of a case.

use crate::case::{Case, Dice, Opacity, Side};

/// A few sentences that agree with the picture and the table.
pub fn write(case: &Case) -> String {
    let mut dice = case.dice();
    let finding = match &case.opacity {
        Some(opacity) => spot(opacity),
        None => pick(&mut dice, CLEAR).to_owned(),
    };
    let (title, views) = (case.name(), pick(&mut dice, VIEWS));
    let (rest, close) = (pick(&mut dice, REST), pick(&mut dice, CLOSE));
    format!("Case: {title}\nMade up for medsets; not about any person.\n\n{views}\n{finding}\n{rest}\n{close}\n")
}

fn spot(opacity: &Opacity) -> String {
    let side = match opacity.side {
        Side::Right => "right",
        Side::Left => "left",
    };
    let zone = if opacity.y < 26.0 {
        "upper"
    } else if opacity.y < 32.0 {
        "middle"
    } else {
        "lower"
    };
    format!("There is a round opacity of {} mm in the {side} {zone} zone.", opacity.size_mm())
}

fn pick(dice: &mut Dice, choices: &[&'static str]) -> &'static str {
    choices[dice.below(choices.len() as u32) as usize]
}

const VIEWS: &[&str] =
    &["One frontal view, drawn.", "A single drawn view from the front.", "Frontal view, 64 by 64 pixels."];
const CLEAR: &[&str] =
    &["No opacity is seen.", "Both lung fields are clear.", "The lung fields show ribs and nothing else."];
const REST: &[&str] =
    &["The heart is not enlarged.", "Heart and spine are where they were drawn.", "The ribs are whole."];
const CLOSE: &[&str] = &["No earlier picture to compare with.", "Nothing further.", "End of report."];
