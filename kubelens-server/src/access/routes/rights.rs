use axum::Json;
use axum::extract::{Extension, State};
use futures::future::join_all;
use serde::{Deserialize, Serialize};

use crate::access::rights::Question;
use crate::access::{Access, Identity, Role};
use crate::api::Selected;
use crate::api::query::Query;
use crate::live::View;
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

/// Where.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Namespaces, with commas between them, 20 at most; without it cluster-wide.
    namespace: String,
}

/// What the caller may do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Rights {
    /// Who they are.
    user: String,
    /// Their role here.
    role: Role,
    /// What the role allows: `read`, `assist`, `stream`, `write`.
    #[schema(value_type = Vec<String>)]
    permissions: &'static [&'static str],
    /// Whether calls to the cluster carry their name: `off`, `user`, `group`.
    #[schema(value_type = String)]
    impersonation: &'static str,
    /// False where Kubernetes could not be asked.
    complete: bool,
    /// What Kubernetes allows; empty where calls do not carry their name.
    items: Vec<Allowed>,
    /// The namespaces in which something can be read by who may not read everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespaces: Option<Vec<String>>,
}

/// What Kubernetes allows on one kind.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Allowed {
    /// The API group; empty for the core.
    #[schema(value_type = String)]
    group: &'static str,
    /// The plural, with the subresource.
    #[schema(value_type = String)]
    resource: &'static str,
    /// The namespace; empty for cluster-wide.
    namespace: String,
    /// The verbs.
    #[schema(value_type = Vec<String>)]
    verbs: Vec<&'static str>,
}

/// What the caller may do: by role, and by Kubernetes' own rules where calls carry their name.
#[utoipa::path(get, path = "/api/access", tag = "access", params(Wanted), responses((status = 200, body = Rights)))]
pub(super) async fn show(
    State(access): State<Access>,
    Extension(identity): Extension<Identity>,
    selected: Option<Extension<Selected>>,
    Query(wanted): Query<Wanted>,
) -> Json<Rights> {
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
            items.push(Allowed {
                group,
                resource,
                namespace: namespace.to_owned(),
                verbs: allowed.map(|(verb, _)| verb).collect(),
            });
        }
        if let Some(cluster) = cluster {
            match cluster.view_of(&identity).await {
                Ok(view) => {
                    let names = |view: &View| {
                        view.sight()
                            .namespaces()
                            .into_iter()
                            .map(str::to_owned)
                            .collect()
                    };
                    seen = view.map(|view| names(&view));
                }
                Err(_) => complete = false,
            }
        }
    }
    Json(Rights {
        user: identity.name,
        role: identity.role,
        permissions: identity.role.permissions(),
        impersonation,
        complete,
        items,
        namespaces: seen,
    })
}
