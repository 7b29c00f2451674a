//! Frames between a client and a pod.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, interval_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Far;

/// How often a silent client is asked whether it is there; after two without an answer it is gone.
const PING: Duration = Duration::from_secs(20);
const UNANSWERED: u32 = 2;

/// The channel of input, and in a forwarded port that of the bytes.
const INPUT: u8 = 0;

/// What frames hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// A channel first, as the pod's side has it: passed on as it is.
    Channels,
    /// The bytes of one TCP stream: the pod's side has a channel first, and says the port once on each.
    Bytes,
}

/// How many bytes went which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// To the pod.
    pub inward: usize,
    /// From it.
    pub outward: usize,
}

fn on_channel(channel: u8, bytes: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(bytes.len() + 1);
    frame.put_u8(channel);
    frame.put_slice(bytes);
    frame.freeze()
}

/// Carries frames until one side goes away or `ends` is done.
pub async fn tunnel<S: AsyncRead + AsyncWrite + Unpin>(
    mut near: WebSocket,
    mut far: WebSocketStream<S>,
    what: Carried,
    ends: impl Future<Output = ()>,
) -> Counts {
    let mut counts = Counts::default();
    let mut ends = pin!(ends);
    let mut pings = interval_at(Instant::now() + PING, PING);
    let mut unanswered = 0;
    // On the channel of data and on that of errors the port is said first.
    let mut greetings = [what == Carried::Bytes; 2];
    loop {
        tokio::select! {
            () = &mut ends => break,
            said = near.recv() => {
                let frame = match said {
                    Some(Ok(Message::Binary(bytes))) if what == Carried::Channels => bytes,
                    Some(Ok(Message::Binary(bytes))) => on_channel(INPUT, &bytes),
                    Some(Ok(Message::Text(text))) => on_channel(INPUT, text.as_bytes()),
                    Some(Ok(Message::Pong(_))) => {
                        unanswered = 0;
                        continue;
                    }
                    Some(Ok(Message::Ping(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                };
                counts.inward += frame.len().saturating_sub(1);
                if far.send(Far::Binary(frame)).await.is_err() {
                    break;
                }
            }
            heard = far.next() => {
                let frame = match heard {
                    Some(Ok(Far::Binary(bytes))) => bytes,
                    Some(Ok(Far::Ping(_) | Far::Pong(_) | Far::Text(_) | Far::Frame(_))) => continue,
                    Some(Ok(Far::Close(_)) | Err(_)) | None => break,
                };
                let frame = match (what, frame.split_first()) {
                    (Carried::Channels, _) => frame.clone(),
                    (Carried::Bytes, Some((channel, bytes))) => {
                        let greeting = greetings.get_mut(usize::from(*channel));
                        if greeting.is_some_and(std::mem::take) {
                            continue;
                        }
                        if *channel != INPUT {
                            // The pod's side says what went wrong, and nothing more comes.
                            break;
                        }
                        Bytes::copy_from_slice(bytes)
                    }
                    (Carried::Bytes, None) => continue,
                };
                counts.outward += frame.len();
                if near.send(Message::Binary(frame)).await.is_err() {
                    break;
                }
            }
            _ = pings.tick() => {
                if unanswered >= UNANSWERED || near.send(Message::Ping(Bytes::new())).await.is_err() {
                    break;
                }
                unanswered += 1;
            }
        }
    }
    // Who is gone need not be told.
    let _ = far.close(None).await;
    let _ = near.send(Message::Close(None)).await;
    counts
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::extract::ws::WebSocketUpgrade;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::net::TcpStream;
    use tokio::sync::mpsc;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    struct Ends {
        client: WebSocketStream<TcpStream>,
        pod: WebSocketStream<DuplexStream>,
        counts: mpsc::Receiver<Counts>,
    }

    /// A client and a pod with a tunnel between them.
    async fn ends(what: Carried) -> Ends {
        let (own, far) = duplex(64 * 1024);
        let pod = WebSocketStream::from_raw_socket(own, Role::Server, None).await;
        let (send, counts) = mpsc::channel(1);
        let (hand_over, take) = std::sync::mpsc::channel();
        hand_over.send(far).unwrap();
        let take = std::sync::Arc::new(std::sync::Mutex::new(take));
        let route = get(async move |upgrade: WebSocketUpgrade| {
            upgrade.on_upgrade(async move |near| {
                let far = take.lock().unwrap().recv().unwrap();
                let far = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
                send.send(tunnel(near, far, what, std::future::pending()).await)
                    .await
                    .unwrap();
            })
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", route)).await });
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"));
        let client = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        Ends {
            client,
            pod,
            counts,
        }
    }

    async fn binary<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>) -> Vec<u8> {
        match socket.next().await {
            Some(Ok(Far::Binary(bytes))) => bytes.to_vec(),
            other => panic!("no binary frame: {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_terminal_keeps_its_channels_and_its_bytes_are_counted() {
        let mut ends = ends(Carried::Channels).await;
        ends.client.send(Far::text("ls\n")).await.unwrap();
        assert_eq!(binary(&mut ends.pod).await, b"\0ls\n");
        ends.client
            .send(Far::binary(b"\x04{}".to_vec()))
            .await
            .unwrap();
        assert_eq!(binary(&mut ends.pod).await, b"\x04{}");
        ends.pod
            .send(Far::binary(b"\x01file".to_vec()))
            .await
            .unwrap();
        assert_eq!(binary(&mut ends.client).await, b"\x01file");
        ends.pod.close(None).await.unwrap();
        assert_eq!(
            ends.counts.recv().await,
            Some(Counts {
                inward: 5,
                outward: 5
            })
        );
    }

    #[tokio::test]
    async fn a_port_carries_plain_bytes_until_the_pod_reports_an_error() {
        let mut ends = ends(Carried::Bytes).await;
        // The port, on the channel of data and on that of errors.
        for greeting in [b"\x00\x50\x00", b"\x01\x50\x00"] {
            ends.pod.send(Far::binary(greeting.to_vec())).await.unwrap();
        }
        ends.client
            .send(Far::binary(b"GET /".to_vec()))
            .await
            .unwrap();
        assert_eq!(binary(&mut ends.pod).await, b"\0GET /");
        ends.pod
            .send(Far::binary(b"\x00200 OK".to_vec()))
            .await
            .unwrap();
        assert_eq!(binary(&mut ends.client).await, b"200 OK");
        ends.pod
            .send(Far::binary(b"\x01refused".to_vec()))
            .await
            .unwrap();
        assert_eq!(
            ends.counts.recv().await,
            Some(Counts {
                inward: 5,
                outward: 6
            })
        );
    }
}
