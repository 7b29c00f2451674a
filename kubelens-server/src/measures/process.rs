//! This process, as Linux tells of it in `/proc`; elsewhere nothing is told.

/// Ticks of the clock that `/proc` counts in: 100 a second on all of Linux.
const TICKS: f64 = 100.0;

/// This process now.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Process {
    /// CPU time that was used, in seconds.
    pub(crate) cpu_seconds: Option<f64>,
    /// Memory in use, in bytes.
    pub(crate) resident_bytes: Option<f64>,
    /// Memory that is mapped, in bytes.
    pub(crate) virtual_bytes: Option<f64>,
    /// Open files and connections.
    pub(crate) open_files: Option<f64>,
    /// How many may be open.
    pub(crate) most_files: Option<f64>,
    /// Threads.
    pub(crate) threads: Option<f64>,
    /// When it began, in seconds since 1970.
    pub(crate) began_at: Option<f64>,
}

impl Process {
    /// Looks now.
    pub(crate) fn now() -> Self {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{name}")).ok();
        let status = read("self/status");
        let kilobytes = |field: &str| Some(number(status.as_deref()?, field)? * 1024.0);
        // The program's name stands in parentheses, and may hold spaces: fields are counted behind it.
        let stat = read("self/stat");
        let fields: Vec<f64> = stat
            .as_deref()
            .and_then(|text| text.rsplit_once(')'))
            .map(|(_, rest)| rest.split_whitespace().skip(1))
            .map(|rest| rest.map(|it| it.parse().unwrap_or(0.0)).collect())
            .unwrap_or_default();
        // utime and stime are the 14th and 15th field, starttime the 22nd; the first here is the 4th.
        let ticks = |at: usize| fields.get(at - 4).copied();
        let booted = read("stat").and_then(|text| number(&text, "btime"));
        let files = std::fs::read_dir("/proc/self/fd").ok();
        Self {
            cpu_seconds: ticks(14)
                .zip(ticks(15))
                .map(|(own, system)| (own + system) / TICKS),
            resident_bytes: kilobytes("VmRSS:"),
            virtual_bytes: kilobytes("VmSize:"),
            open_files: files
                .map(|files| f64::from(u32::try_from(files.count()).unwrap_or(u32::MAX))),
            most_files: read("self/limits").and_then(|text| number(&text, "Max open files")),
            threads: status.as_deref().and_then(|text| number(text, "Threads:")),
            began_at: booted
                .zip(ticks(22))
                .map(|(booted, ticks)| booted + ticks / TICKS),
        }
    }
}

/// The number behind a word at the beginning of a line.
fn number(text: &str, word: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(word))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_everything() {
        let own = Process::now();
        assert!(
            own.resident_bytes > Some(1e6) && own.virtual_bytes >= own.resident_bytes,
            "{own:?}"
        );
        assert!(
            own.open_files >= Some(3.0) && own.most_files >= own.open_files,
            "{own:?}"
        );
        assert!(
            own.threads >= Some(1.0) && own.cpu_seconds.is_some(),
            "{own:?}"
        );
        let now = jiff::Timestamp::now().as_duration().as_secs_f64();
        let began = own.began_at.unwrap();
        assert!((now - began).abs() < 86_400.0, "{own:?}");
    }
}
