use super::{
    Condition, IntOrString, LabelSelector, Labels, List, ObjectMeta, ObjectReference, Pod, Text,
};

slim! {
    /// core/v1 Service.
    pub struct Service {
        pub metadata: ObjectMeta,
        pub spec: ServiceSpec,
        pub status: ServiceStatus,
    }

    pub struct ServiceSpec {
        #[serde(rename = "type")]
        pub type_: Text,
        pub selector: Labels,
        pub ports: List<ServicePort>,
        #[serde(rename = "clusterIP")]
        pub cluster_ip: Text,
        pub external_name: Text,
        pub ip_families: List<Text>,
        pub publish_not_ready_addresses: bool,
        pub internal_traffic_policy: Text,
        pub external_traffic_policy: Text,
        pub load_balancer_class: Text,
        pub load_balancer_source_ranges: List<Text>,
    }

    pub struct ServicePort {
        pub name: Text,
        pub port: i64,
        pub target_port: Option<IntOrString>,
        pub protocol: Text,
        pub node_port: i64,
    }

    pub struct ServiceStatus {
        pub load_balancer: LoadBalancerStatus,
        pub conditions: List<Condition>,
    }

    pub struct LoadBalancerStatus {
        pub ingress: List<LoadBalancerIngress>,
    }

    pub struct LoadBalancerIngress {
        pub ip: Text,
        pub hostname: Text,
        pub ports: List<PortStatus>,
    }

    pub struct PortStatus {
        pub port: i64,
        pub protocol: Text,
        pub error: Text,
    }

    /// core/v1 Endpoints.
    pub struct Endpoints {
        pub metadata: ObjectMeta,
        pub subsets: List<EndpointSubset>,
    }

    pub struct EndpointSubset {
        pub addresses: List<EndpointAddress>,
        pub not_ready_addresses: List<EndpointAddress>,
    }

    pub struct EndpointAddress {
        pub ip: Text,
        pub target_ref: Option<ObjectReference>,
    }

    /// discovery/v1 EndpointSlice.
    pub struct EndpointSlice {
        pub metadata: ObjectMeta,
        pub endpoints: List<Endpoint>,
        pub ports: List<EndpointPort>,
    }

    pub struct Endpoint {
        pub addresses: List<Text>,
        pub conditions: EndpointConditions,
        pub target_ref: Option<ObjectReference>,
        pub node_name: Text,
    }

    pub struct EndpointConditions {
        pub ready: Option<bool>,
        pub serving: Option<bool>,
        pub terminating: Option<bool>,
    }

    pub struct EndpointPort {
        pub name: Text,
        pub port: Option<i64>,
        pub protocol: Text,
    }

    /// networking/v1 Ingress.
    pub struct Ingress {
        pub metadata: ObjectMeta,
        pub spec: IngressSpec,
        pub status: ServiceStatus,
    }

    pub struct IngressSpec {
        pub ingress_class_name: Text,
        pub default_backend: Option<IngressBackend>,
        pub tls: List<IngressTls>,
        pub rules: List<IngressRule>,
    }

    pub struct IngressTls {
        pub hosts: List<Text>,
        pub secret_name: Text,
    }

    pub struct IngressRule {
        pub host: Text,
        pub http: HttpIngressRule,
    }

    pub struct HttpIngressRule {
        pub paths: List<HttpIngressPath>,
    }

    pub struct HttpIngressPath {
        pub path: Text,
        pub path_type: Text,
        pub backend: IngressBackend,
    }

    pub struct IngressBackend {
        pub service: Option<IngressServiceBackend>,
        pub resource: Option<TypedReference>,
    }

    pub struct TypedReference {
        pub api_group: Text,
        pub kind: Text,
        pub name: Text,
        pub namespace: Text,
    }

    pub struct IngressServiceBackend {
        pub name: Text,
        pub port: ServiceBackendPort,
    }

    pub struct ServiceBackendPort {
        pub name: Text,
        pub number: i64,
    }

    /// networking/v1 IngressClass.
    pub struct IngressClass {
        pub metadata: ObjectMeta,
        pub spec: IngressClassSpec,
    }

    pub struct IngressClassSpec {
        pub controller: Text,
    }

    /// networking/v1 NetworkPolicy.
    pub struct NetworkPolicy {
        pub metadata: ObjectMeta,
        pub spec: NetworkPolicySpec,
    }

    pub struct NetworkPolicySpec {
        pub pod_selector: LabelSelector,
        pub policy_types: List<Text>,
        pub ingress: Option<List<NetworkPolicyRule>>,
        pub egress: Option<List<NetworkPolicyRule>>,
    }

    /// One ingress or egress rule; `from` and `to` are both `peers`, one of them is used.
    pub struct NetworkPolicyRule {
        #[serde(alias = "from", alias = "to")]
        pub peers: List<NetworkPolicyPeer>,
        pub ports: List<NetworkPolicyPort>,
    }

    pub struct NetworkPolicyPeer {
        pub pod_selector: Option<LabelSelector>,
        pub namespace_selector: Option<LabelSelector>,
        pub ip_block: Option<IpBlock>,
    }

    pub struct IpBlock {
        pub cidr: Text,
        pub except: List<Text>,
    }

    pub struct NetworkPolicyPort {
        pub protocol: Text,
        pub port: Option<IntOrString>,
        pub end_port: Option<i64>,
    }
}

impl Service {
    /// Whether it selects pods with these labels; one without a selector selects none.
    pub fn selects(&self, labels: &Labels) -> bool {
        !self.spec.selector.is_empty() && labels.holds(&self.spec.selector)
    }

    /// Whether it leads to this pod: it selects it, in its namespace.
    pub fn is_in_front_of(&self, pod: &Pod) -> bool {
        self.metadata.namespace == pod.metadata.namespace && self.selects(&pod.metadata.labels)
    }

    /// Whether an Ingress got the address of this Service, as it does from the controller that stands
    /// behind it.
    pub fn publishes(&self, ingress: &Ingress) -> bool {
        let serves_web = self
            .spec
            .ports
            .iter()
            .any(|port| matches!(port.port, 80 | 443));
        self.spec.type_ == "LoadBalancer"
            && serves_web
            && self
                .status
                .load_balancer
                .shares_address(&ingress.status.load_balancer)
    }
}

impl LoadBalancerStatus {
    /// Whether both have an address or a host name in common.
    pub fn shares_address(&self, other: &Self) -> bool {
        self.ingress.iter().any(|one| {
            other.ingress.iter().any(|other| {
                (!one.ip.is_empty() && one.ip == other.ip)
                    || (!one.hostname.is_empty() && one.hostname == other.hostname)
            })
        })
    }
}

impl IngressSpec {
    /// Every Service that a path or the default backend names.
    pub fn backends(&self) -> impl Iterator<Item = &IngressServiceBackend> {
        let paths = self
            .rules
            .iter()
            .flat_map(|rule| rule.http.paths.iter().map(|path| &path.backend));
        self.default_backend
            .iter()
            .chain(paths)
            .filter_map(|backend| backend.service.as_ref())
    }
}
