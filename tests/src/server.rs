//! The server's program, running for a test, and a client of it that hides nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::diagnosis;

/// How long it may take until something is seen.
pub const SOON: Duration = Duration::from_mins(1);

/// The server, running; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens: `127.0.0.1:PORT`.
    pub address: String,
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Its head, as it came.
    pub head: String,
    /// Its body.
    pub body: String,
}

/// Lets this process and those that it starts open so many files; an error where the system does not.
pub fn open_files(wanted: u64) -> Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (now, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if now < wanted {
        ensure!(
            most >= wanted,
            "{most} open files at most, {wanted} are needed"
        );
        setrlimit(Resource::RLIMIT_NOFILE, wanted, most)?;
    }
    Ok(())
}

impl Answer {
    /// Its body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The value of a header, by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Server {
    /// Starts it over a cluster with its state in a directory, and these settings more; returns once it listens.
    pub fn start(kubeconfig: &Path, state: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let mut command = Self::command(state)?;
        command
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .env("APP_MODE", "dev");
        command.envs(settings.iter().copied());
        Self::listening(command)
    }

    /// The same over the clusters that the settings name.
    pub fn of_settings(state: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let mut command = Self::command(state)?;
        command.env("APP_MODE", "dev");
        command.envs(settings.iter().copied());
        Self::listening(command)
    }

    /// The same over the simulated cluster.
    pub fn demo(state: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let mut command = Self::command(state)?;
        command.arg("--demo").envs(settings.iter().copied());
        Self::listening(command)
    }

    fn command(state: &Path) -> Result<Command> {
        let program = diagnosis::server().context(
            "no kubelens-server: build it (cargo build --bin kubelens-server), or set KUBELENS_SERVER_BIN",
        )?;
        let mut command = Command::new(program);
        command
            .args(["--listen", "127.0.0.1:0", "--state-dir"])
            .arg(state)
            .env("LOG_FORMAT", "human");
        Ok(command)
    }

    fn listening(mut command: Command) -> Result<Self> {
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("a pipe")?).lines();
        let mut said = String::new();
        let address = loop {
            let line = lines
                .next()
                .with_context(|| format!("the server ended before it listened: {said}"))??;
            if let Some((_, rest)) = line.split_once("http://") {
                let end = rest
                    .find(|letter: char| !(letter.is_ascii_digit() || matches!(letter, '.' | ':')));
                break rest
                    .get(..end.unwrap_or(rest.len()))
                    .unwrap_or_default()
                    .to_owned();
            }
            said.push_str(&line);
        };
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, address })
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, as Kubernetes does, and waits until it has.
    pub fn stop(mut self) -> Result<()> {
        let id = i32::try_from(self.child.id())?;
        let told = Command::new("kill")
            .args(["-TERM", &id.to_string()])
            .status()?;
        ensure!(told.success(), "kill: {told}");
        self.child.wait()?;
        Ok(())
    }

    /// Begins a GET; its answer is read by the caller, head and all.
    pub fn open(&self, path: &str) -> Result<BufReader<TcpStream>> {
        self.begin("GET", path, &[], "")
    }

    fn begin(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<BufReader<TcpStream>> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(SOON))?;
        let mut head = format!("{method} {path} HTTP/1.0\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            ));
        }
        write!(stream, "{head}\r\n{body}")?;
        Ok(BufReader::new(stream))
    }

    /// One request and its answer.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer> {
        let mut text = Vec::new();
        self.begin(method, path, headers, body)?
            .read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        let (head, body) = text.split_once("\r\n\r\n").context("an HTTP answer")?;
        Ok(Answer {
            status: head.split(' ').nth(1).context("a status")?.parse()?,
            head: head.to_owned(),
            body: body.to_owned(),
        })
    }

    /// A GET: its status and its body.
    pub fn get(&self, path: &str) -> Result<(u16, String)> {
        let answer = self.ask("GET", path, &[], "")?;
        Ok((answer.status, answer.body))
    }

    /// Waits until an answer is a success that shows this.
    pub fn until(&self, path: &str, shows: impl Fn(&Value) -> bool) -> Result<Value> {
        let started = Instant::now();
        loop {
            let (status, body) = self.get(path)?;
            let value: Value = serde_json::from_str(&body).unwrap_or_default();
            if status == 200 && shows(&value) {
                return Ok(value);
            }
            ensure!(started.elapsed() < SOON, "{path}: {status} {body}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
