//! The server all programs fetch from: nginx where it is installed, else one of our own.

use std::fmt::Write as _;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG, RANGE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

use crate::Fallible;

/// The argument that makes this program the server: `--serve DIR PORT`.
pub const SERVE: &str = "--serve";

/// A running server; ends with the value.
pub struct Server {
    child: Child,
    port: u16,
    name: String,
}

impl Server {
    /// Serves `dir`; files of its own go to `own`.
    pub fn start(own: &Path, dir: &Path) -> Fallible<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let (mut command, name) = match crate::measure::version_of("nginx", "-v") {
            Some(version) => (nginx(own, dir, port)?, version),
            None => (Self::own(dir, port)?, "the benchmark's own (nginx is absent)".to_owned()),
        };
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let server = Self { child, port, name };
        server.wait()?;
        Ok(server)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of a served file, or with an empty path of all.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    fn own(dir: &Path, port: u16) -> Fallible<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(SERVE).arg(dir).arg(port.to_string());
        Ok(command)
    }

    fn wait(&self) -> Fallible<()> {
        for _ in 0..100 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!("the server ({}) does not answer", self.name).into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // nginx ends its workers on SIGTERM; SIGKILL would leave them.
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

fn nginx(own: &Path, dir: &Path, port: u16) -> Fallible<Command> {
    let own = own.join("nginx");
    std::fs::create_dir_all(&own)?;
    let mut conf = String::new();
    let user = if rustix::process::getuid().is_root() { "user root;\n" } else { "" };
    write!(conf, "{user}daemon off;\npid {0}/pid;\nerror_log {0}/error.log;\nworker_processes 2;\n", own.display())?;
    write!(conf, "events {{ worker_connections 1024; }}\nhttp {{\n  access_log off; sendfile on; tcp_nopush on;\n")?;
    writeln!(conf, "  keepalive_requests 1000000; default_type application/octet-stream;")?;
    for place in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(conf, "  {place}_temp_path {}/{place};", own.display())?;
    }
    write!(conf, "  server {{ listen 127.0.0.1:{port}; root {}; }}\n}}\n", dir.display())?;
    let file = own.join("conf");
    std::fs::write(&file, conf)?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(&own).arg("-e").arg(own.join("error.log")).arg("-c").arg(&file);
    Ok(command)
}

/// Serves files until it is ended: GET and HEAD, one range, keep-alive.
pub fn serve(dir: PathBuf, port: u16) -> Fallible<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async move {
        let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            let dir = dir.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let dir = dir.clone();
                    async move { answer(&dir, &request).map_err(std::io::Error::other) }
                });
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

fn answer(dir: &Path, request: &Request<Incoming>) -> Result<Response<Full<Bytes>>, BoxedError> {
    let path = dir.join(request.uri().path().trim_start_matches('/'));
    let Ok(mut file) = std::fs::File::open(path) else {
        return Ok(Response::builder().status(StatusCode::NOT_FOUND).body(Full::default())?);
    };
    let size = file.metadata()?.len();
    let range = request.headers().get(RANGE).and_then(|range| parse_range(range.to_str().ok()?, size));
    let (start, end) = range.unwrap_or((0, size));
    let mut bytes = vec![0; (end - start) as usize];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut bytes)?;
    let mut response = Response::builder().header(ACCEPT_RANGES, "bytes").header(ETAG, format!("\"{size:x}\""));
    if range.is_some() {
        let content = format!("bytes {start}-{}/{size}", end - 1);
        response = response.status(StatusCode::PARTIAL_CONTENT).header(CONTENT_RANGE, content);
    }
    Ok(response.body(Full::new(Bytes::from(bytes)))?)
}

type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// `bytes=10-19` as a start and an end that is not part of it.
fn parse_range(range: &str, size: u64) -> Option<(u64, u64)> {
    let (start, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let start: u64 = start.parse().ok()?;
    let end = if last.is_empty() { size } else { last.parse::<u64>().ok()?.checked_add(1)?.min(size) };
    (start < end).then_some((start, end))
}
