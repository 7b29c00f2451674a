//! What makes others, and has fewer than it wants: that is where a refusal can stand in the way.

use super::Cluster;
use super::reads::Question;
use crate::kubernetes::{
    Condition, CronJob, DaemonSet, Deployment, Job, Object, ReplicaSet, ReplicationController,
    StatefulSet, condition,
};

/// What makes pods, or Jobs, or ReplicaSets.
pub(crate) trait Makes: Object {
    /// How many it wants.
    fn wanted(&self) -> i64;

    /// How many there are.
    fn have(&self) -> i64;

    /// Whether it lacks any, and does not go itself.
    fn is_short(&self) -> bool {
        self.have() < self.wanted() && !self.metadata().is_terminating()
    }
}

impl Makes for ReplicaSet {
    fn wanted(&self) -> i64 {
        self.spec.replicas.unwrap_or(1)
    }

    fn have(&self) -> i64 {
        self.status.replicas
    }
}

impl Makes for ReplicationController {
    fn wanted(&self) -> i64 {
        self.spec.replicas.unwrap_or(1)
    }

    fn have(&self) -> i64 {
        self.status.replicas
    }
}

impl Makes for StatefulSet {
    fn wanted(&self) -> i64 {
        self.spec.replicas.unwrap_or(1)
    }

    fn have(&self) -> i64 {
        self.status.replicas
    }
}

impl Makes for DaemonSet {
    fn wanted(&self) -> i64 {
        self.status.desired_number_scheduled
    }

    fn have(&self) -> i64 {
        self.status.current_number_scheduled
    }
}

impl Makes for Job {
    /// How many pods at a time; none once it is finished or suspended.
    fn wanted(&self) -> i64 {
        let is_finished = ["Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"]
            .iter()
            .any(|type_| condition(&self.status.conditions, type_).is_some_and(Condition::is_true));
        if is_finished || self.spec.suspend == Some(true) {
            return 0;
        }
        let at_a_time = self.spec.parallelism.unwrap_or(1);
        self.spec.completions.map_or(at_a_time, |completions| {
            at_a_time.min(completions - self.status.succeeded)
        })
    }

    fn have(&self) -> i64 {
        self.status.active
    }
}

impl Makes for CronJob {
    /// The next Job, unless it is suspended.
    fn wanted(&self) -> i64 {
        i64::from(self.spec.suspend != Some(true))
    }

    fn have(&self) -> i64 {
        0
    }
}

impl Makes for Deployment {
    /// The ReplicaSet that it says it cannot make.
    fn wanted(&self) -> i64 {
        let progressing = condition(&self.status.conditions, "Progressing");
        let is_refused =
            progressing.is_some_and(|progressing| progressing.reason == "ReplicaSetCreateError");
        i64::from(is_refused)
    }

    fn have(&self) -> i64 {
        0
    }
}

impl<'a> Cluster<'a> {
    /// The objects of a kind that have fewer of what they make than they want, by namespace and name.
    pub(crate) fn short<T: Makes>(&self) -> impl Iterator<Item = &'a T> + use<'a, T> {
        self.touch(T::KIND);
        self.note(Question::Short);
        let table = self.snapshot.table::<T>();
        let short = self.snapshot.relations().short.of_kind(T::KIND);
        short.filter_map(|(namespace, name)| table.get(namespace, name).map(|object| &**object))
    }
}
