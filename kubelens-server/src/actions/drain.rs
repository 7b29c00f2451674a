//! Emptying a node: what would be evicted, what stands in the way, and doing it within the budgets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kubelens_core::kubernetes::{Kind, Pod, PodDisruptionBudget};
use kubelens_core::snapshot::Snapshot;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::nodes::cordon;
use super::operations::Running;
use crate::api::error::{ApiError, Code};
use crate::api::text::instant;
use crate::door::{Door, Place};

/// What a drain would do.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrainPreview {
    /// The node.
    pub node: String,
    /// Pods that would be evicted.
    pub evictable: Vec<DrainPod>,
    /// Pods that would stay, and why.
    pub skipped: Vec<DrainPod>,
    /// What stands in the way.
    pub blockers: Vec<DrainBlocker>,
    /// Whether nothing stands in the way.
    pub safe_to_drain: bool,
    /// The instant that it was judged from.
    pub generated_at: String,
}

/// A pod of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DrainPod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Why it stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What stands in the way of a drain.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DrainBlocker {
    /// `pdb`, `local-storage` or `unowned`.
    pub kind: String,
    /// What it means.
    pub message: String,
    /// The pod.
    pub pod: DrainPod,
    /// The budget: `namespace/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// How a drain is done.
#[derive(Debug, Clone, Copy)]
pub struct DrainOrder {
    /// Whether local storage and pods without an owner are no hindrance.
    pub force: bool,
    /// Whether pods with an `emptyDir` may lose it.
    pub delete_empty_dir: bool,
    /// How long it may take.
    pub timeout: Duration,
    /// Whether a node that it cordoned is uncordoned when it fails.
    pub uncordon_on_failure: bool,
}

fn named(pod: &Pod, reason: Option<&str>) -> DrainPod {
    DrainPod {
        namespace: pod.metadata.namespace.to_string(),
        name: pod.metadata.name.to_string(),
        reason: reason.map(str::to_owned),
    }
}

/// Why a pod stays on a node that is drained.
fn stays(pod: &Pod) -> Option<&'static str> {
    if pod.is_static() {
        Some("static mirror pod")
    } else if pod
        .metadata
        .controller()
        .is_some_and(|owner| owner.kind == "DaemonSet")
    {
        Some("managed by DaemonSet")
    } else if pod.is_finished() {
        Some("completed pod")
    } else {
        None
    }
}

/// What a drain of a node would do, by the picture.
pub fn preview(
    snapshot: &Snapshot,
    node: &str,
    delete_empty_dir: bool,
) -> Result<DrainPreview, ApiError> {
    if snapshot.tables().metadata(Kind::Node, "", node).is_none() {
        return Err(ApiError::not_found(format!("no node {node:?}")));
    }
    let mut evictable = Vec::new();
    let mut skipped = Vec::new();
    let mut blockers = Vec::new();
    // How many more pods each budget lets go.
    let mut left: BTreeMap<String, i64> = BTreeMap::new();
    for pod in snapshot
        .table::<Pod>()
        .iter()
        .filter(|pod| pod.node_name == *node)
    {
        if let Some(reason) = stays(pod) {
            skipped.push(named(pod, Some(reason)));
            continue;
        }
        let block = |kind: &str, message: String, reference: Option<String>| DrainBlocker {
            kind: kind.to_owned(),
            message,
            pod: named(pod, None),
            reference,
        };
        let budgets = snapshot
            .table::<PodDisruptionBudget>()
            .in_namespace(&pod.metadata.namespace);
        for budget in budgets {
            let selects = budget
                .spec
                .selector
                .as_ref()
                .is_some_and(|selector| selector.matches(&pod.metadata.labels));
            if !selects {
                continue;
            }
            let reference = format!("{}/{}", budget.metadata.namespace, budget.metadata.name);
            let allowed = left
                .entry(reference.clone())
                .or_insert(budget.status.disruptions_allowed);
            *allowed -= 1;
            if *allowed < 0 {
                let message =
                    format!("PodDisruptionBudget {reference} allows no more disruptions now");
                blockers.push(block("pdb", message, Some(reference)));
            }
        }
        if !delete_empty_dir
            && let Some(volume) = pod
                .spec
                .volumes
                .iter()
                .find(|volume| volume.empty_dir.is_some())
        {
            let message = format!("what emptyDir {} holds would be lost", volume.name);
            blockers.push(block("local-storage", message, None));
        }
        if pod.metadata.controller().is_none() {
            blockers.push(block(
                "unowned",
                "nothing would make the pod again".to_owned(),
                None,
            ));
        }
        evictable.push(named(pod, None));
    }
    Ok(DrainPreview {
        node: node.to_owned(),
        safe_to_drain: blockers.is_empty(),
        evictable,
        skipped,
        blockers,
        generated_at: instant(snapshot.taken_at().unwrap_or_else(Timestamp::now)),
    })
}

/// Cordons a node and evicts these pods, each as soon as its budgets allow it.
pub async fn drain(door: Door, plan: DrainPreview, order: DrainOrder, running: Arc<Running>) {
    let deadline = Instant::now() + order.timeout;
    let cordoned = match was_cordoned(&door, &plan.node).await {
        Ok(true) => Ok(false),
        Ok(false) => cordon(&door, &plan.node, true, false).await.map(|_| true),
        Err(error) => Err(error),
    };
    let cordoned = match cordoned {
        Ok(cordoned) => cordoned,
        Err(error) => {
            running.step(format!("cordon: {}", error.message), false);
            return running.end(Err(error.message));
        }
    };
    running.step(
        if cordoned {
            "cordoned"
        } else {
            "was cordoned already"
        },
        true,
    );
    let outcome = evict_all(&door, &plan, &running, deadline).await;
    if outcome.is_err() && cordoned && order.uncordon_on_failure {
        match cordon(&door, &plan.node, false, false).await {
            Ok(_) => running.step("uncordoned again", true),
            Err(error) => running.step(format!("uncordon: {}", error.message), false),
        }
    }
    running.end(outcome);
}

async fn was_cordoned(door: &Door, node: &str) -> Result<bool, ApiError> {
    let node = door.get(&Place::new(Kind::Node, "", node)?).await?;
    Ok(node
        .pointer("/spec/unschedulable")
        .and_then(serde_json::Value::as_bool)
        .unwrap_or(false))
}

/// Wait between two tries: the first, and the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

async fn evict_all(
    door: &Door,
    plan: &DrainPreview,
    running: &Running,
    deadline: Instant,
) -> Result<(), String> {
    let mut waiting: Vec<&DrainPod> = plan.evictable.iter().collect();
    let mut going: Vec<(&DrainPod, Option<String>)> = Vec::new();
    let mut wait = FIRST_WAIT;
    let mut done = 0;
    loop {
        if running.is_cancelled() {
            return Err(format!(
                "cancelled; {} pods were left",
                waiting.len() + going.len()
            ));
        }
        let mut refused = Vec::new();
        for pod in std::mem::take(&mut waiting) {
            let uid = uid(door, pod).await;
            match door.evict(&pod.namespace, &pod.name, false).await {
                Ok(()) => {
                    running.step(format!("evicted {}/{}", pod.namespace, pod.name), true);
                    going.push((pod, uid));
                }
                Err(kube::Error::Api(status)) if status.code == 404 => done += 1,
                Err(kube::Error::Api(status)) if status.code == 429 => refused.push(pod),
                Err(error) => {
                    let why = ApiError::from(error).message;
                    running.step(
                        format!("evict {}/{}: {why}", pod.namespace, pod.name),
                        false,
                    );
                    refused.push(pod);
                }
            }
        }
        waiting = refused;
        let mut still = Vec::new();
        for (pod, known) in std::mem::take(&mut going) {
            // One of the same name with another uid is a new pod.
            match uid(door, pod).await {
                Some(now) if known.as_ref().is_none_or(|known| *known == now) => {
                    still.push((pod, known))
                }
                _ => done += 1,
            }
        }
        going = still;
        running.done(done);
        if waiting.is_empty() && going.is_empty() {
            return Ok(());
        }
        if Instant::now() + wait > deadline {
            let left = waiting
                .iter()
                .copied()
                .chain(going.iter().map(|(pod, _)| *pod));
            let left: Vec<String> = left
                .map(|pod| format!("{}/{}", pod.namespace, pod.name))
                .collect();
            return Err(format!("the time was up; left: {}", left.join(", ")));
        }
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// The uid of a pod; none once it is gone.
async fn uid(door: &Door, pod: &DrainPod) -> Option<String> {
    let place = Place::new(Kind::Pod, &pod.namespace, &pod.name).ok()?;
    match door.get(&place).await {
        Ok(object) => Some(object.pointer("/metadata/uid")?.as_str()?.to_owned()),
        Err(error) if error.code == Code::NotFound => None,
        // What cannot be asked is taken to be there.
        Err(_) => Some(String::new()),
    }
}
