//! A real Kubernetes control plane on free loopback ports, in a folder of its own.
//!
//! etcd, kube-apiserver, kube-controller-manager and kube-scheduler are the real programs; kwok plays the
//! kubelets and serves container logs (see [`crate::stage`]). Everything ends with the value that
//! [`ControlPlane::start`] returned, or with this process, however that ends.

mod collector;
mod kubeconfig;
mod process;
mod programs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

pub use self::collector::Collector;
pub use self::kubeconfig::Credentials;
use self::process::Program;
use self::programs::Ports;
pub use self::programs::folder;
use crate::patience::{Seen, until};
use crate::stage::{self, ContainerLog};

const READY: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(100);

/// What the test webhook says when it denies a request, and it denies all.
pub const WEBHOOK_MESSAGE: &str = "images must come from registry.corp.example, not from docker.io";

/// What a control plane starts with.
#[derive(Debug)]
pub struct Options {
    /// Users besides the administrator; none may do anything until a binding says so.
    pub users: Vec<String>,
    /// The container logs that the kubelets serve.
    pub logs: Vec<ContainerLog>,
    /// How long a node may be silent before the node lifecycle controller gives it up.
    pub node_grace: Duration,
    /// A user whose requests the API server writes down, to [`ControlPlane::audit_log`].
    pub audited: Option<String>,
}

impl Default for Options {
    /// No users, no logs, nobody audited, and a node grace that does not make stories wait.
    fn default() -> Self {
        Self {
            users: Vec::new(),
            logs: Vec::new(),
            node_grace: Duration::from_secs(25),
            audited: None,
        }
    }
}

/// A running control plane.
#[derive(Debug)]
pub struct ControlPlane {
    programs: Vec<Program>,
    // Dropped, and deleted, after the programs that write into it.
    folder: tempfile::TempDir,
    built: PathBuf,
    ports: Ports,
    server: String,
    webhook: String,
    admin: PathBuf,
}

impl ControlPlane {
    /// Builds the programs if they are not in the cache, starts them, and returns once the API server is
    /// ready and controllers have made the service account `default/default`.
    pub async fn start(options: &Options) -> Result<Self> {
        let built = tokio::task::spawn_blocking(programs::build).await??;
        // Between choosing a free port and listening on it, another program may take it: hence the attempts.
        let mut failures = Vec::new();
        for _ in 0..3 {
            match Self::attempt(&built, options).await {
                Ok(plane) => return Ok(plane),
                Err(error) => failures.push(format!("{error:#}")),
            }
        }
        failures.dedup();
        anyhow::bail!("the control plane did not start:\n{}", failures.join("\n"))
    }

    async fn attempt(built: &Path, options: &Options) -> Result<Self> {
        let mut plane = Self::prepare(built, options)?;
        let folder = plane.folder.path().to_path_buf();
        let (ports, admin) = (plane.ports, plane.admin.clone());
        plane.run("etcd", &programs::etcd(built, &folder, ports))?;
        let mut apiserver = programs::apiserver(built, &folder, ports);
        if let Some(user) = &options.audited {
            apiserver.extend(programs::audit(&folder, user)?);
        }
        plane.run("kube-apiserver", &apiserver)?;
        let client = plane.client().await?;
        plane
            .wait_for("the API server to be ready", &client, "/readyz")
            .await?;

        let manager =
            programs::controller_manager(built, &folder, ports, &admin, options.node_grace);
        plane.run("kube-controller-manager", &manager)?;
        plane.run("kube-scheduler", &programs::scheduler(built, ports, &admin))?;
        plane.run("kwok", &programs::kwok(built, &folder, ports, &admin))?;
        plane.run(
            "webhook",
            &programs::webhook(built, &folder, WEBHOOK_MESSAGE),
        )?;
        let account = "/api/v1/namespaces/default/serviceaccounts/default";
        plane
            .wait_for("controllers to work", &client, account)
            .await?;
        plane.webhook = until("the webhook to listen", READY, PAUSE, async || {
            plane.check()?;
            let address = fs::read_to_string(folder.join("webhook.address"));
            Ok(address.map_or_else(|error| Seen::NotYet(error.to_string()), Seen::Yes))
        })
        .await?;
        Ok(plane)
    }

    /// Writes all files that the programs read, and starts none of them yet.
    fn prepare(built: &Path, options: &Options) -> Result<Self> {
        let temporary = tempfile::Builder::new()
            .prefix("kubelens-control-plane-")
            .tempdir()?;
        let folder = temporary.path();
        let certified = Command::new(built.join("attendant"))
            .arg("certificates")
            .arg(folder)
            .status()?;
        ensure!(certified.success(), "no certificates: {certified}");
        let mut tokens = vec!["admin-token,admin,admin,system:masters".to_owned()];
        tokens.extend(
            options
                .users
                .iter()
                .map(|user| format!("{user}-token,{user},{user}")),
        );
        fs::write(folder.join("tokens.csv"), tokens.join("\n"))?;
        let kubelets = programs::folder().join("kubelet");
        let kwok = stage::configuration(&kubelets, &options.logs, folder)?;
        fs::write(folder.join("kwok.yaml"), kwok)?;
        let ports = Ports::free()?;
        let server = format!("https://127.0.0.1:{}", ports.apiserver);
        let token = Credentials::Token("admin-token".to_owned());
        let admin = kubeconfig::write(folder, "admin.kubeconfig", &server, "admin", &token)?;
        let webhook = String::new();
        Ok(Self {
            programs: Vec::new(),
            folder: temporary,
            built: built.to_path_buf(),
            ports,
            server,
            webhook,
            admin,
        })
    }

    fn run(&mut self, name: &str, argv: &[String]) -> Result<()> {
        let program = Program::start(
            &self.built.join("attendant"),
            name,
            argv,
            self.folder.path(),
        )?;
        self.programs.push(program);
        Ok(())
    }

    /// Waits until the API server answers this path with a success.
    async fn wait_for(&mut self, what: &str, client: &Client, path: &str) -> Result<()> {
        until(what, READY, PAUSE, async || {
            self.check()?;
            let answer = client
                .request_text(http::Request::get(path).body(Vec::new())?)
                .await;
            Ok(answer.map_or_else(|error| Seen::NotYet(error.to_string()), |_| Seen::Yes(())))
        })
        .await
    }

    /// Stops one of the programs for good, as a crash would: `kube-apiserver`, `kwok`, ...
    pub fn stop(&mut self, name: &str) {
        self.programs.retain(|program| program.name() != name);
    }

    /// Stops the API server and starts it again, as an upgrade would; returns once it is ready.
    pub async fn restart_apiserver(&mut self) -> Result<()> {
        self.stop("kube-apiserver");
        self.start_apiserver().await
    }

    /// An error, with the end of its log, if one of the programs has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        self.programs.iter_mut().try_for_each(Program::check)
    }

    /// Where the API server is: `https://127.0.0.1:PORT`.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Where etcd answers its clients: `http://127.0.0.1:PORT`.
    pub fn etcd(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.etcd)
    }

    /// Starts the API server again after [`ControlPlane::stop`]; returns once it is ready.
    pub async fn start_apiserver(&mut self) -> Result<()> {
        let argv = programs::apiserver(&self.built, self.folder.path(), self.ports);
        self.run("kube-apiserver", &argv)?;
        let client = self.client().await?;
        self.wait_for("the API server to be ready again", &client, "/readyz")
            .await
    }

    /// The folder of the programs, `kubectl` among them.
    pub fn programs(&self) -> &Path {
        &self.built
    }

    /// The folder of this control plane: certificates, kubeconfigs, and one log per program.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What [`Options::audited`] asked: one JSON object a line.
    pub fn audit_log(&self) -> PathBuf {
        self.folder.path().join(programs::AUDIT_LOG)
    }

    /// The kubeconfig file of a member of `system:masters`.
    pub fn admin_kubeconfig(&self) -> &Path {
        &self.admin
    }

    /// Writes the kubeconfig file of one of [`Options::users`].
    pub fn kubeconfig_of(&self, user: &str) -> Result<PathBuf> {
        self.kubeconfig_with(user, &Credentials::Token(format!("{user}-token")))
    }

    /// Writes the kubeconfig file of somebody with these credentials, good or not: a wrong token, or the
    /// administrator's certificates `admin` (good) and `expired`.
    pub fn kubeconfig_with(&self, context: &str, credentials: &Credentials) -> Result<PathBuf> {
        kubeconfig::write(
            self.folder.path(),
            &format!("{context}.kubeconfig"),
            &self.server,
            context,
            credentials,
        )
    }

    /// A client with the rights of the administrator.
    pub async fn client(&self) -> Result<Client> {
        let config = Kubeconfig::read_from(&self.admin)?;
        let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
        Ok(Client::try_from(config)?)
    }

    /// `text` with the places of this control plane put in: `$(WEBHOOK_URL)` and `$(WEBHOOK_CA)`.
    pub fn fill_in(&self, text: &str) -> Result<String> {
        if !text.contains("$(WEBHOOK_") {
            return Ok(text.to_owned());
        }
        let authority = fs::read(self.folder.path().join("ca.crt")).context("read ca.crt")?;
        let url = format!("https://{}", self.webhook);
        let authority = k8s_openapi::ByteString(authority);
        let authority = serde_json::to_value(&authority)?
            .as_str()
            .unwrap_or_default()
            .to_owned();
        Ok(text
            .replace("$(WEBHOOK_URL)", &url)
            .replace("$(WEBHOOK_CA)", &authority))
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // All at once, so that they end side by side; each is waited for when it is dropped.
        self.programs.iter_mut().rev().for_each(Program::stop);
    }
}
