//! Every route on one screen, and what stands around them.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ApiError, Code};
use super::idempotency::once;
use super::load::bounded;
use super::outside::{note_route, outside};
use super::routes::{
    clusters, debug, history, inventory, later, logs, node_actions, nodes, openapi, operations,
    pod_actions, pods, report, resource_actions, resources, risk, search, stream, system, terminal,
    topology,
};
use super::selection::choose;
use crate::access;
use crate::pages;
use crate::server::AppState;

/// The routes with their description.
fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::Doc::openapi())
        .routes(routes!(system::healthz))
        .routes(routes!(system::readyz))
        .routes(routes!(system::version))
        .routes(routes!(system::runtime))
        .routes(routes!(system::metrics))
        .routes(routes!(system::prometheus))
        .routes(routes!(debug::inside))
        .routes(routes!(openapi::json))
        .routes(routes!(openapi::yaml))
        .routes(routes!(clusters::list))
        .routes(routes!(clusters::select))
        .routes(routes!(clusters::info))
        .routes(routes!(inventory::namespaces))
        .routes(routes!(inventory::events))
        .routes(routes!(inventory::stats))
        .routes(routes!(search::search))
        .routes(routes!(topology::topology))
        .routes(routes!(terminal::exec))
        .routes(routes!(terminal::port))
        .routes(routes!(pods::list, pod_actions::create))
        .routes(routes!(pods::detail, pod_actions::delete))
        .routes(routes!(pods::events))
        .routes(routes!(pods::describe))
        .routes(routes!(logs::last))
        .routes(routes!(logs::follow))
        .routes(routes!(pod_actions::restart))
        .routes(routes!(nodes::list))
        .routes(routes!(nodes::detail))
        .routes(routes!(nodes::pods))
        .routes(routes!(nodes::events))
        .routes(routes!(nodes::drain_preview))
        .routes(routes!(node_actions::cordoned))
        .routes(routes!(node_actions::uncordoned))
        .routes(routes!(node_actions::drained))
        .routes(routes!(resources::list))
        .routes(routes!(resources::object))
        .routes(routes!(resources::yaml, resource_actions::applied))
        .routes(routes!(resource_actions::compared))
        .routes(routes!(resource_actions::scaled))
        .routes(routes!(resource_actions::restarted))
        .routes(routes!(resource_actions::rolled_back))
        .routes(routes!(resource_actions::revisions))
        .routes(routes!(operations::list))
        .routes(routes!(operations::one))
        .routes(routes!(operations::cancel))
        .routes(routes!(report::report))
        .routes(routes!(report::schema))
        .routes(routes!(history::history))
        .routes(routes!(report::diff))
        .routes(routes!(report::diagnostics))
        .routes(routes!(risk::judge))
        .routes(routes!(stream::events))
        .routes(routes!(stream::socket))
}

/// The description of all routes, those of access with them.
pub fn description() -> utoipa::openapi::OpenApi {
    let mut document = described().into_openapi();
    document.merge(access::described().into_openapi());
    document
}

/// The whole server.
pub fn router(state: AppState) -> Router {
    let router: Router<AppState> = described().into();
    let compressed = CompressionLayer::new().gzip(true).zstd(true).compress_when(
        SizeAbove::new(1024)
            .and(NotForContentType::SSE)
            .and(NotForContentType::const_new("text/plain")),
    );
    let router = router.merge(later::router()).fallback(pages::page);
    let own = from_fn_with_state(state.clone(), choose);
    // From the innermost outwards: the last layer meets a request first.
    let router = match state.access.clone() {
        None => router
            .merge(later::without_access())
            .layer(from_fn(note_route))
            .layer(own)
            .layer(from_fn_with_state(state.clone(), bounded))
            .layer(CatchPanicLayer::custom(panicked))
            .with_state(state.clone()),
        Some(access) => router
            .with_state(state.clone())
            .merge(access::routes(access.clone()))
            .layer(from_fn_with_state(state.clone(), once))
            .layer(from_fn(note_route))
            .layer(from_fn_with_state(access.clone(), access::record))
            .layer(own)
            .layer(from_fn_with_state(access.clone(), access::authorize))
            .layer(from_fn_with_state(access.clone(), access::limit))
            .layer(from_fn_with_state(access.clone(), access::authenticate))
            .layer(from_fn_with_state(state.clone(), bounded))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn_with_state(access, access::security_headers)),
    };
    router
        .layer(from_fn_with_state(state, outside))
        .layer(compressed)
}

/// A bug shows itself to nobody but the log.
#[allow(
    clippy::needless_pass_by_value,
    reason = "the signature is the layer's"
)]
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    ApiError::new(Code::Internal, "the request failed by a bug of the server").into_response()
}
