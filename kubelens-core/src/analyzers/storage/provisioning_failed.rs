use super::refused_parameter::refused_parameter;
use super::{backend, claims, drivers};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, PersistentVolumeClaim, Secret};
use crate::model::{Evidence, ObjectRef, Suggestion, safe_text, shortened};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The provisioner of a StorageClass was asked for a volume and refused: its own words say why.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: block, uid: s1}
    /// provisioner: disk.csi.example.com
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {storageClassName: block}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: shop, name: data, uid: c1}
    /// type: Warning
    /// reason: ProvisioningFailed
    /// message: 'failed to provision volume with StorageClass "block": rpc error: code = ResourceExhausted desc = quota of 240 volumes reached'
    /// count: 14
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    /// The Secret that the class logs in with is gone:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: rbd, uid: s1}
    /// provisioner: rbd.csi.ceph.com
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {storageClassName: rbd}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: shop, name: data, uid: c1}
    /// type: Warning
    /// reason: ProvisioningFailed
    /// message: 'failed to provision volume with StorageClass "rbd": error getting secret csi-provisioner in namespace ceph: secrets "csi-provisioner" not found'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    /// A parameter of the class that the driver does not take:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: fast, uid: s1}
    /// provisioner: ebs.csi.aws.com
    /// parameters: {type: gp4}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {storageClassName: fast}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: shop, name: data, uid: c1}
    /// type: Warning
    /// reason: ProvisioningFailed
    /// message: 'failed to provision volume with StorageClass "fast": rpc error: code = Internal desc = Could not create volume "pvc-1": invalid AWS VolumeType "gp4"'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {storageClassName: block, volumeName: pv-1}
    /// status: {phase: Bound}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: shop, name: data, uid: c1}
    /// type: Warning
    /// reason: ProvisioningFailed
    /// message: 'failed to provision volume with StorageClass "block": rpc error: code = ResourceExhausted desc = quota of 240 volumes reached'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # How to fix
    /// Act on what the provisioner says: free or raise its quota, correct the parameters of the class, ask
    /// for a size and mode that it supports, or give it the permission that it lacks.
    ///
    /// # What it cannot know
    /// What happens in the storage system.
    ///
    /// # Source
    /// Event ProvisioningFailed of external-provisioner and of the volume controller.
    STO004 "provisioning-failed" {
        role: Both,
        severity: Critical,
        confidence: 0.88,
        reads: [PersistentVolumeClaim, StorageClass, Pod, Event, DaemonSet, Deployment, StatefulSet, Lease, Secret],
        maps_to: ["k8sgpt:PersistentVolumeClaim"],
        check: PersistentVolumeClaim(check),
    }
}

/// Most characters of a message that a title quotes.
const MOST_WORDS: usize = 140;

/// What a refusal is about, by the provisioner's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Quota,
    Permission,
    Parameter,
    Mode,
    Topology,
    Other,
}

fn check<'a>(claim: &'a PersistentVolumeClaim, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !claims::is_pending(claim) {
        return;
    }
    let Some(event) = cluster.newest_event(claim, &["ProvisioningFailed", "ProvisioningSucceeded"])
    else {
        return;
    };
    // A class that does not exist is another condition.
    if event.reason != "ProvisioningFailed"
        || (event.message.contains("storageclass") && event.message.contains("not found"))
    {
        return;
    }
    let own = claim.reference();
    let class = claims::class_of(claim).unwrap_or_default();
    let provisioner = claims::provisioner(cluster, claim).unwrap_or("its provisioner");
    let refusal = refusal(&event.message);
    let reason = safe_text(reason(&event.message));
    let users = claims::users(cluster, claim);
    let login = missing_login(cluster, &event.message);
    let storage_class = claims::storage_class(cluster, claim);
    let parameter = storage_class
        .filter(|_| matches!(refusal, Refusal::Parameter | Refusal::Other))
        .and_then(|class| refused_parameter(class, &event.message));
    let refusal = parameter.map_or(refusal, |_| Refusal::Parameter);
    let subject = match refusal {
        _ if login.is_some() => login.clone().unwrap_or_else(|| own.clone()),
        Refusal::Parameter if !class.is_empty() => {
            storage_class.map_or_else(|| claims::class_reference(class), Object::reference)
        }
        Refusal::Permission => drivers::controller(cluster, provisioner)
            .map_or_else(|| own.clone(), |workload| workload.reference()),
        _ => own.clone(),
    };
    let error = shortened(error_of(&reason), MOST_WORDS);
    let title = match (&login, parameter) {
        (Some(login), _) => format!(
            "{login} does not exist: StorageClass {class} cannot provision a volume for {own}"
        ),
        (None, Some((key, value))) => format!(
            "StorageClass {class} cannot provision volumes: {provisioner} does not take its parameter {key} `{value}`"
        ),
        (None, None) => {
            format!("StorageClass {class} cannot provision a volume for {own}: {error}")
        }
    };
    let explanation = format!(
        "{provisioner} was asked for {} and failed to provision it{}. {}",
        claims::asked(&claim.spec),
        about(refusal),
        claims::who_waits(cluster, &users)
    );
    let mut sighting = Sighting::of(subject, title, explanation)
        .severity(claims::severity(&users))
        .event(event)
        .evidence(Evidence::field(
            claims::class_reference(class),
            "provisioner",
            provisioner,
        ));
    if let Some((key, value)) = parameter {
        let path = format!("parameters.{key}");
        sighting = sighting
            .identified_by("parameter", key)
            .evidence(Evidence::field(
                claims::class_reference(class),
                &path,
                value,
            ));
    }
    if let Some(login) = &login {
        sighting = sighting.evidence(Evidence::absence(login.clone(), "not in the namespace"));
    }
    if refusal != Refusal::Quota
        && let Some(driver) = drivers::controller(cluster, provisioner)
    {
        sighting = sighting.blames(driver.reference(), "provisions");
    }
    for system in drivers::storage_systems(cluster, provisioner) {
        sighting = sighting.blames(system, "stores");
    }
    if let Some(source) = claims::source(claim) {
        sighting = sighting.blames(source, "dataSource");
    }
    if refusal == Refusal::Other {
        if let Some(helper) = backend::helper_of(cluster, &claim.metadata.uid) {
            sighting = sighting.blames(helper, "provisions");
        }
        if backend::is_silence(&event.message) {
            for workload in backend::unwell_behind_class(cluster, class) {
                sighting = sighting.blames(workload, "stores");
            }
        }
    }
    let advice = login.map_or_else(
        || advice(refusal, class, provisioner),
        |login| {
            format!(
                "Create {login}, or name the right Secret in the parameters of StorageClass {class}"
            )
        },
    );
    let sighting = claims::shown_by(sighting, claim, "provisioned by")
        .grouped(
            format!("{class}/{reason}"),
            format!("claims of class {class} are refused"),
        )
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See the claim and its events",
            format!(
                "kubectl -n {} describe pvc {}",
                claim.metadata.namespace, claim.metadata.name
            ),
        ));
    sink.report(sighting);
}

/// The Secret that a provisioner logs in with and does not find, where it is not there:
/// `error getting secret X in namespace N: secrets "X" not found`.
fn missing_login(cluster: &Cluster<'_>, message: &str) -> Option<ObjectRef> {
    let (before, rest) = message.split_once(": secrets \"")?;
    let (name, end) = rest.split_once('"')?;
    let (_, namespace) = before.rsplit_once(" in namespace ")?;
    let is_missing = end.trim_start().starts_with("not found")
        && cluster.look_up::<Secret>(namespace, name).is_absent();
    is_missing.then(|| ObjectRef::namespaced("v1", "Secret", namespace, name))
}

/// The words that matter: what follows the driver's code.
fn reason(message: &str) -> &str {
    let after_class = message
        .split_once("failed to provision volume with StorageClass ")
        .and_then(|(_, rest)| rest.split_once(": "))
        .map_or(message, |(_, rest)| rest);
    after_class
        .strip_prefix("rpc error: ")
        .unwrap_or(after_class)
}

/// The error that a cloud's answer ends with; the whole text where it has none.
fn error_of(reason: &str) -> &str {
    ["api error ", "googleapi: ", " desc = "]
        .iter()
        .find_map(|before| reason.rsplit_once(before))
        .map_or(reason, |(_, error)| error)
}

fn refusal(message: &str) -> Refusal {
    // That a time is over says nothing of an amount.
    let text = message
        .to_lowercase()
        .replace("deadlineexceeded", "")
        .replace("deadline exceeded", "")
        .replace("timeout exceeded", "");
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&[
        "resourceexhausted",
        "quota",
        "exceeded",
        "limit",
        "insufficient capacity",
        "allowance",
    ]) {
        Refusal::Quota
    } else if has(&[
        "permission",
        "403",
        "not authorized",
        "unauthorized",
        "forbidden",
        "access denied",
    ]) {
        Refusal::Permission
    } else if has(&[
        "access mode",
        "accessmode",
        "multi_node",
        "multi writer",
        "multi-writer",
        "volume capabilit",
        "volumecapabilit",
    ]) {
        Refusal::Mode
    } else if has(&["topology", "no available topology"]) {
        Refusal::Topology
    } else if has(&[
        "invalid parameter",
        "invalidargument",
        "unknown parameter",
        "invalid option",
        "parameter",
    ]) {
        Refusal::Parameter
    } else {
        Refusal::Other
    }
}

fn about(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Quota => ": a limit of the storage system is exhausted",
        Refusal::Permission => ": it lacks a permission",
        Refusal::Parameter => ": it does not accept the parameters of the class",
        Refusal::Mode => ": it does not support this access mode",
        Refusal::Topology => ": no topology that it knows is allowed",
        Refusal::Other => "",
    }
}

fn advice(refusal: Refusal, class: &str, provisioner: &str) -> String {
    match refusal {
        Refusal::Quota => "Delete volumes that nobody needs, or have the limit raised".to_owned(),
        Refusal::Permission => format!("Give {provisioner} the permission that it names"),
        Refusal::Parameter => format!("Correct the parameters of StorageClass {class}"),
        Refusal::Mode => {
            "Ask for an access mode that the class supports, or use a class that does".to_owned()
        }
        Refusal::Topology => format!(
            "Check that the driver {provisioner} runs on the nodes and knows their topology labels"
        ),
        Refusal::Other => format!("Act on what {provisioner} says, and read its log"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, error_of, reason, refusal};

    #[test]
    fn the_provisioners_own_words_are_what_is_said() {
        let message = "failed to provision volume with StorageClass \"block-std\": rpc error: code = ResourceExhausted desc = project volume allowance reached (240 of 240 volumes)";
        assert_eq!(
            reason(message),
            "code = ResourceExhausted desc = project volume allowance reached (240 of 240 volumes)"
        );
        assert_eq!(refusal(message), Refusal::Quota);
    }

    #[test]
    fn a_title_says_the_error_that_the_answer_ends_with() {
        let cloud = "code = Internal desc = Could not create volume: operation error EC2: CreateVolume, https response error StatusCode: 403, api error UnauthorizedOperation: You are not authorized";
        assert_eq!(
            error_of(cloud),
            "UnauthorizedOperation: You are not authorized"
        );
        assert_eq!(
            error_of("code = ResourceExhausted desc = no room"),
            "no room"
        );
        assert_eq!(error_of("no such pool"), "no such pool");
    }

    #[test]
    fn refusals_are_told_apart() {
        let cases = [
            (
                "googleapi: Error 403: Permission denied",
                Refusal::Permission,
            ),
            (
                "rpc error: code = InvalidArgument desc = unknown parameter fstyp",
                Refusal::Parameter,
            ),
            (
                "Volume capabilities MULTI_NODE_MULTI_WRITER not supported",
                Refusal::Mode,
            ),
            (
                "rpc error: code = InvalidArgument desc = VolumeCapabilities is invalid: specified multi writer with mount access type",
                Refusal::Mode,
            ),
            (
                "error generating accessibility requirements: no topology key found on CSINode n1",
                Refusal::Topology,
            ),
            ("dial tcp: connection refused", Refusal::Other),
            (
                "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
                Refusal::Other,
            ),
        ];
        for (message, expected) in cases {
            assert_eq!(refusal(message), expected, "{message}");
        }
    }
}
