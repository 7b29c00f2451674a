//! What of a report to show to people.

use kubelens_core::model::{Cause, Report, Severity};

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// What is in a cluster.
    Cluster,
    /// Manifests that nobody has applied yet, by themselves.
    Manifests,
    /// Such manifests, held against a cluster.
    ManifestsInCluster,
}

/// How much to show, and how wide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) width: usize,
    /// Everything that is known of each cause.
    pub(crate) wide: bool,
    /// The namespace is the context's, not one that was asked for.
    pub(crate) own_namespace: bool,
    pub(crate) about: About,
    pub(crate) show_info: bool,
    pub(crate) all_findings: bool,
    /// The chain of each cause is drawn as a tree.
    pub(crate) topology: bool,
    /// Entries to show; none for all.
    pub(crate) most: Option<usize>,
}

impl View {
    /// What people need to see, all of it, in so many columns.
    pub(crate) const fn of_width(width: usize) -> Self {
        Self {
            width,
            wide: false,
            own_namespace: false,
            about: About::Cluster,
            show_info: false,
            all_findings: false,
            topology: false,
            most: None,
        }
    }

    /// Whether people get to see the cause.
    pub(crate) fn shows(&self, cause: &Cause) -> bool {
        self.show_info || cause.severity > Severity::Info
    }

    /// The causes that people get to see; programs get all.
    pub(crate) fn causes<'a>(&self, report: &'a Report) -> Vec<&'a Cause> {
        report
            .causes
            .iter()
            .filter(|cause| self.shows(cause))
            .collect()
    }
}
