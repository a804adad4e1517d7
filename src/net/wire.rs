//! Making the two clients below ours: one for bulk, one for light requests.

use std::sync::Arc;

use reqwest::{Certificate, Proxy};

use super::error::NetError;
use super::request::Lane;
use super::settings::NetSettings;

/// Makes the client of a lane. Costs some milliseconds: the system's certificate authorities
/// are read.
///
/// Where the system has none (an image without `ca-certificates`), plain `http` to a local
/// mirror must still work: then every secure connection is refused with a reason.
pub fn client(settings: &NetSettings, lane: Lane) -> Result<reqwest::Client, NetError> {
    let certificates = certificates(settings)?;
    match builder(settings, lane).tls_certs_merge(certificates.clone()).build() {
        Ok(client) => Ok(client),
        Err(first) => builder(settings, lane)
            .tls_certs_only(certificates)
            .build()
            .map_err(|_| NetError::Setup { reason: super::failure::innermost(&first) }),
    }
}

fn builder(settings: &NetSettings, lane: Lane) -> reqwest::ClientBuilder {
    let proxies = Arc::new(settings.proxies.clone());
    let idle = match lane {
        Lane::Bulk => settings.connections_per_host,
        Lane::Light => settings.streams_per_host,
    };
    let builder = reqwest::Client::builder()
        .user_agent(&settings.user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // Without this the system's own settings would be read from the environment.
        .no_proxy()
        .proxy(Proxy::custom(move |url| proxies.choose(url).map(|proxy| proxy.expose().to_owned())))
        .connect_timeout(settings.connect_timeout)
        .pool_max_idle_per_host(idle.max(1))
        .http2_adaptive_window(true)
        // Many requests share the connection: when it is dead, none of them would ever end.
        .http2_keep_alive_interval(settings.stall_timeout / 2)
        .http2_keep_alive_timeout(settings.stall_timeout / 2);
    match lane {
        Lane::Bulk => builder.http1_only(),
        Lane::Light => builder,
    }
}

fn certificates(settings: &NetSettings) -> Result<Vec<Certificate>, NetError> {
    let mut certificates = Vec::new();
    for file in &settings.ca_files {
        let found = Certificate::from_pem_bundle(file).unwrap_or_default();
        if found.is_empty() {
            let reason = "a file of certificate authorities holds no PEM certificate".to_owned();
            return Err(NetError::Setup { reason });
        }
        certificates.extend(found);
    }
    Ok(certificates)
}
