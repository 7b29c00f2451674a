use axum::Json;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Response};
use futures::future::join_all;
use serde::Deserialize;
use serde_json::json;

use crate::access::rights::Question;
use crate::access::{Access, Identity};
use crate::settings::Impersonation;

/// Namespaces in one answer.
const MOST_NAMESPACES: usize = 20;
const VERBS: [&str; 5] = ["get", "list", "create", "update", "delete"];
/// What people ask about: API group and plural.
const RESOURCES: [(&str, &str); 11] = [
    ("", "pods"),
    ("", "pods/log"),
    ("", "pods/exec"),
    ("", "services"),
    ("", "configmaps"),
    ("", "secrets"),
    ("", "nodes"),
    ("", "events"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("batch", "jobs"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    namespace: String,
}

/// What the caller may do: by role, and by Kubernetes' own rules where calls carry their name.
/// `complete` is false where Kubernetes could not be asked.
pub(super) async fn show(
    State(access): State<Access>,
    Extension(identity): Extension<Identity>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let impersonation = match access.inner.impersonation {
        Impersonation::Off => "off",
        Impersonation::User => "user",
        Impersonation::Group => "group",
    };
    let mut namespaces: Vec<_> = wanted.namespace.split(',').map(str::trim).collect();
    namespaces.truncate(MOST_NAMESPACES);
    let (mut items, mut complete) = (Vec::new(), true);
    if access.inner.impersonation != Impersonation::Off {
        for (namespace, (group, resource)) in namespaces
            .iter()
            .flat_map(|namespace| RESOURCES.map(|it| (*namespace, it)))
        {
            let questions = VERBS.map(|verb| Question {
                verb: verb.to_owned(),
                group: group.to_owned(),
                resource: resource.to_owned(),
                namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
            });
            let rights = access.rights();
            let asked = questions.iter().map(|it| rights.may(&identity, it));
            let answers = join_all(asked).await;
            complete &= answers.iter().all(Result::is_ok);
            let allowed = VERBS
                .into_iter()
                .zip(answers)
                .filter(|(_, may)| *may == Ok(true));
            let verbs: Vec<_> = allowed.map(|(verb, _)| verb).collect();
            items.push(json!({
                "group": group, "resource": resource, "namespace": namespace, "verbs": verbs,
            }));
        }
    }
    Json(json!({
        "user": identity.name,
        "role": identity.role,
        "permissions": identity.role.permissions(),
        "impersonation": impersonation,
        "complete": complete,
        "items": items,
    }))
    .into_response()
}
