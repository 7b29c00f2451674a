//! The live source against a server that plays every trouble an API server can make.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]
#![cfg(feature = "live")]

mod play;

use std::time::{Duration, Instant};

use kubelens_core::Snapshot;
use kubelens_core::kubernetes::{GroupKind, Kind, KindSet, Pod, Secret};
use kubelens_core::model::CoverageState;
use kubelens_core::snapshot::{Cluster, LogKey};
use kubelens_core::source::{
    ClusterSource, ConnectOptions, LiveSource, LogLimits, ReadRequest, Silent, SourceError,
};
use play::{Answer, Server};

/// Lists only these kinds: the others are somebody else's test.
fn request(kinds: &[Kind]) -> ReadRequest {
    ReadRequest {
        kinds: KindSet::of(kinds),
        request_timeout: Duration::from_millis(700),
        ..ReadRequest::default()
    }
}

async fn load(server: &Server, request: &ReadRequest) -> Result<Snapshot, SourceError> {
    server.source().await.load(request, &Silent).await
}

fn pods(names: &[&str], next: Option<&str>) -> String {
    list("PodList", "shop", names, next)
}

fn list(kind: &str, namespace: &str, names: &[&str], next: Option<&str>) -> String {
    let items: Vec<_> = names
        .iter()
        .map(|name| format!(r#"{{"metadata":{{"name":"{name}","namespace":"{namespace}"}}}}"#))
        .collect();
    let metadata = next.map_or("{}".to_owned(), |next| {
        format!(r#"{{"continue":"{next}"}}"#)
    });
    format!(
        r#"{{"kind":"{kind}","apiVersion":"v1","metadata":{metadata},"items":[{}]}}"#,
        items.join(",")
    )
}

fn names(snapshot: &Snapshot) -> Vec<String> {
    snapshot
        .table::<Pod>()
        .iter()
        .map(|pod| pod.metadata.name.to_string())
        .collect()
}

fn gap(snapshot: &Snapshot, kind: Kind, namespace: &str) -> Option<(CoverageState, String)> {
    let gap = snapshot.gaps().find(kind, namespace)?;
    Some((gap.state, gap.detail.clone()))
}

fn forbidden(what: &str) -> Answer {
    let message = format!(r#"{what} is forbidden: User \"jane\" cannot list resource"#);
    Answer::status(
        403,
        &format!(r#"{{"kind":"Status","message":"{message}","code":403}}"#),
    )
}

#[tokio::test]
async fn every_list_is_asked_for_once_and_whole() {
    let server = Server::start(|path, _| match path {
        "/api/v1/pods?resourceVersion=0" => Answer::ok(&pods(&["a", "b"], None)),
        "/api/v1/secrets?resourceVersion=0" => {
            Answer::ok(&list("PartialObjectMetadataList", "shop", &["s"], None))
        }
        _ => Answer::not_found(),
    })
    .await;
    let snapshot = load(&server, &request(&[Kind::Pod, Kind::Secret]))
        .await
        .unwrap();
    assert_eq!(names(&snapshot), ["a", "b"]);
    assert!(
        snapshot
            .table::<Secret>()
            .iter()
            .all(|secret| secret.data.is_none())
    );
    assert_eq!(snapshot.info().version.as_deref(), Some("v1.35.4"));
    assert_eq!(
        snapshot.taken_at().unwrap().to_string(),
        "2026-11-23T12:00:00Z"
    );
    assert!(
        Cluster::new(&snapshot)
            .look_up::<Pod>("shop", "c")
            .is_absent()
    );
    assert_eq!(server.count("/api/v1/pods"), 1);
    let asked = server.header_of("/api/v1/secrets", "accept");
    assert!(
        asked.starts_with("application/json;as=PartialObjectMetadataList"),
        "{asked}"
    );
}

#[tokio::test]
async fn pages_are_followed_and_an_expired_token_begins_again_once() {
    let server = Server::start(|path, nth| match (path, nth) {
        ("/api/v1/pods?resourceVersion=0", 0) => Answer::ok(&pods(&["old"], Some("t1"))),
        ("/api/v1/pods?resourceVersion=0", _) => Answer::ok(&pods(&["a"], Some("t2"))),
        ("/api/v1/pods?limit=500&continue=t1", _) => {
            Answer::status(410, r#"{"message":"too old"}"#)
        }
        ("/api/v1/pods?limit=500&continue=t2", _) => Answer::ok(&pods(&["b"], None)),
        _ => Answer::not_found(),
    })
    .await;
    let snapshot = load(&server, &request(&[Kind::Pod])).await.unwrap();
    assert_eq!(names(&snapshot), ["a", "b"]);
    assert_eq!(gap(&snapshot, Kind::Pod, ""), None);

    let server = Server::start(|path, _| match path {
        "/api/v1/pods?resourceVersion=0" => Answer::ok(&pods(&["a"], Some("t1"))),
        "/api/v1/pods?limit=500&continue=t1" => Answer::status(410, r#"{"message":"too old"}"#),
        _ => Answer::not_found(),
    })
    .await;
    let snapshot = load(&server, &request(&[Kind::Pod])).await.unwrap();
    assert_eq!(server.count("/api/v1/pods?resourceVersion=0"), 2);
    assert_eq!(
        gap(&snapshot, Kind::Pod, "").unwrap().0,
        CoverageState::Partial
    );
}

#[tokio::test]
async fn older_servers_are_asked_for_pages() {
    let server = Server::start_version("28", |path, _| match path {
        "/api/v1/pods?limit=500" => Answer::ok(&pods(&["a"], None)),
        _ => Answer::not_found(),
    })
    .await;
    assert_eq!(
        names(&load(&server, &request(&[Kind::Pod])).await.unwrap()),
        ["a"]
    );
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_says() {
    let server = Server::start(|path, nth| match (path, nth) {
        ("/api/v1/pods?resourceVersion=0", 0) => {
            Answer::status(429, "slow down").header("retry-after: 1")
        }
        ("/api/v1/pods?resourceVersion=0", _) => Answer::ok(&pods(&["a"], None)),
        _ => Answer::not_found(),
    })
    .await;
    let begin = Instant::now();
    assert_eq!(
        names(&load(&server, &request(&[Kind::Pod])).await.unwrap()),
        ["a"]
    );
    assert!(begin.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_cut_answer_is_asked_for_again_and_then_kept_as_far_as_it_came() {
    let server = Server::start(|path, nth| match (path, nth) {
        ("/api/v1/pods?resourceVersion=0", 0) => Answer::ok(&pods(&["a", "b"], None)).cut_at(110),
        ("/api/v1/pods?resourceVersion=0", _) => Answer::ok(&pods(&["a", "b"], None)),
        _ => Answer::not_found(),
    })
    .await;
    let snapshot = load(&server, &request(&[Kind::Pod])).await.unwrap();
    assert_eq!(names(&snapshot), ["a", "b"]);
    assert_eq!(gap(&snapshot, Kind::Pod, ""), None);

    let server = Server::start(|path, _| match path {
        "/api/v1/pods?resourceVersion=0" => Answer::ok(&pods(&["a", "b"], None)).cut_at(130),
        "/api/v1/services?resourceVersion=0" => Answer::ok(&list("ServiceList", "shop", &[], None)),
        _ => Answer::not_found(),
    })
    .await;
    let snapshot = load(&server, &request(&[Kind::Pod, Kind::Service]))
        .await
        .unwrap();
    assert_eq!(names(&snapshot), ["a"]);
    let (state, detail) = gap(&snapshot, Kind::Pod, "shop").unwrap();
    assert_eq!(state, CoverageState::Partial);
    assert!(
        detail.starts_with("the list of pods ended after 1 objects: the answer was cut off"),
        "{detail}"
    );
}

#[tokio::test]
async fn a_silent_server_is_waited_for_only_so_long() {
    let server = Server::start(|path, _| match path {
        "/api/v1/pods?resourceVersion=0" => {
            Answer::ok(&pods(&["a"], None)).after(Duration::from_secs(20))
        }
        "/api/v1/services?resourceVersion=0" => Answer::ok(&list("ServiceList", "shop", &[], None)),
        _ => Answer::not_found(),
    })
    .await;
    let begin = Instant::now();
    let snapshot = load(&server, &request(&[Kind::Pod, Kind::Service]))
        .await
        .unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5));
    let (state, detail) = gap(&snapshot, Kind::Pod, "").unwrap();
    assert_eq!(
        (state, detail.as_str()),
        (
            CoverageState::Error,
            "cannot list pods: the server did not answer in time"
        )
    );
    assert_eq!(gap(&snapshot, Kind::Service, ""), None);
}

#[tokio::test]
async fn at_the_deadline_the_run_goes_on_with_what_it_has() {
    let server = Server::start(|path, _| match path {
        "/api/v1/pods?resourceVersion=0" => {
            Answer::ok(&pods(&["a"], None)).after(Duration::from_secs(20))
        }
        "/api/v1/services?resourceVersion=0" => {
            Answer::ok(&list("ServiceList", "shop", &["web"], None))
        }
        _ => Answer::not_found(),
    })
    .await;
    let request = ReadRequest {
        request_timeout: Duration::from_secs(30),
        deadline: Duration::from_millis(800),
        ..request(&[Kind::Pod, Kind::Service])
    };
    let begin = Instant::now();
    let snapshot = load(&server, &request).await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(4));
    let (state, detail) = gap(&snapshot, Kind::Pod, "").unwrap();
    assert_eq!(state, CoverageState::Partial);
    assert!(
        detail.contains("the time for the whole run was up"),
        "{detail}"
    );
    assert_eq!(snapshot.object_count(), 1);
}

#[tokio::test]
async fn a_user_of_one_namespace_sees_that_and_nothing_is_called_missing() {
    let server = Server::start(|path, _| match path {
        "/api/v1/namespaces/default/pods?resourceVersion=0" => {
            Answer::ok(&list("PodList", "default", &["a"], None))
        }
        "/api/v1/namespaces/default/configmaps?resourceVersion=0" => forbidden("configmaps"),
        _ if path.starts_with("/api/v1/") => forbidden(path.rsplit('/').next().unwrap_or_default()),
        _ => Answer::not_found(),
    })
    .await;
    let snapshot = load(
        &server,
        &request(&[Kind::Namespace, Kind::Pod, Kind::ConfigMap, Kind::Node]),
    )
    .await
    .unwrap();
    assert_eq!(names(&snapshot), ["a"]);
    let cluster = Cluster::new(&snapshot);
    assert!(cluster.look_up::<Pod>("default", "x").is_absent());
    let (state, detail) = gap(&snapshot, Kind::Pod, "shop").unwrap();
    assert_eq!(state, CoverageState::Forbidden);
    assert!(
        detail.ends_with("(see: kubectl auth can-i list pods -A)"),
        "{detail}"
    );
    assert_eq!(
        gap(&snapshot, Kind::ConfigMap, "default").unwrap().0,
        CoverageState::Forbidden
    );
    assert!(
        gap(&snapshot, Kind::Node, "")
            .unwrap()
            .1
            .ends_with("(see: kubectl auth can-i list nodes)")
    );
}

#[tokio::test]
async fn in_a_named_namespace_only_that_is_read() {
    let server = Server::start(|path, _| match path {
        "/api/v1/namespaces/shop/pods?resourceVersion=0" => Answer::ok(&pods(&["a"], None)),
        _ => forbidden("configmaps"),
    })
    .await;
    let request = ReadRequest {
        namespaces: vec!["shop".to_owned()],
        ..request(&[Kind::Pod, Kind::ConfigMap])
    };
    let snapshot = load(&server, &request).await.unwrap();
    assert_eq!(names(&snapshot), ["a"]);
    let (_, detail) = gap(&snapshot, Kind::ConfigMap, "shop").unwrap();
    assert!(
        detail.ends_with("(see: kubectl auth can-i list configmaps -n shop)"),
        "{detail}"
    );
}

#[tokio::test]
async fn what_is_not_served_is_absent_and_endpoints_stand_in_for_slices() {
    let server = Server::start(|path, _| match path {
        "/api/v1/endpoints?resourceVersion=0" => {
            Answer::ok(&list("EndpointsList", "shop", &["web"], None))
        }
        _ => Answer::not_found(),
    })
    .await;
    let snapshot = load(&server, &request(&[Kind::EndpointSlice, Kind::Endpoints]))
        .await
        .unwrap();
    let (state, detail) = gap(&snapshot, Kind::EndpointSlice, "").unwrap();
    assert_eq!(state, CoverageState::Absent);
    assert_eq!(
        detail,
        "the server does not serve endpointslices of discovery.k8s.io/v1"
    );
    assert_eq!(gap(&snapshot, Kind::Endpoints, ""), None);
    assert_eq!(snapshot.tables().count(Kind::Endpoints), 1);
}

#[tokio::test]
async fn metrics_are_read_where_they_are_served() {
    let metrics = r#"{"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[{"metadata":{"name":"a","namespace":"shop"},"timestamp":"2026-01-01T12:00:00Z","window":"10s","containers":[{"name":"web","usage":{"cpu":"5m"}}]}]}"#;
    let server = Server::start(move |path, _| match path {
        "/api/v1/pods?resourceVersion=0" => Answer::ok(&pods(&["a"], None)),
        "/apis/metrics.k8s.io/v1beta1/pods?resourceVersion=0" => Answer::ok(metrics),
        _ => Answer::not_found(),
    })
    .await;
    let kinds = [Kind::Pod, Kind::PodMetrics, Kind::NodeMetrics];
    let snapshot = load(&server, &request(&kinds)).await.unwrap();
    assert_eq!(names(&snapshot), ["a"]);
    assert_eq!(snapshot.tables().count(Kind::PodMetrics), 1);
    assert_eq!(gap(&snapshot, Kind::PodMetrics, "shop"), None);
    let (state, detail) = gap(&snapshot, Kind::NodeMetrics, "").unwrap();
    assert_eq!(state, CoverageState::Absent);
    assert_eq!(
        detail,
        "the server does not serve nodes of metrics.k8s.io/v1beta1"
    );
}

#[tokio::test]
async fn one_bad_object_never_loses_the_list() {
    let body = r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a","namespace":"shop"}},{"metadata":{"name":"bad","namespace":"shop"},"spec":{"containers":"none"}}]}"#;
    let server = Server::start(move |path, _| match path {
        "/api/v1/pods?resourceVersion=0" => Answer::ok(body),
        _ => Answer::not_found(),
    })
    .await;
    let snapshot = load(&server, &request(&[Kind::Pod])).await.unwrap();
    assert_eq!(names(&snapshot), ["a"]);
    let (state, detail) = gap(&snapshot, Kind::Pod, "shop").unwrap();
    assert_eq!(state, CoverageState::Partial);
    assert!(
        detail.contains("Pod shop/bad: spec.containers: invalid type"),
        "{detail}"
    );
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_is_an_error_with_its_reason() {
    let server = Server::start_with("35", |_, _| {
        Answer::status(401, r#"{"message":"Unauthorized"}"#)
    })
    .await;
    let error = load(&server, &request(&[Kind::Pod])).await.unwrap_err();
    assert!(matches!(error, SourceError::Unauthorized { .. }), "{error}");

    let server = Server::start(|_, _| Answer::not_found()).await;
    let source = server.source().await;
    drop(server);
    let error = source
        .load(&request(&[Kind::Pod]), &Silent)
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_dies_after_its_greeting_is_an_error_and_no_empty_cluster() {
    let server = Server::start(|_, _| Answer::ok("").cut_at(0)).await;
    let error = load(&server, &request(&[Kind::Pod, Kind::Service]))
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn an_unknown_context_is_answered_with_the_nearest_names() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("config");
    std::fs::write(&path, "apiVersion: v1\nkind: Config\ncontexts:\n- name: prod-eu\n  context: {cluster: c}\n- name: stage\n  context: {cluster: c}\n").unwrap();
    let options = ConnectOptions {
        kubeconfig: Some(path),
        context: Some("prod".to_owned()),
        ..ConnectOptions::default()
    };
    let error = LiveSource::connect(&options).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "the kubeconfig has no context `prod`; it has: prod-eu, stage"
    );
}

#[tokio::test]
async fn logs_are_fetched_within_their_limits() {
    let server = Server::start(|path, _| match path {
        "/api/v1/namespaces/shop/pods/a/log?container=app&previous=true&tailLines=60&limitBytes=65536" => {
            Answer::ok("one\ntwo\n")
        }
        "/api/v1/namespaces/shop/pods/slow/log?container=app&previous=false&tailLines=60&limitBytes=65536" => {
            Answer::ok("late\n").after(Duration::from_secs(20))
        }
        _ => Answer::not_found(),
    })
    .await;
    let key = |pod: &str, previous| LogKey {
        namespace: "shop".to_owned(),
        pod: pod.to_owned(),
        container: "app".to_owned(),
        previous,
    };
    let wanted = [
        key("a", true),
        key("slow", false),
        key("gone", false),
        key("a", false),
    ];
    let limits = LogLimits {
        count: 1,
        time: Duration::from_millis(800),
        ..LogLimits::default()
    };
    let logs = server.source().await.logs(&wanted, &limits).await;
    assert_eq!(logs.len(), 1);
    assert_eq!(logs[&key("a", true)].lines, ["one", "two"]);
    // One container: its previous run and its current one.
    assert_eq!(server.count("/api/v1/namespaces/shop/pods/"), 2);
}

#[tokio::test]
async fn a_manifest_is_tried_by_the_server_and_its_answer_told() {
    let server = Server::start(|path, _| match path {
        "/api/v1" => Answer::ok(
            r#"{"resources":[{"name":"configmaps","kind":"ConfigMap","namespaced":true},{"name":"nodes","kind":"Node","namespaced":false}]}"#,
        ),
        path if path.starts_with("/api/v1/namespaces/shop/configmaps/conf?dryRun=All") => {
            Answer::ok("{}").header(r#"warning: 299 - "it is old""#)
        }
        path if path.starts_with("/api/v1/nodes/n1?dryRun=All") => Answer::status(
            403,
            r#"{"kind":"Status","message":"admission webhook denied: password=hunter2secret","code":403}"#,
        ),
        _ => Answer::not_found(),
    })
    .await;
    let objects = [
        serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"}}),
        serde_json::json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}),
        serde_json::json!({"apiVersion": "v1", "kind": "Widget", "metadata": {"name": "w"}}),
        serde_json::json!({"apiVersion": "acme.io/v1", "kind": "Widget", "metadata": {"name": "w"}}),
        serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}}),
    ];
    let source = server.source().await;
    let answers = source
        .dry_run(&objects, "shop", Duration::from_secs(2))
        .await;
    let told: Vec<(bool, &str)> = answers
        .iter()
        .map(|answer| (answer.accepted, answer.message.as_deref().unwrap_or("")))
        .collect();
    assert_eq!(told[0], (true, ""));
    assert_eq!(answers[0].warnings, ["it is old"]);
    assert!(!told[1].0 && told[1].1.starts_with("admission webhook denied"));
    assert!(!told[1].1.contains("hunter2secret"), "{}", told[1].1);
    assert_eq!(told[2], (false, "the server serves no Widget of v1"));
    assert_eq!(told[3], (false, "the server does not serve acme.io/v1"));
    assert!(!told[4].0);
    assert_eq!(server.count("/api/v1/namespaces"), 1);
}

/// A kind in discovery: its name, its plural, and what may be done with it.
type Served<'a> = (&'a str, &'a str, &'a str);

/// An answer of aggregated discovery: the groups with their kinds.
fn discovery(groups: &[(&str, &[Served<'_>])]) -> String {
    let groups: Vec<_> = groups
        .iter()
        .map(|(group, kinds)| {
            let kinds: Vec<_> = kinds
                .iter()
                .map(|(kind, plural, verbs)| {
                    format!(r#"{{"resource":"{plural}","responseKind":{{"kind":"{kind}"}},"scope":"Namespaced","verbs":[{verbs}]}}"#)
                })
                .collect();
            let kinds = kinds.join(",");
            format!(r#"{{"metadata":{{"name":"{group}"}},"versions":[{{"version":"v1","resources":[{kinds}]}}]}}"#)
        })
        .collect();
    format!(
        r#"{{"kind":"APIGroupDiscoveryList","items":[{}]}}"#,
        groups.join(",")
    )
}

fn widgets(count: usize) -> String {
    let items: Vec<_> = (0..count)
        .map(|at| {
            format!(r#"{{"metadata":{{"name":"w{at}","namespace":"shop"}},"spec":{{"size":1}}}}"#)
        })
        .collect();
    format!(
        r#"{{"kind":"WidgetList","apiVersion":"example.com/v1","metadata":{{}},"items":[{}]}}"#,
        items.join(",")
    )
}

#[tokio::test]
async fn custom_kinds_are_listed_once_with_a_gap_where_they_cannot_be() {
    let server = Server::start_with("35", |path, _| match path {
        "/version" => Answer::ok(r#"{"major":"1","minor":"35","gitVersion":"v1.35.4"}"#),
        "/apis" => Answer::ok(&discovery(&[
            (
                "example.com",
                &[
                    ("Widget", "widgets", r#""list""#),
                    ("Gadget", "gadgets", r#""list""#),
                    ("Review", "reviews", r#""create""#),
                    ("Pile", "piles", r#""list""#),
                ],
            ),
            ("metrics.k8s.io", &[("PodMetrics", "pods", r#""list""#)]),
        ])),
        "/apis/example.com/v1/widgets?resourceVersion=0" => Answer::ok(&widgets(2)),
        "/apis/example.com/v1/piles?resourceVersion=0" => Answer::ok(&widgets(5_002)),
        "/api/v1/pods?resourceVersion=0" => Answer::ok(&pods(&["a"], None)),
        "/apis/example.com/v1/gadgets?resourceVersion=0" => forbidden("gadgets.example.com"),
        _ => Answer::not_found(),
    })
    .await;
    let snapshot = load(&server, &request(&[Kind::Pod])).await.unwrap();
    let count = |kind: &str| snapshot.custom().get(kind).map_or(0, Vec::len);
    assert_eq!(count("Widget"), 2);
    assert_eq!(count("Pile"), 5_000);
    assert_eq!(server.count("/apis/example.com/v1/widgets"), 1);
    assert_eq!(server.count("/apis/example.com/v1/reviews"), 0);
    assert_eq!(server.count("/apis/metrics.k8s.io"), 0);
    let gap = |kind: &str| snapshot.gaps().find_named(kind, "shop").cloned();
    assert_eq!(gap("Widget.example.com"), None);
    let pile = gap("Pile.example.com").unwrap();
    assert_eq!(pile.state, CoverageState::Partial);
    assert_eq!(
        pile.detail,
        "there are more than 5000 piles: no more were read"
    );
    let gadget = gap("Gadget.example.com").unwrap();
    assert_eq!(gadget.state, CoverageState::Forbidden);
    assert!(
        gadget
            .detail
            .ends_with("(see: kubectl auth can-i list gadgets.example.com -A)"),
        "{}",
        gadget.detail
    );
    let cluster = Cluster::new(&snapshot);
    let look = |kind: &str| cluster.look_up_custom("example.com", kind, "shop", "none");
    assert!(look("Widget").is_absent());
    assert!(!look("Pile").is_absent());
    assert!(!look("Gadget").is_absent());
}

/// What the server serves besides Kubernetes' own kinds.
const SERVED: &str = r#"{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[
    {"metadata":{"name":"db.example.com"},"versions":[{"version":"v2","resources":[
        {"resource":"databases","responseKind":{"group":"","version":"","kind":"Database"},"scope":"Namespaced"}]}]}]}"#;

#[tokio::test]
async fn kinds_that_rules_look_at_are_read_with_every_field() {
    let server = Server::start_with("35", |path, _| match path {
        "/version" => Answer::ok(r#"{"major":"1","minor":"35","gitVersion":"v1.35.4"}"#),
        "/apis" => Answer::ok(SERVED),
        "/api/v1/pods?resourceVersion=0" => Answer::ok(
            r#"{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a","namespace":"shop",
                "managedFields":[{"manager":"kubelet","operation":"Update","fieldsV1":{"f:status":{}}}]},
                "spec":{"aFieldOfTomorrow":7}}]}"#,
        ),
        "/apis/db.example.com/v2/databases?resourceVersion=0" => Answer::ok(
            r#"{"kind":"DatabaseList","apiVersion":"db.example.com/v2","metadata":{},"items":[
                {"metadata":{"name":"orders","namespace":"shop"},"spec":{"size":3},"data":{"x":1}}]}"#,
        ),
        _ => Answer::not_found(),
    })
    .await;
    let pod = GroupKind::of("v1", "Pod");
    let database = GroupKind::of("db.example.com/v1", "Database");
    let absent = GroupKind::of("db.example.com/v1", "Backup");
    let request = ReadRequest {
        whole: [pod.clone(), database.clone(), absent.clone()].into(),
        ..request(&[Kind::Pod])
    };
    let snapshot = load(&server, &request).await.unwrap();
    let json = |kind: &GroupKind, name: &str| -> serde_json::Value {
        let object = snapshot.whole().get(kind, "shop", name).unwrap();
        serde_json::from_slice(&object.json).unwrap()
    };
    assert_eq!(json(&pod, "a")["spec"]["aFieldOfTomorrow"], 7);
    assert_eq!(json(&database, "orders")["data"]["x"], 1);
    assert!(snapshot.knows_all(&pod, "shop"));
    assert!(snapshot.knows_all(&database, "shop"));
    assert!(!snapshot.knows_all(&absent, "shop"));
    assert_eq!(snapshot.whole().why_cut(&absent), None);
}

#[tokio::test]
async fn a_kind_that_may_not_be_listed_is_unknown_to_rules() {
    let server = Server::start_with("35", |path, _| match path {
        "/version" => Answer::ok(r#"{"major":"1","minor":"35","gitVersion":"v1.35.4"}"#),
        "/apis" => Answer::ok(SERVED),
        "/api/v1/pods?resourceVersion=0" => Answer::ok(&pods(&["a"], None)),
        path if path.contains("databases") => forbidden("databases"),
        _ => Answer::not_found(),
    })
    .await;
    let database = GroupKind::of("db.example.com/v2", "Database");
    let request = ReadRequest {
        whole: [database.clone()].into(),
        ..request(&[Kind::Pod])
    };
    let snapshot = load(&server, &request).await.unwrap();
    assert!(!snapshot.knows_all(&database, "shop"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_says_of_itself_and_whom_it_turned_away_is_observed() {
    let server = Server::start(|path, nth| match path {
        "/readyz?verbose" => Answer::status(
            500,
            "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n",
        ),
        "/api/v1/pods?resourceVersion=0" if nth == 0 => Answer::status(429, "{}")
            .header("retry-after: 0")
            .header("x-kubernetes-pf-prioritylevel-uid: 5f1c"),
        "/api/v1/pods?resourceVersion=0" => Answer::ok(
            r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}"#,
        ),
        _ => Answer::not_found(),
    })
    .await;
    let source = server.source().await;
    let snapshot = source.load(&ReadRequest::default(), &Silent).await.unwrap();
    let observed = &snapshot.custom()["ApiServerHealth"][0];
    assert_eq!(
        observed.status,
        serde_json::json!({
            "failingChecks": ["[-]etcd failed: reason withheld"],
            "turnedAway": {"5f1c": 1},
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_well_leaves_nothing_to_observe() {
    let server = Server::start(|path, _| match path {
        "/readyz?verbose" => Answer::ok("[+]ping ok\nreadyz check passed\n"),
        _ => Answer::not_found(),
    })
    .await;
    let source = server.source().await;
    let loaded = source.load(&ReadRequest::default(), &Silent).await;
    let observed = loaded.map(|snapshot| snapshot.custom().contains_key("ApiServerHealth"));
    assert!(!observed.unwrap_or(false));
}
