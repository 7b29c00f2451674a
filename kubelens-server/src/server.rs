//! What the server is made of, and how it starts and stops.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

use crate::access::Access;
use crate::access::tls::{Tls, TlsListener};
use crate::actions::Operations;
use crate::api::load::{Load, Places};
use crate::api::models::Build;
use crate::bus::{Bus, Draft};
use crate::connections::{self, Waits};
use crate::history::keep;
use crate::kept::Kept;
use crate::live::{Clusters, Origin, Reading, follow, tell_views};
use crate::measures::Measures;

/// How long streams and requests get to end.
const GRACE: Duration = Duration::from_secs(10);

/// How the server runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// `dev`, `demo` or `prod`.
    pub mode: String,
    /// Whether it runs with a developer's shortcuts.
    pub dev_mode: bool,
    /// Whether somebody has to sign in.
    pub auth_enabled: bool,
    /// Whether clusters may be changed.
    pub writes_enabled: bool,
    /// For how many seconds a cluster that was lost is still shown.
    pub stale_max_seconds: i64,
    /// How long a log may be followed.
    pub log_stream_max: Duration,
    /// What is read of clusters, and how often.
    pub reading: Reading,
    /// Whether terminals and ports of pods are offered.
    pub exec_enabled: bool,
    /// What to know of how it runs.
    pub warnings: Vec<String>,
    /// Where records are kept: `memory` or `sled`.
    pub state_backend: String,
    /// How much may go on at a time.
    pub places: Places,
    /// Where a user interface for browsers lies; without one the own pages are shown.
    pub dist_dir: PathBuf,
    /// What was built.
    pub build: Build,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: "demo".to_owned(),
            dev_mode: false,
            auth_enabled: false,
            writes_enabled: false,
            stale_max_seconds: 600,
            log_stream_max: Duration::from_hours(1),
            reading: Reading::default(),
            exec_enabled: false,
            warnings: Vec::new(),
            state_backend: "memory".to_owned(),
            places: Places::default(),
            dist_dir: PathBuf::from("dist"),
            build: Build {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                commit: "local".to_owned(),
                built_at: "unknown".to_owned(),
            },
        }
    }
}

/// Everything that requests share. Cloning shares.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The clusters.
    pub clusters: Clusters,
    /// What happens.
    pub bus: Arc<Bus>,
    /// What is counted.
    pub measures: Arc<Measures>,
    /// How the server runs.
    pub options: Arc<Options>,
    /// What goes on for longer than a request.
    pub operations: Arc<Operations>,
    /// How much goes on.
    pub load: Arc<Load>,
    /// What is still there after a restart; none where nothing is kept.
    pub kept: Option<Kept>,
    /// Who may do what, and the trail of what was done; none in tests of other rooms.
    pub access: Option<Access>,
}

impl AppState {
    /// A server over these clusters; nothing is followed yet.
    pub fn new(clusters: Clusters, options: Options) -> Self {
        let bus = Arc::new(Bus::new());
        Self {
            clusters,
            operations: Arc::new(Operations::new(Arc::clone(&bus))),
            bus,
            measures: Arc::default(),
            load: Arc::new(Load::new(options.places)),
            options: Arc::new(options),
            kept: None,
            access: None,
        }
    }

    /// The same, with what is kept.
    #[must_use]
    pub fn remembering(mut self, kept: Kept) -> Self {
        self.kept = Some(kept);
        self
    }

    /// The same, with everybody behind the layers of access.
    #[must_use]
    pub fn behind(mut self, access: Access) -> Self {
        self.access = Some(access);
        self
    }

    /// Tells of what is written into the trail, without what viewers may not see, for as long as this is awaited.
    async fn tell_of_trail(bus: Arc<Bus>, access: Access) {
        use tokio::sync::broadcast::error::RecvError;
        let mut entries = access.audit().subscribe();
        loop {
            match entries.recv().await {
                Ok(entry) => {
                    let entry = (*entry).clone().for_viewers();
                    let by = entry.user.clone().unwrap_or_default();
                    let payload = serde_json::to_value(entry).unwrap_or_default();
                    bus.tell([Draft::new("audit", payload).by(&by)]);
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Begins to follow every cluster; each ends with its task.
    pub fn follow(&self) -> tokio::task::JoinSet<()> {
        let mut tasks = tokio::task::JoinSet::new();
        for cluster in self.clusters.iter() {
            tasks.spawn(follow(
                Arc::clone(cluster),
                Arc::clone(&self.bus),
                self.options.reading.clone(),
            ));
            if let Some(kept) = &self.kept {
                tasks.spawn(keep(Arc::clone(cluster), kept.history.clone()));
            }
            if cluster.impersonates() {
                tasks.spawn(tell_views(Arc::clone(cluster), Arc::clone(&self.bus)));
            }
        }
        tasks
    }
}

/// The whole API over a state.
pub fn app(state: AppState) -> Router {
    crate::api::router::router(state)
}

/// Serves until `stop` is done; then streams are told and given a little time.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    state: AppState,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let tasks = state.follow();
    let mut lives = tokio::task::JoinSet::new();
    for cluster in state.clusters.iter() {
        if let Origin::Demo(demo) = &cluster.origin {
            let demo = demo.clone();
            lives.spawn(async move { demo.go_on().await });
        }
    }
    if let Some(access) = &state.access {
        lives.spawn(AppState::tell_of_trail(
            Arc::clone(&state.bus),
            access.clone(),
        ));
        lives.spawn(review_tokens(state.clone(), access.clone()));
    }
    crate::telemetry::measure(&state);
    let bus = Arc::clone(&state.bus);
    let stop = async move {
        stop.await;
        bus.shut_down();
    };
    let waits = Waits::default();
    if let Some(tls) = tls {
        let listener = TlsListener::new(listener, Arc::new(tls))?;
        connections::serve(listener, true, router, stop, GRACE, waits).await;
    } else {
        // Events are small, and are not to wait for more of them.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        connections::serve(listener, false, router, stop, GRACE, waits).await;
    }
    drop(tasks);
    drop(lives);
    Ok(())
}

/// Lets the first cluster decide about bearer tokens once it is connected, where the settings ask for that.
async fn review_tokens(state: AppState, access: Access) {
    let mut pictures = state.clusters.first().pictures();
    if pictures.wait_for(Option::is_some).await.is_ok()
        && let Ok(client) = state.clusters.first().own_client()
    {
        access.review_tokens_with(client);
    }
}
