//! A host that speaks HTTP/2 alone, and breaks off in the ways that only HTTP/2 has.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::server::SendResponse;
use tokio::net::{TcpListener, TcpStream};

use super::tls::Identity;

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Well.
    None,
    /// Half of the body, then `RST_STREAM`.
    Reset,
    /// `RST_STREAM` that says the request was not looked at.
    Refused,
    /// Half of the body, then `GOAWAY`.
    GoAway,
    /// The connection is dead before the answer: not even a ping is answered.
    Dead,
    /// The connection is dead after half of the body.
    DeadMidway,
}

/// A running host; stops when dropped.
pub struct Multiplexed {
    address: SocketAddr,
    log: Arc<Mutex<Vec<usize>>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Multiplexed {
    /// Answers each request with `body`; `faults` are those of the first requests.
    pub fn start(identity: Identity, body: &[u8], faults: &'static [Fault]) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        let log = Arc::new(Mutex::new(Vec::new()));
        let (kept, body) = (log.clone(), Bytes::copy_from_slice(body));
        runtime.spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                connection += 1;
                let (kept, body, identity) = (kept.clone(), body.clone(), identity.clone());
                tokio::spawn(async move {
                    // Broken connections are what this host is for.
                    let _ = talk(stream, &identity, &body, faults, connection, &kept).await;
                });
            }
        });
        Self { address, log, runtime: Some(runtime) }
    }

    /// Its address, ending in `/`.
    pub fn url(&self) -> String {
        format!("https://{}/", self.address)
    }

    /// The connection of each request so far.
    pub fn log(&self) -> Vec<usize> {
        self.log.lock().expect("no test panics while logging").clone()
    }
}

impl Drop for Multiplexed {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn talk(
    stream: TcpStream,
    identity: &Identity,
    body: &Bytes,
    faults: &[Fault],
    number: usize,
    log: &Mutex<Vec<usize>>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = h2::server::handshake(identity.accept(stream).await?).await?;
    while let Some(request) = connection.accept().await {
        let (_, mut respond) = request?;
        let nth = {
            let mut log = log.lock().expect("no test panics while logging");
            log.push(number);
            log.len() - 1
        };
        let fault = faults.get(nth).copied().unwrap_or(Fault::None);
        match fault {
            Fault::None => {
                send(&mut respond, body, body.len())?;
                continue;
            }
            Fault::Refused => {
                respond.send_reset(Reason::REFUSED_STREAM);
                continue;
            }
            Fault::Dead => tokio::time::sleep(Duration::from_secs(600)).await,
            Fault::Reset | Fault::GoAway | Fault::DeadMidway => {}
        }
        let mut sending = send(&mut respond, body, body.len() / 2)?;
        // The half is on its way before the rest happens; other requests do not come meanwhile.
        let _ = tokio::time::timeout(Duration::from_millis(100), connection.accept()).await;
        match fault {
            Fault::Reset => sending.send_reset(Reason::INTERNAL_ERROR),
            Fault::GoAway => connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM),
            _ => tokio::time::sleep(Duration::from_secs(600)).await,
        }
    }
    Ok(())
}

/// The head and so many bytes of the body; the stream ends where all of them are sent.
fn send(respond: &mut SendResponse<Bytes>, body: &Bytes, bytes: usize) -> Result<h2::SendStream<Bytes>, h2::Error> {
    let head = hyper::Response::builder().header("content-length", body.len()).header("etag", "\"a\"");
    let mut sending = respond.send_response(head.body(()).expect("the headers are valid"), false)?;
    sending.send_data(body.slice(..bytes), bytes == body.len())?;
    Ok(sending)
}
