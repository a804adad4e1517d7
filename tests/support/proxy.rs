//! A proxy on loopback: plain requests in absolute form, and `CONNECT`. It leads every name to
//! one server, whatever was asked for, and keeps the heads it was sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A running proxy; stops when dropped.
pub struct Proxy {
    address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Proxy {
    /// Starts one that leads to `origin`. With `pair` (base64 of `user:password`) it lets only
    /// those pass who say it.
    pub fn start(origin: SocketAddr, pair: Option<&'static str>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = log.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = kept.clone();
                tokio::spawn(async move {
                    // Broken connections are the business of both ends.
                    let _ = pass(stream, origin, pair, &kept).await;
                });
            }
        });
        Self { address, log, runtime: Some(runtime) }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Heads of all requests so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("no test panics while logging").clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// One connection, which serves one plain request or one tunnel.
async fn pass(
    mut client: TcpStream,
    origin: SocketAddr,
    pair: Option<&str>,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if client.read(&mut byte).await? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    log.lock().expect("no test panics while logging").push(head.clone());
    let says =
        |pair: &str| head.lines().any(|line| line.eq_ignore_ascii_case(&format!("proxy-authorization: basic {pair}")));
    if pair.is_some_and(|pair| !says(pair)) {
        let refusal =
            "HTTP/1.1 407 -\r\nproxy-authenticate: Basic realm=x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        client.write_all(refusal.as_bytes()).await?;
        return client.shutdown().await;
    }
    let mut server = TcpStream::connect(origin).await?;
    if head.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 -\r\n\r\n").await?;
    } else {
        let own = |line: &&str| !line.to_ascii_lowercase().starts_with("proxy-");
        let passed: Vec<&str> = head.trim_end().lines().filter(own).chain(["connection: close"]).collect();
        server.write_all(format!("{}\r\n\r\n", passed.join("\r\n")).as_bytes()).await?;
    }
    tokio::io::copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}
