//! Lists of records: those of a project's own, and `RECORDS` of the WFDB format.
//!
//! `RECORDS` has a record a line, without suffix; a line that ends in `/` is a folder with a
//! `RECORDS` of its own. The header of a record, `NAME.hea`, names the files of its signals or
//! the segments that it consists of. `ANNOTATORS` has a suffix a line: which records have such a
//! file is not said, so it is asked for. Source: the WFDB programmer's guide, header(5).

use std::collections::{BTreeSet, VecDeque};

use crate::net::{Lane, NetError, Want};

use super::super::{Hosts, ListedFile, ProviderError};
use super::{HOST, PhysionetProject, named};

/// A list that a project brings: a table with a column `path`, else one path a line.
#[derive(Debug, Default)]
pub(super) struct RecordList {
    files: Vec<ListedFile>,
    column: Option<usize>,
}

impl RecordList {
    /// Takes a line.
    pub(super) fn take(&mut self, line: &str) -> Result<(), ProviderError> {
        let line = line.trim();
        let column = match self.column {
            Some(column) => column,
            None => {
                let found = line.split(',').position(|name| name.trim() == "path");
                self.column = Some(found.unwrap_or(0));
                if found.is_some() {
                    return Ok(());
                }
                0
            }
        };
        if line.is_empty() {
            return Ok(());
        }
        let path = line.split(',').nth(column).map(str::trim).filter(|path| !path.contains('"'));
        let refused = || ProviderError::Answer { host: HOST, reason: "a line of a record list has no path".into() };
        self.files.push(ListedFile::named(named(path.ok_or_else(refused)?)?));
        Ok(())
    }

    /// The files it names.
    pub(super) fn into_files(self) -> Vec<ListedFile> {
        self.files
    }
}

/// What the header of a record names, beside it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Header {
    /// Files of signals.
    files: Vec<String>,
    /// Records that it consists of.
    segments: Vec<String>,
}

impl Header {
    fn read(text: &str) -> Self {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let is_divided =
            lines.next().and_then(|line| line.split_whitespace().next()).is_some_and(|record| record.contains('/'));
        let mut names: Vec<String> = Vec::new();
        for name in lines.filter_map(|line| line.split_whitespace().next()) {
            // `~` stands for a gap, and several signals may share a file.
            if name != "~" && !names.iter().any(|one| one == name) {
                names.push(name.to_owned());
            }
        }
        if is_divided { Self { segments: names, ..Self::default() } } else { Self { files: names, ..Self::default() } }
    }
}

impl PhysionetProject {
    /// The files of the records that `RECORDS` names; `None` where there is none.
    pub(super) async fn records(&self, hosts: &Hosts) -> Result<Option<Vec<ListedFile>>, ProviderError> {
        let Some(first) = self.text(hosts, RECORDS).await? else { return Ok(None) };
        let annotators = self.text(hosts, ANNOTATORS).await?;
        let mut paths = BTreeSet::from([RECORDS.to_owned()]);
        paths.extend(annotators.as_ref().map(|_| ANNOTATORS.to_owned()));
        let suffixes: Vec<&str> =
            annotators.iter().flat_map(|text| text.lines()).filter_map(|line| line.split_whitespace().next()).collect();
        let mut waiting: VecDeque<String> = lines(&first).map(str::to_owned).collect();
        let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
        while let Some(record) = waiting.pop_front() {
            let folder = record.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
            let more: Vec<String> = if record.ends_with('/') {
                let path = format!("{folder}{RECORDS}");
                let text = self.text(hosts, &path).await?.ok_or_else(|| missing(&path))?;
                paths.insert(path);
                lines(&text).map(|line| format!("{folder}{line}")).collect()
            } else {
                let path = format!("{record}.hea");
                let header = Header::read(&self.text(hosts, &path).await?.ok_or_else(|| missing(&path))?);
                paths.insert(path);
                paths.extend(header.files.iter().map(|name| format!("{folder}{name}")));
                for suffix in &suffixes {
                    let path = format!("{record}.{suffix}");
                    if self.is_there(hosts, &path).await? {
                        paths.insert(path);
                    }
                }
                header.segments.iter().map(|name| format!("{folder}{name}")).collect()
            };
            if seen.len() + more.len() > MOST_RECORDS {
                let reason = format!("it has more than {MOST_RECORDS} records");
                return Err(ProviderError::Answer { host: HOST, reason });
            }
            waiting.extend(more.into_iter().filter(|one| seen.insert(one.clone())));
        }
        paths.iter().map(|path| named(path).map(ListedFile::named)).collect::<Result<_, _>>().map(Some)
    }

    /// Whether there is such a file, by its first byte.
    async fn is_there(&self, hosts: &Hosts, path: &str) -> Result<bool, ProviderError> {
        let request = self.ask(hosts, self.place(self.version(hosts).await?, path));
        let first = Want { from: 0, until: Some(1), same_as: None };
        match hosts.client.get(&request, Some(&first), Lane::Light).await {
            Ok(_) => Ok(true),
            Err(NetError::Gone { .. }) => Ok(false),
            Err(error) => Err(self.meant(hosts, error).await),
        }
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn missing(path: &str) -> ProviderError {
    ProviderError::Answer { host: HOST, reason: format!("`{}` is not there", crate::values::Printable::new(path)) }
}

const RECORDS: &str = "RECORDS";

const ANNOTATORS: &str = "ANNOTATORS";

/// Headers are read one by one.
const MOST_RECORDS: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(lines: &[&str]) -> Vec<String> {
        let mut list = RecordList::default();
        lines.iter().for_each(|line| list.take(line).unwrap());
        list.into_files().iter().map(|file| file.path.to_string()).collect()
    }

    #[test]
    fn lists_are_tables_or_plain() {
        // The head of cxr-record-list.csv.gz, with ids that nobody has.
        let table = ["subject_id,study_id,dicom_id,path", "1,2,ab,files/p1/p1/s2/ab.dcm", ""];
        assert_eq!(paths(&table), ["files/p1/p1/s2/ab.dcm"]);
        assert_eq!(paths(&["files/a.jpg", "files/b c.jpg"]), ["files/a.jpg", "files/b c.jpg"]);
        let mut list = RecordList::default();
        list.take("id,path").unwrap();
        assert!(list.take("1").is_err());
        assert!(list.take("1,../x").is_err());
    }

    #[test]
    fn headers_name_signals_or_segments() {
        let header = Header::read(
            "# made\n100 2 360 650000\n100.dat 212 200 11 1024 995 -22131 0 MLII\n100.dat 212 200 11 1024 1011 20052 0 V5\n# 69 M\n",
        );
        assert_eq!(header, Header { files: vec!["100.dat".into()], ..Header::default() });
        let header = Header::read("3000003/3 3 125 100\n3000003_layout 0\n3000003_0001 50\n~ 50\n");
        assert_eq!(header.segments, ["3000003_layout", "3000003_0001"]);
        // A record that only consists of annotations.
        assert_eq!(Header::read("cu01 0 250 127232\n"), Header::default());
    }
}
