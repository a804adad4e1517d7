//! Every path that a source file names: `use` trees taken apart, and `a::b` in the code.

use crate::tokens::{Token, tokens};

/// A path as it is written, first part first, with the line of its last part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPath {
    pub parts: Vec<String>,
    pub line: usize,
    /// Whether it stands inside a `#[cfg(test)]` module.
    pub in_tests: bool,
}

impl NamedPath {
    /// Whether the path begins with these parts.
    pub fn starts_with(&self, parts: &[&str]) -> bool {
        self.parts.len() >= parts.len() && self.parts.iter().zip(parts).all(|(mine, theirs)| mine == theirs)
    }
}

/// All paths in a source file. Paths of one word count only in a `use`; a path that limits
/// visibility, as in `pub(in crate::a)`, names no import and is left out.
pub fn paths(source: &str) -> Vec<NamedPath> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut tree = Tree { tokens: &tokens, at, found: &mut found };
        if tree.is_use() {
            tree.at += 1;
            tree.walk(&[]);
        } else if tree.begins_path() {
            tree.straight();
        }
        at = tree.at.max(at + 1);
    }
    mark_tests(&tokens, &mut found);
    found
}

struct Tree<'a> {
    tokens: &'a [Token],
    at: usize,
    found: &'a mut Vec<NamedPath>,
}

impl Tree<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    fn is_word(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(Token::is_word)
    }

    fn is_colons(&self, at: usize) -> bool {
        self.text(at) == ":" && self.text(at + 1) == ":"
    }

    /// A `use` declaration, not the `use<'a>` of a captured lifetime.
    fn is_use(&self) -> bool {
        self.text(self.at) == "use" && self.text(self.at + 1) != "<"
    }

    /// A word followed by `::` that does not itself follow `word::` and limits no visibility.
    fn begins_path(&self) -> bool {
        let at = self.at;
        let follows = at >= 3 && self.is_colons(at - 2) && (self.is_word(at - 3) || self.text(at - 3) == ">");
        let limits = at >= 2 && self.text(at - 1) == "in" && self.text(at - 2) == "(";
        self.is_word(at) && self.is_colons(at + 1) && !follows && !limits
    }

    /// `a::b::c` in the code, up to what is no plain part.
    fn straight(&mut self) {
        let mut parts = vec![self.text(self.at).to_owned()];
        while self.is_colons(self.at + 1) && self.is_word(self.at + 3) {
            self.at += 3;
            parts.push(self.text(self.at).to_owned());
        }
        self.keep(parts);
        self.at += 1;
    }

    /// One branch of a `use` tree, below `above`.
    fn walk(&mut self, above: &[String]) {
        let mut parts = above.to_vec();
        loop {
            if self.is_colons(self.at) {
                self.at += 2;
            } else if self.text(self.at) == "{" {
                return self.walk_group(&parts);
            } else if self.is_word(self.at) || self.text(self.at) == "*" {
                parts.push(self.text(self.at).to_owned());
                if !self.is_colons(self.at + 1) {
                    break;
                }
                self.at += 1;
            } else {
                return;
            }
        }
        self.keep(parts);
        self.at += 1;
        if self.text(self.at) == "as" {
            self.at += 2;
        }
    }

    fn walk_group(&mut self, above: &[String]) {
        self.at += 1;
        while !matches!(self.text(self.at), "}" | "") {
            let before = self.at;
            self.walk(above);
            if self.text(self.at) == "," || self.at == before {
                self.at += 1;
            }
        }
        self.at += 1;
    }

    fn keep(&mut self, parts: Vec<String>) {
        let line = self.tokens[self.at].line;
        self.found.push(NamedPath { parts, line, in_tests: false });
    }
}

/// Marks the paths that stand in a module under `#[cfg(test)]`.
fn mark_tests(tokens: &[Token], found: &mut [NamedPath]) {
    let texts: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let opening = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    for start in 0..texts.len() {
        if !texts[start..].starts_with(&opening) || texts.get(start + 9) != Some(&"{") {
            continue;
        }
        let mut depth = 0;
        let end = texts[start + 9..].iter().position(|text| {
            depth += i32::from(*text == "{") - i32::from(*text == "}");
            depth == 0
        });
        let last = end.map_or(usize::MAX, |end| tokens[start + 9 + end].line);
        let lines = tokens[start].line..=last;
        found.iter_mut().filter(|path| lines.contains(&path.line)).for_each(|path| path.in_tests = true);
    }
}

mod tests {
    use super::paths;

    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let found: Vec<String> =
            paths(source).iter().map(|path| format!("{} {}", path.line, path.parts.join("::"))).collect();
        assert_eq!(found, expected, "in {source:?}");
    }

    #[test]
    fn finds_paths_in_imports() {
        check("use crate::a;", &["1 crate::a"]);
        check("pub(crate) use crate::a::B as C;", &["1 crate::a::B"]);
        check("use crate::{a, b};", &["1 crate::a", "1 crate::b"]);
        check("use crate::{\n  a::{self, X},\n  b::*,\n};", &["2 crate::a::self", "2 crate::a::X", "3 crate::b::*"]);
        check(
            "use {crate::a::X as Y, crate::b, std::{fs, io}};",
            &["1 crate::a::X", "1 crate::b", "1 std::fs", "1 std::io"],
        );
        check("use crate::*; use crate as c; use ::reqwest;", &["1 crate::*", "1 crate", "1 reqwest"]);
        check("use crate::r#mod::x;", &["1 crate::mod::x"]);
    }

    #[test]
    fn finds_paths_in_code() {
        check("fn f() -> crate::a::B { crate::b::c::<u8>() }", &["1 crate::a::B", "1 crate::b::c"]);
        check("let x: Vec<crate::a::B> = Vec::new();", &["1 crate::a::B", "1 Vec::new"]);
        check("macro_rules! m { () => { $crate::a::f() } }", &["1 crate::a::f"]);
        check("for x in crate::a::all() {}", &["1 crate::a::all"]);
        check("::std::fs::read(p)", &["1 std::fs::read"]);
        check("<T as crate::a::Trait>::f()", &["1 crate::a::Trait"]);
        check("fn f() -> impl Sized + use<'_> {}", &[]);
        check("use crate::a;\n\nfn f() { crate\n  ::b::g() }", &["1 crate::a", "4 crate::b::g"]);
    }

    #[test]
    fn names_only_what_is_code() {
        check("// use crate::a;\n/* crate::b /* crate::c */ crate::d */ use crate::e;", &["2 crate::e"]);
        check("//! [crate::a]\n/// [`crate::b`]", &[]);
        check(r##"let s = "crate::a \" crate::b"; let r = r#"crate::c " crate::d"#;"##, &[]);
        check(r#"let b = b"crate::a"; let c = c"crate::b"; let d = br"\"; use crate::e;"#, &["1 crate::e"]);
        check(r#"let q = '\''; let p = '\u{27}'; let d = '"'; use crate::a; let e = '"';"#, &["1 crate::a"]);
        check("fn f<'a>(x: &'a str) -> crate::a::B<'a> {}", &["1 crate::a::B"]);
        check("let lines = \"one\ntwo\";\nuse crate::a;", &["3 crate::a"]);
    }

    #[test]
    fn leaves_visibility_out() {
        check("pub(in crate::a) fn f() {} pub(crate) fn g() {}", &[]);
        check("pub(in crate::a) struct S(crate::b::T);", &["1 crate::b::T"]);
        check("#[serde(crate = \"x\")] extern crate alloc;", &[]);
    }

    #[test]
    fn knows_test_modules() {
        let source = "use std::fs;\n#[cfg(test)]\nmod tests {\n    use tempfile::a;\n    fn f() {}\n}\nuse std::env;";
        let inside: Vec<bool> = paths(source).iter().map(|path| path.in_tests).collect();
        assert_eq!(inside, [false, true, false]);
    }
}
