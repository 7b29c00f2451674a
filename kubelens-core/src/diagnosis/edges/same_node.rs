use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};
use crate::kubernetes::Pod;
use crate::model::EvidenceKind;

/// Faults of a node that explain what the log of a pod on it says.
pub(in crate::diagnosis) const OF_PODS: [&str; 4] = ["NOD005", "NOD007", "NOD019", "NOD021"];

/// Several rules look at a node, and one trouble shows in several of them: a machine that was stopped is unreachable, a
/// kubelet that restarts makes its node come and go, broken hardware is missing among the devices. And a wrong clock, a
/// broken device, a read-only disk, a full table of connections or a want of process ids shows in what runs there.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        let node = match seen.pod {
            Some(pod) => pod.node_name.to_string(),
            None if seen.sighting.seen_on.kind == "Node" => seen.sighting.seen_on.name.clone(),
            None => continue,
        };
        let key = ("Node".to_owned(), String::new(), node);
        for cause in index.shown_by(&key).iter().copied() {
            let Some(reason) = index.get(cause).filter(|_| cause != effect) else {
                continue;
            };
            let relation = match seen.pod {
                Some(pod) if shows_in_pod(pod, seen, reason) => "runs on",
                None if is_one_trouble(seen, reason) => "same node",
                _ => continue,
            };
            edges.push(Edge {
                effect,
                cause,
                confidence: 0.95,
                relation,
            });
        }
    }
    edges
}

fn identity<'s>(seen: &'s Seen<'_>, what: &str) -> &'s str {
    let mut all = seen.sighting.identity.iter();
    all.find(|(known, _)| *known == what)
        .map_or("", |(_, value)| value.as_str())
}

fn is_one_trouble(symptom: &Seen<'_>, reason: &Seen<'_>) -> bool {
    let fact = identity(symptom, "fact");
    match (reason.code(), symptom.code()) {
        ("NOD022", "NOD001" | "NOD002") => identity(reason, "taint").ends_with("/shutdown"),
        ("NOD007", "NOD027") => {
            let condition = identity(reason, "condition");
            condition.starts_with("Frequent") && fact != "Rebooted"
        }
        ("NOD027", "NOD027") => {
            let order = ["Rebooted", "Starting", "NodeNotReady"];
            let place = |fact: &str| order.iter().position(|known| *known == fact);
            place(identity(reason, "fact")) < place(fact)
        }
        ("NOD007", "NOD021") => is_of_devices(reason),
        // Old containers are not taken away by a runtime that does not answer; the disk may have room.
        ("NOD010", "NOD004") => tells_of(symptom, "ContainerGCFailed"),
        // The errors of a disk because of which the kernel writes to it no more.
        ("NOD007", "NOD007") => is_of_file_systems(reason) && DISK.contains(&fact),
        // How far the clock is off says more than that nobody sets it.
        ("NOD019", "NOD007") => is_of_clock(symptom),
        _ => false,
    }
}

/// Whether its events have a reason.
fn tells_of(seen: &Seen<'_>, reason: &str) -> bool {
    let mut events = seen.sighting.evidence.iter();
    events.any(|proof| {
        let text = proof.text.as_deref().unwrap_or_default();
        proof.kind == EvidenceKind::Event && text.starts_with(reason)
    })
}

fn is_of_devices(reason: &Seen<'_>) -> bool {
    identity(reason, "condition").contains("AcceleratedHardware")
}

/// An agent of the node that found its clock wrong.
fn is_of_clock(reason: &Seen<'_>) -> bool {
    let condition = identity(reason, "condition");
    let words = ["NTP", "Clock", "TimeSync"];
    words.iter().any(|word| condition.contains(word))
}

/// An agent of the node that found a file system of it read-only.
fn is_of_file_systems(reason: &Seen<'_>) -> bool {
    identity(reason, "condition")
        .to_lowercase()
        .contains("readonlyfilesystem")
}

/// Facts that an agent tells of a disk in events.
const DISK: [&str; 3] = ["Ext4Error", "XfsHasShutdown", "IOError"];

/// Words of who meets a read-only or broken file system: programs, and what makes the sandbox of a pod.
const READ_ONLY: [&str; 4] = [
    "read-only file system",
    "read-only filesystem",
    "erofs",
    "input/output error",
];

/// Probes, calls, and questions that a name server forwards.
const GOES_OVER_THE_NETWORK: [&str; 7] = [
    "WRK020", "WRK021", "WRK022", "WRK025", "WRK102", "WRK103", "NET060",
];

/// Words of who gets no answer, when packets are dropped.
const NO_ANSWER: [&str; 5] = [
    "timeout",
    "timed out",
    "time out",
    "deadline exceeded",
    "temporary failure in name resolution",
];

/// Words of programs that may start no further process or thread: `fork` and `pthread_create` end with EAGAIN.
const NO_PROCESS: [&str; 12] = [
    "pthread_create failed",
    "pthread_create: resource temporarily unavailable",
    "can't start new thread",
    "can't create thread",
    "cannot fork",
    "can't fork",
    "fork failed",
    "fork: resource temporarily unavailable",
    "fork: retry",
    "failed to create new os thread",
    "unable to create native thread",
    "unable to create new native thread",
];

/// Whether the pod's own spec makes the file system read-only.
fn is_asked_for(symptom: &Seen<'_>) -> bool {
    symptom.sighting.evidence.iter().any(|proof| {
        let path = proof.path.as_deref().unwrap_or_default();
        path.ends_with(".readOnlyRootFilesystem") || path.ends_with(".readOnly")
    })
}

/// Words of programs whose device does not answer.
const DEVICE: [&str; 5] = ["cuda", "nvml", "gpu", "rocm", "hip error"];

/// Whether the pod's log tells of the trouble that its node has, or an event of what the node did for it.
fn shows_in_pod(pod: &Pod, symptom: &Seen<'_>, reason: &Seen<'_>) -> bool {
    let tells = |kinds: &[EvidenceKind], words: &[&str]| {
        symptom.sighting.evidence.iter().any(|proof| {
            let text = proof.text.as_deref().unwrap_or_default().to_lowercase();
            kinds.contains(&proof.kind) && words.iter().any(|word| text.contains(word))
        })
    };
    let says = |words: &[&str]| tells(&[EvidenceKind::Log], words);
    let shows = |words: &[&str]| tells(&[EvidenceKind::Log, EvidenceKind::Event], words);
    let fact = identity(reason, "fact");
    match reason.code() {
        "NOD005" => says(&NO_PROCESS),
        "NOD007" if is_of_devices(reason) => takes_a_device(pod, "") && says(&DEVICE),
        "NOD007" if is_of_file_systems(reason) || DISK.contains(&fact) => {
            shows(&READ_ONLY) && !is_asked_for(symptom)
        }
        "NOD007" if fact == "ConntrackFull" => {
            GOES_OVER_THE_NETWORK.contains(&symptom.code()) && shows(&NO_ANSWER)
        }
        "NOD007" | "NOD019" => {
            (reason.code() == "NOD019" || is_of_clock(reason))
                && symptom.code() == "WRK104"
                && says(&["not yet valid", "is before"])
        }
        "NOD021" => takes_a_device(pod, identity(reason, "resource")) && says(&DEVICE),
        _ => false,
    }
}

/// Whether a container of the pod asks for the device; an empty name is any.
fn takes_a_device(pod: &Pod, resource: &str) -> bool {
    pod.spec.all_containers().any(|(_, container)| {
        let requests = container.resources.effective_requests();
        requests
            .iter()
            .any(|(name, _)| name.contains('/') && (resource.is_empty() || *name == *resource))
    })
}
