//! The jobs, and how each program does them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Fallible;
use crate::data::{self, Amount, Data, Made, amount};
use crate::medsets::{self, Medsets};
use crate::server::Server;

/// One job for several programs.
pub struct Case {
    pub name: &'static str,
    pub title: String,
    pub programs: Vec<Program>,
}

/// One way to do the job.
pub struct Program {
    pub name: String,
    /// The command as a person would write it.
    pub shown: String,
    /// Programs that must be installed, with the flag that makes them tell their version.
    pub tools: Vec<(&'static str, &'static str)>,
    /// Done before the clock starts.
    pub before: Option<Step>,
    pub command: Step,
    pub output: Output,
    pub expected: Amount,
}

/// A command for a fresh folder.
pub type Step = Box<dyn Fn(&Path) -> Command>;

/// Where in its folder a program leaves what is counted afterwards.
pub enum Output {
    Below(&'static str),
    Dataset(&'static str),
}

impl Output {
    pub fn below(&self, folder: &Path) -> PathBuf {
        match self {
            Self::Below(name) => folder.join(name),
            Self::Dataset(id) => medsets::dataset_dir(folder, id).join("data"),
        }
    }
}

/// All jobs whose data are there.
pub fn all(data: &Data, server: &Server) -> Fallible<Vec<Case>> {
    let maker = Maker { medsets: Medsets::new(data, server)?, url: server.url(""), dir: data.dir().to_path_buf() };
    let mut cases = maker.cases(data)?;
    for program in cases.iter_mut().flat_map(|case| &mut case.programs) {
        program.shown = maker.readable(&program.shown);
    }
    Ok(cases)
}

struct Maker {
    medsets: Medsets,
    url: String,
    dir: PathBuf,
}

impl Maker {
    fn cases(&self, data: &Data) -> Fallible<Vec<Case>> {
        let mut cases = Vec::new();
        if let [big] = data.big.as_slice() {
            cases.push(self.big(big));
            cases.push(self.again(big));
        }
        if !data.small.is_empty() {
            cases.push(self.small(&data.small)?);
            cases.push(self.verify(&data.small)?);
        }
        if let [tar] = data.tar.as_slice() {
            cases.push(self.fetch_tar(tar, data.members));
            cases.push(self.unpack_tar(tar, data.members));
        }
        if let [zip] = data.zip.as_slice() {
            cases.push(self.fetch_zip(zip, data.members));
            cases.push(self.unpack_zip(zip, data.members));
        }
        Ok(cases)
    }

    /// A command without what differs from run to run.
    fn readable(&self, line: &str) -> String {
        let own = self.dir.parent().unwrap_or(&self.dir).display().to_string();
        let line = line.replace(&self.url, "http://HOST/").replace(&own, "DIR");
        let words = line.split_inclusive([' ', '\'', '=']).map(|word| {
            let hex = word.trim_end_matches([' ', '\'', '=']);
            let is_digest = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_digest { word.replace(hex, "SHA256") } else { word.to_owned() }
        });
        words.collect()
    }

    fn big(&self, file: &Made) -> Case {
        let (url, sum, expected) = (self.file_url(file), &file.sha256, amount(std::slice::from_ref(file)));
        let title = format!("One file of {}, verified", size(file.size));
        let programs = vec![
            self.fetch("bench-big", expected),
            shell(
                "curl + sha256sum",
                &format!("curl -sSf -o big.bin {url} && echo '{sum}  big.bin' | sha256sum -c"),
                &[CURL, SHA256SUM],
                expected,
            ),
            shell(
                "curl + sha256sum + sync",
                &format!("curl -sSf -o big.bin {url} && echo '{sum}  big.bin' | sha256sum -c && sync -f ."),
                &[CURL, SHA256SUM],
                expected,
            ),
            shell(
                "curl + openssl",
                &format!("curl -sSf -o big.bin {url} && openssl dgst -sha256 big.bin | grep -q {sum}"),
                &[CURL, OPENSSL],
                expected,
            ),
            shell(
                "aria2c",
                &format!("aria2c -q -x4 -s4 --checksum=sha-256={sum} -o big.bin {url}"),
                &[ARIA2C],
                expected,
            ),
            shell("curl, no hash", &format!("curl -sSf -o big.bin {url}"), &[CURL], expected),
        ];
        Case { name: data::BIG, title, programs }
    }

    /// The same again when all is here.
    fn again(&self, file: &Made) -> Case {
        let expected = amount(std::slice::from_ref(file));
        let url = self.file_url(file);
        let mut again = self.fetch("bench-big", expected);
        again.before = Some(self.step(&["fetch", "bench-big"]));
        let mut wget = shell("wget -N", &format!("wget -q -N {url}"), &[WGET], expected);
        wget.before = Some(in_shell(format!("curl -sSf -R -o big.bin {url}")));
        Case { name: data::AGAIN, title: "The same again: nothing to do".to_owned(), programs: vec![again, wget] }
    }

    fn small(&self, files: &[Made]) -> Fallible<Case> {
        let expected = amount(files);
        let (mut curl, mut aria2, mut wget) = (String::new(), String::new(), String::new());
        for file in files {
            let (url, Made { path, sha256, .. }) = (self.file_url(file), file);
            write!(curl, "url = \"{url}\"\noutput = \"{path}\"\n")?;
            write!(aria2, "{url}\n  out={path}\n  checksum=sha-256={sha256}\n")?;
            writeln!(wget, "{url}")?;
        }
        let [curl, aria2, wget] = [("curl.list", curl), ("aria2.list", aria2), ("wget.list", wget)]
            .map(|(name, text)| (self.dir.with_file_name(name), text));
        for (file, text) in [&curl, &aria2, &wget] {
            std::fs::write(file, text)?;
        }
        let sums = self.sums(files)?;
        let programs = vec![
            self.fetch("bench-small", expected),
            shell(
                "curl --parallel && sha256sum",
                &format!(
                    "curl -sSf --parallel --parallel-max 16 --create-dirs -K {} && sha256sum --quiet -c {sums}",
                    curl.0.display()
                ),
                &[CURL, SHA256SUM],
                expected,
            ),
            shell(
                "curl --parallel, no hash",
                &format!("curl -sSf --parallel --parallel-max 16 --create-dirs -K {}", curl.0.display()),
                &[CURL],
                expected,
            ),
            shell(
                "curl --parallel + sync, no hash",
                &format!("curl -sSf --parallel --parallel-max 16 --create-dirs -K {} && sync -f .", curl.0.display()),
                &[CURL],
                expected,
            ),
            shell("aria2c -i", &format!("aria2c -q -j16 -i {}", aria2.0.display()), &[ARIA2C], expected),
            shell("wget -i, no hash", &format!("wget -q -x -nH -i {}", wget.0.display()), &[WGET], expected),
            shell("wget2 -i, no hash", &format!("wget2 -q -x -nH -i {}", wget.0.display()), &[WGET2], expected),
        ];
        let title = format!("{} files of 4 to 100 KB ({}), verified", files.len(), size(expected.bytes));
        Ok(Case { name: data::SMALL, title, programs })
    }

    /// Writes the list that `sha256sum -c` reads, and gives its path.
    fn sums(&self, files: &[Made]) -> Fallible<String> {
        let sums = self.dir.with_file_name("sums");
        let lines: Vec<String> = files.iter().map(|file| format!("{}  {}\n", file.sha256, file.path)).collect();
        std::fs::write(&sums, lines.concat())?;
        Ok(sums.display().to_string())
    }

    fn verify(&self, files: &[Made]) -> Fallible<Case> {
        let (expected, sums, dir) = (amount(files), self.sums(files)?, self.dir.display().to_string());
        let mut own = self.fetch("bench-small", expected);
        own.shown = "medsets verify bench-small".to_owned();
        own.before = Some(self.step(&["fetch", "bench-small"]));
        own.command = self.step(&["verify", "bench-small"]);
        let peers = [
            ("sha256sum -c", format!("sha256sum --quiet -c {sums}"), SHA256SUM),
            (
                "sha256sum, two at once",
                format!("split -n l/2 {sums} part. && ls part.* | xargs -P2 -n1 sha256sum --quiet -c && rm part.*"),
                SHA256SUM,
            ),
            ("rhash -c", format!("rhash --sha256 --skip-ok -c {sums}"), RHASH),
        ];
        let mut programs = vec![own];
        for (name, line, tool) in peers {
            let mut peer = shell(name, &line, &[tool], expected);
            peer.before = Some(in_shell(format!("cp -r {dir}/small .")));
            programs.push(peer);
        }
        let title = format!("Full check of {} files ({}), cached", files.len(), size(expected.bytes));
        Ok(Case { name: data::VERIFY, title, programs })
    }

    fn fetch_tar(&self, file: &Made, members: Amount) -> Case {
        let title = format!("Fetch, verify and unpack: {}", archive("tar.gz", file, members));
        let programs = vec![
            self.fetch("bench-tar", members),
            self.pipeline("tar", file, "tar xzf set.tar.gz", TAR, members),
            self.pipeline("tar -I pigz", file, "tar -I pigz -xf set.tar.gz", PIGZ, members),
            self.pipeline("bsdtar", file, "bsdtar -xf set.tar.gz", BSDTAR, members),
        ];
        Case { name: data::FETCH_TAR, title, programs }
    }

    fn fetch_zip(&self, file: &Made, members: Amount) -> Case {
        let title = format!("Fetch, verify and unpack: {}", archive("zip", file, members));
        let programs = vec![
            self.fetch("bench-zip", members),
            self.pipeline("unzip", file, "unzip -q set.zip", UNZIP, members),
            self.pipeline("bsdtar", file, "bsdtar -xf set.zip", BSDTAR, members),
        ];
        Case { name: data::FETCH_ZIP, title, programs }
    }

    /// Only unpacking, from a file that is here. medsets hashes the archive and every member.
    fn unpack_tar(&self, file: &Made, members: Amount) -> Case {
        let from = self.dir.join(&file.path).display().to_string();
        let programs = vec![
            self.import("bench-tar", file, members),
            shell("tar xzf, no hash", &format!("tar xzf {from}"), &[TAR], members),
            shell("tar -I pigz, no hash", &format!("tar -I pigz -xf {from}"), &[PIGZ], members),
            shell("bsdtar, no hash", &format!("bsdtar -xf {from}"), &[BSDTAR], members),
        ];
        Case { name: data::TAR, title: format!("Unpack: {}", archive("tar.gz", file, members)), programs }
    }

    fn unpack_zip(&self, file: &Made, members: Amount) -> Case {
        let from = self.dir.join(&file.path).display().to_string();
        let programs = vec![
            self.import("bench-zip", file, members),
            shell("unzip, no hash", &format!("unzip -q {from}"), &[UNZIP], members),
            shell("bsdtar, no hash", &format!("bsdtar -xf {from}"), &[BSDTAR], members),
            shell("7z, no hash", &format!("7z x -bd {from}"), &[SEVENZ], members),
        ];
        Case { name: data::ZIP, title: format!("Unpack: {}", archive("zip", file, members)), programs }
    }

    fn fetch(&self, id: &'static str, expected: Amount) -> Program {
        Program {
            name: medsets::NAME.to_owned(),
            shown: format!("medsets fetch {id}"),
            tools: Vec::new(),
            before: None,
            command: self.step(&["fetch", id]),
            output: Output::Dataset(id),
            expected,
        }
    }

    fn import(&self, id: &'static str, file: &Made, expected: Amount) -> Program {
        let from = self.dir.join(&file.path).display().to_string();
        let mut program = self.fetch(id, expected);
        program.shown = format!("medsets import {id} {} --link", file.path);
        program.command = self.step(&["import", id, &from, "--link"]);
        program
    }

    fn step(&self, arguments: &[&str]) -> Step {
        let (medsets, arguments) =
            (self.medsets.clone(), arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>());
        Box::new(move |folder| medsets.command(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    /// What people write: download, check, unpack, throw the archive away.
    fn pipeline(&self, name: &str, file: &Made, unpack: &str, tool: Tool, expected: Amount) -> Program {
        let (url, Made { path, sha256, .. }) = (self.file_url(file), file);
        let line =
            format!("curl -sSf -o {path} {url} && echo '{sha256}  {path}' | sha256sum -c && {unpack} && rm {path}");
        shell(&format!("curl && sha256sum && {name}"), &line, &[CURL, SHA256SUM, tool], expected)
    }

    fn file_url(&self, file: &Made) -> String {
        format!("{}{}", self.url, file.path)
    }
}

fn shell(name: &str, line: &str, tools: &[Tool], expected: Amount) -> Program {
    Program {
        name: name.to_owned(),
        shown: line.to_owned(),
        tools: tools.to_vec(),
        before: None,
        command: in_shell(line.to_owned()),
        output: Output::Below("work"),
        expected,
    }
}

/// Runs a line in the folder `work` of the fresh folder.
fn in_shell(line: String) -> Step {
    Box::new(move |folder| {
        let work = folder.join("work");
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("mkdir -p {0} && cd {0} && {line}", work.display()));
        command
    })
}

fn archive(kind: &str, file: &Made, members: Amount) -> String {
    format!("{kind} of {} with {} text files ({})", size(file.size), members.files, size(members.bytes))
}

fn size(bytes: u64) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    if mebibytes < 1024.0 { format!("{mebibytes:.0} MiB") } else { format!("{:.1} GiB", mebibytes / 1024.0) }
}

type Tool = (&'static str, &'static str);

const CURL: Tool = ("curl", "--version");
const SHA256SUM: Tool = ("sha256sum", "--version");
const OPENSSL: Tool = ("openssl", "version");
const ARIA2C: Tool = ("aria2c", "--version");
const WGET: Tool = ("wget", "--version");
const WGET2: Tool = ("wget2", "--version");
const RHASH: Tool = ("rhash", "--version");
const TAR: Tool = ("tar", "--version");
const PIGZ: Tool = ("pigz", "--version");
const BSDTAR: Tool = ("bsdtar", "--version");
const UNZIP: Tool = ("unzip", "-v");
const SEVENZ: Tool = ("7z", "--help");
