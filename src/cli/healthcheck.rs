//! `garim healthcheck`: asks a running garim whether it is ready; for images without a shell.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::{Exit, Failure, Shared};
use crate::service::settings::{self, HTTP_ADDRESS};

/// Arguments of `healthcheck`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to ask [default: `/readyz` at `http.address` of the settings]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// Longest wait for an answer; shorter than the usual limit of a container's health check.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Asks, and answers 0 or 1.
///
/// # Errors
/// [`Exit::No`] when nobody answers or the answer is not 200; [`Exit::Usage`] for a URL that is not plain `http`.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => format!("http://{}/readyz", address(shared)?),
    };
    let rest = url.strip_prefix("http://").ok_or_else(|| {
        Failure::say(Exit::Usage, "the URL has to begin with http://").help("health pages are not encrypted")
    })?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, "readyz"));
    let status = ask(host, path).map_err(|error| Failure::say(Exit::No, format_args!("{url}: {error}")))?;
    match status.as_str() {
        "200" => Ok(Exit::Done),
        _ => Err(Failure::say(Exit::No, format_args!("{url} answers {status}"))),
    }
}

/// Where this host's garim listens: an unspecified address is asked by loopback.
fn address(shared: &Shared) -> Result<String, Failure> {
    let Ok(config) = shared.config() else { return Ok(String::from(HTTP_ADDRESS)) };
    let http = settings::load(&config, &[])?.http;
    let address = http.ok_or_else(|| {
        Failure::say(Exit::No, "`http.enabled` is false: nobody listens").help("say which page to ask by --url")
    })?;
    Ok(match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => format!("127.0.0.1:{}", v4.port()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => format!("[::1]:{}", v6.port()),
        other => other.to_string(),
    })
}

/// The status of `GET /path`.
fn ask(host: &str, path: &str) -> std::io::Result<String> {
    let none = || std::io::Error::other("no such host");
    let address = host.to_socket_addrs()?.next().ok_or_else(none)?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    status.map(str::to_owned).ok_or_else(|| std::io::Error::other("that is no HTTP"))
}
