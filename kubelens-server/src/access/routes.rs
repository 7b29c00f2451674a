//! The routes that belong to this room: sign-in, sessions, the audit trail, access, settings.

mod audit;
mod rights;
pub(super) mod session;
mod sessions;

use axum::extract::{Extension, State};
use axum::response::Response;
use axum::{Json, Router};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::denial::written;
use super::{Access, RequestId, oidc};
use crate::api::error::Code;
use crate::settings::EffectiveSetting;

/// The id of a request in errors.
type Id = Option<Extension<RequestId>>;

/// The routes with their description.
pub fn described() -> OpenApiRouter<Access> {
    OpenApiRouter::new()
        .routes(routes!(session::show))
        .routes(routes!(session::login))
        .routes(routes!(session::logout))
        .routes(routes!(oidc::login))
        .routes(routes!(oidc::callback))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::revoke))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(rights::show))
        .routes(routes!(show_config))
}

/// The routes, with their state; merge them into the router before the layers.
pub fn routes(access: Access) -> Router {
    described().with_state(access).into()
}

/// The settings as they hold.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct EffectiveSettings {
    /// All of them, by name.
    items: Vec<EffectiveSetting>,
}

/// The settings as they hold, secrets masked.
#[utoipa::path(get, path = "/api/config", tag = "access", responses((status = 200, body = EffectiveSettings)))]
async fn show_config(State(access): State<Access>) -> Json<EffectiveSettings> {
    Json(EffectiveSettings {
        items: access.inner.effective.clone(),
    })
}

/// An error in the shape of all of them.
pub(super) fn error(code: Code, text: impl AsRef<str>, id: Id) -> Response {
    let id = id.as_ref().map(|id| id.0.0.as_str());
    written(code, text.as_ref(), id)
}
