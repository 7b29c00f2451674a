//! The session with curl that `docs/src/server.md` shows, held against the program. `BLESS=1` writes it anew; without
//! it the page must show the same requests with the same statuses.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kubelens_tests::server::{SOON, Server};

const BEGIN: &str = "<!-- transcript -->\n```text\n";
const END: &str = "```\n<!-- end of transcript -->";
/// Of a body so much is shown.
const SHOWN: usize = 230;

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/server.md")
}

/// What was asked, and what came.
#[derive(Default)]
struct Transcript {
    text: String,
    /// The same without what differs from run to run.
    frame: Vec<String>,
}

impl Transcript {
    fn comment(&mut self, line: &str) {
        self.text.push_str(&format!("# {line}\n"));
        self.frame.push(format!("# {line}"));
    }

    /// Notes one command as a reader would type it, and the answer.
    fn note(&mut self, command: &str, status: u16, body: &str) {
        let mut shown: String = body.split_whitespace().collect::<Vec<_>>().join(" ");
        if shown.chars().count() > SHOWN {
            shown = shown.chars().take(SHOWN).chain(" ...".chars()).collect();
        }
        self.text
            .push_str(&format!("$ {command}\n{status} {shown}\n\n"));
        self.frame.push(format!("$ {command}"));
        self.frame.push(status.to_string());
    }

    /// Asks with curl as this person, and wants this status.
    fn curl(&mut self, server: &Server, words: &str, path: &str, wanted: u16) -> Result<String> {
        let command = format!("curl {words} localhost:3000{path}").replace("  ", " ");
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-w", "\n%{http_code}"]);
        for word in shell_words(words) {
            curl.arg(match word.as_str() {
                "Authorization: Bearer $ANN" => {
                    "Authorization: Bearer token-of-ann-0000".to_owned()
                }
                "Authorization: Bearer $BOB" => {
                    "Authorization: Bearer token-of-bob-0000".to_owned()
                }
                _ => word.replace("$BOB", "token-of-bob-0000"),
            });
        }
        let output = curl
            .arg(format!("http://{}{path}", server.address))
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let (body, status) = text.rsplit_once('\n').context("a status")?;
        let status: u16 = status.parse()?;
        self.note(&command, status, body);
        ensure!(status == wanted, "{command}: {status} {body}");
        Ok(body.to_owned())
    }
}

/// Words as a shell splits them, with single and double quotes.
fn shell_words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => word.push(letter),
            (None, '\'' | '"') => quote = Some(letter),
            (None, ' ') => words.push(std::mem::take(&mut word)),
            (None, _) => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Follows the stream for a while; what it heard.
fn follow(server: &Server, after: Option<&str>) -> Result<Child> {
    let mut curl = Command::new("curl");
    curl.args([
        "-sSN",
        "--max-time",
        "4",
        "-H",
        "Authorization: Bearer token-of-ann-0000",
    ]);
    if let Some(id) = after {
        curl.args(["-H", &format!("Last-Event-ID: {id}")]);
    }
    let url = format!("http://{}/api/stream?types=audit", server.address);
    Ok(curl.arg(url).stdout(Stdio::piped()).spawn()?)
}

fn ids(heard: &str) -> Vec<String> {
    let lines = heard.lines();
    lines
        .filter_map(|line| Some(line.strip_prefix("id: ")?.to_owned()))
        .collect()
}

const PEOPLE: (&str, &str) = (
    "AUTH_TOKENS",
    "ann:viewer:token-of-ann-0000,bob:operator:token-of-bob-0000",
);

#[test]
fn the_session_of_the_page_is_what_the_program_does() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state");
    let mut script = Transcript::default();
    let start = |gate| -> Result<Server> {
        let settings = [
            ("AUTH_ENABLED", "true"),
            PEOPLE,
            ("WRITE_ACTIONS_ENABLED", gate),
        ];
        let server = Server::demo(&state, &settings)?;
        server.until("/api/readyz", |ready| ready["status"] == "ok")?;
        Ok(server)
    };

    let server = start("false")?;
    script.comment("Bob signs in: a browser keeps the cookie, a script its token.");
    let session = script.curl(
        &server,
        r#"-X POST -d '{"token":"'$BOB'"}'"#,
        "/api/auth/login",
        200,
    )?;
    ensure!(session.contains(r#""authenticated":true"#), "{session}");
    script.comment("Ann reads the report.");
    let report = script.curl(
        &server,
        r#"-H "Authorization: Bearer $ANN""#,
        "/api/report",
        200,
    )?;
    let report: serde_json::Value = serde_json::from_str(&report)?;
    ensure!(
        report["cluster"]["source"] == "demo",
        "it must say that it is simulated"
    );
    script.comment("She may change nothing, and while the gate is closed neither may he.");
    let cordon = "/api/nodes/node-worker-1/cordon";
    let as_ann = r#"-X POST -H "Authorization: Bearer $ANN""#;
    let as_bob = r#"-X POST -H "Authorization: Bearer $BOB""#;
    script.curl(&server, as_ann, cordon, 403)?;
    script.curl(&server, as_bob, cordon, 403)?;
    server.stop()?;

    script.comment("The same server with WRITE_ACTIONS_ENABLED=true.");
    let server = start("true")?;
    let stream = follow(&server, None)?;
    std::thread::sleep(Duration::from_secs(1));
    script.curl(&server, as_bob, cordon, 200)?;
    // The picture hears of it from the watch.
    let started = Instant::now();
    loop {
        let bearer = [("Authorization", "Bearer token-of-ann-0000")];
        let node = server.ask("GET", "/api/nodes/node-worker-1", &bearer, "")?;
        if node.body.contains(r#""unschedulable":true"#) {
            break;
        }
        ensure!(started.elapsed() < SOON, "{}", node.body);
        std::thread::sleep(Duration::from_millis(100));
    }
    let heard = String::from_utf8(stream.wait_with_output()?.stdout)?;
    let last = ids(&heard)
        .pop()
        .with_context(|| format!("no event: {heard}"))?;
    script.comment("Whoever followed the stream goes on after the last id, and misses nothing of what happened meanwhile.");
    script.curl(&server, as_bob, "/api/nodes/node-worker-1/uncordon", 200)?;
    let again = String::from_utf8(follow(&server, Some(&last))?.wait_with_output()?.stdout)?;
    ensure!(again.contains("node.uncordon"), "{again}");
    ensure!(!again.contains(r#""node.cordon""#), "told twice: {again}");
    let event = again.split("\n\n").find(|it| it.contains("node.uncordon"));
    script.note(
        r#"curl -N -H "Authorization: Bearer $ANN" -H "Last-Event-ID: $LAST" localhost:3000/api/stream?types=audit"#,
        200,
        event.context("the event")?,
    );
    server.stop()?;

    script.comment("The trail of it, once the server is stopped.");
    let program = kubelens_tests::diagnosis::server().context("a server")?;
    let verified = Command::new(program)
        .arg("--state-dir")
        .arg(&state)
        .args(["audit", "verify"])
        .output()?;
    let said = String::from_utf8(verified.stdout)?;
    ensure!(
        verified.status.success() && said.contains("intact"),
        "{said}"
    );
    script.text.push_str(&format!(
        "$ kubelens-server --state-dir state audit verify\n{said}"
    ));
    held_against_page(&script)
}

fn held_against_page(script: &Transcript) -> Result<()> {
    let text = std::fs::read_to_string(page())?;
    let (before, rest) = text
        .split_once(BEGIN)
        .context("no transcript in the page")?;
    let (shown, after) = rest.split_once(END).context("no end of the transcript")?;
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(
            page(),
            format!("{before}{BEGIN}{}{END}{after}", script.text),
        )?;
        return Ok(());
    }
    let mut lines = shown.lines();
    for wanted in &script.frame {
        ensure!(
            lines.any(|line| line == wanted || line.starts_with(&format!("{wanted} "))),
            "the page lacks: {wanted}; BLESS=1 writes it"
        );
    }
    Ok(())
}
