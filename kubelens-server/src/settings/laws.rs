//! What must hold between settings, and in which mode.

use url::Url;

use super::Settings;
use super::assistant::is_loopback;
use super::mode::{FourEyes, Mode};
use super::reader::Reader;

pub(super) fn check(settings: &Settings, reader: &mut Reader<'_>) {
    let authentication = &settings.authentication;
    if settings.writes && !authentication.enabled {
        reader.problem(
            "WRITE_ACTIONS_ENABLED",
            "whoever changes a cluster must be known; set AUTH_ENABLED=true",
        );
    }
    if settings.exec && !settings.writes {
        reader.problem(
            "EXEC_ENABLED",
            "a terminal changes a cluster; set WRITE_ACTIONS_ENABLED=true",
        );
    }
    if !authentication.enabled && settings.clusters.impersonation != super::Impersonation::Off {
        reader.problem(
            "IMPERSONATION",
            "nobody has a name without AUTH_ENABLED=true",
        );
    }
    if settings.clusters.impersonation != super::Impersonation::Off
        && matches!(settings.clusters.source, super::ClusterSource::Demo)
    {
        reader.problem(
            "IMPERSONATION",
            "the simulated cluster knows no rights of people; leave it off",
        );
    }
    let upstreams_insecure = reader.flag("UPSTREAMS_INSECURE", false);
    if settings.mode == Mode::Prod {
        check_prod(settings, upstreams_insecure, reader);
    }
}

fn check_prod(settings: &Settings, upstreams_insecure: bool, reader: &mut Reader<'_>) {
    let authentication = &settings.authentication;
    if !authentication.enabled {
        reader.problem("AUTH_ENABLED", "mode prod needs it on");
    }
    if settings.dev_mode {
        reader.problem("DEV_MODE", "is forbidden in mode prod");
    }
    if authentication.header_token {
        reader.problem("AUTH_ALLOW_HEADER_TOKEN", "is forbidden in mode prod");
    }
    if settings.four_eyes == FourEyes::Off {
        reader.problem("FOUR_EYES", "off is refused in mode prod");
    }
    let mut plain = |name: &str, url: &Url, allowed: bool| {
        if url.scheme() == "http" && !is_loopback(url) && !allowed {
            reader.problem(name, "mode prod sends nothing in plain text; use https, or allow it with UPSTREAMS_INSECURE=true");
        }
    };
    if let Some(otlp) = &settings.telemetry.otlp {
        plain(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            &otlp.endpoint,
            otlp.insecure || upstreams_insecure,
        );
    }
    let assistant = &settings.assistant;
    let model = assistant
        .base_url
        .as_ref()
        .filter(|_| assistant.model_enabled);
    let others = [
        ("ASSISTANT_API_BASE_URL", model),
        (
            "ASSISTANT_EMBEDDING_BASE_URL",
            assistant.embedding_url.as_ref(),
        ),
        ("PREDICTOR_BASE_URL", settings.predictor.base_url.as_ref()),
        (
            "AUTH_OIDC_ISSUER_URL",
            authentication.oidc.as_ref().map(|it| &it.issuer),
        ),
    ];
    for (name, url) in others {
        if let Some(url) = url {
            plain(name, url, upstreams_insecure);
        }
    }
    for (name, url) in settings.alerting.addresses() {
        plain(name, &url, upstreams_insecure);
    }
}
