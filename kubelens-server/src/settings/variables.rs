//! Every setting by its name in the environment: the one list that unknown names are held
//! against and that `/api/config` shows.

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name in the environment and in the YAML file.
    pub name: &'static str,
    /// What holds when nobody says; "" = nothing, or it depends on the mode.
    pub default: &'static str,
    /// Never shown, and read from the file that `NAME_FILE` names as well.
    pub secret: bool,
}

const fn open(name: &'static str, default: &'static str) -> Variable {
    Variable {
        name,
        default,
        secret: false,
    }
}

const fn secret(name: &'static str) -> Variable {
    Variable {
        name,
        default: "",
        secret: true,
    }
}

/// The setting of that name.
pub(super) fn variable(name: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|it| it.name == name)
}

/// All settings.
pub const VARIABLES: &[Variable] = &[
    open("APP_MODE", "demo"),
    open("DEV_MODE", "false"),
    open("BIND_ADDRESS", "0.0.0.0"),
    open("PORT", "3000"),
    open("DIST_DIR", "dist"),
    open("TLS_CERT_FILE", ""),
    open("TLS_KEY_FILE", ""),
    open("TLS_CLIENT_CA_FILE", ""),
    open("APP_VERSION", env!("CARGO_PKG_VERSION")),
    open("APP_COMMIT", "local"),
    open("APP_BUILT_AT", ""),
    open("CLUSTER_SOURCE", "auto"),
    secret("KUBECONFIG_DATA"),
    secret("KUBECONFIG_CONTEXTS"),
    open("KUBE_NAMESPACES", ""),
    open("IMPERSONATION", "off"),
    open("STALE_MAX_SECONDS", "600"),
    open("WATCH_RESYNC_SECONDS", "300"),
    open("METRICS_POLL_SECONDS", "15"),
    open("KUBE_TIMEOUT_SECONDS", "8"),
    open("AUTH_ENABLED", ""),
    secret("AUTH_TOKENS"),
    open("AUTH_ALLOW_HEADER_TOKEN", ""),
    open("AUTH_TRUSTED_CSRF_DOMAINS", ""),
    open("AUTH_TRUSTED_PROXY_CIDRS", ""),
    open("AUTH_PROVIDER", ""),
    open("AUTH_OIDC_PROVIDER", ""),
    open("AUTH_OIDC_ENABLED", ""),
    open("AUTH_OIDC_ISSUER_URL", ""),
    open("AUTH_OIDC_CLIENT_ID", ""),
    secret("AUTH_OIDC_CLIENT_SECRET"),
    open("AUTH_OIDC_REDIRECT_URL", ""),
    open("AUTH_OIDC_USERNAME_CLAIM", ""),
    open("AUTH_OIDC_ROLE_CLAIM", ""),
    open("AUTH_TOKEN_REVIEW", "false"),
    open("AUTH_TOKEN_REVIEW_AUDIENCES", ""),
    open("AUTH_TOKEN_REVIEW_OPERATOR_GROUPS", ""),
    open("AUTH_TOKEN_REVIEW_ADMIN_GROUPS", ""),
    open("SESSION_TTL_SECONDS", "43200"),
    open("WRITE_ACTIONS_ENABLED", "false"),
    open("FOUR_EYES", "prod"),
    open("PROPOSAL_TTL_SECONDS", "86400"),
    open("EXEC_ENABLED", "false"),
    open("RATE_LIMIT_ENABLED", "true"),
    open("RATE_LIMIT_REQUESTS", ""),
    open("RATE_LIMIT_WINDOW_SECONDS", "60"),
    open("AUDIT_LOG_FILE", ""),
    open("AUDIT_MAX_ITEMS", "500"),
    open("AUDIT_READS", "sensitive"),
    secret("METRICS_TOKEN"),
    open("STATE_DIR", "data"),
    open("MEMORY_FILE_PATH", "data/memory-runbooks.json"),
    open("ASSISTANT_PROVIDER", "none"),
    open("ASSISTANT_API_BASE_URL", "https://api.openai.com/v1"),
    secret("ASSISTANT_API_KEY"),
    open("ASSISTANT_MODEL", ""),
    open("ASSISTANT_TEMPERATURE", "0.2"),
    open("ASSISTANT_MAX_TOKENS", "700"),
    open("ASSISTANT_REDACT", "true"),
    open("ASSISTANT_TIMEOUT_SECONDS", "8"),
    open("ASSISTANT_PROMPT_TIMEOUT_SECONDS", "8"),
    open("ASSISTANT_RAG_ENABLED", "true"),
    open("ASSISTANT_RAG_REFRESH", "false"),
    open("OLLAMA_BASE_URL", ""),
    open("ASSISTANT_EMBEDDING_BASE_URL", ""),
    open("OLLAMA_EMBEDDING_MODEL", "nomic-embed-text"),
    open("ASSISTANT_EMBEDDING_MODEL", ""),
    secret("ASSISTANT_EMBEDDING_API_KEY"),
    open("PREDICTOR_BASE_URL", ""),
    open("PREDICTOR_TIMEOUT_SECONDS", "4"),
    secret("PREDICTOR_SHARED_SECRET"),
    secret("CHATOPS_SLACK_WEBHOOK_URL"),
    open("CHATOPS_BASE_URL", "http://localhost:5173"),
    open("CHATOPS_NOTIFY_INCIDENTS", "true"),
    open("CHATOPS_NOTIFY_REMEDIATIONS", "true"),
    open("CHATOPS_NOTIFY_POSTMORTEMS", "true"),
    open("CHATOPS_NOTIFY_ASSISTANT_FINDINGS", "false"),
    open("ALERT_TIMEOUT_SECONDS", "5"),
    secret("ALERTMANAGER_WEBHOOK_URL"),
    secret("SLACK_WEBHOOK_URL"),
    open(
        "PAGERDUTY_EVENTS_URL",
        "https://events.pagerduty.com/v2/enqueue",
    ),
    secret("PAGERDUTY_ROUTING_KEY"),
    open("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""),
    open("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
    open("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", ""),
    open("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    open("OTEL_EXPORTER_OTLP_TRACES_INSECURE", ""),
    open("OTEL_EXPORTER_OTLP_INSECURE", ""),
    open("OTEL_SERVICE_NAME", "kubelens-backend"),
    open("OTEL_TRACES_SAMPLE_RATIO", "1.0"),
    open("LOG_FORMAT", "json"),
    open("LOG_LEVEL", "info"),
    open("LOG_STREAM_MAX_SECONDS", "3600"),
    open("UPSTREAMS_INSECURE", "false"),
];
