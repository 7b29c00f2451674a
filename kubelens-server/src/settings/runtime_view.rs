use serde::Serialize;

use super::{ClusterSource, Impersonation, Mode, Settings};

/// What everyone may know of the settings: the part of `/api/runtime` that they decide. No value
/// of it is a secret, an address or a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeView {
    /// dev, demo or prod.
    pub mode: &'static str,
    /// Well-known tokens are accepted.
    pub dev_mode: bool,
    /// Not prod, or dev mode, or nobody has to sign in.
    pub insecure: bool,
    /// False for the simulated cluster.
    pub is_real_cluster: bool,
    /// People sign in.
    pub auth_enabled: bool,
    /// Clusters may be changed.
    pub write_actions_enabled: bool,
    /// A predictor's service is named.
    pub predictor_enabled: bool,
    /// A model answers the assistant's questions.
    pub assistant_enabled: bool,
    /// References are searched.
    pub rag_enabled: bool,
    /// An alert would reach someone.
    pub alerts_enabled: bool,
    /// Terminals are offered.
    pub exec_enabled: bool,
    /// Where state goes.
    pub state_backend: &'static str,
    /// What a person should know before trusting this server.
    pub warnings: Vec<String>,
}

impl Settings {
    /// The redacted view of `/api/runtime`.
    pub fn runtime_view(&self) -> RuntimeView {
        let auth_enabled = self.authentication.enabled;
        RuntimeView {
            mode: self.mode.word(),
            dev_mode: self.dev_mode,
            insecure: self.mode != Mode::Prod || self.dev_mode || !auth_enabled,
            is_real_cluster: !matches!(self.clusters.source, ClusterSource::Demo),
            auth_enabled,
            write_actions_enabled: self.writes,
            predictor_enabled: self.predictor.base_url.is_some(),
            assistant_enabled: self.assistant.model_enabled,
            rag_enabled: self.assistant.rag_enabled,
            alerts_enabled: self.alerting.has_channel(),
            exec_enabled: self.exec,
            state_backend: "sled",
            warnings: self.warnings(),
        }
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut warn = |told: bool, text: &str| {
            if told {
                warnings.push(text.to_owned());
            }
        };
        let mode = format!("mode is {}, not prod", self.mode.word());
        warn(self.mode != Mode::Prod, &mode);
        warn(
            self.dev_mode,
            "DEV_MODE is on: its tokens are known to everyone",
        );
        let shared = self.authentication.enabled
            && self.clusters.impersonation == Impersonation::Off
            && !matches!(self.clusters.source, ClusterSource::Demo);
        warn(
            shared,
            "IMPERSONATION is off: everyone sees what the server's own account sees",
        );
        warnings
    }
}
