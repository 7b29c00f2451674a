//! What node-problem-detector tells of a kernel in events alone: troubles without a condition of the node.

use super::node_problem_reported::is_bad;
use super::state::describe;
use crate::analysis::Sighting;
use crate::kubernetes::{Event, Node, Object};
use crate::model::{Severity, Suggestion, safe_text};
use crate::snapshot::Cluster;

/// A temporary problem of the rules that node-problem-detector comes with.
struct Problem {
    /// The reason of its events.
    reason: &'static str,
    /// How often it must be told to count.
    times: u32,
    /// What is wrong with the node, as the end of a sentence that begins with its name.
    state: &'static str,
    /// What it means for what runs there.
    effect: &'static str,
    advice: &'static str,
}

/// Whoever reached its own memory limit is told as `OOMKilling` too: that is a fault of the container, not of the node.
static PROBLEMS: [Problem; 8] = [
    Problem {
        reason: "ConntrackFull",
        times: 3,
        state: "drops packets: its table of connections (conntrack) is full",
        effect: "New connections from and to the pods there fail at random.",
        advice: "Raise net.netfilter.nf_conntrack_max of the node (kube-proxy: conntrack.maxPerCore), or find who opens so many connections there",
    },
    Problem {
        reason: "TaskHung",
        times: 3,
        state: "has tasks that hang in its kernel",
        effect: "Disks or file systems of the node do not answer, and what uses them stands still.",
        advice: "Look at the disks of the node and at what it mounts over the network; reboot it where the tasks do not come back",
    },
    Problem {
        reason: "KernelOops",
        times: 1,
        state: "had a fault in its kernel (oops)",
        effect: "The kernel is in a state that nobody vouches for.",
        advice: "Drain and reboot the node, and look for a newer kernel",
    },
    Problem {
        reason: "Ext4Error",
        times: 1,
        state: "has errors in a file system",
        effect: "What is written there may be lost; the kernel may make the file system read-only.",
        advice: "Drain the node, check its file system and replace the disk",
    },
    Problem {
        reason: "XfsHasShutdown",
        times: 1,
        state: "has a file system that shut itself down",
        effect: "Nothing can be read from or written to it until it is mounted anew.",
        advice: "Drain the node, repair its file system and replace the disk",
    },
    Problem {
        reason: "IOError",
        times: 3,
        state: "has a disk with errors (I/O error)",
        effect: "Reads and writes of what runs there fail.",
        advice: "Drain the node and replace its disk",
    },
    Problem {
        reason: "MemoryReadError",
        times: 3,
        state: "has memory with errors",
        effect: "They were corrected so far; processes die when they no longer can be.",
        advice: "Drain the node and replace its memory",
    },
    Problem {
        reason: "UnregisterNetDevice",
        times: 3,
        state: "cannot give up a network device",
        effect: "Pods are made and deleted slowly there, or not at all.",
        advice: "Reboot the node, and look for a newer kernel",
    },
];

/// What is told of the node now, where no condition of it tells the same.
pub(super) fn sightings<'a>(cluster: &Cluster<'a>, node: &'a Node) -> Vec<Sighting> {
    PROBLEMS
        .iter()
        .filter(|problem| !is_told_by_condition(node, problem))
        .filter_map(|problem| {
            let event = cluster.current_event(node, &[problem.reason])?;
            (event.times() >= problem.times).then(|| sighting(node, problem, event))
        })
        .collect()
}

fn is_told_by_condition(node: &Node, problem: &Problem) -> bool {
    let mut conditions = node.status.conditions.iter();
    conditions.any(|condition| is_bad(condition) && condition.reason == problem.reason)
}

fn sighting(node: &Node, problem: &Problem, event: &Event) -> Sighting {
    let own = node.reference();
    Sighting::of(
        own.clone(),
        format!("{own} {}", problem.state),
        format!(
            "An agent on the node says: {}. {}",
            safe_text(&event.message).trim_end_matches('.'),
            problem.effect
        ),
    )
    .severity(Severity::Warning)
    .identified_by("fact", problem.reason)
    .since(event.first_seen())
    .event(event)
    .suggest(Suggestion::advice(problem.advice))
    .suggest(describe(node))
}
