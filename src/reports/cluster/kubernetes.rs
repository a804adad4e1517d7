//! A manifest for Kubernetes: an indexed Job for each dataset, and a suspended Job that finishes it.
//!
//! Kubernetes starts no Job after another, so the finish is made suspended, and the manifest's
//! comment says how it is let go when the shards are complete. By the reference of `batch/v1`
//! (Kubernetes 1.24 to 1.37, read 2026-11-28). Texts are double-quoted: what JSON escapes, YAML
//! reads the same.

use base64::Engine as _;

use crate::values::{ByteSize, Digest, Printable};

use super::{Fetch, Jobs, Unwritable, comment, word};

/// What the jobs ask of the cluster.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Image with medsets in it.
    pub image: String,
    /// Namespace; that of the `kubectl` context when absent.
    pub namespace: Option<String>,
    /// The claim of the volume for data and ledger.
    pub pvc: String,
    /// The Secret with credentials.
    pub secret: String,
    /// Processors of a pod.
    pub cpu: String,
    /// Memory of a pod.
    pub memory: String,
    /// Files that the pods find below [`FILES`]: overlays of the catalogue in `catalog/N`, the
    /// project in [`PROJECT`], and settings in [`SETTINGS`].
    pub files: Vec<Mounted>,
}

/// A file of the pods.
#[derive(Debug, Clone)]
pub struct Mounted {
    /// Its path below [`FILES`].
    pub path: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Where files are in a pod.
pub const FILES: &str = "/etc/medsets";
/// The folder of the project there.
pub const PROJECT: &str = "project";
/// The file of settings there.
pub const SETTINGS: &str = "config.toml";
/// The folder of the overlays of the catalogue there, each in a folder by its number.
pub const CATALOG: &str = "catalog";

/// Where the volume is in a pod, with `datasets` and `state` in it.
pub const MOUNT: &str = "/medsets";

/// The manifest.
///
/// # Errors
/// A value that no manifest can hold.
pub fn manifest(jobs: &Jobs, asked: &Asked) -> Result<String, Unwritable> {
    jobs.check()?;
    word("`--image`", &asked.image)?;
    name("`--pvc`", &asked.pvc, ".-")?;
    name("`--secret`", &asked.secret, ".-")?;
    quantity("`--cpu`", &asked.cpu)?;
    quantity("`--memory`", &asked.memory)?;
    if let Some(namespace) = &asked.namespace {
        name("`--namespace`", namespace, "-")?;
    }
    refuse_too_much(asked)?;
    let mut out = head(jobs, asked);
    if let Some(map) = config_map(jobs, asked) {
        out.push_str(&map);
    }
    for fetch in &jobs.datasets {
        out.push_str(&job(jobs, asked, fetch, Part::Shards));
        out.push_str(&job(jobs, asked, fetch, Part::Finish));
    }
    Ok(out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Shards,
    Finish,
}

fn head(jobs: &Jobs, asked: &Asked) -> String {
    let labels: Vec<&str> = jobs.datasets.iter().map(|one| one.label.as_str()).collect();
    let namespace = asked.namespace.as_ref().map_or(String::new(), |namespace| format!("-n {namespace} "));
    let mut out = format!(
        "# Fetches {} in {} pods each, by Kubernetes. Made by medsets {}.\n#\n# kubectl {namespace}apply -f THIS\n",
        comment(&labels.join(", ")),
        jobs.shards,
        jobs.version
    );
    for fetch in &jobs.datasets {
        let name = object(&fetch.label);
        out.push_str(&format!(
            "# kubectl {namespace}wait --for=condition=complete --timeout=-1s job/{name} &&\n\
             #     kubectl {namespace}patch job {name}-finish -p '{{\"spec\":{{\"suspend\":false}}}}'\n"
        ));
    }
    out.push_str(ABOUT);
    out.push_str(&format!("# Secret `{}`, each under the name of its variable:\n", asked.secret));
    for fetch in &jobs.datasets {
        let lines = jobs.about_credentials(fetch);
        let none = if lines.is_empty() { ": none" } else { ":" };
        out.push_str(&format!("#   {}{none}\n", comment(&fetch.label)));
        lines.iter().for_each(|line| out.push_str(&format!("#     {}\n", comment(line))));
        if let Some(reason) = &fetch.closed {
            out.push_str(&format!("# NOT READY: {}: {}\n", comment(&fetch.label), comment(reason)));
        }
    }
    out
}

const ABOUT: &str = "#
# Kubernetes starts no Job after another, so the finish is suspended until the second command
# lets it go. It takes what the pods have and fetches by itself what is missing; it may be let go
# when a pod has failed for good, too. While pods are at work it exits with 53 and is tried again.
#
# The volume must be one that all nodes write (ReadWriteMany). Datasets go to `datasets` in it;
# your ledger must lie in `state`, where a dataset asks for agreements: copy
# `ledger.jsonl` and `evidence` of your state folder there (`medsets config get state-dir`).
#
# Credentials: none is in here. Pods take those that are in the
";

/// A ConfigMap that is larger is refused by the cluster.
fn refuse_too_much(asked: &Asked) -> Result<(), Unwritable> {
    let encoded =
        |file: &Mounted| if text_of(file).is_some() { file.bytes.len() } else { file.bytes.len() * 4 / 3 + 4 };
    let bytes: usize = asked.files.iter().enumerate().map(|(at, file)| key(at, file).len() + encoded(file)).sum();
    match bytes > MOST {
        false => Ok(()),
        true => Err(Unwritable {
            what: "the overlays, project and settings of".to_owned(),
            shown: ByteSize(bytes as u64).to_string(),
            reason: "do not fit into a ConfigMap, which holds 1 MiB: put them into the image or the volume, and name \
                     them there by `MEDSETS_CATALOG` and `MEDSETS_CONFIG`",
        }),
    }
}

/// Bytes that a ConfigMap holds.
const MOST: usize = 1 << 20;

fn config_map(jobs: &Jobs, asked: &Asked) -> Option<String> {
    if asked.files.is_empty() {
        return None;
    }
    let mut out = format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n", files_name(jobs));
    out.push_str(&namespace(asked));
    let (mut texts, mut others) = (String::new(), String::new());
    for (at, file) in asked.files.iter().enumerate() {
        let key = string(&key(at, file));
        match text_of(file) {
            Some(text) => texts.push_str(&format!("  {key}: {}\n", string(text))),
            None => {
                let text = base64::engine::general_purpose::STANDARD.encode(&file.bytes);
                others.push_str(&format!("  {key}: {}\n", string(&text)));
            }
        }
    }
    for (field, entries) in [("data", texts), ("binaryData", others)] {
        if !entries.is_empty() {
            out.push_str(&format!("{field}:\n{entries}"));
        }
    }
    Some(out)
}

/// What a file holds, where a manifest can hold it as text.
fn text_of(file: &Mounted) -> Option<&str> {
    std::str::from_utf8(&file.bytes).ok()
}

/// The key of a file, which may have no `/`; the number keeps those apart that are written alike.
fn key(at: usize, file: &Mounted) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '_' };
    let name: String = file.path.chars().map(plain).collect();
    // A key has 253 characters at most; the end of a path tells most.
    let cut = name.len().saturating_sub(200);
    format!("{at}.{}", &name[cut..])
}

fn files_name(jobs: &Jobs) -> String {
    let labels: Vec<&str> = jobs.datasets.iter().map(|fetch| fetch.label.as_str()).collect();
    format!("{}-files", object(&labels.join("+")))
}

fn namespace(asked: &Asked) -> String {
    asked.namespace.as_ref().map_or(String::new(), |namespace| format!("  namespace: {}\n", string(namespace)))
}

fn job(jobs: &Jobs, asked: &Asked, fetch: &Fetch, part: Part) -> String {
    let name = match part {
        Part::Shards => object(&fetch.label),
        Part::Finish => format!("{}-finish", object(&fetch.label)),
    };
    let shards = jobs.shards;
    let split = match part {
        Part::Shards => format!(
            "  completionMode: Indexed\n  completions: {shards}\n  parallelism: {shards}\n  backoffLimit: {}\n",
            shards.saturating_mul(6)
        ),
        Part::Finish => "  suspend: true\n  backoffLimit: 20\n".to_owned(),
    };
    let mut out = format!(
        "---\n{}apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n{}  labels:\n    \
         app.kubernetes.io/name: medsets\nspec:\n{split}  template:\n    metadata:\n      labels:\n        \
         app.kubernetes.io/name: medsets\n    spec:\n      restartPolicy: OnFailure\n      \
         automountServiceAccountToken: false\n{POD_SECURITY}      containers:\n        - name: medsets\n          \
         image: {}\n",
        Jobs::about(fetch),
        namespace(asked),
        string(&asked.image)
    );
    out.push_str(&command(jobs, fetch, part));
    out.push_str(&environment(jobs, asked, fetch));
    let (cpu, memory) = (string(&asked.cpu), string(&asked.memory));
    out.push_str(&format!(
        "          resources:\n            requests:\n              cpu: {cpu}\n              memory: {memory}\n            \
         limits:\n              memory: {memory}\n{CONTAINER_SECURITY}"
    ));
    out.push_str(&volumes(jobs, asked));
    out
}

/// A pod's number counts from 0, a shard's from 1. `$$` is how a manifest writes `$`.
fn command(jobs: &Jobs, fetch: &Fetch, part: Part) -> String {
    let mut words = vec!["fetch", &fetch.name];
    words.extend(jobs.flags.iter().chain(&fetch.flags).map(String::as_str));
    let run = match part {
        Part::Shards => {
            let line = format!("exec medsets \"$@\" --shard \"$((JOB_COMPLETION_INDEX + 1))/{}\"", jobs.shards);
            let run = ["/bin/sh".to_owned(), "-c".to_owned(), escaped(&line), "medsets".to_owned()];
            run.map(|word| format!("            - {}\n", string(&word))).concat()
        }
        Part::Finish => {
            words.push("--finish");
            "            - \"medsets\"\n".to_owned()
        }
    };
    let words: String = words.into_iter().map(|word| format!("            - {}\n", string(&escaped(word)))).collect();
    format!("          command:\n{run}          args:\n{words}")
}

fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

fn environment(jobs: &Jobs, asked: &Asked, fetch: &Fetch) -> String {
    let mut out = String::new();
    if asked.has(PROJECT) {
        out.push_str(&format!("          workingDir: {}\n", string(&format!("{FILES}/{PROJECT}"))));
    }
    out.push_str("          env:\n");
    let overlay =
        |file: &Mounted| Some(file.path.strip_prefix(CATALOG)?.strip_prefix('/')?.split('/').next()?.to_owned());
    let mut overlays: Vec<String> = asked.files.iter().filter_map(overlay).collect();
    overlays.dedup();
    let overlays: Vec<String> = overlays.iter().map(|folder| format!("{FILES}/{CATALOG}/{folder}")).collect();
    let mut variables = vec![
        ("HOME".to_owned(), "/tmp".to_owned()),
        ("MEDSETS_DATA_DIR".to_owned(), format!("{MOUNT}/datasets")),
        ("MEDSETS_STATE_DIR".to_owned(), format!("{MOUNT}/state")),
    ];
    if !overlays.is_empty() {
        variables.push(("MEDSETS_CATALOG".to_owned(), overlays.join(":")));
    }
    if asked.has(SETTINGS) {
        variables.push(("MEDSETS_CONFIG".to_owned(), format!("{FILES}/{SETTINGS}")));
    }
    variables.extend(jobs.variables.iter().cloned());
    for (name, value) in variables {
        out.push_str(&format!("            - name: {name}\n              value: {}\n", string(&escaped(&value))));
    }
    let held = fetch.credentials.iter().flat_map(|one| one.variables.iter().flatten());
    let mut names: Vec<&String> = held.chain(&jobs.secret_variables).collect();
    names.sort();
    names.dedup();
    for name in names {
        out.push_str(&format!(
            "            - name: {name}\n              valueFrom:\n                secretKeyRef:\n                  \
             name: {}\n                  key: {name}\n                  optional: true\n",
            string(&asked.secret)
        ));
    }
    out
}

fn volumes(jobs: &Jobs, asked: &Asked) -> String {
    let mut out = format!(
        "          volumeMounts:\n            - name: data\n              mountPath: {MOUNT}\n            - name: tmp\n              \
         mountPath: /tmp\n"
    );
    if !asked.files.is_empty() {
        out.push_str(&format!(
            "            - name: files\n              mountPath: {FILES}\n              readOnly: true\n"
        ));
    }
    out.push_str(&format!(
        "      volumes:\n        - name: data\n          persistentVolumeClaim:\n            claimName: {}\n        - name: tmp\n          \
         emptyDir: {{}}\n",
        string(&asked.pvc)
    ));
    if !asked.files.is_empty() {
        out.push_str(&format!(
            "        - name: files\n          configMap:\n            name: {}\n            items:\n",
            files_name(jobs)
        ));
        for (at, file) in asked.files.iter().enumerate() {
            let (key, path) = (string(&key(at, file)), string(&file.path));
            out.push_str(&format!("              - key: {key}\n                path: {path}\n"));
        }
    }
    out
}

impl Asked {
    /// Whether there is a file of this path, or below it.
    fn has(&self, path: &str) -> bool {
        let is_in =
            |file: &Mounted| file.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.files.iter().any(is_in)
    }
}

const POD_SECURITY: &str = "      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        runAsGroup: 1000
        fsGroup: 1000
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile:
          type: RuntimeDefault
";

const CONTAINER_SECURITY: &str = "          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop:
                - ALL
";

/// A name of an object: small letters, digits and dashes, short enough for the pods made of it.
/// What is folded or cut would make two names one: the end is of the whole label's digest.
fn object(label: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let name: String = format!("medsets-{label}").chars().map(plain).take(41).collect();
    format!("{}-{}", name.trim_end_matches('-'), &Digest::sha256(label.as_bytes()).hex()[..8])
}

/// The name of an object as Kubernetes takes it, with these marks inside.
fn name(what: &str, text: &str, marks: &str) -> Result<(), Unwritable> {
    let is_end = |letter: Option<char>| letter.is_some_and(|one| one.is_ascii_lowercase() || one.is_ascii_digit());
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || marks.contains(letter);
    let most = if marks.contains('.') { 253 } else { 63 };
    let is_name = text.len() <= most && text.chars().all(is_plain);
    match is_name && is_end(text.chars().next()) && is_end(text.chars().last()) {
        true => Ok(()),
        false => Err(refused(what, text, "is no name in Kubernetes: small letters, digits and dashes")),
    }
}

/// An amount as Kubernetes takes it, such as `500m`, `2` or `1.5Gi`.
fn quantity(what: &str, text: &str) -> Result<(), Unwritable> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let is_number = number.starts_with(|letter: char| letter.is_ascii_digit()) && !number.ends_with('.');
    let is_positive = number.parse::<f64>().is_ok_and(|number| number > 0.0);
    match is_number && is_positive && UNITS.contains(&unit) {
        true => Ok(()),
        false => Err(refused(what, text, "is no amount in Kubernetes, such as `500m`, `2` or `1Gi`")),
    }
}

const UNITS: [&str; 14] = ["", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

fn refused(what: &str, text: &str, reason: &'static str) -> Unwritable {
    Unwritable { what: what.to_owned(), shown: Printable::new(text).to_string(), reason }
}

/// A text in double quotes, as JSON and YAML read it.
fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // YAML takes these for line breaks, or not at all.
            _ if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{85}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}
