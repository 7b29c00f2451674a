//! What the answer to a probe says about the fault.

use crate::analyzers::pattern::Pattern;
use crate::kubernetes::Probe;

/// What came back from a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProbeAnswer {
    /// Nothing listens on the port.
    Refused,
    /// An HTTP status that says that the question is wrong: 4xx.
    WrongQuestion(u16),
    /// An HTTP status by which the program says that it is not well: 5xx and others.
    Unwell(u16),
    /// Nothing came back in time.
    TimedOut,
    /// The command of an exec probe cannot be run, or misses a file.
    CommandUnusable,
    /// Both sides speak different protocols.
    WrongProtocol,
    /// The port's name is not a port of the container.
    UnknownPortName,
    /// The program, or the command, says that it is not well.
    Failed,
}

/// What an answer means, from a kubelet's words.
pub(super) fn classify(answer: &str, probe: &Probe) -> ProbeAnswer {
    let text = answer.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if let Some(status) = status_code(&text) {
        return if (400..500).contains(&status) && status != 429 && status != 408 {
            ProbeAnswer::WrongQuestion(status)
        } else {
            ProbeAnswer::Unwell(status)
        };
    }
    if has(&[
        "gave http response to https client",
        "malformed http response",
        "sent an http request to an https server",
        "first record does not look like a tls handshake",
        "does not implement the grpc health protocol",
        "error reading server preface",
        "unknown service grpc.health",
    ]) {
        ProbeAnswer::WrongProtocol
    } else if has(&["invalid syntax", "invalid port number", "port not found"]) {
        ProbeAnswer::UnknownPortName
    } else if has(&["connection refused", "connect: connection reset"]) {
        ProbeAnswer::Refused
    } else if has(&[
        "context deadline exceeded",
        "client.timeout exceeded",
        "i/o timeout",
        "did not complete within",
        "command timed out",
        "\" timed out",
        "timed out after",
        "timeout exceeded",
    ]) {
        ProbeAnswer::TimedOut
    } else if probe.exec.is_some()
        && has(&[
            "executable file not found",
            "no such file",
            "permission denied",
            "not found",
            "can't open",
            "cannot open",
        ])
    {
        ProbeAnswer::CommandUnusable
    } else {
        ProbeAnswer::Failed
    }
}

fn status_code(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("statuscode: ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The port that a program says it listens on, from its log.
pub(super) fn listening_port(lines: &[String]) -> Option<i64> {
    const WORDS: [&str; 5] = ["listening", "listen on", "serving", "started", "running on"];
    lines.iter().rev().find_map(|line| {
        let lower = line.to_lowercase();
        let at = WORDS.iter().filter_map(|word| lower.find(word)).min()?;
        let after = lower.get(at..)?;
        port_in(after, ":")
            .or_else(|| port_in(after, "port "))
            .or_else(|| port_in(after, "port="))
    })
}

/// An address of the pod itself, where a program says that it listens. Group 1 is the address, 2 the port.
static LOOPBACK: Pattern = Pattern::new(
    r"(?i)\b(?:listen(?:ing|s)?|serving|running|bound|started|up)\b.{0,60}?(127\.0\.0\.1|localhost|\[::1\]):(\d{2,5})",
);

/// The address of the pod itself at which alone a program says that it listens on a port.
pub(super) fn listens_on_loopback(lines: &[String], port: i64) -> Option<&str> {
    lines.iter().rev().find_map(|line| {
        let found = LOOPBACK.captures(line)?;
        let said: i64 = found.get(2)?.as_str().parse().ok()?;
        (said == port).then_some(found.get(1)?.as_str())
    })
}

/// The number that follows a mark: 2 to 5 digits that end there.
fn port_in(text: &str, mark: &str) -> Option<i64> {
    text.match_indices(mark).find_map(|(at, _)| {
        let rest = text.get(at + mark.len()..)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let next = rest.chars().nth(digits.len());
        let ends_there =
            next.is_none_or(|next| !next.is_ascii_alphanumeric() && next != ':' && next != '.');
        // Two digits after a colon are most often a clock's minutes.
        let is_port = (3..=5).contains(&digits.len()) || (digits == "80" && next != Some(':'));
        (ends_there && is_port)
            .then(|| digits.parse().ok())
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::{ExecAction, HttpGetAction};

    fn http() -> Probe {
        Probe {
            http_get: Some(HttpGetAction::default()),
            ..Probe::default()
        }
    }

    fn exec() -> Probe {
        Probe {
            exec: Some(ExecAction::default()),
            ..Probe::default()
        }
    }

    #[test]
    fn answers_are_told_apart() {
        let cases = [
            (
                "HTTP probe failed with statuscode: 404",
                http(),
                ProbeAnswer::WrongQuestion(404),
            ),
            (
                "HTTP probe failed with statuscode: 503",
                http(),
                ProbeAnswer::Unwell(503),
            ),
            (
                "Get \"http://10.86.1.10:8081/ready\": dial tcp 10.86.1.10:8081: connect: connection refused",
                http(),
                ProbeAnswer::Refused,
            ),
            (
                "Get \"http://10.0.0.1:80/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
                http(),
                ProbeAnswer::TimedOut,
            ),
            (
                "Get \"https://10.0.0.1:80/\": http: server gave HTTP response to HTTPS client",
                http(),
                ProbeAnswer::WrongProtocol,
            ),
            (
                "strconv.Atoi: parsing \"web\": invalid syntax",
                http(),
                ProbeAnswer::UnknownPortName,
            ),
            (
                "cat: can't open '/tmp/ready': No such file or directory",
                exec(),
                ProbeAnswer::CommandUnusable,
            ),
            (
                "command \"sleep 5\" timed out",
                exec(),
                ProbeAnswer::TimedOut,
            ),
            ("queue is full", exec(), ProbeAnswer::Failed),
            (
                "service unhealthy (responded with \"NOT_SERVING\")",
                Probe::default(),
                ProbeAnswer::Failed,
            ),
        ];
        for (answer, probe, expected) in cases {
            assert_eq!(classify(answer, &probe), expected, "{answer}");
        }
    }

    #[test]
    fn a_program_that_listens_for_itself_alone_is_noticed() {
        let address = |line: &str| listens_on_loopback(&[line.to_owned()], 8000).map(str::to_owned);
        for line in [
            "INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)",
            "listening on 127.0.0.1:8000",
        ] {
            assert_eq!(address(line).as_deref(), Some("127.0.0.1"), "{line}");
        }
        assert_eq!(address("listening on 0.0.0.0:8000"), None);
        assert_eq!(address("listening on 127.0.0.1:9000"), None);
        assert_eq!(address("calling 127.0.0.1:8000"), None);
    }

    #[test]
    fn programs_say_where_they_listen() {
        let port = |line: &str| listening_port(&[line.to_owned()]);
        assert_eq!(
            port("2026-01-01T10:20:30Z INFO listening on 0.0.0.0:9090"),
            Some(9090)
        );
        assert_eq!(port("Server started on port 3000 in 2.5 s"), Some(3000));
        assert_eq!(port("Listening on http://[::]:8080/"), Some(8080));
        assert_eq!(port("started at 10:20:30"), None);
        assert_eq!(port("ready"), None);
    }
}
