use super::{Container, ContainerStatus, Pod, PodSpec, Terminated, Waiting};

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerRole {
    /// Runs to its end before the others start.
    Init,
    /// An init container with `restartPolicy: Always` (KEP-753): starts first, runs along.
    Sidecar,
    /// An ordinary container.
    App,
}

impl ContainerRole {
    /// As it is said in a sentence: `init container`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Init => "init container",
            Self::Sidecar => "sidecar",
            Self::App => "container",
        }
    }
}

/// A container of a pod: what is wanted and what is.
#[derive(Debug, Clone, Copy)]
pub struct ContainerView<'a> {
    /// What it is for.
    pub role: ContainerRole,
    /// What the spec says.
    pub spec: &'a Container,
    /// What the kubelet says; none before it looked.
    pub status: Option<&'a ContainerStatus>,
    /// Where its status stands: `status.containerStatuses`.
    pub status_list: &'static str,
    /// Its place in that list.
    pub index: usize,
}

impl<'a> ContainerView<'a> {
    /// Its name.
    pub fn name(&self) -> &'a str {
        &self.spec.name
    }

    /// Why it waits.
    pub fn waiting(&self) -> Option<&'a Waiting> {
        self.status?.state.waiting.as_deref()
    }

    /// The reason why it waits; empty if it does not.
    pub fn waiting_reason(&self) -> &'a str {
        self.waiting().map_or("", |waiting| waiting.reason.as_str())
    }

    /// Whether it runs now.
    pub fn is_running(&self) -> bool {
        self.status
            .is_some_and(|status| status.state.running.is_some())
    }

    /// Whether it is ready now.
    pub fn is_ready(&self) -> bool {
        self.status.is_some_and(|status| status.ready)
    }

    /// How its newest finished run ended.
    pub fn last_end(&self) -> Option<&'a Terminated> {
        let status = self.status?;
        status
            .state
            .terminated
            .as_deref()
            .or(status.last_state.terminated.as_deref())
    }

    /// Where the newest end stands: the path of the field below the pod.
    pub fn last_end_path(&self, field: &str) -> String {
        let current = self
            .status
            .is_some_and(|status| status.state.terminated.is_some());
        let state = if current { "state" } else { "lastState" };
        self.status_path(&format!("{state}.terminated.{field}"))
    }

    /// The path of a field of its status.
    pub fn status_path(&self, field: &str) -> String {
        format!("{}[{}].{field}", self.status_list, self.index)
    }

    /// How often it was restarted.
    pub fn restarts(&self) -> i64 {
        self.status.map_or(0, |status| status.restart_count)
    }

    /// `container web`, `init container migrate`.
    pub fn title(&self) -> String {
        format!("{} `{}`", self.role.as_str(), self.name())
    }
}

impl Container {
    /// The last part of its image without tag and digest: `kube-proxy` of `registry.k8s.io/kube-proxy:v1.35.0`.
    pub fn image_name(&self) -> &str {
        let last = self.image.rsplit('/').next().unwrap_or_default();
        last.split([':', '@']).next().unwrap_or_default()
    }
}

impl PodSpec {
    /// All containers in the order in which they start, with their roles.
    pub fn all_containers(&self) -> impl Iterator<Item = (ContainerRole, &Container)> {
        let init = self.init_containers.iter().map(|container| {
            let role = if container.restart_policy == "Always" {
                ContainerRole::Sidecar
            } else {
                ContainerRole::Init
            };
            (role, container)
        });
        init.chain(
            self.containers
                .iter()
                .map(|container| (ContainerRole::App, container)),
        )
    }

    /// The container of this name.
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.all_containers()
            .map(|(_, container)| container)
            .find(|container| container.name == name)
    }
}

impl Pod {
    /// All containers with their status, in the order in which they start.
    pub fn containers(&self) -> impl Iterator<Item = ContainerView<'_>> {
        self.spec.all_containers().map(|(role, spec)| {
            let (list, status_list) = match role {
                ContainerRole::App => (&self.status.container_statuses, "status.containerStatuses"),
                _ => (
                    &self.status.init_container_statuses,
                    "status.initContainerStatuses",
                ),
            };
            let index = list.iter().position(|status| status.name == spec.name);
            ContainerView {
                role,
                spec,
                status: index.and_then(|index| list.get(index)),
                status_list,
                index: index.unwrap_or(0),
            }
        })
    }
}
