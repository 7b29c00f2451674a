use super::pull_error::PullFault;
use super::pull_problem::{PullProblem, problems_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, Pod, ServiceAccount};
use crate::model::{Evidence, ObjectRef, Suggestion, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The registry refuses the pull: it wants a login that the pod does not have, or the login it
    /// has is wrong, expired or not permitted. Docker Hub says the same of a repository that does not
    /// exist. Or a policy of the registry holds the image back, whoever asks.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "ghcr.example.io/acme/ledger:1.4"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "ghcr.example.io/acme/ledger:1.4": ErrImagePull: failed to pull and unpack image: failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.example.io/token: 401 Unauthorized'}}
    /// ```
    /// A registry that holds back what its scanner objects to:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "registry.example.io/acme/ledger:1.4"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "registry.example.io/acme/ledger:1.4": ErrImagePull: failed to pull and unpack image: unexpected status from HEAD request to https://registry.example.io/v2/acme/ledger/manifests/1.4: 412 Precondition Failed'}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "ghcr.example.io/acme/ledger:1.4"}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T11:00:00Z"}}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "registry.corp.example/shop/web:1.4"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: ErrImagePull, message: 'rpc error: code = NotFound desc = failed to pull and unpack image "registry.corp.example/shop/web:1.4": failed to resolve reference "registry.corp.example/shop/web:1.4": registry.corp.example/shop/web:1.4: not found'}}
    /// ```
    ///
    /// # How to fix
    /// Create a Secret of type `kubernetes.io/dockerconfigjson` for the registry and name it in
    /// `imagePullSecrets` of the pod template or its ServiceAccount; renew it where it expired.
    ///
    /// # What it cannot know
    /// Whether the login in a Secret is right: values are never read.
    ///
    /// # Source
    /// 401 and 403 answers of the distribution specification; texts of containerd, CRI-O and Docker;
    /// the kubelet's check of pull credentials (1.33).
    IMG003 "image-pull-denied" {
        role: Root,
        severity: Critical,
        confidence: 0.85,
        reads: [Event, ServiceAccount, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Pod", "classic:image_pull"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for problem in problems_of(
        cluster,
        pod,
        &[
            PullFault::Denied,
            PullFault::DeniedOrMissing,
            PullFault::HeldBack,
        ],
    ) {
        sink.report(sighting(&problem, cluster));
    }
}

/// Confidence where the registry does not say whether the repository exists.
const UNSURE: f64 = 0.70;

fn sighting<'a>(problem: &PullProblem<'a>, cluster: &Cluster<'a>) -> Sighting {
    if problem.fault == PullFault::HeldBack {
        return held_back(problem, cluster);
    }
    let top = cluster.top_of(problem.pod);
    let name = problem.name();
    let may_be_missing =
        problem.fault == PullFault::DeniedOrMissing && !EXPIRED.is_in(problem.text);
    let doubt = if may_be_missing {
        " or the repository does not exist"
    } else {
        ""
    };
    let is_expired = EXPIRED.is_in(problem.text);
    let is_forbidden = FORBIDDEN.is_in(problem.text);
    let why = if is_expired {
        "the login has expired"
    } else if is_forbidden {
        "403, who asks may not read the repository"
    } else {
        "authentication is required, the credentials are not accepted"
    };
    let title = format!(
        "Registry {} denied the pull of image `{}` of {top}: {why}{doubt}",
        name.registry, problem.image
    );
    let secrets = pull_secrets(problem.pod, cluster);
    let identity = node_identity(name.registry).filter(|_| secrets.is_empty());
    let login = if identity.is_some() {
        "The pod has no imagePullSecrets, so the kubelet asks with the identity of its node."
            .to_owned()
    } else if secrets.is_empty() {
        "The pod has no imagePullSecrets, so its node asks without credentials.".to_owned()
    } else {
        format!(
            "The pod logs in with imagePullSecrets {}.",
            secrets.join(", ")
        )
    };
    let explanation = format!(
        "{login} {} cannot start.",
        crate::model::capitalized(&problem.container.title())
    );
    let mut sighting = problem
        .sighting(cluster, title, explanation)
        .evidence(Evidence::field(
            problem.pod.reference(),
            "spec.imagePullSecrets",
            if secrets.is_empty() {
                "none".to_owned()
            } else {
                secrets.join(", ")
            },
        ))
        .grouped(
            format!("registry {}", name.registry),
            format!("workloads are refused by registry {}", name.registry),
        );
    if may_be_missing {
        sighting = sighting.confidence(UNSURE);
    }
    let namespace = problem.pod.metadata.namespace.as_str();
    for secret in &secrets {
        // One that is missing or of another type is the reason, and a finding of its own; what a login
        // holds cannot be judged.
        let named = ObjectRef::namespaced("v1", "Secret", namespace, secret);
        sighting = sighting.blames(named, "imagePullSecret");
    }
    let advice = if let Some(right) = identity {
        format!(
            "Check that `{}` names the right account and repository; let the identity of the nodes pull there ({right}), and where it is another account's or project's, have its policy admit them",
            problem.image
        )
    } else if secrets.is_empty() && may_be_missing {
        format!(
            "Check the name `{}`: without a login, {} says the same of what does not exist; if it is private, add a pull secret to {top} or to its ServiceAccount",
            problem.image, name.registry
        )
    } else if is_expired && !secrets.is_empty() {
        format!(
            "Renew the token in Secret {}, and let something renew it before it expires",
            secrets.join(", ")
        )
    } else if secrets.is_empty() {
        format!(
            "Add a pull secret for {} to imagePullSecrets of {top} or of its ServiceAccount",
            name.registry
        )
    } else {
        format!(
            "Renew the login for {} in Secret {}",
            name.registry,
            secrets.join(", ")
        )
    };
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(problem.look())
}

/// Words of a registry that knows who asks and does not let them.
static FORBIDDEN: Pattern = Pattern::new(r"\b403\b");

/// The right that a node's identity needs at a cloud's own registry, where kubelets log in by it (KEP-2133, kubelet
/// credential providers); none for other registries.
fn node_identity(registry: &str) -> Option<&'static str> {
    static CLOUDS: [(Pattern, &str); 3] = [
        (
            Pattern::new(r"\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$"),
            "AmazonEC2ContainerRegistryPullOnly for their role",
        ),
        (
            Pattern::new(r"\.azurecr\.(?:io|cn|us)$"),
            "AcrPull for the kubelet's identity",
        ),
        (
            Pattern::new(r"(?:^|[.-])(?:gcr\.io|docker\.pkg\.dev)$"),
            "Artifact Registry Reader for their service account",
        ),
    ];
    CLOUDS
        .iter()
        .find_map(|(registries, right)| registries.is_in(registry).then_some(*right))
}

/// Words of a registry that knows the login and takes it no more.
static EXPIRED: Pattern = Pattern::new(r"(?i)token has expired|token is expired|expired token");

/// A policy of the registry, not a login, keeps the image from being pulled.
fn held_back<'a>(problem: &PullProblem<'a>, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(problem.pod);
    let registry = problem.name().registry;
    let title = format!(
        "A policy of registry {registry} holds back image `{}` of {top}",
        problem.image
    );
    let words = problem.words();
    let said = words
        .split_once("412 Precondition Failed")
        .map_or(words, |(_, rest)| rest.trim_start_matches([':', ' ']))
        .trim();
    let said = if said.is_empty() {
        "412 Precondition Failed"
    } else {
        said
    };
    let explanation = format!(
        "It is there, and the registry refuses to hand it out: \"{}\". {} cannot start.",
        safe_text(said),
        crate::model::capitalized(&problem.container.title())
    );
    problem
        .sighting(cluster, title, explanation)
        .suggest(Suggestion::advice(format!(
            "Set {top} to an image that meets the policy (such as one rebuilt without the findings), or have the registry except this one"
        )))
        .suggest(problem.look())
}

/// The pull secrets of a pod; those of its ServiceAccount where it names none itself.
fn pull_secrets(pod: &Pod, cluster: &Cluster<'_>) -> Vec<String> {
    let own = &pod.spec.image_pull_secrets;
    let account = pod
        .spec
        .service_account_name
        .non_empty()
        .unwrap_or("default");
    let of_account = cluster
        .get::<ServiceAccount>(&pod.metadata.namespace, account)
        .filter(|_| own.is_empty())
        .map(|account| &account.image_pull_secrets);
    own.iter()
        .chain(of_account.into_iter().flat_map(|list| list.iter()))
        .map(|reference| reference.name.to_string())
        .filter(|name| !name.is_empty())
        .collect()
}
