//! The network settings of a run, from its settings and the usual variables.

use std::path::{Path, PathBuf};

use crate::fs;
use crate::net::{Clock, NetSettings, Proxies, ProxyUrl, Rewrites};
use crate::values::Printable;

use super::error::ContextError;
use super::settings::Setting;
use super::{Context, clock};

/// Gathers them. Fails on an address that is none, and on a file that cannot be read.
pub fn settings(context: &Context) -> Result<NetSettings, ContextError> {
    let given = &context.settings;
    let usual = NetSettings::new(Clock::new(clock));
    let jobs = given.number("jobs").unwrap_or(8).max(given.number("ranges").unwrap_or(4));
    Ok(NetSettings {
        offline: given.is_on("offline"),
        proxies: proxies(context)?,
        ca_files: ca_files(context)?,
        rewrites: rewrites(given.get("rewrite"))?,
        connections_per_host: usual.connections_per_host.max(usize::try_from(jobs).unwrap_or(64)),
        stall_timeout: given.time("stall-timeout").unwrap_or(usual.stall_timeout),
        retries: given.number("retries").and_then(|number| u32::try_from(number).ok()).unwrap_or(usual.retries),
        limit_rate: given.size("limit-rate"),
        report: context.report.clone(),
        ..usual
    })
}

/// Our own setting for all hosts, else the usual variables in either case; `HTTP_PROXY` in
/// capitals is not believed, since a web server may set it from a header ("httpoxy").
fn proxies(context: &Context) -> Result<Proxies, ContextError> {
    let variable = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| context.environment.variable(name).map(|value| (name.to_string(), value.to_owned())))
    };
    let parse = |found: Option<(String, String)>| {
        found
            .map(|(name, value)| {
                ProxyUrl::parse(&value).map_err(|error| refused("proxy", &name, error.reason().to_owned()))
            })
            .transpose()
    };
    let own = context.settings.get("proxy").map(|setting| (setting.origin.to_string(), setting.value.clone()));
    if own.is_some() {
        let no_proxy = variable(&["no_proxy", "NO_PROXY"]).map(|(_, value)| value).unwrap_or_default();
        return Ok(Proxies { all: parse(own)?, no_proxy, ..Proxies::default() });
    }
    Ok(Proxies {
        http: parse(variable(&["http_proxy"]))?,
        https: parse(variable(&["https_proxy", "HTTPS_PROXY"]))?,
        all: parse(variable(&["all_proxy", "ALL_PROXY"]))?,
        no_proxy: variable(&["no_proxy", "NO_PROXY"]).map(|(_, value)| value).unwrap_or_default(),
    })
}

/// `ca-cert`, `SSL_CERT_FILE` and every file of `SSL_CERT_DIR`, as bytes.
fn ca_files(context: &Context) -> Result<Vec<Vec<u8>>, ContextError> {
    let mut paths: Vec<(String, PathBuf)> = Vec::new();
    if let (Some(setting), Some(path)) =
        (context.settings.get("ca-cert"), context.settings.path(&context.environment, "ca-cert")?)
    {
        paths.push((setting.origin.to_string(), path));
    }
    if let Some(path) = context.environment.variable("SSL_CERT_FILE") {
        paths.push(("variable SSL_CERT_FILE".to_owned(), context.environment.absolute(path)?));
    }
    for dir in context.environment.variable("SSL_CERT_DIR").unwrap_or_default().split(':').filter(|dir| !dir.is_empty())
    {
        let (dir, origin) = (context.environment.absolute(dir)?, "variable SSL_CERT_DIR");
        for path in fs::list_dir(&dir).map_err(|error| unreadable(origin, &dir, &error))? {
            let named = path.extension().is_some_and(|extension| extension == "pem" || extension == "crt");
            if named {
                paths.push((origin.to_owned(), path));
            }
        }
    }
    let read =
        |(origin, path): &(String, PathBuf)| fs::read(path, 16 << 20).map_err(|error| unreadable(origin, path, &error));
    paths.iter().map(read).collect()
}

/// Certificates that are named and cannot be read: a wrong setting.
fn unreadable(origin: &str, path: &Path, error: &fs::FsError) -> ContextError {
    ContextError::Value {
        key: "ca-cert".to_owned(),
        value: Printable::new(&path.to_string_lossy()).to_string(),
        origin: origin.to_owned(),
        reason: error.to_string(),
    }
}

fn rewrites(setting: Option<&Setting>) -> Result<Rewrites, ContextError> {
    let Some(setting) = setting else { return Ok(Rewrites::default()) };
    let said = |error: crate::net::RewritesError| format!("entry {}: {}", error.entry, error.reason);
    Rewrites::parse(&setting.value).map_err(|error| refused("rewrite", &setting.origin.to_string(), said(error)))
}

fn refused(key: &str, origin: &str, reason: String) -> ContextError {
    ContextError::Value {
        key: key.to_owned(),
        value: "****".to_owned(),
        origin: Printable::new(origin).to_string(),
        reason,
    }
}
