//! The API server of one cluster, asked in the caller's name.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
    SelfSubjectRulesReview, SelfSubjectRulesReviewSpec,
};
use kube::api::PostParams;
use kube::core::Request;
use lru::LruCache;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Question, Rights, RightsError, Rule, Rules};
use crate::access::{Identity, impersonation};
use crate::settings::Impersonation;

/// How long an answer holds.
const KNOWN: Duration = Duration::from_mins(1);
/// For one question.
const TIMEOUT: Duration = Duration::from_secs(8);
const MOST: NonZeroUsize = NonZeroUsize::new(20_000).unwrap();
const ACCESS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const RULES: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
const WHO: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

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

    /// Sends a review in somebody's name.
    async fn review<T: Serialize + DeserializeOwned + 'static>(
        &self,
        identity: &Identity,
        path: &'static str,
        review: &T,
    ) -> Result<T, RightsError> {
        let unknown = |problem: String| RightsError::Unknown {
            who: identity.name.clone(),
            problem,
        };
        let headers = impersonation::headers(identity, self.mode).map_err(|problem| {
            RightsError::Refused {
                who: identity.name.clone(),
                problem,
            }
        })?;
        let body = serde_json::to_vec(review).map_err(|error| unknown(error.to_string()))?;
        let mut request = Request::new(path)
            .create(&PostParams::default(), body)
            .map_err(|error| unknown(error.to_string()))?;
        request.headers_mut().extend(headers);
        match tokio::time::timeout(TIMEOUT, self.client.request::<T>(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(unknown(error.to_string())),
            Err(_) => Err(unknown("the API server did not answer in time".to_owned())),
        }
    }

    async fn ask(&self, identity: &Identity, question: &Question) -> Result<bool, RightsError> {
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
                    name: question.name.clone(),
                    ..ResourceAttributes::default()
                }),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let answer = self.review(identity, ACCESS, &review).await?;
        Ok(answer.status.is_some_and(|it| it.allowed))
    }
}

impl Rights for KubernetesRights {
    fn confirm<'a>(&'a self, identity: &'a Identity) -> BoxFuture<'a, Result<(), RightsError>> {
        Box::pin(async move {
            let answer = self
                .review(identity, WHO, &SelfSubjectReview::default())
                .await?;
            let taken_for = answer
                .status
                .and_then(|status| status.user_info?.username)
                .unwrap_or_default();
            // Something on the way cuts the headers off, or puts others in their place.
            if taken_for != identity.name {
                return Err(RightsError::Unknown {
                    who: identity.name.clone(),
                    problem: format!("the API server takes calls in that name for {taken_for:?}'s"),
                });
            }
            Ok(())
        })
    }

    fn may<'a>(
        &'a self,
        identity: &'a Identity,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<bool, RightsError>> {
        Box::pin(async move {
            let key = (identity.as_seen_by_clusters(), question.clone());
            {
                let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((at, answer)) = answers.get(&key)
                    && at.elapsed() < KNOWN
                {
                    return Ok(*answer);
                }
            }
            let answer = self.ask(identity, question).await?;
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.put(key, (Instant::now(), answer));
            Ok(answer)
        })
    }

    fn rules<'a>(
        &'a self,
        identity: &'a Identity,
        namespace: &'a str,
    ) -> BoxFuture<'a, Result<Rules, RightsError>> {
        Box::pin(async move {
            let review = SelfSubjectRulesReview {
                spec: SelfSubjectRulesReviewSpec {
                    namespace: Some(namespace.to_owned()),
                },
                ..SelfSubjectRulesReview::default()
            };
            let status = self.review(identity, RULES, &review).await?.status;
            let status = status.unwrap_or_default();
            let all = status.resource_rules.into_iter().map(|rule| Rule {
                verbs: rule.verbs,
                groups: rule.api_groups.unwrap_or_default(),
                resources: rule.resources.unwrap_or_default(),
                names: rule.resource_names.unwrap_or_default(),
            });
            Ok(Rules {
                all: all.collect(),
                is_incomplete: status.incomplete,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use kube::client::Body;
    use kubelens_core::kubernetes::Kind;
    use serde_json::{Value, json};

    use super::*;
    use crate::access::rights::{Catalogue, Readable, Sight};
    use crate::access::{Provider, Role};

    type Asked = Arc<Mutex<Vec<(String, Value)>>>;

    /// An API server where `ann` may list pods in `shop` only, and `root` everything.
    fn server(takes_for: Option<&'static str>, is_incomplete: bool) -> (kube::Client, Asked) {
        let asked = Asked::default();
        let seen = asked.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let seen = seen.clone();
            async move {
                let (parts, body) = request.into_parts();
                let bytes = body.collect_bytes().await.unwrap();
                let mut review: Value = serde_json::from_slice(&bytes).unwrap();
                let user = parts.headers["impersonate-user"].to_str().unwrap();
                seen.lock()
                    .unwrap()
                    .push((parts.uri.path().to_owned(), review["spec"].clone()));
                let attributes = &review["spec"]["resourceAttributes"];
                review["status"] = match parts.uri.path() {
                    WHO => json!({"userInfo": {"username": takes_for.unwrap_or(user)}}),
                    ACCESS => json!({"allowed": user == "root"
                        || attributes["namespace"] == "shop" && attributes["resource"] == "pods"}),
                    _ => {
                        let is_there = review["spec"]["namespace"] == "shop" && !is_incomplete;
                        let rules =
                            json!([{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}]);
                        json!({
                            "resourceRules": if is_there { rules } else { json!([]) },
                            "nonResourceRules": [], "incomplete": is_incomplete,
                        })
                    }
                };
                let answer = http::Response::new(Body::from(review.to_string().into_bytes()));
                Ok::<_, std::convert::Infallible>(answer)
            }
        });
        (kube::Client::new(service, "default"), asked)
    }

    fn person(name: &str) -> Identity {
        Identity {
            name: name.to_owned(),
            role: Role::Viewer,
            provider: Provider::Oidc,
            subject: name.to_owned(),
            groups: Vec::new(),
        }
    }

    fn catalogue() -> Catalogue {
        let namespaces = ["bank", "shop"].map(str::to_owned);
        Catalogue {
            namespaces: BTreeSet::from(namespaces),
            custom: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_viewer_of_one_namespace_sees_one_namespace() {
        for is_incomplete in [false, true] {
            let (client, _) = server(None, is_incomplete);
            let rights = KubernetesRights::new(client, Impersonation::User);
            let sight = Sight::of(&rights, &person("ann"), &catalogue())
                .await
                .unwrap();
            let shop = Readable::In(BTreeSet::from(["shop".to_owned()]));
            assert_eq!(*sight.of_kind(Kind::Pod), shop);
            assert!(sight.shows(Kind::Pod, "shop") && !sight.shows(Kind::Pod, "bank"));
            assert!(!sight.shows(Kind::Secret, "shop") && !sight.shows(Kind::Node, ""));
            assert!(sight.namespaces().into_iter().eq(["shop"]));
        }
    }

    #[tokio::test]
    async fn who_may_see_everything_is_asked_little_and_the_second_time_nothing() {
        let (client, asked) = server(None, false);
        let rights = KubernetesRights::new(client, Impersonation::User);
        for _ in 0..2 {
            let sight = Sight::of(&rights, &person("root"), &catalogue())
                .await
                .unwrap();
            assert_eq!(*sight.of_kind(Kind::Secret), Readable::Everywhere);
            assert_eq!(*sight.of_logs(), Readable::Everywhere);
        }
        let asked = asked.lock().unwrap();
        let reviews = asked.iter().filter(|(path, _)| path == ACCESS).count();
        assert_eq!(reviews, 2, "{asked:?}");
    }

    #[tokio::test]
    async fn an_api_server_that_takes_calls_for_its_own_accounts_is_not_believed() {
        let (client, asked) = server(
            Some("system:serviceaccount:kubelens:kubelens-server"),
            false,
        );
        let rights = KubernetesRights::new(client, Impersonation::User);
        let error = Sight::of(&rights, &person("root"), &catalogue())
            .await
            .unwrap_err();
        assert!(matches!(error, RightsError::Unknown { .. }), "{error}");
        assert_eq!(asked.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn what_cannot_be_asked_is_unknown() {
        let service = tower::service_fn(|_: http::Request<Body>| async {
            let refused = http::Response::builder().status(500);
            Ok::<_, std::convert::Infallible>(refused.body(Body::from(Vec::new())).unwrap())
        });
        let client = kube::Client::new(service, "default");
        let rights = KubernetesRights::new(client, Impersonation::User);
        let error = Sight::of(&rights, &person("ann"), &catalogue())
            .await
            .unwrap_err();
        assert!(matches!(error, RightsError::Unknown { .. }), "{error}");
        let refused = Sight::of(&rights, &person("system:admin"), &catalogue()).await;
        assert!(matches!(refused, Err(RightsError::Refused { .. })));
    }
}
