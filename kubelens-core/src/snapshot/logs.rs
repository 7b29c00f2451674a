use std::collections::BTreeMap;

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
    /// time stamp (`kubectl logs --timestamps`) lose their prefix.
    pub fn from_bytes(bytes: &[u8], keep: usize) -> Self {
        let text = String::from_utf8_lossy(bytes);
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

fn without_prefix(line: &str) -> &str {
    let Some((stamp, rest)) = line.split_once(' ') else {
        return line;
    };
    if stamp.len() < 20 || !stamp.contains('T') || stamp.parse::<jiff::Timestamp>().is_err() {
        return line;
    }
    for stream in ["stdout F ", "stderr F ", "stdout P ", "stderr P "] {
        if let Some(text) = rest.strip_prefix(stream) {
            return text;
        }
    }
    rest
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
}
