//! Objects of a bucket: nobody says anything of them but their keys, sizes and entity tags.

use crate::catalog::{Description, Reference};

use super::line;

pub(super) fn describe(bucket: &str, prefix: &str, reference: &Reference, day: jiff::civil::Date) -> Description {
    let title = match prefix {
        "" => format!("bucket {}", line(bucket)),
        _ => format!("{} of bucket {}", line(prefix), line(bucket)),
    };
    // The address under which a browser sees the bucket's list, where it is open.
    let page = format!("https://{bucket}.s3.amazonaws.com/");
    Description { source: reference.to_string(), ..Description::new(reference.clone(), day.to_string(), title, page) }
}
