use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    Condition, IntOrString, LabelSelector, Labels, List, Map, ObjectMeta, SelectorRequirement,
    Text, spec_sharing,
};
use crate::model::Quantity;

/// Amounts by resource name.
pub type Resources = Map<Quantity>;

/// core/v1 Pod. Pods of one template share one spec; what differs between them stands outside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "PodOnWire", into = "PodOnWire")]
pub struct Pod {
    pub metadata: ObjectMeta,
    pub spec: Arc<PodSpec>,
    /// `spec.nodeName`.
    pub node_name: Text,
    pub status: PodStatus,
}

slim! {
    struct PodOnWire {
        metadata: ObjectMeta,
        spec: PodSpec,
        status: PodStatus,
    }

    /// core/v1 PodSpec.
    pub struct PodSpec {
        pub node_name: Text,
        pub init_containers: List<Container>,
        pub containers: List<Container>,
        pub volumes: List<Volume>,
        pub service_account_name: Text,
        pub automount_service_account_token: Option<bool>,
        pub image_pull_secrets: List<LocalObjectReference>,
        pub node_selector: Labels,
        pub affinity: Option<Box<Affinity>>,
        pub tolerations: List<Toleration>,
        pub topology_spread_constraints: List<TopologySpreadConstraint>,
        pub scheduler_name: Text,
        pub scheduling_gates: List<SchedulingGate>,
        pub priority_class_name: Text,
        pub priority: Option<i32>,
        pub preemption_policy: Text,
        pub runtime_class_name: Text,
        pub restart_policy: Text,
        pub host_network: bool,
        #[serde(rename = "hostPID")]
        pub host_pid: bool,
        #[serde(rename = "hostIPC")]
        pub host_ipc: bool,
        pub dns_policy: Text,
        pub dns_config: Option<Box<PodDnsConfig>>,
        pub hostname: Text,
        pub subdomain: Text,
        pub termination_grace_period_seconds: Option<i64>,
        pub active_deadline_seconds: Option<i64>,
        pub readiness_gates: List<ReadinessGate>,
        pub overhead: Resources,
        pub resources: Option<Box<ResourceRequirements>>,
        pub security_context: Option<Box<PodSecurityContext>>,
        pub os: Option<Box<PodOs>>,
        pub enable_service_links: Option<bool>,
        pub resource_claims: List<PodResourceClaim>,
    }

    pub struct PodResourceClaim {
        pub name: Text,
        pub resource_claim_name: Text,
        pub resource_claim_template_name: Text,
    }

    pub struct SchedulingGate {
        pub name: Text,
    }

    pub struct ReadinessGate {
        pub condition_type: Text,
    }

    pub struct LocalObjectReference {
        pub name: Text,
    }

    pub struct PodSecurityContext {
        pub run_as_non_root: Option<bool>,
        pub run_as_user: Option<i64>,
        pub fs_group: Option<i64>,
        pub seccomp_profile: Option<SeccompProfile>,
    }

    pub struct SeccompProfile {
        #[serde(rename = "type")]
        pub type_: Text,
    }

    pub struct PodOs {
        pub name: Text,
    }

    pub struct SecurityContext {
        pub run_as_non_root: Option<bool>,
        pub run_as_user: Option<i64>,
        pub read_only_root_filesystem: Option<bool>,
        pub privileged: Option<bool>,
        pub allow_privilege_escalation: Option<bool>,
        pub seccomp_profile: Option<SeccompProfile>,
        pub capabilities: Option<Capabilities>,
    }

    pub struct Capabilities {
        pub add: List<Text>,
        pub drop: List<Text>,
    }

    /// core/v1 Container.
    pub struct Container {
        pub name: Text,
        pub image: Text,
        pub image_pull_policy: Text,
        pub command: List<Text>,
        pub args: List<Text>,
        pub working_dir: Text,
        pub ports: List<ContainerPort>,
        pub env: List<EnvVar>,
        pub env_from: List<EnvFromSource>,
        pub volume_mounts: List<VolumeMount>,
        pub resources: ResourceRequirements,
        pub readiness_probe: Option<Box<Probe>>,
        pub liveness_probe: Option<Box<Probe>>,
        pub startup_probe: Option<Box<Probe>>,
        pub lifecycle: Option<Box<Lifecycle>>,
        pub security_context: Option<Box<SecurityContext>>,
        /// `Always` makes an init container a sidecar.
        pub restart_policy: Text,
    }

    pub struct Lifecycle {
        pub post_start: Option<Box<Handler>>,
        pub pre_stop: Option<Box<Handler>>,
    }

    pub struct Handler {
        pub exec: Option<ExecAction>,
        pub http_get: Option<HttpGetAction>,
    }

    pub struct ContainerPort {
        pub name: Text,
        pub container_port: i64,
        pub host_port: i64,
        #[serde(rename = "hostIP")]
        pub host_ip: Text,
        pub protocol: Text,
    }

    pub struct EnvVar {
        pub name: Text,
        pub value: Text,
        pub value_from: Option<Box<EnvVarSource>>,
    }

    pub struct EnvVarSource {
        pub config_map_key_ref: Option<KeySelector>,
        pub secret_key_ref: Option<KeySelector>,
        pub field_ref: Option<FieldRef>,
    }

    pub struct FieldRef {
        pub field_path: Text,
    }

    pub struct KeySelector {
        pub name: Text,
        pub key: Text,
        pub optional: bool,
    }

    pub struct EnvFromSource {
        pub prefix: Text,
        pub config_map_ref: Option<OptionalRef>,
        pub secret_ref: Option<OptionalRef>,
    }

    pub struct OptionalRef {
        pub name: Text,
        pub optional: bool,
    }

    pub struct VolumeMount {
        pub name: Text,
        pub mount_path: Text,
        pub sub_path: Text,
        pub read_only: bool,
    }

    pub struct ResourceRequirements {
        pub requests: Resources,
        pub limits: Resources,
    }

    /// core/v1 Probe; the zero of a number means the API's default.
    pub struct Probe {
        pub http_get: Option<HttpGetAction>,
        pub tcp_socket: Option<TcpSocketAction>,
        pub grpc: Option<GrpcAction>,
        pub exec: Option<ExecAction>,
        pub initial_delay_seconds: i64,
        pub period_seconds: i64,
        pub timeout_seconds: i64,
        pub failure_threshold: i64,
        pub success_threshold: i64,
    }

    pub struct HttpGetAction {
        pub path: Text,
        pub port: Option<IntOrString>,
        pub host: Text,
        pub scheme: Text,
    }

    pub struct TcpSocketAction {
        pub port: Option<IntOrString>,
        pub host: Text,
    }

    pub struct GrpcAction {
        pub port: i64,
        pub service: Text,
    }

    pub struct ExecAction {
        pub command: List<Text>,
    }

    /// core/v1 Volume: the sources that something reads.
    pub struct Volume {
        pub name: Text,
        pub config_map: Option<Box<ConfigMapVolume>>,
        pub secret: Option<Box<SecretVolume>>,
        pub persistent_volume_claim: Option<Box<ClaimVolume>>,
        pub ephemeral: Option<Box<EphemeralVolume>>,
        pub projected: Option<Box<ProjectedVolume>>,
        pub empty_dir: Option<Box<EmptyDirVolume>>,
        pub host_path: Option<Box<HostPathVolume>>,
        pub csi: Option<Box<CsiVolume>>,
        pub image: Option<Box<ImageVolume>>,
        pub nfs: Option<Box<NfsVolume>>,
        pub azure_file: Option<Box<AzureFileVolume>>,
        pub cephfs: Option<Box<VolumeWithSecret>>,
        pub rbd: Option<Box<VolumeWithSecret>>,
        pub iscsi: Option<Box<VolumeWithSecret>>,
        pub flex_volume: Option<Box<VolumeWithSecret>>,
    }

    pub struct AzureFileVolume {
        pub secret_name: Text,
    }

    /// A volume of a kind that logs in with a Secret.
    pub struct VolumeWithSecret {
        pub secret_ref: Option<LocalObjectReference>,
    }

    pub struct NfsVolume {
        pub server: Text,
        pub path: Text,
    }

    pub struct ImageVolume {
        pub reference: Text,
    }

    pub struct ConfigMapVolume {
        pub name: Text,
        pub items: List<KeyToPath>,
        pub optional: bool,
    }

    pub struct SecretVolume {
        pub secret_name: Text,
        pub items: List<KeyToPath>,
        pub optional: bool,
    }

    pub struct KeyToPath {
        pub key: Text,
        pub path: Text,
    }

    pub struct ClaimVolume {
        pub claim_name: Text,
        pub read_only: bool,
    }

    pub struct EphemeralVolume {
        pub volume_claim_template: Option<ClaimTemplate>,
    }

    /// A claim as it stands in a template.
    pub struct ClaimTemplate {
        pub metadata: ObjectMeta,
        pub spec: super::PersistentVolumeClaimSpec,
    }

    pub struct ProjectedVolume {
        pub sources: List<ProjectedSource>,
    }

    pub struct ProjectedSource {
        pub config_map: Option<ProjectedRef>,
        pub secret: Option<ProjectedRef>,
        pub service_account_token: Option<TokenProjection>,
    }

    pub struct ProjectedRef {
        pub name: Text,
        pub items: List<KeyToPath>,
        pub optional: bool,
    }

    pub struct TokenProjection {
        pub audience: Text,
    }

    pub struct EmptyDirVolume {
        pub medium: Text,
        pub size_limit: Option<Quantity>,
    }

    pub struct HostPathVolume {
        pub path: Text,
        #[serde(rename = "type")]
        pub type_: Text,
    }

    pub struct PodDnsConfig {
        pub nameservers: List<Text>,
    }

    pub struct CsiVolume {
        pub driver: Text,
        pub node_publish_secret_ref: Option<LocalObjectReference>,
        pub volume_attributes: Labels,
    }

    pub struct Toleration {
        pub key: Text,
        pub operator: Text,
        pub value: Text,
        pub effect: Text,
        pub toleration_seconds: Option<i64>,
    }

    pub struct TopologySpreadConstraint {
        pub max_skew: i64,
        pub topology_key: Text,
        pub when_unsatisfiable: Text,
        pub label_selector: Option<LabelSelector>,
        pub min_domains: Option<i64>,
        pub match_label_keys: List<Text>,
        pub node_affinity_policy: Text,
        pub node_taints_policy: Text,
    }

    pub struct Affinity {
        pub node_affinity: Option<NodeAffinity>,
        pub pod_affinity: Option<PodAffinity>,
        pub pod_anti_affinity: Option<PodAffinity>,
    }

    pub struct NodeAffinity {
        #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
        pub required: Option<NodeSelector>,
    }

    pub struct NodeSelector {
        pub node_selector_terms: List<NodeSelectorTerm>,
    }

    pub struct NodeSelectorTerm {
        pub match_expressions: List<SelectorRequirement>,
        pub match_fields: List<SelectorRequirement>,
    }

    pub struct PodAffinity {
        #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
        pub required: List<PodAffinityTerm>,
    }

    pub struct PodAffinityTerm {
        pub label_selector: Option<LabelSelector>,
        pub topology_key: Text,
        pub namespaces: List<Text>,
        pub namespace_selector: Option<LabelSelector>,
    }

    /// core/v1 PodStatus.
    pub struct PodStatus {
        pub phase: Text,
        pub reason: Text,
        pub message: Text,
        pub conditions: List<Condition>,
        pub init_container_statuses: List<ContainerStatus>,
        pub container_statuses: List<ContainerStatus>,
        pub ephemeral_container_statuses: List<ContainerStatus>,
        pub start_time: Option<Timestamp>,
        #[serde(rename = "podIP")]
        pub pod_ip: Text,
        #[serde(rename = "hostIP")]
        pub host_ip: Text,
        pub nominated_node_name: Text,
        pub resize: Text,
    }

    /// core/v1 ContainerStatus.
    pub struct ContainerStatus {
        pub name: Text,
        pub image: Text,
        #[serde(rename = "imageID")]
        pub image_id: Text,
        pub ready: bool,
        pub started: Option<bool>,
        pub restart_count: i64,
        pub state: ContainerState,
        pub last_state: ContainerState,
    }

    pub struct ContainerState {
        pub waiting: Option<Box<Waiting>>,
        pub running: Option<Running>,
        pub terminated: Option<Box<Terminated>>,
    }

    pub struct Waiting {
        pub reason: Text,
        pub message: Text,
    }

    pub struct Running {
        pub started_at: Option<Timestamp>,
    }

    pub struct Terminated {
        pub exit_code: i64,
        pub signal: Option<i64>,
        pub reason: Text,
        pub message: Text,
        pub started_at: Option<Timestamp>,
        pub finished_at: Option<Timestamp>,
    }
}

/// A pod whose spec is looked at before it is decoded.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PodInJson<'a> {
    metadata: ObjectMeta,
    #[serde(borrow)]
    spec: Option<&'a RawValue>,
    status: PodStatus,
}

impl Pod {
    /// Reads it from JSON; a spec that was decoded shortly before is not decoded again.
    pub(super) fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        let quick = || {
            let pod: PodInJson<'_> = serde_json::from_str(json).ok()?;
            let (spec, node_name) = spec_sharing::read(pod.spec?.get())?;
            Some(Self {
                metadata: pod.metadata,
                spec,
                node_name,
                status: pod.status,
            })
        };
        // Whatever is unusual about it, the plain way has the last word, and knows the place of an error.
        quick().map_or_else(|| serde_json::from_str(json), Ok)
    }
}

impl From<PodOnWire> for Pod {
    fn from(mut wire: PodOnWire) -> Self {
        let node_name = std::mem::take(&mut wire.spec.node_name);
        Self {
            node_name,
            spec: spec_sharing::share(wire.spec),
            metadata: wire.metadata,
            status: wire.status,
        }
    }
}

impl From<Pod> for PodOnWire {
    fn from(pod: Pod) -> Self {
        let mut spec = Arc::unwrap_or_clone(pod.spec);
        spec.node_name = pod.node_name;
        Self {
            metadata: pod.metadata,
            spec,
            status: pod.status,
        }
    }
}
