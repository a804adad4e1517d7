//! The files in which the hosts' own programs keep their credentials.
//!
//! They are read, never written, and each program's rules for their place hold. A file that
//! others may read is refused, unless a variable names it: then it is a secret mounted into a
//! container. Some programs write theirs so that others may; whoever can do without goes on. What such a program has stored for a while is left out when its time is over; it
//! is that program's to renew.
//!
//! Sources: kaggle 2.2.5, huggingface_hub 2.4.0, synapseclient, osfclient 0.0.5, redivis
//! 0.21.1, isic-cli 12.4.0, umls-downloader 0.1.4 and the AWS command line, read 2026-11-23.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::fs;
use crate::values::Secret;

use super::{
    Answer, Credential, CredentialError, CredentialOrigin, CredentialSecret, Form, Part, Surroundings, Wanted,
    host_variables, ini,
};

/// A file that may hold a credential of the wanted form.
pub(super) struct HostFile {
    pub path: PathBuf,
    kind: Kind,
    named_by: NamedBy,
}

/// What names the place of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NamedBy {
    /// The program's custom, or a variable that names the folder.
    Custom,
    /// A variable that names the very file.
    Variable,
}

/// What a file looks like.
enum Kind {
    /// The token and nothing else.
    Text,
    /// Kaggle's user name and key as JSON.
    KaggleJson,
    /// The answer of an OAuth login as JSON; the key that tells when it ends.
    OAuth { expires: &'static str },
    /// Keys in a section: the first of these sections that is there.
    Ini { sections: Vec<String>, keys: &'static [(Part, &'static str)] },
}

/// What a file holds.
enum Held {
    Nothing,
    Half(Part),
    Past(Timestamp),
    Secret { secret: CredentialSecret, expires: Option<Timestamp> },
}

/// The first credential in them.
pub(super) fn find(surroundings: &Surroundings, wanted: &Wanted<'_>) -> Result<Answer, CredentialError> {
    let mut answer = Answer::Nothing;
    for file in files(surroundings, wanted) {
        let Some((text, mode)) = fs::read_text_with_mode(&file.path)? else { continue };
        let text = Zeroizing::new(text);
        match file.kind.read(&text, wanted.form, surroundings.now) {
            None => {
                let expected = file.kind.expected();
                return Err(CredentialError::NotUnderstood { path: file.path, line: None, expected });
            }
            Some(Held::Nothing) => {}
            Some(_) if file.named_by == NamedBy::Custom && mode & 0o077 != 0 => {
                return Err(CredentialError::HostFileTooOpen { path: file.path, mode });
            }
            Some(Held::Half(missing)) => {
                return Err(CredentialError::Incomplete {
                    place: format!("`{}`", file.path.display()),
                    missing: missing.key(),
                    provider: wanted.provider.to_owned(),
                });
            }
            Some(Held::Past(end)) => {
                answer = Answer::Past(format!(
                    "what `{}` holds ended at {end}: sign in with that program again",
                    file.path.display()
                ));
            }
            Some(Held::Secret { secret, expires }) => {
                return Ok(Answer::Found(Credential {
                    secret,
                    origin: CredentialOrigin::HostFile(file.path),
                    expires,
                }));
            }
        }
    }
    Ok(answer)
}

/// Where the host's programs look for a credential of this form, in their order.
pub(super) fn files(surroundings: &Surroundings, wanted: &Wanted<'_>) -> Vec<HostFile> {
    let places = Places(surroundings);
    match (wanted.provider, wanted.form) {
        ("kaggle", Form::Token) => kaggle_tokens(&places),
        ("kaggle", Form::Login) => kaggle_json(&places),
        ("huggingface", Form::Token) => hub_token(&places),
        ("synapse", Form::Token) => synapse(&places),
        ("osf", Form::Token) => {
            let path = surroundings.working_dir.as_ref().map(|dir| dir.join(".osfcli.config"));
            one(path, section("osf", &[(Part::Token, "token")]))
        }
        ("umls", Form::Token) => {
            one(places.below_home(".config/umls.ini"), section("umls", &[(Part::Token, "api_key")]))
        }
        ("redivis", Form::Token) => {
            one(places.below_home(".redivis/python_credentials"), Kind::OAuth { expires: "expires_at" })
        }
        ("isic", Form::Token) => one(isic(&places), Kind::OAuth { expires: "expires_at" }),
        ("s3", Form::Keys) => aws(&places),
        _ => Vec::new(),
    }
}

fn kaggle_tokens(places: &Places<'_>) -> Vec<HostFile> {
    let files = [
        (".kaggle/access_token", Kind::Text),
        (".kaggle/access_token.txt", Kind::Text),
        (".kaggle/credentials.json", Kind::OAuth { expires: "access_token_expiration" }),
    ];
    files.into_iter().flat_map(|(name, kind)| one(places.below_home(name), kind)).collect()
}

fn kaggle_json(places: &Places<'_>) -> Vec<HostFile> {
    let folder = places.variable("KAGGLE_CONFIG_DIR").or_else(|| {
        let usual = places.below_home(".kaggle").filter(|path| fs::is_dir(path));
        usual.or_else(|| Some(places.xdg("XDG_CONFIG_HOME", ".config")?.join("kaggle")))
    });
    one(folder.map(|folder| folder.join("kaggle.json")), Kind::KaggleJson)
}

fn hub_token(places: &Places<'_>) -> Vec<HostFile> {
    if host_variables::is_switched_off(&places.0.variables, "huggingface") {
        return Vec::new();
    }
    if let Some(path) = places.variable("HF_TOKEN_PATH") {
        return vec![HostFile { path, kind: Kind::Text, named_by: NamedBy::Variable }];
    }
    let home = || Some(places.xdg("XDG_CACHE_HOME", ".cache")?.join("huggingface"));
    one(places.variable("HF_HOME").or_else(home).map(|folder| folder.join("token")), Kind::Text)
}

/// The profile is chosen by a variable; without a section `default` the oldest form counts.
fn synapse(places: &Places<'_>) -> Vec<HostFile> {
    let sections = match places.text("SYNAPSE_PROFILE").filter(|name| *name != "default") {
        Some(name) => vec![format!("profile {name}")],
        None => vec!["default".to_owned(), "authentication".to_owned()],
    };
    one(places.below_home(".synapseConfig"), Kind::Ini { sections, keys: &[(Part::Token, "authtoken")] })
}

/// Named by the client that isic-cli signs in as.
fn isic(places: &Places<'_>) -> Option<PathBuf> {
    let client = "girder_cli_oauth_client/api.isic-archive.com/RpCzc4hFjv5gOJdM2DM2nBdokOviOh5ne63Tpn7Q/token.json";
    Some(places.xdg("XDG_DATA_HOME", ".local/share")?.join(client))
}

/// The file of credentials first, then the file of settings, where a profile has another name.
/// Profiles that borrow from another service (roles, single sign-on) hold no keys.
fn aws(places: &Places<'_>) -> Vec<HostFile> {
    const KEYS: &[(Part, &str)] = &[
        (Part::AccessKey, "aws_access_key_id"),
        (Part::SecretKey, "aws_secret_access_key"),
        (Part::SessionToken, "aws_session_token"),
    ];
    let profile = places.text("AWS_PROFILE").or(places.text("AWS_DEFAULT_PROFILE")).unwrap_or("default").to_owned();
    let long = if profile == "default" { profile.clone() } else { format!("profile {profile}") };
    let places =
        [("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", profile), ("AWS_CONFIG_FILE", ".aws/config", long)].map(
            |(variable, usual, section)| {
                let kind = Kind::Ini { sections: vec![section], keys: KEYS };
                match places.variable(variable) {
                    Some(path) => vec![HostFile { path, kind, named_by: NamedBy::Variable }],
                    None => one(places.below_home(usual), kind),
                }
            },
        );
    places.into_iter().flatten().collect()
}

fn one(path: Option<PathBuf>, kind: Kind) -> Vec<HostFile> {
    path.map(|path| HostFile { path, kind, named_by: NamedBy::Custom }).into_iter().collect()
}

fn section(name: &str, keys: &'static [(Part, &'static str)]) -> Kind {
    Kind::Ini { sections: vec![name.to_owned()], keys }
}

/// Folders by their variables.
struct Places<'a>(&'a Surroundings);

impl Places<'_> {
    fn text(&self, variable: &str) -> Option<&str> {
        self.0.variables.get(variable).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A path in a variable; `~/` means home.
    fn variable(&self, variable: &str) -> Option<PathBuf> {
        let text = self.text(variable)?;
        match text.strip_prefix("~/") {
            Some(below) => self.below_home(below),
            None => Some(self.0.working_dir.as_deref().unwrap_or(Path::new("/")).join(text)),
        }
    }

    fn below_home(&self, name: &str) -> Option<PathBuf> {
        self.0.home.as_ref().map(|home| home.join(name))
    }

    /// A folder of the XDG Base Directory Specification.
    fn xdg(&self, variable: &str, usual: &str) -> Option<PathBuf> {
        let given = self.text(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        given.or_else(|| self.below_home(usual))
    }
}

impl Kind {
    /// What the file holds; `None` where it is not of this kind.
    fn read(&self, text: &str, form: Form, now: Timestamp) -> Option<Held> {
        match self {
            Self::Text => {
                let token = text.trim();
                let one_word = !token.contains(char::is_whitespace);
                one_word.then(|| of_text(Some(token)))
            }
            Self::KaggleJson => {
                let json: Value = serde_json::from_str(text).ok()?;
                let text = |part: Part| json.get(if part == Part::User { "username" } else { "key" })?.as_str();
                Some(assembled(form, |part| text(part).filter(|text| !text.is_empty()).map(Secret::new)))
            }
            Self::OAuth { expires } => {
                let json: Value = serde_json::from_str(text).ok()?;
                let expires = json.get(*expires).and_then(moment);
                Some(match (of_text(json.get("access_token").and_then(Value::as_str)), expires) {
                    (Held::Secret { .. }, Some(end)) if end <= now => Held::Past(end),
                    (Held::Secret { secret, .. }, expires) => Held::Secret { secret, expires },
                    (held, _) => held,
                })
            }
            Self::Ini { sections, keys } => {
                let Some(section) = sections.iter().find(|name| ini::has_section(text, name)) else {
                    return Some(Held::Nothing);
                };
                let key = |part: Part| keys.iter().find(|(one, _)| *one == part).map(|(_, key)| *key);
                Some(assembled(form, |part| ini::value(text, section, key(part)?).map(Secret::new)))
            }
        }
    }

    fn expected(&self) -> &'static str {
        match self {
            Self::Text => "the token is to stand alone in it",
            Self::KaggleJson => "it must be JSON with `username` and `key`",
            Self::OAuth { .. } => "it must be JSON with an `access_token`",
            Self::Ini { .. } => "it must have sections and keys",
        }
    }
}

fn of_text(text: Option<&str>) -> Held {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => Held::Secret { secret: CredentialSecret::Token(Secret::new(text)), expires: None },
        None => Held::Nothing,
    }
}

fn assembled(form: Form, get: impl FnMut(Part) -> Option<Secret>) -> Held {
    match form.assemble(get) {
        Ok(Some(secret)) => Held::Secret { secret, expires: None },
        Ok(None) => Held::Nothing,
        Err(missing) => Held::Half(missing),
    }
}

/// Seconds since 1970, with or without a fraction, or a date as text; without a zone it is UTC.
fn moment(value: &Value) -> Option<Timestamp> {
    if let Some(seconds) = value.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds are enough")]
        return Timestamp::from_second(seconds as i64).ok();
    }
    let text = value.as_str()?;
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}
