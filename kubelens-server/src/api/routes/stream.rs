//! What happens, as it happens: server-sent events and WebSocket.

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use http::HeaderMap;

use crate::access::SessionId;
use crate::api::Chosen;
use crate::api::error::ApiError;
use crate::api::load::Place;
use crate::api::query::Query;
use crate::bus::{Filter, Hearing, Wanted};
use crate::server::AppState;
use crate::streams::socket::{self, Listener};
use crate::streams::{Greeting, rights_change, session_ends, sse};
use crate::who::Identity;

/// The header in which a browser says where it was.
const LAST: &str = "last-event-id";

fn last(headers: &HeaderMap, wanted: &Wanted) -> Option<String> {
    let header = headers
        .get(LAST)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    header
        .or_else(|| wanted.last_event_id.clone())
        .filter(|id| !id.is_empty())
}

/// Done once a stream has to end: its session holds no more, or its listener's rights are others.
async fn over(
    state: AppState,
    session: Option<Extension<SessionId>>,
    who: Identity,
    hearing: Hearing,
) {
    tokio::select! {
        () = session_ends(state.access, session.map(|session| session.0)) => {}
        () = rights_change(state.clusters, who, hearing) => {}
    }
}

/// Server-sent events.
#[utoipa::path(get, path = "/api/stream", tag = "streams", params(Wanted),
    responses((status = 200, description = "Envelopes {type, timestamp, payload, id, cluster}", body = String,
        content_type = "text/event-stream")))]
pub async fn events(
    State(state): State<AppState>,
    chosen: Chosen,
    who: Identity,
    session: Option<Extension<SessionId>>,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let hearing = Hearing::of(&state.clusters, &who).await;
    let filter = Filter::of(&wanted, &chosen.cluster.name, who.role).within(hearing.clone());
    let subscription = state
        .bus
        .subscribe(filter, last(&headers, &wanted).as_deref());
    let ends = over(state, session, who, hearing);
    Ok(sse::stream(Greeting::of(&chosen), subscription, ends))
}

/// The same over a WebSocket: one JSON text frame an event.
#[utoipa::path(get, path = "/api/stream/ws", tag = "streams", params(Wanted),
    responses((status = 101, description = "One JSON text frame an event")))]
pub async fn socket(
    State(state): State<AppState>,
    chosen: Chosen,
    who: Identity,
    extensions: axum::http::Extensions,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let cluster = chosen.cluster.name.clone();
    let hearing = Hearing::of(&state.clusters, &who).await;
    let filter = Filter::of(&wanted, &cluster, who.role).within(hearing.clone());
    let subscription = state
        .bus
        .subscribe(filter, last(&headers, &wanted).as_deref());
    let greeting = Greeting::of(&chosen);
    let listener = Listener {
        cluster,
        role: who.role,
        hearing: hearing.clone(),
    };
    let session = extensions.get::<SessionId>().copied().map(Extension);
    let place = extensions.get::<Place>().cloned();
    let ends = over(state, session, who, hearing);
    upgrade
        .max_message_size(socket::LONGEST_FRAME)
        .max_frame_size(socket::LONGEST_FRAME)
        .on_upgrade(async move |socket| {
            socket::serve(socket, greeting, subscription, listener, ends).await;
            drop(place);
        })
}
