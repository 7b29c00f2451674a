use super::injector::{Injector, Known, injector};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::images::image_name::ImageName;
use crate::analyzers::images::pull_error::is_image_wait;
use crate::analyzers::template::{CONTAINERS, Template, template_of};
use crate::analyzers::workloads::last_words::{as_evidence, quoted, telling_line};
use crate::kubernetes::{ContainerView, CustomObject, Object, Pod};
use crate::model::{Evidence, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that a pod has and its template does not have was put in by admission: a mutating webhook, as a rule
    /// the injector of a service mesh. It fails in the same way in every pod that the webhook is asked about, and nothing
    /// in the workloads can cure it. The same holds for an image that a webhook exchanged.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z", annotations: {mesh.example.com/status: injected}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-7c, uid: r1, controller: true}]}
    /// spec:
    ///   containers: [{name: web, image: "registry.example/web:2"}, {name: proxy, image: "registry.example/proxy:9"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - {name: web, ready: true, state: {running: {startedAt: "2026-01-01T11:00:04Z"}}}
    ///   - {name: proxy, state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "registry.example/proxy:9"'}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-7c, namespace: shop, uid: r1}
    /// spec: {template: {spec: {containers: [{name: web, image: "registry.example/web:2"}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: shop}
    /// ---
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: MutatingWebhookConfiguration
    /// metadata: {name: mesh-injector}
    /// webhooks:
    /// - name: inject.mesh.example.com
    ///   clientConfig: {service: {namespace: mesh, name: injector}}
    ///   rules: [{operations: [CREATE], apiGroups: [""], resources: [pods]}]
    /// ```
    ///
    /// An image that a webhook exchanged for the one of a mirror:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z", ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-7c, uid: r1, controller: true}]}
    /// spec:
    ///   containers: [{name: web, image: "mirror.example/library/web:2"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - {name: web, state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "mirror.example/library/web:2"'}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-7c, namespace: shop, uid: r1}
    /// spec: {template: {spec: {containers: [{name: web, image: "web:2"}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: shop}
    /// ---
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: MutatingWebhookConfiguration
    /// metadata: {name: mirror}
    /// webhooks:
    /// - name: images.mirror.example
    ///   clientConfig: {service: {namespace: mirror, name: rewriter}}
    ///   rules: [{operations: [CREATE], apiGroups: [""], resources: [pods]}]
    /// ```
    ///
    /// # Stays silent on
    /// A container of the template's own, and one of a pod that nothing makes:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-7c, uid: r1, controller: true}]}
    /// spec:
    ///   containers: [{name: web, image: "registry.example/web:2"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - {name: web, state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "registry.example/web:2"'}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-7c, namespace: shop, uid: r1}
    /// spec: {template: {spec: {containers: [{name: web, image: "registry.example/web:2"}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: stray, namespace: shop, uid: p2}
    /// spec:
    ///   containers: [{name: proxy, image: "registry.example/proxy:9"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - {name: proxy, state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "registry.example/proxy:9"'}}}
    /// ```
    ///
    /// # How to fix
    /// Correct what the webhook puts in: the configuration of its program, as a rule a ConfigMap in its namespace. Pods
    /// that are there keep what they have; make them anew afterwards.
    ///
    /// # What it cannot know
    /// What the program behind a webhook does: only which webhooks are asked about such a pod, and what the pod says of
    /// them.
    ///
    /// # Source
    /// Containers of the pod and of its controller's template; `webhooks[].rules`, `namespaceSelector` and
    /// `objectSelector` of admissionregistration/v1.
    CTL035 "injected-container-failing" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [
            ReplicaSet, StatefulSet, DaemonSet, Job, Namespace, MutatingWebhookConfiguration, Service, ConfigMap,
        ],
        maps_to: [],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !pod.is_live() || pod.is_ready() || pod.metadata.is_terminating() {
        return;
    }
    let failing: Vec<(ContainerView<'a>, Fault)> = pod
        .containers()
        .filter_map(|container| Some((container, fault_of(&container)?)))
        .collect();
    if failing.is_empty() {
        return;
    }
    let Some(template) = template_of(cluster, pod) else {
        return;
    };
    for (container, fault) in failing {
        let of_template = template.template.spec.container(container.name());
        let exchanged = match of_template {
            None => None,
            Some(own) if fault == Fault::Image && own.image != container.spec.image => {
                Some(own.image.as_str())
            }
            Some(_) => continue,
        };
        let image = container.spec.image.as_str();
        let injected = Injected {
            pod,
            container,
            fault,
            exchanged,
            mutator: exchanged.and_then(|own| mutator_of(cluster, image, own)),
            template: &template,
            injector: injector(cluster, pod, &template),
        };
        // An image may also be exchanged in the pod later on.
        let is_by_admission =
            injected.mutator.is_some() || matches!(injected.injector, Injector::One(_));
        if exchanged.is_none() || is_by_admission {
            sink.report(injected.sighting(cluster));
        }
    }
}

/// Groups of policy engines whose objects say what admission writes into others.
const MUTATORS: [&str; 3] = [GATEKEEPER, "kyverno.io", "policies.kyverno.io"];

/// The one whose objects do nothing else.
const GATEKEEPER: &str = "mutations.gatekeeper.sh";

/// The one object of a policy engine that names the registry of an image which the template's own image is not from.
fn mutator_of<'a>(cluster: &Cluster<'a>, image: &str, own: &str) -> Option<&'a CustomObject> {
    let (registry, before) = (
        ImageName::parse(image).registry,
        ImageName::parse(own).registry,
    );
    if registry == before {
        return None;
    }
    let mut all = cluster
        .all_customs()
        .filter(|object| MUTATORS.contains(&object.group()))
        .filter(|object| {
            let spec = object.spec.to_string();
            let is_mutator = object.group() == GATEKEEPER || spec.contains("\"mutat");
            is_mutator && spec.contains(registry)
        });
    all.next().filter(|_| all.next().is_none())
}

/// Most webhooks that are named.
const MOST_NAMES: usize = 4;

/// What goes wrong with a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Image,
    Start,
    Crash,
}

impl Fault {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Start => "start",
            Self::Crash => "crash",
        }
    }
}

/// Reasons of a container that the kubelet cannot make or start.
const NOT_STARTED: [&str; 3] = [
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

fn fault_of(container: &ContainerView<'_>) -> Option<Fault> {
    let reason = container.waiting_reason();
    if is_image_wait(reason) {
        Some(Fault::Image)
    } else if NOT_STARTED.contains(&reason) {
        Some(Fault::Start)
    } else if !container.is_ready() && container.last_end().is_some_and(|end| end.exit_code != 0) {
        Some(Fault::Crash)
    } else {
        None
    }
}

/// A container that fails and that its template does not have, or not with this image.
struct Injected<'a, 't> {
    pod: &'a Pod,
    container: ContainerView<'a>,
    fault: Fault,
    /// The image of the template, where admission put in another.
    exchanged: Option<&'t str>,
    /// The policy that wrote the other, where one names where it comes from.
    mutator: Option<&'a CustomObject>,
    template: &'t Template<'a>,
    injector: Injector<'a>,
}

impl<'a> Injected<'a, '_> {
    fn sighting(&self, cluster: &Cluster<'a>) -> Sighting {
        let top = cluster.top_of(self.pod);
        let what = self.container.title();
        let fails = self.fails(cluster);
        let (subject, title) = if let Some(mutator) = self.mutator {
            let mutator = mutator.reference();
            let title = format!(
                "{mutator} exchanges the image of {what}: `{}` cannot be had",
                self.container.spec.image
            );
            (mutator, title)
        } else if let Injector::One(known) = &self.injector {
            let configuration = &known.hook.configuration;
            let title = match self.exchanged {
                None => format!("{configuration} injects {what} into pods, and {fails}"),
                Some(_) => format!(
                    "{configuration} exchanges the image of {what}: `{}` cannot be had",
                    self.container.spec.image
                ),
            };
            (known.place(), title)
        } else {
            let title = format!("Admission put {what} into the pods of {top}, and {fails}");
            (top.clone(), title)
        };
        let mut sighting = Sighting::of(subject, title, self.explanation())
            .seen_on(self.pod.reference(), "injects")
            .in_container(self.container.name())
            .identified_by("fault", self.fault.as_str())
            .since(self.pod.metadata.creation_timestamp)
            .all_evidence(self.evidence())
            .all_evidence(as_evidence(cluster, self.pod, &self.container));
        if let Injector::One(known) = &self.injector {
            sighting = sighting.all_evidence(known.evidence(self.pod));
        }
        self.advise(sighting)
    }

    fn fails(&self, cluster: &Cluster<'a>) -> String {
        match self.fault {
            Fault::Image => format!("its image `{}` cannot be had", self.container.spec.image),
            Fault::Start => format!("it cannot be started ({})", self.container.waiting_reason()),
            Fault::Crash => {
                let code = self.container.last_end().map_or(0, |end| end.exit_code);
                let line = telling_line(cluster, self.pod, &self.container);
                let words = line.map_or_else(String::new, |line| format!(": {}", quoted(line)));
                format!("it ends with exit code {code}{words}")
            }
        }
    }

    fn explanation(&self) -> String {
        let owner = &self.template.owner;
        let absent = match self.exchanged {
            None => format!(
                "The template of {owner} has no such container: admission put it into the pod."
            ),
            Some(image) => format!(
                "The template of {owner} says `{image}`: admission wrote another into the pod."
            ),
        };
        let by = match &self.injector {
            Injector::One(known) => told(known),
            Injector::Several(hooks) => {
                let names = hooks.iter().map(|hook| hook.configuration.to_string());
                let names = some_of(names, MOST_NAMES);
                format!("Asked about such pods are {names}; the pod names none of them alone.")
            }
            Injector::Unseen => "Which webhook did is not seen.".to_owned(),
        };
        format!("{absent} {by}")
    }

    fn evidence(&self) -> Vec<Evidence> {
        let own = self.pod.reference();
        let name = self.container.name();
        let list = if self.container.status_list == "status.initContainerStatuses" {
            "spec.initContainers"
        } else {
            "spec.containers"
        };
        let image = Evidence::field(
            own.clone(),
            &format!("{list}[{name}].image"),
            &self.container.spec.image,
        );
        let template = match self.exchanged {
            None => Evidence::field(
                self.template.owner.clone(),
                CONTAINERS,
                self.template.names(),
            ),
            Some(image) => Evidence::field(
                self.template.owner.clone(),
                &format!("{CONTAINERS}[{name}].image"),
                image,
            ),
        };
        let state = match (self.container.waiting(), self.container.last_end()) {
            (Some(waiting), _) => Some(Evidence::message(
                own,
                &self.container.status_path("state.waiting.message"),
                &format!("{}: {}", waiting.reason, waiting.message),
            )),
            (None, Some(end)) => {
                let path = self.container.last_end_path("exitCode");
                Some(Evidence::field(own, &path, end.exit_code).at(end.finished_at))
            }
            (None, None) => None,
        };
        [image, template].into_iter().chain(state).collect()
    }

    fn advise(&self, sighting: Sighting) -> Sighting {
        let what = self.container.title();
        let anew = "then make the pods anew: those that are there keep what they have";
        if let Some(mutator) = self.mutator {
            let advice = format!(
                "Correct the image that {} writes; {anew}",
                mutator.reference()
            );
            return sighting.suggest(Suggestion::advice(advice));
        }
        match &self.injector {
            Injector::One(known) => {
                let service = known.hook.service().map_or_else(
                    || "the webhook".to_owned(),
                    |service| format!("Service {}/{}", service.namespace, service.name),
                );
                let place = known.changed.as_ref().map_or_else(
                    || format!("what the program behind {service} reads"),
                    |changed| format!("{}, for the program behind {service}", changed.map),
                );
                sighting
                    .suggest(Suggestion::advice(format!(
                        "Correct {what} in {place}; {anew}"
                    )))
                    .suggest(Suggestion::look(
                        "See when it is asked",
                        format!(
                            "kubectl get mutatingwebhookconfiguration {} -o yaml",
                            known.hook.configuration.name
                        ),
                    ))
            }
            _ => sighting
                .grouped(
                    format!("injected {}", self.container.name()),
                    format!("workloads got {what} from admission"),
                )
                .suggest(Suggestion::advice(format!(
                    "Find the webhook that puts in {what} and correct that; {anew}"
                )))
                .suggest(Suggestion::look(
                    "See which webhooks there are",
                    "kubectl get mutatingwebhookconfigurations",
                )),
        }
    }
}

fn told(known: &Known<'_>) -> String {
    let asked = format!(
        "Webhook `{}` is asked about every such pod.",
        known.hook.webhook.name
    );
    known.changed.as_ref().map_or_else(
        || asked.clone(),
        |changed| {
            let what = changed.proof.text.as_deref().unwrap_or("changed");
            format!("{asked} {}, {}, {what}.", changed.map, changed.belongs)
        },
    )
}
