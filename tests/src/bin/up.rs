//! `up [STORY...]`: starts the control plane, plays the base and the stories (`all` for all of them), prints
//! where the kubeconfig is, and keeps everything running until Ctrl-C.

use std::io::Write as _;

use anyhow::Result;
use kubelens_tests::story;
use kubelens_tests::theatre::{Theatre, unless_interrupted};

fn say(line: impl std::fmt::Display) {
    // Nobody reads any more: that is no reason to stop.
    drop(writeln!(std::io::stdout(), "{line}"));
}

#[tokio::main]
async fn main() -> Result<()> {
    unless_interrupted(run()).await
}

async fn run() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let stories = story::named(&wanted)?;
    let theatre = Theatre::open(stories, say).await?;
    theatre.failures.iter().for_each(say);
    say(format!(
        "export KUBECONFIG={}",
        theatre.plane.admin_kubeconfig().display()
    ));
    std::future::pending().await
}
