//! What the hosts' own programs keep.

use super::*;

impl Home {
    fn own(&self, provider: &str, form: Form) -> Result<Option<Credential>, CredentialError> {
        Ok(self.sources().find(&Wanted { provider, form, url: None })?.credential)
    }

    #[track_caller]
    fn check_own(&self, provider: &str, form: Form, expected: &str, origin: &str) {
        let found = self.own(provider, form).unwrap().expect("a credential");
        assert_eq!(shown(&found.secret), expected);
        let folder = self.folder.path().display().to_string();
        assert_eq!(found.origin.to_string().replace(&folder, "~"), origin);
    }
}

#[test]
fn variables_of_the_hosts_programs_come_after_ours() {
    #[track_caller]
    fn check(variables: &[(&str, &str)], provider: &str, form: Form, expected: &str, origin: &str) {
        let mut home = Home::new();
        variables.iter().for_each(|(name, value)| home.set(name, value));
        home.check_own(provider, form, expected, &format!("`{origin}`"));
        let capitals = provider.to_ascii_uppercase();
        home.set(&format!("MEDSETS_TOKEN_{capitals}"), "ours");
        if form == Form::Token {
            home.check_own(provider, form, "ours", &format!("`MEDSETS_TOKEN_{capitals}`"));
        }
    }

    let token = Form::Token;
    check(&[("HF_TOKEN", "a"), ("HUGGING_FACE_HUB_TOKEN", "b")], "huggingface", token, "a", "HF_TOKEN");
    check(&[("HF_TOKEN", ""), ("HUGGING_FACE_HUB_TOKEN", "b")], "huggingface", token, "b", "HUGGING_FACE_HUB_TOKEN");
    check(&[("KAGGLE_API_TOKEN", "a")], "kaggle", token, "a", "KAGGLE_API_TOKEN");
    check(&[("KAGGLE_USERNAME", "u"), ("KAGGLE_KEY", "k")], "kaggle", Form::Login, "u:k", "KAGGLE_KEY");
    check(
        &[("PHYSIONET_USERNAME", "u"), ("PHYSIONET_PASSWORD", "p")],
        "physionet",
        Form::Login,
        "u:p",
        "PHYSIONET_PASSWORD",
    );
    check(&[("SYNAPSE_AUTH_TOKEN", "a")], "synapse", token, "a", "SYNAPSE_AUTH_TOKEN");
    check(&[("OSF_TOKEN", "a")], "osf", token, "a", "OSF_TOKEN");
    check(&[("REDIVIS_API_TOKEN", "a")], "redivis", token, "a", "REDIVIS_API_TOKEN");
    check(&[("GITHUB_TOKEN", "b"), ("GH_TOKEN", "a")], "github", token, "a", "GH_TOKEN");
    check(&[("NCBI_API_KEY", "a")], "ncbi", token, "a", "NCBI_API_KEY");
    check(&[("UMLS_API_KEY", "a")], "umls", token, "a", "UMLS_API_KEY");
    let aws = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_SESSION_TOKEN", "t")];
    check(&aws[..2], "s3", Form::Keys, "a:s", "AWS_SECRET_ACCESS_KEY");
    check(&aws, "s3", Form::Keys, "a:s:t", "AWS_SECRET_ACCESS_KEY");
}

#[test]
fn half_a_login_of_a_hosts_variables_is_named() {
    let mut home = Home::new();
    home.set("KAGGLE_USERNAME", "u");
    let error = home.own("kaggle", Form::Login).unwrap_err().to_string();
    assert_eq!(error, "`KAGGLE_KEY` has no password for `kaggle`");
}

#[test]
fn kaggle_is_read_where_its_programs_keep_it() {
    let mut home = Home::new();
    home.file(".kaggle/kaggle.json", r#"{"username":"u","key":"k"}"#, 0o600);
    home.check_own("kaggle", Form::Login, "u:k", "`~/.kaggle/kaggle.json`");
    home.file(".kaggle/access_token", "KGAT\n", 0o600);
    home.check_own("kaggle", Form::Token, "KGAT", "`~/.kaggle/access_token`");
    let elsewhere = home.file("elsewhere/kaggle.json", r#"{"username":"v","key":"l"}"#, 0o600);
    home.set("KAGGLE_CONFIG_DIR", elsewhere.parent().unwrap().to_str().unwrap());
    home.check_own("kaggle", Form::Login, "v:l", "`~/elsewhere/kaggle.json`");
    let mounted = home.file("mounted", "KGAT-mounted\n", 0o644);
    home.set("KAGGLE_API_TOKEN", mounted.to_str().unwrap());
    home.check_own("kaggle", Form::Token, "KGAT-mounted", "the file that `KAGGLE_API_TOKEN` names");
    let home = Home::new();
    home.file(".config/kaggle/kaggle.json", r#"{"username":"w","key":"m"}"#, 0o600);
    home.check_own("kaggle", Form::Login, "w:m", "`~/.config/kaggle/kaggle.json`");
}

#[test]
fn the_hubs_token_is_where_its_variables_say() {
    let mut home = Home::new();
    home.file(".cache/huggingface/token", " hf_a \n", 0o600);
    home.check_own("huggingface", Form::Token, "hf_a", "`~/.cache/huggingface/token`");
    let folder = home.file("hub/token", "hf_b", 0o600);
    home.set("HF_HOME", folder.parent().unwrap().to_str().unwrap());
    home.check_own("huggingface", Form::Token, "hf_b", "`~/hub/token`");
    let mounted = home.file("mounted", "hf_c", 0o644);
    home.set("HF_TOKEN_PATH", mounted.to_str().unwrap());
    home.check_own("huggingface", Form::Token, "hf_c", "`~/mounted`");
    home.set("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
    assert_eq!(home.own("huggingface", Form::Token).unwrap(), None);
}

#[test]
fn sections_are_chosen_as_the_hosts_programs_do() {
    let mut home = Home::new();
    home.file(".synapseConfig", "[authentication]\nusername = u\nauthtoken = old\n", 0o600);
    home.check_own("synapse", Form::Token, "old", "`~/.synapseConfig`");
    home.file(
        ".synapseConfig",
        "[authentication]\nauthtoken = old\n[default]\nauthToken=new\n[profile b]\nauthtoken=two\n",
        0o600,
    );
    home.check_own("synapse", Form::Token, "new", "`~/.synapseConfig`");
    home.set("SYNAPSE_PROFILE", "b");
    home.check_own("synapse", Form::Token, "two", "`~/.synapseConfig`");
    home.file("work/.osfcli.config", "[osf]\nusername = u\ntoken = o\n", 0o600);
    home.check_own("osf", Form::Token, "o", "`~/work/.osfcli.config`");
    home.file(".config/umls.ini", "[umls]\napi_key = k\n", 0o600);
    home.check_own("umls", Form::Token, "k", "`~/.config/umls.ini`");
    let keys = |name: &str| format!("aws_access_key_id = {name}\naws_secret_access_key = s\n");
    home.file(".aws/credentials", &format!("[default]\n{}[work]\n{}", keys("d"), keys("w")), 0o600);
    home.file(".aws/config", &format!("[profile lab]\n{}aws_session_token = t\nregion = x\n", keys("l")), 0o600);
    home.check_own("s3", Form::Keys, "d:s", "`~/.aws/credentials`");
    home.set("AWS_PROFILE", "work");
    home.check_own("s3", Form::Keys, "w:s", "`~/.aws/credentials`");
    home.set("AWS_PROFILE", "lab");
    home.check_own("s3", Form::Keys, "l:s:t", "`~/.aws/config`");
}

#[test]
fn what_a_login_program_stored_counts_until_it_ends() {
    let home = Home::new();
    let client = ".local/share/girder_cli_oauth_client/api.isic-archive.com/RpCzc4hFjv5gOJdM2DM2nBdokOviOh5ne63Tpn7Q";
    let isic = format!("{client}/token.json");
    // 2026-11-24T10:00:00Z is 1795514400.
    home.file(&isic, r#"{"access_token":"i","expires_at":1795514401.5}"#, 0o600);
    home.check_own("isic", Form::Token, "i", &format!("`~/{isic}`"));
    home.file(&isic, r#"{"access_token":"i","expires_at":1795514399}"#, 0o600);
    assert_eq!(home.own("isic", Form::Token).unwrap(), None);
    let places = home.sources().describe(&Wanted { provider: "isic", form: Form::Token, url: None });
    let told = |place: &Place| matches!(&place.state, PlaceState::NotAsked(reason) if reason.contains("2026-11-24"));
    assert!(places.iter().any(told), "{places:?}");
    home.file(".redivis/python_credentials", r#"{"access_token":"r","expires_at":1795600000}"#, 0o600);
    home.check_own("redivis", Form::Token, "r", "`~/.redivis/python_credentials`");
    let kaggle = ".kaggle/credentials.json";
    home.file(kaggle, r#"{"access_token":"k","access_token_expiration":"2026-11-24T11:00:00"}"#, 0o600);
    home.check_own("kaggle", Form::Token, "k", "`~/.kaggle/credentials.json`");
}

#[test]
fn files_of_other_programs_are_refused_when_others_may_read_them_or_nobody_can() {
    let home = Home::new();
    for (name, text, provider, form) in [
        (".kaggle/kaggle.json", r#"{"username":"u","key":"SECRET"}"#, "kaggle", Form::Login),
        (".cache/huggingface/token", "SECRET", "huggingface", Form::Token),
        (".synapseConfig", "[default]\nauthtoken = SECRET\n", "synapse", Form::Token),
        (".aws/credentials", "[default]\naws_access_key_id = a\naws_secret_access_key = SECRET\n", "s3", Form::Keys),
    ] {
        home.file(name, text, 0o644);
        let error = home.own(provider, form).unwrap_err();
        assert!(matches!(error, CredentialError::HostFileTooOpen { mode: 0o644, .. }), "{error}");
    }
    home.file(".synapseConfig", "[cache]\nlocation = x\n", 0o644);
    assert_eq!(home.own("synapse", Form::Token).unwrap(), None, "it holds no secret");
    home.file(".kaggle/kaggle.json", "{\"key\": SECRET", 0o600);
    let error = home.own("kaggle", Form::Login).unwrap_err();
    assert!(matches!(error, CredentialError::NotUnderstood { .. }) && !format!("{error:?}{error}").contains("SECRET"));
}
