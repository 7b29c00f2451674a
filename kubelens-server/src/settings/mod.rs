//! What the server was told: from flags, the environment, files, and one YAML file, in this order.
//!
//! ```text
//! Arguments (flags) ─┐
//! environment ───────┼─> Sources ─> Reader ─> Settings, or Problems: everything that is wrong
//! NAME_FILE, YAML ───┘
//! ```
//!
//! Nothing falls back silently: a value that cannot be read, a name that nobody knows and a
//! breach of a mode's laws all stop the start, and all of them are told at once.

mod alerting;
mod arguments;
mod assistant;
mod authentication;
mod clusters;
mod effective;
mod laws;
mod listening;
mod mode;
mod problem;
mod reader;
mod runtime_view;
mod sources;
mod state;
mod telemetry;
mod variables;

use std::time::Duration;

pub use alerting::{Alerting, Notify};
pub use arguments::Arguments;
pub use assistant::{Assistant, Predictor};
pub use authentication::{Authentication, Impersonation, Oidc, StaticToken, TokenReview};
pub use clusters::{ClusterSource, Clusters, NamedKubeconfig};
pub use effective::EffectiveSetting;
pub use listening::{Build, Listening, TlsFiles};
pub use mode::{FourEyes, Mode};
pub use problem::{Problem, Problems};
pub use runtime_view::RuntimeView;
pub use secrecy::ExposeSecret;
pub use sources::Sources;
pub use state::{AuditReads, RateLimit, State, state_directory};
pub use telemetry::{LogFormat, Otlp, OtlpProtocol, Telemetry};
pub use variables::{VARIABLES, Variable};

/// Text that never shows itself: not in `Debug`, not in JSON, not in memory after its end.
pub type Secret = secrecy::SecretString;

/// Everything the server was told, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// dev, demo or prod.
    pub mode: Mode,
    /// Well-known tokens for development; never in prod.
    pub dev_mode: bool,
    /// Where to listen, TLS, the browser's files.
    pub listening: Listening,
    /// Version, commit and time of the build.
    pub build: Build,
    /// Which clusters, how fresh, whose rights.
    pub clusters: Clusters,
    /// Who may come in.
    pub authentication: Authentication,
    /// Whether clusters may be changed at all.
    pub writes: bool,
    /// Whether terminals and port forwarding are offered.
    pub exec: bool,
    /// Whether the one who approved may execute.
    pub four_eyes: FourEyes,
    /// How long a proposal lives.
    pub proposal_ttl: Duration,
    /// Requests a principal may make; nothing when limits are off.
    pub rate_limit: Option<RateLimit>,
    /// Where state and the audit trail go.
    pub state: State,
    /// The assistant and its model.
    pub assistant: Assistant,
    /// The predictor's service.
    pub predictor: Predictor,
    /// Alert channels and chat notices.
    pub alerting: Alerting,
    /// Logs, traces, the scrape token.
    pub telemetry: Telemetry,
    effective: Vec<EffectiveSetting>,
}

impl Settings {
    /// Reads and checks everything; on failure all problems, never only the first.
    pub fn load(sources: &Sources) -> Result<Settings, Problems> {
        let mut reader = reader::Reader::new(sources);
        let mode = mode::read(&mut reader);
        let dev_mode = reader.flag("DEV_MODE", false);
        let settings = Settings {
            mode,
            dev_mode,
            listening: listening::read(&mut reader),
            build: listening::read_build(&mut reader),
            clusters: clusters::read(&mut reader, mode),
            authentication: authentication::read(&mut reader, mode, dev_mode),
            writes: reader.flag("WRITE_ACTIONS_ENABLED", false),
            exec: reader.flag("EXEC_ENABLED", false),
            four_eyes: mode::read_four_eyes(&mut reader),
            proposal_ttl: reader.seconds("PROPOSAL_TTL_SECONDS", 86_400, 60..=30 * 86_400),
            rate_limit: state::read_rate_limit(&mut reader, mode),
            state: state::read(&mut reader),
            assistant: assistant::read(&mut reader),
            predictor: assistant::read_predictor(&mut reader),
            alerting: alerting::read(&mut reader),
            telemetry: telemetry::read(&mut reader),
            effective: effective::list(sources),
        };
        laws::check(&settings, &mut reader);
        reader.finish()?;
        Ok(settings)
    }

    /// Every setting with its value (secrets masked) and where it came from, for `/api/config`.
    pub fn effective(&self) -> &[EffectiveSetting] {
        &self.effective
    }
}

#[cfg(test)]
mod tests;
