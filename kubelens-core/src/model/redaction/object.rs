//! Takes secrets out of objects before they are written where others may read them.
//!
//! What a diagnosis needs stays: names of variables, hosts and ports, paths, flags. What looks like a secret
//! by its name or by its form goes, and `[redacted]` stands in its place.

use serde_json::{Map, Value};

use super::REDACTED;
use super::forms::{is_reference, redact};
use super::names::{holds_secret, is_secret_name};

/// Shortest word that can look random.
const SHORTEST_RANDOM: usize = 16;

/// The last applied manifest: a copy of all fields in one text, in which nothing can be found by its name.
const COPY_OF_ALL: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Takes the secrets out of one object.
pub(crate) fn without_secrets(object: &mut Value) {
    any(object);
}

fn any(value: &mut Value) {
    match value {
        Value::String(text) => *text = redact(text),
        Value::Array(items) => items.iter_mut().for_each(any),
        Value::Object(fields) => {
            let is_named = named_value(fields);
            fields
                .iter_mut()
                .filter(|(name, _)| !(is_named && *name == "value"))
                .for_each(|(name, value)| field(name, value));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `{name: …, value: …}`: a variable, a header, a parameter. Says whether it is one.
fn named_value(fields: &mut Map<String, Value>) -> bool {
    let Some(Value::String(name)) = fields.get("name") else {
        return false;
    };
    let is_secret = is_secret_name(name);
    match fields.get_mut("value") {
        Some(Value::String(value)) => {
            *value = if is_secret {
                hidden(value)
            } else {
                without_random_words(&redact(value))
            };
            true
        }
        _ => false,
    }
}

fn field(name: &str, value: &mut Value) {
    match value {
        Value::String(text) if name == COPY_OF_ALL => *text = REDACTED.to_owned(),
        Value::String(text) if holds_secret(name) => *text = hidden(text),
        Value::Object(fields) if name == "stringData" => {
            for value in fields.values_mut() {
                *value = REDACTED.into();
            }
        }
        Value::Array(words) if matches!(name, "args" | "command") => command_line(words),
        Value::Array(items) if holds_secret(name) => {
            for item in items {
                match item {
                    Value::String(text) => *text = hidden(text),
                    other => any(other),
                }
            }
        }
        other => any(other),
    }
}

/// `--password hunter2`, `--password=hunter2`, and whatever has the form of a secret.
fn command_line(words: &mut [Value]) {
    let mut is_value_of_secret = false;
    let mut program = String::new();
    let mut before = String::new();
    for (at, word) in words.iter_mut().enumerate() {
        let Value::String(text) = word else {
            continue;
        };
        let is_flag = text.starts_with('-');
        let (flag, value) = match text.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (text.as_str(), None),
        };
        let is_secret = is_flag && !flag.contains(' ') && is_secret_name(flag);
        let scrubbed = match value {
            Some(value) if is_secret => format!("{flag}={}", hidden(value)),
            _ if is_value_of_secret && !is_flag => hidden(text),
            _ => without_random_words(&in_context(&program, &before, text)),
        };
        is_value_of_secret = is_secret && value.is_none();
        let said = std::mem::replace(text, scrubbed);
        if at == 0 && !is_flag {
            program = said.rsplit('/').next().unwrap_or_default().to_owned();
        } else {
            before = said;
        }
    }
}

/// A word of a command line, as the program and the flag before it make it understood: `redis-cli -a …`, `-u user:…`.
fn in_context(program: &str, before: &str, word: &str) -> String {
    let is_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    let mut lead = String::new();
    if is_word(program) {
        lead.push_str(program);
        lead.push(' ');
    }
    if is_word(before) && before.starts_with('-') {
        lead.push_str(before);
        lead.push(' ');
    }
    let seen = redact(&format!("{lead}{word}"));
    match seen.strip_prefix(&lead) {
        // What is hidden by its place is hidden to its end.
        Some(seen) if seen.starts_with(REDACTED) => REDACTED.to_owned(),
        Some(seen) if seen != word => redact(seen),
        _ => redact(word),
    }
}

/// The value of something that is named after a secret. A switch is none, nor is what says where to read one.
fn hidden(value: &str) -> String {
    match value {
        "" | "true" | "false" => value.to_owned(),
        _ if is_reference(value) || is_place(value) => value.to_owned(),
        _ => REDACTED.to_owned(),
    }
}

/// Whether a value is a path of a file or the address of a secret in a store.
fn is_place(value: &str) -> bool {
    let is_address = ["arn:", "vault:"]
        .iter()
        .any(|store| value.starts_with(store));
    let is_path = value.starts_with('/')
        && value.matches('/').count() > 1
        && !value.contains(|letter: char| letter.is_ascii_uppercase());
    let is_plain = value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/._-:#".contains(&byte));
    (is_address || is_path)
        && is_plain
        && !value
            .split(|character: char| !character.is_ascii_alphanumeric())
            .any(looks_random)
}

/// The text with `[redacted]` for every word in it that looks like a key: long, of letters and digits mixed.
fn without_random_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(|character: char| !character.is_ascii_alphanumeric()) {
        let word = piece.trim_end_matches(|character: char| !character.is_ascii_alphanumeric());
        if looks_random(word) {
            out.push_str(REDACTED);
            out.push_str(piece.get(word.len()..).unwrap_or_default());
        } else {
            out.push_str(piece);
        }
    }
    out
}

fn looks_random(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    word.len() >= SHORTEST_RANDOM && digits >= 3 && word.len() - digits >= 3
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::without_secrets;

    fn scrubbed(mut value: Value) -> Value {
        without_secrets(&mut value);
        value
    }

    #[test]
    fn a_variable_keeps_its_name_and_what_it_refers_to() {
        let env = json!({"env": [
            {"name": "DB_PASSWORD", "value": "hunter22"},
            {"name": "DB_URL", "value": "postgres://app:hunter22@db:5432/shop"},
            {"name": "CACHE", "value": "redis:6379"},
            {"name": "TOKEN_URL", "value": "http://idp/token"},
            {"name": "WEBHOOK", "value": "https://hooks.example.com/T01/a1b2c3d4e5f6a7b8c9d0"},
            {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "api-token", "key": "token"}}},
        ]});
        assert_eq!(
            scrubbed(env),
            json!({"env": [
                {"name": "DB_PASSWORD", "value": "[redacted]"},
                {"name": "DB_URL", "value": "postgres://app:[redacted]@db:5432/shop"},
                {"name": "CACHE", "value": "redis:6379"},
                {"name": "TOKEN_URL", "value": "http://idp/token"},
                {"name": "WEBHOOK", "value": "https://hooks.example.com/T01/[redacted]"},
                {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "api-token", "key": "token"}}},
            ]})
        );
    }

    #[test]
    fn a_command_line_keeps_its_flags() {
        let container = json!({
            "command": ["sh", "-c", "export DB_PASSWORD=hunter22; wait-for db:5432"],
            "args": ["--password", "hunter22", "--api-key=abc", "--port=80", "--token", "--tls-private-key-file=/k"],
        });
        assert_eq!(
            scrubbed(container),
            json!({
                "command": ["sh", "-c", "export DB_PASSWORD=[redacted]; wait-for db:5432"],
                "args": ["--password", "[redacted]", "--api-key=[redacted]", "--port=80", "--token", "--tls-private-key-file=/k"],
            })
        );
    }

    #[test]
    fn a_word_is_understood_by_the_program_and_the_flag_before_it() {
        for (words, expected) in [
            (
                json!(["/usr/bin/redis-cli", "-a", "hunter22", "ping"]),
                json!(["/usr/bin/redis-cli", "-a", "[redacted]", "ping"]),
            ),
            (
                json!(["mysqladmin", "ping", "-uroot", "-phunter22"]),
                json!(["mysqladmin", "ping", "-uroot", "-p[redacted]"]),
            ),
            (
                json!(["mysqladmin", "ping", "-p$(MYSQL_ROOT_PASSWORD)"]),
                json!(["mysqladmin", "ping", "-p$(MYSQL_ROOT_PASSWORD)"]),
            ),
            (
                json!(["-u", "admin:hunter22", "--masterauth", "hunter22"]),
                json!(["-u", "admin:[redacted]", "--masterauth", "[redacted]"]),
            ),
            (
                json!(["--password", "hunter22", "curl http://x"]),
                json!(["--password", "[redacted]", "curl http://x"]),
            ),
            (
                json!(["sh", "-c", "redis-cli -a hunter22 ping"]),
                json!(["sh", "-c", "redis-cli -a [redacted] ping"]),
            ),
            (
                json!(["tar", "-a", "-c", "file", "-u", "1000:1000"]),
                json!(["tar", "-a", "-c", "file", "-u", "1000:1000"]),
            ),
        ] {
            assert_eq!(
                scrubbed(json!({"command": words})),
                json!({"command": expected})
            );
        }
    }

    #[test]
    fn what_says_where_to_read_a_secret_stays() {
        for value in [
            "$(OTHER)",
            "${OTHER}",
            "/run/secrets/db",
            "vault:kv/db#password",
            "true",
        ] {
            let env = json!({"env": [{"name": "DB_PASSWORD", "value": value}]});
            assert_eq!(scrubbed(env.clone()), env);
        }
        let env = json!({"name": "DB_PASSWORD", "value": "/abC1/x"});
        assert_eq!(
            scrubbed(env),
            json!({"name": "DB_PASSWORD", "value": "[redacted]"})
        );
    }

    #[test]
    fn what_was_cleaned_once_stays_as_it_is() {
        let object = json!({
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
            "command": ["redis-cli", "-a", "hunter22"],
            "env": [{"name": "A_KEY", "value": "hunter22", "password": "hunter22"}],
            "tokens": ["hunter22"],
            "pem": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
        });
        let once = scrubbed(object);
        assert!(!once.to_string().contains("hunter22"), "{once}");
        assert_eq!(scrubbed(once.clone()), once);
    }

    #[test]
    fn fields_that_name_a_secret_keep_it_and_those_that_hold_one_lose_it() {
        let spec = json!({"spec": {
            "rootPassword": "hunter22",
            "secretName": "db-password",
            "passwordSecretRef": {"name": "db", "key": "password"},
            "template": {"stringData": {"a": "b"}},
        }});
        assert_eq!(
            scrubbed(spec),
            json!({"spec": {
                "rootPassword": "[redacted]",
                "secretName": "db-password",
                "passwordSecretRef": {"name": "db", "key": "password"},
                "template": {"stringData": {"a": "[redacted]"}},
            }})
        );
    }

    #[test]
    fn images_and_names_stay_as_they_are() {
        let container = json!({
            "image": "registry.example/app@sha256:0123456789abcdef0123456789abcdef",
            "name": "web-7d4b9c6f5-x2x9z",
            "uid": "0123456789abcdef",
        });
        assert_eq!(scrubbed(container.clone()), container);
    }
}
