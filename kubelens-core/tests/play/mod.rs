//! An HTTP server that plays an API server: what it answers is a function of the path and of how often
//! that path was asked for before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubelens_core::source::{ConnectOptions, LiveSource};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

type Script = dyn Fn(&str, usize) -> Answer + Send + Sync;

/// One answer.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<String>,
    body: String,
    cut: Option<usize>,
    delay: Duration,
}

impl Answer {
    pub(crate) fn ok(body: &str) -> Self {
        Self::status(200, body)
    }

    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
            cut: None,
            delay: Duration::ZERO,
        }
    }

    pub(crate) fn not_found() -> Self {
        Self::status(404, "404 page not found")
    }

    pub(crate) fn header(mut self, line: &str) -> Self {
        self.headers.push(line.to_owned());
        self
    }

    /// The connection breaks after so many bytes of the body.
    pub(crate) fn cut_at(mut self, length: usize) -> Self {
        self.cut = Some(length);
        self
    }

    /// The answer comes late.
    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

#[derive(Default)]
struct Asked {
    paths: Vec<(String, HashMap<String, String>)>,
}

/// The server; it stops when it is dropped.
pub(crate) struct Server {
    address: String,
    asked: Arc<Mutex<Asked>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// A server of version 1.35 that greets properly and lets a script answer the rest.
    pub(crate) async fn start(
        script: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start_version("35", script).await
    }

    pub(crate) async fn start_version(
        minor: &'static str,
        script: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(minor, move |path, nth| match path {
            "/version" => {
                let body =
                    format!(r#"{{"major":"1","minor":"{minor}","gitVersion":"v1.{minor}.4"}}"#);
                Answer::ok(&body).header("date: Mon, 23 Nov 2026 12:00:00 GMT")
            }
            "/apis" => Answer::ok(r#"{"kind":"APIGroupList","groups":[]}"#),
            _ => script(path, nth),
        })
        .await
    }

    /// A server whose script answers everything.
    pub(crate) async fn start_with(
        _minor: &'static str,
        script: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Asked>>::default();
        let script: Arc<Script> = Arc::new(script);
        let shared = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer(stream, Arc::clone(&script), Arc::clone(&shared)));
            }
        });
        Self {
            address,
            asked,
            task,
        }
    }

    /// A source that reads from it.
    pub(crate) async fn source(&self) -> LiveSource {
        let options = ConnectOptions {
            kubeconfig: Some("/dev/null".into()),
            server: Some(self.address.clone()),
            ..ConnectOptions::default()
        };
        LiveSource::connect(&options).await.unwrap()
    }

    /// How often a path that begins so was asked for.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.asked
            .lock()
            .unwrap()
            .paths
            .iter()
            .filter(|(path, _)| path.starts_with(prefix))
            .count()
    }

    /// A header of the first request for a path that begins so.
    pub(crate) fn header_of(&self, prefix: &str, name: &str) -> String {
        let asked = self.asked.lock().unwrap();
        let found = asked
            .paths
            .iter()
            .find(|(path, _)| path.starts_with(prefix));
        found
            .and_then(|(_, headers)| headers.get(name))
            .cloned()
            .unwrap_or_default()
    }
}

async fn answer(mut stream: TcpStream, script: Arc<Script>, asked: Arc<Mutex<Asked>>) {
    let (reading, mut writing) = stream.split();
    let mut lines = BufReader::new(reading).lines();
    let Ok(Some(first)) = lines.next_line().await else {
        return;
    };
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    while let Ok(Some(line)) = lines.next_line().await {
        match line.split_once(": ") {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let nth = {
        let mut asked = asked.lock().unwrap();
        let nth = asked
            .paths
            .iter()
            .filter(|(known, _)| *known == path)
            .count();
        asked.paths.push((path.clone(), headers));
        nth
    };
    let answer = script(&path, nth);
    tokio::time::sleep(answer.delay).await;
    let mut head = format!(
        "HTTP/1.1 {} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n",
        answer.status,
        answer.body.len().max(usize::from(answer.cut.is_some()))
    );
    for header in &answer.headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    let body = &answer.body.as_bytes()[..answer
        .cut
        .unwrap_or(answer.body.len())
        .min(answer.body.len())];
    // The client may have gone away, which some tests want.
    let _ = writing.write_all(head.as_bytes()).await;
    let _ = writing.write_all(body).await;
    let _ = writing.shutdown().await;
}
