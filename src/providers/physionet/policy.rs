//! What a project asks of those who read it.

use serde::Deserialize;

/// The access policy of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(from = "Stated")]
pub enum Policy {
    /// Anybody may read it.
    Open,
    /// An agreement is to be signed.
    Restricted,
    /// The account is to be credentialed as well.
    Credentialed,
    /// The contributors decide on each request.
    ContributorReview,
    /// One that is not known here.
    Unknown,
}

/// A number in the database, a word in the interface's newer answers.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Stated {
    Number(u64),
    Word(String),
}

impl From<Stated> for Policy {
    fn from(stated: Stated) -> Self {
        match stated {
            Stated::Number(0) => Self::Open,
            Stated::Number(1) => Self::Restricted,
            Stated::Number(2) => Self::Credentialed,
            Stated::Number(3) => Self::ContributorReview,
            Stated::Number(_) => Self::Unknown,
            Stated::Word(word) => match word.as_str() {
                "Open" => Self::Open,
                "Restricted" => Self::Restricted,
                "Credentialed" => Self::Credentialed,
                "Contributor Review" => Self::ContributorReview,
                _ => Self::Unknown,
            },
        }
    }
}

impl Policy {
    /// PhysioNet's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Restricted => "Restricted",
            Self::Credentialed => "Credentialed",
            Self::ContributorReview => "Contributor Review",
            Self::Unknown => "not known to be open",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_numbers_or_words() {
        #[track_caller]
        fn check(stated: &str, expected: Policy) {
            assert_eq!(serde_json::from_str::<Policy>(stated).unwrap(), expected, "{stated}");
        }
        check("0", Policy::Open);
        check("\"Open\"", Policy::Open);
        check("2", Policy::Credentialed);
        check("\"Contributor Review\"", Policy::ContributorReview);
        check("3", Policy::ContributorReview);
        check("9", Policy::Unknown);
        check("\"Sealed\"", Policy::Unknown);
    }
}
