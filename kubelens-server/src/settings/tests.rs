use std::collections::BTreeMap;

use super::*;
use crate::access::Role;

fn load(pairs: &[(&str, &str)]) -> Result<Settings, Problems> {
    load_with(&Arguments::default(), pairs)
}

fn load_with(arguments: &Arguments, pairs: &[(&str, &str)]) -> Result<Settings, Problems> {
    let environment: BTreeMap<_, _> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Settings::load(&Sources::new(arguments, &environment))
}

fn wrong(pairs: &[(&str, &str)]) -> Vec<String> {
    let problems = load(pairs).unwrap_err().0;
    problems.into_iter().map(|it| it.setting).collect()
}

#[test]
fn without_a_word_it_is_the_demo() {
    let settings = load(&[]).unwrap();
    assert_eq!(settings.mode, Mode::Demo);
    assert!(matches!(settings.clusters.source, ClusterSource::Demo));
    assert!(!settings.writes && !settings.authentication.enabled);
    assert_eq!(settings.rate_limit.unwrap().requests, 300);
    assert_eq!(settings.listening.address.port(), 3_000);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let pairs = [
        ("APP_MODE", "production"),
        ("PORT", "99999"),
        ("DEV_MODE", "perhaps"),
        ("AUTH_TRUSTED_PROXY_CIDRS", "10.0.0.0/99"),
        ("AUTH_TOKENS", "ann:root:x"),
        ("KUBECONFIG_DATA", "%%%"),
        ("PREDICTOR_BASE_URL", "nowhere"),
        ("TLS_CERT_FILE", "/cert.pem"),
    ];
    let mut settings = wrong(&pairs);
    settings.sort();
    let expected = [
        "APP_MODE",
        "AUTH_TOKENS",
        "AUTH_TRUSTED_PROXY_CIDRS",
        "CLUSTER_SOURCE",
        "DEV_MODE",
        "KUBECONFIG_DATA",
        "PORT",
        "PREDICTOR_BASE_URL",
        "TLS_KEY_FILE",
    ];
    assert_eq!(settings, expected);
}

#[test]
fn prod_has_laws() {
    let pairs = [
        ("APP_MODE", "prod"),
        ("AUTH_ENABLED", "false"),
        ("DEV_MODE", "true"),
        ("FOUR_EYES", "off"),
        ("ALERTMANAGER_WEBHOOK_URL", "http://alerts.example.com"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"),
    ];
    let mut settings = wrong(&pairs);
    settings.sort();
    let expected = [
        "ALERTMANAGER_WEBHOOK_URL",
        "AUTH_ALLOW_HEADER_TOKEN",
        "AUTH_ENABLED",
        "CLUSTER_SOURCE",
        "DEV_MODE",
        "FOUR_EYES",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ];
    assert_eq!(settings, expected);
    let good = [
        ("APP_MODE", "prod"),
        ("AUTH_TOKENS", "ann:admin:a-long-token"),
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
    ];
    let settings = load(&good).unwrap();
    assert!(settings.authentication.enabled);
    assert!(matches!(settings.clusters.source, ClusterSource::InCluster));
    assert!(!settings.runtime_view().insecure);
}

#[test]
fn the_simulated_cluster_never_stands_in_for_a_real_one() {
    assert_eq!(wrong(&[("KUBECONFIG_DATA", "YQ==")]), ["CLUSTER_SOURCE"]);
    assert_eq!(wrong(&[("APP_MODE", "dev")]), ["CLUSTER_SOURCE"]);
    let prod = [
        ("APP_MODE", "prod"),
        ("AUTH_TOKENS", "a:admin:t"),
        ("CLUSTER_SOURCE", "demo"),
    ];
    assert_eq!(wrong(&prod), ["CLUSTER_SOURCE"]);
    let demo = Arguments {
        demo: true,
        ..Arguments::default()
    };
    let settings = load_with(&demo, &[("APP_MODE", "dev")]).unwrap();
    assert!(matches!(settings.clusters.source, ClusterSource::Demo));
}

#[test]
fn writes_need_someone_to_be_known() {
    assert_eq!(
        wrong(&[("WRITE_ACTIONS_ENABLED", "true")]),
        ["WRITE_ACTIONS_ENABLED"]
    );
    assert_eq!(wrong(&[("AUTH_ENABLED", "true")]), ["AUTH_ENABLED"]);
    let dev = load(&[("AUTH_ENABLED", "true"), ("DEV_MODE", "true")]).unwrap();
    let roles: Vec<_> = dev.authentication.tokens.iter().map(|it| it.role).collect();
    assert_eq!(roles, Role::ALL);
}

#[test]
fn two_equal_tokens_are_an_error_that_shows_neither() {
    let text = load(&[(
        "AUTH_TOKENS",
        "a:admin:hunter2,b:viewer:hunter2,x,c:viewer:",
    )])
    .unwrap_err()
    .to_string();
    assert!(
        text.contains("entry 2 (b)") && text.contains("entry 3") && text.contains("entry 4"),
        "{text}"
    );
    assert!(!text.contains("hunter2"));
}

#[test]
fn a_secret_comes_from_a_file_and_never_shows() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens");
    std::fs::write(&path, "ann:operator:s3cr3t-t0ken\n").unwrap();
    let path = path.to_str().unwrap();
    let pairs = [
        ("AUTH_TOKENS_FILE", path),
        ("METRICS_TOKEN", "s3cr3t-scrape"),
    ];
    let settings = load(&pairs).unwrap();
    let token = &settings.authentication.tokens[0].token;
    assert_eq!(token.expose_secret(), "s3cr3t-t0ken");
    let shown = format!(
        "{settings:?} {} {}",
        serde_json::to_string(settings.effective()).unwrap(),
        serde_json::to_string(&settings.runtime_view()).unwrap()
    );
    assert!(!shown.contains("s3cr3t"), "{shown}");
    let both = [("AUTH_TOKENS_FILE", path), ("AUTH_TOKENS", "a:admin:b")];
    assert_eq!(wrong(&both), ["AUTH_TOKENS"]);
}

#[test]
fn flags_stand_before_the_environment_and_that_before_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kubelens.yaml");
    std::fs::write(
        &path,
        "PORT: 1\nSTATE_DIR: from-file\nRATE_LIMIT_ENABLED: false\n",
    )
    .unwrap();
    let arguments = Arguments {
        config: Some(path),
        port: Some(3),
        ..Arguments::default()
    };
    let settings = load_with(&arguments, &[("PORT", "2"), ("STATE_DIR", "from-env")]).unwrap();
    assert_eq!(settings.listening.address.port(), 3);
    assert_eq!(settings.state.directory.to_str(), Some("from-env"));
    assert_eq!(settings.rate_limit, None);
    let port = settings
        .effective()
        .iter()
        .find(|it| it.name == "PORT")
        .unwrap();
    assert_eq!((port.value.as_str(), port.source), ("3", "flag"));
}

#[test]
fn unknown_names_in_the_file_or_flags_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kubelens.yaml");
    std::fs::write(&path, "PROT: 1\nDEV_MODE: [a]\n").unwrap();
    let arguments = Arguments {
        config: Some(path),
        set: vec!["NOTHING=1".into(), "AUTH_TOKENS=a:admin:b".into()],
        ..Arguments::default()
    };
    let problems = load_with(&arguments, &[]).unwrap_err();
    let mut names: Vec<_> = problems.0.iter().map(|it| it.setting.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["AUTH_TOKENS", "DEV_MODE", "NOTHING", "PROT"]);
}

#[test]
fn oidc_needs_its_issuer_and_its_client() {
    assert_eq!(
        wrong(&[("AUTH_PROVIDER", "google")]),
        ["AUTH_OIDC_CLIENT_ID"]
    );
    let keycloak = [
        ("AUTH_PROVIDER", "keycloak"),
        ("AUTH_OIDC_CLIENT_ID", "kubelens"),
    ];
    assert_eq!(wrong(&keycloak), ["AUTH_OIDC_ISSUER_URL"]);
}

#[test]
fn every_name_is_listed_once() {
    let mut names: Vec<_> = VARIABLES.iter().map(|it| it.name).collect();
    names.sort_unstable();
    let before = names.len();
    names.dedup();
    assert_eq!(names.len(), before);
}
