use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use super::log_words::short;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{ConfigMap, Container, Kind, Object, Pod, Secret};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well says that a setting which it needs is not there: an environment
    /// variable that nothing gives it, or a key of its configuration.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | KeyError: 'DATABASE_URL'
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, env: [{name: LOG_LEVEL, value: info}]}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | /entrypoint.sh: line 3: DB_HOST: unbound variable
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
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | pydantic_core.ValidationError: 1 validation error for Settings
    /// # log: shop/web-1/web previous | broker_url
    /// # log: shop/web-1/web previous |   Field required [type=missing, input_value={}, input_type=dict]
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
    /// # log: shop/web-1/web | KeyError: 'DATABASE_URL'
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
    /// Give the container the variable, by value or from a ConfigMap or Secret.
    ///
    /// # What it cannot know
    /// Which value it should have.
    ///
    /// # Source
    /// Words of shells, Python (pydantic), Node.js, Go (envconfig, viper), Java (Spring) and official images.
    WRK112 "log-setting-missing" {
        role: Both,
        severity: Critical,
        confidence: 0.85,
        reads: [ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController, ConfigMap, Secret],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.85;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK112",
    words: Pattern::new(
        r#"KeyError: '[A-Z][A-Z0-9_]+'|(?i:env(?:ironment)?[ _-]?var(?:iable)?s?)\b.{0,80}(?i:not set|is required|are required|undefined|missing|not found|not defined|must be set|is empty|unset)|(?i:missing|required|undefined|unset|no)\b.{0,40}(?i:env(?:ironment)?[ _-]?var(?:iable)?s?)\b|\b[A-Z][A-Z0-9_]{2,}\b['\"]?:? (?i:unbound variable|parameter not set|parameter null or not set)|\b[A-Z][A-Z0-9_]{2,}\b['\"]? (?i:(?:must be|is not|not|has not been|was not|isn't|needs to be) (?:set|defined|provided|specified|configured)|is (?:required|missing|undefined|unset|not set|empty))|(?i:missing|required) (?:(?i:required) )?(?i:config(?:uration)?|key|setting|parameter|option|value|property|field)s?:? ['\"]?[A-Z][A-Z0-9_]{2,}|(?i:required key) \w+ (?i:missing value)|(?i:missing required (?:config|key|env|setting|parameter|property))|(?i:please (?:set|provide|define|specify))\b.{0,40}\b[A-Z][A-Z0-9_]{3,}|(?i:\bno [\w-]+ (?:setting|option|parameter|property) (?:was |is |has been )?(?:provided|set|configured|given|specified))|(?i:could not resolve placeholder) '[^']+'|(?i:set the) [A-Z][A-Z0-9_]{3,} (?i:environment variable)|(?i:no value (?:provided|specified|given) for) ['\"]?[A-Z][A-Z0-9_]{2,}|(?i:\bdatabase is uninitialized and superuser password is not specified)|(?i:database is uninitialized and password option is not specified)|^\s*(?i:field required) [\[(]type=(?:value_error\.)?missing"#,
    ),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// The name of the setting.
static NAME: Pattern = Pattern::new(
    r#"KeyError: '([A-Z][A-Z0-9_]+)'|placeholder '([^'":}]+)|\b([A-Z][A-Z0-9_]{2,}): (?:unbound|parameter)|required key (\w+) missing|variable[s]?[ :=]*['"`$\{(]*([A-Z][A-Z0-9_]{2,})|['"`]([A-Za-z][A-Za-z0-9_.]{2,})['"`]|\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b"#,
);

/// The last resort: a word in capitals that is no level.
static CAPITALS: Pattern = Pattern::new(r"\b([A-Z][A-Z0-9_]{3,})\b");

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let line = found.line();
    let name = field(found).or_else(|| name_in(line)).or_else(|| {
        // Some list the names on the lines below.
        found.after().take(3).find_map(name_in)
    });
    let Some(name) = name else {
        let title = format!(
            "{} misses a required setting: {}",
            found.speaker(&top),
            short(line)
        );
        let sighting = found.sighting(
            cluster,
            CONFIDENCE,
            title,
            "The program does not start without it.".to_owned(),
        );
        return advise(sighting, format!("Add the setting to {top}"));
    };
    let container = found.unwell.container.spec;
    let is_variable = name
        .chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let noun = if is_variable {
        "environment variable"
    } else {
        "setting"
    };
    let title = format!(
        "{} misses {noun} `{name}`: it is not set",
        found.speaker(&top)
    );
    let (what, source) = given(pod, container, name);
    let prefixed = Prefixed::of(cluster, pod, container, name);
    let what = prefixed
        .as_ref()
        .map_or(what, |prefixed| prefixed.words(name));
    let explanation = format!("The program does not start without it. {what}");
    let mut sighting = found
        .sighting(cluster, CONFIDENCE, title, explanation)
        .identified_by("setting", name)
        .evidence(Evidence::field(
            pod.reference(),
            &format!("spec.containers[{}].env", container.name),
            names_of(container),
        ));
    if let Some(source) = source {
        sighting = sighting.blames(source, "env");
    }
    if let Some(prefixed) = prefixed {
        return prefixed.told_in(sighting, pod, container, &top);
    }
    advise(
        sighting,
        format!(
            "Set `{name}` in the env of container {} of {top}, by value or from a ConfigMap or Secret",
            container.name
        ),
    )
}

/// How like two prefixes must be for one to be meant as the other.
const NEAR_PREFIX: f64 = 0.85;

/// A key that becomes the variable under another name, by the prefix of the `envFrom` that takes it.
struct Prefixed<'a> {
    index: usize,
    prefix: &'a str,
    object: ObjectRef,
    key: &'a str,
    /// The prefix with which it would be the one that is missed.
    right: &'a str,
}

impl<'a> Prefixed<'a> {
    fn of(
        cluster: &Cluster<'a>,
        pod: &Pod,
        container: &'a Container,
        name: &'a str,
    ) -> Option<Self> {
        if container.env.iter().any(|variable| variable.name == *name) {
            return None;
        }
        let namespace = pod.metadata.namespace.as_str();
        let all = container.env_from.iter().enumerate();
        let mut found = all.filter_map(|(index, source)| {
            let config = source.config_map_ref.as_ref();
            let config = config.and_then(|of| cluster.get::<ConfigMap>(namespace, &of.name));
            let secret = source.secret_ref.as_ref();
            let secret = secret.and_then(|of| cluster.get::<Secret>(namespace, &of.name));
            let (object, keys) = match (config, secret) {
                (Some(map), _) => (map.reference(), &map.data),
                (None, Some(secret)) => (secret.reference(), secret.data.as_ref()?),
                (None, None) => return None,
            };
            // The key itself, for a prefix too many; its last words, for a prefix that is nearly right.
            let (key, right) = keys.iter().find_map(|key| {
                let key = key.as_str();
                let right = name.strip_suffix(key)?;
                let prefix = source.prefix.as_str();
                let is_slip = !prefix.is_empty()
                    && prefix != right
                    && (right.is_empty() || strsim::jaro_winkler(prefix, right) >= NEAR_PREFIX);
                is_slip.then_some((key, right))
            })?;
            Some(Self {
                index,
                prefix: &source.prefix,
                object,
                key,
                right,
            })
        });
        found.next()
    }

    fn words(&self, name: &str) -> String {
        format!(
            "{} has key `{}`, and the container takes it with the prefix `{}`: the variable is called `{}{}`, not `{name}`.",
            self.object, self.key, self.prefix, self.prefix, self.key
        )
    }

    fn told_in(
        self,
        sighting: Sighting,
        pod: &Pod,
        container: &Container,
        top: &ObjectRef,
    ) -> Sighting {
        let path = format!(
            "spec.containers[{}].envFrom[{}].prefix",
            container.name, self.index
        );
        let advice = if self.right.is_empty() {
            format!("Take the prefix `{}` out of", self.prefix)
        } else {
            format!("Set prefix: {} in", self.right)
        };
        let sighting = sighting
            .evidence(Evidence::field(pod.reference(), &path, self.prefix))
            .evidence(Evidence::field(
                self.object,
                &format!("data[{}]", self.key),
                "(set)",
            ));
        advise(
            sighting,
            format!(
                "{advice} envFrom[{}] of container {} of {top}",
                self.index, container.name
            ),
        )
    }
}

/// Python's validated settings name the field on the line before the one that says that it is required.
fn field<'a>(found: &LogMatch<'a>) -> Option<&'a str> {
    let is_field = found
        .line()
        .trim_start()
        .to_lowercase()
        .starts_with("field required");
    let name = found.before().trim();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    (is_field && !name.is_empty() && name.chars().all(is_name)).then_some(name)
}

fn name_in(line: &str) -> Option<&str> {
    const LEVELS: [&str; 9] = [
        "ERROR", "FATAL", "PANIC", "CRITICAL", "WARN", "WARNING", "INFO", "EMERG", "HTTP",
    ];
    [&NAME, &CAPITALS]
        .iter()
        .find_map(|grammar| grammar.first(line).filter(|name| !LEVELS.contains(name)))
}

/// How the container gets the variable, and the object that should give it.
fn given(pod: &Pod, container: &Container, name: &str) -> (String, Option<ObjectRef>) {
    let Some(variable) = container.env.iter().find(|variable| variable.name == *name) else {
        let from_all = if container.env_from.is_empty() {
            String::new()
        } else {
            let sources = sources(pod, container);
            format!(", and it takes all keys of {}", sources.join(", "))
        };
        return (
            format!("The container's env does not define it{from_all}."),
            None,
        );
    };
    let source = variable.value_from.as_ref();
    let config = source.and_then(|source| source.config_map_key_ref.as_ref());
    let secret = source.and_then(|source| source.secret_key_ref.as_ref());
    let keyed = config
        .map(|key| (Kind::ConfigMap, key))
        .or(secret.map(|key| (Kind::Secret, key)));
    match keyed {
        Some((kind, key)) => {
            let object =
                ObjectRef::namespaced("v1", kind.as_str(), &pod.metadata.namespace, &key.name);
            let may_miss = if key.optional {
                ", which is optional"
            } else {
                ""
            };
            (
                format!("It comes from key `{}` of {object}{may_miss}.", key.key),
                Some(object),
            )
        }
        None if variable.value.is_empty() => {
            ("The container's env defines it as empty.".to_owned(), None)
        }
        None => (
            "The container's env defines it, so it may be read under another name.".to_owned(),
            None,
        ),
    }
}

fn sources(pod: &Pod, container: &Container) -> Vec<String> {
    pod.spec
        .config_references()
        .iter()
        .filter(|reference| reference.relation == "envFrom" && *reference.user == container.name)
        .map(|reference| format!("{} {}", reference.kind, reference.name))
        .collect()
}

/// The names that the container's env defines; `none`.
fn names_of(container: &Container) -> String {
    let names: Vec<&str> = container
        .env
        .iter()
        .map(|variable| variable.name.as_str())
        .collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        crate::model::some_of(names, 20)
    }
}
