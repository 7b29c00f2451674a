use serde_json::{Value, json};

use super::*;
use crate::who::Role;

fn all() -> Filter {
    Filter::of(&Wanted::default(), "default", Role::Viewer)
}

fn pod(name: &str) -> Draft {
    Draft::new("pod_update", json!({"pod": name}))
        .of_cluster("default")
        .about("shop", name)
}

async fn next(subscription: &Subscription) -> Value {
    match subscription.next().await.unwrap() {
        Heard::Event(event) => serde_json::from_str(&event.json).unwrap(),
        Heard::Resync { json, .. } => serde_json::from_str(&json).unwrap(),
    }
}

#[tokio::test]
async fn a_stream_goes_on_where_it_was_left() {
    let bus = Bus::new();
    let first = bus.subscribe(all(), None);
    bus.tell([pod("a"), pod("b"), pod("c")]);
    let heard = next(&first).await;
    let id = heard["id"].as_str().unwrap().to_owned();
    drop(first);
    let again = bus.subscribe(all(), Some(&id));
    assert_eq!(next(&again).await["payload"]["pod"], "b");
    assert_eq!(next(&again).await["payload"]["pod"], "c");
}

#[tokio::test]
async fn an_id_of_another_process_or_too_old_means_fetch_anew() {
    let bus = Bus::new();
    bus.tell([pod("a")]);
    let stranger = bus.subscribe(all(), Some("e1-1"));
    assert_eq!(next(&stranger).await["type"], "resync");
    let id = format!("{}-1", bus.epoch);
    bus.tell((0..RING + 10).map(|number| pod(&number.to_string())));
    let late = bus.subscribe(all(), Some(&id));
    assert_eq!(next(&late).await["type"], "resync");
}

#[tokio::test]
async fn a_slow_listener_is_told_that_it_lost_something_and_others_are_not_held_up() {
    let bus = Bus::new();
    let slow = bus.subscribe(all(), None);
    bus.tell((0..1_000).map(|number| pod(&number.to_string())));
    let told = next(&slow).await;
    assert_eq!(told["type"], "resync");
    assert!(bus.counts().dropped > 0);
    let mut last = Value::Null;
    while let Ok(heard) =
        tokio::time::timeout(std::time::Duration::from_millis(20), next(&slow)).await
    {
        last = heard;
    }
    assert_eq!(last["payload"]["pod"], "999");
}

#[tokio::test]
async fn newer_news_of_one_object_stand_for_older_ones() {
    let bus = Bus::new();
    let slow = bus.subscribe(all(), None);
    bus.tell((0..1_000).map(|_| pod("same")));
    assert_eq!(bus.counts().dropped, 0);
    assert_eq!(next(&slow).await["payload"]["pod"], "same");
}

#[tokio::test]
async fn what_was_not_asked_for_is_not_heard_and_a_shutdown_is() {
    let bus = Bus::new();
    let wanted = Wanted {
        types: Some("node_update".into()),
        namespace: Some("shop,blog".into()),
        ..Wanted::default()
    };
    let listener = bus.subscribe(Filter::of(&wanted, "default", Role::Viewer), None);
    bus.tell([
        pod("a"),
        Draft::new("node_update", json!({"node": "n"})).of_cluster("other"),
        Draft::new("node_update", json!({"node": "mine"})).of_cluster("default"),
        Draft::new("node_update", json!({}))
            .of_cluster("default")
            .for_role(Role::Admin),
    ]);
    assert_eq!(next(&listener).await["payload"]["node"], "mine");
    bus.shut_down();
    assert_eq!(next(&listener).await["type"], "shutdown");
    assert!(listener.next().await.is_none());
}
