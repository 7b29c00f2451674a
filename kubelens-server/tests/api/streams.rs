use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;

use crate::server::Server;

/// A server that listens, and a client that reads its stream.
struct Listener {
    lines: Lines<BufReader<OwnedReadHalf>>,
    _write: tokio::net::tcp::OwnedWriteHalf,
}

async fn serve(server: &Server) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = kubelens_server::app(server.state.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

impl Listener {
    async fn open(address: std::net::SocketAddr, path: &str, last: Option<&str>) -> Self {
        let (read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
        let last = last
            .map(|id| format!("Last-Event-ID: {id}\r\n"))
            .unwrap_or_default();
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n{last}\r\n");
        write.write_all(head.as_bytes()).await.unwrap();
        Self {
            lines: BufReader::new(read).lines(),
            _write: write,
        }
    }

    /// The next event of this type: its id and its envelope.
    async fn next(&mut self, wanted: &str) -> (String, Value) {
        let found = async {
            let (mut kind, mut id) = (String::new(), String::new());
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if let Some(text) = line.strip_prefix("event: ") {
                    text.clone_into(&mut kind);
                } else if let Some(text) = line.strip_prefix("id: ") {
                    text.clone_into(&mut id);
                } else if let Some(text) = line.strip_prefix("data: ")
                    && kind == wanted
                {
                    return (id, serde_json::from_str(text).unwrap());
                } else if line.is_empty() {
                    kind.clear();
                    id.clear();
                }
            }
            panic!("the stream ended before {wanted}")
        };
        tokio::time::timeout(Duration::from_secs(30), found)
            .await
            .unwrap_or_else(|_| panic!("never heard {wanted}"))
    }
}

#[tokio::test]
async fn a_listener_is_greeted_told_and_goes_on_where_it_was() {
    let server = Server::start().await;
    let address = serve(&server).await;
    let mut first = Listener::open(address, "/api/stream", None).await;
    first.next("connected").await;
    let (_, stats) = first.next("stats").await;
    assert_eq!(
        (&stats["payload"]["pods"]["total"], &stats["cluster"]),
        (&json!(6), &json!("default"))
    );
    let (_, events) = first.next("cluster_events").await;
    assert!(!events["payload"].as_array().unwrap().is_empty());
    server
        .done(Method::POST, "/api/nodes/node-worker-1/cordon", json!({}))
        .await;
    let (id, update) = first.next("node_update").await;
    assert_eq!(update["payload"]["node"], "node-worker-1");
    assert_eq!(update["id"], json!(id));
    drop(first);
    server
        .done(
            Method::POST,
            "/api/pods/production/redis-master-0/restart",
            json!({}),
        )
        .await;
    let mut again = Listener::open(address, "/api/stream?types=pod_restart", Some(&id)).await;
    let (_, restart) = again.next("pod_restart").await;
    assert_eq!(
        (&restart["payload"]["pod"], &restart["payload"]["restarts"]),
        (&json!("redis-master-0"), &json!(3))
    );
    let mut stranger = Listener::open(address, "/api/stream", Some("e0-1")).await;
    stranger.next("resync").await;
    server.state.bus.shut_down();
    again.next("shutdown").await;
}

#[tokio::test]
async fn causes_that_come_and_go_are_told() {
    let server = Server::start().await;
    let address = serve(&server).await;
    let mut listener = Listener::open(address, "/api/stream?types=report_changed", None).await;
    listener.next("connected").await;
    server
        .done(
            Method::DELETE,
            "/api/pods/production/payment-gateway-7f8d9a0b-12345",
            json!({}),
        )
        .await;
    let (_, told) = listener.next("report_changed").await;
    let payload = &told["payload"];
    let count = |field: &str| payload[field].as_array().unwrap().len();
    assert!(
        count("recovered") + count("changed") + count("appeared") > 0,
        "{told:#}"
    );
}

#[tokio::test]
async fn a_log_is_followed_as_events() {
    use axum::body::Body;
    let server = Server::start().await;
    let request = http::Request::get(
        "/api/pods/production/payment-gateway-7f8d9a0b-12345/logs/stream?lines=2",
    )
    .header("accept", "text/event-stream")
    .body(Body::empty())
    .unwrap();
    let text = server.send(request).await.text();
    assert_eq!(text.matches("event: log").count(), 2, "{text}");
    assert!(text.contains("event: end"));
}
