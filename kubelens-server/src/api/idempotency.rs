//! `Idempotency-Key`: a change that is asked for again is not made again, and is answered as it was.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};
use tracing::Instrument as _;

use super::answers::{Begun, Kept, Turn};
use super::body::LONGEST;
use super::error::{ApiError, Code};
use super::selection::Selected;
use crate::access::AuditNote;
use crate::access::table::Rule;
use crate::clock;
use crate::door::Sent;
use crate::hex::hex;
use crate::server::AppState;
use crate::who::Identity;

const HEADER: &str = "idempotency-key";
const REPLAYED: &str = "idempotency-replayed";

/// Longest key.
const LONGEST_KEY: usize = 255;

/// Longest answer that is looked at, in bytes.
const LONGEST_ANSWER: usize = 64 << 20;

/// Makes a change that carries a key once. Innermost, so that nobody hears an answer that they may not.
pub async fn once(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let rule = request.extensions().get::<Rule>().copied();
    let rule = rule.filter(|rule| rule.is_gated() && rule.is_mutating());
    let key = request.headers().get(HEADER).cloned();
    let (Some(rule), Some(key), Some(kept)) = (rule, key, state.kept.clone()) else {
        return next.run(request).await;
    };
    let is_key =
        (1..=LONGEST_KEY).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    if !is_key {
        let why = format!("Idempotency-Key is 1 to {LONGEST_KEY} visible ASCII characters");
        return ApiError::bad_request(why).into_response();
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LONGEST).await else {
        let why = format!("the body is longer than {LONGEST} bytes, or did not come whole");
        return ApiError::new(Code::TooLarge, why).into_response();
    };
    let who = parts.extensions.get::<Identity>();
    let cluster = parts
        .extensions
        .get::<Selected>()
        .map(|selected| selected.cluster.name.clone());
    let own = digest(&[
        who.map(|who| format!("{:?}", who.provider))
            .unwrap_or_default()
            .as_bytes(),
        who.map(|who| who.subject.as_str())
            .unwrap_or_default()
            .as_bytes(),
        cluster.unwrap_or_default().as_bytes(),
        rule.method.as_bytes(),
        rule.pattern.as_bytes(),
        key.as_bytes(),
    ]);
    let mark = digest(&[
        parts.uri.path().as_bytes(),
        parts.uri.query().unwrap_or_default().as_bytes(),
        &body,
    ]);
    let begun =
        tokio::task::spawn_blocking(move || kept.answers.begin(&own, &mark, clock::steady())).await;
    match begun {
        Ok(Ok(Begun::Go(turn))) => {
            let mut request = Request::from_parts(parts, Body::from(body));
            let sent = Sent::default();
            request.extensions_mut().insert(sent.clone());
            // It goes on to its end, also when the client leaves: its answer is for whoever asks again.
            let done = async move { settled(turn, &sent, next.run(request).await).await };
            let done = tokio::spawn(done.in_current_span()).await;
            done.unwrap_or_else(|_| failed())
        }
        Ok(Ok(Begun::Before(kept))) => replayed(kept),
        Ok(Err(error)) => error.into_response(),
        Err(_) => failed(),
    }
}

fn failed() -> Response {
    ApiError::new(Code::Internal, "the request failed by a bug of the server").into_response()
}

fn digest(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

/// Keeps an answer, unless nothing was done or nobody knows.
async fn settled(turn: Turn, sent: &Sent, response: Response) -> Response {
    let status = response.status();
    let is_passing = matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
    );
    if is_passing && !sent.is_set() {
        // What was in the way may be gone the next time.
        end(move || turn.forget()).await;
        return response;
    }
    if is_passing || status == StatusCode::INTERNAL_SERVER_ERROR {
        // Dropped: all or a part of it may have been done.
        return response;
    }
    if let Some(error) = response.extensions().get::<ApiError>() {
        let kept = Kept::Refusal {
            code: error.code.as_str().to_owned(),
            message: error.message.clone(),
            details: error.details.clone(),
        };
        end(move || turn.answered(kept)).await;
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LONGEST_ANSWER).await else {
        return failed();
    };
    let kind = parts.headers.get(header::CONTENT_TYPE);
    let kept = Kept::Answer {
        status: status.as_u16(),
        kind: kind
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    end(move || turn.answered(kept)).await;
    Response::from_parts(parts, Body::from(body))
}

async fn end(write: impl FnOnce() + Send + 'static) {
    if tokio::task::spawn_blocking(write).await.is_err() {
        tracing::error!("the end of a request was not kept");
    }
}

fn replayed(kept: Kept) -> Response {
    let mut response = match kept {
        Kept::Answer { status, kind, body } => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            if let Ok(kind) = HeaderValue::from_str(&kind) {
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
            }
            response
        }
        Kept::Refusal {
            code,
            message,
            details,
        } => {
            let known = Code::ALL.iter().find(|known| known.as_str() == code);
            let mut error = ApiError::new(known.copied().unwrap_or(Code::BadRequest), message);
            error.details = details;
            error.into_response()
        }
    };
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    response.extensions_mut().insert(AuditNote {
        reason: Some("asked again with the same Idempotency-Key: nothing was done".to_owned()),
        ..AuditNote::default()
    });
    response
}
