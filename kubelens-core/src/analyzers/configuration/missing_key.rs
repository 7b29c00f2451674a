//! What ConfigMaps and Secrets that lack a key have in common.

use crate::analysis::{Sighting, Sink, event_evidence};
use crate::analyzers::waiting::why_it_waits;
use crate::kubernetes::{
    ConfigMap, ConfigReference, ContainerView, Object, Pod, PodSpec, Secret, VolumeMount,
};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion, capitalized, some_of};
use crate::snapshot::{Cluster, Lookup, Workload};

/// Most keys that are listed.
const MOST_KEYS: usize = 12;

/// An object with keys.
pub(super) trait Keyed: Object {
    /// Its keys, sorted; none where they could not be read.
    fn key_names(&self) -> Option<Vec<&str>>;
    /// What a kubelet calls a key of it when a volume lacks it.
    const IN_A_VOLUME: &'static str;
}

impl Keyed for ConfigMap {
    const IN_A_VOLUME: &'static str = "non-existent config key: ";

    fn key_names(&self) -> Option<Vec<&str>> {
        let all = self.data.iter().chain(self.binary_data.iter());
        let mut names: Vec<&str> = all.map(|key| key.as_str()).collect();
        names.sort_unstable();
        Some(names)
    }
}

impl Keyed for Secret {
    const IN_A_VOLUME: &'static str = "non-existent secret key: ";

    fn key_names(&self) -> Option<Vec<&str>> {
        let keys = self.data.as_ref()?;
        Some(keys.iter().map(|key| key.as_str()).collect())
    }
}

/// Looks at every place where a workload takes a key of an object of kind `T` that exists.
pub(super) fn check<'a, T: Keyed>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = workload.metadata();
    if meta.is_terminating() {
        return;
    }
    for pod in cluster.pods_of(workload) {
        if !pod.is_live() || pod.is_ready() {
            continue;
        }
        for lack in lacks::<T>(cluster, &meta.namespace, &pod.spec) {
            if let Some(proof) = kubelet_says::<T>(cluster, pod, &lack) {
                sink.report(blocking::<T>(workload, pod, &lack, proof));
            }
        }
        for (container, mount, lack) in mounted_lacks::<T>(cluster, pod) {
            let (explanation, proof) = mounted(workload, &container, mount, &lack);
            sink.report(
                shown_by_a_pod::<T>(workload, pod, &lack, explanation)
                    .evidence(proof)
                    .all_evidence(state_of(pod, &container)),
            );
        }
    }
    for lack in lacks::<T>(cluster, &meta.namespace, workload.pod_spec()) {
        if lack.is_proven() {
            sink.report(latent::<T>(workload, &lack));
        }
    }
}

/// A key that is asked for and not there, as far as is known.
struct Lack<'s> {
    subject: ObjectRef,
    /// The object's keys; none where they could not be read.
    known: Option<Vec<String>>,
    reference: ConfigReference<'s>,
    key: &'s str,
}

impl Lack<'_> {
    /// Whether the object's keys were read, and it is not among them.
    const fn is_proven(&self) -> bool {
        self.known.is_some()
    }

    /// Where the key is named, below `spec`.
    fn path(&self) -> String {
        let path = self.reference.path.as_str();
        match path.rsplit_once('.') {
            Some((source, "name" | "secretName")) => format!("{source}.items[].key"),
            _ => format!("{path}.key"),
        }
    }
}

/// The keys that a spec asks for and that are not seen in objects which exist, or may exist.
fn lacks<'s, T: Keyed>(cluster: &Cluster<'_>, namespace: &str, spec: &'s PodSpec) -> Vec<Lack<'s>> {
    let mut all = Vec::new();
    for reference in spec.config_references() {
        if reference.kind != T::KIND || reference.optional || reference.keys.is_empty() {
            continue;
        }
        let (subject, known) = match cluster.look_up::<T>(namespace, reference.name) {
            Lookup::Found(object) => (object.reference(), object.key_names()),
            Lookup::Unknown(_) => {
                let kind = T::KIND.as_str();
                let subject = ObjectRef::namespaced("v1", kind, namespace, reference.name);
                (subject, None)
            }
            Lookup::Absent => continue,
        };
        for key in reference.keys.clone() {
            let is_there = known
                .as_ref()
                .is_some_and(|known| known.contains(&key.as_str()));
            if !is_there && !key.is_empty() {
                all.push(Lack {
                    subject: subject.clone(),
                    known: known
                        .as_ref()
                        .map(|keys| keys.iter().map(|key| (*key).to_owned()).collect()),
                    reference: reference.clone(),
                    key: key.as_str(),
                });
            }
        }
    }
    all
}

/// The keys that containers which are not ready mount as a single file (`subPath`) and that are not there. A kubelet
/// makes an empty directory in the place of such a file, and says nothing.
fn mounted_lacks<'p, T: Keyed>(
    cluster: &Cluster<'_>,
    pod: &'p Pod,
) -> Vec<(ContainerView<'p>, &'p VolumeMount, Lack<'p>)> {
    let namespace = pod.metadata.namespace.as_str();
    let mut all = Vec::new();
    for reference in pod.spec.config_references() {
        // What `items` choose has other paths than keys; of several sources of one volume any may hold the file.
        if reference.kind != T::KIND
            || reference.relation != "volume"
            || reference.optional
            || !reference.keys.is_empty()
        {
            continue;
        }
        let Lookup::Found(object) = cluster.look_up::<T>(namespace, reference.name) else {
            continue;
        };
        let Some(known) = object.key_names() else {
            continue;
        };
        for container in pod.containers().filter(|container| !container.is_ready()) {
            for mount in &container.spec.volume_mounts {
                let is_there = known.contains(&mount.sub_path.as_str());
                if mount.name == *reference.user && !mount.sub_path.is_empty() && !is_there {
                    let lack = Lack {
                        subject: object.reference(),
                        known: Some(known.iter().map(|key| (*key).to_owned()).collect()),
                        reference: reference.clone(),
                        key: mount.sub_path.as_str(),
                    };
                    all.push((container, mount, lack));
                }
            }
        }
    }
    all
}

/// What a mount of a key that is not there means, and where it stands.
fn mounted(
    workload: &Workload<'_>,
    container: &ContainerView<'_>,
    mount: &VolumeMount,
    lack: &Lack<'_>,
) -> (String, Evidence) {
    let explanation = format!(
        "{} of {} mounts key `{}` as the file {} (subPath). The key does not exist, so the kubelet puts an empty directory there.",
        capitalized(&container.title()),
        workload.reference(),
        lack.key,
        mount.mount_path
    );
    let path = format!(
        "{}.containers[{}].volumeMounts[{}].subPath",
        workload.pod_spec_path(),
        container.name(),
        mount.name
    );
    let proof = Evidence::field(workload.reference(), &path, lack.key);
    (explanation, proof)
}

/// Why the container waits, or how its last run ended.
fn state_of(pod: &Pod, container: &ContainerView<'_>) -> Option<Evidence> {
    if let Some(end) = container.last_end().filter(|end| !end.message.is_empty()) {
        let path = container.last_end_path("message");
        let text = format!("{}: {}", end.reason, end.message);
        return Some(Evidence::message(pod.reference(), &path, &text));
    }
    why_it_waits(pod, container)
}

/// What the kubelet wrote about the missing key: in a container's waiting message, or in a mount event
/// while the pod's volumes are not there.
fn kubelet_says<'a, T: Keyed>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    lack: &Lack<'_>,
) -> Option<Evidence> {
    let words = format!(
        "couldn't find key {} in {} {}/{}",
        lack.key,
        T::KIND.as_str(),
        pod.metadata.namespace,
        lack.reference.name
    );
    for container in pod.containers() {
        if container
            .waiting()
            .is_some_and(|waiting| waiting.message.contains(&words))
        {
            return why_it_waits(pod, &container);
        }
    }
    if pod.is_ready_to_start_containers() || pod.has_started_a_container() {
        return None;
    }
    let words = format!("{}{}", T::IN_A_VOLUME, lack.key);
    let event = cluster.events_of(pod).rev().find(|event| {
        event.reason == "FailedMount"
            && event.message.contains(&words)
            && event.message.contains(lack.reference.user.as_str())
    });
    event.map(event_evidence).or_else(|| {
        let waits = lack.reference.relation.contains("volume") && pod.is_scheduled();
        let container = pod
            .containers()
            .find(|container| container.waiting().is_some())?;
        let path = container.status_path("state.waiting.reason");
        (waits && lack.is_proven())
            .then(|| Evidence::field(pod.reference(), &path, container.waiting_reason()))
    })
}

fn blocking<T: Keyed>(
    workload: &Workload<'_>,
    pod: &Pod,
    lack: &Lack<'_>,
    proof: Evidence,
) -> Sighting {
    let explanation = format!(
        "Pods of {} cannot start: {} takes key `{}` ({}), which does not exist there.",
        workload.reference(),
        user(&lack.reference),
        lack.key,
        lack.reference.relation
    );
    shown_by_a_pod::<T>(workload, pod, lack, explanation)
        .evidence(Evidence::field(
            pod.reference(),
            &format!("spec.{}", lack.path()),
            lack.key,
        ))
        .evidence(proof)
}

/// A key that is missing and keeps a pod down.
fn shown_by_a_pod<T: Keyed>(
    workload: &Workload<'_>,
    pod: &Pod,
    lack: &Lack<'_>,
    explanation: String,
) -> Sighting {
    sighting::<T>(workload, lack, explanation)
        .seen_on(pod.reference(), lack.reference.relation)
        .severity(Severity::Critical)
        .since(pod.metadata.creation_timestamp)
}

fn latent<T: Keyed>(workload: &Workload<'_>, lack: &Lack<'_>) -> Sighting {
    let explanation = format!(
        "{} of {} takes key `{}` ({}). What runs goes on; the next start of a pod fails.",
        user(&lack.reference),
        workload.reference(),
        lack.key,
        lack.reference.relation
    );
    let path = format!("{}.{}", workload.pod_spec_path(), lack.path());
    let severity = if workload.is_resting() {
        Severity::Info
    } else {
        Severity::Warning
    };
    sighting::<T>(workload, lack, explanation)
        .seen_on(workload.reference(), lack.reference.relation)
        .severity(severity)
        .evidence(Evidence::field(workload.reference(), &path, lack.key))
}

fn user(reference: &ConfigReference<'_>) -> String {
    if reference.relation.contains("volume") {
        format!("volume `{}`", reference.user)
    } else {
        format!("container `{}`", reference.user)
    }
}

fn sighting<T: Keyed>(workload: &Workload<'_>, lack: &Lack<'_>, explanation: String) -> Sighting {
    let subject = lack.subject.clone();
    let title = format!("Key `{}` is missing in {subject}", lack.key);
    let namespace = workload.metadata().namespace.as_str();
    let keys = lack.known.iter().flatten().map(String::as_str);
    let near = keys.max_by(|a, b| {
        strsim::jaro_winkler(a, lack.key).total_cmp(&strsim::jaro_winkler(b, lack.key))
    });
    let near = near.filter(|near| strsim::jaro_winkler(near, lack.key) >= 0.75);
    let advice = near.map_or_else(
        || {
            format!(
                "Add key `{}` to {subject}, or take it out of {}",
                lack.key,
                workload.reference()
            )
        },
        |near| {
            format!(
                "Add key `{}` to {subject}, or point {} at its key `{near}`",
                lack.key,
                workload.reference()
            )
        },
    );
    let absence = lack.known.as_ref().map(|known| {
        let keys = if known.is_empty() {
            "it has no keys".to_owned()
        } else {
            format!("its keys are {}", some_of(known, MOST_KEYS))
        };
        Evidence::absence(subject.clone(), &format!("no key `{}`: {keys}", lack.key))
    });
    Sighting::of(subject, title, explanation)
        .identified_by("key", lack.key)
        .all_evidence(absence)
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See which keys are there",
            format!(
                "kubectl -n {namespace} describe {} {}",
                T::KIND.as_str().to_lowercase(),
                lack.reference.name
            ),
        ))
}
