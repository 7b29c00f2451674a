use std::time::Instant;

use axum::extract::Extension;
use axum::routing::get;
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::*;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<()>,
}

async fn running(waits: Waits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/large", get(async || vec![b'x'; 32 << 20]))
        .route(
            "/stream",
            get(async |Extension(pace): Extension<Arc<Pace>>| {
                pace.be_patient();
                Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>())
            }),
        );
    let (stop, stopped) = oneshot::channel();
    let stopped = async {
        let _ = stopped.await;
    };
    let served = tokio::spawn(serve(listener, false, router, stopped, SHORT, waits));
    Running {
        address,
        stop,
        served,
    }
}

fn only_head() -> Waits {
    Waits {
        head: SHORT,
        idle: LONG,
        write: LONG,
    }
}

/// Waits until the server has closed the connection; says what it sent, and how long that took.
async fn closed(stream: &mut TcpStream) -> (String, Duration) {
    let begun = Instant::now();
    let mut sent = Vec::new();
    // A reset ends it as well.
    let end = tokio::time::timeout(LONG, stream.read_to_end(&mut sent)).await;
    assert!(end.is_ok(), "it is still open");
    (String::from_utf8_lossy(&sent).into_owned(), begun.elapsed())
}

#[tokio::test]
async fn who_says_nothing_and_who_says_it_slowly_is_dropped() {
    let server = running(only_head()).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    let writing = async {
        // One byte after the other never adds up to a request in time.
        let (mut half, mut rest) = slow.split();
        let bytes = async {
            for byte in
                b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            {
                if rest.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(SHORT / 6).await;
            }
        };
        let mut sent = Vec::new();
        tokio::select! {
            () = bytes => panic!("the slow client was heard to the end"),
            _ = half.read_to_end(&mut sent) => {}
        }
        String::from_utf8_lossy(&sent).into_owned()
    };
    let ((first, took), second) = tokio::join!(closed(&mut silent), writing);
    assert_eq!((first.as_str(), second.as_str()), ("", ""));
    assert!(took >= SHORT, "{took:?}");
}

#[tokio::test]
async fn a_connection_may_idle_longer_than_a_head_may_take() {
    let server = running(Waits {
        head: SHORT,
        idle: SHORT * 4,
        write: LONG,
    })
    .await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for _ in 0..2 {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let mut answer = vec![0; 512];
        let count = stream.read(&mut answer).await.unwrap();
        assert!(String::from_utf8_lossy(&answer[..count]).ends_with("hello"));
        tokio::time::sleep(SHORT * 2).await;
    }
    let (rest, _) = closed(&mut stream).await;
    assert_eq!(rest, "");
}

#[tokio::test]
async fn who_takes_no_answer_is_dropped_and_a_stream_is_not() {
    let server = running(Waits {
        head: LONG,
        idle: SHORT,
        write: SHORT,
    })
    .await;
    let mut greedy = TcpStream::connect(server.address).await.unwrap();
    greedy
        .write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut listening = TcpStream::connect(server.address).await.unwrap();
    listening
        .write_all(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    // Nothing is read for longer than is waited; then what the system has kept comes, and it ends too early.
    tokio::time::sleep(SHORT * 4).await;
    let (sent, _) = closed(&mut greedy).await;
    assert!(sent.len() < 32 << 20, "{} bytes", sent.len());
    let mut head = vec![0; 512];
    let count = listening.read(&mut head).await.unwrap();
    assert!(head[..count].starts_with(b"HTTP/1.1 200"));
    let more = tokio::time::timeout(SHORT, listening.read(&mut head)).await;
    assert!(more.is_err(), "the stream ended");
}

#[tokio::test]
async fn a_stop_waits_for_a_while_and_then_for_nobody() {
    let server = running(Waits::default()).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut head = vec![0; 512];
    assert!(stream.read(&mut head).await.unwrap() > 0);
    server.stop.send(()).unwrap();
    let (answer, _) = closed(&mut idle).await;
    assert!(answer.ends_with("hello"), "{answer}");
    closed(&mut stream).await;
    tokio::time::timeout(LONG, server.served)
        .await
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}
