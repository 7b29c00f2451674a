//! How what happens reaches clients.

pub mod socket;
pub mod sse;
pub mod tunnel;

use std::time::Duration;

use serde_json::json;

use crate::access::{Access, SessionId};
use crate::api::Chosen;
use crate::api::models::{event_of, stats_of};
use crate::api::routes::resources::readable;
use crate::bus::{Hearing, envelope};
use crate::live::Clusters;
use crate::who::Identity;
use kubelens_core::kubernetes::Kind;

/// Events that a new listener is shown.
const NEWEST: usize = 32;

/// How often it is asked whether a session still holds.
const LOOK: Duration = Duration::from_secs(20);

/// Done once a listener's session holds no more; never for who came without one.
pub async fn session_ends(access: Option<Access>, session: Option<SessionId>) {
    let (Some(access), Some(session)) = (access, session) else {
        return std::future::pending().await;
    };
    while access.is_live(session) {
        tokio::time::sleep(LOOK).await;
    }
}

/// Done once a listener may hear something else than at the beginning, or it is not known any more what; never where
/// everybody hears everything.
pub async fn rights_change(clusters: Clusters, who: Identity, before: Hearing) {
    if !before.is_limited() {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(LOOK).await;
        if Hearing::of(&clusters, &who).await != before {
            return;
        }
    }
}

/// What a new listener is told first: envelopes with their types.
#[derive(Debug)]
pub struct Greeting(Vec<(&'static str, String)>);

impl Greeting {
    /// That it is connected, counts, and the newest events; the last two only of a cluster that can be read.
    pub fn of(chosen: &Chosen) -> Self {
        let name = chosen.cluster.name.as_str();
        let demo = if chosen.cluster.is_real() {
            ""
        } else {
            " (demo)"
        };
        let message = format!("connected to {name}{demo}");
        let mut all = vec![(
            "connected",
            envelope(None, "connected", None, json!({"message": message})),
        )];
        if let Ok(picture) = chosen.picture() {
            // What may not be read is not counted as nothing.
            let is_counted = [Kind::Pod, Kind::Node].map(|kind| readable(&picture, kind).is_ok());
            if is_counted == [true, true] {
                let stats = serde_json::to_value(stats_of(&picture)).unwrap_or_default();
                all.push(("stats", envelope(None, "stats", Some(name), stats)));
            }
            let mut events: Vec<_> = picture
                .snapshot
                .table::<kubelens_core::kubernetes::Event>()
                .iter()
                .collect();
            events.sort_by_key(|event| std::cmp::Reverse(event.last_seen()));
            let newest: Vec<_> = events
                .into_iter()
                .take(NEWEST)
                .map(|event| event_of(event, picture.as_of))
                .collect();
            if !newest.is_empty() {
                let payload = serde_json::to_value(newest).unwrap_or_default();
                all.push((
                    "cluster_events",
                    envelope(None, "cluster_events", Some(name), payload),
                ));
            }
        }
        Self(all)
    }
}
