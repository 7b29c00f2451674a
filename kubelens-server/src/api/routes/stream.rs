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
use crate::bus::{Filter, Wanted};
use crate::server::AppState;
use crate::streams::{Greeting, session_ends, socket, sse};
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
    let filter = Filter::of(&wanted, &chosen.cluster.name, who.role);
    let subscription = state
        .bus
        .subscribe(filter, last(&headers, &wanted).as_deref());
    let ends = session_ends(state.access, session.map(|session| session.0));
    Ok(sse::stream(Greeting::of(&chosen), subscription, ends))
}

/// The same over a WebSocket: one JSON text frame an event.
#[utoipa::path(get, path = "/api/stream/ws", tag = "streams", params(Wanted),
    responses((status = 101, description = "One JSON text frame an event")))]
pub async fn socket(
    State(state): State<AppState>,
    chosen: Chosen,
    who: Identity,
    session: Option<Extension<SessionId>>,
    place: Option<Extension<Place>>,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let cluster = chosen.cluster.name.clone();
    let filter = Filter::of(&wanted, &cluster, who.role);
    let subscription = state
        .bus
        .subscribe(filter, last(&headers, &wanted).as_deref());
    let greeting = Greeting::of(&chosen);
    let ends = session_ends(state.access, session.map(|session| session.0));
    upgrade
        .max_message_size(socket::LONGEST_FRAME)
        .max_frame_size(socket::LONGEST_FRAME)
        .on_upgrade(async move |socket| {
            socket::serve(socket, greeting, subscription, cluster, who.role, ends).await;
            drop(place);
        })
}
