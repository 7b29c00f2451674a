//! People with rights of their own in the cluster: who may read one namespace sees one namespace.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Request, StatusCode};
use kubelens_server::access::rights::{Question, Rights, RightsError, Rule, Rules};
use kubelens_server::access::{Identity, Provider};
use kubelens_server::bus::{Filter, Heard, Hearing, Wanted};
use kubelens_server::demo::Demo;
use kubelens_server::kept::Kept;
use kubelens_server::live::{Cluster, Clusters, Origin};
use kubelens_server::settings::Impersonation;
use kubelens_server::store::Store;
use kubelens_server::who::Role;
use kubelens_server::{AppState, Options};
use serde_json::Value;

use crate::server::{Answer, Server};

/// Everybody may read workloads, events and logs in `production`; `root` may everything; about `nobody-knows`
/// nothing can be said.
#[derive(Debug)]
struct OneNamespace;

const READABLE: [(&str, &str); 6] = [
    ("", "pods"),
    ("", "events"),
    ("", "pods/log"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
];

fn is_known(who: &Identity) -> Result<(), RightsError> {
    if who.name == "nobody-knows" {
        return Err(RightsError::Unknown {
            who: who.name.clone(),
            problem: "the API server is away".to_owned(),
        });
    }
    Ok(())
}

impl Rights for OneNamespace {
    fn confirm<'a>(&'a self, who: &'a Identity) -> BoxFuture<'a, Result<(), RightsError>> {
        async { is_known(who) }.boxed()
    }

    fn may<'a>(
        &'a self,
        who: &'a Identity,
        _: &'a Question,
    ) -> BoxFuture<'a, Result<bool, RightsError>> {
        async { is_known(who).map(|()| who.name == "root") }.boxed()
    }

    fn rules<'a>(
        &'a self,
        _: &'a Identity,
        namespace: &'a str,
    ) -> BoxFuture<'a, Result<Rules, RightsError>> {
        let rules = READABLE.map(|(group, resource)| Rule {
            verbs: vec!["list".to_owned(), "get".to_owned()],
            groups: vec![group.to_owned()],
            resources: vec![resource.to_owned()],
            names: Vec::new(),
        });
        let is_there = namespace == "production";
        let all = rules.into_iter().filter(move |_| is_there).collect();
        let rules = Rules {
            all,
            is_incomplete: false,
        };
        async { Ok(rules) }.boxed()
    }
}

fn state() -> AppState {
    let origin = Origin::Demo(Demo::still().unwrap());
    let cluster = Cluster::new("default", origin).impersonating(Impersonation::User);
    AppState::new(Clusters::new(cluster, Vec::new()), Options::default())
}

async fn server() -> Server {
    over(state()).await
}

async fn over(state: AppState) -> Server {
    let server = Server::of(state).await;
    let cluster = server.state.clusters.first();
    cluster.use_rights(Arc::new(OneNamespace));
    server
}

fn person(name: &str) -> Identity {
    Identity {
        name: name.to_owned(),
        role: Role::Viewer,
        provider: Provider::Token,
        subject: name.to_owned(),
        groups: Vec::new(),
    }
}

async fn get(server: &Server, who: &str, path: &str) -> Answer {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    request.extensions_mut().insert(person(who));
    server.send(request).await
}

async fn json(server: &Server, who: &str, path: &str) -> Value {
    let answer = get(server, who, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json()
}

/// What stands in other namespaces of the demo, and its nodes' own statuses.
const ELSEWHERE: [&str; 4] = [
    "prometheus-server",
    "coredns",
    "node-exporter",
    "nginx-deployment",
];

#[tokio::test]
async fn lists_hold_what_may_be_read_and_the_rest_is_refused() {
    let server = server().await;
    let pods = json(&server, "ann", "/api/pods").await;
    let pods = pods.as_array().unwrap();
    assert_eq!(pods.len(), 3, "{pods:#?}");
    assert!(pods.iter().all(|pod| pod["namespace"] == "production"));
    assert_eq!(
        json(&server, "root", "/api/pods")
            .await
            .as_array()
            .unwrap()
            .len(),
        6
    );
    assert_eq!(
        json(&server, "ann", "/api/namespaces").await,
        serde_json::json!(["production"])
    );
    for path in [
        "/api/nodes",
        "/api/stats",
        "/api/resources/secrets",
        "/api/nodes/node-worker-1/pods",
        "/api/nodes/node-worker-1/drain/preview",
    ] {
        let answer = get(&server, "ann", path).await;
        assert_eq!(
            answer.status,
            StatusCode::FORBIDDEN,
            "{path}: {}",
            answer.text()
        );
        assert_eq!(answer.json()["code"], "cluster_forbidden", "{path}");
    }
    for path in [
        "/api/events",
        "/api/resources/pods",
        "/api/resources/deployments",
    ] {
        let text = json(&server, "ann", path).await.to_string();
        for name in ELSEWHERE {
            assert!(!text.contains(name), "{path} tells of {name}: {text}");
        }
    }
    let elsewhere = get(
        &server,
        "ann",
        "/api/pods/monitoring/prometheus-server-0/logs",
    )
    .await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    let metrics = get(&server, "ann", "/api/metrics/prometheus").await;
    assert_eq!(metrics.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_report_is_that_of_what_may_be_read_and_says_what_may_not() {
    let server = server().await;
    let whole = server.state.clusters.first().seen().unwrap();
    let all = get(&server, "root", "/api/report").await;
    assert_eq!(
        all.bytes, whole.report_json,
        "who sees everything shares the server's own"
    );
    let report = json(&server, "ann", "/api/report").await;
    let text = report.to_string();
    for name in ELSEWHERE {
        assert!(!text.contains(name), "{name} is told of: {text}");
    }
    let causes = report["causes"].as_array().unwrap();
    assert!(!causes.is_empty(), "what is broken in production is told");
    let critical = causes
        .iter()
        .filter(|one| one["severity"] == "critical")
        .count();
    assert_eq!(report["summary"]["critical"], critical);
    assert!(causes.len() < all.json()["causes"].as_array().unwrap().len());
    let gaps = report["coverage"]["kinds"].as_array().unwrap();
    let gap = |kind: &str| gaps.iter().find(|gap| gap["kind"] == kind).cloned();
    assert_eq!(gap("Node").unwrap()["state"], "forbidden", "{gaps:#?}");
    assert_eq!(gap("Pod").unwrap()["state"], "forbidden", "{gaps:#?}");
    assert!(report["coverage"]["percent"].as_u64() < all.json()["coverage"]["percent"].as_u64());
    let flat = json(&server, "ann", "/api/diagnostics").await;
    assert_eq!(flat["criticalIssues"], critical);
    assert_eq!(flat["healthScore"], report["summary"]["healthScore"]);
}

#[tokio::test]
async fn people_with_the_same_rights_share_one_picture_and_no_etag() {
    let server = server().await;
    let ann = get(&server, "ann", "/api/report").await;
    let ben = get(&server, "ben", "/api/report").await;
    assert_eq!(ann.bytes, ben.bytes);
    let counts = server.state.clusters.first().view_counts();
    assert_eq!((counts.people, counts.views), (2, 1));
    assert_ne!(ann.header("etag"), ben.header("etag"));
    let mut request = Request::get("/api/report")
        .header(
            "if-none-match",
            get(&server, "root", "/api/report").await.header("etag"),
        )
        .body(Body::empty())
        .unwrap();
    request.extensions_mut().insert(person("ann"));
    assert_eq!(server.send(request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn where_rights_are_unknown_nothing_is_shown() {
    let server = server().await;
    for path in [
        "/api/report",
        "/api/pods",
        "/api/diagnostics",
        "/api/pods/production/redis-master-0",
    ] {
        let answer = get(&server, "nobody-knows", path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.json()["code"], "rights_unknown", "{path}");
        let answer = server.get(path).await;
        assert_eq!(
            answer.status,
            StatusCode::FORBIDDEN,
            "{path}: nobody is signed in"
        );
    }
    // How the server itself runs depends on nobody's rights.
    assert_eq!(
        get(&server, "nobody-knows", "/api/runtime").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_stream_tells_of_what_may_be_read_only() {
    let server = server().await;
    let state = &server.state;
    let listen = async |who: &str| {
        let hearing = Hearing::of(&state.clusters, &person(who)).await;
        let filter = Filter::of(&Wanted::default(), "default", Role::Viewer).within(hearing);
        state.bus.subscribe(filter, None)
    };
    let (ann, root, unknown) = (
        listen("ann").await,
        listen("root").await,
        listen("nobody-knows").await,
    );
    let demo = state.clusters.first().demo().unwrap();
    assert!(demo.world.restart_pod("monitoring", "prometheus-server-0"));
    assert!(demo.world.restart_pod("production", "redis-master-0"));
    let hears = async |listener: &kubelens_server::bus::Subscription, wanted: &str| {
        let mut heard = Vec::new();
        loop {
            let next = tokio::time::timeout(std::time::Duration::from_secs(20), listener.next());
            let Ok(Some(Heard::Event(event))) = next.await else {
                panic!("never heard {wanted}: {heard:?}")
            };
            heard.push(event.json.clone());
            if event.json.contains(wanted) {
                return heard;
            }
        }
    };
    let of_root = hears(&root, "redis-master-0").await.join("\n");
    let of_ann = hears(&ann, "redis-master-0").await.join("\n");
    assert!(
        !of_ann.contains("monitoring") && !of_ann.contains("prometheus"),
        "{of_ann}"
    );
    assert!(of_root.contains("redis-master-0"));
    let silence = tokio::time::timeout(std::time::Duration::from_millis(300), unknown.next()).await;
    assert!(silence.is_err(), "{silence:?}");
}

#[tokio::test]
async fn the_history_tells_of_nothing_that_may_not_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let server = over(state().remembering(Kept::open(store).unwrap())).await;
    let path = "/api/report/history";
    let begun = Instant::now();
    let all = loop {
        let all = json(&server, "root", path).await;
        if all["items"] != serde_json::json!([]) {
            break all;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{all:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let subjects = |found: &Value| -> Vec<String> {
        let items = found["items"].as_array().unwrap();
        items.iter().map(|it| it["subject"].to_string()).collect()
    };
    let nodes = |all: &[String]| all.iter().any(|it| it.contains("node-worker-3"));
    assert!(nodes(&subjects(&all)), "{all:#}");
    let some = json(&server, "ann", path).await;
    let shown = subjects(&some);
    assert!(!shown.is_empty(), "{some:#}");
    assert!(shown.len() < subjects(&all).len());
    for name in ELSEWHERE.iter().chain(&["node-worker"]) {
        assert!(!some.to_string().contains(name), "{some:#}");
    }
    let unknown = get(&server, "nobody-knows", path).await;
    assert_eq!(unknown.status, StatusCode::SERVICE_UNAVAILABLE);
}
