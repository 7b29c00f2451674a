//! From kubectl's connection flags to a client.

use std::path::PathBuf;
use std::time::Duration;

use kube::config::{
    AuthInfo, Cluster, KubeConfigOptions, Kubeconfig, NamedAuthInfo, NamedCluster, NamedContext,
};
use kube::{Client, Config};

use super::kubeconfig::{self, Chosen};
use super::pace::Pace;
use super::{LiveSource, certificate};
use crate::source::SourceError;

/// How to reach a cluster: kubectl's generic flags. What is not given comes from the kubeconfig.
#[derive(Clone, Default)]
pub struct ConnectOptions {
    /// `--kubeconfig`; otherwise the files of KUBECONFIG, otherwise `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
    /// `--cluster`.
    pub cluster: Option<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `--server`.
    pub server: Option<String>,
    /// `--token`.
    pub token: Option<String>,
    /// `--as`.
    pub impersonate: Option<String>,
    /// `--as-group`.
    pub impersonate_groups: Vec<String>,
    /// `--as-uid`.
    pub impersonate_uid: Option<String>,
    /// `--certificate-authority`.
    pub certificate_authority: Option<PathBuf>,
    /// `--client-certificate`.
    pub client_certificate: Option<PathBuf>,
    /// `--client-key`.
    pub client_key: Option<PathBuf>,
    /// `--insecure-skip-tls-verify`.
    pub insecure_skip_tls_verify: bool,
    /// `--tls-server-name`.
    pub tls_server_name: Option<String>,
    /// `--proxy-url`.
    pub proxy_url: Option<String>,
    /// `--disable-compression`.
    pub disable_compression: bool,
    /// `--qps`: how many requests a second are sent at most; none for no limit.
    pub qps: Option<std::num::NonZeroU32>,
}

impl std::fmt::Debug for ConnectOptions {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("kubeconfig", &self.kubeconfig)
            .field("context", &self.context)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn connect(options: &ConnectOptions) -> Result<LiveSource, SourceError> {
    let (name, expires, mut config) = match chosen(options)? {
        Some(mut chosen) => {
            override_cluster(&mut chosen.cluster, options);
            override_user(&mut chosen.user, options);
            let expires = certificate::expiry(&chosen.user);
            (chosen.name.clone(), expires, configured(chosen).await?)
        }
        None => ("in-cluster".to_owned(), None, in_cluster(options)?),
    };
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    // Retries are our own: they honour Retry-After and the run's deadline.
    config.default_retry = false;
    let server = config
        .cluster_url
        .to_string()
        .trim_end_matches('/')
        .to_owned();
    let name = if name.is_empty() {
        server.clone()
    } else {
        name
    };
    let client = Client::try_from(config).map_err(|error| SourceError::Credentials {
        detail: super::api::innermost(&error),
    })?;
    let mut source = LiveSource::new(client, server, name);
    source.api.pace = Pace::new(options.qps);
    source.expires = expires;
    Ok(source)
}

/// What the kubeconfig says, with the flags on top; none where there is neither.
fn chosen(options: &ConnectOptions) -> Result<Option<Chosen>, SourceError> {
    let found = kubeconfig::find(options)?;
    if let Some(found) = found {
        return kubeconfig::choose(&found, options);
    }
    if let Some(name) = &options.context {
        return Err(SourceError::UnknownName {
            what: "context",
            name: name.clone(),
            near: Vec::new(),
        });
    }
    if options.server.is_some() {
        return kubeconfig::choose(&Kubeconfig::default(), options);
    }
    Ok(None)
}

fn in_cluster(options: &ConnectOptions) -> Result<Config, SourceError> {
    let mut config = Config::incluster().map_err(|_| SourceError::NoCluster)?;
    if options.token.is_some() || options.impersonate.is_some() {
        let mut user = config.auth_info.clone();
        override_user(&mut user, options);
        config.auth_info = user;
    }
    config.disable_compression = options.disable_compression;
    Ok(config)
}

/// A kubeconfig of one context, for kube to work out what it means.
async fn configured(mut chosen: Chosen) -> Result<Config, SourceError> {
    const NAME: &str = "chosen";
    chosen.context.cluster = NAME.to_owned();
    chosen.context.user = Some(NAME.to_owned());
    let kubeconfig = Kubeconfig {
        current_context: Some(NAME.to_owned()),
        contexts: vec![NamedContext {
            name: NAME.to_owned(),
            context: Some(chosen.context),
            ..NamedContext::default()
        }],
        clusters: vec![NamedCluster {
            name: NAME.to_owned(),
            cluster: Some(chosen.cluster),
            ..NamedCluster::default()
        }],
        auth_infos: vec![NamedAuthInfo {
            name: NAME.to_owned(),
            auth_info: Some(chosen.user),
            ..NamedAuthInfo::default()
        }],
        ..Kubeconfig::default()
    };
    Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .map_err(|error| SourceError::Kubeconfig {
            detail: error.to_string(),
        })
}

fn override_cluster(cluster: &mut Cluster, options: &ConnectOptions) {
    if options.server.is_some() {
        cluster.server.clone_from(&options.server);
    }
    if let Some(path) = &options.certificate_authority {
        cluster.certificate_authority = Some(path.display().to_string());
        cluster.certificate_authority_data = None;
        cluster.insecure_skip_tls_verify = None;
    }
    if options.insecure_skip_tls_verify {
        cluster.insecure_skip_tls_verify = Some(true);
        cluster.certificate_authority = None;
        cluster.certificate_authority_data = None;
    }
    if options.tls_server_name.is_some() {
        cluster.tls_server_name.clone_from(&options.tls_server_name);
    }
    if options.proxy_url.is_some() {
        cluster.proxy_url.clone_from(&options.proxy_url);
    }
    if options.disable_compression {
        cluster.disable_compression = Some(true);
    }
}

fn override_user(user: &mut AuthInfo, options: &ConnectOptions) {
    if let Some(token) = &options.token {
        user.token = Some(token.clone().into());
        user.token_file = None;
        user.exec = None;
        user.auth_provider = None;
        user.username = None;
        user.password = None;
    }
    if let Some(path) = &options.client_certificate {
        user.client_certificate = Some(path.display().to_string());
        user.client_certificate_data = None;
    }
    if let Some(path) = &options.client_key {
        user.client_key = Some(path.display().to_string());
        user.client_key_data = None;
    }
    if options.impersonate.is_some() {
        user.impersonate.clone_from(&options.impersonate);
    }
    if !options.impersonate_groups.is_empty() {
        user.impersonate_groups = Some(options.impersonate_groups.clone());
    }
    if options.impersonate_uid.is_some() {
        user.impersonate_uid.clone_from(&options.impersonate_uid);
    }
}
