//! Which requests go through a proxy.
//!
//! Values as the usual variables hold them (`HTTPS_PROXY`, `NO_PROXY`), read by the caller.
//! The rules are our own so that an error can name the proxy that was used.

use std::fmt;
use std::net::IpAddr;

use url::Url;

use crate::values::Secret;

/// Proxies by the scheme of the address asked for. Never used for this machine itself.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// For `http` addresses.
    pub http: Option<ProxyUrl>,
    /// For `https` addresses.
    pub https: Option<ProxyUrl>,
    /// For both, where nothing more special is given.
    pub all: Option<ProxyUrl>,
    /// Hosts reached directly: names, `.suffixes`, addresses, networks, `host:port`, `*`.
    pub no_proxy: String,
}

/// The address of a proxy, which may hold user and password. Shown without them.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    shown: String,
    whole: Secret,
}

/// The text is no proxy address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is not a proxy address: {reason}")]
pub struct NotAProxy {
    shown: String,
    reason: String,
}

impl ProxyUrl {
    /// Reads an address; one without a scheme is an `http` one.
    pub fn parse(text: &str) -> Result<Self, NotAProxy> {
        let text = text.trim();
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let behind_user = text.rsplit('@').next().unwrap_or_default();
        let refused = |reason: &str| NotAProxy {
            shown: crate::values::Printable::new(behind_user).to_string(),
            reason: reason.to_owned(),
        };
        let mut url = Url::parse(&whole).map_err(|error| refused(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h") {
            return Err(refused("its scheme is none of http, https, socks4, socks5, socks5h"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(refused("it names no host"));
        }
        // Fails only without a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(Self { shown: url.as_str().trim_end_matches('/').to_owned(), whole: Secret::new(whole) })
    }

    /// The address with user and password. Only for connecting.
    pub fn expose(&self) -> &str {
        self.whole.expose()
    }
}

impl NotAProxy {
    /// What is wrong, without the text itself.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.shown)
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl Proxies {
    /// The proxy for an address, if one is to be used.
    pub fn choose(&self, target: &Url) -> Option<&ProxyUrl> {
        let special = if target.scheme() == "https" { self.https.as_ref() } else { self.http.as_ref() };
        let proxy = special.or(self.all.as_ref())?;
        (!self.is_direct(target)).then_some(proxy)
    }

    fn is_direct(&self, target: &Url) -> bool {
        let host = target.host_str().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok();
        let loopback = host == "localhost" || host.ends_with(".localhost");
        if loopback || address.is_some_and(|address| address.is_loopback()) {
            return true;
        }
        let port = target.port_or_known_default();
        self.no_proxy.split([',', ' ']).map(str::trim).any(|rule| fits(rule, &host, address, port))
    }
}

/// Whether one entry of a `NO_PROXY` list names the host.
fn fits(rule: &str, host: &str, address: Option<IpAddr>, port: Option<u16>) -> bool {
    if rule.is_empty() {
        return false;
    }
    if rule == "*" {
        return true;
    }
    if let (Some((network, bits)), Some(address)) = (rule.split_once('/'), address) {
        return network.parse().is_ok_and(|network| bits.parse().is_ok_and(|bits| is_within(address, network, bits)));
    }
    let rule = rule.to_ascii_lowercase();
    if let (Ok(named), Some(address)) = (rule.trim_matches(['[', ']']).parse::<IpAddr>(), address) {
        return named == address;
    }
    let (name, wanted) = match rule.rsplit_once(':') {
        Some((name, digits)) if !name.contains(':') => (name, digits.parse::<u16>().ok()),
        _ => (rule.as_str(), None),
    };
    if wanted.is_some() && wanted != port {
        return false;
    }
    let name = name.trim_start_matches("*.").trim_start_matches('.');
    host == name || (address.is_none() && host.strip_suffix(name).is_some_and(|left| left.ends_with('.')))
}

fn is_within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) if bits <= 32 => {
            let shift = 32 - bits;
            address.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) if bits <= 128 => {
            let shift = 128 - bits;
            address.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_by_scheme_and_leaves_out_what_is_direct() {
        let proxies = Proxies {
            http: Some(ProxyUrl::parse("plain.example:3128").unwrap()),
            https: None,
            all: Some(ProxyUrl::parse("http://jane:pw@all.example:8080").unwrap()),
            no_proxy: "direct.example, .inner.example,10.0.0.0/8, 192.0.2.7 ,port.example:8443".into(),
        };
        #[track_caller]
        fn check(proxies: &Proxies, url: &str, expected: Option<&str>) {
            let chosen = proxies.choose(&Url::parse(url).unwrap()).map(ToString::to_string);
            assert_eq!(chosen.as_deref(), expected, "{url}");
        }
        check(&proxies, "http://data.example/", Some("http://plain.example:3128"));
        check(&proxies, "https://data.example/", Some("http://all.example:8080"));
        check(&proxies, "https://direct.example/", None);
        check(&proxies, "https://a.direct.example/", None);
        check(&proxies, "https://notdirect.example/", Some("http://all.example:8080"));
        check(&proxies, "https://x.inner.example/", None);
        check(&proxies, "https://10.1.2.3/", None);
        check(&proxies, "https://11.1.2.3/", Some("http://all.example:8080"));
        check(&proxies, "https://192.0.2.7/", None);
        check(&proxies, "https://port.example:8443/", None);
        check(&proxies, "https://port.example/", Some("http://all.example:8080"));
        check(&proxies, "http://127.0.0.1:8080/", None); // this machine, whatever the list says
        check(&proxies, "http://[::1]:8080/", None);
        check(&Proxies { no_proxy: "*".into(), ..proxies.clone() }, "https://data.example/", None);
    }

    #[test]
    fn never_shows_the_password() {
        let proxy = ProxyUrl::parse("http://jane:pw@proxy.example:8080").unwrap();
        assert_eq!(format!("{proxy} {proxy:?}"), "http://proxy.example:8080 http://proxy.example:8080");
        let error = ProxyUrl::parse("ftp://jane:pw@proxy.example").unwrap_err().to_string();
        assert!(!error.contains("pw"), "{error}");
    }
}
