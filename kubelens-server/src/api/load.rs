//! How much goes on at a time, by class of route: what is too much is turned away at once, so that the rest is served.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::Method;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{ApiError, Code};
use crate::connections::{Held, Pace};
use crate::server::AppState;

/// How long a request may take that is no stream.
const DEADLINE: Duration = Duration::from_secs(20);

/// When somebody who was turned away may come again, in seconds.
const COME_AGAIN: u64 = 1;

/// Routes that take about the same of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Probes and scrapes: never turned away.
    Probe,
    /// Answers that go on: events, logs that are followed, terminals.
    Stream,
    /// What waits for a cluster's API server.
    Fetch,
    /// What changes something, or is given something to look through.
    Write,
    /// Answers from the picture.
    Read,
}

impl Class {
    /// The class of a request.
    pub fn of(method: &Method, path: &str) -> Self {
        let parts: Vec<&str> = path.trim_start_matches("/api/").split('/').collect();
        match parts.as_slice() {
            ["healthz" | "readyz"] | ["metrics", "prometheus"] => Self::Probe,
            ["stream"] | ["stream", "ws"] | ["pods", _, _, "logs", "stream"] => Self::Stream,
            ["pods", _, _, "exec" | "portforward"] => Self::Stream,
            _ if !matches!(*method, Method::GET | Method::HEAD) => Self::Write,
            ["pods", _, _] | ["pods", _, _, "logs"] | ["resources", _, _, _, ..] => Self::Fetch,
            _ => Self::Read,
        }
    }
}

/// How many requests of each class may go on at a time.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// Of [`Class::Stream`].
    pub streams: usize,
    /// Of [`Class::Fetch`].
    pub fetches: usize,
    /// Of [`Class::Write`].
    pub writes: usize,
    /// Of [`Class::Read`].
    pub reads: usize,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            streams: 10_000,
            fetches: 128,
            writes: 64,
            reads: 512,
        }
    }
}

/// What goes on.
#[derive(Debug)]
pub struct Load {
    streams: Arc<Semaphore>,
    fetches: Arc<Semaphore>,
    writes: Arc<Semaphore>,
    reads: Arc<Semaphore>,
}

/// A place that a request has; it is free again when the last copy is dropped.
#[derive(Debug, Clone)]
pub struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Load {
    /// Nothing goes on yet.
    pub fn new(places: Places) -> Self {
        let semaphore = |count| Arc::new(Semaphore::new(count));
        Self {
            streams: semaphore(places.streams),
            fetches: semaphore(places.fetches),
            writes: semaphore(places.writes),
            reads: semaphore(places.reads),
        }
    }

    /// A place for a request of a class; none for one that needs none.
    fn take(&self, class: Class) -> Result<Option<Place>, ApiError> {
        let all = match class {
            Class::Probe => return Ok(None),
            Class::Stream => &self.streams,
            Class::Fetch => &self.fetches,
            Class::Write => &self.writes,
            Class::Read => &self.reads,
        };
        match Arc::clone(all).try_acquire_owned() {
            Ok(permit) => Ok(Some(Place {
                _permit: Arc::new(permit),
            })),
            Err(_) => Err(ApiError::new(
                Code::Overloaded,
                "more is asked for at the moment than can be answered: come again",
            )
            .retry_after(COME_AGAIN)),
        }
    }
}

/// Turns away what is too much, and ends what takes too long; streams and operations have no deadline.
pub async fn bounded(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let class = Class::of(request.method(), request.uri().path());
    let place = match state.load.take(class) {
        Ok(place) => place,
        Err(error) => return error.into_response(),
    };
    if class != Class::Stream {
        let answer = tokio::time::timeout(DEADLINE, next.run(request)).await;
        drop(place);
        return match answer {
            Ok(response) => response,
            Err(_) => ApiError::new(Code::Timeout, "the answer took too long").into_response(),
        };
    }
    if let Some(pace) = request.extensions().get::<Arc<Pace>>() {
        pace.be_patient();
    }
    if let Some(place) = &place {
        // A connection that is taken over outlives its answer.
        request.extensions_mut().insert(place.clone());
    }
    let response = next.run(request).await;
    response.map(|body| Body::new(Held::new(body, place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_have_classes() {
        let get = |path: &str| Class::of(&Method::GET, path);
        assert_eq!(get("/api/readyz"), Class::Probe);
        assert_eq!(get("/api/metrics/prometheus"), Class::Probe);
        assert_eq!(get("/api/metrics"), Class::Read);
        assert_eq!(get("/api/stream/ws"), Class::Stream);
        assert_eq!(get("/api/pods/a/b/logs/stream"), Class::Stream);
        assert_eq!(get("/api/pods/a/b/logs"), Class::Fetch);
        assert_eq!(get("/api/pods/a/b/events"), Class::Read);
        assert_eq!(get("/api/resources/pods"), Class::Read);
        assert_eq!(get("/api/resources/pods/a/b/yaml"), Class::Fetch);
        assert_eq!(Class::of(&Method::POST, "/api/pods"), Class::Write);
        assert_eq!(get("/"), Class::Read);
    }

    #[test]
    fn a_place_is_taken_until_its_last_copy_is_gone() {
        let load = Load::new(Places {
            reads: 1,
            ..Places::default()
        });
        let place = load.take(Class::Read).unwrap();
        let copy = place.clone();
        drop(place);
        let refused = load.take(Class::Read).unwrap_err();
        assert_eq!(
            (refused.code, refused.retry_after),
            (Code::Overloaded, Some(1))
        );
        assert!(load.take(Class::Probe).unwrap().is_none());
        assert!(load.take(Class::Write).is_ok());
        drop(copy);
        assert!(load.take(Class::Read).is_ok());
    }
}
