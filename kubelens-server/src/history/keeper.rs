use std::sync::Arc;
use std::time::Duration;

use super::History;
use crate::live::Cluster;

/// Reports that come closer together are taken in as one: what comes and goes in between is no episode.
const PAUSE: Duration = Duration::from_secs(5);

/// Takes in the reports of a cluster for as long as this is awaited.
pub async fn keep(cluster: Arc<Cluster>, history: History) {
    let mut pictures = cluster.pictures();
    let name = history_name(&cluster);
    let mut is_told = false;
    loop {
        let picture = pictures.borrow_and_update().clone();
        if let Some(picture) = picture {
            let (history, name) = (history.clone(), name.clone());
            let taken = tokio::task::spawn_blocking(move || {
                history.take(&name, &picture.report, picture.as_of)
            });
            match taken.await {
                Ok(Ok(())) => is_told = false,
                // The store tells of its own trouble; once is enough here.
                Ok(Err(error)) if !is_told => {
                    tracing::warn!(cluster = %cluster.name, "the history is not kept: {error}");
                    is_told = true;
                }
                Ok(Err(_)) => {}
                Err(error) => tracing::error!("the history is not kept: {error}"),
            }
        }
        tokio::time::sleep(PAUSE).await;
        if pictures.changed().await.is_err() {
            return;
        }
    }
}

/// The name that a cluster has in the history: a simulated one is never taken for a real one.
pub fn history_name(cluster: &Cluster) -> String {
    if cluster.is_real() {
        cluster.name.clone()
    } else {
        format!("{} (demo)", cluster.name)
    }
}
