//! Every setting there is.

use std::time::Duration;

use crate::mirror::MirrorUrl;
use crate::net::{ProxyUrl, Rewrites};
use crate::values::{ByteSize, SafeUrl};

/// One setting: its name in `config.toml`, its variable, and what it takes.
#[derive(Debug)]
pub struct Key {
    /// Name in the file and for `medsets config`.
    pub name: &'static str,
    /// The environment variable, where there is one.
    pub variable: Option<&'static str>,
    /// What it takes.
    pub kind: Kind,
    /// What it does, one line.
    pub about: &'static str,
}

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A folder or file; `~/` means home; relative paths are seen from the working folder.
    Path,
    /// Several of them, separated by `:`.
    Paths,
    /// `true` or `false`, `1` or `0`.
    Switch,
    /// A whole number in this range.
    Number(u64, u64),
    /// A size in bytes, per second where it is a rate.
    Size,
    /// Seconds, or a number with `s`, `m`, `h` or `d`.
    Time,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The address of a proxy, which may hold a password.
    Proxy,
    /// Address prefixes to replace, which may hold passwords.
    Rewrites,
    /// Addresses of mirrors, separated by commas.
    Mirrors,
    /// The address of an interface.
    Address,
    /// Any text.
    Text,
}

/// All settings, in the order they are listed.
pub const KEYS: &[Key] = &[
    key("data-dir", Some("MEDSETS_DATA_DIR"), Kind::Path, "where datasets are kept"),
    key("state-dir", Some("MEDSETS_STATE_DIR"), Kind::Path, "where the ledger and its evidence are kept"),
    key("catalog", Some("MEDSETS_CATALOG"), Kind::Paths, "folders laid over the embedded catalogue"),
    key(
        "access",
        None,
        Kind::Word(&["auto", "private", "group", "shared"]),
        "who may read fetched data: auto is private for gated data, shared for open data",
    ),
    key("keep-archives", None, Kind::Word(&["auto", "yes", "no"]), "whether archives stay after unpacking"),
    key(
        "store",
        Some("MEDSETS_STORE"),
        Kind::Word(&["auto", "all", "off"]),
        "which files datasets share with each other: auto from 1 MiB, all, or none",
    ),
    key(
        "link-mode",
        Some("MEDSETS_LINK_MODE"),
        Kind::Word(&["auto", "reflink", "hardlink", "copy"]),
        "how they are shared: auto by reflink, else by hard link, which makes them read-only",
    ),
    key("shared-dirs", Some("MEDSETS_SHARED_DIRS"), Kind::Paths, "data folders of others, read before a host is asked"),
    key("policy", Some("MEDSETS_POLICY"), Kind::Path, "policy file for audits, in place of the project's"),
    key("offline", Some("MEDSETS_OFFLINE"), Kind::Switch, "never use the network"),
    key("no-input", Some("MEDSETS_NO_INPUT"), Kind::Switch, "never ask"),
    key("jobs", Some("MEDSETS_JOBS"), Kind::Number(1, 64), "files in work at once"),
    key("ranges", Some("MEDSETS_RANGES"), Kind::Number(1, 32), "connections for one big file"),
    key("limit-rate", Some("MEDSETS_LIMIT_RATE"), Kind::Size, "bytes per second for all downloads together"),
    key(
        "retries",
        Some("MEDSETS_RETRIES"),
        Kind::Number(0, 100),
        "attempts without progress before a download is given up",
    ),
    key(
        "stall-timeout",
        Some("MEDSETS_STALL_TIMEOUT"),
        Kind::Time,
        "time without a byte after which a connection is given up",
    ),
    key("lock-wait", None, Kind::Time, "how long to wait for another run that works on the same dataset"),
    key(
        "proxy",
        Some("MEDSETS_PROXY"),
        Kind::Proxy,
        "proxy for all hosts; else HTTPS_PROXY, http_proxy (not HTTP_PROXY), ALL_PROXY and NO_PROXY hold",
    ),
    key("ca-cert", Some("MEDSETS_CA_CERT"), Kind::Path, "file with further certificate authorities (PEM)"),
    key("rewrite", Some("MEDSETS_REWRITE"), Kind::Rewrites, "address prefixes to replace, FROM=TO;FROM=TO"),
    key("progress", Some("MEDSETS_PROGRESS"), Kind::Word(&["auto", "bar", "plain", "none"]), "how progress is shown"),
    key(
        "keyring",
        Some("MEDSETS_KEYRING"),
        Kind::Word(&["auto", "os", "file", "none"]),
        "where stored credentials are looked for",
    ),
    key(
        "physionet.user-agent",
        None,
        Kind::Text,
        "what PhysioNet is told of the program: it reads passwords only from programs it knows, such as Wget",
    ),
    key(
        "s3.requester-pays",
        None,
        Kind::Switch,
        "whether Amazon may charge your AWS account for what you read from buckets whose readers pay",
    ),
    key(
        "mirrors",
        Some("MEDSETS_MIRRORS"),
        Kind::Mirrors,
        "mirrors of the team, asked before the hosts: s3://BUCKET/PREFIX, gs://..., az://ACCOUNT/CONTAINER, file:///FOLDER",
    ),
    key(
        "mirror.endpoint",
        Some("MEDSETS_MIRROR_ENDPOINT"),
        Kind::Address,
        "address of the mirrors' store; else AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL for s3://, the cloud's own",
    ),
    key("mirror.region", None, Kind::Text, "region of s3:// mirrors; else AWS_REGION, AWS_DEFAULT_REGION, us-east-1"),
    key("identity.name", None, Kind::Text, "your name, for the ledger"),
    key("identity.email", None, Kind::Text, "your e-mail address, for the ledger"),
    key("identity.institution", None, Kind::Text, "your institution, for the ledger"),
];

const fn key(name: &'static str, variable: Option<&'static str>, kind: Kind, about: &'static str) -> Key {
    Key { name, variable, kind, about }
}

impl Key {
    /// The setting of this name.
    pub fn find(name: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// A value as it may be shown: without what may be secret in it.
    pub fn shown(&self, value: &str) -> String {
        const HIDDEN: &str = "****";
        match self.kind {
            Kind::Proxy => ProxyUrl::parse(value).map_or(HIDDEN.to_owned(), |proxy| proxy.to_string()),
            Kind::Rewrites => Rewrites::parse(value).map_or(HIDDEN.to_owned(), |rewrites| rewrites.to_string()),
            Kind::Mirrors => MirrorUrl::parse_all(value)
                .map_or(HIDDEN.to_owned(), |all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
            Kind::Address => SafeUrl::parse(value).map_or(HIDDEN.to_owned(), |url| url.to_string()),
            _ => value.to_owned(),
        }
    }

    /// Says what is wrong with a value, if anything. Repeats nothing of one that may be secret.
    pub fn check(&self, value: &str) -> Result<(), String> {
        match self.kind {
            Kind::Path | Kind::Paths | Kind::Text => Ok(()),
            Kind::Mirrors => MirrorUrl::parse_all(value).map(|_| ()).map_err(|error| error.to_string()),
            Kind::Address => match SafeUrl::parse(value) {
                Ok(url) if url.expose().query().is_none() && url.expose().username().is_empty() => Ok(()),
                _ => Err("it takes an http or https address without a name, password or query".to_owned()),
            },
            Kind::Switch => switch(value).map(|_| ()).ok_or_else(|| "it takes `true` or `false`".to_owned()),
            Kind::Number(least, most) => match value.parse::<u64>() {
                Ok(number) if (least..=most).contains(&number) => Ok(()),
                _ => Err(format!("it takes a whole number from {least} to {most}")),
            },
            Kind::Size => value.parse::<ByteSize>().map(|_| ()).map_err(|error| error.to_string()),
            Kind::Time => {
                time(value).map(|_| ()).ok_or_else(|| "it takes seconds, or a number with s, m, h or d".to_owned())
            }
            Kind::Proxy => ProxyUrl::parse(value).map(|_| ()).map_err(|error| error.reason().to_owned()),
            Kind::Rewrites => {
                Rewrites::parse(value).map(|_| ()).map_err(|error| format!("entry {}: {}", error.entry, error.reason))
            }
            Kind::Word(words) if words.contains(&value) => Ok(()),
            Kind::Word(words) => Err(format!("it takes one of {}", words.join(", "))),
        }
    }
}

/// Reads `true`, `1`, `yes`, `on` and their opposites.
pub fn switch(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Reads `90`, `90s`, `5m`, `2h`, `30d`.
pub fn time(value: &str) -> Option<Duration> {
    let (number, factor) = match value.trim().char_indices().last()? {
        (end, 's') => (&value[..end], 1.0),
        (end, 'm') => (&value[..end], 60.0),
        (end, 'h') => (&value[..end], 3600.0),
        (end, 'd') => (&value[..end], 86400.0),
        _ => (value, 1.0),
    };
    let seconds = number.trim().parse::<f64>().ok()? * factor;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_values_are_checked() {
        for (index, key) in KEYS.iter().enumerate() {
            assert!(KEYS[..index].iter().all(|other| other.name != key.name), "{}", key.name);
        }
        #[track_caller]
        fn check(name: &str, value: &str, good: bool) {
            assert_eq!(Key::find(name).unwrap().check(value).is_ok(), good, "{name} = {value}");
        }
        check("jobs", "8", true);
        check("jobs", "0", false);
        check("jobs", "many", false);
        check("offline", "TRUE", true);
        check("offline", "maybe", false);
        check("limit-rate", "10MB", true);
        check("limit-rate", "fast", false);
        check("stall-timeout", "1.5m", true);
        check("stall-timeout", "-1", false);
        check("keyring", "os", true);
        check("keyring", "cloud", false);
        check("proxy", "proxy.example:3128", true);
        check("proxy", "http://user:secret@", false);
        check("rewrite", "https://a.example/=https://b.example/", true);
        check("rewrite", "garbage", false);
    }

    #[test]
    fn passwords_in_addresses_are_not_shown() {
        #[track_caller]
        fn check(name: &str, value: &str, shown: &str) {
            let key = Key::find(name).unwrap();
            assert_eq!(key.shown(value), shown);
            let reason = key.check(value).err().unwrap_or_default();
            assert!(!reason.contains("secret"), "{reason}");
        }
        check("proxy", "http://user:secret@proxy.example:3128", "http://proxy.example:3128");
        check("proxy", "user:secret", "****");
        check("rewrite", "https://a.example/=https://me:secret@b.example/x", "https://a.example/=https://b.example/x");
        check("rewrite", "https://me:secret@a.example/ to b", "****");
        check("rewrite", "ftp://me:secret@a.example/=https://b.example/", "****");
        check("jobs", "4", "4");
    }
}
