//! The only door to the network.
//!
//! A [`Client`] sends requests and gives back a [`Response`] whose body arrives piece by
//! piece. Held here once for everything above: no request when offline, address rewriting just
//! before connecting, at most so many connections to one host, the time a host asked us to
//! wait, the rate limit, proxies, certificate authorities, redirects by origin, and patience.
//! What an answer means for a retry is decided by pure functions in [`retry`].
//!
//! Left out: other methods than GET and POST (but for [`connector`], through which object stores
//! are written to), decompression of transport encodings (a `.nii.gz` must
//! arrive as its digest expects it), HTTP/3, and any storing of cookies beyond one chain of
//! redirects. Nothing here reads the environment or the clock: both come in with
//! [`NetSettings`].

pub mod api;
pub mod aws_signature;
pub mod client;
#[cfg(feature = "cloud")]
pub mod connector;
pub mod cursors;
pub mod error;
#[cfg(feature = "cloud")]
pub mod exchange;
pub mod gate;
pub mod limit;
pub mod lines;
pub mod loopback;
pub mod pages;
pub mod patience;
pub mod proxy;
pub mod redirect;
pub mod request;
pub mod response;
pub mod retry;
pub mod rewrite;
pub mod settings;
pub mod validator;

mod failure;
mod hop;
mod wire;

pub use api::{Answer, Lead, Peek};
pub use aws_signature::AwsKey;
pub use client::Client;
pub use cursors::{CursorError, Cursors, ListLimit};
pub use error::NetError;
pub use lines::{Packing, Read};
pub use pages::Page;
pub use proxy::{Proxies, ProxyUrl};
pub use request::{Body, Cookies, HttpRequest, Lane, RangeSupport, RequestCredential, SameVersion, Want};
pub use response::Response;
pub use rewrite::{Rewrite, Rewrites, RewritesError};
pub use settings::{Clock, NetSettings};
pub use validator::{ContentRange, Validator};
