//! `access probe`: one byte, and what the checklist makes of it.

use serde_json::{Value, json};

use crate::stand_ins::{Toy, huggingface, zenodo};
use crate::support::home::Home;

use super::scene::{Case, Scene};

const TOKEN: &str = "hf_Qm5xVb8KpTz3";

fn case() -> Case {
    Case {
        provider: "huggingface",
        keys: "repo = \"org/toy\"",
        addresses: &[("https://huggingface.co/", "")],
        answer: huggingface::answer,
        toy: Toy::new(),
        listing: "/tree/",
        token: Some(TOKEN),
    }
}

/// A dataset that asks for a training and an approval.
fn gated() -> Scene {
    asking(&case())
}

fn asking(case: &Case) -> Scene {
    let scene = case.start();
    let path = scene.home.path().join("overlay/toy.toml");
    let entry = std::fs::read_to_string(&path).unwrap();
    let steps = "[[requires]]\nkind = \"training\"\nid = \"course\"\n\n[[requires]]\nkind = \"application\"\nid = \"letter\"\n\n";
    std::fs::write(&path, entry.replacen("[[release]]", &format!("{steps}[[release]]"), 1)).unwrap();
    scene
}

fn checklist(scene: &Scene) -> Value {
    let ran = scene.run(&["access", "toy", "--json"]).expect(0);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    answer["data"]["datasets"][0].clone()
}

#[test]
fn whoever_is_served_has_been_granted_what_the_host_decides() {
    let scene = gated().with("MEDSETS_TOKEN_HUGGINGFACE", TOKEN);
    scene.run(&["fetch", "toy"]).expect(22);
    let ran = scene.run(&["access", "probe", "toy"]).expect(0);
    assert!(ran.stdout.contains("serves it to your account"), "{}", ran.stdout);
    assert!(!scene.home.data().exists(), "nothing was downloaded");
    let files: Vec<_> = scene.host.log().into_iter().filter(|asked| asked.path.contains("/resolve/")).collect();
    let asked: Vec<_> = files.iter().map(|asked| asked.header("authorization").is_some()).collect();
    assert_eq!(asked, [true, false], "the same file with the token and without it");
    assert!(files.iter().all(|asked| asked.path == files[0].path && asked.header("range") == Some("bytes=0-0")));
    let list = checklist(&scene);
    assert_eq!(list["host_answer"]["answer"], "granted");
    for step in list["steps"].as_array().unwrap() {
        assert_eq!((&step["state"], &step["known_from"]), (&json!("done"), &json!("host")), "{step}");
        assert!(step["detail"].as_str().unwrap().starts_with("granted by the host on 20"), "{step}");
    }
    scene.run(&["fetch", "toy"]).expect(0);
    scene.never_shows(TOKEN, &[&ran]);
}

#[test]
fn what_anybody_is_served_meets_no_step_though_a_token_is_stored() {
    let scene = asking(&Case { token: None, ..case() }).with("MEDSETS_TOKEN_HUGGINGFACE", TOKEN);
    let ran = scene.run(&["access", "probe", "toy"]).expect(0);
    assert!(ran.stdout.contains("serves it to anybody"), "{}", ran.stdout);
    let list = checklist(&scene);
    assert_eq!(list["host_answer"]["answer"], "open");
    for step in list["steps"].as_array().unwrap() {
        assert_eq!(step["state"], "missing", "{step}");
    }
    scene.run(&["fetch", "toy"]).expect(22);
}

#[test]
fn what_a_host_said_to_one_account_does_not_count_for_another() {
    let scene = gated().with("MEDSETS_TOKEN_HUGGINGFACE", TOKEN);
    scene.run(&["access", "probe", "toy"]).expect(0);
    assert_eq!(checklist(&scene)["host_answer"]["answer"], "granted");
    let scene = scene.with("MEDSETS_TOKEN_HUGGINGFACE", "hf_of_somebody_else");
    assert_eq!(checklist(&scene)["host_answer"], Value::Null);
    scene.run(&["fetch", "toy"]).expect(22);
    let scene = scene.with("MEDSETS_TOKEN_HUGGINGFACE", TOKEN);
    assert_eq!(checklist(&scene)["host_answer"]["answer"], "granted");
    scene.run(&["auth", "logout", "huggingface"]).expect(0);
    let list = checklist(&scene);
    assert_eq!((&list["host_answer"], &list["steps"][0]["state"]), (&Value::Null, &json!("missing")));
}

/// Not only passed over for the other account: they are gone.
#[test]
fn what_a_host_said_is_dropped_when_another_account_logs_in() {
    let scene = gated().with("MEDSETS_KEYRING", "file");
    let login = |secret: &str| {
        let arguments = ["auth", "login", "huggingface", "--no-check", "--token-stdin"];
        scene.fed(&format!("{secret}\n"), &arguments).expect(0)
    };
    login(TOKEN);
    scene.run(&["access", "probe", "toy"]).expect(0);
    assert_eq!(checklist(&scene)["host_answer"]["answer"], "granted");
    let other = login("hf_of_somebody_else");
    assert_eq!(checklist(&scene)["host_answer"], Value::Null);
    login(TOKEN);
    let list = checklist(&scene);
    assert_eq!((&list["host_answer"], &list["steps"][0]["state"]), (&Value::Null, &json!("missing")));
    // A login elsewhere is no news of this host.
    scene.run(&["access", "probe", "toy"]).expect(0);
    scene.fed("OSF-5e1d2c8b7a\n", &["auth", "login", "osf", "--no-check", "--token-stdin"]).expect(0);
    assert_eq!(checklist(&scene)["host_answer"]["answer"], "granted");
    scene.never_shows("hf_of_somebody_else", &[&other]);
}

#[test]
fn a_refusal_is_said_as_a_fetch_would_and_closes_nothing() {
    let scene = gated().with("MEDSETS_TOKEN_HUGGINGFACE", "hf_of_somebody_else");
    let ran = scene.run(&["access", "probe", "toy"]).expect(22);
    let ran = ran.says(&["the Hub has not granted it to this account", "https://huggingface.co/datasets/org/toy"]);
    let shown = scene.run(&["access", "toy"]).expect(0).stdout;
    assert!(shown.contains("host     refused on 20") && shown.contains("missing"), "{shown}");
    for step in ["course", "letter"] {
        scene.run(&["access", "grant", "toy", step]).expect(0);
    }
    // The host decides anew, and what the person recorded stands.
    assert_eq!(checklist(&scene)["ready"], true);
    let fetched = scene.run(&["fetch", "toy"]).expect(22);
    let said = "is gated, and the Hub has not granted it to this account";
    assert!(ran.stderr.contains(said) && fetched.stderr.contains(said), "{}", fetched.stderr);
    scene.never_shows("hf_of_somebody_else", &[&ran, &fetched]);
    // Without an account, as a fetch.
    gated().run(&["access", "probe", "toy"]).expect(20).says(&["medsets auth login huggingface"]);
}

#[test]
fn what_says_nothing_of_access_is_not_noted() {
    let scene = gated().with("MEDSETS_TOKEN_HUGGINGFACE", TOKEN);
    let ran = scene.run(&["--offline", "access", "probe", "toy", "--json"]).expect(30);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["data"]["datasets"][0]["answer"], "unknown");
    assert_eq!(checklist(&scene)["host_answer"], Value::Null);
    assert!(scene.host.log().is_empty());
}

#[test]
fn open_hosts_and_those_for_people_are_told_apart() {
    let open = Case { provider: "zenodo", keys: "record = 42", addresses: &[("https://zenodo.org/", "")], ..case() };
    let scene = Case { answer: zenodo::answer, toy: Toy::flat(), token: None, ..open }.start();
    let ran = scene.run(&["access", "probe", "toy"]).expect(0);
    assert!(ran.stdout.contains("serves it to anybody"), "{}", ran.stdout);
    let home = Home::new();
    home.run(&["access", "probe", "demo"]).expect(0);
    home.run(&["access", "probe", "openpath"]).expect(27);
    home.run(&["access", "probe", "messidor"]).expect(26).says(&["medsets import"]);
}
