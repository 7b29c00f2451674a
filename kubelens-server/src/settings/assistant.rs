use std::time::Duration;

use url::Url;

use super::Secret;
use super::reader::Reader;

/// The assistant and its model.
#[derive(Debug, Clone)]
pub struct Assistant {
    /// Whether a model answers; off = the deterministic answers only.
    pub model_enabled: bool,
    /// The model's OpenAI-compatible address.
    pub base_url: Option<Url>,
    /// Its key.
    pub api_key: Option<Secret>,
    /// Its name.
    pub model: String,
    /// Of sampling.
    pub temperature: f64,
    /// Of one answer.
    pub max_tokens: u32,
    /// For a whole answer.
    pub timeout: Duration,
    /// For one call of the model.
    pub prompt_timeout: Duration,
    /// Whether what leaves is redacted.
    pub redact: bool,
    /// Whether references are searched.
    pub rag_enabled: bool,
    /// Whether their texts are fetched anew.
    pub rag_refresh: bool,
    /// Embeddings, when there is a service for them.
    pub embedding_url: Option<Url>,
    /// Their model.
    pub embedding_model: String,
    /// Their key.
    pub embedding_key: Option<Secret>,
}

/// The predictor's service.
#[derive(Debug, Clone)]
pub struct Predictor {
    /// Its address; nothing = the local scorer.
    pub base_url: Option<Url>,
    /// For one call.
    pub timeout: Duration,
    /// Sent as `X-Predictor-Secret`.
    pub shared_secret: Option<Secret>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Assistant {
    let choices = [("none", false), ("openai_compatible", true)];
    let model_enabled = reader.choice("ASSISTANT_PROVIDER", false, &choices);
    let base_url = reader.url("ASSISTANT_API_BASE_URL", "https://api.openai.com/v1");
    let api_key = reader.secret("ASSISTANT_API_KEY");
    let model = reader.text("ASSISTANT_MODEL", "");
    if model_enabled {
        if model.is_empty() {
            reader.problem("ASSISTANT_MODEL", "the provider needs the name of a model");
        }
        if api_key.is_none() && base_url.as_ref().is_none_or(|it| !is_loopback(it)) {
            reader.problem(
                "ASSISTANT_API_KEY",
                "the provider needs a key (a loopback address does not)",
            );
        }
    }
    let first = |one: &'static str, two: &'static str| {
        if reader.optional(one).is_some() {
            one
        } else {
            two
        }
    };
    let embedding_url = first("ASSISTANT_EMBEDDING_BASE_URL", "OLLAMA_BASE_URL");
    let embedding_model = first("ASSISTANT_EMBEDDING_MODEL", "OLLAMA_EMBEDDING_MODEL");
    Assistant {
        model_enabled,
        base_url,
        api_key,
        model,
        temperature: reader.number("ASSISTANT_TEMPERATURE", 0.2, 0.0..=2.0),
        max_tokens: reader.number("ASSISTANT_MAX_TOKENS", 700, 1..=100_000),
        timeout: reader.seconds("ASSISTANT_TIMEOUT_SECONDS", 8, 1..=300),
        prompt_timeout: reader.seconds("ASSISTANT_PROMPT_TIMEOUT_SECONDS", 8, 1..=300),
        redact: reader.flag("ASSISTANT_REDACT", true),
        rag_enabled: reader.flag("ASSISTANT_RAG_ENABLED", true),
        rag_refresh: reader.flag("ASSISTANT_RAG_REFRESH", false),
        embedding_url: reader.url(embedding_url, ""),
        embedding_model: reader.text(embedding_model, "nomic-embed-text"),
        embedding_key: reader.secret("ASSISTANT_EMBEDDING_API_KEY"),
    }
}

pub(super) fn read_predictor(reader: &mut Reader<'_>) -> Predictor {
    Predictor {
        base_url: reader.url("PREDICTOR_BASE_URL", ""),
        timeout: reader.seconds("PREDICTOR_TIMEOUT_SECONDS", 4, 1..=60),
        shared_secret: reader.secret("PREDICTOR_SHARED_SECRET"),
    }
}

/// Whether the address is this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
