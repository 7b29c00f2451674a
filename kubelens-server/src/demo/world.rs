//! The objects of the simulated cluster, with versions and a log of what happened to them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use kubelens_core::kubernetes::Kind;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::patch::text_at;

/// How many changes a watch may be behind.
const LOG: usize = 2_000;

/// The annotation by which a bundled object says how old it is.
const AGE: &str = "demo.kubelens.dev/age";

/// Where an object is kept: kind, namespace (empty where there is none), name.
pub(super) type Key = (Kind, String, String);

/// What a watch tells.
#[derive(Debug, Clone)]
pub(super) struct Happened {
    pub(super) version: u64,
    pub(super) what: &'static str,
    pub(super) key: Key,
    pub(super) object: Value,
}

/// Why a write did not happen, as an API server says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: u16,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn not_found(key: &Key) -> Self {
        Self {
            code: 404,
            reason: "NotFound",
            message: format!("{} \"{}\" not found", key.0.plural(), key.2),
        }
    }

    pub(super) fn conflict(key: &Key, why: &str) -> Self {
        Self {
            code: 409,
            reason: "Conflict",
            message: format!(
                "Operation cannot be fulfilled on {} \"{}\": {why}",
                key.0.plural(),
                key.2
            ),
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self {
            code: 422,
            reason: "Invalid",
            message: message.into(),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<Key, Value>,
    version: u64,
    log: VecDeque<Happened>,
}

/// The simulated cluster's memory.
#[derive(Debug)]
pub struct World {
    state: Mutex<State>,
    news: watch::Sender<u64>,
}

impl World {
    /// The bundled objects, made so long before `now` as they say.
    pub(super) fn bundled(now: Timestamp) -> anyhow::Result<Self> {
        let world = Self {
            state: Mutex::default(),
            news: watch::Sender::new(0),
        };
        for (place, text) in include_str!("world.yaml").split("\n---\n").enumerate() {
            let mut object: Value = serde_saphyr::from_str(text)
                .with_context(|| format!("the demo's document {}", place + 1))?;
            let age = text_at(&object, &["metadata", "annotations", AGE]).to_owned();
            let created = before(now, &age);
            if let Some(annotations) = object
                .pointer_mut("/metadata/annotations")
                .and_then(Value::as_object_mut)
            {
                annotations.remove(AGE);
            }
            dated(&mut object, now);
            if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                meta.insert("creationTimestamp".into(), json!(created.to_string()));
            }
            let kind = Kind::from_manifest(
                text_at(&object, &["apiVersion"]),
                text_at(&object, &["kind"]),
            )
            .with_context(|| format!("the demo's document {} has no known kind", place + 1))?;
            let namespace = text_at(&object, &["metadata", "namespace"]).to_owned();
            let name = text_at(&object, &["metadata", "name"]).to_owned();
            world
                .put((kind, namespace, name), object, false)
                .map_err(|refused| anyhow::anyhow!(refused.message))?;
        }
        Ok(world)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What a panicking writer left is still whole: objects are put in one piece.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells that something happened, to whoever watches.
    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// One object.
    pub(super) fn get(&self, key: &Key) -> Option<Value> {
        self.state().objects.get(key).cloned()
    }

    /// The objects of a kind, everywhere or in a namespace, and the version that they are of.
    pub(super) fn list(&self, kind: Kind, namespace: &str) -> (Vec<Value>, u64) {
        let state = self.state();
        let all = state.objects.iter();
        let items = all
            .filter(|((known, place, _), _)| {
                *known == kind && (namespace.is_empty() || place == namespace)
            })
            .map(|(_, object)| object.clone())
            .collect();
        (items, state.version)
    }

    /// What happened to a kind after a version; none where that is too long ago to tell.
    pub(super) fn since(&self, kind: Kind, version: u64) -> Option<Vec<Happened>> {
        let state = self.state();
        let oldest = state
            .log
            .front()
            .map_or(state.version, |first| first.version.saturating_sub(1));
        if version < oldest {
            return None;
        }
        let later = state.log.iter();
        Some(
            later
                .filter(|one| one.version > version && one.key.0 == kind)
                .cloned()
                .collect(),
        )
    }

    /// Stores an object; one that carries another version than the stored one is refused. Returns it as it is now.
    pub(super) fn put(
        &self,
        key: Key,
        mut object: Value,
        is_rehearsal: bool,
    ) -> Result<Value, Refused> {
        let mut state = self.state();
        let known = state.objects.get(&key);
        let given = text_at(&object, &["metadata", "resourceVersion"]);
        let stored = known.map_or("", |known| text_at(known, &["metadata", "resourceVersion"]));
        if known.is_some() && !given.is_empty() && given != stored {
            return Err(Refused::conflict(
                &key,
                "the object has been modified; please apply your changes to the latest version and try again",
            ));
        }
        let version = state.version + 1;
        let generation = known
            .and_then(|known| known.pointer("/metadata/generation")?.as_i64())
            .unwrap_or(0);
        let is_spec_new = known.is_none_or(|known| known.get("spec") != object.get("spec"));
        let uid = known.map_or_else(
            || uid(&key, version),
            |known| text_at(known, &["metadata", "uid"]).to_owned(),
        );
        let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
            return Err(Refused::invalid("the object has no metadata"));
        };
        meta.insert("resourceVersion".into(), json!(version.to_string()));
        meta.entry("uid").or_insert_with(|| json!(uid));
        meta.insert(
            "generation".into(),
            json!(generation + i64::from(is_spec_new)),
        );
        meta.entry("creationTimestamp")
            .or_insert_with(|| json!(whole_seconds(Timestamp::now()).to_string()));
        if is_rehearsal {
            return Ok(object);
        }
        let what = if known.is_some() { "MODIFIED" } else { "ADDED" };
        state.objects.insert(key.clone(), object.clone());
        self.note(&mut state, what, key, object.clone());
        Ok(object)
    }

    /// Takes an object out.
    pub(super) fn remove(&self, key: &Key) -> Result<Value, Refused> {
        let mut state = self.state();
        let gone = state
            .objects
            .remove(key)
            .ok_or_else(|| Refused::not_found(key))?;
        self.note(&mut state, "DELETED", key.clone(), gone.clone());
        Ok(gone)
    }

    /// Changes an object in place, if it is there.
    pub(super) fn change(&self, key: &Key, change: impl FnOnce(&mut Value)) {
        if let Some(mut object) = self.get(key) {
            change(&mut object);
            // Somebody else was quicker: what was to happen by itself happens another time.
            let _ = self.put(key.clone(), object, false);
        }
    }

    /// Restarts a pod in place, as the simulated kubelet does: it runs, restarted once more. False without that pod.
    pub fn restart_pod(&self, namespace: &str, name: &str) -> bool {
        let key = (Kind::Pod, namespace.to_owned(), name.to_owned());
        if self.get(&key).is_none() {
            return false;
        }
        self.change(&key, super::life::runs_again);
        true
    }

    fn note(&self, state: &mut State, what: &'static str, key: Key, object: Value) {
        state.version += 1;
        let version = state.version;
        state.log.push_back(Happened {
            version,
            what,
            key,
            object,
        });
        if state.log.len() > LOG {
            state.log.pop_front();
        }
        self.news.send_replace(version);
    }
}

/// `now` less an age such as `4d`, `12h`, `2m`.
fn before(now: Timestamp, age: &str) -> Timestamp {
    let (number, unit) = age.split_at(age.len().saturating_sub(1));
    let seconds = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        _ => 1,
    };
    let seconds = number.parse::<i64>().unwrap_or(0) * seconds;
    whole_seconds(
        now.checked_sub(SignedDuration::from_secs(seconds))
            .unwrap_or(now),
    )
}

/// The API's times have no fractions.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// Puts the time in the place of `$(ago 5m)`, everywhere.
fn dated(value: &mut Value, now: Timestamp) {
    match value {
        Value::String(text) => {
            if let Some(age) = text
                .strip_prefix("$(ago ")
                .and_then(|rest| rest.strip_suffix(')'))
            {
                *text = before(now, age).to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| dated(item, now)),
        Value::Object(fields) => fields.values_mut().for_each(|field| dated(field, now)),
        _ => {}
    }
}

/// A uid that is the same at every start.
fn uid(key: &Key, version: u64) -> String {
    let text = format!("{}/{}/{}", key.0.as_str(), key.1, key.2);
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!(
        "de300000-{:04x}-4000-8000-{:012x}",
        version & 0xffff,
        sum & 0xffff_ffff_ffff
    )
}
