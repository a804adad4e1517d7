//! `why`: from a file back to its dataset, source, grant and terms.

use serde_json::json;

use crate::context::Context;
use crate::ops::outside::MARK;
use crate::ops::why::{FileState, Why};
use crate::ops::{self, Failure};
use crate::values::{ByteSize, Printable};

use super::args::WhyArgs;
use super::output::Answer;

/// Tells where a file came from.
pub fn run(context: &Context, args: &WhyArgs) -> Result<Answer, Failure> {
    let why = ops::why::why(context, &args.path)?;
    let mut answer = Answer::done("medsets/why/1", json!(why), text(&why));
    if why.state == FileState::Changed {
        answer.warnings.push(format!(
            "`{}` is not as it was laid down; `medsets verify {}` reads its bytes",
            why.path.display(),
            why.dataset
        ));
    }
    Ok(answer)
}

fn text(why: &Why) -> String {
    let mark = why.reference.as_ref().map_or("", |_| MARK);
    let own = if why.license_of_its_own { " (of this file)" } else { "" };
    let mut lines = vec![
        ("file", why.path.display().to_string()),
        ("dataset", format!("{} ({}){mark}", why.dataset, why.title)),
        ("bytes", format!("{}, sha256:{}", ByteSize(why.size.0), why.sha256.hex())),
        ("role", why.role.clone()),
        ("source", format!("{} ({})", why.channel, why.provider)),
        ("from", why.member.as_ref().map_or(why.from.to_string(), |member| format!("{}, member {member}", why.from))),
    ];
    lines.extend(why.url.iter().map(|url| ("address", url.to_string())));
    lines.extend(why.verified.iter().map(|verified| ("proven by", verified.clone())));
    lines.push(("here since", format!("{}, by {}", why.completed, why.by)));
    lines.push(("terms", format!("{}{own}", why.license)));
    lines.extend(why.notice.iter().map(|notice| ("notice", notice.clone())));
    for grant in &why.grants {
        let who = match (&grant.accepted, &grant.by) {
            (Some(at), Some(by)) => format!("accepted by {by} on {}", at.strftime("%Y-%m-%d")),
            _ => "accepted by somebody else".to_owned(),
        };
        lines.push((
            "grant",
            format!("{}, {who}, ledger entry {}, text {}", grant.license, grant.sequence, grant.text_sha256),
        ));
    }
    lines.into_iter().map(|(key, value)| format!("{key:<11} {}\n", Printable::cut(&value, 500))).collect()
}
