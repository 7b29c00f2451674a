//! Kubeconfig files: written as JSON, which every reader of kubeconfig takes.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// How somebody proves who they are.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A bearer token.
    Token(String),
    /// A client certificate and its key: `<name>.crt` and `<name>.key` in the control plane's folder.
    Certificate(String),
}

/// Writes a kubeconfig for `server` with one context named `context`, to `<folder>/<file>`.
pub(super) fn write(
    folder: &Path,
    file: &str,
    server: &str,
    context: &str,
    credentials: &Credentials,
) -> Result<PathBuf> {
    let user = match credentials {
        Credentials::Token(token) => json!({ "token": token }),
        Credentials::Certificate(name) => json!({
            "client-certificate": folder.join(format!("{name}.crt")),
            "client-key": folder.join(format!("{name}.key")),
        }),
    };
    let config: Value = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{ "name": "tests", "cluster": { "server": server, "certificate-authority": folder.join("ca.crt") } }],
        "users": [{ "name": context, "user": user }],
        "contexts": [{ "name": context, "context": { "cluster": "tests", "user": context } }],
    });
    let path = folder.join(file);
    std::fs::write(&path, serde_json::to_vec_pretty(&config)?)
        .with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}
