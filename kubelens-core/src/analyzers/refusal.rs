//! Why the API server refused to create an object: the grammar of its words.

/// The class of a refusal with the names that its text gives. Names may be empty where the text
/// leaves them out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal<'a> {
    /// `exceeded quota: Q, requested: r=v, used: r=v, limited: r=v`.
    QuotaExceeded {
        quota: &'a str,
        requested: &'a str,
        used: &'a str,
        limited: &'a str,
    },
    /// `failed quota: Q: must specify limits.cpu for: c1; requests.memory for: c1`.
    QuotaDemands { quota: &'a str, demands: &'a str },
    /// `status unknown for quota: Q, resources: r`.
    QuotaStatusUnknown { quota: &'a str },
    /// `insufficient quota to match these scopes: [{PriorityClass In [gold]}]`, `insufficient quota to consume: r`.
    NoQuotaCovers { what: &'a str },
    /// `maximum memory usage per Container is 1Gi, but limit is 2Gi`.
    LimitRange { violation: &'a str },
    /// `violates PodSecurity "restricted:latest": control (container "c" must …), …`.
    PodSecurity { level: &'a str, controls: &'a str },
    /// `unable to validate against any security context constraint: [provider P: FIELD: REASON, …]`
    /// (OpenShift).
    SecurityContextConstraints { providers: &'a str },
    /// `admission webhook "W" denied the request: MESSAGE`.
    WebhookDenied { webhook: &'a str, message: &'a str },
    /// `failed calling webhook "W": failed to call webhook: Post "URL": REASON`.
    WebhookCallFailed(WebhookCall<'a>),
    /// `ValidatingAdmissionPolicy 'P' with binding 'B' denied request: MESSAGE`.
    AdmissionPolicy {
        policy: &'a str,
        binding: &'a str,
        message: &'a str,
    },
    /// `error looking up service account NS/SA: serviceaccount "SA" not found`.
    ServiceAccountMissing { namespace: &'a str, name: &'a str },
    /// `no PriorityClass with name X was found`.
    PriorityClassMissing { name: &'a str },
    /// `pod rejected: RuntimeClass "X" not found`.
    RuntimeClassMissing { name: &'a str },
    /// `pods "x" already exists`.
    AlreadyExists { resource: &'a str, name: &'a str },
    /// `unable to create new content in namespace NS because it is being terminated`.
    NamespaceTerminating { namespace: &'a str },
    /// `Pod "x" is invalid: spec.…: Invalid value: …`.
    Invalid { reason: &'a str },
    /// Anything else.
    Other,
}

/// A call to a webhook that brought no answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct WebhookCall<'a> {
    /// The webhook's name in its configuration.
    pub(crate) webhook: &'a str,
    /// The address that was called, without its path.
    pub(crate) host: &'a str,
    /// The Service behind it, where the address is one of the cluster.
    pub(crate) service: &'a str,
    /// That Service's namespace.
    pub(crate) namespace: &'a str,
    /// The port that was called; empty for the default.
    pub(crate) port: &'a str,
    /// Why there was no answer.
    pub(crate) reason: &'a str,
}

/// Classes a text of the API server, with or without what a controller puts before it.
pub(crate) fn classify(text: &str) -> Refusal<'_> {
    let classes: [fn(&str) -> Option<Refusal<'_>>; 15] = [
        webhook_denied,
        webhook_call_failed,
        admission_policy,
        pod_security,
        security_context_constraints,
        quota_exceeded,
        quota_demands,
        quota_status_unknown,
        no_quota_covers,
        limit_range,
        service_account_missing,
        priority_class_missing,
        runtime_class_missing,
        namespace_terminating,
        already_exists,
    ];
    classes
        .iter()
        .find_map(|class| class(text))
        .or_else(|| invalid(text))
        .unwrap_or(Refusal::Other)
}

/// What stands between two markers; to the end where the second is missing.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after).map_or(rest, |(inside, _)| inside))
}

fn security_context_constraints(text: &str) -> Option<Refusal<'_>> {
    let (_, rest) =
        text.split_once("unable to validate against any security context constraint: ")?;
    let list = rest.strip_prefix('[').unwrap_or(rest);
    let providers = list.rsplit_once(']').map_or(list, |(inside, _)| inside);
    Some(Refusal::SecurityContextConstraints { providers })
}

fn quota_exceeded(text: &str) -> Option<Refusal<'_>> {
    Some(Refusal::QuotaExceeded {
        quota: between(text, "exceeded quota: ", ",")?,
        requested: between(text, "requested: ", ", used: ").unwrap_or_default(),
        used: between(text, ", used: ", ", limited: ").unwrap_or_default(),
        limited: between(text, ", limited: ", "\n").unwrap_or_default(),
    })
}

fn quota_demands(text: &str) -> Option<Refusal<'_>> {
    let (_, rest) = text.split_once("failed quota: ")?;
    let (quota, demands) = rest.split_once(": must specify ")?;
    Some(Refusal::QuotaDemands { quota, demands })
}

fn quota_status_unknown(text: &str) -> Option<Refusal<'_>> {
    let quota = between(text, "status unknown for quota: ", ",")?;
    Some(Refusal::QuotaStatusUnknown { quota })
}

fn no_quota_covers(text: &str) -> Option<Refusal<'_>> {
    let (_, rest) = text.split_once("insufficient quota to ")?;
    let what = rest
        .strip_prefix("match these scopes: ")
        .or_else(|| rest.strip_prefix("consume: "))?;
    Some(Refusal::NoQuotaCovers { what })
}

fn limit_range(text: &str) -> Option<Refusal<'_>> {
    let marks = ["maximum ", "minimum ", "max limit to request ratio per "];
    let known = |mark: &&str| {
        text.split_once(*mark)
            .is_some_and(|(_, rest)| mark.starts_with("max limit") || rest.contains(" usage per "))
    };
    marks.iter().find(|mark| known(mark))?;
    let violation = text
        .split_once(" is forbidden: ")
        .map_or(text, |(_, rest)| rest)
        .trim_matches(['[', ']']);
    Some(Refusal::LimitRange { violation })
}

fn pod_security(text: &str) -> Option<Refusal<'_>> {
    let (_, rest) = text.split_once("violates PodSecurity \"")?;
    let (level, rest) = rest.split_once('"')?;
    Some(Refusal::PodSecurity {
        level,
        controls: rest.trim_start_matches(": "),
    })
}

fn webhook_denied(text: &str) -> Option<Refusal<'_>> {
    let (_, rest) = text.split_once("admission webhook \"")?;
    let (webhook, rest) = rest.split_once('"')?;
    let message = rest.strip_prefix(" denied the request")?;
    Some(Refusal::WebhookDenied {
        webhook,
        message: message.trim_start_matches(": ").trim(),
    })
}

fn webhook_call_failed(text: &str) -> Option<Refusal<'_>> {
    let (_, rest) = text.split_once("failed calling webhook \"")?;
    let (webhook, rest) = rest.split_once('"')?;
    let rest = rest.trim_start_matches(": ");
    let rest = rest
        .strip_prefix("failed to call webhook: ")
        .unwrap_or(rest);
    let mut call = WebhookCall {
        webhook,
        reason: rest,
        ..WebhookCall::default()
    };
    if let Some((_, rest)) = rest.split_once("Post \"") {
        let (url, reason) = rest.split_once('"').unwrap_or((rest, ""));
        let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
        call.host = authority.split(['/', '?']).next().unwrap_or(authority);
        call.reason = reason.trim_start_matches(": ");
        let (name, port) = call.host.rsplit_once(':').unwrap_or((call.host, ""));
        let mut labels = name.split('.');
        if let (Some(service), Some(namespace), Some("svc")) =
            (labels.next(), labels.next(), labels.next())
        {
            call.service = service;
            call.namespace = namespace;
            call.port = port;
        }
    }
    Some(Refusal::WebhookCallFailed(call))
}

fn admission_policy(text: &str) -> Option<Refusal<'_>> {
    let (_, rest) = text.split_once("ValidatingAdmissionPolicy '")?;
    let (policy, rest) = rest.split_once('\'')?;
    Some(Refusal::AdmissionPolicy {
        policy,
        binding: between(rest, "binding '", "'").unwrap_or_default(),
        message: between(rest, "denied request: ", "\n").unwrap_or_default(),
    })
}

fn service_account_missing(text: &str) -> Option<Refusal<'_>> {
    let account = between(text, "error looking up service account ", ":")?;
    text.contains("not found").then_some(())?;
    let (namespace, name) = account.split_once('/').unwrap_or(("", account));
    Some(Refusal::ServiceAccountMissing { namespace, name })
}

fn priority_class_missing(text: &str) -> Option<Refusal<'_>> {
    let name = between(text, "no PriorityClass with name ", " was found")?;
    Some(Refusal::PriorityClassMissing { name })
}

fn runtime_class_missing(text: &str) -> Option<Refusal<'_>> {
    let name = between(text, "RuntimeClass \"", "\"")?;
    text.contains("not found")
        .then_some(Refusal::RuntimeClassMissing { name })
}

fn namespace_terminating(text: &str) -> Option<Refusal<'_>> {
    let named = between(
        text,
        "unable to create new content in namespace ",
        " because it is being terminated",
    );
    let namespace = match named {
        Some(namespace) => namespace,
        None if text.contains("because it is being terminated") => "",
        None => return None,
    };
    Some(Refusal::NamespaceTerminating { namespace })
}

fn already_exists(text: &str) -> Option<Refusal<'_>> {
    let (before, _) = text.split_once("\" already exists")?;
    let (before, name) = before.rsplit_once(" \"")?;
    let resource = before.rsplit(' ').next().unwrap_or(before);
    Some(Refusal::AlreadyExists { resource, name })
}

fn invalid(text: &str) -> Option<Refusal<'_>> {
    let (_, reason) = text.split_once(" is invalid: ")?;
    Some(Refusal::Invalid { reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_refusal_has_its_class_and_names() {
        let cases = [
            (
                "pods \"a-\" is forbidden: unable to validate against any security context constraint: [provider restricted-v2: .containers[0].runAsUser: Invalid value: 0: must be in the ranges: [1000690000, 1000699999], provider \"anyuid\": Forbidden: not usable by user or serviceaccount]",
                Refusal::SecurityContextConstraints {
                    providers: "provider restricted-v2: .containers[0].runAsUser: Invalid value: 0: must be in the ranges: [1000690000, 1000699999], provider \"anyuid\": Forbidden: not usable by user or serviceaccount",
                },
            ),
            (
                "pods \"web-5d\" is forbidden: exceeded quota: compute, requested: limits.memory=1Gi,pods=1, used: limits.memory=4Gi,pods=4, limited: limits.memory=4Gi,pods=4",
                Refusal::QuotaExceeded {
                    quota: "compute",
                    requested: "limits.memory=1Gi,pods=1",
                    used: "limits.memory=4Gi,pods=4",
                    limited: "limits.memory=4Gi,pods=4",
                },
            ),
            (
                "pods \"web-5d\" is forbidden: failed quota: compute: must specify limits.cpu for: web; requests.memory for: web",
                Refusal::QuotaDemands {
                    quota: "compute",
                    demands: "limits.cpu for: web; requests.memory for: web",
                },
            ),
            (
                "pods \"web\" is forbidden: status unknown for quota: compute, resources: pods",
                Refusal::QuotaStatusUnknown { quota: "compute" },
            ),
            (
                "pods \"web\" is forbidden: [maximum memory usage per Container is 1Gi, but limit is 2Gi, maximum cpu usage per Container is 1, but limit is 2]",
                Refusal::LimitRange {
                    violation: "maximum memory usage per Container is 1Gi, but limit is 2Gi, maximum cpu usage per Container is 1, but limit is 2",
                },
            ),
            (
                "pods \"web\" is forbidden: cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000",
                Refusal::LimitRange {
                    violation: "cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000",
                },
            ),
            (
                "pods \"web\" is forbidden: violates PodSecurity \"restricted:latest\": privileged (container \"web\" must not set securityContext.privileged=true)",
                Refusal::PodSecurity {
                    level: "restricted:latest",
                    controls: "privileged (container \"web\" must not set securityContext.privileged=true)",
                },
            ),
            (
                "admission webhook \"validate.kyverno.svc-fail\" denied the request: \n\nresource Pod/shop/web was blocked",
                Refusal::WebhookDenied {
                    webhook: "validate.kyverno.svc-fail",
                    message: "resource Pod/shop/web was blocked",
                },
            ),
            (
                "pods \"web\" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'no-latest-all' denied request: images need a tag",
                Refusal::AdmissionPolicy {
                    policy: "no-latest",
                    binding: "no-latest-all",
                    message: "images need a tag",
                },
            ),
            (
                "pods \"web-\" is forbidden: error looking up service account shop/builder: serviceaccount \"builder\" not found",
                Refusal::ServiceAccountMissing {
                    namespace: "shop",
                    name: "builder",
                },
            ),
            (
                "pods \"web-\" is forbidden: no PriorityClass with name gold was found",
                Refusal::PriorityClassMissing { name: "gold" },
            ),
            (
                "pods \"web-\" is forbidden: pod rejected: RuntimeClass \"gvisor\" not found",
                Refusal::RuntimeClassMissing { name: "gvisor" },
            ),
            (
                "object is being deleted: pods \"db-0\" already exists",
                Refusal::AlreadyExists {
                    resource: "pods",
                    name: "db-0",
                },
            ),
            (
                "pods \"web-\" is forbidden: unable to create new content in namespace shop because it is being terminated",
                Refusal::NamespaceTerminating { namespace: "shop" },
            ),
            (
                "Pod \"web\" is invalid: spec.containers[0].image: Required value",
                Refusal::Invalid {
                    reason: "spec.containers[0].image: Required value",
                },
            ),
            ("the moon is full", Refusal::Other),
            // Of the admission plugins of 1.28 to 1.36, as their sources have them.
            (
                "pods \"web-\" is forbidden: insufficient quota to match these scopes: [{PriorityClass In [system-node-critical]}]",
                Refusal::NoQuotaCovers {
                    what: "[{PriorityClass In [system-node-critical]}]",
                },
            ),
            (
                "persistentvolumeclaims \"data\" is forbidden: insufficient quota to consume: gold.storageclass.storage.k8s.io/requests.storage",
                Refusal::NoQuotaCovers {
                    what: "gold.storageclass.storage.k8s.io/requests.storage",
                },
            ),
            (
                "pods \"web-\" is forbidden: minimum cpu usage per Container is 100m, but request is 10m",
                Refusal::LimitRange {
                    violation: "minimum cpu usage per Container is 100m, but request is 10m",
                },
            ),
            (
                "pods \"web-\" is forbidden: maximum memory usage per Pod is 1Gi.  No limit is specified",
                Refusal::LimitRange {
                    violation: "maximum memory usage per Pod is 1Gi.  No limit is specified",
                },
            ),
            (
                "pods \"web-\" is forbidden: memory max limit to request ratio per Pod is 2, but no request is specified or request is 0",
                Refusal::LimitRange {
                    violation: "memory max limit to request ratio per Pod is 2, but no request is specified or request is 0",
                },
            ),
            (
                "persistentvolumeclaims \"data\" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi",
                Refusal::LimitRange {
                    violation: "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi",
                },
            ),
            (
                "pods \"web-5d-\" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=8, limited: requests.nvidia.com/gpu=8",
                Refusal::QuotaExceeded {
                    quota: "gpus",
                    requested: "requests.nvidia.com/gpu=1",
                    used: "requests.nvidia.com/gpu=8",
                    limited: "requests.nvidia.com/gpu=8",
                },
            ),
            (
                "pods \"web-\" is forbidden: violates PodSecurity \"baseline:v1.34\": probe or lifecycle host (container \"web\" uses probe or lifecycle host \"10.0.0.1\")",
                Refusal::PodSecurity {
                    level: "baseline:v1.34",
                    controls: "probe or lifecycle host (container \"web\" uses probe or lifecycle host \"10.0.0.1\")",
                },
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(classify(text), expected, "{text}");
        }
    }

    #[test]
    fn a_webhook_call_names_its_service_and_why_there_was_no_answer() {
        let text = "Internal error occurred: failed calling webhook \"inject.example\": failed to call webhook: Post \"https://inject-svc.mesh-gone.svc:443/admit?timeout=5s\": service \"inject-svc\" not found";
        let Refusal::WebhookCallFailed(call) = classify(text) else {
            panic!("another class");
        };
        assert_eq!(call.webhook, "inject.example");
        assert_eq!(call.host, "inject-svc.mesh-gone.svc:443");
        assert_eq!(
            (call.service, call.namespace, call.port),
            ("inject-svc", "mesh-gone", "443")
        );
        assert_eq!(call.reason, "service \"inject-svc\" not found");
    }

    #[test]
    fn a_webhook_outside_the_cluster_has_no_service() {
        let text = "failed calling webhook \"w\": Post \"https://hooks.example.com/pods?timeout=10s\": context deadline exceeded";
        let Refusal::WebhookCallFailed(call) = classify(text) else {
            panic!("another class");
        };
        assert_eq!((call.host, call.service), ("hooks.example.com", ""));
        assert_eq!(call.reason, "context deadline exceeded");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_classed_without_a_panic(text in "\\PC{0,80}") {
            let _ = classify(&text);
        }
    }
}
