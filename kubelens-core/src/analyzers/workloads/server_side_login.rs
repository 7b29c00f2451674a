//! A login that a server says it refused, while the run of a client lasted that left no words of its own.

use jiff::SignedDuration;

use super::failing_run::failing_end;
use super::last_words::telling_line;
use super::log_login_refused::SIGNATURE;
use super::server_statement::time_of;
use crate::analyzers::data_keeper::keeps_data;
use crate::kubernetes::{ContainerView, Kind, Object, Pod};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

/// What a server refused.
#[derive(Debug)]
pub(super) struct RefusedAtServer<'a> {
    /// The workload of the server.
    pub(super) server: ObjectRef,
    /// Its line.
    pub(super) line: &'a str,
    /// The line as proof, with how many of its kind there are.
    pub(super) proof: Evidence,
}

/// Seconds by which the clocks of two pods may differ.
const SLACK: i64 = 2;

/// The login that the only server of the namespace which keeps data refused while the last run of a container lasted. The
/// container takes a Secret, failed, and nothing is known of what it wrote. Who calls it reads Pod, Job and CronJob.
pub(super) fn refused_at_server<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'a>,
) -> Option<RefusedAtServer<'a>> {
    let end = failing_end(cluster, pod, container)?;
    let references = pod.spec.config_references();
    let takes_a_secret = references
        .iter()
        .any(|reference| reference.kind == Kind::Secret && *reference.user == *container.name());
    if !takes_a_secret || telling_line(cluster, pod, container).is_some() {
        return None;
    }
    let slack = SignedDuration::from_secs(SLACK);
    let from = end.started_at?.checked_sub(slack).ok()?;
    let until = end.finished_at?.checked_add(slack).ok()?;
    let mut all = cluster
        .in_namespace::<Pod>(&pod.metadata.namespace)
        .filter(|server| server.is_ready() && keeps_data(server))
        .filter_map(|server| {
            server.containers().find_map(|inside| {
                let log = cluster.log(server, inside.name(), false)?;
                let refused = || log.lines.iter().filter(|line| SIGNATURE.words.is_in(line));
                let is_within =
                    |line: &&String| time_of(line).is_some_and(|at| (from..=until).contains(&at));
                let line = refused().rfind(is_within)?;
                let mut proof =
                    Evidence::log(server.reference(), inside.name(), line, time_of(line));
                proof.count = u32::try_from(refused().count()).ok();
                Some(RefusedAtServer {
                    server: cluster.top_of(server),
                    line,
                    proof,
                })
            })
        });
    let first = all.next()?;
    all.all(|other| other.server.is_same(&first.server))
        .then_some(first)
}
