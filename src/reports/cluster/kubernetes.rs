//! A manifest for Kubernetes: an indexed Job for each dataset, and a suspended Job that finishes it.
//!
//! Kubernetes starts no Job after another, so the finish is made suspended, and the manifest's
//! comment says how it is let go when the shards are complete. By the reference of `batch/v1`
//! (Kubernetes 1.24 to 1.37, read 2026-11-28). Texts are double-quoted: what JSON escapes, YAML
//! reads the same.

use super::{Fetch, Jobs, Unwritable, comment, one_line, word};

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
    /// Overlay files of the catalogue by their folder, each by its name in it and its text.
    pub catalog: Vec<Vec<(String, String)>>,
}

/// Where the volume is in a pod, with `datasets` and `state` in it.
pub const MOUNT: &str = "/medsets";

/// The manifest.
///
/// # Errors
/// A value that no manifest can hold.
pub fn manifest(jobs: &Jobs, asked: &Asked) -> Result<String, Unwritable> {
    jobs.check()?;
    for (what, value) in
        [("`--pvc`", &asked.pvc), ("`--secret`", &asked.secret), ("`--cpu`", &asked.cpu), ("`--memory`", &asked.memory)]
    {
        word(what, value)?;
    }
    one_line("`--image`", &asked.image)?;
    if let Some(namespace) = &asked.namespace {
        word("`--namespace`", namespace)?;
    }
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

fn config_map(jobs: &Jobs, asked: &Asked) -> Option<String> {
    if asked.catalog.iter().all(Vec::is_empty) {
        return None;
    }
    let mut out = format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n", catalog_name(jobs));
    out.push_str(&namespace(asked));
    out.push_str("data:\n");
    for (folder, files) in asked.catalog.iter().enumerate() {
        for (name, text) in files {
            out.push_str(&format!("  {}: {}\n", string(&key(folder, name)), string(text)));
        }
    }
    Some(out)
}

/// The key of an overlay file, which may have no `/`.
fn key(folder: usize, name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '_' };
    format!("{folder}.{}", name.chars().map(plain).collect::<String>())
}

fn catalog_name(jobs: &Jobs) -> String {
    let first = jobs.datasets.first().map_or("none", |fetch| fetch.label.as_str());
    format!("{}-catalog", object(first))
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
        "---\n# {}: {}\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n{}  labels:\n    \
         app.kubernetes.io/name: medsets\nspec:\n{split}  template:\n    metadata:\n      labels:\n        \
         app.kubernetes.io/name: medsets\n    spec:\n      restartPolicy: OnFailure\n      \
         automountServiceAccountToken: false\n{POD_SECURITY}      containers:\n        - name: medsets\n          \
         image: {}\n",
        comment(&fetch.label),
        comment(&fetch.title),
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
    words.extend(jobs.flags.iter().map(String::as_str));
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
    let mut out = "          env:\n".to_owned();
    let overlays: Vec<String> = (0..asked.catalog.len())
        .filter(|folder| !asked.catalog[*folder].is_empty())
        .map(|folder| format!("/etc/medsets/catalog/{folder}"))
        .collect();
    let mut variables = vec![
        ("HOME".to_owned(), "/tmp".to_owned()),
        ("MEDSETS_DATA_DIR".to_owned(), format!("{MOUNT}/datasets")),
        ("MEDSETS_STATE_DIR".to_owned(), format!("{MOUNT}/state")),
    ];
    if !overlays.is_empty() {
        variables.push(("MEDSETS_CATALOG".to_owned(), overlays.join(":")));
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
    let has_catalog = asked.catalog.iter().any(|files| !files.is_empty());
    let mut out = format!(
        "          volumeMounts:\n            - name: data\n              mountPath: {MOUNT}\n            - name: tmp\n              \
         mountPath: /tmp\n"
    );
    if has_catalog {
        out.push_str("            - name: catalog\n              mountPath: /etc/medsets/catalog\n              readOnly: true\n");
    }
    out.push_str(&format!(
        "      volumes:\n        - name: data\n          persistentVolumeClaim:\n            claimName: {}\n        - name: tmp\n          \
         emptyDir: {{}}\n",
        string(&asked.pvc)
    ));
    if has_catalog {
        out.push_str(&format!(
            "        - name: catalog\n          configMap:\n            name: {}\n            items:\n",
            catalog_name(jobs)
        ));
        for (folder, files) in asked.catalog.iter().enumerate() {
            for (name, _) in files {
                out.push_str(&format!(
                    "              - key: {}\n                path: {}\n",
                    string(&key(folder, name)),
                    string(&format!("{folder}/{name}"))
                ));
            }
        }
    }
    out
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
fn object(label: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let name: String = format!("medsets-{label}").chars().map(plain).take(50).collect();
    name.trim_end_matches('-').to_owned()
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
