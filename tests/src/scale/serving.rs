//! A running server under load: what its process takes, how fast it answers at a fixed rate, and what streams hear.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What a process takes, as the system tells it.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// Memory that is resident, in bytes.
    pub resident: u64,
    /// CPU time so far, of user and system.
    pub cpu: Duration,
}

/// Of the process of this id (Linux).
pub fn taken(process: u32) -> Result<Taken> {
    let folder = PathBuf::from(format!("/proc/{process}"));
    let status = std::fs::read_to_string(folder.join("status"))?;
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
        .context("VmRSS")?;
    let stat = std::fs::read_to_string(folder.join("stat"))?;
    // After the name, which may hold anything: user and system time are the 12th and 13th.
    let (_, fields) = stat.rsplit_once(')').context("stat")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|it| it.parse::<u64>().ok())
        .sum();
    Ok(Taken {
        resident: resident * 1024,
        // Linux counts a hundred a second.
        cpu: Duration::from_millis(ticks * 10),
    })
}

/// The time that so many of a hundred are below.
pub fn percentile(times: &mut [Duration], of_hundred: usize) -> Duration {
    times.sort_unstable();
    let at = (times.len() * of_hundred).div_ceil(100).saturating_sub(1);
    times.get(at).copied().unwrap_or_default()
}

/// Asks for a path at a fixed rate, whether answers come or not: a time begins when its request was due, so that an
/// answer that holds up the others is not counted once only.
pub async fn at_rate(
    address: &str,
    path: &str,
    a_second: u32,
    long: Duration,
) -> Result<Vec<Duration>> {
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(64)
        .build()?;
    let url = format!("http://{address}{path}");
    let gap = Duration::from_secs(1) / a_second;
    let (begin, mut due) = (Instant::now(), Duration::ZERO);
    let mut asked = JoinSet::new();
    while due < long {
        tokio::time::sleep_until((begin + due).into()).await;
        let (client, url, due_at) = (client.clone(), url.clone(), begin + due);
        asked.spawn(async move {
            let answer = client.get(&url).send().await?;
            let status = answer.status();
            answer.bytes().await?;
            ensure!(status.is_success(), "{url}: {status}");
            Ok(due_at.elapsed())
        });
        due += gap;
    }
    let mut times = Vec::new();
    while let Some(answered) = asked.join_next().await {
        times.push(answered??);
    }
    Ok(times)
}

/// Clients of the stream of events, and what they heard.
#[derive(Debug)]
pub struct Listeners {
    heard: Arc<AtomicU64>,
    told_to_resync: Arc<AtomicU64>,
    late: Arc<std::sync::Mutex<Vec<Duration>>>,
    is_timed: Arc<AtomicBool>,
    tasks: JoinSet<()>,
    begin: Instant,
}

/// What the sender writes into an event: microseconds since [`Listeners::begin`].
const SENT: &str = "sent=";

impl Listeners {
    /// So many clients, connected.
    pub async fn open(address: &str, count: usize) -> Result<Self> {
        let mut all = Self {
            heard: Arc::default(),
            told_to_resync: Arc::default(),
            late: Arc::default(),
            is_timed: Arc::default(),
            tasks: JoinSet::new(),
            begin: Instant::now(),
        };
        for _ in 0..count {
            let mut stream = TcpStream::connect(address).await?;
            let request =
                format!("GET /api/stream?types=k8s_event HTTP/1.1\r\nHost: {address}\r\n\r\n");
            stream.write_all(request.as_bytes()).await?;
            let (heard, resync) = (Arc::clone(&all.heard), Arc::clone(&all.told_to_resync));
            let (late, is_timed) = (Arc::clone(&all.late), Arc::clone(&all.is_timed));
            let begin = all.begin;
            all.tasks.spawn(async move {
                let mut kept = String::new();
                let mut chunk = vec![0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut chunk).await {
                    let now = begin.elapsed();
                    kept.push_str(&String::from_utf8_lossy(
                        chunk.get(..length).unwrap_or_default(),
                    ));
                    let Some((whole, rest)) = kept.rsplit_once('\n') else {
                        continue;
                    };
                    for line in whole.lines() {
                        if line.starts_with("event: resync") {
                            resync.fetch_add(1, Ordering::Relaxed);
                        }
                        let sent = line
                            .strip_prefix("data: ")
                            .and_then(|data| data.split_once(SENT));
                        let sent = sent.and_then(|(_, rest)| {
                            let end = rest.find(|it: char| !it.is_ascii_digit())?;
                            rest.get(..end)?.parse::<u64>().ok()
                        });
                        let Some(sent) = sent else { continue };
                        heard.fetch_add(1, Ordering::Relaxed);
                        if is_timed.load(Ordering::Relaxed) {
                            let time = now.saturating_sub(Duration::from_micros(sent));
                            if let Ok(mut late) = late.lock() {
                                late.push(time);
                            }
                        }
                    }
                    kept = rest.to_owned();
                }
            });
        }
        Ok(all)
    }

    /// What an event has to say to be timed, if it is sent now.
    pub fn mark(&self) -> String {
        format!("{SENT}{} ", self.begin.elapsed().as_micros())
    }

    /// From now on times are kept, or not.
    pub fn time(&self, is_timed: bool) {
        self.is_timed.store(is_timed, Ordering::Relaxed);
    }

    /// Events heard by all together, and how often one was told to fetch anew.
    pub fn heard(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.heard), read(&self.told_to_resync))
    }

    /// The times that were kept.
    pub fn times(&self) -> Vec<Duration> {
        self.late
            .lock()
            .map(|late| late.clone())
            .unwrap_or_default()
    }
}
