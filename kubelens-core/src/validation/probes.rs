use k8s_openapi::api::core::v1::{Container, LifecycleHandler, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::field_error::{Errors, Path};
use super::names;

const ONE_HANDLER: &str = "may not specify more than 1 handler type";
const A_HANDLER: &str = "must specify a handler type";

pub(super) fn check(container: &Container, path: &Path, is_init: bool, errors: &mut Errors) {
    let probes = [
        ("livenessProbe", &container.liveness_probe),
        ("readinessProbe", &container.readiness_probe),
        ("startupProbe", &container.startup_probe),
    ];
    for (name, probe) in probes {
        let Some(probe) = probe else { continue };
        let path = path.field(name);
        if is_init {
            errors.forbidden(
                &path,
                "may not be set for init containers without restartPolicy=Always",
            );
            continue;
        }
        one_probe(probe, &path, errors);
        if name != "readinessProbe" && probe.success_threshold.is_some_and(|times| times != 1) {
            let times = probe.success_threshold.unwrap_or_default();
            errors.invalid(&path.field("successThreshold"), times, "must be 1");
        }
    }
    if let Some(lifecycle) = &container.lifecycle {
        let path = path.field("lifecycle");
        if is_init {
            errors.forbidden(
                &path,
                "may not be set for init containers without restartPolicy=Always",
            );
            return;
        }
        for (name, handler) in [
            ("postStart", &lifecycle.post_start),
            ("preStop", &lifecycle.pre_stop),
        ] {
            if let Some(handler) = handler {
                one_handler(handler, &path.field(name), errors);
            }
        }
    }
}

fn one_probe(probe: &Probe, path: &Path, errors: &mut Errors) {
    let handlers = [
        probe.exec.is_some(),
        probe.http_get.is_some(),
        probe.tcp_socket.is_some(),
        probe.grpc.is_some(),
    ];
    count(&handlers, path, errors);
    if let Some(exec) = &probe.exec
        && exec.command.iter().flatten().next().is_none()
    {
        errors.required(&path.field("exec").field("command"), "");
    }
    if let Some(get) = &probe.http_get {
        port(&get.port, &path.field("httpGet").field("port"), errors);
        errors.supported(
            &path.field("httpGet").field("scheme"),
            get.scheme.as_ref(),
            &["HTTP", "HTTPS"],
        );
    }
    if let Some(socket) = &probe.tcp_socket {
        port(&socket.port, &path.field("tcpSocket").field("port"), errors);
    }
    if let Some(grpc) = &probe.grpc {
        errors.port(&path.field("grpc").field("port"), grpc.port);
    }
    errors.at_least(
        &path.field("initialDelaySeconds"),
        probe.initial_delay_seconds,
        0,
    );
    // Zero is what nobody wrote: the API puts the default in its place.
    for (name, value) in [
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("failureThreshold", probe.failure_threshold),
        ("successThreshold", probe.success_threshold),
    ] {
        errors.at_least(&path.field(name), value, 0);
    }
}

fn one_handler(handler: &LifecycleHandler, path: &Path, errors: &mut Errors) {
    let handlers = [
        handler.exec.is_some(),
        handler.http_get.is_some(),
        handler.tcp_socket.is_some(),
        handler.sleep.is_some(),
    ];
    count(&handlers, path, errors);
    if let Some(get) = &handler.http_get {
        port(&get.port, &path.field("httpGet").field("port"), errors);
    }
}

fn count(handlers: &[bool], path: &Path, errors: &mut Errors) {
    match handlers.iter().filter(|is_set| **is_set).count() {
        0 => errors.required(path, A_HANDLER),
        1 => {}
        _ => errors.forbidden(path, ONE_HANDLER),
    }
}

fn port(port: &IntOrString, path: &Path, errors: &mut Errors) {
    match port {
        IntOrString::Int(number) => errors.port(path, *number),
        IntOrString::String(name) => names::port_name(path, name, errors),
    }
}
