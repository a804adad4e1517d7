//! `medsets auth` without a host: what is asked, where it is kept, what is refused.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::home::Home;
use crate::support::secrets::Hidden;
use crate::support::terminal::Terminal;

const SECRET: &str = "KEY-93ab+77/x.Q=";

fn home() -> Home {
    Home::new().with("MEDSETS_KEYRING", "file")
}

fn stored(home: &Home) -> String {
    std::fs::read_to_string(home.config().join("credentials.toml")).unwrap_or_default()
}

#[test]
fn a_secret_is_typed_unseen() {
    let home = home();
    let mut terminal = Terminal::start(&home, &["auth", "login", "kaggle", "--no-check"]);
    terminal.wait_for_hidden("API token (not shown):");
    assert!(terminal.screen.contains("https://www.kaggle.com/"), "{}", terminal.screen);
    terminal.types(&format!("{SECRET}\n"));
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("stored for Kaggle"), "{screen}");
    Hidden::new(SECRET).is_not_in("the screen", screen.as_bytes());
    assert_eq!(stored(&home), format!("[kaggle]\ntoken = \"{SECRET}\"\n"));
}

#[test]
fn a_login_asks_for_the_name_first() {
    let home = home();
    let mut terminal = Terminal::start(&home, &["auth", "login", "physionet", "--no-check"]);
    terminal.wait_for("user name:");
    terminal.types("jane\n");
    terminal.wait_for_hidden("password (not shown):");
    terminal.types("two words 7\n");
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(0), "{screen}");
    Hidden::new("two words 7").is_not_in("the screen", screen.as_bytes());
    assert_eq!(stored(&home), "[physionet]\nuser = \"jane\"\npassword = \"two words 7\"\n");
}

#[test]
fn an_interrupted_prompt_stores_nothing() {
    let home = home();
    let mut terminal = Terminal::start(&home, &["auth", "login", "kaggle", "--no-check"]);
    terminal.wait_for_hidden("(not shown):");
    terminal.types("KEY-half\u{3}");
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(130), "{screen}");
    assert_eq!(stored(&home), "");
    assert!(!screen.contains("KEY-half"), "{screen}");
}

#[test]
fn a_prompt_hears_signals_from_elsewhere_and_shows_again_what_is_typed() {
    let home = home();
    for (signals, code) in [(&["-INT"][..], 130), (&["-TERM"], 143), (&["-HUP"], 129), (&["-TERM", "-TERM"], 143)] {
        let mut terminal = Terminal::start(&home, &["auth", "login", "kaggle", "--no-check"]);
        terminal.wait_for_hidden("(not shown):");
        signals.iter().for_each(|signal| terminal.tell(signal));
        let (ended, screen) = terminal.end();
        assert_eq!(ended, Some(code), "{screen}");
        assert_eq!(stored(&home), "");
    }
}

#[test]
fn without_a_terminal_the_secret_comes_through_standard_input() {
    let home = home();
    home.run(&["auth", "login", "kaggle", "--no-check"]).expect(2).says(&["nobody is here", "--token-stdin"]);
    home.fed("", &["auth", "login", "kaggle", "--no-check", "--token-stdin"]).expect(2).says(&["empty"]);
    let two = home.fed("KEY-one\nKEY-two\n", &["auth", "login", "kaggle", "--no-check", "--token-stdin"]);
    two.expect(2).says(&["more than one line"]);
    home.fed(SECRET, &["auth", "login", "physionet", "--no-check", "--token-stdin"]).expect(2).says(&["--user NAME"]);
    home.fed(SECRET, &["auth", "login", "osf", "--no-check", "--token-stdin", "--user", "u"]).expect(2);
    home.fed(SECRET, &["auth", "login", "kagle", "--token-stdin"]).expect(2).says(&["did you mean `kaggle`"]);
    assert_eq!(stored(&home), "");
    home.fed(SECRET, &["auth", "login", "kaggle", "--no-check", "--token-stdin", "--user", "jane"]).expect(0);
    assert_eq!(stored(&home), format!("[kaggle]\nuser = \"jane\"\npassword = \"{SECRET}\"\n"));
    // What is stored last takes the place of all before.
    home.fed(SECRET, &["auth", "login", "kaggle", "--no-check", "--token-stdin"]).expect(0);
    assert_eq!(stored(&home), format!("[kaggle]\ntoken = \"{SECRET}\"\n"));
    let keys = home.fed(SECRET, &["auth", "login", "s3", "--no-check", "--token-stdin", "--user", "AK"]).expect(0);
    assert!(stored(&home).contains(&format!("[s3]\naccess-key = \"AK\"\nsecret-key = \"{SECRET}\"")));
    Hidden::new(SECRET).was_not_printed(&keys);
}

#[test]
fn logins_at_the_same_time_lose_nothing() {
    let home = home();
    std::fs::create_dir_all(home.config()).unwrap();
    let file = home.config().join("credentials.toml");
    std::fs::write(&file, "# mine\n[other]\ntoken = \"kept\" # this too\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let providers =
        ["figshare", "github", "huggingface", "isic", "kaggle", "osf", "redivis", "synapse", "umls", "zenodo"];
    std::thread::scope(|scope| {
        for provider in providers {
            let home = &home;
            scope.spawn(move || {
                let secret = format!("KEY-of-{provider}");
                home.fed(&secret, &["auth", "login", provider, "--no-check", "--token-stdin"]).expect(0);
            });
        }
    });
    let text = stored(&home);
    assert!(text.starts_with("# mine\n[other]\ntoken = \"kept\" # this too\n"), "{text}");
    for provider in providers {
        assert!(text.contains(&format!("[{provider}]\ntoken = \"KEY-of-{provider}\"")), "{provider} is lost: {text}");
    }
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_that_others_may_read_takes_nothing_and_loses_nothing() {
    let home = home();
    std::fs::create_dir_all(home.config()).unwrap();
    let (file, text) = (home.config().join("credentials.toml"), "[kaggle]\ntoken = \"KEY-old\"\n");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let arguments = ["auth", "login", "kaggle", "--no-check", "--token-stdin"];
    home.fed(SECRET, &arguments).expect(20).says(&["mode 0644", "chmod 600"]);
    home.run(&["auth", "logout", "kaggle"]).expect(20).says(&["chmod 600"]);
    assert_eq!(stored(&home), text);
}

#[test]
fn a_link_of_a_dataset_has_a_name_of_its_own() {
    let home = home();
    let address = "https://aimistanforddatasets01.blob.core.windows.net/chexpertchestxrays-u20210408";
    let link = format!("{address}?sr=c&sp=rl&sig=a%2Bb%3Dcdef&se=2999-12-24T09%3A00%3A00Z");
    let login = ["auth", "login", "azure-chexpert", "--token-stdin"];
    let other = link.replace("chexpertchestxrays", "another");
    home.fed(&other, &login).expect(21).says(&["nothing was stored"]);
    home.fed(&link.replace("2999", "2020"), &login).expect(36).says(&["2020-12-24", "nothing was stored"]);
    assert_eq!(stored(&home), "");
    let ran = home.fed(&link, &login).expect(0);
    assert!(stored(&home).contains("expires = 2999-12-24T09:00:00Z"), "{}", stored(&home));
    let shown = home.run(&["auth", "status", "--json"]).expect(0);
    assert!(shown.stdout.contains("azure-chexpert"), "{}", shown.stdout);
    let hidden = Hidden::new(&link);
    hidden.was_not_printed(&ran);
    hidden.was_not_printed(&shown);
    Hidden::new("a%2Bb%3Dcdef").is_in_no_file(&home);
    // What a killed login was writing goes too.
    std::fs::write(home.config().join(".medsets-new-a1b2c3"), &link).unwrap();
    home.run(&["auth", "logout", "azure-chexpert"]).expect(0);
    assert_eq!(stored(&home), "");
    Hidden::new(&link).is_in_no_file(&home);
    std::fs::write(home.config().join(".medsets-new-d4e5f6"), &link).unwrap();
    home.run(&["auth", "logout", "azure-chexpert"]).expect(0).says(&["nothing was stored"]);
    Hidden::new(&link).is_in_no_file(&home);
}
