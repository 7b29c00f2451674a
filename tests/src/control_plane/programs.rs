//! The programs of the control plane: where they are, and with which arguments each runs.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

/// The ports of one control plane, all on loopback.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) etcd: u16,
    pub(super) etcd_peer: u16,
    pub(super) apiserver: u16,
    pub(super) controller_manager: u16,
    pub(super) scheduler: u16,
    pub(super) kubelet: u16,
}

impl Ports {
    /// Ports that are free right now. All are held until all are chosen, so that none is chosen twice.
    pub(super) fn free() -> Result<Self> {
        let held = (0..6)
            .map(|_| TcpListener::bind("127.0.0.1:0"))
            .collect::<Result<Vec<_>, _>>()?;
        let mut numbers = held
            .iter()
            .map(|listener| listener.local_addr().map(|address| address.port()));
        let mut next = || numbers.next().context("six listeners")?.context("a port");
        Ok(Self {
            etcd: next()?,
            etcd_peer: next()?,
            apiserver: next()?,
            controller_manager: next()?,
            scheduler: next()?,
            kubelet: next()?,
        })
    }
}

/// The folder of this crate's Go and story files.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("control-plane")
}

/// Builds the programs unless they are in the cache, and returns the folder that holds them.
pub(super) fn build() -> Result<PathBuf> {
    let script = folder().join("build");
    let output = Command::new(&script)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("run {}", script.display()))?;
    ensure!(
        output.status.success(),
        "{} failed ({})",
        script.display(),
        output.status
    );
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}

fn argv(program: &Path, arguments: &[String]) -> Vec<String> {
    std::iter::once(program.display().to_string())
        .chain(arguments.iter().cloned())
        .collect()
}

pub(super) fn etcd(programs: &Path, folder: &Path, ports: Ports) -> Vec<String> {
    let client = format!("http://127.0.0.1:{}", ports.etcd);
    let peer = format!("http://127.0.0.1:{}", ports.etcd_peer);
    argv(
        &programs.join("etcd"),
        &[
            format!("--data-dir={}", folder.join("etcd").display()),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
            "--unsafe-no-fsync".to_owned(),
            "--quota-backend-bytes=8589934592".to_owned(),
            "--log-level=warn".to_owned(),
        ],
    )
}

pub(super) fn apiserver(programs: &Path, folder: &Path, ports: Ports) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    argv(
        &programs.join("kube-apiserver"),
        &[
            format!("--etcd-servers=http://127.0.0.1:{}", ports.etcd),
            "--bind-address=127.0.0.1".to_owned(),
            // The address of the Service `kubernetes`: for documentation, nobody calls it (and loopback is refused).
            "--advertise-address=192.0.2.10".to_owned(),
            format!("--secure-port={}", ports.apiserver),
            format!("--cert-dir={}", file("apiserver")),
            format!("--tls-cert-file={}", file("serving.crt")),
            format!("--tls-private-key-file={}", file("serving.key")),
            format!("--client-ca-file={}", file("ca.crt")),
            format!("--token-auth-file={}", file("tokens.csv")),
            "--authorization-mode=RBAC".to_owned(),
            "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--service-account-key-file={}", file("serving.key")),
            format!("--service-account-signing-key-file={}", file("serving.key")),
            "--kubelet-preferred-address-types=InternalIP".to_owned(),
            // There is no kube-proxy: webhooks are called at their endpoints.
            "--enable-aggregator-routing=true".to_owned(),
            // The benchmark asks for much at once, from few users.
            "--max-requests-inflight=1000".to_owned(),
            "--max-mutating-requests-inflight=500".to_owned(),
            "--event-ttl=24h".to_owned(),
        ],
    )
}

/// The file, in the folder of the control plane, that the API server writes requests into.
pub(super) const AUDIT_LOG: &str = "audit.log";

/// Further arguments of the API server: it writes down what one user asks, and nothing else.
pub(super) fn audit(folder: &Path, user: &str) -> Result<Vec<String>> {
    let policy = folder.join("audit.json");
    let rules = serde_json::json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived", "ResponseStarted"],
        "rules": [{ "level": "Metadata", "users": [user] }, { "level": "None" }],
    });
    std::fs::write(&policy, rules.to_string())?;
    Ok(vec![
        format!("--audit-policy-file={}", policy.display()),
        format!("--audit-log-path={}", folder.join(AUDIT_LOG).display()),
    ])
}

pub(super) fn controller_manager(
    programs: &Path,
    folder: &Path,
    ports: Ports,
    kubeconfig: &Path,
    node_grace: Duration,
) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    argv(
        &programs.join("kube-controller-manager"),
        &[
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--authentication-kubeconfig={}", kubeconfig.display()),
            format!("--authorization-kubeconfig={}", kubeconfig.display()),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", ports.controller_manager),
            format!("--service-account-private-key-file={}", file("serving.key")),
            format!("--root-ca-file={}", file("ca.crt")),
            "--use-service-account-credentials=true".to_owned(),
            "--kube-api-qps=300".to_owned(),
            "--kube-api-burst=600".to_owned(),
            "--concurrent-deployment-syncs=20".to_owned(),
            "--concurrent-replicaset-syncs=20".to_owned(),
            // Stories should not take minutes: a dead node is found out soon, an HPA looks every 5 s.
            "--node-monitor-period=2s".to_owned(),
            format!("--node-monitor-grace-period={}s", node_grace.as_secs()),
            "--horizontal-pod-autoscaler-sync-period=5s".to_owned(),
            "--pvclaimbinder-sync-period=3s".to_owned(),
        ],
    )
}

pub(super) fn scheduler(programs: &Path, ports: Ports, kubeconfig: &Path) -> Vec<String> {
    argv(
        &programs.join("kube-scheduler"),
        &[
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--authentication-kubeconfig={}", kubeconfig.display()),
            format!("--authorization-kubeconfig={}", kubeconfig.display()),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", ports.scheduler),
            "--kube-api-qps=300".to_owned(),
            "--kube-api-burst=600".to_owned(),
        ],
    )
}

pub(super) fn kwok(programs: &Path, folder: &Path, ports: Ports, kubeconfig: &Path) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    argv(
        &programs.join("kwok"),
        &[
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--config={}", file("kwok.yaml")),
            "--manage-all-nodes=false".to_owned(),
            "--manage-nodes-with-label-selector=tests.kubelens.dev/kubelet=running".to_owned(),
            "--node-lease-duration-seconds=40".to_owned(),
            "--cidr=10.64.0.0/14".to_owned(),
            "--node-ip=127.0.0.1".to_owned(),
            format!("--node-port={}", ports.kubelet),
            format!("--server-address=127.0.0.1:{}", ports.kubelet),
            format!("--tls-cert-file={}", file("serving.crt")),
            format!("--tls-private-key-file={}", file("serving.key")),
        ],
    )
}

pub(super) fn webhook(programs: &Path, folder: &Path, message: &str) -> Vec<String> {
    argv(
        &programs.join("attendant"),
        &[
            "webhook".to_owned(),
            folder.display().to_string(),
            message.to_owned(),
        ],
    )
}
