//! kubectl's generic flags -> how the core reaches a cluster.

use kubelens_core::source::ConnectOptions;

use crate::cli::ConnectionFlags;

/// The core's words for the flags. `--cache-dir` has no meaning here: nothing is cached.
pub(crate) fn connect_options(flags: &ConnectionFlags) -> ConnectOptions {
    let flags = flags.clone();
    ConnectOptions {
        kubeconfig: flags.kubeconfig,
        context: flags.context,
        cluster: flags.cluster,
        user: flags.user,
        server: flags.server,
        token: flags.token,
        impersonate: flags.as_user,
        impersonate_groups: flags.as_group,
        impersonate_uid: flags.as_uid,
        certificate_authority: flags.certificate_authority,
        client_certificate: flags.client_certificate,
        client_key: flags.client_key,
        insecure_skip_tls_verify: flags.insecure_skip_tls_verify.unwrap_or(false),
        tls_server_name: flags.tls_server_name,
        proxy_url: flags.proxy_url,
        qps: flags.qps,
        disable_compression: flags.disable_compression.unwrap_or(false),
    }
}
