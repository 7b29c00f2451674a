//! What a provider publishes: its endpoints and its keys. Fetched when they are needed, again
//! when they are old or a key is not among them; a failure is tried again after a pause, and
//! nothing is kept for ever.

use std::time::{Duration, Instant};

use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use url::Url;

use crate::access::credential::Refused;

/// Keys are fetched again after this.
const OLD: Duration = Duration::from_hours(1);
/// A key that is not there is looked for again at most this often.
const ROTATION: Duration = Duration::from_secs(30);
/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// For one call of the provider.
const TIMEOUT: Duration = Duration::from_secs(5);
/// An answer is not longer than this, in bytes.
const LONGEST_ANSWER: usize = 1 << 20;

/// The endpoints that a provider names.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Endpoints {
    pub(super) issuer: String,
    pub(super) jwks_uri: Url,
    pub(super) authorization_endpoint: Option<Url>,
    pub(super) token_endpoint: Option<Url>,
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Vec<String>,
}

struct Fetched {
    endpoints: Endpoints,
    keys: JwkSet,
    at: Instant,
}

#[derive(Default)]
struct Known {
    fetched: Option<Fetched>,
    failures: u32,
    not_before: Option<Instant>,
}

/// The keys of one issuer.
pub(super) struct Keys {
    issuer: Url,
    known: Mutex<Known>,
}

impl Keys {
    pub(super) fn new(issuer: Url) -> Keys {
        Keys {
            issuer,
            known: Mutex::default(),
        }
    }

    /// The issuer's exact name and the key of a token.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<(String, Jwk), Refused> {
        let mut known = self.known.lock().await;
        self.refresh(&mut known, OLD).await?;
        if let Some(found) = pick(&known, id, algorithm) {
            return Ok(found);
        }
        // The provider may have a new key.
        self.refresh(&mut known, ROTATION).await?;
        pick(&known, id, algorithm).ok_or(Refused::Invalid)
    }

    /// The endpoints.
    pub(super) async fn endpoints(&self) -> Result<Endpoints, Refused> {
        let mut known = self.known.lock().await;
        self.refresh(&mut known, OLD).await?;
        let fetched = known.fetched.as_ref().ok_or(Refused::ProviderDown)?;
        Ok(fetched.endpoints.clone())
    }

    async fn refresh(&self, known: &mut Known, oldest: Duration) -> Result<(), Refused> {
        let now = Instant::now();
        let age = known.fetched.as_ref().map(|it| now.duration_since(it.at));
        if age.is_some_and(|age| age < oldest) {
            return Ok(());
        }
        // What is known stays good while the provider is away, for as long again.
        let usable = age.is_some_and(|age| age < OLD * 2);
        let missing = if usable {
            Ok(())
        } else {
            Err(Refused::ProviderDown)
        };
        if known.not_before.is_some_and(|at| now < at) {
            return missing;
        }
        match self.fetch().await {
            Ok(fetched) => {
                *known = Known {
                    fetched: Some(fetched),
                    ..Known::default()
                };
                Ok(())
            }
            Err(problem) => {
                tracing::warn!("identity provider {}: {problem}", self.issuer);
                let pause = Duration::from_secs(1 << known.failures.min(6)).min(LONGEST_PAUSE);
                known.failures = known.failures.saturating_add(1);
                known.not_before = Some(now + pause);
                missing
            }
        }
    }

    async fn fetch(&self) -> Result<Fetched, String> {
        let issuer = self.issuer.as_str().trim_end_matches('/');
        let address = format!("{issuer}/.well-known/openid-configuration");
        let http = client()?;
        let endpoints: Endpoints = get(&http, &address).await?;
        if endpoints.issuer.trim_end_matches('/') != issuer {
            return Err("it calls itself by another name".to_owned());
        }
        if self.issuer.scheme() == "https" && endpoints.jwks_uri.scheme() != "https" {
            return Err("its keys are served in plain text".to_owned());
        }
        let keys = get(&http, endpoints.jwks_uri.as_str()).await?;
        Ok(Fetched {
            endpoints,
            keys,
            at: Instant::now(),
        })
    }
}

fn pick(known: &Known, id: Option<&str>, algorithm: Algorithm) -> Option<(String, Jwk)> {
    let fetched = known.fetched.as_ref()?;
    let fits = |key: &&Jwk| {
        let common = &key.common;
        let named = id.is_none() || common.key_id.as_deref() == id;
        let signs = common
            .public_key_use
            .as_ref()
            .is_none_or(|it| *it == PublicKeyUse::Signature);
        let same = common
            .key_algorithm
            .is_none_or(|it| it == KeyAlgorithm::from(algorithm));
        named && signs && same
    };
    let mut found = fetched.keys.keys.iter().filter(fits);
    let key = found.next()?;
    // Without an id there must be no choice.
    if id.is_none() && found.next().is_some() {
        return None;
    }
    Some((fetched.endpoints.issuer.clone(), key.clone()))
}

/// A client that follows no redirects and waits for nobody.
pub(super) fn client() -> Result<reqwest::Client, String> {
    // One provider a process; whoever was first installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())
}

async fn get<T: DeserializeOwned>(http: &reqwest::Client, address: &str) -> Result<T, String> {
    let answer = http
        .get(address)
        .send()
        .await
        .map_err(|error| error.to_string())?;
    read(answer).await
}

/// A bounded JSON answer with a good status.
pub(super) async fn read<T: DeserializeOwned>(mut answer: reqwest::Response) -> Result<T, String> {
    if !answer.status().is_success() {
        return Err(format!("it answered {}", answer.status()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| error.to_string())? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST_ANSWER {
            return Err("its answer is too long".to_owned());
        }
    }
    serde_json::from_slice(&bytes).map_err(|_| "its answer is not what it should be".to_owned())
}
