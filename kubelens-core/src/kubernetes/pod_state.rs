use jiff::Timestamp;

use super::{Condition, Pod, condition};

/// The annotation that a kubelet puts on the API's copy of a static pod.
const MIRROR: &str = "kubernetes.io/config.mirror";

impl Pod {
    /// The condition of a type.
    pub fn condition(&self, type_: &str) -> Option<&Condition> {
        condition(&self.status.conditions, type_)
    }

    /// Whether the condition `Ready` is true.
    pub fn is_ready(&self) -> bool {
        self.condition("Ready").is_some_and(Condition::is_true)
    }

    /// Since when it is not ready, unless it has done its work. A pod that is to go from a node that does not answer counts.
    pub fn unready_since(&self) -> Option<Timestamp> {
        self.condition("Ready")
            .filter(|ready| ready.is_false() && !self.is_finished())
            .and_then(|ready| ready.last_transition_time)
    }

    /// Since when it is ready, if it is.
    pub fn ready_since(&self) -> Option<Timestamp> {
        self.condition("Ready")
            .filter(|ready| ready.is_true())
            .and_then(|ready| ready.last_transition_time)
    }

    /// Whether it ran to its end, well or not.
    pub fn is_finished(&self) -> bool {
        matches!(self.status.phase.as_str(), "Succeeded" | "Failed")
    }

    /// Whether it ended well.
    pub fn has_succeeded(&self) -> bool {
        self.status.phase == "Succeeded"
    }

    /// Whether it is meant to serve now: not being deleted and not finished.
    pub fn is_live(&self) -> bool {
        !self.metadata.is_terminating() && !self.is_finished()
    }

    /// Whether it says that it is a part of the control plane, as kubeadm labels them.
    pub fn is_control_plane(&self) -> bool {
        self.metadata.labels.value("tier") == Some("control-plane")
    }

    /// Which part of the control plane it is: `etcd`, `kube-apiserver`.
    pub fn component(&self) -> Option<&str> {
        self.metadata.labels.value("component")
    }

    /// Whether it has a node.
    pub fn is_scheduled(&self) -> bool {
        !self.node_name.is_empty()
    }

    /// Whether it is a kubelet's own pod (G-static).
    pub fn is_static(&self) -> bool {
        self.metadata.annotations.contains_key(MIRROR)
    }

    /// Whether a DaemonSet made it.
    pub fn is_of_daemon_set(&self) -> bool {
        let owner = self.metadata.controller();
        owner.is_some_and(|owner| owner.kind == "DaemonSet")
    }

    /// Whether sandbox and volumes are there: `PodReadyToStartContainers` (KEP-3085).
    pub fn is_ready_to_start_containers(&self) -> bool {
        self.condition("PodReadyToStartContainers")
            .is_some_and(Condition::is_true)
    }

    /// Whether any container ran or runs.
    pub fn has_started_a_container(&self) -> bool {
        self.containers().any(|container| {
            container.is_running()
                || container
                    .last_end()
                    .is_some_and(|end| end.started_at.is_some())
        })
    }
}
