//! The network settings of a run, from its settings and the usual variables.

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
            .map(|(name, value)| ProxyUrl::parse(&value).map_err(|error| refused("proxy", &name, error.to_string())))
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
    let mut paths = Vec::new();
    paths.extend(context.settings.path(&context.environment, "ca-cert")?);
    if let Some(path) = context.environment.variable("SSL_CERT_FILE") {
        paths.push(context.environment.absolute(path)?);
    }
    for dir in context.environment.variable("SSL_CERT_DIR").unwrap_or_default().split(':').filter(|dir| !dir.is_empty())
    {
        for path in fs::list_dir(&context.environment.absolute(dir)?)? {
            let named = path.extension().is_some_and(|extension| extension == "pem" || extension == "crt");
            if named {
                paths.push(path);
            }
        }
    }
    Ok(paths.iter().map(|path| fs::read(path, 16 << 20)).collect::<Result<_, _>>()?)
}

fn rewrites(setting: Option<&Setting>) -> Result<Rewrites, ContextError> {
    let Some(setting) = setting else { return Ok(Rewrites::default()) };
    Rewrites::parse(&setting.value).map_err(|error| refused("rewrite", &setting.origin.to_string(), error.to_string()))
}

fn refused(key: &str, origin: &str, reason: String) -> ContextError {
    ContextError::Value {
        key: key.to_owned(),
        value: "****".to_owned(),
        origin: Printable::new(origin).to_string(),
        reason,
    }
}
