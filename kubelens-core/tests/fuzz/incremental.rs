//! A diagnosis that goes on says what a full run over the same picture says, byte for byte, whatever came and went.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kubelens_core::diagnose;
use kubelens_core::engine::{Following, Incremental};
use kubelens_core::kubernetes::{AnyObject, CustomObject, Kind};
use kubelens_core::snapshot::Change;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::clusters::entangled;
use crate::corpus::EXAMPLES;
use crate::damage::{Edit, edit};
use crate::world::World;
use crate::{cases, everything};

/// One turn of a cluster's life.
#[derive(Debug, Clone)]
enum Turn {
    /// Objects of an example come.
    Come(Index),
    /// One object changes.
    Damage(Edit),
    /// One object goes.
    Go(Index),
    /// So many seconds pass, or the clock goes back.
    Pass(i64),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        2 => any::<Index>().prop_map(Turn::Come),
        6 => edit().prop_map(Turn::Damage),
        3 => any::<Index>().prop_map(Turn::Go),
        2 => prop_oneof![Just(1), Just(45), Just(400), Just(4000), Just(-100)].prop_map(Turn::Pass),
    ]
}

/// The object as a watch hands it over; none if it cannot be read.
fn stored(object: &Value) -> Option<Change> {
    let api_version = object["apiVersion"].as_str()?;
    let kind = object["kind"].as_str()?;
    let json = object.to_string();
    if let Some(kind) = Kind::from_manifest(api_version, kind) {
        Some(Change::Stored(AnyObject::from_json(kind, &json).ok()?))
    } else {
        let object: CustomObject = serde_json::from_str(&json).ok()?;
        Some(Change::CustomStored(object))
    }
}

fn removed(change: &Change) -> Option<Change> {
    match change {
        Change::Stored(object) => Some(Change::Removed {
            kind: object.kind(),
            namespace: object.metadata().namespace.to_string(),
            name: object.metadata().name.to_string(),
        }),
        Change::CustomStored(object) => Some(Change::CustomRemoved {
            kind: object.kind.to_string(),
            namespace: object.metadata.namespace.to_string(),
            name: object.metadata.name.to_string(),
        }),
        _ => None,
    }
}

/// A turn as changes, and what the world is like after it.
fn changes(turn: &Turn, world: &mut Vec<Value>) -> Vec<Change> {
    match turn {
        Turn::Come(example) => {
            let come = &EXAMPLES[example.index(EXAMPLES.len())].world.objects;
            world.extend(come.iter().cloned());
            come.iter().filter_map(stored).collect()
        }
        Turn::Damage(edit) => {
            let before = world.clone();
            edit.apply(world);
            let mut all = Vec::new();
            for (was, is) in before.iter().zip(world.iter()) {
                if was != is {
                    let gone = stored(was).as_ref().and_then(removed);
                    all.extend(gone);
                    all.extend(stored(is));
                }
            }
            all.extend(world.iter().skip(before.len()).filter_map(stored));
            all
        }
        Turn::Go(which) if !world.is_empty() => {
            let gone = world.remove(which.index(world.len()));
            stored(&gone)
                .as_ref()
                .and_then(removed)
                .into_iter()
                .collect()
        }
        Turn::Go(_) | Turn::Pass(_) => Vec::new(),
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn what_goes_on_says_what_a_full_run_says(
        begin in prop::collection::vec(any::<Index>(), 1..5),
        turns in prop::collection::vec(turn(), 1..14),
    ) {
        let parts = begin.iter().map(|part| part.index(EXAMPLES.len()));
        let start = entangled(parts, &[], BTreeSet::new());
        let Ok(first) = start.picture() else { return Ok(()) };
        let mut world = start.objects.clone();
        let mut now = first.taken_at().unwrap_or(Timestamp::UNIX_EPOCH);
        let options = everything();
        let mut going_on = Incremental::new(&first, &options);
        let mut following = Following::begin(&first, &options);
        let full = diagnose(&first, &options);
        prop_assert_eq!(json!(going_on.report()), json!(full));
        for turn in &turns {
            if let Turn::Pass(seconds) = turn {
                now = now.checked_add(SignedDuration::from_secs(*seconds)).unwrap_or(now);
            }
            let before: Vec<_> = going_on.causes().cloned().collect();
            let update = going_on.apply(changes(turn, &mut world), now);
            let full = diagnose(&going_on.snapshot(), &options);
            prop_assert_eq!(
                serde_json::to_string_pretty(&going_on.report()).unwrap(),
                serde_json::to_string_pretty(&full).unwrap(),
                "after {:?}", turn
            );
            // The same comes of the pictures alone, which share what did not change, or nothing at all.
            following.go_on_to(&going_on.snapshot());
            prop_assert_eq!(json!(following.report()), json!(full), "followed after {:?}", turn);
            let anew = World { objects: world.clone(), ..start.clone() };
            if let Ok(read) = anew.picture() {
                following.go_on_to(&read);
                prop_assert_eq!(
                    json!(following.report()),
                    json!(diagnose(&read, &options)),
                    "read anew after {:?}", turn
                );
                following.go_on_to(&going_on.snapshot());
            }
            // What is said to have changed is all that changed.
            for cause in going_on.causes() {
                let is_told = update.changed.contains(cause);
                let was = before.contains(cause);
                prop_assert_eq!(is_told, !was, "{} after {:?}", cause.id, turn);
            }
            for cause in &before {
                let is_there = going_on.causes().any(|other| other.id == cause.id);
                prop_assert_eq!(update.gone.contains(&cause.id), !is_there);
            }
        }
    }
}
