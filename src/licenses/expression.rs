//! SPDX expressions over the shelf's ids.

use std::fmt;

use spdx::ParseMode;

use crate::values::Printable;

/// A licence expression such as `CC-BY-3.0 AND LicenseRef-TCIA-Data-Usage-Policy`, or
/// `NOASSERTION` where nothing is granted that we know of.
///
/// Its length and depth are limited, so that whatever walks it, `Drop` included, stays within
/// the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    text: String,
    root: Node,
}

/// A part of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A licence by its id.
    License(String),
    /// All of them hold.
    And(Vec<Node>),
    /// One may be chosen.
    Or(Vec<Node>),
    /// Nothing is asserted.
    Nothing,
}

/// The text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no licence expression: {reason}")]
pub struct NotAnExpression {
    text: String,
    reason: String,
}

impl Expression {
    /// Reads an expression (SPDX 2.3 annex D) of at most [`LENGTH_LIMIT`] characters, with
    /// brackets at most [`DEPTH_LIMIT`] deep. Ids are not looked up. `NOASSERTION` may also
    /// stand beside licences, for a part of which nothing is known.
    pub fn parse(text: &str) -> Result<Self, NotAnExpression> {
        let refused = |reason: String| NotAnExpression { text: Printable::cut(text, SHOWN).to_string(), reason };
        if let Some(reason) = beyond_limits(text) {
            return Err(refused(reason));
        }
        if is_nothing(text) {
            return Ok(Self { text: text.to_owned(), root: Node::Nothing });
        }
        let parsed =
            spdx::Expression::parse_mode(text, ParseMode::STRICT).map_err(|error| refused(error.reason.to_string()))?;
        let mut stack: Vec<Node> = Vec::new();
        for node in parsed.iter() {
            match node {
                spdx::expression::ExprNode::Req(one) => stack.push(Node::of(one.req.to_string())),
                spdx::expression::ExprNode::Op(operator) => {
                    let (Some(right), Some(left)) = (stack.pop(), stack.pop()) else {
                        return Err(refused("an operator has no operand".into()));
                    };
                    stack.push(match operator {
                        spdx::expression::Operator::And => left.and(right),
                        spdx::expression::Operator::Or => left.or(right),
                    });
                }
            }
        }
        match (stack.pop(), stack.is_empty()) {
            (Some(root), true) => Ok(Self { text: text.to_owned(), root }),
            _ => Err(refused("it is empty".into())),
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The ids in it, in order.
    pub fn ids(&self) -> Vec<&str> {
        fn collect<'n>(node: &'n Node, ids: &mut Vec<&'n str>) {
            match node {
                Node::License(id) => ids.push(id),
                Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| collect(node, ids)),
                Node::Nothing => {}
            }
        }
        let mut ids = Vec::new();
        collect(&self.root, &mut ids);
        ids
    }

    /// Whether nothing is stated about the whole or a part of it.
    pub fn has_gap(&self) -> bool {
        fn has_gap(node: &Node) -> bool {
            match node {
                Node::License(_) => false,
                Node::And(nodes) | Node::Or(nodes) => nodes.iter().any(has_gap),
                Node::Nothing => true,
            }
        }
        has_gap(&self.root)
    }

    /// Whether the licences that `has` knows are enough: one of those that `OR` leaves open, all
    /// that `AND` puts together. Nothing is enough for a part of which nothing is stated.
    pub fn is_within(&self, has: &dyn Fn(&str) -> bool) -> bool {
        fn is_within(node: &Node, has: &dyn Fn(&str) -> bool) -> bool {
            match node {
                Node::License(id) => has(id),
                Node::And(nodes) => nodes.iter().all(|node| is_within(node, has)),
                Node::Or(nodes) => nodes.iter().any(|node| is_within(node, has)),
                Node::Nothing => false,
            }
        }
        is_within(&self.root, has)
    }

    /// Puts something together over the parts: `leaf` gets an id, or nothing where nothing is
    /// stated; `all` what must hold together; `one` what leaves a choice.
    pub fn fold<T>(&self, leaf: &dyn Fn(Option<&str>) -> T, all: &dyn Fn(Vec<T>) -> T, one: &dyn Fn(Vec<T>) -> T) -> T {
        fn fold<T>(
            node: &Node,
            leaf: &dyn Fn(Option<&str>) -> T,
            all: &dyn Fn(Vec<T>) -> T,
            one: &dyn Fn(Vec<T>) -> T,
        ) -> T {
            match node {
                Node::License(id) => leaf(Some(id)),
                Node::Nothing => leaf(None),
                Node::And(nodes) => all(nodes.iter().map(|node| fold(node, leaf, all, one)).collect()),
                Node::Or(nodes) => one(nodes.iter().map(|node| fold(node, leaf, all, one)).collect()),
            }
        }
        fold(&self.root, leaf, all, one)
    }

    pub(super) fn root(&self) -> &Node {
        &self.root
    }
}

impl Node {
    fn of(id: String) -> Self {
        if is_nothing(&id) { Self::Nothing } else { Self::License(id) }
    }

    /// A chain of one operator is one node: depth comes from brackets alone.
    fn and(self, other: Self) -> Self {
        match self {
            Self::And(mut nodes) => {
                nodes.push(other);
                Self::And(nodes)
            }
            one => Self::And(vec![one, other]),
        }
    }

    fn or(self, other: Self) -> Self {
        match self {
            Self::Or(mut nodes) => {
                nodes.push(other);
                Self::Or(nodes)
            }
            one => Self::Or(vec![one, other]),
        }
    }
}

fn is_nothing(text: &str) -> bool {
    matches!(text, "NOASSERTION" | "NONE")
}

/// Which limit the text breaks, if any.
fn beyond_limits(text: &str) -> Option<String> {
    let length = text.chars().count();
    if length > LENGTH_LIMIT {
        return Some(format!("it has {length} characters, at most {LENGTH_LIMIT} are read"));
    }
    let mut depth = 0_usize;
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_LIMIT {
            return Some(format!("its brackets are nested more than {DEPTH_LIMIT} deep"));
        }
    }
    None
}

impl fmt::Display for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.text)
    }
}

/// The longest expression that is read, in characters.
pub const LENGTH_LIMIT: usize = 1000;

/// How deep brackets may nest.
pub const DEPTH_LIMIT: usize = 16;

/// Characters of a refused text that its error shows.
const SHOWN: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_entries_use() {
        #[track_caller]
        fn check(text: &str, ids: Option<&[&str]>) {
            let parsed = Expression::parse(text).ok();
            assert_eq!(parsed.as_ref().map(Expression::ids).as_deref(), ids, "{text}");
        }
        check("CC-BY-4.0", Some(&["CC-BY-4.0"]));
        check("NOASSERTION", Some(&[]));
        check(
            "CC-BY-3.0 AND LicenseRef-TCIA-Data-Usage-Policy",
            Some(&["CC-BY-3.0", "LicenseRef-TCIA-Data-Usage-Policy"]),
        );
        check("MIT OR (CC0-1.0 AND ODbL-1.0)", Some(&["MIT", "CC0-1.0", "ODbL-1.0"]));
        check("CC-BY-4.0 AND NOASSERTION", Some(&["CC-BY-4.0"]));
        check("No such thing", None);
        check("", None);
    }

    #[test]
    fn an_expression_beyond_a_limit_is_refused_and_the_limit_is_named() {
        #[track_caller]
        fn check(text: &str, limit: &str) {
            let error = Expression::parse(text).unwrap_err().to_string();
            assert!(error.contains(limit) && error.len() < 1000, "{error}");
        }
        let many = 50_000;
        check(&format!("MIT{}", " AND MIT".repeat(many)), "at most 1000");
        check(&format!("MIT{}", " AND MIT OR MIT".repeat(many)), "at most 1000");
        check(&format!("{}MIT{}", "(".repeat(many), ")".repeat(many)), "at most 1000");
        check(&format!("{}MIT{}", "(".repeat(17), ")".repeat(17)), "more than 16 deep");
        let most = format!("{}MIT{}", "(MIT OR MIT AND ".repeat(16), ")".repeat(16));
        let parsed = Expression::parse(&most).unwrap();
        assert_eq!((parsed.ids().len(), parsed.to_string()), (33, most));
        assert_eq!(Expression::parse(&format!("MIT{}", " OR MIT".repeat(142))).unwrap().ids().len(), 143);
    }
}
