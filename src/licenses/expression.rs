//! SPDX expressions over the shelf's ids.

use std::fmt;

use spdx::ParseMode;

use crate::values::Printable;

/// A licence expression such as `CC-BY-3.0 AND LicenseRef-TCIA-Data-Usage-Policy`, or
/// `NOASSERTION` where nothing is granted that we know of.
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
    /// Reads an expression (SPDX 2.3 annex D). Ids are not looked up.
    pub fn parse(text: &str) -> Result<Self, NotAnExpression> {
        if matches!(text, "NOASSERTION" | "NONE") {
            return Ok(Self { text: text.to_owned(), root: Node::Nothing });
        }
        let refused = |reason: String| NotAnExpression { text: Printable::new(text).to_string(), reason };
        let parsed =
            spdx::Expression::parse_mode(text, ParseMode::STRICT).map_err(|error| refused(error.reason.to_string()))?;
        let mut stack: Vec<Node> = Vec::new();
        for node in parsed.iter() {
            match node {
                spdx::expression::ExprNode::Req(one) => stack.push(Node::License(one.req.to_string())),
                spdx::expression::ExprNode::Op(operator) => {
                    let (Some(right), Some(left)) = (stack.pop(), stack.pop()) else {
                        return Err(refused("an operator has no operand".into()));
                    };
                    stack.push(match operator {
                        spdx::expression::Operator::And => Node::And(vec![left, right]),
                        spdx::expression::Operator::Or => Node::Or(vec![left, right]),
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

    pub(super) fn root(&self) -> &Node {
        &self.root
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.text)
    }
}

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
        check("No such thing", None);
        check("", None);
    }
}
