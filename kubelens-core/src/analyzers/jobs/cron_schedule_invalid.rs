use super::schedule::{parse, split_zone, zone};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{CronJob, Event, Object};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The schedule of a CronJob cannot be read, or its time zone does not exist, so it never runs. A
    /// schedule that begins with `TZ=` still runs and is refused at the next change.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1}
    /// spec: {schedule: "0 6 * *"}
    /// ```
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1}
    /// spec: {schedule: "0 6 * * 1", timeZone: Europe/Atlantis}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1}
    /// spec: {schedule: "*/15 6-18 * * MON-FRI", timeZone: Europe/Berlin}
    /// ```
    ///
    /// # How to fix
    /// Write five fields (minute, hour, day of month, month, weekday 0 to 6) or a descriptor such as
    /// `@daily`, and a zone of the tz database in `timeZone`.
    ///
    /// # What it cannot know
    /// When it was meant to run. Zones newer than the built-in tz database would be told as unknown.
    ///
    /// # Source
    /// `spec.schedule` and `spec.timeZone` of batch/v1 CronJob; events `UnparseableSchedule`,
    /// `InvalidSchedule`, `UnknownTimeZone`.
    JOB011 "cron-schedule-invalid" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [Event],
        maps_to: ["k8sgpt:CronJob"],
        check: CronJob(check),
    }
}

fn check<'a>(cron: &'a CronJob, cluster: &Cluster<'a>, sink: &mut Sink) {
    if cron.metadata.is_terminating() || cron.spec.schedule.is_empty() {
        return;
    }
    let (prefix, text) = split_zone(&cron.spec.schedule);
    let unparseable = complaint(
        cron,
        cluster,
        &["UnparseableSchedule", "InvalidSchedule"],
        text,
    );
    let fault = match parse(text) {
        Err(reason) => Some(reason),
        Ok(_) => unparseable.map(|_| "its controller cannot read it".to_owned()),
    };
    if let Some(reason) = fault {
        sink.report(unreadable(cron, &reason, unparseable));
    }
    let name = cron.spec.time_zone.as_str();
    let unknown = complaint(cron, cluster, &["UnknownTimeZone"], name);
    if !name.is_empty() && (zone(name).is_none() || unknown.is_some()) {
        sink.report(unknown_zone(cron, unknown));
    }
    if prefix.is_some() {
        sink.report(zone_in_schedule(cron));
    }
}

/// What the controller says of the text that the CronJob has now. Its database of zones may be older than ours.
fn complaint<'a>(
    cron: &'a CronJob,
    cluster: &Cluster<'a>,
    reasons: &[&str],
    text: &str,
) -> Option<&'a Event> {
    cluster
        .current_event(cron, reasons)
        .filter(|event| event.message.contains(text))
}

fn unreadable(cron: &CronJob, reason: &str, event: Option<&Event>) -> Sighting {
    let schedule = &cron.spec.schedule;
    let title = format!(
        "The schedule `{schedule}` of {} cannot be read: {reason}",
        cron.reference()
    );
    base(cron, title, "It never runs.")
        .identified_by("field", "schedule")
        .all_evidence(event.map(event_evidence))
        .suggest(Suggestion::advice(
            "Write five fields: minute, hour, day of month, month, weekday (0 to 6 from Sunday)",
        ))
}

fn unknown_zone(cron: &CronJob, event: Option<&Event>) -> Sighting {
    let name = &cron.spec.time_zone;
    let fault = if zone(name).is_none() {
        "does not exist"
    } else {
        "is not known to kube-controller-manager"
    };
    let title = format!("The time zone `{name}` of {} {fault}", cron.reference());
    base(cron, title, "It never runs.")
        .identified_by("field", "timeZone")
        .evidence(Evidence::field(cron.reference(), "spec.timeZone", name))
        .all_evidence(event.map(event_evidence))
        .suggest(Suggestion::advice(
            "Name a zone of the tz database, such as Europe/Berlin or Etc/UTC; a younger name (Europe/Kyiv) needs a control plane that knows it",
        ))
}

fn zone_in_schedule(cron: &CronJob) -> Sighting {
    let title = format!("The schedule of {} names a time zone", cron.reference());
    let explanation = "Such a schedule was never supported: it runs for now, and the next change of it is refused.";
    base(cron, title, explanation)
        .severity(Severity::Warning)
        .identified_by("field", "zone in schedule")
        .suggest(Suggestion::advice("Move the zone to spec.timeZone"))
}

fn base(cron: &CronJob, title: String, explanation: &str) -> Sighting {
    let severity = if cron.spec.suspend == Some(true) {
        Severity::Info
    } else {
        Severity::Critical
    };
    let own = cron.reference();
    Sighting::of(own.clone(), title, explanation)
        .severity(severity)
        .evidence(Evidence::field(own, "spec.schedule", &cron.spec.schedule))
}
