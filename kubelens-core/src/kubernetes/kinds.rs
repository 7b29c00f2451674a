use super::{
    APIService, CSIDriver, CSINode, CertificateSigningRequest, ClusterRole, ClusterRoleBinding,
    ConfigMap, ControllerRevision, CronJob, CustomResourceDefinition, DaemonSet, Deployment,
    EndpointSlice, Endpoints, Event, HorizontalPodAutoscaler, Ingress, IngressClass, Job, Lease,
    LimitRange, MutatingWebhookConfiguration, Namespace, NetworkPolicy, Node, NodeMetrics, Object,
    ObjectMeta, PersistentVolume, PersistentVolumeClaim, Pod, PodDisruptionBudget, PodMetrics,
    PriorityClass, ReplicaSet, ReplicationController, ResourceQuota, Role, RoleBinding,
    RuntimeClass, Secret, Service, ServiceAccount, StatefulSet, StorageClass, Table, Text,
    ValidatingWebhookConfiguration, VolumeAttachment, group_of,
};

/// The one table of kinds: everything that depends on "all kinds" is generated from it.
macro_rules! kinds {
    ($($kind:ident $field:ident $api_version:literal $plural:literal $scope:ident;)*) => {
        /// A kind that KubeLens reads in typed form.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(#[doc = concat!("`", $plural, "` of `", $api_version, "`.")] $kind,)*
        }

        impl Kind {
            /// All kinds, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The name in manifests: `Pod`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => stringify!($kind),)* }
            }

            /// Group and version in manifests: `apps/v1`.
            pub const fn api_version(self) -> &'static str {
                match self { $(Self::$kind => $api_version,)* }
            }

            /// The name in URLs: `pods`.
            pub const fn plural(self) -> &'static str {
                match self { $(Self::$kind => $plural,)* }
            }

            /// Whether its objects live in namespaces.
            pub const fn is_namespaced(self) -> bool {
                match self { $(Self::$kind => is_namespaced!($scope),)* }
            }
        }

        /// One table a kind.
        #[derive(Debug, Clone, Default)]
        pub struct Tables {
            $(pub(crate) $field: Table<$kind>,)*
        }

        impl Tables {
            /// How many objects all tables hold.
            pub fn object_count(&self) -> usize {
                0 $(+ self.$field.len())*
            }

            /// How many objects the table of a kind holds.
            pub fn count(&self, kind: Kind) -> usize {
                match kind { $(Kind::$kind => self.$field.len(),)* }
            }

            /// Whether the table of a kind holds an object in the namespace.
            pub fn has_in_namespace(&self, kind: Kind, namespace: &str) -> bool {
                match kind { $(Kind::$kind => self.$field.has_namespace(namespace),)* }
            }

            /// How many objects of a kind a namespace holds.
            pub fn count_in(&self, kind: Kind, namespace: &str) -> usize {
                match kind { $(Kind::$kind => self.$field.in_namespace(namespace).len(),)* }
            }

            /// The namespaces that hold an object of a kind, sorted.
            pub fn namespaces_of(&self, kind: Kind) -> Vec<&Text> {
                match kind { $(Kind::$kind => self.$field.namespaces().collect(),)* }
            }

            /// Names every object of a kind.
            pub fn references(&self, kind: Kind) -> Vec<crate::model::ObjectRef> {
                match kind { $(Kind::$kind => self.$field.iter().map(|object| object.reference()).collect(),)* }
            }

            /// The metadata of one object.
            pub fn metadata(&self, kind: Kind, namespace: &str, name: &str) -> Option<&ObjectMeta> {
                match kind { $(Kind::$kind => self.$field.get(namespace, name).map(|object| object.metadata()),)* }
            }

            /// The metadata of every object of a kind.
            pub fn all_metadata(&self, kind: Kind) -> Vec<&ObjectMeta> {
                match kind { $(Kind::$kind => self.$field.iter().map(|object| object.metadata()).collect(),)* }
            }
        }

        /// One object of any typed kind.
        #[derive(Debug, Clone)]
        pub enum AnyObject {
            $(#[doc = concat!("A ", stringify!($kind), ".")] $kind(std::sync::Arc<$kind>),)*
        }

        impl AnyObject {
            /// Reads one object of a kind from the API's JSON. One without a namespace is in `default`, one of a
            /// cluster-scoped kind in none.
            pub fn from_json(kind: Kind, json: &str) -> Result<Self, serde_json::Error> {
                let mut object = if kind == Kind::Pod {
                    Self::Pod(Pod::from_json(json)?.into())
                } else {
                    match kind { $(Kind::$kind => Self::$kind(serde_json::from_str(json)?),)* }
                };
                if let Some(meta) = object.metadata_mut() {
                    if !kind.is_namespaced() {
                        meta.namespace = Text::default();
                    } else if meta.namespace.is_empty() {
                        meta.namespace = Text::new("default");
                    }
                }
                Ok(object)
            }

            /// Its kind.
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind,)* }
            }

            /// Its metadata.
            pub fn metadata(&self) -> &ObjectMeta {
                match self { $(Self::$kind(object) => &object.metadata,)* }
            }

            /// Whether another object says the same, whatever its version.
            pub(crate) fn is_same_but_version(&self, other: &mut Self) -> bool {
                let own = self.metadata().resource_version;
                let version = other
                    .metadata_mut()
                    .map(|meta| std::mem::replace(&mut meta.resource_version, own));
                let is_same = match (self, &*other) {
                    $((Self::$kind(known), Self::$kind(other)) => known == other,)*
                    _ => false,
                };
                if let (Some(version), Some(meta)) = (version, other.metadata_mut()) {
                    meta.resource_version = version;
                }
                is_same
            }

            /// Its metadata, to change it; none while the object is shared.
            pub(crate) fn metadata_mut(&mut self) -> Option<&mut ObjectMeta> {
                match self { $(Self::$kind(object) => std::sync::Arc::get_mut(object).map(|object| &mut object.metadata),)* }
            }
        }

        $(
            impl From<$kind> for AnyObject {
                fn from(object: $kind) -> Self {
                    Self::$kind(object.into())
                }
            }
        )*

        impl Tables {
            /// The object of this kind and name.
            pub fn any(&self, kind: Kind, namespace: &str, name: &str) -> Option<AnyObject> {
                match kind {
                    $(Kind::$kind => self.$field.get(namespace, name).cloned().map(AnyObject::$kind),)*
                }
            }

            /// Every object of a kind, by namespace and name.
            pub fn all(&self, kind: Kind) -> Vec<AnyObject> {
                match kind {
                    $(Kind::$kind => self.$field.iter().cloned().map(AnyObject::$kind).collect(),)*
                }
            }

            /// Puts an object in the place of the one of its kind and name, and returns that one.
            pub(crate) fn put(&mut self, object: AnyObject) -> Option<AnyObject> {
                match object {
                    $(AnyObject::$kind(object) => self.$field.put(object).map(AnyObject::$kind),)*
                }
            }

            /// The objects that only these tables hold, and those that only the others hold.
            pub(crate) fn differences(&self, other: &Self) -> (Vec<AnyObject>, Vec<AnyObject>) {
                let (mut gone, mut come) = (Vec::new(), Vec::new());
                $(
                    let (here, there) = self.$field.differences(&other.$field);
                    gone.extend(here.into_iter().cloned().map(AnyObject::$kind));
                    come.extend(there.into_iter().cloned().map(AnyObject::$kind));
                )*
                (gone, come)
            }

            /// Takes an object out.
            pub(crate) fn take(&mut self, kind: Kind, namespace: &str, name: &str) -> Option<AnyObject> {
                match kind {
                    $(Kind::$kind => self.$field.take(namespace, name).map(AnyObject::$kind),)*
                }
            }
        }

        /// Objects on their way from a source into the tables.
        #[derive(Debug, Default)]
        pub struct Batch {
            $($field: Vec<std::sync::Arc<$kind>>,)*
        }

        impl Batch {
            /// Reads one object of a kind from JSON.
            pub fn push_json(&mut self, kind: Kind, json: &[u8]) -> Result<(), serde_json::Error> {
                // Checked once as a whole, which costs a tenth of checking every string.
                let text = std::str::from_utf8(json).map_err(serde::de::Error::custom)?;
                if kind == Kind::Pod {
                    self.pods.push(Pod::from_json(text)?.into());
                    return Ok(());
                }
                match kind { $(Kind::$kind => self.$field.push(serde_json::from_str(text)?),)* }
                Ok(())
            }

            /// Reads one object of a kind from YAML.
            pub fn push_yaml(&mut self, kind: Kind, yaml: &str) -> Result<(), serde_saphyr::Error> {
                let options = super::yaml::options();
                match kind { $(Kind::$kind => self.$field.push(serde_saphyr::from_str_with_options(yaml, options)?),)* }
                Ok(())
            }

            /// Reads one object of a kind from a value.
            pub fn push_value(&mut self, kind: Kind, value: serde_json::Value) -> Result<(), serde_json::Error> {
                match kind { $(Kind::$kind => self.$field.push(serde_json::from_value(value)?),)* }
                Ok(())
            }

            /// The metadata of the object that was read last, to correct it.
            pub(crate) fn last_mut(&mut self, kind: Kind) -> Option<&mut ObjectMeta> {
                match kind {
                    $(Kind::$kind => {
                        let object = std::sync::Arc::get_mut(self.$field.last_mut()?)?;
                        Some(&mut object.metadata)
                    })*
                }
            }

            /// Hands the object that was read last to another batch.
            pub(crate) fn hand_last_to(&mut self, other: &mut Self, kind: Kind) {
                match kind { $(Kind::$kind => { other.$field.extend(self.$field.pop()); })* }
            }

            /// Takes back the object that was read last.
            pub(crate) fn pop(&mut self, kind: Kind) {
                match kind { $(Kind::$kind => { self.$field.pop(); })* }
            }
        }

        impl Tables {
            /// Takes in what a source has read.
            pub fn absorb(&mut self, batch: Batch) {
                $(if !batch.$field.is_empty() { self.$field.extend_shared(batch.$field); })*
            }

            /// Takes in the objects of other tables; they replace those of the same name.
            pub(crate) fn overlay(&mut self, other: &Self) {
                $(for object in other.$field.iter() {
                    self.$field.put(object.clone());
                })*
            }

            /// Takes out the object of this name; the namespace is empty for what is cluster-scoped.
            pub fn remove(&mut self, kind: Kind, namespace: &str, name: &str) {
                match kind { $(Kind::$kind => { self.$field.take(namespace, name); })* }
            }

            /// Puts another table of a kind in the place of the one here, or of what it holds in one namespace.
            pub fn replace(&mut self, kind: Kind, namespace: Option<&str>, other: &Self) {
                match kind { $(Kind::$kind => self.$field.replace(namespace, &other.$field),)* }
            }

            /// Every object of a kind as JSON, each with `apiVersion` and `kind`.
            pub fn to_json(&self, kind: Kind) -> Result<Vec<serde_json::Value>, serde_json::Error> {
                match kind {
                    $(Kind::$kind => self.$field.iter().map(|object| with_type(kind, &**object)).collect(),)*
                }
            }
        }

        $(
            impl Object for $kind {
                const KIND: Kind = Kind::$kind;

                fn metadata(&self) -> &ObjectMeta {
                    &self.metadata
                }

                fn table(tables: &Tables) -> &Table<Self> {
                    &tables.$field
                }

                fn table_mut(tables: &mut Tables) -> &mut Table<Self> {
                    &mut tables.$field
                }
            }
        )*
    };
}

macro_rules! is_namespaced {
    (namespaced) => {
        true
    };
    (cluster) => {
        false
    };
}

kinds! {
    Namespace namespaces "v1" "namespaces" cluster;
    Node nodes "v1" "nodes" cluster;
    Pod pods "v1" "pods" namespaced;
    Service services "v1" "services" namespaced;
    Endpoints endpoints "v1" "endpoints" namespaced;
    Event events "v1" "events" namespaced;
    ConfigMap config_maps "v1" "configmaps" namespaced;
    Secret secrets "v1" "secrets" namespaced;
    ServiceAccount service_accounts "v1" "serviceaccounts" namespaced;
    PersistentVolumeClaim persistent_volume_claims "v1" "persistentvolumeclaims" namespaced;
    PersistentVolume persistent_volumes "v1" "persistentvolumes" cluster;
    ReplicationController replication_controllers "v1" "replicationcontrollers" namespaced;
    ResourceQuota resource_quotas "v1" "resourcequotas" namespaced;
    LimitRange limit_ranges "v1" "limitranges" namespaced;
    Deployment deployments "apps/v1" "deployments" namespaced;
    ReplicaSet replica_sets "apps/v1" "replicasets" namespaced;
    StatefulSet stateful_sets "apps/v1" "statefulsets" namespaced;
    DaemonSet daemon_sets "apps/v1" "daemonsets" namespaced;
    ControllerRevision controller_revisions "apps/v1" "controllerrevisions" namespaced;
    Job jobs "batch/v1" "jobs" namespaced;
    CronJob cron_jobs "batch/v1" "cronjobs" namespaced;
    HorizontalPodAutoscaler horizontal_pod_autoscalers "autoscaling/v2" "horizontalpodautoscalers" namespaced;
    PodDisruptionBudget pod_disruption_budgets "policy/v1" "poddisruptionbudgets" namespaced;
    Ingress ingresses "networking.k8s.io/v1" "ingresses" namespaced;
    IngressClass ingress_classes "networking.k8s.io/v1" "ingressclasses" cluster;
    NetworkPolicy network_policies "networking.k8s.io/v1" "networkpolicies" namespaced;
    EndpointSlice endpoint_slices "discovery.k8s.io/v1" "endpointslices" namespaced;
    StorageClass storage_classes "storage.k8s.io/v1" "storageclasses" cluster;
    CSIDriver csi_drivers "storage.k8s.io/v1" "csidrivers" cluster;
    CSINode csi_nodes "storage.k8s.io/v1" "csinodes" cluster;
    VolumeAttachment volume_attachments "storage.k8s.io/v1" "volumeattachments" cluster;
    Role roles "rbac.authorization.k8s.io/v1" "roles" namespaced;
    ClusterRole cluster_roles "rbac.authorization.k8s.io/v1" "clusterroles" cluster;
    RoleBinding role_bindings "rbac.authorization.k8s.io/v1" "rolebindings" namespaced;
    ClusterRoleBinding cluster_role_bindings "rbac.authorization.k8s.io/v1" "clusterrolebindings" cluster;
    PriorityClass priority_classes "scheduling.k8s.io/v1" "priorityclasses" cluster;
    RuntimeClass runtime_classes "node.k8s.io/v1" "runtimeclasses" cluster;
    ValidatingWebhookConfiguration validating_webhooks "admissionregistration.k8s.io/v1" "validatingwebhookconfigurations" cluster;
    MutatingWebhookConfiguration mutating_webhooks "admissionregistration.k8s.io/v1" "mutatingwebhookconfigurations" cluster;
    APIService api_services "apiregistration.k8s.io/v1" "apiservices" cluster;
    CustomResourceDefinition custom_resource_definitions "apiextensions.k8s.io/v1" "customresourcedefinitions" cluster;
    CertificateSigningRequest certificate_signing_requests "certificates.k8s.io/v1" "certificatesigningrequests" cluster;
    Lease leases "coordination.k8s.io/v1" "leases" namespaced;
    // Last: their plurals are those of nodes and pods, which a word without a group means.
    NodeMetrics node_metrics "metrics.k8s.io/v1beta1" "nodes" cluster;
    PodMetrics pod_metrics "metrics.k8s.io/v1beta1" "pods" namespaced;
}

fn with_type<T: serde::Serialize>(
    kind: Kind,
    object: &T,
) -> Result<serde_json::Value, serde_json::Error> {
    let mut value = serde_json::to_value(object)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("apiVersion".to_owned(), kind.api_version().into());
        fields.insert("kind".to_owned(), kind.as_str().into());
    }
    Ok(value)
}

impl Kind {
    /// The API group: empty for core.
    pub fn group(self) -> &'static str {
        group_of(self.api_version())
    }

    /// The API version without the group.
    pub fn version(self) -> &'static str {
        let full = self.api_version();
        full.split_once('/').map_or(full, |(_, version)| version)
    }

    /// Whether a sound cluster may do without it: its API comes with an add-on. That it is not served is
    /// told and keeps the checks that need it from running; it takes nothing from what was seen.
    pub const fn is_optional(self) -> bool {
        matches!(self, Self::NodeMetrics | Self::PodMetrics)
    }

    /// The kind that a manifest names. Versions of a group are read alike; events of
    /// `events.k8s.io` are events.
    pub fn from_manifest(api_version: &str, kind: &str) -> Option<Self> {
        let group = group_of(api_version);
        Self::ALL.iter().copied().find(|known| {
            known.as_str() == kind
                && (known.group() == group || (*known == Self::Event && group == "events.k8s.io"))
        })
    }

    /// The kind of this name, whatever its group.
    pub fn from_name(kind: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == kind)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KindSet(u64);

impl KindSet {
    /// No kind.
    pub const EMPTY: Self = Self(0);

    /// The set of these kinds.
    pub const fn of(kinds: &[Kind]) -> Self {
        let mut bits = 0;
        let mut rest = kinds;
        while let [first, others @ ..] = rest {
            bits |= 1 << (*first as u64);
            rest = others;
        }
        Self(bits)
    }

    /// Whether the kind is in it.
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << (kind as u64)) != 0
    }

    /// The set with a kind more.
    #[must_use]
    pub const fn with(self, kind: Kind) -> Self {
        Self(self.0 | (1 << (kind as u64)))
    }

    /// All that is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this and not in the other.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The kinds, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL
            .iter()
            .copied()
            .filter(move |kind| self.contains(*kind))
    }

    /// Whether no kind is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_group_and_name_in_any_version() {
        assert_eq!(
            Kind::from_manifest("apps/v1", "Deployment"),
            Some(Kind::Deployment)
        );
        assert_eq!(
            Kind::from_manifest("autoscaling/v1", "HorizontalPodAutoscaler"),
            Some(Kind::HorizontalPodAutoscaler)
        );
        assert_eq!(
            Kind::from_manifest("events.k8s.io/v1", "Event"),
            Some(Kind::Event)
        );
        assert_eq!(
            Kind::from_manifest("serving.knative.dev/v1", "Service"),
            None
        );
    }

    #[test]
    fn metrics_are_not_what_they_measure() {
        let of = |kind| Kind::from_manifest("metrics.k8s.io/v1beta1", kind);
        assert_eq!(of("PodMetrics"), Some(Kind::PodMetrics));
        assert_eq!(of("NodeMetrics"), Some(Kind::NodeMetrics));
        assert_eq!(of("Pod"), None);
        let first = |plural| Kind::ALL.iter().find(|kind| kind.plural() == plural);
        assert_eq!(first("pods"), Some(&Kind::Pod));
        assert_eq!(first("nodes"), Some(&Kind::Node));
    }

    #[test]
    fn every_kind_fits_into_a_set() {
        assert!(Kind::ALL.len() <= 64);
        let all = KindSet::of(Kind::ALL);
        assert!(Kind::ALL.iter().all(|kind| all.contains(*kind)));
    }
}
