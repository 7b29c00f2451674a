use jiff::Timestamp;

use super::{
    Condition, LabelSelector, Labels, List, NodeSelector, ObjectMeta, ObjectReference,
    ResourceRequirements, Resources, Text, TypedReference,
};

slim! {
    /// core/v1 PersistentVolumeClaim.
    pub struct PersistentVolumeClaim {
        pub metadata: ObjectMeta,
        pub spec: PersistentVolumeClaimSpec,
        pub status: PersistentVolumeClaimStatus,
    }

    pub struct PersistentVolumeClaimSpec {
        pub storage_class_name: Option<Text>,
        pub volume_name: Text,
        pub access_modes: List<Text>,
        pub volume_mode: Text,
        pub resources: ResourceRequirements,
        pub selector: Option<LabelSelector>,
        pub data_source: Option<TypedReference>,
        pub data_source_ref: Option<TypedReference>,
        pub volume_attributes_class_name: Text,
    }

    pub struct PersistentVolumeClaimStatus {
        pub phase: Text,
        pub access_modes: List<Text>,
        pub capacity: Resources,
        pub conditions: List<Condition>,
        pub allocated_resource_statuses: Labels,
        pub current_volume_attributes_class_name: Text,
        pub modify_volume_status: Option<ModifyVolumeStatus>,
    }

    pub struct ModifyVolumeStatus {
        pub status: Text,
        pub target_volume_attributes_class_name: Text,
    }

    /// core/v1 PersistentVolume.
    pub struct PersistentVolume {
        pub metadata: ObjectMeta,
        pub spec: PersistentVolumeSpec,
        pub status: PersistentVolumeStatus,
    }

    pub struct PersistentVolumeSpec {
        pub capacity: Resources,
        pub access_modes: List<Text>,
        pub storage_class_name: Text,
        pub volume_mode: Text,
        pub persistent_volume_reclaim_policy: Text,
        pub claim_ref: Option<ObjectReference>,
        pub node_affinity: Option<VolumeNodeAffinity>,
        pub csi: Option<CsiPersistentVolume>,
        pub nfs: Option<super::NfsVolume>,
    }

    pub struct CsiPersistentVolume {
        pub driver: Text,
        pub volume_handle: Text,
        pub controller_publish_secret_ref: Option<SecretReference>,
        pub controller_expand_secret_ref: Option<SecretReference>,
        pub node_publish_secret_ref: Option<SecretReference>,
        pub node_stage_secret_ref: Option<SecretReference>,
        pub node_expand_secret_ref: Option<SecretReference>,
    }

    /// core/v1 SecretReference.
    pub struct SecretReference {
        pub name: Text,
        pub namespace: Text,
    }

    pub struct VolumeNodeAffinity {
        pub required: Option<NodeSelector>,
    }

    pub struct PersistentVolumeStatus {
        pub phase: Text,
        pub reason: Text,
        pub message: Text,
        pub last_phase_transition_time: Option<Timestamp>,
    }

    /// storage/v1 StorageClass.
    pub struct StorageClass {
        pub metadata: ObjectMeta,
        pub provisioner: Text,
        pub volume_binding_mode: Text,
        pub reclaim_policy: Text,
        pub allow_volume_expansion: Option<bool>,
        pub parameters: Labels,
    }

    /// storage/v1 CSIDriver.
    pub struct CSIDriver {
        pub metadata: ObjectMeta,
    }

    /// storage/v1 CSINode.
    pub struct CSINode {
        pub metadata: ObjectMeta,
        pub spec: CSINodeSpec,
    }

    pub struct CSINodeSpec {
        pub drivers: List<CSINodeDriver>,
    }

    pub struct CSINodeDriver {
        pub name: Text,
        pub topology_keys: List<Text>,
        pub allocatable: Option<VolumeNodeResources>,
    }

    pub struct VolumeNodeResources {
        pub count: Option<i64>,
    }

    /// storage/v1 VolumeAttachment.
    pub struct VolumeAttachment {
        pub metadata: ObjectMeta,
        pub spec: VolumeAttachmentSpec,
        pub status: VolumeAttachmentStatus,
    }

    pub struct VolumeAttachmentSpec {
        pub attacher: Text,
        pub node_name: Text,
        pub source: VolumeAttachmentSource,
    }

    pub struct VolumeAttachmentSource {
        pub persistent_volume_name: Text,
    }

    pub struct VolumeAttachmentStatus {
        pub attached: bool,
        pub attach_error: Option<VolumeError>,
        pub detach_error: Option<VolumeError>,
    }

    pub struct VolumeError {
        pub time: Option<Timestamp>,
        pub message: Text,
    }
}
