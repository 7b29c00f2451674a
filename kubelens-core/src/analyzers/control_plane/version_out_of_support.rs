use super::releases::{last_day, newest, oldest_supported};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::nodes::version::Version;
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The cluster's Kubernetes version gets no patches any more: security holes that are found stay open. A
    /// version newer than this build of KubeLens is only noted.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # version: v1.29.4
    /// ```
    /// A version that this build does not know:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # version: v1.99.0
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # version: v1.35.4
    /// ```
    ///
    /// # How to fix
    /// Upgrade, one minor version at a time, the control plane first.
    ///
    /// # What it cannot know
    /// Longer support that a vendor sells. Where the version names a provider with a calendar of its own
    /// (EKS, GKE), the end of support upstream is only noted.
    ///
    /// # Source
    /// `/version` of the API server; the release table of kubernetes.io, kept in `data/kubernetes_releases.tsv`.
    CTL019 "version-out-of-support" {
        role: Root,
        severity: Warning,
        confidence: 0.95,
        reads: [],
        maps_to: ["POP-405", "POP-406"],
        check: Cluster(check),
    }
}

/// What versions of providers with a calendar of their own carry.
const PROVIDERS: [&str; 2] = ["-eks-", "-gke."];

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let info = cluster.snapshot().info();
    let (Some(text), Some(_)) = (info.version.as_deref(), cluster.snapshot().taken_at()) else {
        return;
    };
    let Some(version) = Version::parse(text) else {
        return;
    };
    let own = cluster.reference();
    let proof = Evidence::field(own.clone(), "version", text);
    match last_day(version) {
        Some(end) => {
            let today = cluster.now().to_zoned(jiff::tz::TimeZone::UTC).date();
            if end < today {
                let has_calendar = PROVIDERS.iter().any(|mark| text.contains(mark));
                let severity = if has_calendar {
                    Severity::Info
                } else {
                    Severity::Warning
                };
                let oldest = oldest_supported(Some(cluster.now()));
                let still = oldest.map_or_else(String::new, |oldest| {
                    format!(" The oldest version with patches is {oldest}.")
                });
                sink.report(
                    Sighting::of(
                        own.clone(),
                        format!("Kubernetes {version} gets no patches since {end}"),
                        format!("Faults and security holes that are found in it stay open.{still}"),
                    )
                    .severity(severity)
                    .evidence(proof)
                    .evidence(Evidence::field(own, "end of support", end))
                    .suggest(Suggestion::advice(
                        "Upgrade one minor version at a time, the control plane first, then the nodes",
                    )),
                );
            }
        }
        None if newest().is_some_and(|newest| version > newest) => sink.report(
            Sighting::of(
                own,
                format!("Kubernetes {version} is newer than this build of KubeLens"),
                "What changed in it is not known here; messages of it may be shown as they are.",
            )
            .severity(Severity::Info)
            .evidence(proof)
            .suggest(Suggestion::advice("Use a newer KubeLens when there is one")),
        ),
        // Older than the table: out of support for years.
        None => sink.report(
            Sighting::of(
                own,
                format!("Kubernetes {version} has got no patches for years"),
                "Faults and security holes that are found in it stay open.",
            )
            .evidence(proof)
            .suggest(Suggestion::advice(
                "Move to a supported version; a new cluster may be the shorter way",
            )),
        ),
    }
}
