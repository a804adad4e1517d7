//! Settings files with sections, as Python's `configparser` and the AWS tools read them.
//!
//! A line is a section in brackets, a comment that starts with `#` or `;`, or a key and a value
//! with `=` or `:` between. Keys are compared in small letters. Lines of a nested block, which
//! are indented, are read over: none of the keys looked for stands in one.

/// The value of a key in a section: the last one given, without the space around it.
pub(super) fn value<'t>(text: &'t str, section: &str, key: &str) -> Option<&'t str> {
    let mut inside = false;
    let mut found = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = name.trim() == section;
            continue;
        }
        let is_nested = line.starts_with([' ', '\t']);
        if !inside || is_nested || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some((name, value)) = trimmed.split_once(['=', ':'])
            && name.trim().eq_ignore_ascii_case(key)
        {
            found = Some(value.trim());
        }
    }
    found.filter(|value| !value.is_empty())
}

/// Whether a section is there.
pub(super) fn has_section(text: &str, section: &str) -> bool {
    text.lines().any(|line| line.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) == Some(section))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_hosts_programs_read() {
        let text = "[default]\nauthToken = abc=:d\n# authtoken = no\nempty =\nnested =\n  authtoken = no\n\
                    [profile two]\nauthtoken: second\n";
        assert_eq!(value(text, "default", "authtoken"), Some("abc=:d"));
        assert_eq!(value(text, "profile two", "authtoken"), Some("second"));
        assert_eq!(value(text, "default", "empty"), None);
        assert_eq!(value(text, "other", "authtoken"), None);
        assert!(has_section(text, "profile two") && !has_section(text, "two"));
    }
}
