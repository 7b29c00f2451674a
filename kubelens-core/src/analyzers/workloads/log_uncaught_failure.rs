use super::log_peer::Peers;
use super::log_signature::{LogMatch, Signature, Weight, advise, matches, short};
use super::waits_for::{is_about_another, waited_for};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::Pod;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well ended by a failure that its program did not catch: a panic, an
    /// exception, a fault of memory.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | Traceback (most recent call last):
    /// # log: shop/web-1/web previous |   File "/app/main.py", line 7, in <module>
    /// # log: shop/web-1/web previous | ValueError: invalid literal for int() with base 10: 'x'
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    /// What it waited for in vain is the reason, where something is wrong there:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | WARN Connection to node -1 (kafka.shop.svc/10.96.0.7:9092) could not be established. Node may not be available.
    /// # log: shop/web-1/web previous | org.apache.kafka.common.errors.TimeoutException: Timeout of 60000ms expired before the position for partition a-0 could be determined
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | panic: all is well again
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Read the trace: the innermost frame of the program's own code is where it happens.
    ///
    /// # What it cannot know
    /// Why the program came there.
    ///
    /// # Source
    /// Panics of Go and Rust, tracebacks of Python, exceptions of Java, .NET, Node.js, Ruby, PHP and
    /// C++.
    WRK110 "log-uncaught-failure" {
        role: Both,
        severity: Critical,
        confidence: 0.75,
        reads: [Event, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.75;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK110",
    words: Pattern::new(
        r#"^panic: |^fatal error: |thread '[^']*' (?:\(\d+\) )?panicked at|SIGSEGV: segmentation violation|Traceback \(most recent call last\):|^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception)(?:: |$)|Exception in thread |^Caused by: |(?i:unhandled (?:promise )?(?:exception|rejection))|Unhandled 'error' event|Uncaught |^\s*throw (?:err|new )|terminate called after throwing|PHP Fatal error:|Application run failed"#,
    ),
    weight: Weight::Last,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// A line that names the failure, with its message.
static NAMED: Pattern = Pattern::new(
    r"^(?:Uncaught |Unhandled exception\.? ?)?((?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception)(?:: .*)?)$|^(panic: .*|fatal error: .*)|Caused by: (.*)|(thread '.* panicked at .*)|(Exception in thread .*)|(PHP Fatal error: .*)|(Uncaught .*)",
);

/// Words of a failure whose reason is on the other side of a connection.
static FAR_SIDE: Pattern = Pattern::new(
    r"(?i)time(?:d )?-?out|\bconnect(?:ion|ing)?(?:\b|error|exception|refused|reset)|disconnect|unavailable|unreachable|no brokers|not available|broken pipe|reset by peer",
);

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(found.pod());
    let failure = failure(found);
    let title = format!(
        "{} ends by a failure that it does not catch: {}",
        found.speaker(&top),
        short(failure)
    );
    let explanation = "The program stopped there; its log holds the trace.".to_owned();
    let mut sighting = found.sighting(cluster, CONFIDENCE, title, explanation);
    if FAR_SIDE.is_in(failure) {
        sighting = Peers::of(found, cluster).blamed_by(sighting);
    } else if is_about_another(failure) {
        for (server, relation) in waited_for(cluster, found.pod()) {
            sighting = sighting.blames(server, relation);
        }
    }
    if failure != found.line() {
        sighting = sighting.evidence(crate::model::Evidence::log(
            crate::kubernetes::Object::reference(found.pod()),
            found.unwell.container.name(),
            failure,
            None,
        ));
    }
    advise(
        sighting,
        format!(
            "Read the trace in the log; if it came with a new version of {top}, go back to the one before"
        ),
    )
}

/// How Python begins to tell where an exception came from.
const TRACEBACK: &str = "Traceback (most recent call last):";

/// What the last traceback of Python tells of: its frames are indented, and the first line that is not names the
/// exception, whatever its class is called.
fn end_of_tracebacks<'a>(lines: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut is_within = false;
    let mut last = None;
    for line in lines {
        if line.contains(TRACEBACK) {
            is_within = true;
        } else if is_within && !line.starts_with([' ', '\t', '|', '+']) {
            last = Some(line);
            is_within = false;
        }
    }
    last
}

/// What names the failure best: the innermost `Caused by`, else the last line that names one, else the
/// line itself. Rust says what happened on the line after where.
fn failure<'a>(found: &LogMatch<'a>) -> &'a str {
    let line = found.line();
    if line.contains("panicked at") && line.trim_end().ends_with(':') {
        return found.after().next().unwrap_or(line);
    }
    let lines = || std::iter::once(line).chain(found.after());
    // Ruby says on the line below what Java says behind these words.
    let below = lines()
        .skip_while(|line| line.trim() != "Caused by:")
        .nth(1)
        .filter(|line| !line.trim().is_empty());
    let innermost = lines()
        .filter(|line| line.contains("Caused by: "))
        .last()
        .or(below);
    let named = || lines().filter(|line| NAMED.is_in(line.trim())).last();
    let is_trace = line.contains(TRACEBACK);
    innermost
        .or_else(|| end_of_tracebacks(lines()))
        .or_else(|| is_trace.then(named).flatten())
        .or_else(|| NAMED.is_in(line).then_some(line))
        .or_else(named)
        .unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceback_ends_with_its_exception_whatever_its_class() {
        let lines = [
            "ERROR consume failed",
            "Traceback (most recent call last):",
            "  File \"/app/consume.py\", line 58, in <module>",
            "    channel.basic_consume()",
            "pika.exceptions.ChannelClosedByBroker: (404, \"NOT_FOUND\")",
            "bye",
        ];
        assert_eq!(
            end_of_tracebacks(lines.into_iter()),
            Some("pika.exceptions.ChannelClosedByBroker: (404, \"NOT_FOUND\")")
        );
        assert_eq!(end_of_tracebacks(["KeyError: 'A'"].into_iter()), None);
    }
}
