//! Recorded clusters, in which objects go and come back one after the other: what goes on must say in the end what a
//! full run says, and on its way too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use kubelens_core::engine::Incremental;
use kubelens_core::kubernetes::{AnyObject, Kind};
use kubelens_core::snapshot::Change;
use kubelens_core::source::{FileSource, ReadRequest, Silent};
use kubelens_core::{Options, Report, Snapshot, diagnose};

fn text(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report")
}

fn removed(object: &AnyObject) -> Change {
    Change::Removed {
        kind: object.kind(),
        namespace: object.metadata().namespace.to_string(),
        name: object.metadata().name.to_string(),
    }
}

/// Every fifth object goes, in an order that mixes the kinds; then all of them come back.
fn goes_and_comes_back(picture: &Snapshot, name: &str) {
    let options = Options::default();
    let full = text(&diagnose(picture, &options));
    let mut going_on = Incremental::new(picture, &options);
    assert_eq!(text(&going_on.report()), full, "{name}: the first look");
    let now = picture.taken_at().expect("an instant");
    let mut objects: Vec<AnyObject> = Kind::ALL
        .iter()
        .flat_map(|kind| picture.tables().all(*kind))
        .enumerate()
        .filter(|(at, _)| at % 5 == 3)
        .map(|(_, object)| object)
        .collect();
    objects.sort_by_key(|object| object.metadata().name.chars().rev().collect::<String>());
    let half = objects.len() / 2;
    for (at, object) in objects.iter().enumerate() {
        going_on.apply([removed(object)], now);
        if at == half || at + 1 == objects.len() {
            let between = diagnose(&going_on.snapshot(), &options);
            assert_eq!(
                text(&going_on.report()),
                text(&between),
                "{name}: {at} gone"
            );
        }
    }
    for object in objects.iter().rev() {
        going_on.apply([Change::Stored(object.clone())], now);
    }
    assert_eq!(text(&going_on.report()), full, "{name}: all came back");
}

#[test]
fn what_goes_and_comes_back_leaves_no_trace() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories");
    let mut stories = 0;
    for entry in std::fs::read_dir(&folder).expect("the stories") {
        let path = entry.expect("a story").path();
        if !path.join("expect.json").exists() {
            continue;
        }
        stories += 1;
        let picture = FileSource::new(&path)
            .read(&ReadRequest::default(), &Silent)
            .expect("a picture");
        goes_and_comes_back(&picture, &path.display().to_string());
    }
    assert!(stories > 50, "{stories}");
}
