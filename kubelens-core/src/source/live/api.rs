//! One request to the API server, with its retries.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use kube::client::Body;
use tokio::time::{sleep, timeout};

use super::pace::Pace;

/// How often a request is sent at most.
const ATTEMPTS: u32 = 5;

/// Longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Longest answer that is read in one piece.
const LONGEST_ANSWER: usize = 32 * 1024 * 1024;

/// Longest text that is read.
const LONGEST_TEXT: usize = 64 * 1024;

/// A client that waits when the server asks it to.
#[derive(Clone)]
pub(super) struct Api {
    client: kube::Client,
    /// The server, for messages.
    pub(super) server: String,
    /// How fast requests are sent.
    pub(super) pace: Pace,
    /// How often the server said 429, by the uid of the priority level that was full.
    turned_away: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// Why a request has no good answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server said no; the text is its message.
    Status(StatusCode, String),
    /// No answer, or not all of it, in time.
    TimedOut,
    /// The connection failed; the text is the innermost cause.
    Connection(String),
    /// The answer began and did not end.
    Cut(String),
    /// No credentials are to be had, for example because a plugin failed.
    Credentials(String),
    /// The whole run took too long.
    OutOfTime,
    /// There are more objects of the kind than are read.
    TooMany,
}

impl Failure {
    pub(super) const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status(status, _) => Some(*status),
            _ => None,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(_, message) => f.write_str(message),
            Self::TimedOut => f.write_str("the server did not answer in time"),
            Self::Connection(cause) => write!(f, "the connection failed: {cause}"),
            Self::Cut(cause) => write!(f, "the answer was cut off: {cause}"),
            Self::Credentials(cause) => write!(f, "no credentials: {cause}"),
            Self::OutOfTime => f.write_str("the time for the whole run was up"),
            Self::TooMany => f.write_str("there are more than are read"),
        }
    }
}

impl Api {
    pub(super) fn new(client: kube::Client, server: String) -> Self {
        Self {
            client,
            server,
            pace: Pace::default(),
            turned_away: Arc::default(),
        }
    }

    pub(super) fn client(&self) -> kube::Client {
        self.client.clone()
    }

    /// Sends a GET; an answer other than 200 is a failure. 429 and 503 are asked again when the server says.
    pub(super) async fn get(
        &self,
        path: &str,
        accept: &str,
        patience: Duration,
    ) -> Result<Response<Body>, Failure> {
        let mut attempt = 1;
        loop {
            self.pace.turn().await;
            let wait = match timeout(patience, self.send(path, accept)).await {
                Err(_) => return Err(Failure::TimedOut),
                Ok(Ok(response)) if response.status() == StatusCode::OK => return Ok(response),
                Ok(Ok(response)) => {
                    self.note_refusal(&response);
                    let wait = wait_asked_for(&response, attempt);
                    match wait.filter(|_| attempt < ATTEMPTS) {
                        Some(wait) => wait,
                        None => return Err(refusal(response, patience).await),
                    }
                }
                // A connection that was open before may have been closed meanwhile.
                Ok(Err(failure)) if attempt > 1 || !failure.is_transient() => return Err(failure),
                Ok(Err(_)) => Duration::from_millis(200),
            };
            sleep(wait).await;
            attempt += 1;
        }
    }

    /// How often the server said 429, by the uid of the priority level that was full.
    pub(super) fn turned_away(&self) -> BTreeMap<String, u64> {
        self.turned_away
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note_refusal(&self, response: &Response<Body>) {
        if response.status() != StatusCode::TOO_MANY_REQUESTS {
            return;
        }
        let level = response.headers().get("x-kubernetes-pf-prioritylevel-uid");
        let level = level.and_then(|level| level.to_str().ok());
        let mut counts = self
            .turned_away
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *counts
            .entry(level.unwrap_or("unknown").to_owned())
            .or_default() += 1;
    }

    /// Asks once for a text, and takes it whatever its status.
    pub(super) async fn get_text(
        &self,
        path: &str,
        patience: Duration,
    ) -> Result<(StatusCode, String), Failure> {
        self.pace.turn().await;
        let response = match timeout(patience, self.send(path, "text/plain, */*")).await {
            Err(_) => return Err(Failure::TimedOut),
            Ok(sent) => sent?,
        };
        let status = response.status();
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        while let Some(chunk) = next_chunk(&mut body, patience).await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LONGEST_TEXT {
                break;
            }
        }
        Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Sends a server-side apply once; returns what the server warns of.
    pub(super) async fn try_apply(
        &self,
        path: &str,
        manifest: String,
        patience: Duration,
    ) -> Result<Vec<String>, Failure> {
        let request = Request::patch(path)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/apply-patch+yaml")
            .body(Body::from(manifest.into_bytes()))
            .map_err(|error| Failure::Connection(error.to_string()))?;
        self.pace.turn().await;
        let response = match timeout(patience, self.client.send(request)).await {
            Err(_) => return Err(Failure::TimedOut),
            Ok(sent) => sent.map_err(|error| sending(&error))?,
        };
        if !response.status().is_success() {
            return Err(refusal(response, patience).await);
        }
        Ok(response
            .headers()
            .get_all(header::WARNING)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .map(|value| {
                // `299 - "text"`, RFC 7234.
                let text = value.splitn(3, ' ').nth(2).unwrap_or(value);
                text.trim_matches('"').to_owned()
            })
            .collect())
    }

    /// Sends a GET and reads the whole answer.
    pub(super) async fn get_bytes(
        &self,
        path: &str,
        accept: &str,
        patience: Duration,
    ) -> Result<Answer, Failure> {
        let response = self.get(path, accept, patience).await?;
        let date = response
            .headers()
            .get(header::DATE)
            .and_then(|date| date.to_str().ok())
            .and_then(|date| jiff::fmt::rfc2822::parse(date).ok())
            .map(|date| date.timestamp());
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        while let Some(chunk) = next_chunk(&mut body, patience).await? {
            if bytes.len() + chunk.len() > LONGEST_ANSWER {
                return Err(Failure::Cut("it is too long".to_owned()));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer { bytes, date })
    }

    async fn send(&self, path: &str, accept: &str) -> Result<Response<Body>, Failure> {
        let request = Request::get(path)
            .header(header::ACCEPT, accept)
            .body(Body::empty())
            .map_err(|error| Failure::Connection(error.to_string()))?;
        self.client
            .send(request)
            .await
            .map_err(|error| sending(&error))
    }
}

/// Why a request could not be sent.
fn sending(error: &kube::Error) -> Failure {
    match error {
        kube::Error::Auth(_) => Failure::Credentials(innermost(error)),
        _ => Failure::Connection(innermost(error)),
    }
}

impl Failure {
    /// Whether the same request may well succeed: not where the server's certificate is refused.
    fn is_transient(&self) -> bool {
        match self {
            Self::Connection(cause) => !cause.contains("certificate"),
            _ => false,
        }
    }
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    /// The server's clock.
    pub(super) date: Option<jiff::Timestamp>,
}

/// The next piece of a body; none at its end.
pub(super) async fn next_chunk(
    body: &mut Body,
    patience: Duration,
) -> Result<Option<Bytes>, Failure> {
    loop {
        match timeout(patience, body.frame()).await {
            Err(_) => return Err(Failure::TimedOut),
            Ok(None) => return Ok(None),
            Ok(Some(Err(error))) => return Err(Failure::Cut(innermost(&error))),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// How long to wait before asking again, if the answer invites to.
fn wait_asked_for(response: &Response<Body>, attempt: u32) -> Option<Duration> {
    if !matches!(
        response.status(),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        return None;
    }
    let asked = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.trim().parse().ok())
        .map(Duration::from_secs);
    Some(
        asked
            .unwrap_or(Duration::from_millis(250) * 2_u32.pow(attempt))
            .min(LONGEST_WAIT),
    )
}

/// What the server said when it refused: the message of its Status, or the beginning of its text.
async fn refusal(response: Response<Body>, patience: Duration) -> Failure {
    #[derive(serde::Deserialize)]
    struct Status {
        message: String,
    }
    let status = response.status();
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = next_chunk(&mut body, patience).await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > 64 * 1024 {
            break;
        }
    }
    let message = match serde_json::from_slice::<Status>(&bytes) {
        Ok(status) if !status.message.is_empty() => status.message,
        _ => {
            let text = String::from_utf8_lossy(&bytes);
            let line: String = text
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(200)
                .collect();
            if line.is_empty() {
                status.to_string()
            } else {
                format!("{status}: {line}")
            }
        }
    };
    Failure::Status(status, message)
}

/// The cause that says most: the last of the chain.
pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
