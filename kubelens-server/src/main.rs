//! The server's program: listens, follows its clusters, and serves until it is asked to stop.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use kubelens_core::source::{ConnectOptions, LiveSource};
use kubelens_server::demo::Demo;
use kubelens_server::live::{Cluster, Clusters, Origin};
use kubelens_server::{AppState, Options, app, server};

/// The hosted runtime of KubeLens.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen.
    #[arg(long, env = "KUBELENS_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// A simulated cluster instead of a real one.
    #[arg(long, conflicts_with_all = ["kubeconfig", "context", "in_cluster"])]
    demo: bool,
    /// The kubeconfig file.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// A context to follow, once for each; the current one without it.
    #[arg(long, value_name = "NAME")]
    context: Vec<String>,
    /// The cluster that this runs in, by its ServiceAccount.
    #[arg(long, conflicts_with_all = ["kubeconfig", "context"])]
    in_cluster: bool,
    /// Only these namespaces.
    #[arg(
        long,
        env = "KUBE_NAMESPACES",
        value_delimiter = ',',
        value_name = "NAMES"
    )]
    namespaces: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // There is one process, and nobody installed another.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("LOG_LEVEL")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")),
        )
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let clusters = clusters(&arguments)?;
    let listener = tokio::net::TcpListener::bind(arguments.listen)
        .await
        .with_context(|| {
            format!(
                "cannot listen on {}: choose another address with --listen",
                arguments.listen
            )
        })?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    let options = Options {
        mode: if arguments.demo { "demo" } else { "dev" }.to_owned(),
        namespaces: arguments.namespaces.clone(),
        ..Options::default()
    };
    let state = AppState::new(clusters, options);
    let router = app(state.clone());
    server::serve(listener, state, router, asked_to_stop()).await
}

/// The clusters that were asked for. The simulated one never stands in for another.
fn clusters(arguments: &Arguments) -> anyhow::Result<Clusters> {
    if arguments.demo {
        return Ok(Clusters::new(
            Cluster::new("default", Origin::Demo(Demo::still()?)),
            Vec::new(),
        ));
    }
    if arguments.in_cluster {
        return Ok(Clusters::new(
            Cluster::new("default", Origin::InCluster),
            Vec::new(),
        ));
    }
    let options = |context: Option<&String>| ConnectOptions {
        kubeconfig: arguments.kubeconfig.clone(),
        context: context.cloned(),
        ..ConnectOptions::default()
    };
    let known = LiveSource::contexts(&options(None)).context("the kubeconfig cannot be read")?;
    if known.is_empty() && std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
        return Ok(Clusters::new(
            Cluster::new("default", Origin::InCluster),
            Vec::new(),
        ));
    }
    anyhow::ensure!(
        !known.is_empty(),
        "no cluster to follow: --demo shows a simulated one, --kubeconfig FILE names one, --in-cluster is for a pod"
    );
    let cluster = |name: &str, context: Option<&String>| {
        Cluster::new(name, Origin::Kubeconfig(Box::new(options(context))))
    };
    let mut all = arguments
        .context
        .iter()
        .map(|name| cluster(name, Some(name)));
    match all.next() {
        Some(first) => Ok(Clusters::new(first, all.collect())),
        None => Ok(Clusters::new(cluster("default", None), Vec::new())),
    }
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
