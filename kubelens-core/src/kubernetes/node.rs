use jiff::Timestamp;

use super::{Condition, List, ObjectMeta, Resources, Text};

slim! {
    /// core/v1 Node.
    pub struct Node {
        pub metadata: ObjectMeta,
        pub spec: NodeSpec,
        pub status: NodeStatus,
    }

    pub struct NodeSpec {
        pub unschedulable: bool,
        pub taints: List<Taint>,
        #[serde(rename = "podCIDR")]
        pub pod_cidr: Text,
        #[serde(rename = "providerID")]
        pub provider_id: Text,
    }

    pub struct Taint {
        pub key: Text,
        pub value: Text,
        pub effect: Text,
        pub time_added: Option<Timestamp>,
    }

    pub struct NodeStatus {
        pub capacity: Resources,
        pub allocatable: Resources,
        pub conditions: List<Condition>,
        pub addresses: List<NodeAddress>,
        pub node_info: NodeSystemInfo,
    }

    pub struct NodeAddress {
        #[serde(rename = "type")]
        pub type_: Text,
        pub address: Text,
    }

    pub struct NodeSystemInfo {
        pub kubelet_version: Text,
        pub kube_proxy_version: Text,
        pub container_runtime_version: Text,
        pub kernel_version: Text,
        #[serde(rename = "osImage")]
        pub os_image: Text,
        pub operating_system: Text,
        pub architecture: Text,
        #[serde(rename = "bootID")]
        pub boot_id: Text,
    }

    /// coordination/v1 Lease.
    pub struct Lease {
        pub metadata: ObjectMeta,
        pub spec: LeaseSpec,
    }

    pub struct LeaseSpec {
        pub holder_identity: Text,
        pub lease_duration_seconds: Option<i64>,
        pub renew_time: Option<Timestamp>,
        pub lease_transitions: Option<i64>,
    }
}

impl std::fmt::Display for Taint {
    /// `key=value:Effect`, as `kubectl taint` takes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.value.is_empty() {
            write!(f, "{}:{}", self.key, self.effect)
        } else {
            write!(f, "{}={}:{}", self.key, self.value, self.effect)
        }
    }
}
