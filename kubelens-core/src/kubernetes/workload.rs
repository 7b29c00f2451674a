use jiff::Timestamp;

use super::{Condition, IntOrString, LabelSelector, Labels, List, ObjectMeta, PodSpec, Text};

slim! {
    /// core/v1 PodTemplateSpec.
    pub struct PodTemplate {
        pub metadata: ObjectMeta,
        pub spec: PodSpec,
    }

    /// apps/v1 Deployment.
    pub struct Deployment {
        pub metadata: ObjectMeta,
        pub spec: DeploymentSpec,
        pub status: DeploymentStatus,
    }

    pub struct DeploymentSpec {
        pub replicas: Option<i64>,
        pub selector: LabelSelector,
        pub template: PodTemplate,
        pub strategy: DeploymentStrategy,
        pub paused: bool,
        pub progress_deadline_seconds: Option<i64>,
        pub min_ready_seconds: i64,
        pub revision_history_limit: Option<i64>,
    }

    pub struct DeploymentStrategy {
        #[serde(rename = "type")]
        pub type_: Text,
        pub rolling_update: Option<RollingUpdate>,
    }

    pub struct RollingUpdate {
        pub max_unavailable: Option<IntOrString>,
        pub max_surge: Option<IntOrString>,
        pub partition: Option<i64>,
    }

    pub struct DeploymentStatus {
        pub observed_generation: Option<i64>,
        pub replicas: i64,
        pub updated_replicas: i64,
        pub ready_replicas: i64,
        pub available_replicas: i64,
        pub unavailable_replicas: i64,
        pub conditions: List<Condition>,
    }

    /// apps/v1 ReplicaSet, and core/v1 ReplicationController in its `LegacyController` form.
    pub struct ReplicaSet {
        pub metadata: ObjectMeta,
        pub spec: ReplicaSetSpec,
        pub status: ReplicaSetStatus,
    }

    pub struct ReplicaSetSpec {
        pub replicas: Option<i64>,
        pub selector: LabelSelector,
        pub template: PodTemplate,
    }

    pub struct ReplicaSetStatus {
        pub observed_generation: Option<i64>,
        pub replicas: i64,
        pub ready_replicas: i64,
        pub available_replicas: i64,
        pub conditions: List<Condition>,
    }

    /// core/v1 ReplicationController.
    pub struct ReplicationController {
        pub metadata: ObjectMeta,
        pub spec: ReplicationControllerSpec,
        pub status: ReplicaSetStatus,
    }

    pub struct ReplicationControllerSpec {
        pub replicas: Option<i64>,
        pub selector: Labels,
        pub template: PodTemplate,
    }

    /// apps/v1 StatefulSet.
    pub struct StatefulSet {
        pub metadata: ObjectMeta,
        pub spec: StatefulSetSpec,
        pub status: StatefulSetStatus,
    }

    pub struct StatefulSetSpec {
        pub replicas: Option<i64>,
        pub selector: LabelSelector,
        pub template: PodTemplate,
        pub service_name: Text,
        pub pod_management_policy: Text,
        pub update_strategy: DeploymentStrategy,
        pub volume_claim_templates: List<super::ClaimTemplate>,
        pub ordinals: Option<Ordinals>,
    }

    pub struct Ordinals {
        pub start: i64,
    }

    pub struct StatefulSetStatus {
        pub observed_generation: Option<i64>,
        pub replicas: i64,
        pub ready_replicas: i64,
        pub available_replicas: i64,
        pub current_replicas: i64,
        pub updated_replicas: i64,
        pub current_revision: Text,
        pub update_revision: Text,
        pub conditions: List<Condition>,
    }

    /// apps/v1 DaemonSet.
    pub struct DaemonSet {
        pub metadata: ObjectMeta,
        pub spec: DaemonSetSpec,
        pub status: DaemonSetStatus,
    }

    pub struct DaemonSetSpec {
        pub selector: LabelSelector,
        pub template: PodTemplate,
        pub update_strategy: DeploymentStrategy,
    }

    pub struct DaemonSetStatus {
        pub observed_generation: Option<i64>,
        pub current_number_scheduled: i64,
        pub desired_number_scheduled: i64,
        pub number_misscheduled: i64,
        pub number_ready: i64,
        pub number_available: i64,
        pub number_unavailable: i64,
        pub updated_number_scheduled: i64,
        pub conditions: List<Condition>,
    }

    /// apps/v1 ControllerRevision: who it belongs to and which number it has.
    pub struct ControllerRevision {
        pub metadata: ObjectMeta,
        pub revision: i64,
    }

    /// batch/v1 Job.
    pub struct Job {
        pub metadata: ObjectMeta,
        pub spec: JobSpec,
        pub status: JobStatus,
    }

    pub struct JobSpec {
        pub parallelism: Option<i64>,
        pub completions: Option<i64>,
        pub completion_mode: Text,
        pub backoff_limit: Option<i64>,
        pub active_deadline_seconds: Option<i64>,
        pub ttl_seconds_after_finished: Option<i64>,
        pub suspend: Option<bool>,
        pub managed_by: Text,
        pub template: PodTemplate,
    }

    pub struct JobStatus {
        pub active: i64,
        pub succeeded: i64,
        pub failed: i64,
        pub ready: Option<i64>,
        pub start_time: Option<Timestamp>,
        pub completion_time: Option<Timestamp>,
        pub failed_indexes: Text,
        pub conditions: List<Condition>,
    }

    /// batch/v1 CronJob.
    pub struct CronJob {
        pub metadata: ObjectMeta,
        pub spec: CronJobSpec,
        pub status: CronJobStatus,
    }

    pub struct CronJobSpec {
        pub schedule: Text,
        pub time_zone: Text,
        pub starting_deadline_seconds: Option<i64>,
        pub concurrency_policy: Text,
        pub suspend: Option<bool>,
        pub job_template: JobTemplate,
        pub successful_jobs_history_limit: Option<i64>,
        pub failed_jobs_history_limit: Option<i64>,
    }

    pub struct JobTemplate {
        pub metadata: ObjectMeta,
        pub spec: JobSpec,
    }

    pub struct CronJobStatus {
        pub active: List<ObjectReference>,
        pub last_schedule_time: Option<Timestamp>,
        pub last_successful_time: Option<Timestamp>,
    }

    /// core/v1 ObjectReference.
    pub struct ObjectReference {
        pub api_version: Text,
        pub kind: Text,
        pub namespace: Text,
        pub name: Text,
        pub uid: Text,
        pub field_path: Text,
    }
}
