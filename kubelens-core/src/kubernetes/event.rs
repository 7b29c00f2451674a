use jiff::Timestamp;

use super::{ObjectMeta, ObjectReference, Text};

slim! {
    /// core/v1 Event and events.k8s.io/v1 Event: both wire forms are read into this one.
    pub struct Event {
        pub metadata: ObjectMeta,
        #[serde(alias = "regarding")]
        pub involved_object: ObjectReference,
        #[serde(rename = "type")]
        pub type_: Text,
        pub reason: Text,
        #[serde(alias = "note")]
        pub message: Text,
        #[serde(alias = "deprecatedFirstTimestamp")]
        pub first_timestamp: Option<Timestamp>,
        #[serde(alias = "deprecatedLastTimestamp")]
        pub last_timestamp: Option<Timestamp>,
        pub event_time: Option<Timestamp>,
        #[serde(alias = "deprecatedCount")]
        pub count: Option<i64>,
        pub series: Option<Box<EventSeries>>,
        #[serde(alias = "reportingController")]
        pub reporting_component: Text,
    }

    pub struct EventSeries {
        pub count: i64,
        pub last_observed_time: Option<Timestamp>,
    }
}

impl Event {
    /// When it was last seen: series, then last, event, first time, then creation.
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.series
            .as_ref()
            .and_then(|series| series.last_observed_time)
            .or(self.last_timestamp)
            .or(self.event_time)
            .or(self.first_timestamp)
            .or(self.metadata.creation_timestamp)
    }

    /// When it was first seen.
    pub fn first_seen(&self) -> Option<Timestamp> {
        self.first_timestamp
            .or(self.event_time)
            .or(self.metadata.creation_timestamp)
            .or_else(|| self.last_seen())
    }

    /// How often it was seen, at least once.
    pub fn times(&self) -> u32 {
        let count = self
            .series
            .as_ref()
            .map(|series| series.count)
            .or(self.count);
        count
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(1)
            .max(1)
    }

    /// Whether its type is `Warning`.
    pub fn is_warning(&self) -> bool {
        self.type_ == "Warning"
    }
}
