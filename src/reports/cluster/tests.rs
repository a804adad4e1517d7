//! Both forms, compared byte for byte with the files in `tests/golden/cluster/`.
//!
//! `MEDSETS_WRITE_GOLDEN=1 cargo test --lib cluster` writes them anew; read the difference before
//! you commit it.

use std::path::PathBuf;

use super::*;

fn jobs() -> Jobs {
    let physionet = Credential {
        of: "physionet".into(),
        is_needed: true,
        variables: vec![vec!["MEDSETS_USER_PHYSIONET".into(), "MEDSETS_PASSWORD_PHYSIONET".into()]],
    };
    let fetch = |name: &str, label: &str, title: &str| Fetch {
        name: name.into(),
        label: label.into(),
        title: title.into(),
        flags: Vec::new(),
        origin: None,
        credentials: Vec::new(),
        closed: None,
    };
    Jobs {
        datasets: vec![
            Fetch {
                credentials: vec![physionet],
                closed: Some("credentialed status is missing".into()),
                ..fetch("mimic-cxr@2.1.0", "mimic-cxr-2.1.0", "MIMIC-CXR")
            },
            fetch("hf:org/it's $(here)", "hf-org-1a2b", "A title\nof two lines"),
        ],
        shards: 8,
        flags: vec!["--include".into(), "labels/it's *$HOME*".into()],
        variables: vec![("MEDSETS_NO_INPUT".into(), "1".into())],
        secret_variables: vec!["MEDSETS_PROXY".into()],
        version: "0.1.0".into(),
    }
}

fn slurm() -> slurm::Asked {
    slurm::Asked {
        time: Some("1-00:00:00".into()),
        partition: Some("long".into()),
        account: Some("lab".into()),
        cpus: 2,
        mem: Some("2G".into()),
        output: Some("/scratch/my logs/100%".into()),
        at_once: Some(4),
        project: Some("/home/a/it's a project".into()),
    }
}

fn kubernetes() -> kubernetes::Asked {
    kubernetes::Asked {
        image: "registry.example.org/medsets:0.1.0".into(),
        namespace: Some("research".into()),
        pvc: "datasets".into(),
        secret: "medsets-credentials".into(),
        cpu: "1".into(),
        memory: "1Gi".into(),
        files: [
            ("catalog/0/own.toml", &b"id = \"own\"\n"[..]),
            ("catalog/0/licenses/L.toml", b"id = \"L\"\n"),
            ("catalog/0/licenses_L.toml", b"id = \"another\"\n"),
            ("project/medsets.toml", b"[project]\nname = \"p\"\n"),
            ("project/medsets.lock.d/1a2b.zst", b"\x28\xb5\x2f\xfd"),
            ("config.toml", b"access = \"group\"\n"),
        ]
        .map(|(path, bytes)| kubernetes::Mounted { path: path.into(), bytes: bytes.to_vec() })
        .to_vec(),
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "tests look at the disk and the environment themselves")]
fn both_forms_are_as_their_golden_files() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cluster");
    let mut on_this_disk = jobs();
    on_this_disk.variables.insert(0, ("MEDSETS_DATA_DIR".into(), "/scratch/my data".into()));
    let script = slurm::script(&on_this_disk, &slurm()).unwrap();
    let manifest = kubernetes::manifest(&jobs(), &kubernetes()).unwrap();
    for (name, text) in [("slurm.sh", script), ("kubernetes.yaml", manifest)] {
        let path = folder.join(name);
        if std::env::var_os("MEDSETS_WRITE_GOLDEN").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
            continue;
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (at, (line, expected)) in text.lines().zip(golden.lines()).enumerate() {
            assert_eq!(line, expected, "{name}: line {} (MEDSETS_WRITE_GOLDEN=1 writes it anew)", at + 1);
        }
        assert_eq!(text.len(), golden.len(), "{name}");
    }
}

#[test]
fn what_no_line_holds_is_refused() {
    #[track_caller]
    fn check(change: impl Fn(&mut Jobs, &mut slurm::Asked, &mut kubernetes::Asked), slurm_too: bool) {
        let (mut jobs, mut of_slurm, mut of_kubernetes) = (jobs(), slurm(), kubernetes());
        change(&mut jobs, &mut of_slurm, &mut of_kubernetes);
        assert_eq!(slurm::script(&jobs, &of_slurm).is_err(), slurm_too);
        assert_eq!(kubernetes::manifest(&jobs, &of_kubernetes).is_err(), !slurm_too || jobs.flags[0].contains('\n'));
    }
    check(|jobs, _, _| jobs.flags[0] = "--include\nMEDSETS_JOB\nrm".into(), true);
    for bad in ["", "--wrap=x", "a b", "a\nb", "a;b", "$(x)", "\"", "#"] {
        check(|_, slurm, _| slurm.partition = Some(bad.into()), true);
        check(|_, slurm, _| slurm.time = Some(bad.into()), true);
        check(|_, _, kubernetes| kubernetes.pvc = bad.into(), false);
        check(|_, _, kubernetes| kubernetes.namespace = Some(bad.into()), false);
    }
    check(|_, slurm, _| slurm.output = Some("/logs\n#SBATCH --wrap=x".into()), true);
    check(|_, slurm, _| slurm.project = Some("/p\nMEDSETS_JOB".into()), true);
}

#[test]
fn names_and_amounts_are_those_of_kubernetes() {
    #[track_caller]
    fn check(change: impl Fn(&mut kubernetes::Asked), is_good: bool) {
        let mut asked = kubernetes();
        change(&mut asked);
        assert_eq!(kubernetes::manifest(&jobs(), &asked).is_ok(), is_good);
    }
    for (text, is_good) in [("a-b", true), ("", false), ("A", false), ("a_b", false), ("-a", false), ("a.b", false)] {
        check(|asked| asked.namespace = Some(text.into()), is_good);
    }
    for (text, is_good) in [
        ("1", true),
        ("500m", true),
        ("1.5Gi", true),
        ("0", false),
        ("x", false),
        ("", false),
        ("1GB", false),
        ("1.", false),
    ] {
        check(|asked| asked.cpu = text.into(), is_good);
        check(|asked| asked.memory = text.into(), is_good);
    }
    check(|asked| asked.image = String::new(), false);
    check(|asked| asked.files[0].bytes = vec![b'x'; 1 << 20], false);
    check(|asked| asked.files[0].bytes = vec![b'x'; 1000 << 10], true);
    check(|asked| asked.files[0].bytes = vec![0xff; 900 << 10], false);
}

#[test]
fn no_two_datasets_have_one_name() {
    let long = "a".repeat(60);
    let labels = [format!("{long}-x"), format!("{long}-y"), "ver-1.0".to_owned(), "ver-1-0".to_owned()];
    let fetch = |label: &String| Fetch {
        name: label.clone(),
        label: label.clone(),
        title: String::new(),
        flags: Vec::new(),
        origin: None,
        credentials: Vec::new(),
        closed: None,
    };
    let jobs = Jobs { datasets: labels.iter().map(fetch).collect(), ..jobs() };
    let text = kubernetes::manifest(&jobs, &kubernetes()).unwrap();
    let mut names: Vec<&str> = text.lines().filter(|line| line.starts_with("  name: ")).collect();
    assert_eq!(names.len(), 9);
    assert!(names.iter().all(|name| name.len() - "  name: ".len() <= 63), "{names:?}");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 9);
}
