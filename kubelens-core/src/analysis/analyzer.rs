use super::{Profile, Sink};
use crate::kubernetes::{
    APIService, CronJob, CustomResourceDefinition, DaemonSet, Deployment, HorizontalPodAutoscaler,
    Ingress, Job, Kind, KindSet, Lease, Namespace, NetworkPolicy, Node, PersistentVolume,
    PersistentVolumeClaim, Pod, PodDisruptionBudget, ReplicaSet, ReplicationController,
    ResourceQuota, Service, ServiceAccount, StatefulSet, StorageClass, VolumeAttachment,
};
use crate::model::Severity;
use crate::snapshot::{Cluster, Snapshot, Unplaced, Workload};

/// Whether a finding can be explained by another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Names the thing to change.
    Root,
    /// Is explained by something else whenever a relation holds.
    Symptom,
    /// A root when no relation holds.
    Both,
}

/// One condition that KubeLens detects: what it is called, what it reads, how it looks.
#[derive(Debug)]
pub struct Analyzer {
    /// Family and number, never reused: `CFG001`.
    pub code: &'static str,
    /// The condition in words: `config-map-missing`.
    pub name: &'static str,
    /// Whether it can be explained by another one.
    pub role: Role,
    /// How bad it is unless a sighting says otherwise.
    pub severity: Severity,
    /// How sure it is unless a sighting says otherwise.
    pub confidence: f64,
    /// The kinds it asks about.
    pub reads: KindSet,
    /// What other tools call it.
    pub maps_to: &'static [&'static str],
    /// The profiles it belongs to.
    pub profiles: &'static [Profile],
    /// The page about it, in Markdown, with its examples.
    pub docs: &'static str,
    /// The file that holds it.
    pub file: &'static str,
    /// How it looks: mostly one walk, or several one after the other.
    pub checks: &'static [Check],
}

impl Analyzer {
    /// The kinds that it walks through by itself.
    pub(crate) fn walks(&self) -> KindSet {
        let walks = self.checks.iter().map(Check::walks);
        walks.fold(KindSet::EMPTY, KindSet::union)
    }

    /// Whether what it says is opinion: it stands outside of the default profile.
    pub fn is_opinion(&self) -> bool {
        !self.profiles.contains(&Profile::Default)
    }

    /// The first paragraph of its page: what it means, in a sentence or two.
    pub fn summary(&self) -> String {
        self.docs
            .lines()
            .map(str::trim)
            .skip_while(|line| line.is_empty() || line.starts_with('#'))
            .take_while(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

macro_rules! checks {
    ($($kind:ident)*) => {
        /// The function that looks, by what it looks at: one object of a kind at a time.
        #[derive(Debug, Clone, Copy)]
        pub enum Check {
            $(
                #[doc = concat!("Each ", stringify!($kind), ".")]
                $kind(for<'a> fn(&'a $kind, &Cluster<'a>, &mut Sink)),
            )*
            /// Each workload: what nothing else controls.
            Workload(for<'a> fn(&Workload<'a>, &Cluster<'a>, &mut Sink)),
            /// The pods of one owner that have no node, together.
            Unplaced(for<'a> fn(&Unplaced<'a>, &Cluster<'a>, &mut Sink)),
            /// The picture as a whole.
            Cluster(fn(&Cluster<'_>, &mut Sink)),
            /// A rule of a pack, which is evaluated elsewhere over objects with every field.
            Rule,
        }

        impl Check {
            /// Looks at every object it is for.
            pub(crate) fn run(&self, cluster: &Cluster<'_>, sink: &mut Sink) {
                match self {
                    $(Self::$kind(check) => {
                        for object in cluster.all::<$kind>() {
                            check(object, cluster, sink);
                        }
                    })*
                    Self::Workload(check) => {
                        for namespace in cluster.all_namespaces() {
                            for workload in cluster.workloads_in(&namespace) {
                                check(&workload, cluster, sink);
                            }
                        }
                    }
                    Self::Unplaced(check) => {
                        for unplaced in cluster.all_unplaced() {
                            check(&unplaced, cluster, sink);
                        }
                    }
                    Self::Cluster(check) => check(cluster, sink),
                    Self::Rule => {}
                }
            }

            /// Looks at one object, if it is for objects like it.
            pub(crate) fn look_at<'a>(&self, object: &Walked<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
                match (self, object) {
                    $((Self::$kind(check), Walked::$kind(object)) => check(object, cluster, sink),)*
                    (Self::Workload(check), object) => {
                        if let Some(workload) = object.workload(cluster) {
                            check(&workload, cluster, sink);
                        }
                    }
                    _ => {}
                }
            }

            /// The kinds of which it looks at one object at a time.
            pub(crate) const fn looks_at(&self) -> KindSet {
                match self {
                    Self::Unplaced(_) => KindSet::EMPTY,
                    _ => self.walks(),
                }
            }

            /// The kinds it walks through by itself.
            pub const fn walks(&self) -> KindSet {
                match self {
                    $(Self::$kind(_) => KindSet::of(&[Kind::$kind]),)*
                    Self::Workload(_) => KindSet::of(&[
                        Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::CronJob, Kind::ReplicaSet,
                        Kind::ReplicationController, Kind::Job, Kind::Pod,
                    ]),
                    Self::Unplaced(_) => KindSet::of(&[Kind::Pod]),
                    Self::Cluster(_) | Self::Rule => KindSet::EMPTY,
                }
            }
        }

        /// An object that analyzers walk through.
        #[derive(Debug, Clone, Copy)]
        pub(crate) enum Walked<'a> {
            $($kind(&'a $kind),)*
        }

        impl<'a> Walked<'a> {
            /// The object of this name in the picture, if it is there and its kind is one that is walked.
            pub(crate) fn find(snapshot: &'a Snapshot, kind: Kind, namespace: &str, name: &str) -> Option<Self> {
                match kind {
                    $(Kind::$kind => snapshot.table::<$kind>().get(namespace, name).map(|object| Self::$kind(object)),)*
                    _ => None,
                }
            }
        }
    };
}

impl<'a> Walked<'a> {
    /// The workload that it is, where no other controls it.
    fn workload(&self, cluster: &Cluster<'a>) -> Option<Workload<'a>> {
        let workload = match self {
            Self::Deployment(object) => Workload::Deployment(object),
            Self::StatefulSet(object) => Workload::StatefulSet(object),
            Self::DaemonSet(object) => Workload::DaemonSet(object),
            Self::CronJob(object) => Workload::CronJob(object),
            Self::ReplicaSet(object) => Workload::ReplicaSet(object),
            Self::ReplicationController(object) => Workload::ReplicationController(object),
            Self::Job(object) => Workload::Job(object),
            Self::Pod(object) => Workload::Pod(object),
            _ => return None,
        };
        cluster
            .stands_for_itself(workload.metadata())
            .then_some(workload)
    }
}

checks! {
    APIService CronJob CustomResourceDefinition DaemonSet Deployment HorizontalPodAutoscaler Ingress Job Lease
    Namespace NetworkPolicy Node PersistentVolume PersistentVolumeClaim Pod PodDisruptionBudget ReplicaSet
    ReplicationController ResourceQuota Service ServiceAccount StatefulSet StorageClass VolumeAttachment
}

/// Declares the analyzer of a file: its documentation comment is its page and its test.
///
/// The kinds in `reads` are those it asks about besides the ones that `check` walks through. Without
/// `profiles` it belongs to the default one. Several walks are joined by `and`; the one through pods comes last.
macro_rules! declare_analyzer {
    (
        $(#[doc = $doc:literal])*
        $code:ident $name:literal {
            role: $role:ident,
            severity: $severity:ident,
            confidence: $confidence:literal,
            reads: [$($kind:ident),* $(,)?],
            maps_to: [$($maps_to:literal),* $(,)?],
            $(profiles: [$($profile:ident),* $(,)?],)?
            check: $($walks:ident($check:path))and+ $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        pub(crate) static ANALYZER: $crate::analysis::Analyzer = $crate::analysis::Analyzer {
            code: stringify!($code),
            name: $name,
            role: $crate::analysis::Role::$role,
            severity: $crate::model::Severity::$severity,
            confidence: $confidence,
            reads: $crate::kubernetes::KindSet::of(&[$($crate::kubernetes::Kind::$kind),*])
                $(.union($crate::analysis::Check::$walks($check).walks()))+,
            maps_to: &[$($maps_to),*],
            profiles: $crate::analysis::last_of(&[
                &[$crate::analysis::Profile::Default],
                $(&[$($crate::analysis::Profile::$profile),*],)?
            ]),
            docs: concat!($($doc, "\n",)*),
            file: file!(),
            checks: &[$($crate::analysis::Check::$walks($check)),+],
        };
    };
}
pub(crate) use declare_analyzer;
