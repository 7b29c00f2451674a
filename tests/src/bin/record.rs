//! `record STORY...|all --out DIR`: plays the stories and writes each as an offline cluster,
//! `DIR/<story>/{cluster.json, expect.json, <namespace>/<pod>/<container>.log}`.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use kubelens_tests::theatre::{Theatre, unless_interrupted};
use kubelens_tests::{recording, story};

fn say(line: impl std::fmt::Display) {
    // Nobody reads any more: that is no reason to stop.
    drop(writeln!(std::io::stderr(), "{line}"));
}

#[tokio::main]
async fn main() -> Result<()> {
    unless_interrupted(run()).await
}

async fn run() -> Result<()> {
    let mut wanted: Vec<String> = std::env::args().skip(1).collect();
    let out = wanted
        .iter()
        .position(|argument| argument == "--out")
        .context("usage: record STORY...|all --out DIR")?;
    let out: Vec<String> = wanted.drain(out..).collect();
    let out = PathBuf::from(out.get(1).context("--out needs a folder")?);
    ensure!(!wanted.is_empty(), "which stories? `all`, or names");
    let theatre = Theatre::open(story::named(&wanted)?, say).await?;
    theatre.all_played()?;
    say("waiting until the states are old enough to be diagnosed");
    if let Some(last) = theatre.stories.last() {
        theatre.ripen(last).await;
    }
    let objects = theatre.cluster.everything().await?;
    for story in &theatre.stories {
        let others: Vec<_> = theatre
            .stories
            .iter()
            .filter(|other| other.name != story.name)
            .collect();
        recording::write(story, &others, &objects, &theatre.cluster, &out).await?;
        say(out.join(&story.name).display());
    }
    Ok(())
}
