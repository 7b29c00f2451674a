use std::collections::BTreeSet;

use super::example::blocks;
use crate::analysis::Family;
use crate::analyzers::registry;
use crate::engine::{Options, diagnose, look};
use crate::kubernetes::KindSet;
use crate::model::{ClusterInfo, Scope};
use crate::snapshot::example::picture;
use crate::snapshot::{Snapshot, SnapshotBuilder};

pub(super) fn all_pictures() -> Vec<Snapshot> {
    registry()
        .iter()
        .flat_map(|analyzer| {
            let mut all = blocks(analyzer.docs, "Fires on");
            all.extend(blocks(analyzer.docs, "Stays silent on"));
            all
        })
        .map(picture)
        .collect()
}

#[test]
fn codes_are_unique_and_of_a_family() {
    let mut codes = BTreeSet::new();
    for analyzer in registry() {
        let code = analyzer.code;
        assert!(codes.insert(code), "{code} is used twice");
        assert!(Family::of(code).is_some(), "{code}");
        assert!(
            code.len() == 6 && code.chars().skip(3).all(|c| c.is_ascii_digit()),
            "{code}"
        );
    }
}

#[test]
fn names_are_unique_conditions() {
    let mut names = BTreeSet::new();
    for analyzer in registry() {
        let name = analyzer.name;
        assert!(names.insert(name), "{name} is used twice");
        assert!(
            name.chars()
                .all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit()),
            "{name}"
        );
        for cure in ["avoid-", "use-", "fix-", "add-", "check-"] {
            assert!(!name.starts_with(cure), "{name} names a cure");
        }
    }
}

#[test]
fn the_set_of_codes_changes_only_on_purpose() {
    let codes: Vec<String> = registry()
        .iter()
        .map(|analyzer| format!("{} {}", analyzer.code, analyzer.name))
        .collect();
    insta::assert_snapshot!("codes", codes.join("\n"));
}

#[test]
fn an_empty_picture_finds_nothing() {
    let empty = SnapshotBuilder::new(ClusterInfo::default(), Scope::default())
        .build_live(jiff::Timestamp::UNIX_EPOCH);
    let seen = look(&empty, registry());
    assert!(seen.failed.is_empty());
    assert_eq!(
        seen.seen
            .iter()
            .map(|(analyzer, _)| analyzer.code)
            .collect::<Vec<_>>(),
        Vec::<&str>::new()
    );
}

#[test]
fn what_an_analyzer_asks_about_is_what_it_declares() {
    let mut undeclared = Vec::new();
    for picture in all_pictures() {
        for (code, touched) in look(&picture, registry()).touched {
            let declared = registry()
                .iter()
                .find(|analyzer| analyzer.code == code)
                .map_or(KindSet::EMPTY, |a| a.reads);
            let more = touched.minus(declared);
            if !more.is_empty() {
                undeclared.push(format!("{code}: {:?}", more.iter().collect::<Vec<_>>()));
            }
        }
    }
    undeclared.sort();
    undeclared.dedup();
    assert!(
        undeclared.is_empty(),
        "read but not declared:\n{}",
        undeclared.join("\n")
    );
}

#[test]
fn two_runs_over_one_picture_are_the_same_bytes() {
    for picture in all_pictures() {
        let options = Options::default();
        let once = serde_json::to_string(&diagnose(&picture, &options)).expect("a report");
        let again = serde_json::to_string(&diagnose(&picture, &options)).expect("a report");
        assert_eq!(once, again);
    }
}
