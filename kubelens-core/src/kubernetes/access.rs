use super::{LabelSelector, List, ObjectMeta, Text};

slim! {
    /// rbac/v1 Role and ClusterRole.
    pub struct Role {
        pub metadata: ObjectMeta,
        pub rules: List<PolicyRule>,
    }

    /// rbac/v1 ClusterRole.
    pub struct ClusterRole {
        pub metadata: ObjectMeta,
        pub rules: List<PolicyRule>,
        pub aggregation_rule: Option<AggregationRule>,
    }

    pub struct AggregationRule {
        pub cluster_role_selectors: List<LabelSelector>,
    }

    pub struct PolicyRule {
        pub verbs: List<Text>,
        pub api_groups: List<Text>,
        pub resources: List<Text>,
        pub resource_names: List<Text>,
        #[serde(rename = "nonResourceURLs")]
        pub non_resource_urls: List<Text>,
    }

    /// rbac/v1 RoleBinding.
    pub struct RoleBinding {
        pub metadata: ObjectMeta,
        pub role_ref: RoleRef,
        pub subjects: List<Subject>,
    }

    /// rbac/v1 ClusterRoleBinding.
    pub struct ClusterRoleBinding {
        pub metadata: ObjectMeta,
        pub role_ref: RoleRef,
        pub subjects: List<Subject>,
    }

    pub struct RoleRef {
        pub api_group: Text,
        pub kind: Text,
        pub name: Text,
    }

    pub struct Subject {
        pub kind: Text,
        pub name: Text,
        pub namespace: Text,
    }
}
