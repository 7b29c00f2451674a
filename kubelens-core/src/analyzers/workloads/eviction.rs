//! What kubelets write when they evict a pod.

/// Why a pod was evicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::analyzers) enum Eviction<'t> {
    /// Its node ran short of something.
    Pressure(Pressure<'t>),
    /// It used more local storage than it may.
    OwnLimit(OwnLimit<'t>),
    /// Another text.
    Other,
}

/// A shortage of the node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::analyzers) struct Pressure<'t> {
    /// `memory`, `ephemeral-storage`, `inodes`, `pids`, or the condition's name.
    pub(in crate::analyzers) resource: &'t str,
    /// How much had to be left.
    pub(in crate::analyzers) threshold: Option<&'t str>,
    /// How much was left.
    pub(in crate::analyzers) available: Option<&'t str>,
    /// The container that used most, what it used, what it asked for.
    pub(in crate::analyzers) container: Option<&'t str>,
    pub(in crate::analyzers) usage: Option<&'t str>,
    pub(in crate::analyzers) request: Option<&'t str>,
}

/// A limit of local storage that the pod itself broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::analyzers) struct OwnLimit<'t> {
    /// `container`, `volume` or `pod`.
    pub(in crate::analyzers) of: &'static str,
    /// The container's or the volume's name; empty for the pod.
    pub(in crate::analyzers) name: &'t str,
    /// The limit, as written.
    pub(in crate::analyzers) limit: Option<&'t str>,
}

/// Takes the message of an evicted pod apart.
pub(in crate::analyzers) fn parse(message: &str) -> Eviction<'_> {
    if let Some(limit) = own_limit(message) {
        return Eviction::OwnLimit(limit);
    }
    if let Some(resource) = after(message, "low on resource: ") {
        return Eviction::Pressure(Pressure {
            resource: word(resource),
            threshold: after(message, "Threshold quantity: ").map(word),
            available: after(message, "available: ").map(word),
            container: after(message, "Container ").map(word),
            usage: after(message, "was using ").map(word),
            request: after(message, "request is ").map(word),
        });
    }
    if let Some(condition) = after(message, "node had condition: ") {
        return Eviction::Pressure(Pressure {
            resource: word(condition),
            ..Pressure::default()
        });
    }
    Eviction::Other
}

fn own_limit(message: &str) -> Option<OwnLimit<'_>> {
    let limit = after(message, "limit \"").map(until_quote);
    if message.contains("exceeded its local ephemeral storage limit") {
        let name = after(message, "Container ").map(word).unwrap_or_default();
        Some(OwnLimit {
            of: "container",
            name,
            limit,
        })
    } else if message.contains("Usage of EmptyDir volume") {
        let name = after(message, "EmptyDir volume \"")
            .map(until_quote)
            .unwrap_or_default();
        Some(OwnLimit {
            of: "volume",
            name,
            limit,
        })
    } else if message.contains("local storage usage exceeds the total limit") {
        let limit = after(message, "limit of containers ").map(word).or(limit);
        Some(OwnLimit {
            of: "pod",
            name: "",
            limit,
        })
    } else {
        None
    }
}

fn after<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

fn until_quote(text: &str) -> &str {
    text.split('"').next().unwrap_or_default()
}

/// The word that a text begins with, without brackets and punctuation.
fn word(text: &str) -> &str {
    let first = text.split([' ', ',']).next().unwrap_or_default();
    first.trim_matches(['[', ']', '.', '"', ';'])
}

/// The node condition that goes with a shortage: `MemoryPressure`.
pub(super) fn condition_of(resource: &str) -> &'static str {
    match resource {
        "memory" | "MemoryPressure" => "MemoryPressure",
        "pids" | "PIDPressure" => "PIDPressure",
        _ => "DiskPressure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubelets_texts_are_taken_apart() {
        let memory = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi. Container app was using 900Mi, request is 128Mi, has larger consumption of memory. ";
        assert_eq!(
            parse(memory),
            Eviction::Pressure(Pressure {
                resource: "memory",
                threshold: Some("100Mi"),
                available: Some("52Mi"),
                container: Some("app"),
                usage: Some("900Mi"),
                request: Some("128Mi"),
            })
        );
        assert_eq!(
            parse("The node had condition: [DiskPressure]. "),
            Eviction::Pressure(Pressure {
                resource: "DiskPressure",
                ..Pressure::default()
            })
        );
        assert_eq!(
            parse("Usage of EmptyDir volume \"scratch\" exceeds the limit \"1Gi\". "),
            Eviction::OwnLimit(OwnLimit {
                of: "volume",
                name: "scratch",
                limit: Some("1Gi")
            })
        );
        assert_eq!(
            parse("Container app exceeded its local ephemeral storage limit \"2Gi\". "),
            Eviction::OwnLimit(OwnLimit {
                of: "container",
                name: "app",
                limit: Some("2Gi")
            })
        );
        assert_eq!(
            parse("Pod ephemeral local storage usage exceeds the total limit of containers 2Gi. "),
            Eviction::OwnLimit(OwnLimit {
                of: "pod",
                name: "",
                limit: Some("2Gi")
            })
        );
        assert_eq!(parse("Pod was evicted by someone"), Eviction::Other);
    }
}
