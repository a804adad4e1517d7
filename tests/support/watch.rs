//! Watches that no secret comes to somebody it is not for: in every test that has a home or a host.
//!
//! Secrets are what a test gives to the program (variables, files of credentials, standard input,
//! what is typed unseen) and what hosts give to it (cookies, signatures of addresses). Each is for
//! certain origins, by what it is called and where it came from. Everything that arrives at any host
//! of the test (request line, headers, body) is searched for each of them, in every form in which it
//! may be written, when a host or a home goes away. Which origin a host stands for when it is asked is
//! read from the rewriting rules that the program was given.
//!
//! What a secret is for is stated here, apart from the program, after the hosts' documentation.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::host::Asked;

/// The watch over one test.
#[derive(Clone)]
pub struct Watch(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    secrets: BTreeMap<String, Meant>,
    /// The origins, each with what its addresses become.
    rewrites: BTreeSet<(String, String)>,
    logs: Vec<(String, Log)>,
}

/// What was asked of a host.
pub type Log = Arc<Mutex<Vec<Asked>>>;

/// Whom a secret is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// No host: it signs or opens something here.
    Nobody,
    /// These origins, and those whose host ends so when it begins with a dot.
    Origins(Vec<String>),
    /// The origin whose host is written so in the name of a variable.
    Named(String),
}

/// Whom the credential of each provider is for.
const MEANT: &[(&str, &[&str])] = &[
    ("azure", &[".blob.core.windows.net"]),
    ("figshare", &["https://api.figshare.com"]),
    ("github", &["https://api.github.com"]),
    ("huggingface", &["https://huggingface.co"]),
    ("isic", &["https://api.isic-archive.com"]),
    ("kaggle", &["https://api.kaggle.com", "https://www.kaggle.com"]),
    ("ncbi", &["https://eutils.ncbi.nlm.nih.gov"]),
    ("osf", &["https://api.osf.io", "https://files.osf.io"]),
    ("physionet", &["https://physionet.org"]),
    ("redivis", &["https://redivis.com"]),
    ("s3", &[".amazonaws.com"]),
    ("synapse", &["https://repo-prod.prod.sagebase.org", "https://file-prod.prod.sagebase.org"]),
    ("umls", &["https://uts-ws.nlm.nih.gov", "https://utslogin.nlm.nih.gov"]),
    ("zenodo", &["https://zenodo.org"]),
];

/// Variables of the hosts' own programs.
const VARIABLES: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "s3"),
    ("AWS_SESSION_TOKEN", "s3"),
    ("GH_TOKEN", "github"),
    ("GITHUB_TOKEN", "github"),
    ("HF_TOKEN", "huggingface"),
    ("HUGGING_FACE_HUB_TOKEN", "huggingface"),
    ("KAGGLE_API_TOKEN", "kaggle"),
    ("KAGGLE_KEY", "kaggle"),
    ("NCBI_API_KEY", "ncbi"),
    ("OSF_TOKEN", "osf"),
    ("PHYSIONET_PASSWORD", "physionet"),
    ("REDIVIS_API_TOKEN", "redivis"),
    ("SYNAPSE_AUTH_TOKEN", "synapse"),
    ("UMLS_API_KEY", "umls"),
];

/// Files below the home, and whose credential they hold.
const FILES: &[(&str, &str)] = &[
    (".cache/huggingface/token", "huggingface"),
    (".kaggle/access_token", "kaggle"),
    (".kaggle/kaggle.json", "kaggle"),
    (".config/kaggle/kaggle.json", "kaggle"),
    (".synapseConfig", "synapse"),
    (
        ".local/share/girder_cli_oauth_client/api.isic-archive.com/RpCzc4hFjv5gOJdM2DM2nBdokOviOh5ne63Tpn7Q/token.json",
        "isic",
    ),
];

/// Shorter ones may stand anywhere by chance.
const SHORTEST: usize = 6;

thread_local! {
    /// A test has a thread of its own, or the thread to itself.
    static HERE: RefCell<Weak<Mutex<State>>> = const { RefCell::new(Weak::new()) };
}

impl Watch {
    /// The one of this test.
    pub fn here() -> Self {
        HERE.with_borrow_mut(|here| {
            let state = here.upgrade().unwrap_or_default();
            *here = Arc::downgrade(&state);
            Self(state)
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a host that answers at `url`, which ends in `/`.
    pub fn host(&self, url: &str, log: Log) {
        self.state().logs.push((url.to_owned(), log));
    }

    /// A secret, and whom it is for. Of a link it is what the link is signed with.
    pub fn learn(&self, secret: &str, meant: Meant) {
        let secret = core(secret);
        if secret.len() >= SHORTEST {
            let mut state = self.state();
            let known = state.secrets.entry(secret).or_insert_with(|| meant.clone());
            match (known, meant) {
                (Meant::Origins(known), Meant::Origins(more)) => known.extend(more),
                (known, meant) => *known = meant,
            }
        }
    }

    /// What a run of the program is given.
    pub fn run<'v>(&self, variables: impl Iterator<Item = (&'v String, &'v String)>, home: &Path) {
        for (name, value) in variables {
            match name.as_str() {
                "MEDSETS_REWRITE" => self.rewritten(value),
                // Whoever names another place in Amazon's stead has chosen whom the key is for.
                "AWS_ENDPOINT_URL" => self.rewritten(&format!("https://s3.amazonaws.com/={value}")),
                "AWS_SECRET_ACCESS_KEY" => self.learn(value, Meant::Nobody),
                // Who goes through a proxy signs in with that, and with nobody else.
                _ if name.to_uppercase().ends_with("_PROXY") => {
                    let user_info = value.rsplit_once('@').map(|(before, _)| before);
                    if let Some((_, password)) = user_info.and_then(|text| text.rsplit_once(':')) {
                        self.learn(password, Meant::Nobody);
                    }
                }
                name => {
                    if let Some(provider) = provider(name) {
                        let held = name.ends_with("_FILE").then(|| std::fs::read_to_string(value).unwrap_or_default());
                        let secret = held.as_deref().unwrap_or(value);
                        assert!(
                            secret.is_empty() || secret.len() >= SHORTEST,
                            "`{name}` is too short to be looked for"
                        );
                        self.learn(secret, meant_for(&provider));
                    }
                }
            }
        }
        self.files(home);
    }

    fn rewritten(&self, rules: &str) {
        let mut state = self.state();
        for rule in rules.split(';') {
            if let Some((from, to)) = rule.split_once('=') {
                state.rewrites.insert((origin(from), to.to_owned()));
            }
        }
    }

    /// What lies in a home.
    pub fn files(&self, home: &Path) {
        for (place, provider) in FILES {
            let Ok(text) = std::fs::read_to_string(home.join(place)) else { continue };
            let json = serde_json::from_str::<serde_json::Value>(&text).ok();
            match json.as_ref().and_then(serde_json::Value::as_object) {
                Some(object) => {
                    for (_, value) in object.iter().filter(|(name, _)| ["key", "access_token"].contains(&name.as_str()))
                    {
                        self.learn(value.as_str().unwrap_or_default(), meant_for(provider));
                    }
                }
                None => match text.lines().find_map(|line| line.split_once('=')) {
                    Some((_, token)) => self.learn(token, meant_for(provider)),
                    None => self.learn(&text, meant_for(provider)),
                },
            }
        }
        let netrc = std::fs::read_to_string(home.join(".netrc")).unwrap_or_default();
        let mut machine = "";
        let words: Vec<&str> = netrc.split_whitespace().collect();
        for pair in words.windows(2) {
            match pair {
                ["machine", name] => machine = name,
                ["password", word] => self.learn(word, Meant::Origins(vec![format!("https://{machine}")])),
                _ => {}
            }
        }
        let kept = std::fs::read_to_string(home.join(".config/medsets/credentials.toml")).unwrap_or_default();
        let kept: toml::Table = kept.parse().unwrap_or_default();
        for (name, keys) in &kept {
            for (key, value) in keys.as_table().into_iter().flatten() {
                let Some(value) = value.as_str() else { continue };
                match key.as_str() {
                    "token" | "password" | "session-token" => self.learn(value, meant_for(name)),
                    "secret-key" => self.learn(value, Meant::Nobody),
                    _ => {}
                }
            }
        }
    }

    /// What the program is told on standard input or at its terminal.
    pub fn told(&self, input: &str, arguments: &[&str]) {
        let mut words =
            arguments.iter().skip_while(|word| **word != "login").skip(1).filter(|word| !word.starts_with('-'));
        match words.next() {
            Some(&"s3") => self.learn(input, Meant::Nobody),
            Some(provider) => self.learn(input, meant_for(provider)),
            None if input.contains("sig=") => self.learn(input, meant_for("azure")),
            None => {}
        }
    }

    /// What a host gives away with an answer: cookies are for itself, signatures for the origin of
    /// their address.
    pub fn given(&self, host: &str, asked: &Asked, headers: &[(String, String)], body: &[u8]) {
        let here = self.state().stands_for(host, asked);
        for (_, cookie) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            let value = cookie.split(';').next().and_then(|pair| pair.split_once('=')).map_or("", |(_, value)| value);
            // A host may share them with those under its domain.
            let domain = cookie.split(';').find_map(|part| part.trim().strip_prefix("Domain="));
            let domain = domain.map(|domain| format!(".{}", domain.trim_start_matches('.')));
            self.learn(value, Meant::Origins(here.iter().cloned().chain(domain).collect()));
        }
        let locations = headers.iter().filter(|(name, _)| name == "location").map(|(_, value)| value.clone());
        let is_text = body.len() < 1 << 20;
        let in_body = is_text.then(|| String::from_utf8_lossy(body).into_owned());
        for text in locations.chain(in_body) {
            self.signed(&text);
        }
    }

    /// Addresses in a text that are signed.
    fn signed(&self, text: &str) {
        for piece in text.split("https://").skip(1) {
            let address = piece.split(['"', '<', '>', ' ', '\n', '\\']).next().unwrap_or_default();
            let Some((place, query)) = address.split_once('?') else { continue };
            for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
                if name.to_ascii_lowercase().ends_with("signature") {
                    self.learn(value, Meant::Origins(vec![origin(&format!("https://{place}"))]));
                }
            }
        }
    }

    /// Every place where a secret came that it is not for, in words.
    pub fn leaks(&self) -> Vec<String> {
        let state = self.state();
        let logs: Vec<_> = state.logs.iter().collect();
        state.leaks_in(&logs)
    }

    /// The origins that a secret came to, right or wrong.
    pub fn reached(&self, secret: &str) -> BTreeSet<String> {
        let (state, forms) = (self.state(), forms(&core(secret)));
        let mut origins = BTreeSet::new();
        for (url, log) in &state.logs {
            for asked in log.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                if found(&forms, asked).is_some() {
                    origins.extend(state.stands_for(url, asked));
                }
            }
        }
        origins
    }

    /// Forgets what was asked so far, for a test that leaks on purpose.
    pub fn forget(&self) {
        for (_, log) in &self.state().logs {
            log.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// A home goes away: fails its test if anything leaked.
    pub fn home_goes(&self, home: &Path) {
        if std::thread::panicking() {
            return;
        }
        self.files(home);
        let leaks = self.leaks();
        assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    }

    /// A host goes away, and its address may become another's: the same.
    pub fn host_goes(&self, url: &str) {
        let mut state = self.state();
        let (gone, left) = std::mem::take(&mut state.logs).into_iter().partition::<Vec<_>, _>(|(one, _)| one == url);
        state.logs = left;
        let leaks =
            if std::thread::panicking() { Vec::new() } else { state.leaks_in(&gone.iter().collect::<Vec<_>>()) };
        state.rewrites.retain(|(_, to)| !to.starts_with(url));
        drop(state);
        assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    }
}

impl State {
    /// The origins that a request was for. One that no rule leads to was for the host itself.
    fn stands_for(&self, host: &str, asked: &Asked) -> Vec<String> {
        let full = format!("{host}{}", asked.path.trim_start_matches('/'));
        let fits = || self.rewrites.iter().filter(|(_, to)| full.starts_with(to.as_str()));
        let longest = fits().map(|(_, to)| to.len()).max();
        let mut origins: Vec<String> =
            fits().filter(|(_, to)| Some(to.len()) == longest).map(|(from, _)| from.clone()).collect();
        if origins.is_empty() {
            origins.push(origin(host));
        }
        origins
    }

    fn leaks_in(&self, logs: &[&(String, Log)]) -> Vec<String> {
        let forms: Vec<_> = self.secrets.iter().map(|(secret, meant)| (secret, meant, forms(secret))).collect();
        let mut leaks = Vec::new();
        for (url, log) in logs {
            for asked in log.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                let at = self.stands_for(url, asked);
                // Where one place stands for several origins it must be right for each.
                let seen = forms.iter().filter(|(_, meant, _)| !at.iter().all(|origin| meant.includes(origin)));
                for (secret, meant, forms) in seen {
                    if let Some(form) = found(forms, asked) {
                        leaks.push(format!(
                            "a secret came to {at:?} as `{form}`: `{secret}`, which is for {meant:?}, in {asked:?}"
                        ));
                    }
                }
            }
        }
        leaks
    }
}

impl Meant {
    fn includes(&self, origin: &str) -> bool {
        let host = origin.split("://").nth(1).unwrap_or_default();
        match self {
            Self::Nobody => false,
            Self::Origins(origins) => {
                origins.iter().any(|one| one == origin || one.starts_with('.') && host.ends_with(one))
            }
            Self::Named(name) => {
                let letters =
                    |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
                host.chars().map(letters).eq(name.chars())
            }
        }
    }
}

/// The provider whose secret a variable holds, where it holds one.
fn provider(variable: &str) -> Option<String> {
    if let Some((_, provider)) = VARIABLES.iter().find(|(name, _)| *name == variable) {
        return Some((*provider).to_owned());
    }
    let name = variable.strip_prefix("MEDSETS_TOKEN_").or(variable.strip_prefix("MEDSETS_PASSWORD_"))?;
    Some(name.strip_suffix("_FILE").unwrap_or(name).to_lowercase())
}

fn meant_for(provider: &str) -> Meant {
    let name = provider.to_lowercase().replace(['-', '.'], "_");
    if let Some(host) = name.strip_prefix("http_") {
        return Meant::Named(host.to_owned());
    }
    let known = MEANT.iter().find(|(one, _)| name == *one || name.starts_with(&format!("{one}_")));
    known.map_or(Meant::Nobody, |(_, origins)| Meant::Origins(origins.iter().map(|one| (*one).to_owned()).collect()))
}

/// Scheme, host and port of an address.
fn origin(address: &str) -> String {
    address.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

/// Every form in which a secret may be written: plain, percent-encoded in capitals and small
/// letters, inside a text of JSON, as hexadecimal digits, and as a part of something in base64 (RFC
/// 4648) of either alphabet.
pub fn forms(secret: &str) -> Vec<String> {
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let json = serde_json::to_string(secret).expect("a text");
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![secret.to_owned(), percent.to_lowercase(), percent, json[1..json.len() - 1].to_owned()];
    forms.extend([hex.to_uppercase(), hex]);
    // Inside a longer text base64 begins at one of three places, and its end hangs on what follows.
    for skip in 0..3 {
        let bytes = &secret.as_bytes()[skip..];
        let certain = bytes.len() * 8 / 6;
        forms.extend([STANDARD.encode(bytes), URL_SAFE.encode(bytes)].map(|text| text[..certain].to_owned()));
    }
    forms.sort();
    forms.dedup();
    forms
}

/// The form in which a request holds a secret. What it holds may be encoded once more, or twice.
fn found<'f>(forms: &'f [String], asked: &Asked) -> Option<&'f str> {
    let mut text = format!("{} {}\n", asked.method, asked.path);
    for (name, value) in &asked.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push_str(&String::from_utf8_lossy(&asked.body));
    for _ in 0..3 {
        if let Some(form) = forms.iter().find(|form| text.contains(form.as_str())) {
            return Some(form);
        }
        text = decoded(&text);
    }
    None
}

/// What is secret of a secret: of a link its signature.
fn core(secret: &str) -> String {
    let secret = secret.trim().trim_matches('"');
    let signature = secret.split(['?', '&']).find_map(|pair| pair.strip_prefix("sig="));
    decoded(signature.unwrap_or(secret))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
