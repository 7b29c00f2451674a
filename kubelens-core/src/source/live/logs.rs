//! Fetches the last lines of container logs.

use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::time::timeout_at;

use super::api::{Api, next_chunk};
use super::list::escaped;
use crate::snapshot::{ContainerLog, LogKey, Logs};
use crate::source::LogLimits;

/// How many logs are fetched at a time.
const AT_A_TIME: usize = 8;

/// How long one log may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Fetches within the limits; what fails or comes too late is left out.
pub(super) async fn read(api: &Api, wanted: &[LogKey], limits: &LogLimits) -> Logs {
    let deadline = tokio::time::Instant::now() + limits.time;
    let mut fetched = stream::iter(wanted.iter().take(limits.count * 2).cloned())
        .map(|key| async move {
            let log = fetch(api, &key, limits).await;
            (key, log)
        })
        .buffer_unordered(AT_A_TIME);
    let mut logs = Logs::new();
    while let Ok(Some((key, log))) = timeout_at(deadline, fetched.next()).await {
        if let Some(log) = log.filter(|log| !log.lines.is_empty()) {
            logs.insert(key, log);
        }
    }
    logs
}

async fn fetch(api: &Api, key: &LogKey, limits: &LogLimits) -> Option<ContainerLog> {
    let path = format!(
        "/api/v1/namespaces/{}/pods/{}/log?container={}&previous={}&tailLines={}&limitBytes={}",
        escaped(&key.namespace),
        escaped(&key.pod),
        escaped(&key.container),
        key.previous,
        limits.lines,
        limits.bytes,
    );
    let mut body = api
        .get(&path, "text/plain, */*", PATIENCE)
        .await
        .ok()?
        .into_body();
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = next_chunk(&mut body, PATIENCE).await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= limits.bytes {
            break;
        }
    }
    Some(ContainerLog::from_bytes(&bytes, limits.lines))
}
