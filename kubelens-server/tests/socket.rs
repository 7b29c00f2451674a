//! A WebSocket over the server's own TLS, from the handshake to the server's end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;
use std::time::Duration;

use kubelens_server::access::tls::Tls;
use kubelens_server::demo::Demo;
use kubelens_server::live::{Cluster, Clusters, Origin};
use kubelens_server::settings::TlsFiles;
use kubelens_server::{AppState, Options, app};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const NAME: &str = "kubelens.test";
const SOON: Duration = Duration::from_secs(20);

struct Socket(TlsStream<TcpStream>);

impl Socket {
    /// The next frame: what kind it is, and what it holds.
    async fn frame(&mut self) -> (u8, Vec<u8>) {
        let read = async {
            let stream = &mut self.0;
            let kind = stream.read_u8().await.unwrap() & 0x0f;
            let length = match stream.read_u8().await.unwrap() {
                126 => usize::from(stream.read_u16().await.unwrap()),
                127 => usize::try_from(stream.read_u64().await.unwrap()).unwrap(),
                short => usize::from(short),
            };
            let mut bytes = vec![0; length];
            stream.read_exact(&mut bytes).await.unwrap();
            (kind, bytes)
        };
        tokio::time::timeout(SOON, read)
            .await
            .expect("a frame in time")
    }

    async fn event(&mut self) -> Value {
        loop {
            let (kind, bytes) = self.frame().await;
            match kind {
                1 => return serde_json::from_slice(&bytes).unwrap(),
                9 => {}
                other => panic!("a frame of kind {other}: {bytes:?}"),
            }
        }
    }

    /// Sends a frame as a client does: masked.
    async fn say(&mut self, text: &str) {
        let length = u8::try_from(text.len()).unwrap();
        assert!(length < 126);
        let mask = [1, 2, 3, 4];
        let mut frame = vec![0x81, 0x80 | length];
        frame.extend(mask);
        let masked = text.bytes().zip(mask.into_iter().cycle());
        frame.extend(masked.map(|(byte, mask)| byte ^ mask));
        self.0.write_all(&frame).await.unwrap();
        self.0.flush().await.unwrap();
    }
}

async fn connected(certificate: &str, address: std::net::SocketAddr) -> Socket {
    let mut roots = rustls::RootCertStore::empty();
    let der = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    roots.add(der).unwrap();
    let config = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(NAME).unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(name, tcp).await.unwrap();
    let request = format!(
        "GET /api/stream/ws HTTP/1.1\r\nHost: {NAME}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    // RFC 6455, 1.3: the answer to this key.
    assert!(
        head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
        "{head}"
    );
    Socket(stream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_come_over_an_encrypted_socket_until_the_server_says_that_it_goes() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let directory = tempfile::tempdir().unwrap();
    let files = TlsFiles {
        certificate: directory.path().join("cert.pem"),
        key: directory.path().join("key.pem"),
        client_authorities: None,
    };
    std::fs::write(&files.certificate, &certificate).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
    let tls = Tls::load(files).unwrap();

    let cluster = Cluster::new("default", Origin::Demo(Demo::still().unwrap()));
    let state = AppState::new(Clusters::new(cluster, Vec::new()), Options::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let router = app(state.clone());
    let stopped = async {
        let _ = stopped.await;
    };
    let serving =
        kubelens_server::server::serve(listener, Some(tls), state.clone(), router, stopped);
    let serving = tokio::spawn(serving);
    let mut pictures = state.clusters.first().pictures();
    let first = pictures.wait_for(Option::is_some);
    drop(tokio::time::timeout(SOON, first).await.unwrap().unwrap());

    let mut socket = connected(&certificate, address).await;
    assert_eq!(socket.event().await["type"], "connected");
    assert_eq!(socket.event().await["type"], "stats");
    let wanted = "{\"op\":\"filter\",\"resource\":\"redis-master-0\"}";
    socket.say(wanted).await;
    // What is no frame of this protocol is ignored.
    socket.say("{\"op\":\"nonsense\"").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let demo = state.clusters.first().demo().unwrap();
    assert!(demo.world.restart_pod("monitoring", "prometheus-server-0"));
    assert!(demo.world.restart_pod("production", "redis-master-0"));
    let restarted = loop {
        let event = socket.event().await;
        if event["type"] == "cluster_events" {
            continue;
        }
        let text = event.to_string();
        assert!(!text.contains("prometheus-server-0"), "{event:#}");
        if event["type"] == "pod_restart" {
            break event;
        }
    };
    assert_eq!(
        restarted["payload"]["pod"], "redis-master-0",
        "{restarted:#}"
    );
    assert_eq!(restarted["cluster"], "default");

    stop.send(()).unwrap();
    let gone = loop {
        let event = socket.event().await;
        if event["type"] == "shutdown" {
            break event;
        }
    };
    assert!(gone["payload"]["retryMs"].as_u64() > Some(0), "{gone:#}");
    let (kind, bytes) = socket.frame().await;
    // A close frame with status 1001: going away.
    assert_eq!((kind, &bytes[..2]), (8, &[0x03, 0xe9][..]));
    drop(socket);
    let ended = tokio::time::timeout(SOON, serving).await;
    ended.expect("an end").unwrap().unwrap();
}
