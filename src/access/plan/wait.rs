//! The catalogue's words for a waiting time.

use jiff::SignedDuration;

/// How long `about a week` is. The longest time that is named counts: `2-5 business days` is
/// five days. `None` where no time is named.
pub(super) fn read(words: &str) -> Option<SignedDuration> {
    let lower = words.to_lowercase();
    let parts: Vec<&str> =
        lower.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let mut number = None;
    let mut longest: Option<SignedDuration> = None;
    for part in parts {
        if let Some(value) = number_of(part) {
            number = Some(number.map_or(value, |earlier: i64| earlier.max(value)));
        } else if let Some((hours, usual)) = unit_of(part) {
            let length = SignedDuration::from_secs(number.take().unwrap_or(usual).saturating_mul(hours));
            longest = longest.max(Some(length));
        }
    }
    longest
}

fn number_of(word: &str) -> Option<i64> {
    match word {
        "a" | "an" | "one" => Some(1),
        "two" => Some(2),
        "three" => Some(3),
        "four" => Some(4),
        "five" => Some(5),
        "six" => Some(6),
        digits => digits.parse().ok().filter(|value| (0..10_000).contains(value)),
    }
}

/// Seconds of a unit, and how many are meant where no number stands: `weeks` are about two.
fn unit_of(word: &str) -> Option<(i64, i64)> {
    const HOUR: i64 = 3600;
    let (singular, usual) = word.strip_suffix('s').map_or((word, 1), |singular| (singular, 2));
    let seconds = match singular {
        "minute" => 60,
        "hour" => HOUR,
        "day" => 24 * HOUR,
        "week" => 7 * 24 * HOUR,
        "month" => 30 * 24 * HOUR,
        _ => return None,
    };
    Some((seconds, usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_common_words() {
        #[track_caller]
        fn check(words: &str, hours: Option<f64>) {
            assert_eq!(read(words).map(|wait| wait.as_secs_f64() / 3600.0), hours, "{words}");
        }
        check("minutes", Some(2.0 / 60.0));
        check("about a week", Some(168.0));
        check("2-5 business days", Some(120.0));
        check("One to two weeks", Some(336.0));
        check("a few hours, sometimes a day", Some(24.0));
        check("weeks", Some(336.0));
        check("3 months", Some(2160.0));
        check("depends on the committee", None);
        check("", None);
    }
}
