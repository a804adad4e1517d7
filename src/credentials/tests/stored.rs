//! What is stored, where, and what is taken away again.

use super::*;

const PROVIDER: &str = "my-host";

fn token(text: &str) -> CredentialSecret {
    CredentialSecret::Token(Secret::new(text))
}

fn login() -> CredentialSecret {
    CredentialSecret::Login { user: "jane".into(), password: Secret::new("p \"w\\") }
}

impl Home {
    fn text(&self, name: &str) -> String {
        fs::read_text(&self.folder.path().join(name)).unwrap()
    }

    fn none() -> Self {
        Self::with_store(Err(KeyStoreFault::None("this system has no key store".into())), Duration::ZERO)
    }
}

#[test]
fn a_secret_goes_into_the_key_store_and_no_copy_stays() {
    let mut home = Home::new();
    home.file("credentials.toml", TOML, 0o600);
    let stored = home.sources().store(PROVIDER, &login(), None).unwrap();
    assert_eq!(stored, Stored { origin: CredentialOrigin::KeyStore, notices: Vec::new() });
    home.check(Form::Login, "jane:p \"w\\", "the key store of the system");
    assert_eq!(home.text("credentials.toml").trim(), "", "the older copy is gone");
    // The other form went with what was stored before.
    assert_eq!(home.find(Form::Token).unwrap().credential, None);
    home.keyring = Keyring::None;
    assert!(matches!(home.sources().store(PROVIDER, &login(), None), Err(CredentialError::NowhereToStore)));
}

#[test]
fn without_a_key_store_it_goes_into_the_file_and_that_is_said() {
    let home = Home::none();
    let path = home.file(
        "credentials.toml",
        "# mine\n[other] # kept\ntoken = \"o\"\n\n[my-host]\n# why\nuser = \"old\"\npassword = \"old\"\n",
        0o600,
    );
    let end: Timestamp = "2026-12-24T09:00:00Z".parse().unwrap();
    let stored = home.sources().store(PROVIDER, &token("t-new"), Some(end)).unwrap();
    assert_eq!(stored.origin, CredentialOrigin::File(path.clone()));
    assert!(stored.notices[0].contains("no key store") && stored.notices[0].contains("credentials.toml"));
    let text = home.text("credentials.toml");
    assert!(text.starts_with("# mine\n[other] # kept\ntoken = \"o\"\n\n[my-host]\n"), "{text}");
    assert!(!text.contains("old"), "{text}");
    home.check(Form::Token, "t-new", "`~/credentials.toml`");
    assert_eq!(home.find(Form::Token).unwrap().credential.unwrap().expires, Some(end));
    assert_eq!(fs::metadata(&path).unwrap().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(home.sources().remove(PROVIDER).unwrap().from, [CredentialOrigin::File(path)]);
    assert_eq!(home.text("credentials.toml"), "# mine\n[other] # kept\ntoken = \"o\"\n");
    assert_eq!(home.sources().remove(PROVIDER).unwrap(), Removed::default());
}

#[test]
fn the_end_of_a_link_is_known_wherever_it_is_kept() {
    let end: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    for home in [Home::new(), Home::none()] {
        home.sources().store("azure-chexpert", &token("https://a.example/c?sig=x"), Some(end)).unwrap();
        let wanted = Wanted { provider: "azure-chexpert", form: Form::Token, url: None };
        let found = home.sources().find(&wanted).unwrap().credential.unwrap();
        assert_eq!((shown(&found.secret).as_str(), found.expires), ("https://a.example/c?sig=x", Some(end)));
    }
}

#[test]
fn keys_keep_all_their_parts() {
    let keys = CredentialSecret::Keys {
        access_key: "AK".into(),
        secret_key: Secret::new("s/+="),
        session_token: Some(Secret::new("session")),
    };
    for home in [Home::new(), Home::none()] {
        home.sources().store(PROVIDER, &keys, None).unwrap();
        assert_eq!(home.find(Form::Keys).unwrap().credential.unwrap().secret, keys);
    }
}

#[test]
fn a_key_store_that_hangs_holds_nothing_up_and_what_it_may_hold_is_said() {
    let mut home = Home::with_store(Ok(Some(STORED)), Duration::from_secs(3));
    let begin = Instant::now();
    let sources = home.sources();
    let stored = sources.store(PROVIDER, &token("t-new"), None).unwrap();
    assert!(stored.notices[0].contains("did not answer") && stored.notices[0].contains("is used first"));
    assert!(matches!(stored.origin, CredentialOrigin::File(_)));
    let removed = sources.remove(PROVIDER).unwrap();
    assert!(matches!(removed.from[..], [CredentialOrigin::File(_)]) && removed.not_asked.len() == 1);
    home.keyring = Keyring::Os;
    assert!(matches!(home.sources().store(PROVIDER, &login(), None), Err(CredentialError::KeyStore { .. })));
    assert!(matches!(home.sources().remove(PROVIDER), Err(CredentialError::KeyStore { .. })));
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_file_that_cannot_be_taken_is_left_as_it_is() {
    let text = "[my-host]\ntoken = \"t-old\"\n";
    let home = Home::none();
    let path = home.file("credentials.toml", text, 0o644);
    assert!(matches!(home.sources().store(PROVIDER, &token("t"), None), Err(CredentialError::TooOpen { .. })));
    assert_eq!(fs::read_text(&path).unwrap(), text);
    home.file("credentials.toml", "[my-host\n", 0o600);
    assert!(matches!(home.sources().store(PROVIDER, &token("t"), None), Err(CredentialError::NotUnderstood { .. })));
    assert_eq!(fs::read_text(&path).unwrap(), "[my-host\n");
}

#[test]
fn a_link_to_the_file_stays_a_link() {
    let home = Home::none();
    let target = home.file("dotfiles/credentials.toml", TOML, 0o600);
    fs::symbolic_link("dotfiles/credentials.toml", &home.folder.path().join("credentials.toml")).unwrap();
    home.sources().store(PROVIDER, &token("t-new"), None).unwrap();
    assert!(fs::read_text(&target).unwrap().contains("t-new"));
    assert!(fs::link_target(&home.folder.path().join("credentials.toml")).unwrap().is_some());
}

#[test]
fn writers_take_turns() {
    let home = Home::none();
    let store = |number: usize| {
        let sources = home.sources();
        move || sources.store(&format!("host-{number}"), &token(&format!("t-{number}")), None).unwrap()
    };
    let threads: Vec<_> = (0..12).map(|number| std::thread::spawn(store(number))).collect();
    threads.into_iter().for_each(|thread| drop(thread.join().unwrap()));
    for number in 0..12 {
        let provider = format!("host-{number}");
        let wanted = Wanted { provider: &provider, form: Form::Token, url: None };
        let found = home.sources().find(&wanted).unwrap().credential.unwrap();
        assert_eq!(shown(&found.secret), format!("t-{number}"));
    }
}
