//! `/livez`, `/readyz`, `/metrics`, `/version`, on a runtime and a thread of their own.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use tokio::sync::oneshot;

use super::Health;
use super::metrics::Metrics;

/// What the pages show.
#[derive(Debug, Clone)]
pub struct Pages {
    /// For `/livez` and `/readyz`.
    pub health: Arc<Health>,
    /// For `/metrics`.
    pub metrics: Arc<Metrics>,
}

/// A server of the pages; ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on `address`, and answers until dropped.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub fn start(address: SocketAddr, pages: Pages) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/healthz", get(readyz))
            .route("/metrics", get(metrics))
            .route("/version", get(version))
            .with_state(pages);
        let serve = move || {
            runtime.block_on(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                // Open connections (a scraper's keep-alive) must not hold the end up: the first to finish ends both.
                tokio::select! {
                    _ = axum::serve(listener, router) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name(String::from("garim-http")).spawn(serve)?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens; the port is the real one, also where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It only ever ends; a panic there has been told by the hook.
            let _ = thread.join();
        }
    }
}

/// Alive while no call takes longer than it may. Brokers that are away do not end the process: a restart would not help.
async fn livez(State(pages): State<Pages>) -> impl IntoResponse {
    let mut body = String::new();
    for (lane, call) in pages.health.overdue() {
        // Writing to a string does not fail.
        let _ = writeln!(body, "lane {lane}: `{call}` does not return");
    }
    if body.is_empty() { (StatusCode::OK, String::from("ok\n")) } else { (StatusCode::SERVICE_UNAVAILABLE, body) }
}

async fn readyz(State(pages): State<Pages>, RawQuery(query): RawQuery) -> impl IntoResponse {
    let health = &pages.health;
    let mut body = String::new();
    if query.is_some_and(|query| query == "verbose" || query.starts_with("verbose=")) {
        for (lane, pulse) in health.lanes.iter().enumerate() {
            // Writing to a string does not fail.
            let _ = match pulse.hindrance() {
                Some(hindrance) => writeln!(body, "[-] lane {lane}: {hindrance}"),
                None => writeln!(body, "[+] lane {lane}: {} partitions", pulse.partitions()),
            };
        }
    }
    let (status, word) = match (health.is_ready(), health.is_draining()) {
        (true, _) => (StatusCode::OK, "ok"),
        (false, true) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    (status, format!("{body}{word}\n"))
}

async fn metrics(State(pages): State<Pages>) -> impl IntoResponse {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, OPEN_METRICS)], pages.metrics.text())
}

async fn version() -> impl IntoResponse {
    Json(serde_json::json!({ "name": "garim", "version": env!("CARGO_PKG_VERSION") }))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    fn ask(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).expect("the server listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: garim\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers in UTF-8");
        answer
    }

    #[test]
    fn pages_tell_what_the_lanes_do() {
        let pages = Pages { health: Arc::new(Health::new(1)), metrics: Arc::new(Metrics::new()) };
        let server = Server::start(([127, 0, 0, 1], 0).into(), pages.clone()).expect("a free port");
        let check = |path: &str, status: &str, body: &str| {
            let answer = ask(server.address(), path);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(body), "{path}: {answer}");
        };
        let lane = &pages.health.lanes[0];
        check("/livez", "200", "ok");
        check("/readyz", "503", "not ready");
        check("/readyz?verbose", "503", "[-] lane 0: the producer is not usable");
        lane.producer(true);
        check("/readyz?verbose", "503", "[-] lane 0: the group has not been joined");
        lane.joined();
        lane.hold(3);
        check("/readyz?verbose", "200", "[+] lane 0: 3 partitions");
        lane.begin("commit", Duration::ZERO);
        check("/livez", "503", "lane 0: `commit` does not return");
        check("/readyz", "200", "ok");
        lane.end();
        check("/livez", "200", "ok");
        pages.health.drain();
        check("/healthz", "503", "stopping");
        pages.metrics.commit_failures.inc();
        check("/metrics", "200", "garim_commit_failures_total 1");
        check("/version", "200", env!("CARGO_PKG_VERSION"));
        check("/", "404", "");
    }
}
