use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::Placed;

/// A number that analyzers judge by, as the configuration and the book name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// Its key in the configuration.
    pub key: &'static str,
    /// The field of [`Thresholds`] that holds it.
    pub field: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// `seconds`, `count` or `share`.
    pub unit: &'static str,
}

/// The one table of thresholds: key, unit, default and meaning.
macro_rules! thresholds {
    ($($(#[doc = $doc:literal])* $field:ident $key:literal $unit:ident $number:ident = $default:literal;)*) => {
        /// The numbers that analyzers judge by.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Thresholds {
            $($(#[doc = $doc])* pub $field: $number,)*
        }

        impl Default for Thresholds {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl Thresholds {
            /// All of them.
            pub const ALL: &'static [Threshold] = &[$(Threshold {
                key: $key,
                field: stringify!($field),
                meaning: concat!($($doc),*),
                unit: stringify!($unit),
            },)*];

            /// The values, in the order of [`Self::ALL`].
            pub fn values(&self) -> Vec<serde_json::Value> {
                vec![$(self.$field.into(),)*]
            }

            /// The same with what the settings say; 0 is a value.
            #[must_use]
            pub fn with(mut self, settings: &ThresholdSettings) -> Self {
                $(if let Some(placed) = &settings.$field {
                    self.$field = placed.value;
                })*
                self
            }
        }

        /// Thresholds as a document sets them: only those that it names.
        #[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct ThresholdSettings {
            $($(#[doc = $doc])* #[serde(rename = $key)] pub $field: Option<Placed<$number>>,)*
        }

        impl ThresholdSettings {
            /// What is set: key, line, column, and whether it is a number to judge by.
            pub fn set(&self) -> Vec<(&'static str, Placed<bool>)> {
                let mut all = Vec::new();
                $(if let Some(placed) = &self.$field {
                    #[allow(clippy::cast_precision_loss, reason = "only the sign and the kind of number matter")]
                    let number = placed.value as f64;
                    let value = number.is_finite() && number >= 0.0;
                    all.push(($key, Placed { value, line: placed.line, column: placed.column }));
                })*
                all
            }
        }
    };
}

thresholds! {
    /// How long anything new is left alone.
    young_grace "youngGrace" seconds i64 = 60;
    /// How long a pod may be created: sandbox, volumes, containers.
    creating_grace "creatingGrace" seconds i64 = 120;
    /// How long a pod may wait for a node.
    pending_grace "pendingGrace" seconds i64 = 60;
    /// How long a running container may be not ready.
    not_ready_grace "notReadyGrace" seconds i64 = 120;
    /// How long an init container may run.
    init_grace "initGrace" seconds i64 = 600;
    /// How long an image may be pulled.
    pull_grace "pullGrace" seconds i64 = 600;
    /// How long an object may be deleted, beyond its grace period.
    terminating_grace "terminatingGrace" seconds i64 = 300;
    /// How long a scheduling gate may hold a pod.
    gate_grace "gateGrace" seconds i64 = 600;
    /// From how many restarts on a container crashes in a loop.
    crash_restarts "crashRestarts" count i64 = 3;
    /// From how many restarts on a container restarts repeatedly.
    restart_count "restartCount" count i64 = 5;
    /// How recent a restart has to be to count.
    restart_window "restartWindow" seconds i64 = 3600;
    /// How recent an end by lack of memory has to be to count.
    oom_window "oomWindow" seconds i64 = 86_400;
    /// How recent an eviction has to be to count.
    evicted_window "evictedWindow" seconds i64 = 3600;
    /// How long a rollout may make no progress where it sets no deadline.
    progress_default "progressDefault" seconds i64 = 600;
    /// How long a Deployment or ReplicaSet may be short of pods.
    avail_grace "availGrace" seconds i64 = 60;
    /// How long a StatefulSet or DaemonSet may be short of pods.
    avail_grace_sets "availGraceSets" seconds i64 = 120;
    /// How long a controller may lag behind a change.
    lag_grace "lagGrace" seconds i64 = 60;
    /// How long a Service may be without endpoints after a change.
    endpoint_grace "endpointGrace" seconds i64 = 60;
    /// How long a load balancer may be provided.
    lb_grace "lbGrace" seconds i64 = 300;
    /// How long a claim may wait for its volume.
    claim_grace "claimGrace" seconds i64 = 300;
    /// How long a custom resource may carry a bad condition.
    condition_grace "conditionGrace" seconds i64 = 300;
    /// How long a source of manifests may be out of date.
    git_grace "gitGrace" seconds i64 = 1800;
    /// How long a node may be silent.
    node_grace "nodeGrace" seconds i64 = 40;
    /// How late a lease may be renewed.
    lease_slack "leaseSlack" seconds i64 = 20;
    /// From what age on a leader's lease is stale.
    leader_stale "leaderStale" seconds i64 = 60;
    /// How far clocks may be apart.
    clock_skew "clockSkew" seconds i64 = 30;
    /// How long a signing request may wait.
    csr_grace "csrGrace" seconds i64 = 600;
    /// How long before its end a certificate is a warning.
    cert_warn "certWarn" seconds i64 = 1_209_600;
    /// How long before its end a certificate is critical.
    cert_crit "certCrit" seconds i64 = 259_200;
    /// How long a Job may run.
    job_long "jobLong" seconds i64 = 86_400;
    /// How late a scheduled run may start; a longer starting deadline counts instead.
    cron_grace "cronGrace" seconds i64 = 120;
    /// How long an autoscaler may be at its maximum.
    hpa_max_grace "hpaMaxGrace" seconds i64 = 900;
    /// From what share of a quota on it is nearly used.
    quota_warn "quotaWarn" share f64 = 0.90;
    /// From what share of a node's CPU or memory on it is heavily used.
    node_use "nodeUse" share f64 = 0.80;
    /// From what share of its limit on a container's memory is nearly used.
    mem_near_limit "memNearLimit" share f64 = 0.90;
    /// From what share of its own limit on a pod is heavily used, its containers taken together.
    pod_use "podUse" share f64 = 0.80;
    /// From how many times its request on usage is over the request.
    over_request "overRequest" share f64 = 2.0;
    /// Up to what share of its request usage is far under the request.
    under_use "underUse" share f64 = 0.5;
    /// How recent an event has to be to count.
    event_window "eventWindow" seconds i64 = 3600;
    /// From how many warnings of one sort in ten minutes on they are a storm.
    storm_count "stormCount" count i64 = 500;
    /// From what confidence on a relation folds one finding into another.
    fold_min "foldMin" share f64 = 0.6;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_keeps_its_default_and_zero_is_a_value() {
        let settings = ThresholdSettings {
            pending_grace: Some(Placed::nowhere(0)),
            ..ThresholdSettings::default()
        };
        let tuned = Thresholds::default().with(&settings);
        assert_eq!(tuned.pending_grace, 0);
        assert_eq!(tuned.young_grace, Thresholds::default().young_grace);
    }

    #[test]
    fn keys_are_unique() {
        let mut keys: Vec<_> = Thresholds::ALL.iter().map(|known| known.key).collect();
        keys.sort_unstable();
        let all = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), all);
        assert_eq!(Thresholds::default().values().len(), all);
    }
}
