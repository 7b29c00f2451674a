//! What a condition type means: whether it is good or bad that it is True. One table for custom resources and
//! for what agents write on nodes.

/// Which status of a condition is the bad one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polarity {
    /// False is bad, and so is Unknown for long.
    Positive,
    /// True is bad.
    Negative,
    /// Says nothing by itself.
    Neutral,
}

/// Types that are good when True, besides those known by their ending.
const POSITIVE: &[&str] = &[
    "Accepted",
    "Bound",
    "ControlPlaneReady",
    "Established",
    "Initialized",
    "Installed",
    "Launched",
    "NamesAccepted",
    "Programmed",
    "Provisioned",
    "Reconciled",
    "Registered",
    "ResolvedRefs",
    "SecretSynced",
    "Serving",
];

/// Endings of types that are good when True.
const POSITIVE_ENDINGS: &[&str] = &[
    "Ready",
    "Available",
    "Healthy",
    "Reachable",
    "Success",
    "Synced",
    "Valid",
];

/// Types that are bad when True, besides those known by their beginning or ending.
const NEGATIVE: &[&str] = &[
    "ACK.Recoverable",
    "ACK.Terminal",
    "Blocked",
    "BundleUnpackFailed",
    "CatalogSourcesUnhealthy",
    "Conflicted",
    "CorruptDockerOverlay2",
    "CperHardwareErrorFatal",
    "Dangling",
    "Failing",
    "Fallback",
    "FilesystemCorruption",
    "KernelDeadlock",
    "NetworkUnavailable",
    "NonStructuralSchema",
    "OutOfDisk",
    "ReadonlyFilesystem",
    "Stalled",
    "XfsShutdown",
];

/// Endings of types that are bad when True.
const NEGATIVE_ENDINGS: &[&str] = &[
    "Degraded",
    "Error",
    "Failed",
    "Failure",
    "NotAvailable",
    "NotHealthy",
    "NotReachable",
    "NotReady",
    "NotSynced",
    "Pressure",
    "Problem",
    "Unavailable",
    "Unhealthy",
    "Unreachable",
    "Unready",
];

/// Types that say nothing whatever their ending: what waits in a queue has no pods yet.
const NEUTRAL: &[&str] = &["PodsReady"];

/// Words that make a type a piece of news, whatever its ending: a new version that is available, or not.
const NEWS: &[&str] = &["Update", "Upgrade", "Deprecat"];

/// What a condition type means; a type that nobody has named says nothing.
pub(super) fn polarity(type_: &str) -> Polarity {
    let ends = |endings: &[&str]| endings.iter().any(|ending| type_.ends_with(ending));
    let is_frequent = type_.starts_with("Frequent") && type_.ends_with("Restart");
    if NEUTRAL.contains(&type_) || NEWS.iter().any(|word| type_.contains(word)) {
        Polarity::Neutral
    } else if NEGATIVE.contains(&type_)
        || ends(NEGATIVE_ENDINGS)
        || type_.starts_with("Invalid")
        || is_frequent
    {
        Polarity::Negative
    } else if POSITIVE.contains(&type_) || ends(POSITIVE_ENDINGS) {
        Polarity::Positive
    } else {
        Polarity::Neutral
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_by_name_or_ending() {
        for (type_, expected) in [
            ("Ready", Polarity::Positive),
            ("WebhookReady", Polarity::Positive),
            ("Synced", Polarity::Positive),
            ("NotReady", Polarity::Negative),
            ("Unavailable", Polarity::Negative),
            ("InvalidRequest", Polarity::Negative),
            ("Degraded", Polarity::Negative),
            ("FrequentKubeletRestart", Polarity::Negative),
            ("MemoryPressure", Polarity::Negative),
            ("UpdateAvailable", Polarity::Neutral),
            ("Upgradeable", Polarity::Neutral),
            ("Progressing", Polarity::Neutral),
            ("Active", Polarity::Neutral),
            ("EtcdIsVoter", Polarity::Neutral),
            ("ACK.Terminal", Polarity::Negative),
            ("Whatever", Polarity::Neutral),
        ] {
            assert_eq!(polarity(type_), expected, "{type_}");
        }
    }
}
