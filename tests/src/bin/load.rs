//! `load [DEPLOYMENTS [NODES]]`: starts a control plane, fills it for the benchmark (1000 Deployments of 10 pods
//! on 300 nodes, if nothing else is said), prints where the kubeconfig is, and keeps it running until Ctrl-C.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use kubelens_tests::cluster::Cluster;
use kubelens_tests::control_plane::{ControlPlane, Options};
use kubelens_tests::load::{Size, fill};
use kubelens_tests::theatre::unless_interrupted;

fn say(line: impl std::fmt::Display) {
    // Nobody reads any more: that is no reason to stop.
    drop(writeln!(std::io::stdout(), "{line}"));
}

#[tokio::main]
async fn main() -> Result<()> {
    unless_interrupted(run()).await
}

async fn run() -> Result<()> {
    let numbers = std::env::args().skip(1).map(|argument| {
        argument
            .parse()
            .with_context(|| format!("{argument}: a number?"))
    });
    let numbers: Vec<usize> = numbers.collect::<Result<_>>()?;
    let mut size = Size::default();
    if let Some(&deployments) = numbers.first() {
        size = Size {
            deployments,
            events: deployments * 21,
            ..size
        };
    }
    if let Some(&nodes) = numbers.get(1) {
        size.nodes = nodes;
    }
    // So many nodes on a busy machine renew their leases late: none is to be given up for that.
    let options = Options {
        node_grace: Duration::from_mins(10),
        ..Options::default()
    };
    let started = Instant::now();
    let plane = ControlPlane::start(&options).await?;
    fill(&Cluster::new(plane.client().await?), size, |line| {
        say(format!("{:6.1} s  {line}", started.elapsed().as_secs_f32()));
    })
    .await?;
    say(format!(
        "loaded after {:.1} s",
        started.elapsed().as_secs_f32()
    ));
    say(format!(
        "export KUBECONFIG={}",
        plane.admin_kubeconfig().display()
    ));
    std::future::pending().await
}
