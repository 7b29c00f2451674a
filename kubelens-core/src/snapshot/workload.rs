use crate::kubernetes::{
    CronJob, DaemonSet, Deployment, Job, Kind, LabelSelector, Labels, Object, ObjectMeta, Pod,
    PodSpec, ReplicaSet, ReplicationController, StatefulSet,
};
use crate::model::ObjectRef;

/// A thing that makes pods and that nothing else makes, or a pod that nothing makes: what a person
/// edits.
#[derive(Debug, Clone, Copy)]
pub enum Workload<'a> {
    /// apps/v1 Deployment.
    Deployment(&'a Deployment),
    /// apps/v1 StatefulSet.
    StatefulSet(&'a StatefulSet),
    /// apps/v1 DaemonSet.
    DaemonSet(&'a DaemonSet),
    /// A ReplicaSet without an owner.
    ReplicaSet(&'a ReplicaSet),
    /// core/v1 ReplicationController without an owner.
    ReplicationController(&'a ReplicationController),
    /// A Job without an owner.
    Job(&'a Job),
    /// batch/v1 CronJob.
    CronJob(&'a CronJob),
    /// A pod without a controller.
    Pod(&'a Pod),
}

impl<'a> Workload<'a> {
    /// The kinds that may be one, in the order in which a namespace tells them.
    pub const KINDS: [Kind; 8] = [
        Kind::Deployment,
        Kind::StatefulSet,
        Kind::DaemonSet,
        Kind::CronJob,
        Kind::ReplicaSet,
        Kind::ReplicationController,
        Kind::Job,
        Kind::Pod,
    ];

    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Deployment(_) => Kind::Deployment,
            Self::StatefulSet(_) => Kind::StatefulSet,
            Self::DaemonSet(_) => Kind::DaemonSet,
            Self::ReplicaSet(_) => Kind::ReplicaSet,
            Self::ReplicationController(_) => Kind::ReplicationController,
            Self::Job(_) => Kind::Job,
            Self::CronJob(_) => Kind::CronJob,
            Self::Pod(_) => Kind::Pod,
        }
    }

    /// Its metadata.
    pub const fn metadata(&self) -> &'a ObjectMeta {
        match self {
            Self::Deployment(object) => &object.metadata,
            Self::StatefulSet(object) => &object.metadata,
            Self::DaemonSet(object) => &object.metadata,
            Self::ReplicaSet(object) => &object.metadata,
            Self::ReplicationController(object) => &object.metadata,
            Self::Job(object) => &object.metadata,
            Self::CronJob(object) => &object.metadata,
            Self::Pod(object) => &object.metadata,
        }
    }

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        match self {
            Self::Deployment(object) => object.reference(),
            Self::StatefulSet(object) => object.reference(),
            Self::DaemonSet(object) => object.reference(),
            Self::ReplicaSet(object) => object.reference(),
            Self::ReplicationController(object) => object.reference(),
            Self::Job(object) => object.reference(),
            Self::CronJob(object) => object.reference(),
            Self::Pod(object) => object.reference(),
        }
    }

    /// The spec that its pods get.
    pub fn pod_spec(&self) -> &'a PodSpec {
        match self {
            Self::Deployment(object) => &object.spec.template.spec,
            Self::StatefulSet(object) => &object.spec.template.spec,
            Self::DaemonSet(object) => &object.spec.template.spec,
            Self::ReplicaSet(object) => &object.spec.template.spec,
            Self::ReplicationController(object) => &object.spec.template.spec,
            Self::Job(object) => &object.spec.template.spec,
            Self::CronJob(object) => &object.spec.job_template.spec.template.spec,
            Self::Pod(object) => &object.spec,
        }
    }

    /// Where that spec stands: `spec.template.spec`.
    pub const fn pod_spec_path(&self) -> &'static str {
        match self {
            Self::CronJob(_) => "spec.jobTemplate.spec.template.spec",
            Self::Pod(_) => "spec",
            _ => "spec.template.spec",
        }
    }

    /// The labels that its pods get.
    pub const fn pod_labels(&self) -> &'a Labels {
        match self {
            Self::Deployment(object) => &object.spec.template.metadata.labels,
            Self::StatefulSet(object) => &object.spec.template.metadata.labels,
            Self::DaemonSet(object) => &object.spec.template.metadata.labels,
            Self::ReplicaSet(object) => &object.spec.template.metadata.labels,
            Self::ReplicationController(object) => &object.spec.template.metadata.labels,
            Self::Job(object) => &object.spec.template.metadata.labels,
            Self::CronJob(object) => &object.spec.job_template.spec.template.metadata.labels,
            Self::Pod(object) => &object.metadata.labels,
        }
    }

    /// The annotations that its pods get.
    pub const fn pod_annotations(&self) -> &'a Labels {
        match self {
            Self::Deployment(object) => &object.spec.template.metadata.annotations,
            Self::StatefulSet(object) => &object.spec.template.metadata.annotations,
            Self::DaemonSet(object) => &object.spec.template.metadata.annotations,
            Self::ReplicaSet(object) => &object.spec.template.metadata.annotations,
            Self::ReplicationController(object) => &object.spec.template.metadata.annotations,
            Self::Job(object) => &object.spec.template.metadata.annotations,
            Self::CronJob(object) => &object.spec.job_template.spec.template.metadata.annotations,
            Self::Pod(object) => &object.metadata.annotations,
        }
    }

    /// The selector by which it knows its pods, where it has one of that form.
    pub const fn selector(&self) -> Option<&'a LabelSelector> {
        match self {
            Self::Deployment(object) => Some(&object.spec.selector),
            Self::StatefulSet(object) => Some(&object.spec.selector),
            Self::DaemonSet(object) => Some(&object.spec.selector),
            Self::ReplicaSet(object) => Some(&object.spec.selector),
            _ => None,
        }
    }

    /// How many pods are wanted; a count that is not given is 1. None where that is not a number of
    /// its own (DaemonSet, Job, CronJob).
    pub fn wanted_replicas(&self) -> Option<i64> {
        match self {
            Self::Deployment(object) => Some(object.spec.replicas.unwrap_or(1)),
            Self::StatefulSet(object) => Some(object.spec.replicas.unwrap_or(1)),
            Self::ReplicaSet(object) => Some(object.spec.replicas.unwrap_or(1)),
            Self::ReplicationController(object) => Some(object.spec.replicas.unwrap_or(1)),
            Self::Pod(_) => Some(1),
            Self::DaemonSet(_) | Self::Job(_) | Self::CronJob(_) => None,
        }
    }

    /// Whether it is asked to rest: suspended, paused or at zero replicas (G-susp).
    pub fn is_resting(&self) -> bool {
        match self {
            Self::Job(object) => object.spec.suspend == Some(true),
            Self::CronJob(object) => object.spec.suspend == Some(true),
            other => other.wanted_replicas() == Some(0),
        }
    }

    /// Whether its pods run to an end.
    pub fn is_batch(&self) -> bool {
        matches!(self, Self::Job(_) | Self::CronJob(_))
            || matches!(self, Self::Pod(pod) if matches!(pod.spec.restart_policy.as_str(), "Never" | "OnFailure"))
    }
}
