//! What somebody may do in a cluster by Kubernetes' own rules, so that a viewer of one namespace
//! sees one namespace.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use futures::future::{BoxFuture, try_join_all};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::PostParams;
use kube::core::Request;
use lru::LruCache;

use super::identity::{Identity, Provider};
use crate::settings::Impersonation;

/// How long an answer holds.
const KNOWN: Duration = Duration::from_mins(1);
/// For one question.
const TIMEOUT: Duration = Duration::from_secs(8);
/// Questions at a time for one list.
const AT_ONCE: usize = 8;
const MOST: NonZeroUsize = NonZeroUsize::new(20_000).unwrap();
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// May they do this?
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// get, list, watch, create, update, patch, delete.
    pub verb: String,
    /// The API group; "" is the core.
    pub group: String,
    /// The plural, with a subresource after a slash.
    pub resource: String,
    /// Nothing = in all namespaces, or of the cluster itself.
    pub namespace: Option<String>,
}

/// Nobody could say. Unknown is neither yes nor no: what depends on it is not shown, and the
/// answer says that it is not complete.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("whether {who} may {verb} {resource} is unknown: {problem}")]
pub struct RightsUnknown {
    who: String,
    verb: String,
    resource: String,
    problem: String,
}

/// Somebody who knows rights.
pub trait Rights: Send + Sync + std::fmt::Debug {
    /// Whether they may.
    fn may<'a>(
        &'a self,
        identity: &'a Identity,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<bool, RightsUnknown>>;
}

/// Impersonation is off: everyone sees what the server sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedRights;

impl Rights for SharedRights {
    fn may<'a>(
        &'a self,
        _: &'a Identity,
        _: &'a Question,
    ) -> BoxFuture<'a, Result<bool, RightsUnknown>> {
        Box::pin(async { Ok(true) })
    }
}

/// Impersonation is on, but nobody who could be asked is there yet: every answer is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RightsToCome;

impl Rights for RightsToCome {
    fn may<'a>(
        &'a self,
        identity: &'a Identity,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<bool, RightsUnknown>> {
        let unknown = RightsUnknown {
            who: identity.name.clone(),
            verb: question.verb.clone(),
            resource: question.resource.clone(),
            problem: "the cluster is not connected".to_owned(),
        };
        Box::pin(async { Err(unknown) })
    }
}

/// The API server of one cluster, asked in the caller's name.
pub struct KubernetesRights {
    client: kube::Client,
    mode: Impersonation,
    answers: Mutex<LruCache<(String, Question), (Instant, bool)>>,
}

impl std::fmt::Debug for KubernetesRights {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("KubernetesRights")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl KubernetesRights {
    /// With a client that may impersonate.
    pub fn new(client: kube::Client, mode: Impersonation) -> KubernetesRights {
        KubernetesRights {
            client,
            mode,
            answers: Mutex::new(LruCache::new(MOST)),
        }
    }

    async fn ask(&self, identity: &Identity, question: &Question) -> Result<bool, String> {
        let (resource, subresource) = match question.resource.split_once('/') {
            Some((resource, sub)) => (resource, Some(sub.to_owned())),
            None => (question.resource.as_str(), None),
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    verb: Some(question.verb.clone()),
                    group: Some(question.group.clone()),
                    resource: Some(resource.to_owned()),
                    subresource,
                    namespace: question.namespace.clone(),
                    ..ResourceAttributes::default()
                }),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let body = serde_json::to_vec(&review).map_err(|error| error.to_string())?;
        let mut request = Request::new(REVIEWS)
            .create(&PostParams::default(), body)
            .map_err(|error| error.to_string())?;
        impersonate(request.headers_mut(), identity, self.mode)?;
        let asked = self.client.request::<SelfSubjectAccessReview>(request);
        match tokio::time::timeout(TIMEOUT, asked).await {
            Ok(Ok(review)) => Ok(review.status.is_some_and(|it| it.allowed)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the API server did not answer in time".to_owned()),
        }
    }
}

impl Rights for KubernetesRights {
    fn may<'a>(
        &'a self,
        identity: &'a Identity,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<bool, RightsUnknown>> {
        Box::pin(async move {
            // Groups are part of who somebody is to Kubernetes.
            let who = format!(
                "{}|{:?}|{}|{:?}",
                identity.key(),
                identity.role,
                identity.name,
                identity.groups
            );
            let key = (who, question.clone());
            {
                let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((at, answer)) = answers.get(&key)
                    && at.elapsed() < KNOWN
                {
                    return Ok(*answer);
                }
            }
            let answer = self
                .ask(identity, question)
                .await
                .map_err(|problem| RightsUnknown {
                    who: identity.name.clone(),
                    verb: question.verb.clone(),
                    resource: question.resource.clone(),
                    problem,
                })?;
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.put(key, (Instant::now(), answer));
            Ok(answer)
        })
    }
}

/// Lets a request to Kubernetes act as the caller. A name or group of Kubernetes itself
/// (`system:…`) that anyone but Kubernetes vouches for is refused or left out: nobody becomes a
/// master by calling themselves so.
pub fn impersonate(
    headers: &mut HeaderMap,
    identity: &Identity,
    mode: Impersonation,
) -> Result<(), String> {
    if mode == Impersonation::Off {
        return Ok(());
    }
    let of_kubernetes = identity.provider == Provider::Kubernetes;
    let reserved = |name: &str| name.starts_with("system:");
    if identity.provider == Provider::Local {
        return Err("nobody is signed in".to_owned());
    }
    if reserved(&identity.name) && !of_kubernetes {
        return Err(format!("{} is a name of Kubernetes itself", identity.name));
    }
    let value = |text: &str| {
        HeaderValue::from_str(text).map_err(|_| format!("{text:?} cannot be a header"))
    };
    headers.insert(
        HeaderName::from_static("impersonate-user"),
        value(&identity.name)?,
    );
    let own = identity
        .groups
        .iter()
        .filter(|it| of_kubernetes || !reserved(it));
    let by_role =
        (mode == Impersonation::Group).then(|| format!("kubelens:{}", identity.role.word()));
    for group in own.cloned().chain(by_role) {
        headers.append(HeaderName::from_static("impersonate-group"), value(&group)?);
    }
    Ok(())
}

/// Where somebody may read a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readable {
    /// Everywhere.
    Everywhere,
    /// In these namespaces, in the order asked.
    In(Vec<String>),
}

impl Readable {
    /// Whether an object of that namespace may be shown; cluster-scoped ones only to those who
    /// read everywhere.
    pub fn shows(&self, namespace: Option<&str>) -> bool {
        match (self, namespace) {
            (Readable::Everywhere, _) => true,
            (Readable::In(namespaces), Some(namespace)) => {
                namespaces.iter().any(|it| it == namespace)
            }
            (Readable::In(_), None) => false,
        }
    }
}

/// Where somebody may list a kind: everywhere, or in which of `namespaces`.
pub async fn readable(
    rights: &dyn Rights,
    identity: &Identity,
    group: &str,
    resource: &str,
    namespaces: &[String],
) -> Result<Readable, RightsUnknown> {
    let list = |namespace: Option<String>| Question {
        verb: "list".to_owned(),
        group: group.to_owned(),
        resource: resource.to_owned(),
        namespace,
    };
    if rights.may(identity, &list(None)).await? {
        return Ok(Readable::Everywhere);
    }
    let questions: Vec<_> = namespaces.iter().map(|it| list(Some(it.clone()))).collect();
    let mut found = Vec::new();
    for some in questions.chunks(AT_ONCE) {
        let answers = try_join_all(some.iter().map(|it| rights.may(identity, it))).await?;
        let allowed = some.iter().zip(answers).filter(|(_, may)| *may);
        found.extend(allowed.filter_map(|(question, _)| question.namespace.clone()));
    }
    Ok(Readable::In(found))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kube::client::Body;
    use serde_json::{Value, json};

    use super::*;
    use crate::access::Role;

    type Asked = Arc<Mutex<Vec<(String, Vec<String>, Value)>>>;

    /// An API server where only `ann` may list, and only in `shop`.
    fn server() -> (kube::Client, Asked) {
        let asked = Asked::default();
        let seen = asked.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let seen = seen.clone();
            async move {
                let (parts, body) = request.into_parts();
                let bytes = body.collect_bytes().await.unwrap();
                let mut review: Value = serde_json::from_slice(&bytes).unwrap();
                let text = |it: &HeaderValue| it.to_str().unwrap().to_owned();
                let user = text(&parts.headers["impersonate-user"]);
                let groups = parts
                    .headers
                    .get_all("impersonate-group")
                    .iter()
                    .map(text)
                    .collect();
                let attributes = review["spec"]["resourceAttributes"].clone();
                let allowed = user == "ann" && attributes["namespace"] == "shop";
                seen.lock().unwrap().push((user, groups, attributes));
                review["status"] = json!({ "allowed": allowed });
                let answer = http::Response::new(Body::from(review.to_string().into_bytes()));
                Ok::<_, std::convert::Infallible>(answer)
            }
        });
        (kube::Client::new(service, "default"), asked)
    }

    fn person(name: &str, provider: Provider, groups: &[&str]) -> Identity {
        Identity {
            name: name.to_owned(),
            role: Role::Viewer,
            provider,
            subject: name.to_owned(),
            groups: groups.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    #[tokio::test]
    async fn a_viewer_of_one_namespace_reads_one_namespace() {
        let (client, asked) = server();
        let rights = KubernetesRights::new(client, Impersonation::Group);
        let namespaces = ["kube-system".to_owned(), "shop".to_owned()];
        let ann = person("ann", Provider::Oidc, &["team", "system:masters"]);
        for _ in 0..2 {
            let found = readable(&rights, &ann, "", "pods", &namespaces)
                .await
                .unwrap();
            assert_eq!(found, Readable::In(vec!["shop".to_owned()]));
            assert!(
                found.shows(Some("shop"))
                    && !found.shows(Some("kube-system"))
                    && !found.shows(None)
            );
        }
        {
            let asked = asked.lock().unwrap();
            // Three questions, the second time from memory.
            assert_eq!(asked.len(), 3);
            assert_eq!(asked[0].1, ["team", "kubelens:viewer"]);
            assert_eq!(asked[0].2["verb"], "list");
        }
        let bob = person("bob", Provider::Oidc, &[]);
        let found = readable(&rights, &bob, "", "pods", &namespaces)
            .await
            .unwrap();
        assert_eq!(found, Readable::In(Vec::new()));
    }

    #[tokio::test]
    async fn what_cannot_be_asked_is_unknown() {
        let service = tower::service_fn(|_: http::Request<Body>| async {
            let refused = http::Response::builder().status(500);
            Ok::<_, std::convert::Infallible>(refused.body(Body::from(Vec::new())).unwrap())
        });
        let client = kube::Client::new(service, "default");
        let rights = KubernetesRights::new(client, Impersonation::User);
        let ann = person("ann", Provider::Oidc, &[]);
        let error = readable(&rights, &ann, "", "pods", &[]).await.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("whether ann may list pods is unknown"),
            "{error}"
        );
    }

    #[test]
    fn nobody_becomes_a_master_by_calling_themselves_so() {
        let become_them = |identity: Identity| {
            let mut headers = HeaderMap::new();
            impersonate(&mut headers, &identity, Impersonation::User).map(|()| headers)
        };
        assert!(become_them(person("system:admin", Provider::Oidc, &[])).is_err());
        assert!(become_them(person("system:admin", Provider::Token, &[])).is_err());
        assert!(become_them(Identity::local_viewer()).is_err());
        let headers = become_them(person("ann", Provider::Oidc, &["system:masters"])).unwrap();
        assert!(!headers.contains_key("impersonate-group"));
        let account = person(
            "system:serviceaccount:a:b",
            Provider::Kubernetes,
            &["system:authenticated"],
        );
        assert_eq!(
            become_them(account).unwrap()["impersonate-group"],
            "system:authenticated"
        );
    }
}
