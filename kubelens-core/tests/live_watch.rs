//! Watches against a server that plays what an API server does to them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    dead_code,
    reason = "a test fails by panicking, and uses only a part of the player"
)]
#![cfg(feature = "live")]

mod play;

use std::time::Duration;

use kubelens_core::kubernetes::{Kind, KindSet, Pod};
use kubelens_core::source::{ReadRequest, Silent, Watch, Watched};
use play::{Answer, Server};
use tokio::time::timeout;

const LIST: &str = "/api/v1/pods?resourceVersion=0";
const LIST_AGAIN: &str = "/api/v1/pods";

fn list(version: u64, names: &[&str]) -> Answer {
    let items: Vec<String> = names.iter().map(|name| pod(name, version)).collect();
    Answer::ok(&format!(
        r#"{{"kind":"PodList","apiVersion":"v1","metadata":{{"resourceVersion":"{version}"}},"items":[{}]}}"#,
        items.join(",")
    ))
}

fn pod(name: &str, version: u64) -> String {
    format!(
        r#"{{"metadata":{{"name":"{name}","namespace":"shop","resourceVersion":"{version}"}}}}"#
    )
}

fn line(what: &str, object: &str) -> String {
    format!("{{\"type\":\"{what}\",\"object\":{object}}}\n")
}

fn expired() -> String {
    line(
        "ERROR",
        r#"{"kind":"Status","metadata":{},"code":410,"message":"too old resource version"}"#,
    )
}

fn watched_from(path: &str) -> Option<&str> {
    path.contains("watch=true")
        .then(|| path.rsplit_once("resourceVersion="))
        .flatten()
        .map(|(_, version)| version)
}

async fn begin(server: &Server) -> Watch {
    let request = ReadRequest {
        kinds: KindSet::of(&[Kind::Pod]),
        request_timeout: Duration::from_secs(2),
        poll: Duration::from_millis(20),
        ..ReadRequest::default()
    };
    server
        .source()
        .await
        .watch(&request, &Silent)
        .await
        .unwrap()
}

fn names(watched: &Watched) -> Vec<String> {
    let pods = watched.snapshot.table::<Pod>().iter();
    pods.map(|pod| pod.metadata.name.to_string()).collect()
}

/// Waits until the picture is as wanted.
async fn until(watch: &mut Watch, wanted: impl Fn(&Watched) -> bool) -> Watched {
    let waiting = async {
        loop {
            let watched = watch.current().await.unwrap();
            if wanted(&watched) {
                return watched;
            }
            watch.changed().await;
        }
    };
    timeout(Duration::from_secs(20), waiting)
        .await
        .expect("the picture")
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_taken_in_and_the_watch_goes_on_from_its_bookmark() {
    let server = Server::start(|path, _| match (path, watched_from(path)) {
        (LIST, _) => list(1, &["a"]),
        (_, Some("1")) => Answer::ok(
            &[
                line("ADDED", &pod("b", 2)),
                line("DELETED", &pod("a", 3)),
                line("BOOKMARK", r#"{"metadata":{"resourceVersion":"7"}}"#),
            ]
            .concat(),
        ),
        (_, Some("7")) => Answer::ok(&line("MODIFIED", &pod("c", 8))),
        (_, Some(_)) => Answer::ok(""),
        _ => Answer::not_found(),
    })
    .await;
    let mut watch = begin(&server).await;
    let watched = until(&mut watch, |watched| names(watched) == ["b", "c"]).await;
    assert!(watched.troubles.is_empty());
    assert_eq!(
        server.count(LIST_AGAIN),
        1 + server.count("/api/v1/pods?watch")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_too_old_reads_the_list_anew() {
    let server = Server::start(|path, _| match (path, watched_from(path)) {
        (LIST, _) => list(1, &["a", "gone"]),
        (LIST_AGAIN, _) => list(9, &["a", "new"]),
        (_, Some("1")) => Answer::ok(&expired()),
        (_, Some(_)) => Answer::ok(""),
        _ => Answer::not_found(),
    })
    .await;
    let mut watch = begin(&server).await;
    until(&mut watch, |watched| names(watched) == ["a", "new"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_followed_is_said_until_it_is_again() {
    let server = Server::start(|path, nth| match (path, watched_from(path)) {
        (LIST, _) => list(1, &["a"]),
        (_, Some("1")) if nth < 3 => Answer::status(500, r#"{"message":"etcd is not well"}"#),
        (_, Some("1")) => Answer::ok(&line("ADDED", &pod("b", 2))),
        (_, Some(_)) => Answer::ok(""),
        _ => Answer::not_found(),
    })
    .await;
    let mut watch = begin(&server).await;
    let broken = until(&mut watch, |watched| !watched.troubles.is_empty()).await;
    assert_eq!(broken.troubles["Pod"], "etcd is not well");
    let well = until(&mut watch, |watched| names(watched) == ["a", "b"]).await;
    assert!(well.troubles.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_may_not_be_watched_is_read_again_and_again() {
    let refusal = r#"{"kind":"Status","message":"pods is forbidden: User \"jane\" cannot watch resource \"pods\"","code":403}"#;
    let server = Server::start(move |path, nth| match (path, watched_from(path)) {
        (LIST, _) => list(1, &["a"]),
        (LIST_AGAIN, _) if nth < 2 => list(2, &["a", "b"]),
        (LIST_AGAIN, _) => list(3, &["b", "c"]),
        (_, Some(_)) => Answer::status(403, refusal),
        _ => Answer::not_found(),
    })
    .await;
    let mut watch = begin(&server).await;
    until(&mut watch, |watched| names(watched) == ["a", "b"]).await;
    let watched = until(&mut watch, |watched| names(watched) == ["b", "c"]).await;
    assert!(watched.troubles.is_empty(), "polling is no trouble");
    assert!(server.count("/api/v1/pods?watch") >= 2, "it is tried anew");
}
