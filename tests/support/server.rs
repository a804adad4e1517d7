//! A web server that misbehaves on purpose: every byte on the wire is in the test's hand.
//!
//! HTTP/1.1 over plain sockets, without a library that would refuse to lie. A closure says
//! what to answer to each request; what was asked, and when, is kept.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};

use super::host::Asked;
use super::tls::{Identity, Wire};
use super::watch::{Log, Watch};

/// What was asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// How many requests for this path came before.
    pub nth: usize,
    /// Which connection it came on.
    pub connection: usize,
    /// `GET`, `HEAD`.
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// When it was here in full.
    pub at: Instant,
}

/// How the length of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// As it is.
    True,
    /// As something else.
    Says(u64),
    /// Not at all: the end of the connection is the end of the body.
    Untold,
    /// In chunks.
    Chunked,
    /// In chunks, and the last one never comes.
    ChunkedWithoutEnd,
}

/// What happens behind the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The next request is awaited.
    Keep,
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing, for ever.
    Stall,
    /// The body is sent again and again.
    Endless,
}

/// What to answer.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Arc<Vec<u8>>,
    span: (usize, usize),
    length: Length,
    then: Then,
    pace: Option<(usize, Duration)>,
    late: Duration,
    raw: Option<String>,
}

/// A running server; stops when dropped.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    watch: Watch,
    runtime: Option<tokio::runtime::Runtime>,
}

struct Shared {
    script: Box<dyn Fn(&Request) -> Answer + Send + Sync>,
    log: Mutex<Vec<Request>>,
    /// The same for the watch.
    watched: Log,
    asked: Mutex<BTreeMap<String, usize>>,
    served: AtomicU64,
    accepted: AtomicU64,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// First and last byte that a `Range` header asks for, in a body of `length` bytes.
    pub fn range(&self, length: usize) -> Option<(usize, usize)> {
        let (first, last) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        let last = last.parse().unwrap_or(usize::MAX).min(length.saturating_sub(1));
        Some((first.parse().ok()?, last))
    }
}

impl Answer {
    /// A status without a body.
    pub fn status(status: u16) -> Self {
        let (length, then) = (Length::True, Then::Keep);
        Self {
            status,
            headers: Vec::new(),
            body: Arc::default(),
            span: (0, 0),
            length,
            then,
            pace: None,
            late: Duration::ZERO,
            raw: None,
        }
    }

    /// The whole body, status 200, without a validator.
    pub fn whole(body: &Arc<Vec<u8>>) -> Self {
        Self { body: body.clone(), span: (0, body.len()), ..Self::status(200) }
    }

    /// The same from text.
    pub fn text(text: &str) -> Self {
        Self::whole(&Arc::new(text.as_bytes().to_vec()))
    }

    /// What the `Range` header asks for, status 206, whatever `If-Range` says; else the whole.
    pub fn ranged(request: &Request, body: &Arc<Vec<u8>>) -> Self {
        let whole = Self::whole(body).with("accept-ranges", "bytes");
        let Some((first, last)) = request.range(body.len()) else { return whole };
        if first >= body.len() || first > last {
            return Self::status(416).with("content-range", format!("bytes */{}", body.len()));
        }
        let range = format!("bytes {first}-{last}/{}", body.len());
        Self { status: 206, span: (first, last + 1), ..whole }.with("content-range", range)
    }

    /// As a good host: a strong entity tag, and ranges of the same version only.
    pub fn file(request: &Request, body: &Arc<Vec<u8>>, etag: &str) -> Self {
        let same = request.header("if-range").is_none_or(|one| one == etag);
        let answer = if same { Self::ranged(request, body) } else { Self::whole(body) };
        answer.with("etag", etag)
    }

    /// A redirect.
    pub fn redirect(to: impl Into<String>) -> Self {
        Self::status(302).with("location", to)
    }

    /// With another status.
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// With a header, in the place of one of the same name.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(one, _)| one != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a length told in this way.
    pub fn length(self, length: Length) -> Self {
        Self { length, ..self }
    }

    /// Only so many bytes of what was told, and then this.
    pub fn cut(self, bytes: usize, then: Then) -> Self {
        let (from, until) = self.span;
        let length = if self.length == Length::True { Length::Says((until - from) as u64) } else { self.length };
        Self { span: (from, until.min(from + bytes)), length, then, ..self }
    }

    /// What happens behind the last byte.
    pub fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }

    /// So many bytes, then a pause, and so on.
    pub fn paced(self, bytes: usize, pause: Duration) -> Self {
        Self { pace: Some((bytes, pause)), ..self }
    }

    /// The head comes only after this time.
    pub fn late(self, late: Duration) -> Self {
        Self { late, ..self }
    }

    /// These very bytes in the place of a head, and the body behind them.
    pub fn raw_head(self, head: impl Into<String>) -> Self {
        Self { raw: Some(head.into()), ..self }
    }

    fn head(&self) -> String {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let mut head = format!("HTTP/1.1 {} -\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match self.length {
            Length::True => head.push_str(&format!("content-length: {}\r\n", self.span.1 - self.span.0)),
            Length::Says(length) => head.push_str(&format!("content-length: {length}\r\n")),
            Length::Untold => head.push_str("connection: close\r\n"),
            Length::Chunked | Length::ChunkedWithoutEnd => head.push_str("transfer-encoding: chunked\r\n"),
        }
        head + "\r\n"
    }
}

impl Server {
    /// Starts a server on a free loopback port.
    pub fn start(script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_as(None, script)
    }

    /// Starts one that is reached by `https` alone.
    pub fn start_tls(identity: Identity, script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_as(Some(identity), script)
    }

    fn start_as(identity: Option<Identity>, script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let scheme = if identity.is_some() { "https" } else { "http" };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = {
            let _inside = runtime.enter();
            let socket = TcpSocket::new_v4().expect("a socket");
            // Bytes that wait in the kernel when the program is killed would count as served.
            socket.set_send_buffer_size(64 << 10).expect("a small buffer");
            socket.bind(([127, 0, 0, 1], 0).into()).expect("a loopback port is free");
            socket.listen(64).expect("it can be listened on")
        };
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            script: Box::new(script),
            log: Mutex::default(),
            watched: Log::default(),
            asked: Mutex::default(),
            served: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
        });
        let watch = Watch::here();
        watch.host(&format!("{scheme}://{address}/"), shared.watched.clone());
        runtime.spawn(accept(listener, identity, shared.clone()));
        Self { address, scheme, shared, watch, runtime: Some(runtime) }
    }

    /// Its address, ending in `/`.
    pub fn url(&self) -> String {
        format!("{}://{}/", self.scheme, self.address)
    }

    /// Its address and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections so far, whether or not anything was asked on them.
    pub fn connections(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// All that was asked so far.
    pub fn log(&self) -> Vec<Request> {
        self.shared.log.lock().expect("no test panics while logging").clone()
    }

    /// Bytes of bodies that were sent so far.
    pub fn served(&self) -> u64 {
        self.shared.served.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        self.watch.host_goes(&self.url());
    }
}

async fn accept(listener: TcpListener, identity: Option<Identity>, shared: Arc<Shared>) {
    let mut connection = 0;
    while let Ok((stream, _)) = listener.accept().await {
        connection += 1;
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        let (shared, identity) = (shared.clone(), identity.clone());
        // Broken connections are what this server is for.
        tokio::spawn(async move {
            let wire = match identity {
                None => Ok(Wire::Plain(stream)),
                Some(identity) => identity.accept(stream).await.map(|stream| Wire::Tls(Box::new(stream))),
            };
            if let Ok(wire) = wire {
                let _ = talk(wire, &shared, connection).await;
            }
        });
    }
}

async fn talk(mut stream: Wire, shared: &Shared, connection: usize) -> std::io::Result<()> {
    stream.tcp().set_nodelay(true)?;
    while let Some(head) = head(&mut stream).await? {
        let request = shared.note(&head, connection);
        let answer = (shared.script)(&request);
        tokio::time::sleep(answer.late).await;
        stream.write_all(answer.head().as_bytes()).await?;
        body(&mut stream, &answer, shared).await?;
        stream.flush().await?;
        match answer.then {
            Then::Keep if answer.length != Length::Untold => {}
            Then::Keep | Then::Close => return stream.shutdown().await,
            Then::Reset => {
                // A reset throws away what was not read yet.
                tokio::time::sleep(Duration::from_millis(40)).await;
                return stream.tcp().set_zero_linger();
            }
            Then::Stall => tokio::time::sleep(Duration::from_secs(600)).await,
            Then::Endless => loop {
                body(&mut stream, &answer, shared).await?;
            },
        }
    }
    Ok(())
}

/// The head of the next request; `None` when the other side has closed.
async fn head(stream: &mut Wire) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

async fn body(stream: &mut Wire, answer: &Answer, shared: &Shared) -> std::io::Result<()> {
    let chunked = matches!(answer.length, Length::Chunked | Length::ChunkedWithoutEnd);
    let (size, pause) = answer.pace.unwrap_or((64 << 10, Duration::ZERO));
    for piece in answer.body[answer.span.0..answer.span.1].chunks(size) {
        if chunked {
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        }
        stream.write_all(piece).await?;
        if chunked {
            stream.write_all(b"\r\n").await?;
        }
        shared.served.fetch_add(piece.len() as u64, Ordering::Relaxed);
        if !pause.is_zero() {
            stream.flush().await?;
            tokio::time::sleep(pause).await;
        }
    }
    if answer.length == Length::Chunked {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    Ok(())
}

impl Shared {
    fn note(&self, head: &str, connection: usize) -> Request {
        let mut lines = head.lines();
        let mut first = lines.next().unwrap_or_default().split(' ');
        let method = first.next().unwrap_or_default().to_owned();
        let path = first.next().unwrap_or_default().to_owned();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let nth = {
            let mut asked = self.asked.lock().expect("no test panics while counting");
            let count = asked.entry(path.clone()).or_default();
            *count += 1;
            *count - 1
        };
        self.watched.lock().expect("no test panics while logging").push(Asked {
            method: method.clone(),
            host: String::new(),
            path: path.clone(),
            headers: Vec::clone(&headers),
            body: Vec::new().into(),
        });
        let request = Request { nth, connection, method, path, headers, at: Instant::now() };
        self.log.lock().expect("no test panics while logging").push(request.clone());
        request
    }
}
