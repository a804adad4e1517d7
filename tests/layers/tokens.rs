//! Rust source as words and signs with their lines; comments, strings and lifetimes left out.
//!
//! Not a whole lexer: numbers come out as words, every sign is one character. Enough to follow
//! `a::b::{c, d}`, and never fooled by a path that stands in a comment or a string.

/// A word or one sign, and the line it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

impl Token {
    /// Whether it is an identifier or keyword.
    pub fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// All tokens of a source file.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut reader = Reader { rest: source, line: 1 };
    let mut tokens = Vec::new();
    while let Some(first) = reader.rest.chars().next() {
        let line = reader.line;
        if reader.skip_comment() || reader.skip_text() {
            continue;
        }
        if first.is_alphanumeric() || first == '_' {
            tokens.push(Token { text: reader.word(), line });
        } else {
            reader.advance(first.len_utf8());
            if !first.is_whitespace() {
                tokens.push(Token { text: first.to_string(), line });
            }
        }
    }
    tokens
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }

    fn word(&mut self) -> String {
        if self.rest.starts_with("r#") {
            self.advance(2);
        }
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let word = self.rest[..end].to_owned();
        self.advance(end);
        word
    }

    fn skip_comment(&mut self) -> bool {
        if self.rest.starts_with("//") {
            self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
            return true;
        }
        if !self.rest.starts_with("/*") {
            return false;
        }
        // Block comments nest.
        let mut depth = 0;
        loop {
            let (step, change) = match self.rest.as_bytes() {
                [] => return true,
                [b'/', b'*', ..] => (2, 1),
                [b'*', b'/', ..] => (2, -1),
                _ => (self.rest.chars().next().map_or(1, char::len_utf8), 0),
            };
            self.advance(step);
            depth += change;
            if depth == 0 {
                return true;
            }
        }
    }

    /// Skips a string or character literal with its prefix, or a lifetime.
    fn skip_text(&mut self) -> bool {
        let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| self.opens_text(prefix));
        let Some(prefix) = prefix else { return false };
        self.advance(prefix.len());
        if prefix.ends_with('r') {
            self.skip_raw();
        } else if self.rest.starts_with('"') {
            self.skip_quoted('"');
        } else {
            self.skip_quote();
        }
        true
    }

    fn opens_text(&self, prefix: &str) -> bool {
        let Some(after) = self.rest.strip_prefix(prefix) else { return false };
        match prefix {
            "br" | "cr" | "r" => after.trim_start_matches('#').starts_with('"'),
            "c" => after.starts_with('"'),
            _ => after.starts_with(['"', '\'']),
        }
    }

    fn skip_raw(&mut self) {
        let hashes = self.rest.len() - self.rest.trim_start_matches('#').len();
        self.advance(hashes + 1);
        let close = format!("\"{}", "#".repeat(hashes));
        self.advance(self.rest.find(&close).map_or(self.rest.len(), |at| at + close.len()));
    }

    fn skip_quoted(&mut self, quote: char) {
        self.advance(1);
        while let Some(c) = self.rest.chars().next() {
            if c == '\\' {
                self.advance(1);
                self.advance(self.rest.chars().next().map_or(0, char::len_utf8));
                continue;
            }
            self.advance(c.len_utf8());
            if c == quote {
                return;
            }
        }
    }

    /// After `'`: a character such as `'a'` or `'\''`, or a lifetime such as `'a`.
    fn skip_quote(&mut self) {
        let mut after = self.rest.chars().skip(1);
        let (first, second) = (after.next(), after.next());
        if first == Some('\\') || second == Some('\'') {
            self.skip_quoted('\'');
        } else {
            self.advance(1);
            self.word();
        }
    }
}
