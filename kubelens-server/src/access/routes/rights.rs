use axum::Json;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Response};
use futures::future::join_all;
use serde::Deserialize;
use serde_json::json;

use crate::access::rights::Question;
use crate::access::{Access, Identity};
use crate::api::Selected;
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
/// `complete` is false where Kubernetes could not be asked; `namespaces` are those in which something can be read by
/// who may not read everywhere.
pub(super) async fn show(
    State(access): State<Access>,
    Extension(identity): Extension<Identity>,
    selected: Option<Extension<Selected>>,
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
    let mut seen = None;
    if access.inner.impersonation != Impersonation::Off {
        let cluster = selected.map(|selected| selected.0.cluster);
        let rights = cluster.as_ref().and_then(|cluster| cluster.rights());
        complete = rights.is_some();
        let pairs = namespaces
            .iter()
            .flat_map(|namespace| RESOURCES.map(|it| (*namespace, it)));
        for (namespace, (group, resource)) in pairs {
            let questions = VERBS.map(|verb| Question {
                verb: verb.to_owned(),
                group: group.to_owned(),
                resource: resource.to_owned(),
                namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
                name: None,
            });
            let Some(rights) = &rights else { continue };
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
        if let Some(cluster) = cluster {
            match cluster.view_of(&identity).await {
                Ok(view) => {
                    seen = view.map(|view| json!(view.sight().namespaces()));
                }
                Err(_) => complete = false,
            }
        }
    }
    let mut body = json!({
        "user": identity.name,
        "role": identity.role,
        "permissions": identity.role.permissions(),
        "impersonation": impersonation,
        "complete": complete,
        "items": items,
    });
    if let (Some(seen), Some(fields)) = (seen, body.as_object_mut()) {
        fields.insert("namespaces".to_owned(), seen);
    }
    Json(body).into_response()
}
