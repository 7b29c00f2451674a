//! What a team has agreed on: `kubelens.yaml`, where it is found and what it comes to.

mod discover;
mod listing;

use std::path::{Path, PathBuf};

use anyhow::Context;
use kubelens_core::{
    analysis::Analyzer,
    documents::{Config, Problem},
    engine::Options,
    model::Placed,
};

pub(crate) use listing::{Setting, settings};

use crate::failure::Failure;

/// The configuration of this run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Configuration {
    /// The file; none where there is none.
    pub(crate) path: Option<PathBuf>,
    /// What messages call it.
    pub(crate) name: String,
    pub(crate) config: Config,
}

impl Configuration {
    /// The file that `--config` names, else the nearest from the working directory up, else the user's own.
    pub(crate) fn load(named: Option<&Path>) -> Result<Self, Failure> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => match discover::nearest() {
                Some(path) => path,
                None => return Ok(Self::default()),
            },
        };
        let name = discover::shown(&path);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the configuration {name}"))?;
        tracing::info!("configuration: {name}");
        let config = Config::parse(&name, &text).map_err(|problem| told(&problem))?;
        Ok(Self {
            path: Some(path),
            name,
            config,
        })
    }

    /// What it asks of the engine; `further` are the analyzers of rule packs.
    pub(crate) fn options(&self, further: &[&'static Analyzer]) -> Result<Options, Failure> {
        Options::configured(&self.name, &self.config, further).map_err(|problem| told(&problem))
    }

    /// The failure, with the place of the setting that it comes from.
    pub(crate) fn at<T>(&self, setting: &Placed<T>, failure: Failure) -> Failure {
        failure.at(&format!(
            "{}:{}:{}",
            self.name, setting.line, setting.column
        ))
    }

    /// The folder from which its paths count.
    pub(crate) fn folder(&self) -> &Path {
        self.path
            .as_deref()
            .and_then(Path::parent)
            .unwrap_or(Path::new(""))
    }
}

fn told(problem: &Problem) -> Failure {
    Failure::new(problem)
}
