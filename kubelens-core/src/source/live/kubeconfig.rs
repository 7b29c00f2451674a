//! Finds the kubeconfig and what in it is meant.

use std::path::{Path, PathBuf};

use kube::config::{AuthInfo, Cluster, Context, Kubeconfig, KubeconfigError};

use super::ConnectOptions;
use crate::source::SourceError;

/// Context, cluster and user that were chosen.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) name: String,
    pub(super) context: Context,
    pub(super) cluster: Cluster,
    pub(super) user: AuthInfo,
}

/// Reads all kubeconfigs that apply; none if there is not one.
///
/// As kubectl: `--kubeconfig` must exist; of the files that KUBECONFIG lists, missing ones are passed over.
#[allow(
    clippy::disallowed_methods,
    reason = "KUBECONFIG is where every client of Kubernetes looks"
)]
pub(super) fn find(options: &ConnectOptions) -> Result<Option<Kubeconfig>, SourceError> {
    if let Some(path) = &options.kubeconfig {
        return Kubeconfig::read_from(path)
            .map(Some)
            .map_err(|error| unreadable(path, &error));
    }
    let listed: Vec<PathBuf> = std::env::var_os("KUBECONFIG")
        .map(|list| {
            std::env::split_paths(&list)
                .filter(|path| !path.as_os_str().is_empty())
                .collect()
        })
        .unwrap_or_default();
    let paths = if listed.is_empty() {
        default_path().into_iter().collect()
    } else {
        listed
    };
    let mut merged: Option<Kubeconfig> = None;
    for path in paths {
        let next = match Kubeconfig::read_from(&path) {
            Ok(next) => next,
            Err(KubeconfigError::ReadConfig(error, _))
                if error.kind() == std::io::ErrorKind::NotFound =>
            {
                continue;
            }
            Err(error) => return Err(unreadable(&path, &error)),
        };
        merged = Some(match merged {
            Some(known) => known
                .merge(next)
                .map_err(|error| unreadable(&path, &error))?,
            None => next,
        });
    }
    Ok(merged)
}

fn default_path() -> Option<PathBuf> {
    std::env::home_dir().map(|home| home.join(".kube").join("config"))
}

fn unreadable(path: &Path, error: &KubeconfigError) -> SourceError {
    SourceError::Kubeconfig {
        detail: format!("{}: {}", path.display(), super::api::innermost(error)),
    }
}

/// Picks context, cluster and user; none where nothing says which.
pub(super) fn choose(
    config: &Kubeconfig,
    options: &ConnectOptions,
) -> Result<Option<Chosen>, SourceError> {
    let wanted = options
        .context
        .clone()
        .or_else(|| config.current_context.clone())
        .filter(|name| !name.is_empty());
    let contexts = config.contexts.iter().map(|known| known.name.as_str());
    let context = match &wanted {
        Some(name) => {
            let known = config.contexts.iter().find(|known| known.name == *name);
            known
                .ok_or_else(|| unknown("context", name, contexts))?
                .context
                .clone()
                .unwrap_or_default()
        }
        None if options.cluster.is_some() || options.server.is_some() => Context::default(),
        None => return Ok(None),
    };
    let cluster = match options.cluster.as_deref().unwrap_or(&context.cluster) {
        "" => Cluster::default(),
        name => {
            let known = config.clusters.iter().find(|known| known.name == *name);
            let names = config.clusters.iter().map(|known| known.name.as_str());
            known
                .ok_or_else(|| unknown("cluster", name, names))?
                .cluster
                .clone()
                .unwrap_or_default()
        }
    };
    let user = match options
        .user
        .as_deref()
        .or(context.user.as_deref())
        .unwrap_or_default()
    {
        "" => AuthInfo::default(),
        name => {
            let known = config.auth_infos.iter().find(|known| known.name == *name);
            let names = config.auth_infos.iter().map(|known| known.name.as_str());
            known
                .ok_or_else(|| unknown("user", name, names))?
                .auth_info
                .clone()
                .unwrap_or_default()
        }
    };
    Ok(Some(Chosen {
        name: wanted.unwrap_or_default(),
        context,
        cluster,
        user,
    }))
}

fn unknown<'a>(
    what: &'static str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> SourceError {
    let mut near: Vec<(f64, &str)> = known
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .collect();
    near.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    SourceError::UnknownName {
        what,
        name: name.to_owned(),
        near: near
            .into_iter()
            .take(3)
            .map(|(_, known)| known.to_owned())
            .collect(),
    }
}
