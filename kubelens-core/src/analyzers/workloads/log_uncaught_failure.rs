use super::broken_server::waited_for;
use super::log_peer::Peers;
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use super::log_words::short;
use super::waits_for::is_about_another;
use super::wrong_key;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::analyzers::storage::system_below::blaming_the_system;
use crate::kubernetes::{Object, Pod};
use crate::model::Evidence;
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
    /// Ruby names the class of it last:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | /usr/local/bundle/gems/activesupport-7.2.2.1/lib/active_support/message_encryptor.rb:373:in `rescue in decrypt': ActiveSupport::MessageEncryptor::InvalidMessage (ActiveSupport::MessageEncryptor::InvalidMessage)
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, envFrom: [{secretRef: {name: master-key}}]}]
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
        reads: [Event, PersistentVolume, PersistentVolumeClaim, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
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
        r#"^\S+:\d+:in [`'][^']*': .*\([A-Z][\w:]*\)$|^panic: |^fatal error: |thread '[^']*' (?:\(\d+\) )?panicked at|SIGSEGV: segmentation violation|Traceback \(most recent call last\):|^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception)(?:: |$)|Exception in thread |^Caused by: |(?i:unhandled (?:promise )?(?:exception|rejection))|Unhandled 'error' event|Uncaught |^\s*throw (?:err|new )|terminate called after throwing|PHP Fatal error:|Application run failed"#,
    ),
    weight: Weight::Last,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// How Ruby ends: where, what, and the class of it.
static OF_RUBY: Pattern = Pattern::new(r"^\S+:\d+:in [`'][^']*': (.*\([A-Z][\w:]*\))$");

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
        short(OF_RUBY.first(failure).unwrap_or(failure))
    );
    let more = message_below(found, failure);
    let mut explanation = more.first().map_or_else(
        || "The program stopped there; its log holds the trace.".to_owned(),
        |first| {
            format!(
                "It goes on: \"{}\". The program stopped there.",
                short(first)
            )
        },
    );
    let is_of_a_key = wrong_key::is_told(more.iter().copied().chain([failure]));
    if is_of_a_key {
        explanation = format!("{explanation} {}", wrong_key::MEANING);
    }
    let pod = found.pod();
    let told = (failure != found.line()).then_some(failure);
    let proof = told.into_iter().chain(more.iter().copied());
    let proof =
        proof.map(|line| Evidence::log(pod.reference(), found.unwell.container.name(), line, None));
    let sighting = found
        .sighting(cluster, CONFIDENCE, title, explanation)
        .all_evidence(proof);
    let mut sighting = blaming_the_system(sighting, cluster, pod, [failure]);
    if FAR_SIDE.is_in(failure) {
        sighting = Peers::of(found, cluster).blamed_by(sighting);
    } else if is_about_another(failure) {
        for (server, relation) in waited_for(cluster, pod) {
            sighting = sighting.blames(server, relation);
        }
    }
    if is_of_a_key {
        return advise(
            sighting.all_evidence(wrong_key::secrets(found)),
            wrong_key::ADVICE,
        );
    }
    advise(
        sighting,
        format!(
            "Read the trace in the log; if it came with a new version of {top}, go back to the one before"
        ),
    )
}

/// Most lines of a message that are quoted behind its first.
const MOST_LINES: usize = 2;

/// What does not go on with a message: frames of a trace, other failures, the next record of a log.
static NO_MESSAGE: Pattern = Pattern::new(
    r"^\s|^at |^from |^Caused by|^\.\.\. |^Stack trace|^#\d|^goroutine |^created by |^exit status|^note: |^node:|^Traceback|^thread |^[{\[*+|=-]|^[IWEF]\d{4} |^\d|^(?:time|ts|level)=|^(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL)\b",
);

/// The lines with which the message of a failure goes on: Java and others write some over several lines.
fn message_below<'a>(found: &LogMatch<'a>, failure: &str) -> Vec<&'a str> {
    if !NAMED.is_in(failure.trim()) || failure.starts_with("panic: ") {
        return Vec::new();
    }
    let mut lines = std::iter::once(found.line()).chain(found.after());
    lines.by_ref().find(|line| *line == failure);
    lines
        .take_while(|line| !NO_MESSAGE.is_in(line) && !NAMED.is_in(line.trim()))
        .take(MOST_LINES)
        .collect()
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
    let of_ruby = OF_RUBY.is_in(line).then_some(line);
    let is_trace = line.contains(TRACEBACK);
    innermost
        .or(of_ruby)
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
