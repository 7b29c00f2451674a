//! A change whose answer does not come.

use std::fs;
use std::time::Instant;

use anyhow::{Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, PostParams};
use kubelens_tests::control_plane::{ControlPlane, Options};
use kubelens_tests::faulty_server::{Fault, FaultyServer};
use kubelens_tests::server::Server;

use crate::cluster::way_to;
use crate::signed_in::{EVE, TOKENS};
use crate::table::{Row, told};

/// A change whose answer is lost was made or not: who asks again with the same key is told that, and nothing is done
/// twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_to_a_change_is_lost() -> Result<()> {
    let plane = ControlPlane::start(&Options::default()).await?;
    let client = plane.client().await?;
    let way = FaultyServer::before(client.clone()).await?;
    let kubeconfig = plane.folder().join("way.kubeconfig");
    fs::write(&kubeconfig, way_to(&way))?;
    let deployments: Api<Deployment> = Api::namespaced(client, "default");
    let shop = serde_json::from_value(serde_json::json!({
        "metadata": { "name": "shop" },
        "spec": {
            "replicas": 1,
            "selector": { "matchLabels": { "app": "shop" } },
            "template": {
                "metadata": { "labels": { "app": "shop" } },
                "spec": { "containers": [{ "name": "shop", "image": "registry.example/shop:1" }] },
            },
        },
    }))?;
    deployments.create(&PostParams::default(), &shop).await?;
    let mut settings = TOKENS.to_vec();
    settings.push(("WRITE_ACTIONS_ENABLED", "true"));
    let server = Server::start(&kubeconfig, &plane.folder().join("state"), &settings)?;
    server.until("/api/readyz", |ready| ready["status"] == "ok")?;

    let ask = |action: &str, key: &str| {
        let path = format!("/api/resources/deployments/default/shop/{action}");
        server.ask("POST", &path, &[EVE, ("Idempotency-Key", key)], "{}")
    };
    // What is read before a change is not there: nothing went out, and the key stays free.
    way.set(Fault::Unreachable);
    let away = ask("rollback", "evening")?;
    ensure!(away.status == 503, "{} {}", away.status, away.body);
    way.set(Fault::LostAnswers);
    let generation =
        async || -> Result<Option<i64>> { Ok(deployments.get("shop").await?.metadata.generation) };
    let before = generation().await?;
    let lost = ask("restart", "morning")?;
    ensure!(lost.status == 503, "{} {}", lost.status, lost.body);
    ensure!(generation().await? > before, "the change was made");
    way.set(Fault::None);
    let started = Instant::now();
    let after = generation().await?;
    let again = ask("restart", "morning")?;
    ensure!(again.json()["code"] == "outcome_unknown", "{}", again.body);
    ensure!(generation().await? == after, "it was made twice");
    let other = ask("restart", "noon")?;
    ensure!(other.status == 200, "{} {}", other.status, other.body);
    let back = ask("rollback", "evening")?;
    ensure!(back.json()["code"] != "outcome_unknown", "{}", back.body);
    told(&[Row {
        fault: "The answer to a change lost on its way",
        seen: "503; the same `Idempotency-Key` again: 409 `outcome_unknown`, and nothing is done twice",
        recovered: started.elapsed(),
    }])
}
