//! Which clusters there are, and which one is meant.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use cookie::SameSite;
use http::header;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::access::{Secure, cookies};
use crate::api::Chosen;
use crate::api::body::Body;
use crate::api::error::{ApiError, Code};
use crate::api::selection::COOKIE;
use crate::live::ClusterItem;
use crate::server::AppState;
use crate::who::Identity;

/// How long a browser keeps the choice.
const CHOSEN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// All clusters.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ClusterList {
    /// The one that is meant.
    pub selected: String,
    /// All of them.
    pub items: Vec<ClusterItem>,
}

/// Which clusters there are, and how each stands.
#[utoipa::path(get, path = "/api/clusters", tag = "system", responses((status = 200, body = ClusterList)))]
pub async fn list(State(state): State<AppState>, chosen: Chosen) -> Json<ClusterList> {
    Json(ClusterList {
        selected: chosen.cluster.name.clone(),
        items: state
            .clusters
            .iter()
            .map(|cluster| cluster.item())
            .collect(),
    })
}

/// The cluster that is to be meant from now on.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// Its name.
    pub name: String,
}

/// The cluster that is meant.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Selected {
    /// Its name.
    pub selected: String,
}

/// Means another cluster from now on: by a cookie, and for who signed in also in other browsers.
#[utoipa::path(post, path = "/api/clusters/select", tag = "system", request_body = Selection,
    responses((status = 200, body = Selected)))]
pub async fn select(
    State(state): State<AppState>,
    who: Identity,
    secure: Option<Extension<Secure>>,
    Body(selection): Body<Selection>,
) -> Result<Response, ApiError> {
    let name = selection.name.trim();
    if name.is_empty() {
        return Err(ApiError::bad_request("name is missing"));
    }
    if state.clusters.named(name).is_none() {
        return Err(ApiError::new(
            Code::ClusterNotFound,
            format!("no cluster is named {name:?}"),
        ));
    }
    if let Some(kept) = state.kept.clone() {
        let name = name.to_owned();
        let written = tokio::task::spawn_blocking(move || kept.selections.keep(&who, &name)).await;
        if let Ok(Err(error)) = written {
            // The cookie carries it all the same.
            tracing::warn!("which cluster was chosen is not kept: {error}");
        }
    }
    let secure = secure.map_or(Secure(false), |it| it.0);
    let cookie = cookies::set(COOKIE, name, CHOSEN_FOR, SameSite::Strict, secure);
    let mut response = Json(Selected {
        selected: name.to_owned(),
    })
    .into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Whether the cluster is a real one.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterInfo {
    /// False for the simulated one.
    pub is_real_cluster: bool,
}

/// Whether the cluster is a real one.
#[utoipa::path(get, path = "/api/cluster-info", tag = "system", responses((status = 200, body = ClusterInfo)))]
pub async fn info(chosen: Chosen) -> Json<ClusterInfo> {
    Json(ClusterInfo {
        is_real_cluster: chosen.cluster.is_real(),
    })
}
