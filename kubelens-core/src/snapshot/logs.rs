use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::without_private_keys;

/// Which run of which container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogKey {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The container's name.
    pub container: String,
    /// Whether the run before the current one is meant.
    pub previous: bool,
}

/// The last lines of one run of a container, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerLog {
    /// The lines, without line ends and without the time stamps of the log format.
    pub lines: Vec<String>,
}

/// Container logs by pod, container and run.
pub type Logs = BTreeMap<LogKey, ContainerLog>;

impl ContainerLog {
    /// The last `keep` lines of raw bytes; what is not UTF-8 is replaced.
    ///
    /// Lines in the CRI format (`2026-01-02T03:04:05.6Z stderr F text`) and lines with a leading
    /// time stamp (`kubectl logs --timestamps`) lose their prefix. Private keys go here already: they fill many lines,
    /// and whoever shows one of them does not see the others.
    pub fn from_bytes(bytes: &[u8], keep: usize) -> Self {
        let text = without_keys(String::from_utf8_lossy(bytes));
        let mut lines: Vec<String> = text
            .lines()
            .rev()
            .filter(|line| !line.trim().is_empty())
            .take(keep)
            .map(|line| without_prefix(line).to_owned())
            .collect();
        lines.reverse();
        Self { lines }
    }
}

fn without_keys(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains("PRIVATE KEY") {
        return text;
    }
    let lines: Vec<&str> = text.lines().map(without_prefix).collect();
    Cow::Owned(without_private_keys(&lines.join("\n")).into_owned())
}

/// Without what log formats put before a line. All stamps go that lead it: what was read once and is written to a
/// snapshot reads the same from there.
fn without_prefix(line: &str) -> &str {
    let mut text = line;
    while let Some((stamp, rest)) = text.split_once(' ') {
        if stamp.len() < 20 || !stamp.contains('T') || stamp.parse::<jiff::Timestamp>().is_err() {
            break;
        }
        let streams = ["stdout F ", "stderr F ", "stdout P ", "stderr P "];
        let of_stream = streams.iter().find_map(|stream| rest.strip_prefix(stream));
        text = of_stream.unwrap_or(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::ContainerLog;

    #[test]
    fn the_last_lines_stay_and_lose_the_prefix_of_the_log_format() {
        let bytes = b"one\n2026-01-02T03:04:05.678901234Z stderr F two\n\n2026-01-02T03:04:05Z three\n\xff\n";
        let log = ContainerLog::from_bytes(bytes, 3);
        assert_eq!(log.lines, ["two", "three", "\u{fffd}"]);
    }

    #[test]
    fn what_was_read_once_reads_the_same_again() {
        let stamp = "2026-01-02T03:04:05.678901234Z";
        let line = format!("{stamp} stderr F {stamp} {stamp} ERROR at {stamp}");
        let once = ContainerLog::from_bytes(line.as_bytes(), 1);
        assert_eq!(once.lines, [format!("ERROR at {stamp}")]);
        let again = ContainerLog::from_bytes(once.lines.concat().as_bytes(), 1);
        assert_eq!(again, once);
    }

    #[test]
    fn a_private_key_goes_whole_however_many_lines_it_fills() {
        let stamp = "2026-01-02T03:04:05.678901234Z stderr F ";
        let body = "MIIEpAIBAAKCAQEAsecretPEMbody0123456789abcdefghijklmnopqrstuvwxyz";
        let lines = [
            "start",
            "-----BEGIN RSA PRIVATE KEY-----",
            body,
            "Ab3=",
            "-----END RSA PRIVATE KEY-----",
            "panic: exit",
        ];
        for before in ["", stamp] {
            let text: String = lines
                .iter()
                .map(|line| format!("{before}{line}\n"))
                .collect();
            let log = ContainerLog::from_bytes(text.as_bytes(), 4);
            assert_eq!(log.lines, ["start", "[redacted]", "panic: exit"]);
            // Cut off before the key's end, and behind its beginning.
            let text: String = lines[..3]
                .iter()
                .map(|line| format!("{before}{line}\n"))
                .collect();
            let log = ContainerLog::from_bytes(text.as_bytes(), 4);
            assert_eq!(log.lines, ["start", "[redacted]"]);
            let text: String = lines[2..]
                .iter()
                .map(|line| format!("{before}{line}\n"))
                .collect();
            let log = ContainerLog::from_bytes(text.as_bytes(), 4);
            assert_eq!(log.lines, ["[redacted]", "panic: exit"]);
        }
    }
}
