use super::{TheirCheck, Tool};

const fn check(name: &'static str, about: &'static str) -> TheirCheck {
    TheirCheck { name, about }
}

/// k8sgpt, by the names of its filters.
pub(super) const TOOL: Tool = Tool {
    name: "k8sgpt",
    word: "filter",
    checks: &[
        check("k8sgpt:Pod", "pods that do not start or do not run"),
        check("k8sgpt:Deployment", "Deployments short of pods"),
        check("k8sgpt:ReplicaSet", "pods that are refused"),
        check("k8sgpt:DaemonSet", "DaemonSets and their pull secrets"),
        check(
            "k8sgpt:StatefulSet",
            "StatefulSets, their Service and their classes",
        ),
        check("k8sgpt:PersistentVolumeClaim", "claims that are not bound"),
        check("k8sgpt:Storage", "classes, volumes and claims"),
        check("k8sgpt:Service", "Services without endpoints"),
        check("k8sgpt:Ingress", "classes, backends and certificates"),
        check("k8sgpt:Job", "Jobs that failed or rest"),
        check("k8sgpt:CronJob", "schedules that do not run"),
        check("k8sgpt:Node", "conditions of nodes"),
        check(
            "k8sgpt:ValidatingWebhookConfiguration",
            "Services behind webhooks",
        ),
        check(
            "k8sgpt:MutatingWebhookConfiguration",
            "Services behind webhooks",
        ),
        check("k8sgpt:ConfigMap", "unused, empty and large ConfigMaps"),
        check(
            "k8sgpt:HorizontalPodAutoscaler",
            "targets and metrics of autoscalers",
        ),
        check(
            "k8sgpt:PodDisruptionBudget",
            "budgets that allow no eviction",
        ),
        check(
            "k8sgpt:NetworkPolicy",
            "policies that select nothing, or everything",
        ),
        check("k8sgpt:Log", "error lines in logs"),
        check("k8sgpt:GatewayClass", "classes that nobody accepts"),
        check("k8sgpt:Gateway", "Gateways that are not accepted"),
        check("k8sgpt:HTTPRoute", "parents and backends of routes"),
        check("k8sgpt:Security", "accounts, roles and security contexts"),
        check("k8sgpt:ClusterCatalog", "catalogs of OLM v1"),
        check("k8sgpt:ClusterExtension", "extensions of OLM v1"),
        check("k8sgpt:ClusterServiceVersion", "operators of OLM"),
        check("k8sgpt:Subscription", "subscriptions of OLM"),
        check("k8sgpt:CatalogSource", "catalogs of OLM"),
        check("k8sgpt:InstallPlan", "install plans of OLM"),
        check("k8sgpt:OperatorGroup", "operator groups of OLM"),
        check("k8sgpt:ScaledObject", "targets and triggers of KEDA"),
        check("k8sgpt:PolicyReport", "results of policy engines"),
        check("k8sgpt:ClusterPolicyReport", "results of policy engines"),
        check(
            "k8sgpt:PrometheusConfigValidate",
            "configuration of Prometheus",
        ),
        check(
            "k8sgpt:PrometheusConfigRelabelReport",
            "relabelling rules of Prometheus",
        ),
        check("k8sgpt:EKS", "health issues that EKS reports"),
    ],
};
