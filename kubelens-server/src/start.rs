//! From settings to a server that runs: listens first, then looks at its clusters.

use std::net::SocketAddr;

use anyhow::Context as _;
use kubelens_core::source::ConnectOptions;
use tokio::net::TcpListener;

use crate::access::Access;
use crate::access::tls::Tls;
use crate::api::load::Places;
use crate::api::models::Build;
use crate::audit::{Audit, AuditOptions};
use crate::demo::Demo;
use crate::kept::Kept;
use crate::live::{Cluster, Clusters, Origin, Reading};
use crate::server::{AppState, Options, app, serve};
use crate::settings::{ClusterSource, Mode, Settings};
use crate::store::Store;
use crate::telemetry;

/// The cluster that is meant where none is named.
const FIRST: &str = "default";

/// Runs the server until it is asked to stop. `listen` and `contexts` stand before the settings.
pub async fn run(
    settings: Settings,
    listen: Option<SocketAddr>,
    contexts: &[String],
) -> anyhow::Result<()> {
    // There is one process, and nobody installed another.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Gone at the end: what was gathered is sent before.
    let _telemetry = telemetry::begin(&settings.telemetry, &settings.build.version)?;
    let tls = settings.listening.tls.clone().map(Tls::load).transpose()?;
    let address = listen.unwrap_or(settings.listening.address);
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: choose another address with --listen")
    })?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let bound = listener.local_addr()?;
    tracing::info!("listening on {scheme}://{bound}");
    show_address(&format!("{scheme}://{}/", reachable(bound)), &settings);
    let store = store(&settings)?;
    let audit = AuditOptions {
        items: settings.state.audit_items,
        file: settings.state.audit_file.clone(),
        ..AuditOptions::default()
    };
    let options = options(&settings, store.is_some());
    let audit = Audit::open(audit, store.clone())?;
    let kept = store.clone().map(Kept::open).transpose()?;
    let access = Access::new(&settings, store, audit)?;
    let mut state = AppState::new(clusters(&settings, contexts)?, options).behind(access);
    if let Some(kept) = kept {
        state = state.remembering(kept);
    }
    let router = app(state.clone());
    serve(listener, tls, state, router, asked_to_stop()).await
}

/// An address that a browser on this machine can open.
fn reachable(bound: SocketAddr) -> String {
    if bound.ip().is_unspecified() {
        format!("localhost:{}", bound.port())
    } else {
        bound.to_string()
    }
}

/// Tells a person where to look; the log is for machines.
fn show_address(address: &str, settings: &Settings) {
    use std::io::Write as _;
    let demo = match settings.clusters.source {
        ClusterSource::Demo => " (a simulated cluster)",
        _ => "",
    };
    // Without a standard output there is nobody to tell.
    let _ = writeln!(std::io::stdout(), "KubeLens{demo}: open {address}");
}

/// The state directory; outside mode prod the server also runs without one, and says so.
fn store(settings: &Settings) -> anyhow::Result<Option<Store>> {
    match Store::open(&settings.state.directory) {
        Ok(store) => Ok(Some(store)),
        Err(error) if settings.mode == Mode::Prod => Err(error.into()),
        Err(error) => {
            tracing::error!("nothing is kept, and nothing can be changed: {error}");
            Ok(None)
        }
    }
}

fn options(settings: &Settings, is_kept: bool) -> Options {
    let view = settings.runtime_view();
    Options {
        mode: settings.mode.word().to_owned(),
        dev_mode: settings.dev_mode,
        auth_enabled: settings.authentication.enabled,
        writes_enabled: settings.writes,
        stale_max_seconds: i64::try_from(settings.clusters.stale_max.as_secs()).unwrap_or(i64::MAX),
        log_stream_max: settings.telemetry.log_stream_max,
        reading: Reading {
            namespaces: settings.clusters.namespaces.clone(),
            ask_again: settings.clusters.resync,
            poll: settings.clusters.metrics_poll,
        },
        warnings: view.warnings,
        state_backend: if is_kept { "sled" } else { "memory" }.to_owned(),
        exec_enabled: settings.exec,
        places: Places::default(),
        dist_dir: settings.listening.dist_dir.clone(),
        build: Build {
            version: settings.build.version.clone(),
            commit: settings.build.commit.clone(),
            built_at: settings.build.built_at.clone(),
        },
    }
}

/// The clusters that were asked for. The simulated one never stands in for another.
fn clusters(settings: &Settings, contexts: &[String]) -> anyhow::Result<Clusters> {
    let mut all = Vec::new();
    match &settings.clusters.source {
        ClusterSource::Demo => all.push(Cluster::new(FIRST, Origin::Demo(Demo::still()?))),
        ClusterSource::Data(text) => all.push(Cluster::new(FIRST, Origin::Data(text.clone()))),
        ClusterSource::InCluster => all.push(Cluster::new(FIRST, Origin::InCluster)),
        ClusterSource::ContextsOnly => {}
        ClusterSource::File(path) => {
            let file = |context: Option<&String>| {
                Origin::Kubeconfig(Box::new(ConnectOptions {
                    kubeconfig: Some(path.clone()),
                    context: context.cloned(),
                    ..ConnectOptions::default()
                }))
            };
            match contexts {
                [] => all.push(Cluster::new(FIRST, file(None))),
                several => all.extend(
                    several
                        .iter()
                        .map(|name| Cluster::new(name, file(Some(name)))),
                ),
            }
        }
    }
    let named = settings.clusters.contexts.iter();
    all.extend(
        named.map(|one| Cluster::new(one.name.clone(), Origin::Data(one.kubeconfig.clone()))),
    );
    let mode = settings.clusters.impersonation;
    let mut all = all.into_iter().map(|cluster| {
        cluster
            .impersonating(mode)
            .within(settings.clusters.timeout)
    });
    let first = all
        .next()
        .context("no cluster to follow: --demo shows a simulated one")?;
    Ok(Clusters::new(first, all.collect()))
}

/// Done at Ctrl-C or SIGTERM.
async fn asked_to_stop() {
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
