//! The list of an index table: an Arrow stream with a row for each file.
//!
//! Columns are found by their names, others passed over: `file_id`, `file_name` (with folders),
//! `size`, `md5_hash` (base64).

use std::sync::Arc;

use base64::Engine as _;

use crate::catalog::Locator;
use crate::values::{Algorithm, ByteSize, Digest, RelPath};

use super::super::{ListedFile, ProviderError};
use super::stream::{Batch, Stream};
use super::{refused_name, unusable};

/// The files, below `folder` where one is given.
///
/// # Errors
/// What is no Arrow stream or ends early, lacks a column, or names a path that is none.
pub(super) fn files_of(bytes: &[u8], folder: Option<&RelPath>) -> Result<Vec<ListedFile>, ProviderError> {
    let mut stream = Stream::new(bytes);
    let mut files = Vec::new();
    while let Some(batch) = stream.next().map_err(unreadable)? {
        read(&batch, folder, &mut files)?;
    }
    Ok(files)
}

fn unreadable(reason: String) -> ProviderError {
    unusable(format!("its list of files is no such Arrow stream as expected: {reason}"))
}

fn read(batch: &Batch<'_>, folder: Option<&RelPath>, files: &mut Vec<ListedFile>) -> Result<(), ProviderError> {
    let column = |name| batch.column(name).ok_or_else(|| unreadable(format!("it has no column `{name}`")));
    let (ids, names) = (column("file_id")?, column("file_name")?);
    let (sizes, sums) = (batch.column("size"), batch.column("md5_hash"));
    for row in 0..batch.rows {
        let (id, name) = (ids.text(row).map_err(unreadable)?, names.text(row).map_err(unreadable)?);
        let (Some(id), Some(name)) = (id, name) else {
            return Err(unusable("its list has a file without an id or a name".to_owned()));
        };
        let path = RelPath::parse(name.trim_start_matches('/')).map_err(refused_name)?;
        let path = match folder {
            Some(folder) => path.below(folder).map_err(refused_name)?,
            None => path,
        };
        let size = sizes.map(|sizes| sizes.number(row)).transpose().map_err(unreadable)?.flatten();
        let md5 = sums.map(|sums| sums.text(row)).transpose().map_err(unreadable)?.flatten();
        files.push(ListedFile {
            size: size.map(ByteSize),
            digests: md5.and_then(md5_of).into_iter().collect(),
            at: Some(Arc::new(Locator { file_id: Some(id.to_owned()), ..Locator::default() })),
            ..ListedFile::named(path)
        });
    }
    Ok(())
}

fn md5_of(text: &str) -> Option<Digest> {
    Digest::from_bytes(Algorithm::Md5, &base64::engine::general_purpose::STANDARD.decode(text).ok()?)
}

#[cfg(test)]
mod tests {
    use arrow_array::{ArrayRef, Int64Array, LargeStringArray, RecordBatch, StringArray, TimestampMicrosecondArray};
    use arrow_ipc::writer::StreamWriter;

    use super::*;

    fn stream(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    }

    fn listed() -> Vec<u8> {
        stream(vec![
            ("file_name", Arc::new(StringArray::from(vec!["/a/b.txt", "c"]))),
            ("file_id", Arc::new(LargeStringArray::from(vec!["i-1.x", "i-2.y"]))),
            ("added_at", Arc::new(TimestampMicrosecondArray::from(vec![1, 2]))),
            ("size", Arc::new(Int64Array::from(vec![Some(3), None]))),
            ("md5_hash", Arc::new(StringArray::from(vec![Some("kAFQmDzST7DWlj99KOF/cg=="), None]))),
        ])
    }

    #[test]
    fn rows_are_files() {
        let folder = RelPath::parse("images").unwrap();
        let files = files_of(&listed(), Some(&folder)).unwrap();
        let [first, second] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!((first.path.as_str(), first.size), ("images/a/b.txt", Some(ByteSize(3))));
        assert_eq!(first.digests[0].to_string(), "md5:900150983cd24fb0d6963f7d28e17f72");
        assert_eq!((second.path.as_str(), second.size, second.digests.len()), ("images/c", None, 0));
        assert_eq!(second.locator().file_id.as_deref(), Some("i-2.y"));
    }

    #[test]
    fn what_a_list_lacks_is_told() {
        #[track_caller]
        fn check(columns: Vec<(&str, ArrayRef)>, says: &str) {
            let error = files_of(&stream(columns), None).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let texts = |values: Vec<Option<&str>>| Arc::new(StringArray::from(values)) as ArrayRef;
        let numbers = |value: i64| Arc::new(Int64Array::from(vec![value])) as ArrayRef;
        let (id, name) = (("file_id", texts(vec![Some("i")])), ("file_name", texts(vec![Some("a")])));
        check(vec![id.clone()], "no column `file_name`");
        check(vec![("file_id", numbers(1)), name.clone()], "`file_id` holds no texts");
        check(vec![("file_id", texts(vec![None])), name.clone()], "without an id");
        check(vec![id.clone(), name.clone(), ("size", numbers(-1))], "holds no sizes");
        check(vec![id, ("file_name", texts(vec![Some("../a")]))], "name is refused");
    }

    /// Whatever a host sends, reading it ends with files or an error.
    #[test]
    fn damaged_streams_are_refused_or_read() {
        let whole = listed();
        for end in 0..whole.len() {
            let _ = files_of(&whole[..end], None);
        }
        for at in 0..whole.len() {
            for change in [1, 0x7f, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= change;
                let _ = files_of(&damaged, None);
            }
        }
    }
}
