//! The plugin against a real control plane: every story is played, then diagnosed as a user would, in its own
//! namespace and once cluster-wide, and judged.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use std::io::Write as _;

use anyhow::{Context as _, Result, ensure};
use kubelens_tests::judge::{Scope, complaints};
use kubelens_tests::theatre::Theatre;
use kubelens_tests::{diagnosis, story};

fn say(line: impl std::fmt::Display) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plugin_names_what_is_wrong_in_every_story_and_nothing_else() -> Result<()> {
    let theatre = Theatre::open(story::all()?, say).await?;
    theatre.all_played()?;
    let plugin = diagnosis::binary()
        .context("no kubectl-lens: build it (cargo build -p kubectl-lens), or set KUBELENS_BIN")?;
    let mut wrong = Vec::new();
    for story in &theatre.stories {
        theatre.ripen(story).await;
        let kubeconfig = match &story.asks {
            Some(user) => theatre.plane.kubeconfig_of(user)?,
            None => theatre.plane.admin_kubeconfig().to_path_buf(),
        };
        let found = match diagnosis::report(&plugin, &kubeconfig, &["-n", story.namespace()]) {
            Ok(report) => complaints(&report, &story.expectation, Scope::Story)?,
            Err(error) => vec![format!("{error:#}")],
        };
        say(format!(
            "{:34} {}",
            story.name,
            if found.is_empty() { "ok" } else { "WRONG" }
        ));
        wrong.extend(
            found
                .into_iter()
                .map(|complaint| format!("{}: {complaint}", story.name)),
        );
    }
    let cluster = diagnosis::report(&plugin, theatre.plane.admin_kubeconfig(), &["-A"])
        .context("the whole cluster")?;
    for story in &theatre.stories {
        let found = complaints(&cluster, &story.expectation, Scope::Cluster)?;
        wrong.extend(
            found
                .into_iter()
                .map(|complaint| format!("whole cluster, {}: {complaint}", story.name)),
        );
    }
    ensure!(
        wrong.is_empty(),
        "{} complaints:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    Ok(())
}
