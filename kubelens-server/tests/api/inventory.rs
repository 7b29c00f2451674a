use http::StatusCode;
use serde_json::{Value, json};

use crate::server::Server;

fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_simulated_cluster_is_the_one_that_clients_know() {
    let server = Server::start().await;
    assert_eq!(
        server.json("/api/namespaces").await,
        json!(["default", "kube-system", "monitoring", "production"])
    );
    let pods = server.json("/api/pods").await;
    assert_eq!(
        names(&pods),
        [
            "nginx-deployment-7848d4b86f-9v8x2",
            "coredns-64897985d-m2q8l",
            "prometheus-server-0",
            "auth-service-v2-5f6b7c8d9-abcde",
            "payment-gateway-7f8d9a0b-12345",
            "redis-master-0"
        ]
    );
    let failed = &pods[4];
    assert_eq!(
        (
            &failed["id"],
            &failed["status"],
            &failed["restarts"],
            &failed["age"],
            &failed["cpu"]
        ),
        (
            &json!("pod-6"),
            &json!("Failed"),
            &json!(5),
            &json!("1h"),
            &json!("N/A")
        )
    );
    assert_eq!(
        (&pods[0]["cpu"], &pods[0]["memory"], &pods[0]["age"]),
        (&json!("12m"), &json!("45Mi"), &json!("4d"))
    );
    let nodes = server.json("/api/nodes").await;
    assert_eq!(
        names(&nodes),
        [
            "node-master-1",
            "node-worker-1",
            "node-worker-2",
            "node-worker-3"
        ]
    );
    assert_eq!(
        (&nodes[0]["roles"], &nodes[0]["cpuUsage"]),
        (&json!("control-plane,master"), &json!("18%"))
    );
    assert_eq!(nodes[3]["status"], "NotReady");
    let stats = server.json("/api/stats").await;
    assert_eq!(
        stats["pods"],
        json!({"total": 6, "running": 4, "pending": 1, "failed": 1})
    );
    assert_eq!(
        stats["nodes"],
        json!({"total": 4, "ready": 3, "notReady": 1})
    );
    assert_eq!(stats["cluster"]["storage"], "N/A");
}

#[tokio::test]
async fn every_kind_has_its_status_and_summary() {
    let server = Server::start().await;
    for (kind, name, status, summary) in [
        (
            "deployments",
            "payment-gateway",
            "3/3 Ready",
            "RollingUpdate",
        ),
        (
            "replicasets",
            "payment-gateway-85fd88d5d6",
            "3/3 Ready",
            "Observed generation 3",
        ),
        (
            "statefulsets",
            "redis",
            "1/1 Ready",
            "Service: redis-headless",
        ),
        ("daemonsets", "node-exporter", "4/4 Ready", "Updated 4"),
        (
            "jobs",
            "db-backfill-20260306",
            "Succeeded (1)",
            "Completions: 1",
        ),
        (
            "cronjobs",
            "nightly-report",
            "Active",
            "Schedule: 0 1 * * *",
        ),
        (
            "services",
            "payment-gateway",
            "ClusterIP",
            "ClusterIP 10.0.0.2, Ports 80",
        ),
        (
            "ingresses",
            "public-api",
            "Address assigned",
            "api.example.com",
        ),
        (
            "networkpolicies",
            "deny-by-default",
            "Active",
            "Ingress rules 1, Egress rules 1",
        ),
        ("configmaps", "payment-config", "Active", "Keys: 5"),
        (
            "secrets",
            "payment-secrets",
            "Active",
            "Type: Opaque, Keys: 3",
        ),
        (
            "persistentvolumes",
            "pv-data-001",
            "Bound",
            "Capacity: 100Gi",
        ),
        (
            "persistentvolumeclaims",
            "redis-data",
            "Bound",
            "Storage: 20Gi",
        ),
        (
            "storageclasses",
            "standard-rwo",
            "Default",
            "kubernetes.io/gce-pd",
        ),
        ("namespaces", "production", "Active", "Namespace"),
        ("serviceaccounts", "payment-runner", "Active", "Secrets: 1"),
        ("rbac", "payment-editor", "Role", "Rules: 6"),
        (
            "rbac",
            "payment-editor-binding",
            "RoleBinding",
            "Subjects: 2",
        ),
        (
            "pods",
            "redis-master-0",
            "Running",
            "CPU 45m, Memory 128Mi, Restarts 2",
        ),
        ("nodes", "node-master-1", "Ready", "CPU 18%, Memory 44%"),
        ("metrics", "redis-master-0", "Pod", "CPU 45m, Memory 128Mi"),
    ] {
        let list = server.json(&format!("/api/resources/{kind}")).await;
        assert_eq!(list["kind"], kind);
        let items = list["items"].as_array().unwrap();
        let item = items
            .iter()
            .find(|item| item["name"] == name && item["status"] == status);
        let item = item.unwrap_or_else(|| panic!("{kind} {name}: {list:#}"));
        assert_eq!(
            (&item["status"], &item["summary"]),
            (&json!(status), &json!(summary)),
            "{kind}"
        );
    }
    let events = server.json("/api/resources/events").await;
    assert!(
        events["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|event| event["name"] == "BackOff" && event["status"] == "Warning")
    );
    assert_eq!(
        server.get("/api/resources/wonders").await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_pod_is_shown_whole_without_its_secrets() {
    let server = Server::start().await;
    let path = "/api/pods/production/payment-gateway-7f8d9a0b-12345";
    let pod = server.json(path).await;
    assert_eq!(
        pod["containers"][0]["env"][0],
        json!({"name": "APP_ENV", "value": "production"})
    );
    assert_eq!(
        pod["containers"][0]["volumeMounts"][0]["mountPath"],
        "/etc/app"
    );
    assert_eq!(pod["volumes"], json!([{"name": "config"}]));
    let events = server.json(&format!("{path}/events")).await;
    assert_eq!(
        (&events[0]["reason"], &events[0]["count"]),
        (&json!("BackOff"), &json!(12))
    );
    let logs = server.get(&format!("{path}/logs?lines=2")).await;
    assert_eq!(logs.header("x-kubelens-container"), "main");
    assert_eq!(logs.text().lines().count(), 2);
    assert!(logs.text().contains("cannot connect to database"));
    let missing = server.get(&format!("{path}/logs?container=none")).await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);
    let described = server.get(&format!("{path}/describe")).await.text();
    for part in [
        "Status:     Failed",
        "Owner:      Deployment production/payment-gateway",
        "BackOff",
        "cpu=100m",
    ] {
        assert!(described.contains(part), "{part}: {described}");
    }
    assert_eq!(
        server.get("/api/pods/production/none").await.status,
        StatusCode::NOT_FOUND
    );
    let secret = server
        .json("/api/resources/secrets/production/payment-secrets")
        .await;
    assert_eq!(secret["object"]["data"]["DB_PASSWORD"], "***");
    let yaml = server
        .get("/api/resources/secrets/production/payment-secrets/yaml")
        .await;
    assert!(!yaml.text().contains("ZGVtbw"), "{}", yaml.text());
    assert!(!yaml.header("etag").is_empty());
}

#[tokio::test]
async fn an_object_comes_with_what_hangs_on_it() {
    let server = Server::start().await;
    let set = server
        .json("/api/resources/replicasets/production/payment-gateway-85fd88d5d6")
        .await;
    assert_eq!(set["owners"][0]["name"], "payment-gateway");
    assert_eq!(set["owned"][0]["name"], "payment-gateway-7f8d9a0b-12345");
    let node = server.json("/api/resources/nodes/_/node-worker-3").await;
    assert!(!node["findings"].as_array().unwrap().is_empty(), "{node:#}");
    let detail = server.json("/api/nodes/node-worker-1").await;
    assert_eq!(detail["allocatable"]["pods"], "110");
    assert_eq!(
        detail["addresses"][0],
        json!({"type": "InternalIP", "address": "10.128.0.2"})
    );
    assert_eq!(
        names(&server.json("/api/nodes/node-worker-2/pods").await),
        ["redis-master-0"]
    );
    assert_eq!(
        server.json("/api/nodes/node-worker-2/events").await,
        json!([])
    );
    assert_eq!(
        server.get("/api/nodes/none/pods").await.status,
        StatusCode::NOT_FOUND
    );
}
