use super::{
    Condition, IntOrString, LabelSelector, List, LocalObjectReference, Map, ObjectMeta,
    ObjectReference, Resources, Text,
};
use crate::model::Quantity;

slim! {
    /// core/v1 Namespace.
    pub struct Namespace {
        pub metadata: ObjectMeta,
        pub spec: NamespaceSpec,
        pub status: NamespaceStatus,
    }

    pub struct NamespaceSpec {
        pub finalizers: List<Text>,
    }

    pub struct NamespaceStatus {
        pub phase: Text,
        pub conditions: List<Condition>,
    }

    /// core/v1 ServiceAccount.
    pub struct ServiceAccount {
        pub metadata: ObjectMeta,
        pub secrets: List<ObjectReference>,
        pub image_pull_secrets: List<LocalObjectReference>,
        pub automount_service_account_token: Option<bool>,
    }

    /// core/v1 ResourceQuota.
    pub struct ResourceQuota {
        pub metadata: ObjectMeta,
        pub spec: ResourceQuotaSpec,
        pub status: ResourceQuotaStatus,
    }

    pub struct ResourceQuotaSpec {
        pub hard: Resources,
        pub scopes: List<Text>,
    }

    pub struct ResourceQuotaStatus {
        pub hard: Resources,
        pub used: Resources,
    }

    /// core/v1 LimitRange.
    pub struct LimitRange {
        pub metadata: ObjectMeta,
        pub spec: LimitRangeSpec,
    }

    pub struct LimitRangeSpec {
        pub limits: List<LimitRangeItem>,
    }

    pub struct LimitRangeItem {
        #[serde(rename = "type")]
        pub type_: Text,
        pub min: Resources,
        pub max: Resources,
        pub default: Resources,
        pub default_request: Resources,
        pub max_limit_request_ratio: Map<Quantity>,
    }

    /// policy/v1 PodDisruptionBudget.
    pub struct PodDisruptionBudget {
        pub metadata: ObjectMeta,
        pub spec: PodDisruptionBudgetSpec,
        pub status: PodDisruptionBudgetStatus,
    }

    pub struct PodDisruptionBudgetSpec {
        pub min_available: Option<IntOrString>,
        pub max_unavailable: Option<IntOrString>,
        pub selector: Option<LabelSelector>,
        pub unhealthy_pod_eviction_policy: Text,
    }

    pub struct PodDisruptionBudgetStatus {
        pub observed_generation: Option<i64>,
        pub disruptions_allowed: i64,
        pub current_healthy: i64,
        pub desired_healthy: i64,
        pub expected_pods: i64,
        pub conditions: List<Condition>,
    }

    /// autoscaling/v2 HorizontalPodAutoscaler.
    pub struct HorizontalPodAutoscaler {
        pub metadata: ObjectMeta,
        pub spec: HorizontalPodAutoscalerSpec,
        pub status: HorizontalPodAutoscalerStatus,
    }

    pub struct HorizontalPodAutoscalerSpec {
        pub scale_target_ref: ObjectReference,
        pub min_replicas: Option<i64>,
        pub max_replicas: i64,
        pub metrics: List<MetricSpec>,
    }

    pub struct MetricSpec {
        #[serde(rename = "type")]
        pub type_: Text,
        pub resource: Option<ResourceMetric>,
        pub container_resource: Option<ResourceMetric>,
    }

    pub struct ResourceMetric {
        pub name: Text,
        pub container: Text,
        pub target: MetricTarget,
    }

    pub struct MetricTarget {
        #[serde(rename = "type")]
        pub type_: Text,
        pub average_utilization: Option<i64>,
        pub average_value: Option<Quantity>,
    }

    pub struct HorizontalPodAutoscalerStatus {
        pub observed_generation: Option<i64>,
        pub current_replicas: i64,
        pub desired_replicas: i64,
        pub conditions: List<Condition>,
        pub current_metrics: List<MetricStatus>,
    }

    pub struct MetricStatus {
        #[serde(rename = "type")]
        pub type_: Text,
        pub resource: Option<ResourceMetricStatus>,
    }

    pub struct ResourceMetricStatus {
        pub name: Text,
        pub current: MetricTarget,
    }

    /// scheduling/v1 PriorityClass.
    pub struct PriorityClass {
        pub metadata: ObjectMeta,
        pub value: i64,
        pub global_default: bool,
        pub preemption_policy: Text,
    }

    /// node/v1 RuntimeClass.
    pub struct RuntimeClass {
        pub metadata: ObjectMeta,
        pub handler: Text,
    }
}
