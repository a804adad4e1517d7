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
        catalog: vec![vec![
            ("own.toml".into(), "id = \"own\"\n".into()),
            ("licenses/L.toml".into(), "id = \"L\"\n".into()),
        ]],
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
