use super::cloud_identity::refused_identity;
use super::exposed_key::ignored_key;
use super::failing_run::severity;
use super::log_peer::Peers;
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use super::log_words::short;
use super::server_side_login::{RefusedAtServer, refused_at_server};
use super::set_back::set_back;
use crate::analysis::{Shared, Sighting, Sink, declare_analyzer};
use crate::analyzers::control_plane_pod::component_pods;
use crate::analyzers::node_clock::skewed_node;
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{ConfigReference, ContainerView, Kind, Object, Pod};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well, or counts as ready and writes hardly anything else, says that its login is refused: the user, password or token that
    /// it was given is not the one that the other side knows.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | FATAL:  password authentication failed for user "app"
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, env: [{name: PGPASSWORD, valueFrom: {secretKeyRef: {name: db-login, key: password}}}]}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | FATAL:  password authentication failed for user "app"
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
    /// Bring the Secret and the other side together; restart the workload if the Secret was changed
    /// after it started.
    ///
    /// # What it cannot know
    /// Which of the two is wrong: values are never read.
    ///
    /// # Source
    /// Words of PostgreSQL, MySQL, Redis, MongoDB, Kafka, RabbitMQ, S3 and HTTP.
    WRK115 "log-login-refused" {
        role: Both,
        severity: Critical,
        confidence: 0.80,
        reads: [Event, Pod, Node, ServiceAccount, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.80;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK115",
    words: Pattern::new(
        r#"(?i)password authentication failed|access denied for user|\bNOAUTH\b|\bWRONGPASS\b|authentication failed|authentication failure|invalid credentials|invalid username or password|bad credentials|\b401 unauthorized\b|status(?: code)?[ :=]*401\b|SASL.{0,60}(?:failed|failure|error)|login failed for user|invalid (?:api[ -]?key|token|access[ -]?key)|no pg_hba\.conf entry|InvalidAccessKeyId|SignatureDoesNotMatch|ACCESS_REFUSED|permission denied \(publickey|role \"[^\"]+\" does not exist|unauthenticated|permission denied for (?:schema|table|database|relation|sequence|function|view)|InsufficientPrivilege|command denied to user|\bORA-01031\b|not authorized on \S+ to execute|\bInvalidIdentityToken\b|No OpenIDConnect provider found"#,
    ),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
    if pod.is_ready() {
        return;
    }
    for container in pod.containers() {
        if let Some(refused) = refused_at_server(cluster, pod, &container) {
            sink.report(told_by_server(cluster, pod, &container, refused));
        }
    }
}

/// The user whose login is refused.
static USER: Pattern =
    Pattern::new(r#"(?i)user(?:name)?[ =:]+['"`]?([\w.@-]+)['"`]?|role "([^"]+)""#);

/// The server says it, and the container left no words.
fn told_by_server<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'a>,
    refused: RefusedAtServer<'a>,
) -> Sighting {
    let top = cluster.top_of(pod);
    let user = user_in(refused.line);
    let (title, server) = (container.title(), refused.server);
    let title =
        format!("Login of {title} of {top} is refused{user} by {server}: authentication failed");
    let secrets = secrets(pod, container.name());
    let names = names(&secrets).join(", ");
    let explanation = format!(
        "No log of its last run was read; while that run lasted, {server} refused a login{user}. Its logins come from Secret {names}."
    );
    Sighting::of(top.clone(), title, explanation)
        .seen_on(pod.reference(), "template of")
        .in_container(container.name())
        .severity(severity(cluster, pod, container))
        .confidence(CONFIDENCE - 0.1)
        .evidence(refused.proof)
        .all_evidence(taken_from(pod, &secrets))
        .suggest(Suggestion::advice(format!(
            "Compare Secret {names} with what {server} knows, then restart {top}"
        )))
}

/// `` for user `app` `` where a line names the user.
fn user_in(line: &str) -> String {
    USER.first(line)
        .map_or_else(String::new, |user| format!(" for user `{user}`"))
}

/// The Secrets that a container takes, or that volumes of its pod are made of.
fn secrets<'a>(pod: &'a Pod, container: &str) -> Vec<ConfigReference<'a>> {
    let all = pod.spec.config_references().into_iter();
    all.filter(|reference| reference.kind == Kind::Secret)
        .filter(|reference| *reference.user == *container || reference.relation.contains("volume"))
        .collect()
}

/// Their names, each once.
fn names<'s>(secrets: &'s [ConfigReference<'_>]) -> Vec<&'s str> {
    let mut names: Vec<&str> = secrets.iter().map(|secret| secret.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Where the first of them is taken.
fn taken_from(pod: &Pod, secrets: &[ConfigReference<'_>]) -> Option<Evidence> {
    let secret = secrets.first()?;
    let value = match secret.keys.first() {
        Some(key) => format!("{} key {key}", secret.name),
        None => secret.name.to_string(),
    };
    Some(Evidence::field(
        pod.reference(),
        &format!("spec.{}", secret.path),
        value,
    ))
}

/// Words of a database that knows the user and does not let it do that.
static NO_RIGHT: Pattern = Pattern::new(
    r"(?i)permission denied for (?:schema|table|database|relation|sequence|function|view)|InsufficientPrivilege|command denied to user|\bORA-01031\b|not authorized on \S+ to execute",
);

fn without_right<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(found.pod());
    let title = format!(
        "{} lacks a right in its database: {}",
        found.speaker(&top),
        short(found.line())
    );
    let explanation =
        "The database accepts the login, and its user may not do that there.".to_owned();
    let sighting = found
        .sighting(cluster, CONFIDENCE, title, explanation)
        .identified_by("fact", "right");
    advise(
        sighting,
        format!("Grant the right to the database user of {top}, or let it use one that has it"),
    )
}

/// What AWS says to a token whose issuer it does not know (STS AssumeRoleWithWebIdentity). Group 1 is the issuer.
static UNKNOWN_ISSUER: Pattern =
    Pattern::new(r"No OpenIDConnect provider found in your account for https?://([\w./:-]+\w)");

/// The API server signs the tokens of all pods in the name of one issuer: a cloud that does not know it refuses them all.
fn unknown_issuer<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>, issuer: &str) -> Sighting {
    let top = cluster.top_of(found.pod());
    let explanation = format!(
        "Tokens of service accounts are signed in the name of https://{issuer}, and the account has no identity provider of that name."
    );
    let advice = format!(
        "Make https://{issuer} an identity provider of the cloud account, or set --service-account-issuer of the API server back to the one that it knows"
    );
    let shared = Shared::of(
        ObjectRef::pseudo("Host", issuer),
        format!("The cloud does not know https://{issuer}, the issuer of the cluster's tokens, and turns away"),
        "",
        explanation.as_str(),
    )
    .suggest(Suggestion::advice(advice.as_str()));
    let flag = component_pods(cluster, "kube-apiserver").find_map(|server| {
        let words = server
            .spec
            .containers
            .iter()
            .flat_map(|container| container.command.iter().chain(&container.args));
        let mut flags = words.filter(|word| word.starts_with("--service-account-issuer="));
        let flag = flags.find(|word| word.contains(issuer))?;
        Some(Evidence::field(
            server.reference(),
            "spec.containers[0].command",
            flag,
        ))
    });
    let title = format!(
        "{} is turned away by its cloud, which does not know the issuer of its token: https://{issuer}",
        found.speaker(&top)
    );
    let sighting = found
        .sighting(cluster, CONFIDENCE, title, explanation)
        .identified_by("issuer", issuer)
        .all_evidence(flag)
        .shared(Some(shared));
    advise(sighting, advice)
}

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    if let Some(issuer) = UNKNOWN_ISSUER.first(found.line()) {
        return unknown_issuer(found, cluster, issuer);
    }
    if NO_RIGHT.is_in(found.line()) {
        return without_right(found, cluster);
    }
    if let Some(sighting) = ignored_key(found, cluster) {
        return sighting;
    }
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let peers = Peers::of(found, cluster);
    let user = user_in(found.line());
    // PostgreSQL names the address of who asks there, not its own.
    let is_not_admitted = found.line().contains("pg_hba.conf");
    let at = if peers.hosts.is_empty() || is_not_admitted {
        String::new()
    } else {
        format!(" at {}", peers.names())
    };
    let fault = if is_not_admitted {
        "the database has no pg_hba.conf entry that admits it"
    } else {
        "authentication failed"
    };
    let title = format!(
        "Login of {} is refused{user}{at}: {fault}",
        found.name(&top)
    );
    let secrets = secrets(pod, found.unwell.container.name());
    let names = names(&secrets);
    let from = if names.is_empty() {
        "It takes no Secret: the login is in its own configuration.".to_owned()
    } else {
        format!("Its logins come from Secret {}.", names.join(", "))
    };
    let explanation = if is_not_admitted {
        let plain = ["no encryption", "SSL off"];
        let is_plain = plain.iter().any(|words| found.line().contains(words));
        format!(
            "PostgreSQL answers, and admits nobody with this user, database and address{}.",
            if is_plain { " without TLS" } else { "" }
        )
    } else {
        format!("The other side answers and does not accept the credentials. {from}")
    };
    let proof = taken_from(pod, &secrets);
    if let Some(back) = set_back(cluster, pod, &secrets).filter(|_| !is_not_admitted) {
        let title = format!(
            "{} was set back to what Git holds by {}, and the login of {} is refused{user}{at}: {fault}",
            back.secret,
            back.by,
            found.name(&top)
        );
        let explanation = format!(
            "The other side answers and does not accept the password. Somebody had changed the Secret; the self-healing of {} wrote the old value again at {}.",
            back.by, back.at
        );
        let sighting = found
            .sighting_on(back.secret.clone(), CONFIDENCE, title, explanation)
            .all_evidence(back.proof)
            .all_evidence(proof);
        return advise(
            sighting,
            format!(
                "Put the new password where {} takes it from, or let it ignore the data of {} (ignoreDifferences); then restart {top}",
                back.by, back.secret
            ),
        );
    }
    let mut sighting = found
        .sighting(cluster, CONFIDENCE, title, explanation)
        .all_evidence(proof);
    if let Some(node) = skewed_node(pod, found.line(), cluster) {
        sighting = sighting.blames(node, "runs on");
    }
    let advice = if is_not_admitted {
        format!(
            "Let {top} connect with TLS (such as sslmode=require), or admit it in the database's pg_hba.conf"
        )
    } else if names.is_empty() {
        format!("Correct the user and password in the configuration of {top}")
    } else {
        let then = match top.kind.as_str() {
            "Job" | "Pod" => "make it anew:",
            _ => "restart",
        };
        format!(
            "Compare Secret {} with what the other side knows, then {then} {top}",
            names.join(", ")
        )
    };
    match refused_identity(found, cluster) {
        Some(identity) => advise(sighting.evidence(identity.proof), identity.advice),
        None => advise(sighting, advice),
    }
}
