//! A small web host on loopback, told by a closure what to answer; it keeps a log.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::watch::Watch;

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET`, `HEAD`.
    pub method: String,
    /// The `Host` header.
    pub host: String,
    /// Path and query as sent.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// What a POST sent.
    pub body: Bytes,
}

/// What to answer.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    chunked: bool,
    cut: Option<usize>,
}

/// A running host; stops when dropped.
pub struct Host {
    address: SocketAddr,
    log: Arc<Mutex<Vec<Asked>>>,
    watch: Watch,
    runtime: Option<tokio::runtime::Runtime>,
}

/// Watches a host that no credential is for. Fails its test at the end if any request carried one.
pub struct Anonymous(Arc<Mutex<Vec<Asked>>>);

impl Drop for Anonymous {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for asked in self.0.lock().expect("no test panics here").iter() {
            for name in ["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"] {
                assert!(asked.header(name).is_none(), "`{name}` came to a host that it is not for: {asked:?}");
            }
        }
    }
}

impl Asked {
    /// The path without its query, percent-decoded.
    pub fn place(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned()
    }

    /// A parameter of the query, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.path.split_once('?')?.1;
        url::form_urlencoded::parse(query.as_bytes()).find(|(one, _)| one == name).map(|(_, value)| value.into_owned())
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}

impl Reply {
    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), chunked: false, cut: None }
    }

    /// The whole body, status 200, no `Range` support.
    pub fn whole(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::status(200) }
    }

    /// A JSON document.
    pub fn json(document: &serde_json::Value) -> Self {
        Self::whole(document.to_string()).with("content-type", "application/json")
    }

    /// The same with another status.
    pub fn but(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// A web page.
    pub fn page(html: &str) -> Self {
        Self::whole(html.to_owned()).with("content-type", "text/html; charset=utf-8")
    }

    /// A redirect.
    pub fn redirect(status: u16, to: impl Into<String>) -> Self {
        Self::status(status).with("location", to)
    }

    /// A file as good hosts serve it: strong entity tag, `Range` and `If-Range` (RFC 9110).
    pub fn file(asked: &Asked, body: impl Into<Bytes>) -> Self {
        let body: Bytes = body.into();
        let tag = format!("\"{}\"", &medsets::values::Digest::sha256(&body).hex()[..20]);
        let same = asked.header("if-range").is_none_or(|one| one == tag);
        let range = asked.header("range").filter(|_| same).and_then(|text| text.strip_prefix("bytes="));
        let whole = Self::whole(body.clone()).with("etag", tag.clone()).with("accept-ranges", "bytes");
        let Some((first, last)) = range.and_then(|range| range.split_once('-')) else { return whole };
        let first: usize = first.parse().unwrap_or(0);
        let last: usize = last.parse().unwrap_or(usize::MAX).min(body.len().saturating_sub(1));
        if first >= body.len() || first > last {
            return Self::status(416).with("content-range", format!("bytes */{}", body.len()));
        }
        let range = format!("bytes {first}-{last}/{}", body.len());
        Self { status: 206, body: body.slice(first..=last), ..whole }.with("content-range", range)
    }

    /// Sent in chunks, so that nobody is told a length.
    pub fn chunked(self) -> Self {
        Self { chunked: true, ..self }
    }

    /// The connection breaks off after so many bytes of the body.
    pub fn cut(self, after: usize) -> Self {
        Self { cut: Some(after), ..self }
    }

    /// With a header.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl Host {
    /// Watches that nobody says who asks, until the answer is dropped.
    pub fn anonymous(&self) -> Anonymous {
        Anonymous(self.log.clone())
    }

    /// Starts a host on a free loopback port.
    pub fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        let log = Arc::new(Mutex::new(Vec::new()));
        let (url, watch) = (format!("http://{address}/"), Watch::here());
        watch.host(&url, log.clone());
        let (known, gives) = (log.clone(), watch.clone());
        let answer = move |asked: Asked| {
            known.lock().expect("no test panics while logging").push(asked.clone());
            let reply = answer(&asked);
            gives.given(&url, &asked, &reply.headers, &reply.body);
            reply
        };
        runtime.spawn(serve(listener, Arc::new(answer)));
        Self { address, log, watch, runtime: Some(runtime) }
    }

    /// Its address, ending in `/`.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// All that was asked so far.
    pub fn log(&self) -> Vec<Asked> {
        self.log.lock().expect("no test panics while logging").clone()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        self.watch.host_goes(&self.url());
    }
}

type Answer = Arc<dyn Fn(Asked) -> Reply + Send + Sync>;

async fn serve(listener: TcpListener, answer: Answer) {
    while let Ok((stream, _)) = listener.accept().await {
        let answer = answer.clone();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                let answer = answer.clone();
                async move {
                    let asked = asked(request).await;
                    Ok::<_, Infallible>(response(answer(asked)))
                }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn asked(request: Request<Incoming>) -> Asked {
    let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers: Vec<(String, String)> =
        request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let (method, path) = (request.method().to_string(), request.uri().path_and_query().map(ToString::to_string));
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Asked {
        method,
        host: headers.iter().find(|(name, _)| name == "host").map(|(_, value)| value.clone()).unwrap_or_default(),
        path: path.unwrap_or_default(),
        headers,
        body,
    }
}

fn response(reply: Reply) -> Response<BoxBody<Bytes, std::io::Error>> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    let body = if let Some(after) = reply.cut {
        response = response.header("content-length", reply.body.len());
        broken_off(reply.body.slice(..after))
    } else if reply.chunked {
        let size = reply.body.len().div_ceil(7).max(1);
        let pieces: Vec<_> =
            reply.body.chunks(size).map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece)))).collect();
        StreamBody::new(futures_util::stream::iter(pieces)).boxed()
    } else {
        Full::new(reply.body).map_err(|never| match never {}).boxed()
    };
    response.body(body).expect("the test's headers are valid")
}

/// A body that fails once these bytes have gone out.
fn broken_off(bytes: Bytes) -> BoxBody<Bytes, std::io::Error> {
    let first = futures_util::stream::once(async { Ok(Frame::data(bytes)) });
    let failure = futures_util::stream::once(async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        Err(std::io::Error::other("broken off"))
    });
    StreamBody::new(futures_util::StreamExt::chain(first, failure)).boxed()
}
