//! Takes secrets out of objects before they are written where others may read them.
//!
//! What a diagnosis needs stays: names of variables, hosts and ports, paths, flags. What looks like a secret
//! by its name or by its form goes, and `[redacted]` stands in its place.

use serde_json::{Map, Value};

use crate::model::{is_secret_name, redact};

const REDACTED: &str = "[redacted]";

/// Shortest word that can look random.
const SHORTEST_RANDOM: usize = 16;

/// Takes the secrets out of one object.
pub(super) fn object(object: &mut Value) {
    any(object);
}

fn any(value: &mut Value) {
    match value {
        Value::String(text) => *text = redact(text),
        Value::Array(items) => items.iter_mut().for_each(any),
        Value::Object(fields) => {
            if !named_value(fields) {
                fields
                    .iter_mut()
                    .for_each(|(name, value)| field(name, value));
            }
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
        Value::String(text) if holds_secret(name) => *text = hidden(text),
        Value::Object(fields) if name == "stringData" => {
            for value in fields.values_mut() {
                *value = REDACTED.into();
            }
        }
        Value::Array(words) if matches!(name, "args" | "command") => command_line(words),
        other => any(other),
    }
}

/// Whether a field is named after what it holds. `secretName` and `tokenSecretRef` hold names.
fn holds_secret(field: &str) -> bool {
    let name = field.to_ascii_lowercase();
    [
        "password",
        "passwd",
        "passphrase",
        "token",
        "apikey",
        "accesskey",
        "secretkey",
        "privatekey",
        "clientsecret",
    ]
    .iter()
    .any(|end| name.ends_with(end))
}

/// `--password hunter2`, `--password=hunter2`, and whatever has the form of a secret.
fn command_line(words: &mut [Value]) {
    let mut is_value_of_secret = false;
    for word in words {
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
            _ => without_random_words(&redact(text)),
        };
        is_value_of_secret = is_secret && value.is_none();
        *text = scrubbed;
    }
}

/// The value of something that is named after a secret. A switch is none.
fn hidden(value: &str) -> String {
    match value {
        "" | "true" | "false" => value.to_owned(),
        _ => REDACTED.to_owned(),
    }
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

    use super::object;

    fn scrubbed(mut value: Value) -> Value {
        object(&mut value);
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
