//! A project: its datasets and what is made of them.

use std::collections::BTreeMap;

use serde_json::json;

use crate::document::{At, BrokenFile, Document, Inspection};
use crate::values::{Choice, DatasetName, Digest, Printable, RelPath};

use super::format::{DatasetTable, MirrorTable, OutputKind, OutputTable, ProjectFile};

/// What a project file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The project's name.
    pub name: String,
    /// Where its datasets lie, from the folder of the file.
    pub data_dir: RelPath,
    /// Datasets that it uses.
    pub datasets: Vec<Used>,
    /// What is made of them.
    pub outputs: Vec<Output>,
    /// The file, as it was named.
    pub file: String,
    /// SHA-256 of its text.
    pub digest: Digest,
}

/// A dataset that a project uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Its name as a person writes it: `ID[@VERSION][:VARIANT]` or a reference.
    pub name: String,
    /// By which channel it comes; the entry's first when absent.
    pub channel: Option<String>,
    /// Which of its files are wanted.
    pub choice: Choice,
    /// Line of the file, from 1.
    pub line: usize,
}

/// A mirror of the team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorRule {
    /// Its address, as it is written.
    pub url: String,
    /// Ids of the datasets that it is for; all when absent.
    pub datasets: Option<Vec<String>>,
    /// On which ground data lie in it.
    pub ground: Option<String>,
    /// Line of the file, from 1.
    pub line: usize,
}

/// Something that is made of datasets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: OutputKind,
    /// Ids of datasets, or names of outputs that stand before it.
    pub from: Vec<String>,
    /// Line of the file, from 1.
    pub line: usize,
}

impl Manifest {
    /// The mirrors that a project file names. Fails with the place of what breaks the form.
    pub fn mirrors_of(name: &str, text: &str) -> Result<Vec<MirrorRule>, BrokenFile> {
        let broken = |finding| BrokenFile::unopened(name, text, finding);
        let document = Document::open(name, text).map_err(broken)?;
        let file: ProjectFile = document.read().map_err(broken)?;
        let root = At::root();
        let list = root.key("mirror");
        let rule = |(index, table): (usize, MirrorTable)| MirrorRule {
            url: table.url,
            datasets: table.datasets,
            ground: table.ground,
            line: document.line(&list.index(index)),
        };
        Ok(file.mirror.into_iter().enumerate().map(rule).collect())
    }

    /// Reads a project file. Fails with the place of whatever breaks the form: an unknown key, a
    /// dataset named twice, an output made of something that the file does not name.
    pub fn read(name: &str, text: &str) -> Result<Self, BrokenFile> {
        let broken = |finding| BrokenFile::unopened(name, text, finding);
        let document = Document::open(name, text).map_err(broken)?;
        let file: ProjectFile = document.read().map_err(broken)?;
        let mut inspection = Inspection::new(&document);
        let root = At::root();
        let Some(project) = file.project else {
            return Err(broken(document.finding("schema", "there is no table `[project]` with a `name`", 0..0)));
        };
        let place = root.key("project");
        let data_dir = project.data_dir.as_deref().unwrap_or("data");
        let data_dir = inspection.accept(&place.key("data-dir"), "data-dir", RelPath::parse(data_dir));
        let datasets = read_datasets(file.dataset, &mut inspection, &root);
        let outputs = read_outputs(file.output, &datasets, &mut inspection, &root);
        if let Some(error) = BrokenFile::new(&document, inspection.finish()) {
            return Err(error);
        }
        let data_dir = data_dir.expect("a path that is none was found above");
        let digest = Digest::sha256(text.as_bytes());
        Ok(Self { name: project.name, data_dir, datasets, outputs, file: name.to_owned(), digest })
    }
}

impl Manifest {
    /// What is wrong with one value of a list in the table of a dataset, shown with its line.
    /// `text` is what this was read from, `dataset` the place among the datasets, from 0.
    pub fn shown(&self, text: &str, dataset: usize, (key, value): (&str, usize), message: &str) -> Option<String> {
        let document = Document::open(&self.file, text).ok()?;
        let (root, mut inspection) = (At::root(), Inspection::new(&document));
        let datasets = root.key("dataset");
        let list = datasets.index(dataset);
        inspection.error(&list.key(key).index(value), "choice", message);
        BrokenFile::new(&document, inspection.finish()).map(|broken| broken.excerpt().to_owned())
    }

    /// Digest of all that its tables of datasets ask for, in whatever order they stand.
    pub fn input(&self) -> Digest {
        super::lock::input(self.datasets.iter().map(Used::input))
    }
}

impl MirrorRule {
    /// Whether it is for a dataset.
    pub fn is_for(&self, id: &str) -> bool {
        self.datasets.as_ref().is_none_or(|datasets| datasets.iter().any(|one| one == id))
    }
}

impl Used {
    /// Digest of what this table asks for; the order in which a list is written makes no
    /// difference. What it does not ask for is not in it, so that tables from before a key was
    /// there keep theirs.
    pub fn input(&self) -> Digest {
        let choice = self.choice.in_order().written();
        let mut asked = vec![json!(self.name), json!(self.channel), json!(choice.include), json!(choice.exclude)];
        let later = [("subset", choice.subset), ("members", choice.members), ("license", choice.license)];
        let later: BTreeMap<_, _> = later.into_iter().filter(|(_, list)| !list.is_empty()).collect();
        if !later.is_empty() {
            asked.push(json!(later));
        }
        Digest::sha256(json!(asked).to_string().as_bytes())
    }

    /// The id in its name.
    pub fn id(&self) -> &str {
        self.name.split(['@', ':']).next().unwrap_or(&self.name)
    }
}

fn read_datasets(tables: Vec<DatasetTable>, inspection: &mut Inspection<'_>, root: &At<'_>) -> Vec<Used> {
    let list = root.key("dataset");
    let mut datasets: Vec<Used> = Vec::with_capacity(tables.len());
    for (index, table) in tables.into_iter().enumerate() {
        let at = list.index(index);
        let name = name_of(&table);
        let line = inspection.document().line(&at);
        if let Some(first) = datasets.iter().find(|one| one.name == name) {
            let message = format!("`{}` is named twice, first in line {}", Printable::new(&name), first.line);
            inspection.error(&at.key("id"), "duplicate", message).help("put both selections into one table");
            continue;
        }
        let choice = table.choice();
        if let Some((key, place)) = choice.blank() {
            let message = format!("a value of `{key}` is empty");
            inspection.error(&at.key(key).index(place), "empty-value", message).help("leave it out");
        }
        datasets.push(Used { name, channel: table.source, choice: choice.into(), line });
    }
    datasets
}

/// `ID[@VERSION][:VARIANT]`; a reference stays as it is.
fn name_of(table: &DatasetTable) -> String {
    match table.id.parse() {
        Ok(id) => {
            let version = table.version.as_deref();
            let variant = table.variant.as_deref();
            match version {
                Some(version) => DatasetName::of(&id, version, variant).to_string(),
                None => variant.map_or(table.id.clone(), |variant| format!("{id}:{variant}")),
            }
        }
        Err(_) => table.id.clone(),
    }
}

fn read_outputs(
    tables: Vec<OutputTable>,
    datasets: &[Used],
    inspection: &mut Inspection<'_>,
    root: &At<'_>,
) -> Vec<Output> {
    let list = root.key("output");
    let mut outputs: Vec<Output> = Vec::with_capacity(tables.len());
    for (index, table) in tables.into_iter().enumerate() {
        let at = list.index(index);
        let from = at.key("from");
        if table.from.is_empty() {
            inspection.error(&from, "output-from", "an output is made of at least one dataset");
        }
        for (number, source) in table.from.iter().enumerate() {
            let is_dataset = datasets.iter().any(|one| one.name == *source || one.id() == source);
            if !is_dataset && !outputs.iter().any(|one| one.name == *source) {
                let message =
                    format!("`{}` is neither a dataset of this file nor an output above", Printable::new(source));
                inspection.error(&from.index(number), "output-from", message);
            }
        }
        let line = inspection.document().line(&at);
        if outputs.iter().any(|one| one.name == table.name) {
            let message = format!("the output `{}` is named twice", Printable::new(&table.name));
            inspection.error(&at.key("name"), "duplicate", message);
            continue;
        }
        outputs.push(Output { name: table.name, kind: table.kind, from: table.from, line });
    }
    outputs
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[project]\nname = \"lung\"\n\n[[dataset]]\nid = \"chexpert\"\nversion = \"1.0\"\n\n\
        [[output]]\nname = \"weights\"\nkind = \"weights\"\nfrom = [\"chexpert\"]\n\n\
        [[output]]\nname = \"paper\"\nkind = \"publication\"\nfrom = [\"weights\"]\n";

    #[test]
    fn datasets_and_outputs_are_read_with_their_lines() {
        let manifest = Manifest::read("medsets.toml", GOOD).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.data_dir.as_str()), ("lung", "data"));
        let used = &manifest.datasets[0];
        assert_eq!((used.name.as_str(), used.id(), used.line), ("chexpert@1.0", "chexpert", 4));
        assert_eq!(manifest.outputs[1].from, ["weights"]);
    }

    #[test]
    fn what_a_table_does_not_ask_for_is_not_in_its_digest() {
        let input = |keys: &str| {
            let text = format!("[project]\nname = \"x\"\n\n[[dataset]]\nid = \"a\"\nsource = \"web\"\n{keys}\n");
            Manifest::read("medsets.toml", &text).unwrap().datasets[0].input()
        };
        let globs = "include = [\"y\", \"x\", \"y\"]\nexclude = [\"z\"]";
        assert_eq!(input(globs), Digest::sha256(br#"["a","web",["x","y"],["z"]]"#));
        let more = input(&format!("{globs}\nlicense = [\"MIT\"]\nsubset = [\"s\"]"));
        assert_eq!(more, Digest::sha256(br#"["a","web",["x","y"],["z"],{"license":["mit"],"subset":["s"]}]"#));
        let members = input(&format!("{globs}\nmembers = [\"m\"]"));
        assert_eq!(members, Digest::sha256(br#"["a","web",["x","y"],["z"],{"members":["m"]}]"#));
    }

    #[test]
    fn what_breaks_the_form_is_shown_with_its_line() {
        #[track_caller]
        fn check(text: &str, line: usize, message: &str) {
            let broken = Manifest::read("medsets.toml", text).unwrap_err();
            assert!(broken.to_string().contains(message), "{broken}");
            assert_eq!(broken.first.line, line, "{}", broken.shown);
        }
        check("[[dataset]]\nid = \"chexpert\"\n", 1, "no table `[project]`");
        check("[project]\nname = \"a\"\ncolour = \"red\"\n", 3, "unknown field `colour`");
        check("[project]\nname = \"a\"\ndata-dir = \"../x\"\n", 3, "..");
        check(
            &format!("{GOOD}[[dataset]]\nid = \"chexpert\"\nversion = \"1.0\"\n"),
            18,
            "named twice, first in line 4",
        );
        check(&GOOD.replace("from = [\"chexpert\"]", "from = [\"mura\"]"), 11, "`mura` is neither");
    }
}
