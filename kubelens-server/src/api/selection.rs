//! Which cluster a request means: header, else cookie, else what its sender chose last, else the first.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, header};

use super::error::{ApiError, Code};
use crate::access::{Secure, cookies};
use crate::door::Door;
use crate::live::{Cluster, Picture, View};
use crate::server::AppState;
use crate::who::Identity;

/// The header that names it, in requests and in answers.
pub const HEADER: &str = "x-kubelens-cluster";

/// The cookie that names it.
pub const COOKIE: &str = "kubelens_cluster";

/// The cluster that a request means, whoever asks.
#[derive(Debug, Clone)]
pub struct Selected {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// For how many seconds a lost cluster is still shown.
    most_stale: i64,
}

/// The cluster that a request means, as its caller may see it.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    most_stale: i64,
    who: Identity,
    seen: Seen,
}

/// What the caller sees.
#[derive(Debug, Clone)]
enum Seen {
    /// What this server sees: people have no rights of their own.
    Everything,
    /// What their rights allow, or why that is not known.
    Limited(Result<(Arc<View>, Arc<Picture>), ApiError>),
}

impl Chosen {
    /// Its picture as the caller may see it, if it can be trusted.
    pub fn picture(&self) -> Result<Arc<Picture>, ApiError> {
        match &self.seen {
            Seen::Everything => self.cluster.picture(self.most_stale),
            Seen::Limited(seen) => seen.clone().map(|(_, picture)| picture),
        }
    }

    /// The caller's view; none where everybody sees everything.
    pub fn view(&self) -> Result<Option<Arc<View>>, ApiError> {
        match &self.seen {
            Seen::Everything => Ok(None),
            Seen::Limited(seen) => seen.clone().map(|(view, _)| Some(view)),
        }
    }

    /// A client of its API server that acts as the caller; none where it is not sure that the API server takes its
    /// calls for theirs.
    pub fn client(&self) -> Result<kube::Client, ApiError> {
        self.view()?;
        self.cluster.client_for(&self.who)
    }

    /// Its API server, as the caller.
    pub fn door(&self) -> Result<Door, ApiError> {
        Ok(Door::new(self.client()?).within(self.cluster.patience))
    }

    async fn of(selected: Selected, who: Identity) -> Self {
        let Selected {
            cluster,
            most_stale,
        } = selected;
        let seen = match cluster.view_of(&who).await {
            Ok(None) => Seen::Everything,
            Ok(Some(view)) => {
                let picture = cluster.picture_for(&view, most_stale).await;
                Seen::Limited(picture.map(|picture| (view, picture)))
            }
            Err(error) => Seen::Limited(Err(error)),
        };
        Self {
            cluster,
            most_stale,
            who,
            seen,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Chosen {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let selected =
            parts.extensions.get::<Selected>().cloned().ok_or_else(|| {
                ApiError::new(Code::Internal, "no cluster was chosen for this route")
            })?;
        let who = match Identity::from_request_parts(parts, state).await {
            Ok(who) => who,
            Err(never) => match never {},
        };
        Ok(Self::of(selected, who).await)
    }
}

/// Chooses the cluster, and names it in the answer.
pub async fn choose(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let mut is_cookie_stale = false;
    let headers = request.headers();
    let named = headers
        .get(HEADER)
        .map(|value| value.to_str().unwrap_or_default().to_owned());
    let cluster = if let Some(name) = named.filter(|name| !name.is_empty()) {
        let Some(cluster) = state.clusters.named(&name) else {
            let known: Vec<&str> = state
                .clusters
                .iter()
                .map(|cluster| cluster.name.as_str())
                .collect();
            return ApiError::new(
                Code::ClusterNotFound,
                format!("no cluster is named {name:?}; known: {}", known.join(", ")),
            )
            .into_response();
        };
        cluster
    } else {
        let cookie = cookies::find(headers, COOKIE);
        let of_cookie = cookie.and_then(|name| state.clusters.named(name));
        is_cookie_stale = cookie.is_some() && of_cookie.is_none();
        of_cookie
            .or_else(|| chosen_before(&state, request.extensions().get::<Identity>()))
            .unwrap_or_else(|| state.clusters.first())
    };
    let cluster = Arc::clone(cluster);
    let secure = request.extensions().get::<Secure>().copied();
    request.extensions_mut().insert(Selected {
        cluster: Arc::clone(&cluster),
        most_stale: state.options.stale_max_seconds,
    });
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(name) = HeaderValue::from_str(&cluster.name) {
        headers.insert(HEADER, name);
    }
    if !cluster.is_real() {
        headers.insert("x-kubelens-demo", HeaderValue::from_static("true"));
    }
    if is_cookie_stale
        && let Some(cleared) = cookies::clear(COOKIE, secure.unwrap_or(Secure(false)))
    {
        headers.append(header::SET_COOKIE, cleared);
    }
    response
}

/// The cluster that somebody chose in another browser.
fn chosen_before<'s>(state: &'s AppState, who: Option<&Identity>) -> Option<&'s Arc<Cluster>> {
    let name = state.kept.as_ref()?.selections.of(who?)?;
    state.clusters.named(&name)
}
