use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::standing_workload::{container_path, stands};
use crate::kubernetes::EnvVar;
use crate::model::{Evidence, REDACTED, Suggestion, is_secret_name, some_of};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A variable that is named after a secret holds a random-looking text in the pod template: everybody who may
    /// read workloads, their history or a backup of them can read it.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web, env: [{name: DB_PASSWORD, value: "q7Rz!x20vLp9"}]}]}}}
    /// ```
    ///
    /// # Stays silent on
    /// A reference, placeholders, words, and what only says where the secret is:
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///       - name: web
    ///         env:
    ///         - {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}
    ///         - {name: API_TOKEN, value: "$(MOUNTED_TOKEN_1)"}
    ///         - {name: ADMIN_PASSWORD, value: changeme123}
    ///         - {name: TOKEN_FILE, value: /var/run/secrets/tokens/a1b2c3d4}
    ///         - {name: CACHE_KEY, value: customer-by-name}
    ///         - {name: SECRET_ARN, value: "arn:aws:secretsmanager:eu-west-1:1234:secret:a1B2c3"}
    /// ```
    ///
    /// # How to fix
    /// Put the value into a Secret and refer to it with `valueFrom.secretKeyRef`; then replace the value, which
    /// was readable until now.
    ///
    /// # What it cannot know
    /// Whether the text opens anything, secrets that look like words, and values of ConfigMaps, which are never
    /// read. A saved picture holds no such values, but says where one stood: there a word counts too, and less.
    ///
    /// # Source
    /// `env[].value` of core/v1 Container.
    SEC019 "secret-in-plain-value" {
        role: Root,
        severity: Warning,
        confidence: 0.75,
        reads: [],
        maps_to: [],
        profiles: [Security],
        check: Workload(check),
    }
}

/// Fewer characters than this are no key.
const SHORTEST: usize = 8;

/// How sure it is where all texts were taken out of the recording.
const UNSEEN: f64 = 0.6;

/// Bits of information a character from which a text looks random.
const RANDOM: f64 = 3.0;

/// Parts of values that stand for a value to come.
const PLACEHOLDERS: [&str; 12] = [
    "change",
    "example",
    "placeholder",
    "replace",
    "dummy",
    "secret",
    "password",
    "todo",
    "xxxx",
    "redacted",
    "test",
    "insert",
];

/// Parts of names of keys that are meant to be seen.
const FOR_ALL: [&str; 2] = ["PUBLIC", "SITE"];

fn check<'a>(workload: &Workload<'a>, _: &Cluster<'a>, sink: &mut Sink) {
    if !stands(workload) {
        return;
    }
    let own = workload.reference();
    for (role, container) in workload.pod_spec().all_containers() {
        let plain: Vec<&EnvVar> = container.env.iter().filter(|one| is_plain(one)).collect();
        if plain.is_empty() {
            continue;
        }
        let path = container_path(workload, role, container);
        let proof = plain.iter().take(4).map(|variable| {
            let path = format!("{path}.env[{}].value", variable.name);
            let text = if variable.value == REDACTED {
                "a text that this recording does not show".to_owned()
            } else {
                format!("a text of {} characters", variable.value.chars().count())
            };
            Evidence::field(own.clone(), &path, text)
        });
        let names = plain.iter().map(|variable| variable.name.as_str());
        let title = format!(
            "{} of {own} holds a secret in plain text",
            some_of(names, 3)
        );
        let sighting = Sighting::of(
            own.clone(),
            title,
            "Whoever may read the workload, its revisions or a backup can read it.",
        )
        .in_container(&container.name)
        .all_evidence(proof)
        .suggest(Suggestion::advice(
            "Put it into a Secret, refer to it with valueFrom.secretKeyRef, and then replace the value",
        ))
        .grouped("all", "containers hold secrets in plain text");
        let is_seen = plain.iter().any(|variable| variable.value != REDACTED);
        sink.report(if is_seen {
            sighting
        } else {
            sighting.confidence(UNSEEN)
        });
    }
}

fn is_plain(variable: &EnvVar) -> bool {
    variable.value_from.is_none()
        && is_secret_name(&variable.name)
        && !FOR_ALL
            .iter()
            .any(|part| variable.name.to_ascii_uppercase().contains(part))
        && (variable.value == REDACTED || looks_like_key(&variable.value))
}

/// Whether a text is no placeholder, reference, path or word, and looks random.
fn looks_like_key(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_reference = value.contains("$(")
        || value.contains("${")
        || value.contains("{{")
        || value.starts_with(['<', '/', '.'])
        || value.contains("://")
        || value.contains(char::is_whitespace)
        || value.starts_with("arn:")
        || value.starts_with("vault:");
    let is_placeholder = PLACEHOLDERS.iter().any(|word| lower.contains(word));
    let kinds = [
        value.contains(|c: char| c.is_ascii_digit()),
        value.contains(|c: char| c.is_ascii_lowercase()),
        value.contains(|c: char| c.is_ascii_uppercase()),
        value.contains(|c: char| c.is_ascii_punctuation() && !matches!(c, '-' | '_' | '.' | ':')),
    ];
    let kinds = kinds.iter().filter(|is_there| **is_there).count();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    // `release-2024-01` is made of words and numbers, a key mixes them.
    let is_mixed = value.split(['-', '_', '.', ':']).any(|piece| {
        piece.contains(|c: char| c.is_ascii_digit())
            && piece.contains(|c: char| !c.is_ascii_digit())
    });
    value.len() >= SHORTEST
        && !is_reference
        && !is_placeholder
        && is_mixed
        && (kinds >= 3 || (kinds == 2 && digits >= 3))
        && bits(value) >= RANDOM
}

/// Shannon's information a character.
#[allow(
    clippy::cast_precision_loss,
    reason = "lengths of variables are far below 2^52"
)]
fn bits(value: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::new();
    for character in value.chars() {
        *counts.entry(character).or_insert(0_usize) += 1;
    }
    let all = value.chars().count() as f64;
    let share = |count: &usize| *count as f64 / all;
    counts
        .values()
        .map(|count| -share(count) * share(count).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::looks_like_key;

    #[test]
    fn keys_are_told_from_words() {
        for key in [
            "q7Rz!x20vLp9",
            "9f86d081884c7d659a2feaa0c55ad015",
            "AKIA4QX7ZP2LM9RT",
        ] {
            assert!(looks_like_key(key), "{key}");
        }
        for word in [
            "admin",
            "true",
            "changeme123",
            "my-release-1",
            "release-2024-01",
            "1111111111",
            "/run/a1b2c3",
            "",
            "8080",
        ] {
            assert!(!looks_like_key(word), "{word}");
        }
    }
}
