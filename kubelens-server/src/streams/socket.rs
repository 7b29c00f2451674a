//! WebSocket.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use serde::Deserialize;
use tokio::time::{Instant, interval_at};

use super::Greeting;
use crate::bus::{Filter, Heard, Hearing, Subscription, Wanted};
use crate::who::Role;

/// Longest frame that a client may send.
pub const LONGEST_FRAME: usize = 4 * 1024;

/// How often a ping is sent; after two without an answer the client is gone.
const PING: Duration = Duration::from_secs(20);
const UNANSWERED: u32 = 2;

/// What a client may say.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Said {
    Filter(Wanted),
}

/// Who listens.
#[derive(Debug)]
pub struct Listener {
    /// The cluster that is meant where a filter names none.
    pub cluster: String,
    /// Their role.
    pub role: Role,
    /// What they may hear.
    pub hearing: Hearing,
}

/// Talks until one of both goes away or `ends` is done.
pub async fn serve(
    mut socket: WebSocket,
    greeting: Greeting,
    heard: Subscription,
    listener: Listener,
    ends: impl Future<Output = ()> + Send,
) {
    let mut ends = pin!(ends);
    for (_, json) in greeting.0 {
        if socket.send(Message::text(json)).await.is_err() {
            return;
        }
    }
    let mut pings = interval_at(Instant::now() + PING, PING);
    let mut unanswered = 0;
    loop {
        tokio::select! {
            () = &mut ends => return,
            next = heard.next() => {
                let json = match next {
                    Some(Heard::Event(event)) => event.json.clone(),
                    Some(Heard::Resync { json, .. }) => json,
                    None => {
                        let frame = CloseFrame { code: close_code::AWAY, reason: "the server is shutting down".into() };
                        // Who is gone need not be told.
                        let _ = socket.send(Message::Close(Some(frame))).await;
                        return;
                    }
                };
                if socket.send(Message::text(json)).await.is_err() {
                    return;
                }
            }
            said = socket.recv() => match said {
                Some(Ok(Message::Text(text))) => {
                    // What is not understood is ignored.
                    if let Ok(Said::Filter(wanted)) = serde_json::from_str(&text) {
                        let filter = Filter::of(&wanted, &listener.cluster, listener.role);
                        heard.change(filter.within(listener.hearing.clone()));
                    }
                }
                Some(Ok(Message::Pong(_))) => unanswered = 0,
                Some(Ok(Message::Ping(_) | Message::Binary(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            _ = pings.tick() => {
                if unanswered >= UNANSWERED || socket.send(Message::Ping(bytes::Bytes::new())).await.is_err() {
                    return;
                }
                unanswered += 1;
            }
        }
    }
}
