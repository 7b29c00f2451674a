//! A control plane with stories on it, as tests and tools want them: all at once.

use anyhow::{Result, bail};
use futures::future::join_all;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::control_plane::{ControlPlane, Options};
use crate::story::{self, Story};

/// A control plane on which stories have been played.
#[derive(Debug)]
pub struct Theatre {
    /// The control plane.
    pub plane: ControlPlane,
    /// A connection to it.
    pub cluster: Cluster,
    /// The stories whose state was reached, the soonest to be ripe first.
    pub stories: Vec<Story>,
    /// Stories that failed, and why.
    pub failures: Vec<String>,
    /// When the last one had reached its state.
    settled: Instant,
}

impl Theatre {
    /// Starts a control plane, plays the base and then these stories, all at the same time. Progress goes to
    /// `say`, a line at a time.
    pub async fn open(stories: Vec<Story>, say: impl Fn(String)) -> Result<Self> {
        let started = Instant::now();
        let mut options = Options::default();
        for story in &stories {
            options.users.extend(story.asks.clone());
            options.logs.extend(story.logs()?);
        }
        let plane = ControlPlane::start(&options).await?;
        say(format!(
            "control plane ready after {:.1} s",
            started.elapsed().as_secs_f32()
        ));
        let cluster = Cluster::new(plane.client().await?);
        story::base()?.play(&plane, &cluster).await?;
        say(format!(
            "base of the cluster ready after {:.1} s",
            started.elapsed().as_secs_f32()
        ));
        let played = join_all(stories.iter().map(async |story| {
            let result = story.play(&plane, &cluster).await;
            say(format!(
                "{:30} {} {:.1} s",
                story.name,
                if result.is_ok() {
                    "ready after"
                } else {
                    "FAILED after"
                },
                started.elapsed().as_secs_f32()
            ));
            result
        }))
        .await;
        let mut theatre = Self {
            plane,
            cluster,
            stories: Vec::new(),
            failures: Vec::new(),
            settled: Instant::now(),
        };
        for (story, result) in stories.into_iter().zip(played) {
            match result {
                Ok(()) => theatre.stories.push(story),
                Err(error) => theatre.failures.push(format!("{error:#}")),
            }
        }
        theatre.stories.sort_by_key(|story| story.ripe);
        Ok(theatre)
    }

    /// Waits until the state that a story tells of is old enough to be diagnosed.
    pub async fn ripen(&self, story: &Story) {
        tokio::time::sleep_until(self.settled + story.ripe).await;
    }

    /// An error that lists the stories that failed, if any did.
    pub fn all_played(&self) -> Result<()> {
        if self.failures.is_empty() {
            Ok(())
        } else {
            bail!("{}", self.failures.join("\n"))
        }
    }
}

/// Does the work, unless Ctrl-C comes first: then it is dropped, and with it whatever it had started.
pub async fn unless_interrupted(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::select! {
        done = work => done,
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}
