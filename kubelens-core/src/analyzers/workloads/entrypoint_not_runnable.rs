use super::advice::{describe_pod, edit, read_last_log};
use super::failing_run::{failing_end, severity};
use super::last_words;
use super::log_place::place_of;
use super::start_error::{StartFault, classify, start_error};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{ContainerView, Object, Pod};
use crate::model::{Evidence, Severity, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The command of a container cannot be run: it is not in the image, may not be executed, or the
    /// working directory is not there.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "shop/web:2", command: [servr]}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 4
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState:
    ///       terminated:
    ///         exitCode: 128
    ///         reason: StartError
    ///         message: 'failed to create containerd task: OCI runtime create failed: runc create failed: unable to start container process: exec: "servr": executable file not found in $PATH'
    ///         finishedAt: "2026-01-01T11:58:00Z"
    /// ```
    /// A shell that does not find the command:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | sh: 1: servr: not found
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "shop/web:2", command: [sh, -c, servr]}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 4
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 127, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// A program that the loader of the node's processors refuses:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | Fatal glibc error: CPU does not support x86-64-v3
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "shop/web:2"}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 4
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 127, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "shop/web:2"}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 4
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Correct `command` and `args`, or use an image that holds the program; make it executable in the
    /// image; give a `workingDir` that exists.
    ///
    /// # What it cannot know
    /// What the image holds.
    ///
    /// # Source
    /// runc's `executable file not found in $PATH`, `no such file or directory`, `permission denied`,
    /// `chdir to cwd`; the file that Windows' host compute service cannot find; exit codes 126 and 127
    /// of POSIX shells and of the loaders of glibc and musl.
    WRK007 "entrypoint-not-runnable" {
        role: Both,
        severity: Critical,
        confidence: 0.95,
        reads: [Job, CronJob],
        maps_to: ["k8sgpt:Pod"],
        check: Pod(check),
    }
}

/// What is wrong with a command, and the proof.
struct Fault {
    what: String,
    proof: Vec<Evidence>,
    severity: Severity,
    /// What to do, where it is not just to correct the command.
    advice: Option<String>,
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.is_ready() {
        return;
    }
    for container in pod.containers() {
        let fault = refused_by_the_runtime(pod, &container)
            .or_else(|| ended_at_once(cluster, pod, &container));
        if let Some(fault) = fault {
            sink.report(sighting(pod, cluster, &container, fault));
        }
    }
}

fn refused_by_the_runtime(pod: &Pod, container: &ContainerView<'_>) -> Option<Fault> {
    let error = start_error(pod, container)?;
    let end = container.last_end().map(|end| end.exit_code);
    let code = end.map_or_else(String::new, |code| format!(" (exit code {code})"));
    Some(Fault {
        what: in_words(&error.fault, container, &code)?,
        proof: vec![error.proof],
        severity: Severity::Critical,
        advice: advice(pod, container, &error.fault),
    })
}

/// The program is there, but what loads it refuses: glibc ends with 127 as a shell does.
static LOADER: Pattern = Pattern::new(
    r"(?i)CPU does not support x86-64|error while loading shared libraries|symbol lookup error|kernel too old|version `\w+' not found|Error loading shared library|Error relocating",
);

/// A shell, or a kernel, that does not find or may not run the command.
fn ended_at_once<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'a>,
) -> Option<Fault> {
    let end = failing_end(cluster, pod, container)?;
    let line = last_words::telling_line(cluster, pod, container).unwrap_or_default();
    let what = match (end.exit_code, classify(line)) {
        (_, fault @ (StartFault::CommandMissing(_) | StartFault::CommandNotExecutable(_)))
            if line.trim_start().starts_with("exec ") =>
        {
            in_words(
                &fault,
                container,
                &format!(" (exit code {})", end.exit_code),
            )?
        }
        (127, _) if LOADER.is_in(line) => format!(
            "cannot be loaded on the node (exit code 127 of the program loader){}",
            said(line)
        ),
        (127, _) => format!(
            "cannot find a command that it runs (exit code 127, command not found){}",
            said(line)
        ),
        (126, _) => format!(
            "may not execute its command (exit code 126, command cannot be executed){}",
            said(line)
        ),
        _ => return None,
    };
    let advice = LOADER.is_in(line).then(|| {
        "Use an image that is built for the processors and libraries that are there, or keep the pods to nodes that can run it".to_owned()
    });
    let mut proof = vec![
        Evidence::field(
            pod.reference(),
            &container.last_end_path("exitCode"),
            end.exit_code,
        )
        .at(end.finished_at),
    ];
    proof.extend(last_words::as_evidence(cluster, pod, container));
    Some(Fault {
        what,
        proof,
        severity: severity(cluster, pod, container),
        advice,
    })
}

/// What is not executable lies on a volume, or has no execute bit in the image.
fn advice(pod: &Pod, container: &ContainerView<'_>, fault: &StartFault) -> Option<String> {
    let StartFault::CommandNotExecutable(command) = fault else {
        return None;
    };
    let place = place_of(pod, container.spec, command)
        .filter(|place| place.volume.config_map.is_some() || place.volume.secret.is_some());
    Some(place.map_or_else(
        || "Make the file executable in the image, or run it by its interpreter".to_owned(),
        |place| {
            format!(
                "Set defaultMode 0755 on {}, whose files are not executable by default, or run the file by its interpreter",
                place.title()
            )
        },
    ))
}

fn said(line: &str) -> String {
    if line.is_empty() {
        String::new()
    } else {
        format!(": {}", last_words::quoted(line))
    }
}

fn in_words(fault: &StartFault, container: &ContainerView<'_>, code: &str) -> Option<String> {
    let image = &container.spec.image;
    Some(match fault {
        // Some runtimes do not say which.
        StartFault::CommandMissing(command) if command.is_empty() => {
            match container.spec.command.first() {
                Some(command) => {
                    format!("cannot run `{command}`: command not found in image {image}{code}")
                }
                None => {
                    format!("has a command that does not exist in image {image}: not found{code}")
                }
            }
        }
        StartFault::CommandMissing(command) => {
            format!("cannot run `{command}`: command not found in image {image}{code}")
        }
        StartFault::CommandNotExecutable(command) => {
            format!("may not execute `{command}`: permission denied{code}")
        }
        StartFault::WorkingDirectory(directory) => {
            let directory = if directory.is_empty() {
                &container.spec.working_dir
            } else {
                directory.as_str()
            };
            format!("cannot enter its workingDir `{directory}`{code}")
        }
        _ => return None,
    })
}

fn sighting<'a>(
    pod: &'a Pod,
    cluster: &Cluster<'a>,
    container: &ContainerView<'a>,
    fault: Fault,
) -> Sighting {
    let top = cluster.top_of(pod);
    let title = format!(
        "{} of {top} {}",
        capitalized(&container.title()),
        fault.what
    );
    let explanation = format!(
        "The container never gets to run its program. Restarts so far: {}.",
        container.restarts()
    );
    let mut sighting = Sighting::of(top.clone(), title, explanation)
        .seen_on(pod.reference(), "template of")
        .in_container(container.name())
        .severity(fault.severity)
        .all_evidence(fault.proof);
    let written = [
        ("command", &container.spec.command),
        ("args", &container.spec.args),
    ];
    for (field, words) in written {
        if !words.is_empty() {
            let path = format!("spec.containers[{}].{field}", container.name());
            let words = words.join(" ");
            sighting = sighting.evidence(Evidence::message(pod.reference(), &path, &words));
        }
    }
    if let Some(directory) = container.spec.working_dir.non_empty() {
        let path = format!("spec.containers[{}].workingDir", container.name());
        sighting = sighting.evidence(Evidence::field(pod.reference(), &path, directory));
    }
    let advice = fault.advice.unwrap_or_else(|| {
        "Correct command and args, or use an image that holds the program".to_owned()
    });
    let sighting = sighting.suggest(edit(&top, advice));
    // What never ran has written nothing.
    match container.last_end() {
        Some(end) if end.exit_code != 128 => sighting.suggest(read_last_log(pod, container)),
        _ => sighting.suggest(describe_pod(pod)),
    }
}
