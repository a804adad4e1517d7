//! Accounts with hosts: what `medsets auth` stores, asks and removes.

use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::stand_ins::{Setup, Toy, figshare, huggingface, isic, osf, redivis, synapse, zenodo};
use crate::support::home::Home;
use crate::support::host::{Asked, Reply};

use super::scene::{Answer, Case, Scene, expected};

const SECRET: &str = "KEY-93ab+77/x.Q=";

/// Hosts that say who asks, and the account's name as the stand-in has it.
fn hosts() -> Vec<(Case, Option<&'static str>)> {
    let case = |provider, keys, addresses, answer: Answer| Case {
        provider,
        keys,
        addresses,
        answer,
        toy: Toy::flat(),
        listing: "",
        token: Some(SECRET),
    };
    vec![
        (
            case("huggingface", "repo = \"org/toy\"", &[("https://huggingface.co/", "")], huggingface::answer),
            Some("tester"),
        ),
        (case("osf", "node = \"abcde\"", &[("https://api.osf.io/", "")], osf::answer), Some("Tess Ter")),
        (
            case("figshare", "article = 77", &[("https://api.figshare.com/", "api/")], figshare::answer),
            Some("tester@example.org"),
        ),
        (case("github", "owner = \"o\"\nrepo = \"r\"", &[("https://api.github.com/", "")], github), Some("octo")),
        (case("isic", "", &[("https://api.isic-archive.com/", "")], isic::answer), Some("Test Er")),
        (
            case(
                "redivis",
                "organization = \"toys\"\ndataset = \"toy\"",
                &[("https://redivis.com/", "")],
                redivis::answer,
            ),
            Some("tester"),
        ),
        (case("zenodo", "record = 42", &[("https://zenodo.org/", "")], zenodo::answer), None),
        (
            case("synapse", "entity = \"syn1\"", &[("https://repo-prod.prod.sagebase.org/", "")], synapse::answer),
            Some("tester"),
        ),
    ]
}

fn github(setup: &Setup, asked: &Asked) -> Reply {
    let right = setup.token.as_ref().map(|token| format!("Bearer {token}"));
    match asked.place().as_str() {
        "/user" if asked.header("authorization") == right.as_deref() => {
            Reply::json(&json!({ "login": "octo", "id": 1 }))
        }
        "/user" => Reply::json(&json!({ "message": "Bad credentials", "status": "401" })).but(401),
        _ => Reply::json(&json!({ "message": "Not Found", "status": "404" })).but(404),
    }
}

fn scene(case: &Case) -> Scene {
    case.start().with("MEDSETS_KEYRING", "file").with("MEDSETS_LOG", "trace")
}

fn login(scene: &Scene, provider: &str, secret: &str) -> crate::support::home::Ran {
    scene.fed(&format!("{secret}\n"), &["auth", "login", provider, "--token-stdin"])
}

fn standing(scene: &Scene, arguments: &[&str], provider: &str) -> Value {
    let ran = scene.run(&[&["auth", "status", "--json"], arguments].concat());
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let all = answer["data"]["providers"].as_array().unwrap();
    all.iter().find(|one| one["name"] == provider).cloned().unwrap_or(Value::Null)
}

#[test]
fn a_login_is_checked_stored_shown_and_removed() {
    for (case, account) in hosts() {
        let (scene, provider) = (scene(&case), case.provider);
        let file = scene.home.config().join("credentials.toml");
        assert_eq!(standing(&scene, &[], provider)["state"], "none", "{provider}");
        // A wrong one stores nothing.
        let wrong =
            login(&scene, provider, "KEY-of-somebody-else").expect(21).says(&["nothing was stored", "https://"]);
        assert!(!file.exists(), "{provider}");
        let right = login(&scene, provider, SECRET).expect(0);
        assert!(right.stdout.contains("signed in to") && right.stdout.contains("credentials.toml"), "{}", right.stdout);
        assert!(account.is_none_or(|name| right.stdout.contains(name)), "{}", right.stdout);
        let found = standing(&scene, &[], provider);
        assert_eq!((&found["state"], &found["from"]), (&json!("found"), &json!(format!("`{}`", file.display()))));
        let asked = standing(&scene, &["--check"], provider);
        assert_eq!((&asked["state"], &asked["account"]), (&json!("accepted"), &json!(account)), "{provider}");
        // The host changes its mind.
        std::fs::write(&file, std::fs::read_to_string(&file).unwrap().replace(SECRET, "KEY-that-was-revoked")).unwrap();
        let revoked = scene.run(&["auth", "status", "--check"]).expect(21).says(&["medsets auth login"]);
        let gone = scene.run(&["auth", "logout", provider]).expect(0);
        assert!(gone.stdout.contains("removed from"), "{}", gone.stdout);
        assert_eq!(standing(&scene, &[], provider)["state"], "none");
        scene.never_shows(SECRET, &[&right, &gone]);
        scene.never_shows("KEY-of-somebody-else", &[&wrong]);
        scene.never_shows("KEY-that-was-revoked", &[&revoked]);
    }
}

#[test]
fn nothing_is_stored_when_the_host_cannot_be_asked() {
    let (case, _) = hosts().remove(0);
    let mut scene = scene(&case);
    let file = scene.home.config().join("credentials.toml");
    scene.home =
        scene.home.with("MEDSETS_REWRITE", "https://huggingface.co/=http://127.0.0.1:9/").with("MEDSETS_RETRIES", "0");
    let away = login(&scene, "huggingface", SECRET).expect(31).says(&["nothing was stored", "--no-check"]);
    let offline = scene.fed(SECRET, &["--offline", "auth", "login", "huggingface", "--token-stdin"]).expect(30);
    assert!(!file.exists());
    let stored = scene.fed(SECRET, &["auth", "login", "huggingface", "--token-stdin", "--no-check"]).expect(0);
    assert!(stored.stdout.contains("stored for"), "{}", stored.stdout);
    assert!(file.exists());
    assert_eq!(standing(&scene, &["--check"], "huggingface")["state"], "unreachable");
    scene.never_shows(SECRET, &[&away, &offline, &stored]);
}

#[test]
fn what_else_holds_one_is_told() {
    let (case, _) = hosts().remove(0);
    let scene = scene(&case).with("HF_TOKEN", "hf_in_a_variable");
    login(&scene, "huggingface", SECRET).expect(0).says(&["`HF_TOKEN`", "used first"]);
    let gone = scene.run(&["auth", "logout", "huggingface"]).expect(0).says(&["still found", "`HF_TOKEN`"]);
    assert!(gone.stdout.contains("removed from"), "{}", gone.stdout);
    let again = scene.run(&["auth", "logout", "huggingface"]).expect(0).says(&["nothing was stored", "`HF_TOKEN`"]);
    scene.never_shows("hf_in_a_variable", &[&gone, &again]);
}

#[test]
fn a_key_store_that_hangs_holds_nothing_up() {
    let (case, _) = hosts().remove(0);
    // A bus that takes connections and never says a word.
    let folder = tempfile::tempdir().unwrap();
    let _bus = UnixListener::bind(folder.path().join("bus")).unwrap();
    let address = format!("unix:path={}", folder.path().join("bus").display());
    let scene = scene(&case).with("MEDSETS_KEYRING", "auto").with("DBUS_SESSION_BUS_ADDRESS", &address);
    let begun = Instant::now();
    let ran = login(&scene, "huggingface", SECRET).expect(0).says(&["did not answer", "only you may read"]);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let begun = Instant::now();
    let fetched = scene.run(&["fetch", "toy"]).expect(0).says(&["did not answer"]);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(scene.data(), expected(&case.toy), "the login from the file was used");
    scene.never_shows(SECRET, &[&ran, &fetched]);
    let only = scene.with("MEDSETS_KEYRING", "os");
    login(&only, "huggingface", SECRET).expect(20).says(&["did not answer", "MEDSETS_KEYRING"]);
}

#[test]
fn a_system_without_a_key_store_keeps_a_file_and_says_so() {
    let (case, _) = hosts().remove(0);
    let scene = scene(&case).with("MEDSETS_KEYRING", "auto").with("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    login(&scene, "huggingface", SECRET).expect(0).says(&["no key store", "only you may read"]);
    let none = scene.with("MEDSETS_KEYRING", "none");
    login(&none, "huggingface", SECRET).expect(10).says(&["no place to store"]);
}

#[test]
fn a_file_of_the_hosts_own_program_is_used_and_refused_when_others_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (case, _) = hosts().remove(0);
    let home = Home::new();
    let token = home.path().join(".cache/huggingface/token");
    std::fs::create_dir_all(token.parent().unwrap()).unwrap();
    std::fs::write(&token, "hf_in_the_hubs_file\n").unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
    let case = Case { token: Some("hf_in_the_hubs_file"), ..case };
    let scene = case.start_in(home);
    let refused = scene.run(&["fetch", "toy"]).expect(20).says(&["mode 0644", "chmod 600"]);
    assert_eq!(standing(&scene, &[], "huggingface")["state"], "faulty");
    assert!(!refused.stderr.contains("hf_in"));
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(standing(&scene, &[], "huggingface")["from"], format!("`{}`", token.display()));
}
