//! What kubelet and container runtime say when a container cannot be made or started.

use crate::kubernetes::{ContainerView, Object, Pod};
use crate::model::Evidence;

/// Reasons of a waiting container that was refused before or at its start.
const WAITING: [&str; 7] = [
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
    "StartError",
];

/// Reasons of a run that ended before its program began.
const TERMINATED: [&str; 2] = ["StartError", "ContainerCannotRun"];

/// What kept a container from starting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StartFault {
    /// The command is not in the image.
    CommandMissing(String),
    /// The command is there and may not be executed.
    CommandNotExecutable(String),
    /// The working directory is not there, or may not be entered.
    WorkingDirectory(String),
    /// A directory is mounted onto a file, or the other way round.
    MountKind,
    /// The `subPath` of a volume cannot be made or is not there.
    SubPath,
    /// A mount point would have to be made on a read-only file system.
    ReadOnlyRoot,
    /// `runAsNonRoot` refuses the user of the image.
    RunsAsRoot,
    /// Neither image nor pod names a command.
    NoCommand,
    /// The runtime did not answer in time.
    RuntimeTimeout,
    /// The runtime still holds a container of that name.
    NameReserved,
    /// A seccomp or AppArmor profile is not on the node.
    SecurityProfile(String),
    /// Arguments and environment are longer than the kernel takes.
    ArgumentsTooLong,
    /// The program is for another processor, or no program at all.
    Format,
    /// Something a ConfigMap or Secret has to give is not there.
    Configuration,
    /// None of these.
    Other,
}

/// A container that was refused, with the words of who refused it.
#[derive(Debug)]
pub(super) struct StartError<'a> {
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
    pub(super) fault: StartFault,
    pub(super) proof: Evidence,
}

/// Why a container cannot start now, if it was refused: from its waiting reason, or from a run that
/// ended before its program began.
pub(super) fn start_error<'a>(
    pod: &'a Pod,
    container: &ContainerView<'a>,
) -> Option<StartError<'a>> {
    if pod.metadata.is_terminating() || pod.has_succeeded() || container.is_running() {
        return None;
    }
    let waiting = container
        .waiting()
        .filter(|waiting| WAITING.contains(&waiting.reason.as_str()))
        .map(|waiting| {
            let path = container.status_path("state.waiting.message");
            (waiting.reason.as_str(), waiting.message.as_str(), path)
        });
    let (reason, message, path) = waiting.or_else(|| {
        let end = container
            .last_end()
            .filter(|end| TERMINATED.contains(&end.reason.as_str()))?;
        let path = container.last_end_path("message");
        Some((end.reason.as_str(), end.message.as_str(), path))
    })?;
    Some(StartError {
        reason,
        message,
        fault: classify(message),
        proof: Evidence::message(pod.reference(), &path, &format!("{reason}: {message}")),
    })
}

/// Which fault a message tells of.
pub(super) fn classify(message: &str) -> StartFault {
    let has = |words: &str| message.contains(words);
    let has_any_case = |words: &str| message.to_lowercase().contains(words);
    if has("runAsNonRoot") || has("cannot verify user is non-root") || has("breaks non-root policy")
    {
        StartFault::RunsAsRoot
    } else if has("subPath") {
        StartFault::SubPath
    } else if has("Are you trying to mount a directory onto a file")
        || (has("error mounting") && has("not a directory"))
    {
        StartFault::MountKind
    } else if has("chdir to cwd") || has("mkdir workdir") || has_any_case("working directory") {
        StartFault::WorkingDirectory(
            between(message, "(\"", "\")")
                .unwrap_or_default()
                .to_owned(),
        )
    } else if has("read-only file system") {
        StartFault::ReadOnlyRoot
    } else if has("exec format error") {
        StartFault::Format
    } else if has("argument list too long") {
        StartFault::ArgumentsTooLong
    } else if has("seccomp") || has_any_case("apparmor") {
        StartFault::SecurityProfile(message.to_owned())
    } else if has("executable file not found")
        || (has("exec") && has("no such file or directory"))
        || is_missing_on_windows(message)
    {
        StartFault::CommandMissing(command(message))
    } else if has("permission denied") && (has("exec") || has("unable to start container process"))
    {
        StartFault::CommandNotExecutable(command(message))
    } else if has("no command specified") {
        StartFault::NoCommand
    } else if has("is reserved for") || has("is already in use by") {
        StartFault::NameReserved
    } else if has("context deadline exceeded") || has("DeadlineExceeded") {
        StartFault::RuntimeTimeout
    } else if is_configuration(message) {
        StartFault::Configuration
    } else {
        StartFault::Other
    }
}

fn is_configuration(message: &str) -> bool {
    let names_an_object = message.contains("configmap") || message.contains("secret");
    (names_an_object && message.contains("not found")) || message.contains("couldn't find key")
}

/// The host compute service of Windows finds no file of that name, or no such directory before it.
fn is_missing_on_windows(message: &str) -> bool {
    message.contains("CreateProcess")
        && (message.contains("cannot find the file specified")
            || message.contains("cannot find the path specified"))
}

/// The command that a runtime names: after `exec: "…"`, or after `exec …:`.
fn command(message: &str) -> String {
    between(message, "exec: \"", "\"")
        .or_else(|| between(message, "exec \"", "\""))
        .or_else(|| between(message, "exec: ", ":"))
        .or_else(|| between(message, "exec ", ":"))
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// What stands between two marks.
pub(super) fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    let (inner, _) = rest.split_once(after)?;
    Some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wordings_of_runtimes_and_kubelets_are_told_apart() {
        use StartFault::{
            ArgumentsTooLong, CommandMissing, CommandNotExecutable, Configuration, Format,
            MountKind, NameReserved, NoCommand, Other, ReadOnlyRoot, RunsAsRoot, RuntimeTimeout,
            SubPath, WorkingDirectory,
        };
        let cases = [
            (
                "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: \"servr\": executable file not found in $PATH",
                CommandMissing("servr".to_owned()),
            ),
            (
                "failed to start container: exec: \"/app/run\": stat /app/run: no such file or directory: unknown",
                CommandMissing("/app/run".to_owned()),
            ),
            (
                "exec /entrypoint.sh: no such file or directory",
                CommandMissing("/entrypoint.sh".to_owned()),
            ),
            (
                "runc create failed: unable to start container process: exec: \"/run.sh\": permission denied: unknown",
                CommandNotExecutable("/run.sh".to_owned()),
            ),
            (
                "runc create failed: unable to start container process: error during container init: chdir to cwd (\"/srv/app\") set in config.json failed: no such file or directory",
                WorkingDirectory("/srv/app".to_owned()),
            ),
            (
                "error mounting \"/var/lib/kubelet/pods/u/volumes/kubernetes.io~configmap/conf\" to rootfs at \"/etc/app.conf\": mount src=x, dst=y: not a directory: Are you trying to mount a directory onto a file (or vice-versa)?",
                MountKind,
            ),
            (
                "failed to prepare subPath for volumeMount \"data\" of container \"web\"",
                SubPath,
            ),
            (
                "create mountpoint for /data mount: mkdirat rootfs/data: read-only file system",
                ReadOnlyRoot,
            ),
            (
                "container has runAsNonRoot and image will run as root (pod: \"x\", container: web)",
                RunsAsRoot,
            ),
            (
                "failed to generate container \"c\" spec: failed to generate spec: no command specified",
                NoCommand,
            ),
            ("context deadline exceeded", RuntimeTimeout),
            (
                "failed to reserve container name \"web_web-1_shop_u_0\": name \"web_web-1\" is reserved for \"abc\"",
                NameReserved,
            ),
            ("exec /bin/app: argument list too long", ArgumentsTooLong),
            (
                "failed to start containerd task \"web\": hcs::System::CreateProcess web: The system cannot find the file specified.: unknown",
                CommandMissing(String::new()),
            ),
            ("exec /bin/app: exec format error", Format),
            ("configmap \"a\" not found", Configuration),
            ("something new", Other),
        ];
        for (message, fault) in cases {
            assert_eq!(classify(message), fault, "{message}");
        }
        assert!(matches!(
            classify("cannot load seccomp profile \"/var/lib/kubelet/seccomp/a.json\""),
            StartFault::SecurityProfile(_)
        ));
    }
}
