//! Server-sent events.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::{StreamExt as _, stream};
use http::HeaderValue;

use super::Greeting;
use crate::bus::{Heard, Subscription};

/// How often a silent stream shows that it lives.
const PING: Duration = Duration::from_secs(20);

/// The answer: the greeting, then what is heard, until one of both goes away or `ends` is done.
pub fn stream(
    greeting: Greeting,
    subscription: Subscription,
    ends: impl Future<Output = ()> + Send + 'static,
) -> Response {
    let first = greeting
        .0
        .into_iter()
        .map(|(kind, json)| Event::default().event(kind).data(json));
    let heard = stream::unfold(subscription, |subscription| async move {
        let event = match subscription.next().await? {
            Heard::Event(event) => Event::default()
                .id(&event.id)
                .event(event.kind)
                .data(&event.json),
            Heard::Resync { id, json } => Event::default().id(id).event("resync").data(json),
        };
        Some((event, subscription))
    })
    .fuse();
    let events = stream::iter(first)
        .chain(heard.take_until(Box::pin(ends)))
        .map(Ok::<_, Infallible>);
    let alive = KeepAlive::new().interval(PING).text("ping");
    let mut response = Sse::new(events).keep_alive(alive).into_response();
    response
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
