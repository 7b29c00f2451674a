//! What a run would ask the API server.

use super::LiveSource;
use super::discovery::Served;
use super::list::first_query;
use super::read::{Version, is_whole, wanted};
use super::server_health::READY;
use super::target::Target;
use crate::kubernetes::Kind;
use crate::source::{ReadRequest, SourceError};

/// One request that a run would send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRequest {
    /// The HTTP method.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// The kind that it reads; empty for what tells about the server itself.
    pub kind: String,
    /// What it is for, or when it is sent.
    pub note: String,
}

impl LiveSource {
    /// The requests that [`ClusterSource::load`](crate::source::ClusterSource::load) would send for `request`. Only the
    /// version and the served kinds are asked for: what follows depends on them.
    pub async fn plan(&self, request: &ReadRequest) -> Result<Vec<PlannedRequest>, SourceError> {
        let patience = request.request_timeout;
        let served = Served::ask(&self.api, patience).await;
        let served = served.map_err(|failure| self.unanswered(&failure))?;
        let version = Version::ask(&self.api, request).await;
        let version = version.map_err(|failure| self.unanswered(&failure))?;
        let query = first_query(is_whole(&version));
        let mut plan = vec![
            planned("/version", "", "the server's version and time"),
            planned("/apis", "", "the kinds that it serves"),
            planned(READY, "", "what the server says of itself"),
        ];
        let typed = wanted(request.kinds)
            .filter(|kind| *kind != Kind::Endpoints)
            .filter_map(|kind| served.target(kind));
        let custom = served.custom_targets(&request.whole).read;
        for target in typed.chain(custom) {
            let note = if target.kind == Some(Kind::Secret) && !request.secret_keys {
                "metadata only"
            } else {
                ""
            };
            plan.extend(lists(&target, request, &query, note));
        }
        if request.kinds.contains(Kind::Endpoints) {
            let target = Target::of(Kind::Endpoints);
            let note = "only where EndpointSlices cannot be read";
            plan.extend(lists(&target, request, &query, note));
        }
        Ok(plan)
    }
}

fn lists(target: &Target, request: &ReadRequest, query: &str, note: &str) -> Vec<PlannedRequest> {
    let path = |namespace| target.path(namespace) + query;
    if target.is_namespaced && !request.namespaces.is_empty() {
        let namespaces = request.namespaces.iter();
        namespaces
            .map(|namespace| planned(&path(Some(namespace)), &target.name, note))
            .collect()
    } else {
        vec![planned(&path(None), &target.name, note)]
    }
}

fn planned(path: &str, kind: &str, note: &str) -> PlannedRequest {
    PlannedRequest {
        method: "GET",
        path: path.to_owned(),
        kind: kind.to_owned(),
        note: note.to_owned(),
    }
}
