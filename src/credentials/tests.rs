//! In which order places are asked, and what each refuses.

mod host_files;
mod stored;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::key_store::{KeyStore, KeyStoreFault};
use super::*;
use crate::fs::{self, Access};
use crate::values::Secret;

/// A key store that a test decides over.
struct Fake {
    held: Mutex<BTreeMap<String, Secret>>,
    fault: Option<KeyStoreFault>,
    delay: Duration,
    asked: AtomicUsize,
}

impl Fake {
    fn answer<T>(&self, answer: impl FnOnce(&mut BTreeMap<String, Secret>) -> T) -> Result<T, KeyStoreFault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(self.delay);
        self.fault.clone().map_or_else(|| Ok(answer(&mut self.held.lock().unwrap())), Err)
    }
}

impl KeyStore for Fake {
    fn get(&self, name: &str) -> Result<Option<Secret>, KeyStoreFault> {
        self.answer(|held| held.get(name).cloned())
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), KeyStoreFault> {
        self.answer(|held| drop(held.insert(name.to_owned(), secret.clone())))
    }

    fn delete(&self, name: &str) -> Result<bool, KeyStoreFault> {
        self.answer(|held| held.remove(name).is_some())
    }
}

struct Home {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
    keyring: Keyring,
    store: Arc<Fake>,
}

impl Home {
    fn new() -> Self {
        Self::with_store(Ok(None), Duration::ZERO)
    }

    fn with_store(held: Result<Option<&str>, KeyStoreFault>, delay: Duration) -> Self {
        let (text, fault) = held.map_or_else(|fault| (None, Some(fault)), |text| (text, None));
        let held = text.map(|text| ("my-host".to_owned(), Secret::new(text))).into_iter().collect();
        let store = Fake { held: Mutex::new(held), fault, delay, asked: AtomicUsize::new(0) };
        let folder = tempfile::tempdir().unwrap();
        Self { folder, variables: BTreeMap::new(), keyring: Keyring::Auto, store: Arc::new(store) }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.into(), value.into());
    }

    fn file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap(), Access::Private).unwrap();
        fs::atomic_write(&path, text.as_bytes(), Access::Private).unwrap();
        #[allow(clippy::disallowed_methods, reason = "a test makes the file too open")]
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn sources(&self) -> Sources {
        let guard = Guard::new(Some(self.store.clone())).with_patience(Duration::from_millis(50));
        let folder = self.folder.path().to_path_buf();
        let surroundings = Surroundings {
            variables: self.variables.clone(),
            config_dir: Some(folder.clone()),
            home: Some(folder.clone()),
            working_dir: Some(folder.join("work")),
            now: "2026-11-24T10:00:00Z".parse().unwrap(),
        };
        Sources { surroundings, keyring: self.keyring, key_store: guard, given: Mutex::default() }
    }

    fn find(&self, form: Form) -> Result<Lookup, CredentialError> {
        self.sources().find(&wanted(form, &SafeUrl::parse("https://host.example/files/").unwrap()))
    }

    #[track_caller]
    fn check(&self, form: Form, expected: &str, origin: &str) {
        let found = self.find(form).unwrap().credential.expect("a credential");
        assert_eq!(shown(&found.secret), expected);
        let folder = self.folder.path().display().to_string();
        assert_eq!(found.origin.to_string().replace(&folder, "~"), origin);
    }
}

/// The secret in plain, its parts with `:` between.
fn shown(secret: &CredentialSecret) -> String {
    secret.texts().into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(":")
}

fn wanted(form: Form, url: &SafeUrl) -> Wanted<'_> {
    Wanted { provider: "my-host", form, url: Some(url) }
}

const STORED: &str = r#"{"token":"t-store","user":"u","password":"p-store"}"#;
const TOML: &str = "[my-host]\ntoken = \"t-file\"\nuser = \"u\"\npassword = \"p-file\"\n";
const NETRC: &str = "machine host.example login u password p-netrc\n";

#[test]
fn places_are_asked_in_order() {
    let mut home = Home::with_store(Ok(Some(STORED)), Duration::ZERO);
    home.file(".netrc", NETRC, 0o600);
    home.file("credentials.toml", TOML, 0o600);
    home.set("MEDSETS_TOKEN_MY_HOST", "t-variable");
    home.check(Form::Token, "t-variable", "`MEDSETS_TOKEN_MY_HOST`");
    home.check(Form::Login, "u:p-store", "the key store of the system");
    home.variables.clear();
    home.check(Form::Token, "t-store", "the key store of the system");
    home.keyring = Keyring::File;
    home.check(Form::Token, "t-file", "`~/credentials.toml`");
    home.check(Form::Login, "u:p-file", "`~/credentials.toml`");
    home.keyring = Keyring::None;
    home.check(Form::Login, "u:p-netrc", "`~/.netrc`");
    home.check(Form::Token, "p-netrc", "`~/.netrc`");
    assert_eq!(Home::new().find(Form::Token).unwrap(), Lookup { credential: None, not_asked: Vec::new() });
}

#[test]
fn variables_may_name_files() {
    let mut home = Home::new();
    let path = home.file("token", "t-secret\n", 0o644);
    home.set("MEDSETS_TOKEN_MY_HOST_FILE", path.to_str().unwrap());
    home.check(Form::Token, "t-secret", "the file that `MEDSETS_TOKEN_MY_HOST_FILE` names");
    home.set("MEDSETS_USER_MY_HOST", "jane");
    home.set("MEDSETS_PASSWORD_MY_HOST_FILE", path.to_str().unwrap());
    home.check(Form::Login, "jane:t-secret", "the file that `MEDSETS_PASSWORD_MY_HOST_FILE` names");
    let empty = home.file("empty", "\n", 0o600);
    home.set("MEDSETS_TOKEN_MY_HOST_FILE", empty.to_str().unwrap());
    assert!(matches!(home.find(Form::Token), Err(CredentialError::NoText { .. })));
    home.set("MEDSETS_TOKEN_MY_HOST_FILE", "/no/such/file");
    assert!(matches!(home.find(Form::Token), Err(CredentialError::Fs(_))));
    home.set("MEDSETS_TOKEN_MY_HOST", "t");
    home.check(Form::Token, "t", "`MEDSETS_TOKEN_MY_HOST`");
}

#[test]
fn half_a_login_is_named_not_mixed() {
    let mut home = Home::new();
    home.file("credentials.toml", TOML, 0o600);
    home.set("MEDSETS_USER_MY_HOST", "jane");
    let error = home.find(Form::Login).unwrap_err();
    assert_eq!(error.to_string(), "`MEDSETS_PASSWORD_MY_HOST` has no password for `my-host`");
    home.variables.clear();
    home.file("credentials.toml", "[my-host]\nuser = \"u\"\n", 0o600);
    assert!(matches!(home.find(Form::Login), Err(CredentialError::Incomplete { missing: "password", .. })));
    home.set("MEDSETS_USER_MY_HOST", "");
    home.file("credentials.toml", "", 0o600);
    assert_eq!(home.find(Form::Login).unwrap().credential, None);
}

#[test]
fn files_that_others_may_read_are_refused() {
    use crate::remedy::Remedy as _;
    for mode in [0o640, 0o604, 0o660, 0o644] {
        let home = Home::new();
        let path = home.file("credentials.toml", "", mode);
        let error = home.find(Form::Token).unwrap_err();
        assert!(error.to_string().contains(&format!("{mode:04o}")), "{error}");
        assert!(error.remedy().unwrap().starts_with(&format!("`chmod 600 {}`", path.display())));
        let home = Home::new();
        home.file(".netrc", NETRC, mode);
        assert!(matches!(home.find(Form::Login), Err(CredentialError::TooOpen { .. })));
        home.file(".netrc", &NETRC.replace("host.example", "other.example"), mode);
        assert_eq!(home.find(Form::Login).unwrap().credential, None, "another host's entry is no concern of ours");
    }
}

#[test]
fn netrc_is_for_the_exact_host_over_https() {
    let home = Home::new();
    home.file(".netrc", &format!("{NETRC}default login u password p\n"), 0o600);
    let found = |url: &str| {
        let url = SafeUrl::parse(url).unwrap();
        home.sources().find(&wanted(Form::Login, &url)).unwrap().credential.is_some()
    };
    assert!(found("https://host.example/x") && found("https://HOST.example:8443/x"));
    for other in ["http://host.example/", "https://www.host.example/", "https://host.example.org/", "https://example/"]
    {
        assert!(!found(other), "{other}");
    }
    let without = Wanted { provider: "my-host", form: Form::Login, url: None };
    assert_eq!(home.sources().find(&without).unwrap().credential, None);
}

#[test]
fn a_file_that_cannot_be_understood_is_told_without_its_content() {
    let home = Home::new();
    for text in ["[my-host]\ntoken = \"SECRET\" SECRET\n", "[my-host]\ntoken = SECRET\n", "my-host = \"SECRET\"\n"] {
        home.file("credentials.toml", text, 0o600);
        let error = home.find(Form::Token).unwrap_err();
        assert!(matches!(error, CredentialError::NotUnderstood { .. }), "{text}");
        let shown = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
        assert!(!shown.contains("SECRET"), "{shown}");
    }
    home.file("credentials.toml", "[other]\na = 1\n[my-host]\ntoken = SECRET\n", 0o600);
    assert!(home.find(Form::Token).unwrap_err().to_string().contains("in line 4"));
}

#[test]
fn a_key_store_that_hangs_is_given_up_once() {
    let mut home = Home::with_store(Ok(Some(STORED)), Duration::from_secs(3));
    home.file("credentials.toml", TOML, 0o600);
    let sources = home.sources();
    let url = SafeUrl::parse("https://host.example/").unwrap();
    let begin = Instant::now();
    for _ in 0..20 {
        let lookup = sources.find(&wanted(Form::Login, &url)).unwrap();
        assert!(matches!(lookup.credential.unwrap().origin, CredentialOrigin::File(_)));
        assert_eq!(lookup.not_asked.len(), 1, "it is said that the key store was left out");
    }
    assert!(begin.elapsed() < Duration::from_secs(2));
    assert_eq!(home.store.asked.load(Ordering::SeqCst), 1);
    home.keyring = Keyring::Os;
    assert!(matches!(home.find(Form::Login), Err(CredentialError::KeyStore { .. })));
}

#[test]
fn a_system_without_a_key_store_is_no_news() {
    let mut home = Home::with_store(Err(KeyStoreFault::None("none".into())), Duration::ZERO);
    home.file("credentials.toml", TOML, 0o600);
    let lookup = home.find(Form::Token).unwrap();
    assert!(lookup.credential.is_some() && lookup.not_asked.is_empty());
    home.keyring = Keyring::Os;
    assert!(matches!(home.find(Form::Token), Err(CredentialError::KeyStore { .. })));
}

#[test]
fn places_are_described_without_their_secrets() {
    let mut home = Home::with_store(Ok(Some(STORED)), Duration::ZERO);
    home.set("MEDSETS_TOKEN_MY_HOST", "t-variable");
    home.file("credentials.toml", TOML, 0o644);
    home.file(".netrc", NETRC, 0o600);
    let url = SafeUrl::parse("http://host.example/").unwrap();
    let places = home.sources().describe(&wanted(Form::Token, &url));
    let shown = format!("{places:?}");
    for secret in ["t-variable", "t-store", "t-file", "p-netrc"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!(places[0].name, "`MEDSETS_TOKEN_MY_HOST`");
    assert_eq!(
        places[0].state,
        PlaceState::Holds { origin: CredentialOrigin::Variable("MEDSETS_TOKEN_MY_HOST".into()), expires: None }
    );
    assert_eq!(places[1].state, PlaceState::Holds { origin: CredentialOrigin::KeyStore, expires: None });
    assert!(matches!(&places[2].state, PlaceState::Faulty(reason) if reason.contains("mode 0644")));
    assert_eq!(places[3].state, PlaceState::NotAsked("the address is not https".into()));
}

#[test]
fn choices_of_the_key_ring_are_words() {
    assert_eq!("os".parse::<Keyring>().unwrap(), Keyring::Os);
    assert_eq!(Keyring::default(), "auto".parse().unwrap());
    assert!(matches!("OS".parse::<Keyring>(), Err(CredentialError::NotAKeyring { .. })));
}
