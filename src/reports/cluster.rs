//! Jobs for the scheduler of a cluster that is there: the share of a fetch for each, and the end.
//!
//! Scripts hold no secret: they name the variables in which one may be. Every name from outside
//! is quoted for the language that it goes into, and what no line can hold is refused.

pub mod kubernetes;
pub mod slurm;

#[cfg(test)]
mod tests;

/// Fetches that are split among jobs.
#[derive(Debug, Clone)]
pub struct Jobs {
    /// The datasets, each with jobs of its own.
    pub datasets: Vec<Fetch>,
    /// Among how many jobs each is split.
    pub shards: u32,
    /// Flags of `fetch` that are the same for every dataset.
    pub flags: Vec<String>,
    /// Variables of medsets, with values that are no secrets.
    pub variables: Vec<(String, String)>,
    /// Variables of medsets that are set here and hold a secret, so that only their names are told.
    pub secret_variables: Vec<String>,
    /// Version of the program.
    pub version: String,
}

/// One dataset.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// Its name on the command line.
    pub name: String,
    /// Its id, release and variant, for names of jobs.
    pub label: String,
    /// Its title.
    pub title: String,
    /// Flags of `fetch` that choose the part and the source.
    pub flags: Vec<String>,
    /// Where these come from, in a sentence, where a project asks for the dataset.
    pub origin: Option<String>,
    /// What its hosts ask for.
    pub credentials: Vec<Credential>,
    /// Why its gate is closed, where it is.
    pub closed: Option<String>,
}

/// A credential that a job may need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// What it is for, such as `physionet`.
    pub of: String,
    /// Whether nothing is had without it.
    pub is_needed: bool,
    /// The variables that hold it, in each of its forms.
    pub variables: Vec<Vec<String>>,
}

/// A value that no script can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} `{shown}` {reason}")]
pub struct Unwritable {
    /// What it is.
    pub what: String,
    /// It, as it may be shown.
    pub shown: String,
    /// Why not.
    pub reason: &'static str,
}

impl Jobs {
    /// What of all this a line cannot hold.
    fn check(&self) -> Result<(), Unwritable> {
        let named = self.datasets.iter().map(|one| ("the name", &one.name));
        let flags = self.datasets.iter().flat_map(|one| &one.flags).chain(&self.flags);
        let flags = flags.map(|flag| ("the argument", flag));
        let variables = self.variables.iter().map(|(_, value)| ("the value", value));
        named.chain(flags).chain(variables).try_for_each(|(what, value)| one_line(what, value).map(|_| ()))
    }

    /// The comments above a dataset's jobs: its title, and where its part is chosen.
    fn about(fetch: &Fetch) -> String {
        let origin = fetch.origin.as_ref().map_or(String::new(), |origin| format!("# {}\n", comment(origin)));
        format!("# {}: {}\n{origin}", comment(&fetch.label), comment(&fetch.title))
    }

    /// What is said of the credentials of a dataset, a line each, without a comment's mark.
    fn about_credentials(&self, fetch: &Fetch) -> Vec<String> {
        let mut lines = Vec::new();
        for one in &fetch.credentials {
            let forms: Vec<String> = one.variables.iter().map(|names| names.join(" and ")).collect();
            let verb = if one.is_needed { "needed" } else { "used where there is one" };
            lines.push(format!("{} ({verb}): {}", one.of, forms.join(", or ")));
        }
        lines.extend(
            self.secret_variables
                .iter()
                .map(|name| format!("{name}: set here, and not written, since it holds a secret")),
        );
        lines
    }
}

/// A text that fits into one line.
fn one_line<'t>(what: &str, text: &'t str) -> Result<&'t str, Unwritable> {
    match text.chars().any(char::is_control) {
        true => Err(Unwritable {
            what: what.to_owned(),
            shown: crate::values::Printable::new(text).to_string(),
            reason: "holds a control character, which no script can name",
        }),
        false => Ok(text),
    }
}

/// A text of harmless characters, such as a time or the name of a partition.
fn word<'t>(what: &str, text: &'t str) -> Result<&'t str, Unwritable> {
    let is_harmless = |letter: char| letter.is_ascii_alphanumeric() || "_.,:@%+=/[]-".contains(letter);
    match !text.is_empty() && !text.starts_with('-') && text.chars().all(is_harmless) {
        true => Ok(text),
        false => Err(Unwritable {
            what: what.to_owned(),
            shown: crate::values::Printable::new(text).to_string(),
            reason: "has characters that no scheduler takes there",
        }),
    }
}

/// A text for a comment: in one line and not long.
fn comment(text: &str) -> String {
    crate::values::Printable::cut(text, 300).to_string()
}
