use super::log_place::{path_in, place_of};
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use super::log_words::short;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::analyzers::unix_socket::silent_listeners;
use crate::kubernetes::{ConfigMap, Pod, Secret};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well says that a file is not there: a key that its ConfigMap or Secret
    /// does not have, something that was not written to a volume, or something that the image lacks.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | FileNotFoundError: [Errno 2] No such file or directory: '/etc/app/rules.yaml'
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, volumeMounts: [{name: conf, mountPath: /etc/app}]}]
    ///   volumes: [{name: conf, configMap: {name: web-conf}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: web-conf, namespace: shop}
    /// data: {app.yaml: ""}
    /// ```
    /// A program that it runs on its node and that the node does not have:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/agent-1/agent previous | level=fatal msg="please make sure you have iscsiadm installed on the host: nsenter: failed to execute iscsiadm: No such file or directory"
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: agent-1, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   containers: [{name: agent}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: agent
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | FileNotFoundError: [Errno 2] No such file or directory: '/etc/app/rules.yaml'
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
    /// Add the key to the ConfigMap or Secret that is mounted there, correct the path, or build the
    /// file into the image.
    ///
    /// # What it cannot know
    /// What the image holds.
    ///
    /// # Source
    /// ENOENT in the words of many languages; module errors of Node.js, Python and Java.
    WRK113 "log-file-missing" {
        role: Both,
        severity: Critical,
        confidence: 0.70,
        reads: [ConfigMap, Secret, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.70;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK113",
    words: Pattern::new(
        r#"(?i)no such file or directory|\bENOENT\b|FileNotFoundError|FileNotFoundException|NoSuchFileException|cannot find module|can't open file|can't open '|no module named|could not (?:find|open|load) (?:file|config(?:uration)? file|module)|(?:file|path) (?:does not|doesn't) exist|unable to (?:open|access) jarfile|could not find or load main class|config(?:uration)? file .{0,200}not found|failed to (?:open|read|load) .{0,200}not found|error while loading shared libraries|cannot open shared object file|executable file not found in"#,
    ),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// What is missing where no absolute path tells it.
static NAMED: Pattern = Pattern::new(
    r#"(?i)(?:cannot find module|no module named|can't open file|jarfile|main class|open|libraries:) ['"]?([\w@./+-]+)"#,
);

/// A program that another one is to run and does not find. Group 1 is its name.
static PROGRAM: Pattern = Pattern::new(
    r#"(?i)(?:failed to (?:execute|exec|run command)|exec:|env:) ['"‘\\]*([a-z0-9][\w.+-]*)['"’\\]*: (?:no such file or directory|executable file not found)|spawn ([a-z0-9][\w.+-]*) ENOENT"#,
);

/// Words of a program that runs others in the system of the node.
static ON_THE_NODE: Pattern =
    Pattern::new(r"(?i)\bnsenter\b|\bchroot\b|/host/proc/|on (?:the|this) (?:host|node)\b");

/// A program that is not there, where the log says so of a program.
fn without_program<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Option<Sighting> {
    let line = found.line();
    let program = PROGRAM.first(line)?;
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let node = &pod.node_name;
    let (place, explanation, advice) = if ON_THE_NODE.is_in(line) && !node.is_empty() {
        (
            " on its node",
            format!(
                "It runs the program in the system of the node, and Node {node} does not have it."
            ),
            format!(
                "Install what brings `{program}` on Node {node}, as on the nodes where {top} is well"
            ),
        )
    } else {
        (
            "",
            "The image does not hold the program, or not where it is looked for.".to_owned(),
            format!(
                "Build `{program}` into the image of {top}, or go back to the image that had it"
            ),
        )
    };
    let title = format!(
        "{} does not find program `{program}`{place}",
        found.speaker(&top)
    );
    let sighting = found.sighting(cluster, CONFIDENCE, title, explanation);
    Some(advise(sighting, advice))
}

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    if let Some(sighting) = without_program(found, cluster) {
        return sighting;
    }
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let line = found.line();
    let path = last_path(line);
    let name = path
        .or_else(|| NAMED.first(line))
        .map_or_else(|| short(line), |name| format!("`{name}`"));
    // A module by its name is a matter of what is installed, not of a path.
    let is_module = path.is_none() && MODULE.is_in(line);
    let title = if is_module {
        format!("{} does not find module {name}", found.speaker(&top))
    } else {
        format!("{} does not find {name}: no such file", found.speaker(&top))
    };
    let place = path.and_then(|path| place_of(pod, found.unwell.container.spec, path));
    let object = place.and_then(|place| place.object());
    let keys = object.as_ref().and_then(|object| keys_of(cluster, object));
    let explanation = match (&place, &keys) {
        (Some(place), Some(keys)) => {
            format!("The path is on {}, whose keys are {keys}.", place.title())
        }
        (Some(place), None) => format!("The path is on {}.", place.title()),
        (None, _) if is_token(path) => {
            "The token of the ServiceAccount is not mounted, as with automountServiceAccountToken: false.".to_owned()
        }
        (None, _) if is_module => {
            "The image that it runs does not hold the module, or not where the program looks."
                .to_owned()
        }
        (None, _) => {
            "No volume is mounted there: the image does not have it, or the path is wrong."
                .to_owned()
        }
    };
    let mut sighting = found.sighting(cluster, CONFIDENCE, title, explanation);
    for listener in silent_listeners(cluster, line, &pod.node_name) {
        sighting = sighting.blames(listener, "calls");
    }
    if let Some(object) = object {
        sighting = sighting
            .all_evidence(
                keys.map(|keys| Evidence::absence(object.clone(), &format!("its keys are {keys}"))),
            )
            .blames(object, "mounts");
    }
    let advice = match place {
        Some(place) => format!(
            "Put the file on {}, or correct the path in {top}",
            place.title()
        ),
        None if is_token(path) => format!(
            "Set automountServiceAccountToken to true in the pod template of {top}, or in its ServiceAccount"
        ),
        None if is_module => {
            format!("Build the module into the image of {top}, or go back to the image that had it")
        }
        None => format!(
            "Correct the path in the command or configuration of {top}, or build the file into the image"
        ),
    };
    advise(sighting, advice)
}

/// Words of an interpreter that looks for a part of the program.
static MODULE: Pattern =
    Pattern::new(r"(?i)cannot find module|no module named|could not find or load main class");

fn is_token(path: Option<&str>) -> bool {
    path.is_some_and(|path| path.starts_with("/var/run/secrets/kubernetes.io/serviceaccount"))
}

/// The path that is missing: named last, or before the words. `/bin/sh: can't open '/x'` is about `/x`.
fn last_path(line: &str) -> Option<&str> {
    let lower = line.to_ascii_lowercase();
    let marks = [
        "no such file",
        "enoent",
        "can't open",
        "cannot find",
        "not found",
        "does not exist",
    ];
    let at = marks.iter().filter_map(|mark| lower.find(mark)).min()?;
    let after = line.get(at..).and_then(path_in);
    after.or_else(|| {
        let before = line.get(..at)?;
        let mut found = None;
        let mut rest = before;
        while let Some(path) = path_in(rest) {
            found = Some(path);
            let end = rest.find(path)? + path.len();
            rest = rest.get(end..)?;
        }
        found
    })
}

fn keys_of(cluster: &Cluster<'_>, object: &ObjectRef) -> Option<String> {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    let names: Vec<&str> = match object.kind.as_str() {
        "ConfigMap" => {
            let map = cluster.get::<ConfigMap>(namespace, &object.name)?;
            map.data
                .iter()
                .chain(map.binary_data.iter())
                .map(|key| key.as_str())
                .collect()
        }
        "Secret" => {
            let secret = cluster.get::<Secret>(namespace, &object.name)?;
            secret
                .data
                .as_ref()?
                .iter()
                .map(|key| key.as_str())
                .collect()
        }
        _ => return None,
    };
    Some(crate::model::some_of(names, 10))
}

#[cfg(test)]
mod tests {
    use super::{PROGRAM, last_path};

    #[test]
    fn a_program_that_is_not_there_is_told_from_a_path() {
        for (line, program) in [
            (
                "nsenter: failed to execute iscsiadm: No such file or directory",
                Some("iscsiadm"),
            ),
            ("env: 'python': No such file or directory", Some("python")),
            (
                "chroot: failed to run command 'modprobe': No such file or directory",
                Some("modprobe"),
            ),
            (
                "exec: \"helm\": executable file not found in $PATH",
                Some("helm"),
            ),
            ("Error: spawn git ENOENT", Some("git")),
            ("open /etc/app/x.yaml: no such file or directory", None),
            ("fork/exec /usr/bin/x: no such file or directory", None),
        ] {
            assert_eq!(PROGRAM.first(line), program, "{line}");
        }
    }

    #[test]
    fn the_missing_path_is_told_from_the_one_who_looks() {
        for (line, path) in [
            (
                "open /etc/app/x.yaml: no such file or directory",
                "/etc/app/x.yaml",
            ),
            (
                "/bin/sh: can't open '/scripts/run.sh': No such file or directory",
                "/scripts/run.sh",
            ),
            (
                "Error: ENOENT: no such file or directory, open '/app/conf.json'",
                "/app/conf.json",
            ),
        ] {
            assert_eq!(last_path(line), Some(path), "{line}");
        }
    }
}
