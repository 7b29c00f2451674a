use super::log_place::mounted_file;
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use super::log_words::short;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Job, Kind, Object, Pod, PodSpec, condition};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well cannot read its configuration: a file does not parse or holds
    /// something unknown. Or its database lacks a table, column or database that it expects.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | 2026/01/01 12:00:00 [emerg] 1#1: unknown directive "gzp" in /etc/app/nginx.conf:3
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
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | ERROR:  relation "orders" does not exist at character 15
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
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
    /// # log: shop/web-1/web | 2026/01/01 12:00:00 [emerg] 1#1: unknown directive "gzp" in /etc/app/nginx.conf:3
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
    /// Correct the file in the ConfigMap or Secret that holds it; for a schema, run the migrations of
    /// this version.
    ///
    /// # What it cannot know
    /// What the file should say: values are not read.
    ///
    /// # Source
    /// Words of YAML, JSON and TOML parsers, nginx, PostgreSQL, MySQL and SQLite.
    WRK118 "log-bad-config-or-schema" {
        role: Both,
        severity: Critical,
        confidence: 0.80,
        reads: [ConfigMap, Secret, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.80;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK118",
    words: Pattern::new(
        r#"(?i)yaml: line \d+|yaml: unmarshal|yaml: |cannot unmarshal|invalid character '.{1,6}'|\[emerg\]|toml: |unexpected token|unknown directive|(?:failed|unable|cannot|could not|error|couldn't) (?:to )?(?:load|loading|parse|parsing|read|reading|decode|decoding|validate)\b.{0,40}\bconfig|invalid config|config(?:uration)? (?:is )?invalid|parse error|parsing error|error parsing|failed to parse|JSONDecodeError|JSON\.parse|is not valid JSON|ParserError|ScannerError|error converting YAML|unknown (?:field|key|property|configuration)|mapping values are not allowed|did not find expected|relation \"[^\"]+\" does not exist|no such table|table '[^']+' doesn't exist|pending migrations?|unapplied migrations?|migrations? (?:is|are) (?:pending|not applied)|column \"?\S+ does not exist|unknown column|schema version|database \"[^\"]+\" does not exist|unknown database|error loading config|config : parsing \[[^\]]+:\d+\]"#,
    ),
    weight: Weight::Telling,
};

/// Text that is no JSON, as JavaScript says it of what it reads: its own programs fail with the same name.
pub(super) static JSON: Signature = Signature {
    code: "WRK118",
    words: Pattern::new(r"SyntaxError: .*\bJSON\b"),
    weight: Weight::Telling,
};

/// A value that is no header, as Go, Node.js, Python and Java say it: mostly it ends with a newline.
pub(super) static HEADER: Signature = Signature {
    code: "WRK118",
    words: Pattern::new(
        r"(?i)invalid header field value|invalid character in header content|illegal character.{0,40}in header value|illegal header value|invalid (?:leading whitespace|return character|newline).{0,60}in header",
    ),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// What a database lacks.
static SCHEMA: Pattern = Pattern::new(
    r#"(?i)(relation \S+ does not exist|no such table: \S+|table '[^']+' doesn't exist|column .{1,80} does not exist|unknown column '[^']+')|no such table|pending migration|unapplied migration|migrations? (?:is|are) (?:pending|not applied)|unknown column|(?:database|db)\W{1,3}schema version|schema version (?:mismatch|is (?:too|older|behind|newer|not|out)|(?:of|in) (?:the )?database)"#,
);

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let line = found.line();
    if let Some(name) = NO_DATABASE.first(line) {
        return without_database(found, cluster, name);
    }
    if SCHEMA.is_in(line) {
        let title = format!(
            "{} finds its database without what it expects: {}",
            found.speaker(&top),
            SCHEMA.first(line).map_or_else(|| short(line), short)
        );
        let explanation = "The schema does not fit this version of the program: a migration did not run, or ran against another database.".to_owned();
        let mut sighting = found.sighting(cluster, CONFIDENCE, title, explanation);
        for job in failed_migrations(cluster, pod) {
            sighting = sighting.blames(job, "migrated by");
        }
        return advise(
            sighting,
            format!(
                "Run the migrations of this version, or check to which database {top} connects"
            ),
        );
    }
    if HEADER.words.is_in(line) {
        return unfit_for_a_header(found, cluster);
    }
    let what = found.said();
    if let Some((path, place, object)) = mounted_file(found) {
        let title = format!(
            "{object} holds a configuration that {} cannot read: {what}",
            found.name(&top)
        );
        let explanation = format!(
            "The program stops at {path}, which is on {}.",
            place.title()
        );
        let sighting = found.sighting_on(object.clone(), CONFIDENCE, title, explanation);
        advise(
            sighting.blames(object.clone(), "mounts"),
            format!("Correct the file in {object}"),
        )
    } else {
        let title = format!(
            "{} cannot read its configuration: {what}",
            found.speaker(&top)
        );
        let sources = sources(pod);
        let explanation = if sources.is_empty() {
            "The program stops at its configuration.".to_owned()
        } else {
            format!(
                "The program stops at its configuration. Volumes of its pods are made of {}.",
                sources.join(", ")
            )
        };
        let sighting = found.sighting(cluster, CONFIDENCE, title, explanation);
        advise(sighting, format!("Correct the configuration of {top}"))
    }
}

/// The container cannot send a value as a header: that of its Secret, where it takes just one.
fn unfit_for_a_header<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let references = pod.spec.config_references().into_iter();
    let mut taken: Vec<(ObjectRef, String)> = references
        .filter(|reference| {
            reference.kind == Kind::Secret && *reference.user == *found.unwell.container.name()
        })
        .map(|reference| {
            let namespace = &pod.metadata.namespace;
            let secret = ObjectRef::namespaced("v1", "Secret", namespace, reference.name);
            let key = reference.keys.first().map(|key| format!(" key {key}"));
            (secret, key.unwrap_or_default())
        })
        .collect();
    taken.dedup();
    let explanation = "A header takes no control characters. Mostly the value ends with a newline, as echo and editors write it; the request is not even sent.";
    let advice = "Write the value without a newline at its end (echo -n, printf, kubectl create secret --from-literal), then restart";
    if let [(secret, key)] = taken.as_slice() {
        let title = format!(
            "{secret}{key} holds a value that {} cannot send as a header: {}",
            found.name(&top),
            short(found.line())
        );
        let sighting = found.sighting_on(secret.clone(), CONFIDENCE, title, explanation.to_owned());
        return advise(sighting, format!("{advice} {top}"));
    }
    let title = format!(
        "{} has a value that it cannot send as a header: {}",
        found.speaker(&top),
        short(found.line())
    );
    let sighting = found.sighting(cluster, CONFIDENCE, title, explanation.to_owned());
    advise(sighting, format!("{advice} {top}"))
}

/// A database that the server does not have. Group 1 is its name.
static NO_DATABASE: Pattern = Pattern::new(
    r#"(?i)unknown database \\?['"]([^'"\\]+)|database \\?["']([^"'\\]+)\\?["'] does not exist"#,
);

/// The server answers and has no such database: its name is wrong, or nobody made it.
fn without_database<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>, name: &str) -> Sighting {
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let title = format!(
        "{} asks for database `{name}`, which does not exist",
        found.speaker(&top)
    );
    let references = pod.spec.config_references().into_iter();
    let mut sources: Vec<String> = references
        .filter(|reference| *reference.user == *found.unwell.container.name())
        .map(|reference| format!("{} {}", reference.kind, reference.name))
        .collect();
    sources.sort();
    sources.dedup();
    let from = if sources.is_empty() {
        String::new()
    } else {
        format!(" Its environment comes from {}.", sources.join(", "))
    };
    let explanation =
        format!("The database server answers, and has no database of that name.{from}");
    let mut sighting = found.sighting(cluster, CONFIDENCE, title, explanation);
    for job in failed_migrations(cluster, pod) {
        sighting = sighting.blames(job, "migrated by");
    }
    advise(
        sighting,
        format!(
            "Correct the name of the database in the configuration of {top}, or create `{name}`"
        ),
    )
}

/// The Jobs of the namespace that were to migrate a database and failed, by their names and commands.
fn failed_migrations(cluster: &Cluster<'_>, pod: &Pod) -> Vec<ObjectRef> {
    cluster
        .in_namespace::<Job>(&pod.metadata.namespace)
        .filter(|job| {
            let has_failed = condition(&job.status.conditions, "Failed")
                .is_some_and(crate::kubernetes::Condition::is_true);
            has_failed || (job.status.failed > 0 && job.status.succeeded == 0)
        })
        .filter(|job| migrates(&job.metadata.name, &job.spec.template.spec))
        .map(Object::reference)
        .collect()
}

fn migrates(name: &str, spec: &PodSpec) -> bool {
    let is_said = |text: &str| {
        let text = text.to_lowercase();
        ["migrat", "flyway", "liquibase", "alembic"]
            .iter()
            .any(|word| text.contains(word))
    };
    is_said(name)
        || spec.all_containers().any(|(_, container)| {
            let words = container.command.iter().chain(&container.args);
            is_said(&container.image) || words.into_iter().any(|word| is_said(word))
        })
}

/// The ConfigMaps and Secrets that the pod mounts.
fn sources(pod: &Pod) -> Vec<String> {
    let mut all: Vec<String> = pod
        .spec
        .config_references()
        .iter()
        .filter(|reference| {
            reference.relation.contains("volume") && reference.name != "kube-root-ca.crt"
        })
        .map(|reference| format!("{} {}", reference.kind, reference.name))
        .collect();
    all.sort();
    all.dedup();
    all
}
