//! Bearer tokens of Kubernetes: its API server says whose they are.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, UserInfo};
use kube::api::{Api, PostParams};
use lru::LruCache;

use super::Role;
use super::credential::{Refused, Verified};
use super::identity::{Identity, Provider};
use super::tokens::{Fingerprint, fingerprint};
use super::verifier::Verifier;
use crate::settings;

/// How long an answer holds: a token that was revoked is good for as long at most.
const KNOWN: Duration = Duration::from_secs(30);
/// How long a refusal holds.
const REFUSED: Duration = Duration::from_secs(10);
/// For one call.
const TIMEOUT: Duration = Duration::from_secs(8);
/// A session begun with such a token ends after this: its own end is not told.
const SESSION: SignedDuration = SignedDuration::from_hours(1);
/// Tokens remembered; the one seen longest ago goes.
const MOST: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

type Answer = Result<Identity, Refused>;

/// Asks the API server about tokens.
pub(super) struct Reviewer {
    client: kube::Client,
    settings: settings::TokenReview,
    answers: Mutex<LruCache<Fingerprint, (Instant, Answer)>>,
}

impl Reviewer {
    pub(super) fn new(client: kube::Client, settings: settings::TokenReview) -> Reviewer {
        Reviewer {
            client,
            settings,
            answers: Mutex::new(LruCache::new(MOST)),
        }
    }

    async fn review(&self, token: &str) -> Answer {
        let audiences = &self.settings.audiences;
        let review = TokenReview {
            spec: TokenReviewSpec {
                token: token.to_owned(),
                audiences: (!audiences.is_empty()).then(|| audiences.clone()),
            },
            ..TokenReview::default()
        };
        let api: Api<TokenReview> = Api::all(self.client.clone());
        let parameters = PostParams::default();
        let asked = tokio::time::timeout(TIMEOUT, api.create(&parameters, &review)).await;
        let status = match asked {
            Ok(Ok(review)) => review.status.unwrap_or_default(),
            Ok(Err(error)) => {
                tracing::warn!("tokens cannot be reviewed: {error}");
                return Err(Refused::ProviderDown);
            }
            Err(_) => return Err(Refused::ProviderDown),
        };
        if status.authenticated != Some(true) {
            return Err(Refused::Invalid);
        }
        // An API server that knows nothing of audiences names none.
        let named = status.audiences.unwrap_or_default();
        if !audiences.is_empty() && !named.iter().any(|it| audiences.contains(it)) {
            return Err(Refused::Invalid);
        }
        identity(&self.settings, status.user.unwrap_or_default()).ok_or(Refused::Invalid)
    }

    fn known(&self, token: &Fingerprint) -> Option<Answer> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, answer) = answers.get(token)?;
        let holds = if answer.is_ok() { KNOWN } else { REFUSED };
        (at.elapsed() < holds).then(|| answer.clone())
    }
}

/// Groups give roles; without one of the named groups it is a viewer.
fn identity(settings: &settings::TokenReview, user: UserInfo) -> Option<Identity> {
    let name = user.username.filter(|it| !it.is_empty())?;
    let groups = user.groups.unwrap_or_default();
    let member = |of: &[String]| groups.iter().any(|it| of.contains(it));
    let role = if member(&settings.admin_groups) {
        Role::Admin
    } else if member(&settings.operator_groups) {
        Role::Operator
    } else {
        Role::Viewer
    };
    Some(Identity {
        subject: user
            .uid
            .filter(|it| !it.is_empty())
            .unwrap_or_else(|| name.clone()),
        name,
        role,
        provider: Provider::Kubernetes,
        groups,
    })
}

impl Verifier for Reviewer {
    fn verify<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Verified, Refused>> {
        Box::pin(async move {
            let credential = fingerprint(token);
            let answer = if let Some(answer) = self.known(&credential) {
                answer
            } else {
                let answer = self.review(token).await;
                if answer != Err(Refused::ProviderDown) {
                    let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
                    answers.put(credential, (Instant::now(), answer.clone()));
                }
                answer
            };
            Ok(Verified {
                identity: answer?,
                credential,
                ends_at: Timestamp::now().checked_add(SESSION).ok(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use kube::client::Body;
    use serde_json::{Value, json};

    use super::*;

    /// An API server that knows one token, and how often it was asked.
    fn server(status: u16) -> (kube::Client, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        let count = asked.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            count.fetch_add(1, Ordering::SeqCst);
            async move {
                let bytes = request.into_body().collect_bytes().await.unwrap();
                let mut review: Value = serde_json::from_slice(&bytes).unwrap();
                review["status"] = if review["spec"]["token"] == "good" {
                    json!({
                        "authenticated": true,
                        "audiences": review["spec"]["audiences"],
                        "user": {"username": "ann", "uid": "u-1", "groups": ["ops", "system:authenticated"]},
                    })
                } else {
                    json!({"authenticated": false})
                };
                let answer = http::Response::builder().status(status);
                let answer = answer.body(Body::from(review.to_string().into_bytes()));
                Ok::<_, std::convert::Infallible>(answer.unwrap())
            }
        });
        (kube::Client::new(service, "default"), asked)
    }

    fn settings() -> settings::TokenReview {
        settings::TokenReview {
            audiences: vec!["kubelens".to_owned()],
            operator_groups: vec!["ops".to_owned()],
            admin_groups: Vec::new(),
        }
    }

    #[tokio::test]
    async fn kubernetes_says_whose_a_token_is_and_groups_give_roles() {
        let (client, asked) = server(201);
        let reviewer = Reviewer::new(client, settings());
        for _ in 0..3 {
            let identity = reviewer.verify("good").await.unwrap().identity;
            assert_eq!(
                (identity.name.as_str(), identity.role),
                ("ann", Role::Operator)
            );
            assert_eq!(reviewer.verify("bad").await.unwrap_err(), Refused::Invalid);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn an_api_server_that_fails_is_no_refusal() {
        let (client, _) = server(500);
        let reviewer = Reviewer::new(client, settings());
        assert_eq!(
            reviewer.verify("good").await.unwrap_err(),
            Refused::ProviderDown
        );
    }
}
