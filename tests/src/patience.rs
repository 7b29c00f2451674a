//! Waiting for a condition: by asking again, never by sleeping and hoping.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// What one look at a condition saw.
#[derive(Debug)]
pub enum Seen<T> {
    /// It holds.
    Yes(T),
    /// Not yet; what is there instead.
    NotYet(String),
}

/// Looks every `pause` until `look` says yes, and returns what it saw. After `patience`, or when `look`
/// fails, an error says what was waited for and what was there instead.
pub async fn until<T, L>(what: &str, patience: Duration, pause: Duration, mut look: L) -> Result<T>
where
    L: AsyncFnMut() -> Result<Seen<T>>,
{
    let started = Instant::now();
    loop {
        match look().await? {
            Seen::Yes(value) => return Ok(value),
            Seen::NotYet(instead) if started.elapsed() >= patience => {
                bail!("waited {} s for {what}: {instead}", patience.as_secs());
            }
            Seen::NotYet(_) => tokio::time::sleep(pause).await,
        }
    }
}
