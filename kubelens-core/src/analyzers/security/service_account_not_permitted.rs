use std::collections::BTreeSet;

use super::permission::{Bound, Request, bound, refused_request, unescaped};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{
    ClusterRole, ClusterRoleBinding, CustomObject, Kind, Object, Pod, PolicyRule, Role,
    RoleBinding, ServiceAccount, Subject,
};
use crate::model::{Evidence, EvidenceKind, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A program asked the API server for something that its ServiceAccount may not do, and it still
    /// may not.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web/web | pods is forbidden: User "system:serviceaccount:shop:web" cannot list resource "pods" in API group "" in the namespace "shop"
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop}
    /// spec: {serviceAccountName: web, containers: [{name: web}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: Role
    /// metadata: {name: reader, namespace: shop}
    /// rules: [{verbs: [get], apiGroups: [""], resources: [pods]}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: reader, namespace: shop}
    /// roleRef: {kind: Role, name: reader}
    /// subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
    /// ```
    /// The binding names the account of another namespace:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: tenants/op/op | deployments.apps is forbidden: User "system:serviceaccount:tenants:op" cannot list resource "deployments" in API group "apps" at the cluster scope
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: op, namespace: tenants}
    /// spec: {serviceAccountName: op, containers: [{name: op}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: op}
    /// rules: [{verbs: [list], apiGroups: [apps], resources: [deployments]}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: op}
    /// roleRef: {kind: ClusterRole, name: op}
    /// subjects: [{kind: ServiceAccount, name: op, namespace: default}]
    /// ```
    ///
    /// A custom resource says that its operator may not do what it needs:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: etl.example.com/v1
    /// kind: Extract
    /// metadata: {name: orders, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: ReconcileError, message: 'jobs.batch is forbidden: User "system:serviceaccount:ops:etl" cannot create resource "jobs" in API group "batch" in the namespace "shop"', lastTransitionTime: "2026-01-01T11:00:00Z"}
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: etl}
    /// rules: [{verbs: [get, list], apiGroups: [batch], resources: [jobs]}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: etl}
    /// roleRef: {kind: ClusterRole, name: etl}
    /// subjects: [{kind: ServiceAccount, name: etl, namespace: ops}]
    /// ```
    ///
    /// # Stays silent on
    /// What is granted by now:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web/web | pods is forbidden: User "system:serviceaccount:shop:web" cannot list resource "pods" in API group "" in the namespace "shop"
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop}
    /// spec: {serviceAccountName: web, containers: [{name: web}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: Role
    /// metadata: {name: reader, namespace: shop}
    /// rules: [{verbs: [get, list], apiGroups: [""], resources: [pods]}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: reader, namespace: shop}
    /// roleRef: {kind: Role, name: reader}
    /// subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
    /// ```
    ///
    /// # How to fix
    /// Add the verb to the role that is bound, or bind a role that has it.
    ///
    /// # What it cannot know
    /// Authorizers other than RBAC.
    ///
    /// # Source
    /// The API server's refusal in a log, or in the conditions of a custom resource; Roles, ClusterRoles and bindings.
    SEC001 "service-account-not-permitted" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [
            Pod, Role, ClusterRole, RoleBinding, ClusterRoleBinding, ServiceAccount, Deployment, ReplicaSet,
            StatefulSet, DaemonSet, Job, CronJob,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    check_logs(cluster, sink);
    for object in cluster.all_customs() {
        check_resource(cluster, object, sink);
    }
}

/// What the operator of a custom resource may not do for it, as its conditions quote the API server.
fn check_resource(cluster: &Cluster<'_>, object: &CustomObject, sink: &mut Sink) {
    let mut seen = BTreeSet::new();
    for condition in object.conditions() {
        let Some(request) = refused_request(&condition.message) else {
            continue;
        };
        if !seen.insert((request.user(), request.sentence())) {
            continue;
        }
        let bound = request.bound(cluster);
        if is_granted(&request, &bound) {
            continue;
        }
        let own = object.reference();
        let path = format!("status.conditions[{}]", condition.type_);
        let proof = Evidence::message(own.clone(), &path, &condition.message)
            .at(condition.last_transition_time);
        sink.report(
            fact(cluster, &request, &bound, &own)
                .seen_on(own, "permits")
                .evidence(proof)
                .since(condition.last_transition_time)
                .severity(Severity::Warning),
        );
    }
}

fn check_logs(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut seen = BTreeSet::new();
    for (key, log) in cluster.logs() {
        for line in &log.lines {
            let plain = unescaped(line);
            let Some(request) = refused_request(&plain) else {
                continue;
            };
            let Some(pod) = cluster.get::<Pod>(&key.namespace, &key.pod) else {
                continue;
            };
            let id = (
                key.namespace.clone(),
                key.pod.clone(),
                request.user(),
                request.sentence(),
            );
            if !seen.insert(id) {
                continue;
            }
            let bound = request.bound(cluster);
            if !is_granted(&request, &bound) {
                sink.report(sighting(
                    cluster,
                    pod,
                    &key.container,
                    line,
                    &request,
                    &bound,
                ));
            }
        }
    }
}

fn is_granted(request: &Request<'_>, bound: &[Bound<'_>]) -> bool {
    bound
        .iter()
        .flat_map(|bound| bound.rules.unwrap_or_default())
        .any(|rule| request.is_allowed_by(rule))
}

/// What has to change, in which words, and what shows it.
struct Remedy {
    subject: ObjectRef,
    sentence: String,
    advice: String,
    evidence: Vec<Evidence>,
}

fn sighting(
    cluster: &Cluster<'_>,
    pod: &Pod,
    container: &str,
    line: &str,
    request: &Request<'_>,
    bound: &[Bound<'_>],
) -> Sighting {
    let top = cluster.top_of(pod);
    let mut sighting = fact(cluster, request, bound, &top)
        .seen_on(pod.reference(), "permits")
        .in_container(container)
        .evidence(Evidence::log(pod.reference(), container, line, None))
        .evidence(Evidence::field(
            pod.reference(),
            "spec.serviceAccountName",
            pod.spec
                .service_account_name
                .non_empty()
                .unwrap_or("default"),
        ));
    if pod.is_ready() {
        sighting = sighting.severity(Severity::Warning);
    }
    sighting
}

/// That an account may not do what somebody tries to, and what has to change.
fn fact(
    cluster: &Cluster<'_>,
    request: &Request<'_>,
    bound: &[Bound<'_>],
    who: &ObjectRef,
) -> Sighting {
    let account = account_of(request);
    let remedy = remedy(cluster, request, bound, who);
    let title = format!(
        "{account} may not {}, and {who} tries to",
        request.sentence()
    );
    let is_known = [Kind::RoleBinding, Kind::Role]
        .iter()
        .all(|kind| cluster.is_complete(*kind, request.namespace.unwrap_or_default()));
    let mut sighting = Sighting::of(
        remedy.subject,
        title,
        format!(
            "The API server forbids it (RBAC): verb {} on resource {}. {}",
            request.verb, request.resource, remedy.sentence
        ),
    )
    .identified_by("request", request.sentence())
    .confidence(if is_known { 0.95 } else { 0.85 })
    .all_evidence(remedy.evidence.into_iter().filter(|proof| {
        // What may not be read is not absent.
        is_known || proof.kind != EvidenceKind::Absence
    }))
    .suggest(Suggestion::advice(remedy.advice))
    .suggest(Suggestion::look("Ask the API server", can_i(request)));
    if sighting.subject.kind == "RoleBinding" || sighting.subject.kind == "ClusterRoleBinding" {
        let binding = sighting.subject.clone();
        sighting = sighting.blames(binding, "grants");
    }
    sighting
}

fn account_of(request: &Request<'_>) -> ObjectRef {
    ObjectRef::namespaced(
        "v1",
        "ServiceAccount",
        request.account_namespace,
        request.account,
    )
}

fn can_i(request: &Request<'_>) -> String {
    let place = request.namespace.map_or_else(
        || "--all-namespaces".to_owned(),
        |namespace| format!("-n {namespace}"),
    );
    let group = if request.group.is_empty() {
        String::new()
    } else {
        format!(".{}", request.group)
    };
    let (resource, sub) = request
        .resource
        .split_once('/')
        .map_or((request.resource, String::new()), |(resource, sub)| {
            (resource, format!(" --subresource={sub}"))
        });
    format!(
        "kubectl auth can-i {} {resource}{group}{sub} --as={} {place}",
        request.verb,
        request.user()
    )
}

/// The nearest thing to change: a bound role that lacks the verb, a binding that misses the account, a
/// role that would do and is not bound, else the account itself.
fn remedy(
    cluster: &Cluster<'_>,
    request: &Request<'_>,
    bound: &[Bound<'_>],
    who: &ObjectRef,
) -> Remedy {
    misaddressed_binding(cluster, request)
        .or_else(|| lacking_aggregate(cluster, request, bound))
        .or_else(|| lacking_role(request, bound))
        .or_else(|| dangling_binding(bound))
        .or_else(|| unbound_role(cluster, request, who))
        .unwrap_or_else(|| nothing_near(cluster, request))
}

/// The rules of a role that others are aggregated into are overwritten: what lacks is a role with the right labels.
fn lacking_aggregate(
    cluster: &Cluster<'_>,
    request: &Request<'_>,
    bound: &[Bound<'_>],
) -> Option<Remedy> {
    let (role, binding, selectors) = bound.iter().find_map(|bound| {
        let own = !bound.role.name.starts_with("system:") && bound.role.kind == "ClusterRole";
        let role = cluster
            .get::<ClusterRole>("", &bound.role.name)
            .filter(|_| own)?;
        let selectors = &role.aggregation_rule.as_ref()?.cluster_role_selectors;
        Some((&bound.role, &bound.binding, selectors))
    })?;
    let wanted = selectors.first()?;
    let near = cluster
        .all::<ClusterRole>()
        .filter(|other| {
            let name = other.metadata.name.as_str();
            name != role.name && !name.starts_with("system:")
        })
        .filter(|other| other.rules.iter().any(|rule| request.is_allowed_by(rule)))
        .filter(|other| {
            !selectors
                .iter()
                .any(|one| one.matches(&other.metadata.labels))
        })
        .find_map(|other| {
            let labels = other.metadata.labels.iter();
            let mut misses = labels.filter(|(key, value)| {
                let mut pairs = selectors.iter().flat_map(|one| one.match_labels.iter());
                pairs.any(|(meant, right)| {
                    (*key == meant && *value != right)
                        || (*key != meant
                            && *value == right
                            && strsim::jaro_winkler(key, meant) >= NEAR_KEY
                            && !is_aggregated_by(cluster, key))
                })
            });
            misses.next().map(|(key, value)| (other, key, value))
        });
    let rules = Evidence::field(
        role.clone(),
        "aggregationRule.clusterRoleSelectors",
        wanted.to_string(),
    );
    Some(match near {
        Some((other, key, value)) => {
            let own = other.reference();
            let path = format!("metadata.labels[{key}]");
            Remedy {
                sentence: format!(
                    "{role} is bound to it through {binding} and takes its rules from ClusterRoles with the label {wanted}; {own} would allow it and has {key}={value}."
                ),
                advice: format!("Give {own} the label {wanted}"),
                evidence: vec![rules, Evidence::field(own, &path, value)],
                subject: role.clone(),
            }
        }
        None => Remedy {
            sentence: format!(
                "{role} is bound to it through {binding} and takes its rules from ClusterRoles with the label {wanted}, none of which has a rule for {}.",
                request.resource
            ),
            advice: format!(
                "Put verb `{}` on `{}` into a ClusterRole with the label {wanted}: the rules of {role} itself are overwritten",
                request.verb, request.resource
            ),
            evidence: vec![rules],
            subject: role.clone(),
        },
    })
}

/// Whether some role takes its rules from those that have this label: then it is there for that one.
fn is_aggregated_by(cluster: &Cluster<'_>, key: &str) -> bool {
    cluster
        .all::<ClusterRole>()
        .filter_map(|role| role.aggregation_rule.as_ref())
        .flat_map(|rule| rule.cluster_role_selectors.iter())
        .any(|selector| selector.match_labels.contains_key(key))
}

/// How like two keys of labels must be for one to be meant as the other.
const NEAR_KEY: f64 = 0.9;

fn lacking_role(request: &Request<'_>, bound: &[Bound<'_>]) -> Option<Remedy> {
    let own = |bound: &&Bound<'_>| !bound.role.name.starts_with("system:");
    let covering = bound.iter().filter(own).find(|bound| {
        bound
            .rules
            .unwrap_or_default()
            .iter()
            .any(|rule| request.covers(rule))
    });
    let nearest =
        covering.or_else(|| bound.iter().filter(own).find(|bound| bound.rules.is_some()))?;
    let role = nearest.role.clone();
    let rules = nearest.rules.unwrap_or_default();
    let verbs = verbs_for(request, rules);
    let groups = groups_for(request, rules);
    let (has, advice) = if verbs.is_empty() {
        (
            format!("has no rule for {}", request.resource),
            format!(
                "Add verb `{}` on `{}` to the rules of {role}",
                request.verb, request.resource
            ),
        )
    } else if !groups.contains(request.group) && !groups.contains("*") {
        let known: Vec<String> = groups.iter().map(|group| format!("`{group}`")).collect();
        (
            format!(
                "allows {verbs} on {} only in API group {}, not in `{}`",
                request.resource,
                known.join(", "),
                request.group
            ),
            format!(
                "Put API group `{}` into the rule on `{}` of {role}",
                request.group, request.resource
            ),
        )
    } else {
        (
            format!("allows only {verbs} on {}", request.resource),
            format!(
                "Add verb `{}` on `{}` to the rules of {role}",
                request.verb, request.resource
            ),
        )
    };
    Some(Remedy {
        sentence: format!(
            "{role} is bound to it through {}, but {has}.",
            nearest.binding
        ),
        advice,
        evidence: vec![Evidence::field(
            role.clone(),
            "rules",
            nearest
                .rules
                .unwrap_or_default()
                .iter()
                .take(5)
                .map(rule_text)
                .collect::<Vec<_>>()
                .join("; "),
        )],
        subject: role,
    })
}

fn verbs_for(request: &Request<'_>, rules: &[PolicyRule]) -> String {
    let verbs: BTreeSet<&str> = rules
        .iter()
        .filter(|rule| request.covers(rule))
        .flat_map(|rule| rule.verbs.iter().map(|verb| verb.as_str()))
        .collect();
    verbs.into_iter().collect::<Vec<_>>().join(", ")
}

/// The API groups of the rules on the resource.
fn groups_for<'r>(request: &Request<'_>, rules: &'r [PolicyRule]) -> BTreeSet<&'r str> {
    rules
        .iter()
        .filter(|rule| request.covers(rule))
        .flat_map(|rule| rule.api_groups.iter().map(|group| group.as_str()))
        .collect()
}

fn rule_text(rule: &PolicyRule) -> String {
    let groups = rule.api_groups.iter().filter(|group| !group.is_empty());
    let groups: Vec<&str> = groups.map(|group| group.as_str()).collect();
    let of = if groups.is_empty() {
        String::new()
    } else {
        format!(" of {}", groups.join(","))
    };
    format!(
        "{} on {}{of}",
        rule.verbs.join(","),
        rule.resources.join(",")
    )
}

/// A binding that gives the right role to the account's namesake in another namespace.
fn misaddressed_binding(cluster: &Cluster<'_>, request: &Request<'_>) -> Option<Remedy> {
    let namesake = |subjects: &[Subject]| {
        let found = subjects.iter().find(|subject| {
            subject.kind == "ServiceAccount"
                && subject.name == *request.account
                && subject.namespace != *request.account_namespace
        });
        found.map(|subject| subject.namespace.to_string())
    };
    let of_cluster = cluster.all::<ClusterRoleBinding>().map(|binding| {
        let role = bound(cluster, binding.reference(), "", &binding.role_ref);
        (role, namesake(&binding.subjects))
    });
    let own = request.namespace.unwrap_or_default();
    let of_namespace = cluster
        .in_namespace::<RoleBinding>(own)
        .filter(|_| !own.is_empty())
        .map(|binding| {
            let role = bound(cluster, binding.reference(), own, &binding.role_ref);
            (role, namesake(&binding.subjects))
        });
    let (bound, elsewhere) = of_cluster
        .chain(of_namespace)
        .find_map(|(bound, elsewhere)| {
            let allows = bound
                .rules
                .is_some_and(|rules| rules.iter().any(|rule| request.is_allowed_by(rule)));
            elsewhere.filter(|_| allows).map(|place| (bound, place))
        })?;
    let account = account_of(request);
    let (role, binding) = (bound.role, bound.binding);
    Some(Remedy {
        sentence: format!(
            "{role} would allow it, but {binding} binds it to the account of that name in namespace {elsewhere}."
        ),
        advice: format!("Correct the namespace in the subjects of {binding}: {account}"),
        evidence: vec![Evidence::field(
            binding.clone(),
            "subjects",
            format!("ServiceAccount {elsewhere}/{}", request.account),
        )],
        subject: binding,
    })
}

fn dangling_binding(bound: &[Bound<'_>]) -> Option<Remedy> {
    let dangling = bound.iter().find(|bound| bound.rules.is_none())?;
    Some(Remedy {
        subject: dangling.binding.clone(),
        sentence: format!(
            "{} is bound to it, but {} was not found.",
            dangling.binding, dangling.role
        ),
        advice: format!("Create {}, or bind a role that exists", dangling.role),
        evidence: vec![Evidence::field(
            dangling.binding.clone(),
            "roleRef",
            dangling.role.to_string(),
        )],
    })
}

/// A role of the namespace that would allow the request and is not bound to the account: the binding
/// that gives it to somebody else, else the binding that is not there.
fn unbound_role(cluster: &Cluster<'_>, request: &Request<'_>, who: &ObjectRef) -> Option<Remedy> {
    let namespace = request.namespace?;
    let role = cluster
        .in_namespace::<Role>(namespace)
        .find(|role| role.rules.iter().any(|rule| request.is_allowed_by(rule)))?;
    let binding = cluster
        .in_namespace::<RoleBinding>(namespace)
        .find(|binding| {
            binding.role_ref.kind == "Role" && binding.role_ref.name == role.metadata.name
        });
    let account = account_of(request);
    let role = role.reference();
    Some(if let Some(binding) = binding {
        let subjects: Vec<String> = binding
            .subjects
            .iter()
            .map(|subject| format!("{} {}/{}", subject.kind, subject.namespace, subject.name))
            .collect();
        let subjects = subjects.join(", ");
        if let Some(account) = account_not_set(cluster, request, binding) {
            return Some(Remedy {
                subject: who.clone(),
                sentence: format!(
                    "ServiceAccount {namespace}/{account} may ({} binds {role} to it), and the pods run as `default`, which is what they get where none is set.",
                    binding.reference()
                ),
                advice: format!("Set serviceAccountName: {account} in the pod template of {who}"),
                evidence: vec![Evidence::field(binding.reference(), "subjects", subjects)],
            });
        }
        Remedy {
            subject: binding.reference(),
            sentence: format!(
                "{role} would allow it, but {} binds it to {subjects}.",
                binding.reference()
            ),
            advice: format!("Add {account} to the subjects of {}", binding.reference()),
            evidence: vec![Evidence::field(binding.reference(), "subjects", subjects)],
        }
    } else {
        let missing = ObjectRef::namespaced(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            namespace,
            &role.name,
        );
        Remedy {
            sentence: format!("{role} would allow it, but no RoleBinding binds it to the account."),
            advice: format!("Create a RoleBinding of {role} to {account}"),
            evidence: vec![Evidence::absence(
                missing.clone(),
                &format!("no binding of {role} in the namespace"),
            )],
            subject: missing,
        }
    })
}

/// The account of a binding that was made for somebody, where who asks runs as `default`: nobody set an account.
fn account_not_set<'a>(
    cluster: &Cluster<'a>,
    request: &Request<'_>,
    binding: &'a RoleBinding,
) -> Option<&'a str> {
    if request.account != "default" {
        return None;
    }
    let mut accounts = binding.subjects.iter().filter(|subject| {
        subject.kind == "ServiceAccount" && subject.namespace == *request.account_namespace
    });
    let account = accounts.next().filter(|_| accounts.next().is_none())?;
    let is_there = cluster.get::<ServiceAccount>(request.account_namespace, &account.name);
    is_there.map(|_| account.name.as_str())
}

fn nothing_near(cluster: &Cluster<'_>, request: &Request<'_>) -> Remedy {
    let account = account_of(request);
    let is_absent = cluster
        .look_up::<ServiceAccount>(request.account_namespace, request.account)
        .is_absent();
    let cluster_role = cluster
        .all::<ClusterRole>()
        .filter(|role| {
            !role.metadata.name.starts_with("system:") && role.metadata.name != "cluster-admin"
        })
        .find(|role| role.rules.iter().any(|rule| request.is_allowed_by(rule)));
    let hint = cluster_role.map_or_else(String::new, |role| {
        format!(" {} would allow it.", role.reference())
    });
    // A Role holds in its namespace only: what is asked at the cluster scope takes a ClusterRole, bound for the cluster.
    let (role, bind) = match request.namespace {
        Some(_) => ("Role", "bind it"),
        None => ("ClusterRole", "bind it by a ClusterRoleBinding"),
    };
    let sentence = if is_absent {
        format!("The account does not exist any more.{hint}")
    } else {
        format!("No {role} that is bound to the account grants it.{hint}")
    };
    Remedy {
        advice: format!(
            "Create a {role} that allows {} and {bind} to {account}",
            request.sentence()
        ),
        evidence: vec![Evidence::absence(
            account.clone(),
            "no binding grants the request",
        )],
        sentence,
        subject: account,
    }
}
