use http::{Method, StatusCode};
use kubelens_core::kubernetes::{Deployment, Node, Pod};
use kubelens_server::who::Role;
use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn a_workload_is_scaled_and_a_rehearsal_changes_nothing() {
    let server = Server::start().await;
    let path = "/api/resources/deployments/production/checkout-api/scale";
    let tried = server
        .done(
            Method::POST,
            &format!("{path}?dryRun=true"),
            json!({"replicas": 5}),
        )
        .await;
    assert_eq!(tried["dryRun"], true);
    let object = "/api/resources/deployments/production/checkout-api";
    assert_eq!(server.json(object).await["object"]["spec"]["replicas"], 2);
    let done = server
        .done(Method::POST, path, json!({"replicas": 5}))
        .await;
    assert_eq!(done["message"], "Scaled to 5 replicas");
    server
        .until("5 replicas", |picture| {
            let found = picture
                .snapshot
                .table::<Deployment>()
                .get("production", "checkout-api");
            found.is_some_and(|one| one.spec.replicas == Some(5))
        })
        .await;
    for body in [
        json!({"replicas": -1}),
        json!({"replicas": 10_001}),
        json!({}),
    ] {
        assert_eq!(
            server
                .act(Role::Operator, Method::POST, path, body)
                .await
                .status,
            StatusCode::BAD_REQUEST
        );
    }
    let map = "/api/resources/configmaps/production/payment-config/scale";
    assert_eq!(
        server
            .act(Role::Operator, Method::POST, map, json!({"replicas": 1}))
            .await
            .status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn pods_are_made_restarted_and_deleted() {
    let server = Server::start().await;
    server
        .done(Method::POST, "/api/pods", json!({"name": "fresh"}))
        .await;
    let again = server
        .act(
            Role::Operator,
            Method::POST,
            "/api/pods",
            json!({"name": "fresh"}),
        )
        .await;
    assert_eq!(
        (again.status, again.json()["code"].clone()),
        (StatusCode::CONFLICT, "already_exists".into())
    );
    let shows = |wanted: bool| {
        move |picture: &kubelens_server::live::Picture| {
            picture
                .snapshot
                .table::<Pod>()
                .get("default", "fresh")
                .is_some()
                == wanted
        }
    };
    server.until("the pod", shows(true)).await;
    server
        .done(
            Method::POST,
            "/api/pods/production/redis-master-0/restart",
            json!({}),
        )
        .await;
    server
        .until("the restart", |picture| {
            let pod = picture
                .snapshot
                .table::<Pod>()
                .get("production", "redis-master-0");
            pod.is_some_and(|pod| pod.containers().map(|one| one.restarts()).sum::<i64>() == 3)
        })
        .await;
    let now = server
        .act(
            Role::Operator,
            Method::DELETE,
            "/api/pods/default/fresh?gracePeriodSeconds=0&reason=x",
            json!({}),
        )
        .await;
    assert_eq!(now.status, StatusCode::FORBIDDEN);
    server
        .done(Method::DELETE, "/api/pods/default/fresh", json!({}))
        .await;
    server.until("no pod", shows(false)).await;
    let gone = server
        .act(
            Role::Operator,
            Method::DELETE,
            "/api/pods/default/fresh",
            json!({}),
        )
        .await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_node_is_cordoned_drained_and_given_back() {
    let server = Server::start().await;
    let blocked = server
        .act(
            Role::Operator,
            Method::POST,
            "/api/nodes/node-master-1/drain",
            json!({}),
        )
        .await;
    assert_eq!(
        (blocked.status, blocked.json()["code"].clone()),
        (StatusCode::BAD_REQUEST, "drain_blocked".into())
    );
    let preview = server.json("/api/nodes/node-master-1/drain/preview").await;
    assert_eq!(preview["safeToDrain"], false);
    assert!(
        preview["blockers"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["reference"] == "kube-system/control-plane-pdb")
    );
    let force = json!({"force": true, "reason": "renewal"});
    let operator = server
        .act(
            Role::Operator,
            Method::POST,
            "/api/nodes/node-worker-1/drain",
            force.clone(),
        )
        .await;
    assert_eq!(operator.status, StatusCode::FORBIDDEN);
    let reasonless = server
        .act(
            Role::Admin,
            Method::POST,
            "/api/nodes/node-worker-1/drain",
            json!({"force": true}),
        )
        .await;
    assert_eq!(reasonless.status, StatusCode::BAD_REQUEST);
    let drained = server
        .act(
            Role::Admin,
            Method::POST,
            "/api/nodes/node-worker-1/drain",
            force,
        )
        .await;
    assert_eq!(drained.status, StatusCode::OK, "{}", drained.text());
    let id = drained.json()["operationId"].as_str().unwrap().to_owned();
    let operation = server.json(&format!("/api/operations/{id}")).await;
    assert_eq!(operation["state"], "succeeded", "{operation:#}");
    server
        .until("an empty cordoned node", |picture| {
            let node = picture.snapshot.table::<Node>().get("", "node-worker-1");
            let pods = picture
                .snapshot
                .table::<Pod>()
                .iter()
                .filter(|pod| pod.node_name == "node-worker-1")
                .count();
            node.is_some_and(|node| node.spec.unschedulable) && pods == 0
        })
        .await;
    assert!(
        server.json("/api/nodes").await[1]["roles"]
            .as_str()
            .unwrap()
            .ends_with("cordoned")
    );
    server
        .done(Method::POST, "/api/nodes/node-worker-1/uncordon", json!({}))
        .await;
    let again = server
        .done(Method::POST, "/api/nodes/node-worker-1/uncordon", json!({}))
        .await;
    assert!(again["message"].as_str().unwrap().contains("already"));
}

#[tokio::test]
async fn a_manifest_is_held_tried_and_never_put_over_somebodys_change() {
    let server = Server::start().await;
    let path = "/api/resources/deployments/production/payment-gateway/yaml";
    let own = server.json(path).await;
    let version = own["resourceVersion"].as_str().unwrap();
    let yaml = own["yaml"]
        .as_str()
        .unwrap()
        .replace("replicas: 3", "replicas: 4");
    let held = server
        .act(Role::Operator, Method::PUT, path, json!({"yaml": yaml}))
        .await;
    assert_eq!(held.status, StatusCode::ACCEPTED, "{}", held.text());
    assert_eq!(
        (
            &held.json()["requiresForce"],
            &held.json()["report"]["level"]
        ),
        (&json!(true), &json!("HIGH"))
    );
    let tried = server
        .done(
            Method::PUT,
            &format!("{path}?dryRun=true"),
            json!({"yaml": yaml}),
        )
        .await;
    assert!(
        tried["diff"].as_str().unwrap().contains("+  replicas: 4"),
        "{tried:#}"
    );
    let forced = format!("{path}?force=true");
    let stale = server
        .act(
            Role::Operator,
            Method::PUT,
            &forced,
            json!({"yaml": yaml, "resourceVersion": "1"}),
        )
        .await;
    assert_eq!(
        (
            stale.status,
            stale.json()["details"]["currentResourceVersion"].clone()
        ),
        (StatusCode::CONFLICT, json!(version))
    );
    server
        .done(
            Method::PUT,
            &forced,
            json!({"yaml": yaml, "resourceVersion": version}),
        )
        .await;
    let object = server
        .json("/api/resources/deployments/production/payment-gateway")
        .await;
    assert_eq!(object["object"]["spec"]["replicas"], 4);
    let other = server
        .act(
            Role::Operator,
            Method::PUT,
            &forced,
            json!({"yaml": "kind: Pod\napiVersion: v1"}),
        )
        .await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST);
    let masked = server
        .json("/api/resources/secrets/production/payment-secrets/yaml")
        .await;
    let secret = "/api/resources/secrets/production/payment-secrets/yaml?force=true";
    let refused = server
        .act(
            Role::Operator,
            Method::PUT,
            secret,
            json!({"yaml": masked["yaml"]}),
        )
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn workloads_are_restarted_and_jobs_run_again() {
    let server = Server::start().await;
    server
        .done(
            Method::POST,
            "/api/resources/deployments/production/checkout-api/restart",
            json!({}),
        )
        .await;
    let object = server
        .json("/api/resources/deployments/production/checkout-api")
        .await;
    let annotations = &object["object"]["spec"]["template"]["metadata"]["annotations"];
    assert!(annotations["kubectl.kubernetes.io/restartedAt"].is_string());
    let job = server
        .done(
            Method::POST,
            "/api/resources/jobs/production/db-backfill-20260306/restart",
            json!({}),
        )
        .await;
    assert!(job["message"].as_str().unwrap().contains("-rerun-"));
    let history = server
        .json("/api/resources/deployments/production/payment-gateway/history")
        .await;
    assert_eq!(
        (&history[0]["revision"], &history[0]["current"]),
        (&json!(3), &json!(true))
    );
    let back = server
        .act(
            Role::Operator,
            Method::POST,
            "/api/resources/deployments/production/payment-gateway/rollback",
            json!({}),
        )
        .await;
    assert_eq!(
        (back.status, back.json()["code"].clone()),
        (StatusCode::BAD_REQUEST, "no_revision".into())
    );
}

#[tokio::test]
async fn a_manifest_is_judged_without_being_applied() {
    let server = Server::start().await;
    let judge = |manifest: &str| {
        server.act(
            Role::Viewer,
            Method::POST,
            "/api/risk-guard/analyze",
            json!({"manifest": manifest}),
        )
    };
    let bad = judge("a: [").await.json();
    assert_eq!(
        (&bad["score"], &bad["level"]),
        (&json!(30), &json!("MEDIUM"))
    );
    assert_eq!(judge("").await.status, StatusCode::BAD_REQUEST);
    let path = "/api/resources/configmaps/production/payment-config/diff";
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: payment-config}\ndata: {LOG_LEVEL: debug}";
    let compared = server
        .act(Role::Viewer, Method::POST, path, json!({"yaml": yaml}))
        .await
        .json();
    assert_eq!(compared["changed"], true);
    assert!(
        compared["diff"]
            .as_str()
            .unwrap()
            .contains("+  LOG_LEVEL: debug"),
        "{compared:#}"
    );
}
