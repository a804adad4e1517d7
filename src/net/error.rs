//! What can go wrong on the network, by what a person can do about it.
//!
//! Messages name the address as [`SafeUrl`] shows it. They never hold the body of an answer:
//! hosts repeat credentials in it.

use std::time::Duration;

use crate::remedy::Remedy;
use crate::values::SafeUrl;

/// A request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The network is switched off, and this was needed from it.
    #[error("offline: would need {}", list(needed))]
    Offline {
        /// What would have been asked for.
        needed: Vec<SafeUrl>,
    },
    /// The host's name has no address.
    #[error("name not found: `{}` for <{url}>", url.host())]
    NameNotFound {
        /// What was asked for.
        url: SafeUrl,
    },
    /// No connection to the host.
    #[error("cannot connect to `{}` for <{url}>: {reason}", url.host())]
    CannotConnect {
        /// What was asked for.
        url: SafeUrl,
        /// The system's words.
        reason: String,
    },
    /// The host cannot prove who it is, or speaks no TLS that we do.
    #[error("no secure connection to `{}` for <{url}>: {reason}", url.host())]
    Tls {
        /// What was asked for.
        url: SafeUrl,
        /// What is wrong with its certificate or its TLS.
        reason: String,
    },
    /// The proxy did not let the request through.
    #[error("proxy `{proxy}` failed for <{url}>: {reason}")]
    ProxyFailed {
        /// The proxy, without user and password.
        proxy: String,
        /// What was asked for.
        url: SafeUrl,
        /// What happened.
        reason: String,
    },
    /// The proxy wants to know who asks, or does not believe it.
    #[error("proxy `{proxy}` wants another user and password (status 407) for <{url}>")]
    ProxySignIn {
        /// The proxy, without user and password.
        proxy: String,
        /// What was asked for.
        url: SafeUrl,
    },
    /// The host was silent, or as good as silent, for too long.
    #[error("`{}` stalled: {what} within {} s from <{url}>", url.host(), after.as_secs())]
    Stalled {
        /// What was asked for.
        url: SafeUrl,
        /// What did not come.
        what: &'static str,
        /// How long we waited.
        after: Duration,
    },
    /// The connection broke before an answer began.
    #[error("connection to `{}` broke off at <{url}>: {reason}", url.host())]
    Interrupted {
        /// What was asked for.
        url: SafeUrl,
        /// How.
        reason: String,
    },
    /// An answer ended before it was whole.
    #[error("the answer of `{}` ended too early for <{url}>: {reason}", url.host())]
    CutShort {
        /// What was asked for.
        url: SafeUrl,
        /// How.
        reason: String,
    },
    /// A signed address whose time is over, the host says.
    #[error("`{}` says that the time of the link is over for <{url}>", url.host())]
    LinkExpired {
        /// What was asked for.
        url: SafeUrl,
    },
    /// The host wants fewer requests.
    #[error("`{}` limits requests (status {status}{}) for <{url}>", url.host(), later(*retry_after))]
    RateLimited {
        /// What was asked for.
        url: SafeUrl,
        /// Status code of the answer.
        status: u16,
        /// When it may be asked again.
        retry_after: Option<Duration>,
    },
    /// The host has trouble of its own.
    #[error("server error {status} from `{}`{} for <{url}>", url.host(), later(*retry_after))]
    ServerError {
        /// What was asked for.
        url: SafeUrl,
        /// Status code of the answer.
        status: u16,
        /// When it may be asked again.
        retry_after: Option<Duration>,
    },
    /// Nothing is there, or no longer.
    #[error("not found on `{}` (status {status}): <{url}>", url.host())]
    Gone {
        /// What was asked for.
        url: SafeUrl,
        /// Status code of the answer.
        status: u16,
    },
    /// The host wants to know who asks.
    #[error(
        "`{}` {} (status 401) for <{url}>{}", url.host(),
        if *credential_sent { "refuses the credential" } else { "wants a credential" }, hinted(hint)
    )]
    SignInNeeded {
        /// What was asked for.
        url: SafeUrl,
        /// Whether a credential was sent.
        credential_sent: bool,
        /// The host's code for the reason, where it sends one in a header.
        hint: Option<String>,
    },
    /// The host knows who asks and says no; or a signed link has expired.
    #[error("`{}` does not permit (status 403) <{url}>{}", url.host(), hinted(hint))]
    NotPermitted {
        /// What was asked for.
        url: SafeUrl,
        /// Whether a credential was sent.
        credential_sent: bool,
        /// The host's code for the reason, where it sends one in a header.
        hint: Option<String>,
    },
    /// A redirect that is not followed.
    #[error("redirect from <{from}> to `{to}` is not followed: {reason}")]
    Redirect {
        /// What was asked for first.
        from: SafeUrl,
        /// Where it led, without secrets.
        to: String,
        /// Why it is not followed.
        reason: &'static str,
    },
    /// Our own rules forbid the connection.
    #[error("connection for <{url}> refused: {reason}")]
    Forbidden {
        /// What was asked for.
        url: SafeUrl,
        /// The rule.
        reason: &'static str,
    },
    /// The answer makes no sense as one to this request.
    #[error("unusable answer from `{}` for <{url}>: {reason}", url.host())]
    Protocol {
        /// What was asked for.
        url: SafeUrl,
        /// What is wrong with it.
        reason: String,
    },
    /// A status that has no meaning of its own here.
    #[error("unusable answer from `{}` for <{url}>: status {status}", url.host())]
    Status {
        /// What was asked for.
        url: SafeUrl,
        /// It.
        status: u16,
    },
    /// A page or listing is larger than anything sensible.
    #[error("answer for <{url}> is larger than {limit}")]
    TooLarge {
        /// What was asked for.
        url: SafeUrl,
        /// The limit.
        limit: crate::values::ByteSize,
    },
    /// This program could not set up its side.
    #[error("cannot set up the network client: {reason}")]
    Setup {
        /// What is wrong, in a certificate file or a proxy address for example.
        reason: String,
    },
}

impl NetError {
    /// The exit code of this class of failure (command line contract, section 3).
    pub fn exit(&self) -> u8 {
        match self {
            Self::Offline { .. } => 30,
            Self::NameNotFound { .. }
            | Self::CannotConnect { .. }
            | Self::Tls { .. }
            | Self::ProxyFailed { .. }
            | Self::ProxySignIn { .. }
            | Self::Interrupted { .. } => 31,
            Self::CutShort { .. } => 41,
            Self::LinkExpired { .. } => 36,
            Self::Stalled { .. } => 32,
            Self::RateLimited { .. } => 33,
            Self::ServerError { .. }
            | Self::Redirect { .. }
            | Self::Protocol { .. }
            | Self::Status { .. }
            | Self::TooLarge { .. } => 34,
            Self::Gone { .. } => 35,
            Self::SignInNeeded { credential_sent: false, .. } => 20,
            Self::SignInNeeded { .. } => 21,
            Self::NotPermitted { .. } => 22,
            Self::Forbidden { .. } | Self::Setup { .. } => 10,
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.exit(), 31..=34 | 41)
    }

    /// What was asked for; of several the first.
    pub fn url(&self) -> Option<&SafeUrl> {
        match self {
            Self::Offline { needed } => needed.first(),
            Self::NameNotFound { url }
            | Self::CannotConnect { url, .. }
            | Self::Tls { url, .. }
            | Self::ProxyFailed { url, .. }
            | Self::ProxySignIn { url, .. }
            | Self::Stalled { url, .. }
            | Self::Interrupted { url, .. }
            | Self::CutShort { url, .. }
            | Self::LinkExpired { url }
            | Self::RateLimited { url, .. }
            | Self::ServerError { url, .. }
            | Self::Gone { url, .. }
            | Self::SignInNeeded { url, .. }
            | Self::NotPermitted { url, .. }
            | Self::Redirect { from: url, .. }
            | Self::Forbidden { url, .. }
            | Self::Protocol { url, .. }
            | Self::Status { url, .. }
            | Self::TooLarge { url, .. } => Some(url),
            Self::Setup { .. } => None,
        }
    }

    /// How long to wait before asking again, where the host said.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::ServerError { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Status code of the answer, where there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::RateLimited { status, .. }
            | Self::ServerError { status, .. }
            | Self::Gone { status, .. }
            | Self::Status { status, .. } => Some(*status),
            Self::SignInNeeded { .. } => Some(401),
            Self::NotPermitted { .. } => Some(403),
            _ => None,
        }
    }
}

impl Remedy for NetError {
    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Offline { .. } => "run again without `--offline` once there is a network".into(),
            Self::NameNotFound { .. } => {
                "check the network; behind a proxy set `MEDSETS_PROXY`, without a network use `--offline`".into()
            }
            Self::CannotConnect { .. } => "check the network and whether a proxy is needed (`MEDSETS_PROXY`)".into(),
            Self::Tls { .. } => {
                "check this machine's clock; where a proxy inspects TLS, name its certificate in `MEDSETS_CA_CERT`"
                    .into()
            }
            Self::ProxyFailed { .. } => "check `MEDSETS_PROXY`, `HTTPS_PROXY` and `NO_PROXY`".into(),
            Self::ProxySignIn { .. } => {
                "write user and password into the address of the proxy: `http://USER:PASSWORD@HOST:PORT`".into()
            }
            Self::LinkExpired { .. } => "ask the host for a new link and run the same command again".into(),
            Self::Stalled { .. } | Self::Interrupted { .. } | Self::CutShort { .. } | Self::ServerError { .. } => {
                "run the same command again later; finished parts are kept".into()
            }
            Self::RateLimited { retry_after: Some(after), .. } => {
                format!("run the same command again in {}; finished parts are kept", words(*after))
            }
            Self::RateLimited { .. } => "run the same command again later, with fewer `--jobs`".into(),
            Self::Forbidden { .. } => "correct the rewriting rule or use an `https` address".into(),
            Self::Gone { .. } => "open the address in a browser to see whether it moved".into(),
            Self::SignInNeeded { credential_sent: false, .. } => {
                "open the address in a browser to see who may have it; what you get there by hand `medsets import` takes in"
                    .into()
            }
            Self::NotPermitted { .. } => {
                "open the address in a browser to see why: the publisher may have closed it, or keep programs out; what \
                 you get there by hand `medsets import` takes in"
                    .into()
            }
            Self::SignInNeeded { .. }
            | Self::Redirect { .. }
            | Self::Protocol { .. }
            | Self::Status { .. }
            | Self::TooLarge { .. }
            | Self::Setup { .. } => return None,
        })
    }
}

/// A duration as people say it.
fn words(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..120 => format!("{} s", seconds.max(1)),
        seconds @ 120..7200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}

fn later(retry_after: Option<Duration>) -> String {
    retry_after.map(|after| format!(", try again after {}", words(after))).unwrap_or_default()
}

fn hinted(hint: &Option<String>) -> String {
    hint.as_ref().map(|hint| format!(": {hint}")).unwrap_or_default()
}

fn list(urls: &[SafeUrl]) -> String {
    urls.iter().map(|url| format!("<{url}>")).collect::<Vec<_>>().join(", ")
}
