//! What names may look like: `k8s.io/apimachinery/pkg/util/validation`.

use super::field_error::{Errors, Path};

/// How the names of a kind are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum NameRule {
    /// RFC 1123 subdomain: most kinds.
    Subdomain,
    /// RFC 1123 label: it becomes a part of a host name.
    Label,
    /// Anything that can stand in a path: RBAC.
    PathSegment,
}

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', start and \
                     end with one of the former, and have no more than 63";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                         '.', start and end with one of the first, and have no more than 253";
const PATH_SEGMENT: &str = "may not be '.' or '..' and may not contain '/' or '%'";
const PORT_NAME: &str = "must have no more than 15 lower case alphanumeric characters or '-', at least one letter, \
                         no '-' at either end and no two in a row";
const LABEL_VALUE: &str = "a label value must be empty or have no more than 63 alphanumeric characters, '-', '_' or \
                           '.', and start and end with one of the first";
const QUALIFIED_NAME: &str = "a name has no more than 63 alphanumeric characters, '-', '_' or '.', starts and ends \
                              with one of the first, and may have a DNS subdomain and '/' in front";
const CONFIG_KEY: &str =
    "a key has no more than 253 alphanumeric characters, '-', '_' or '.', and is not '.' or '..'";

/// A name or a part of one: starts and ends with an inner character that is no punctuation.
fn is_word(text: &str, longest: usize, inner: impl Fn(u8) -> bool) -> bool {
    let is_end =
        |byte: Option<&u8>| byte.is_some_and(|byte| inner(*byte) && byte.is_ascii_alphanumeric());
    let bytes = text.as_bytes();
    bytes.len() <= longest
        && is_end(bytes.first())
        && is_end(bytes.last())
        && bytes.iter().all(|byte| inner(*byte))
}

const fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

const fn is_free(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

pub(super) fn is_label(text: &str) -> bool {
    is_word(text, 63, is_lower)
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|part| is_word(part, 253, is_lower))
}

fn is_qualified(text: &str) -> bool {
    match text.split_once('/') {
        None => is_word(text, 63, is_free),
        Some((prefix, name)) => is_subdomain(prefix) && is_word(name, 63, is_free),
    }
}

fn is_port_name(text: &str) -> bool {
    is_word(text, 15, is_lower)
        && !text.contains("--")
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

impl NameRule {
    pub(super) fn check(self, path: &Path, name: &str, errors: &mut Errors) {
        let (holds, why) = match self {
            Self::Subdomain => (is_subdomain(name), SUBDOMAIN),
            Self::Label => (is_label(name), LABEL),
            Self::PathSegment => (
                !name.is_empty() && !matches!(name, "." | "..") && !name.contains(['/', '%']),
                PATH_SEGMENT,
            ),
        };
        if name.is_empty() {
            errors.required(path, "");
        } else if !holds {
            errors.invalid(path, name, why);
        }
    }
}

/// A name in a specification that must be given: of a container, a volume.
pub(super) fn label(path: &Path, name: &str, errors: &mut Errors) {
    NameRule::Label.check(path, name, errors);
}

pub(super) fn subdomain(path: &Path, name: &str, errors: &mut Errors) {
    NameRule::Subdomain.check(path, name, errors);
}

pub(super) fn port_name(path: &Path, name: &str, errors: &mut Errors) {
    if !is_port_name(name) {
        errors.invalid(path, name, PORT_NAME);
    }
}

/// The key of a label, an annotation, a node selector.
pub(super) fn qualified(path: &Path, name: &str, errors: &mut Errors) {
    if !is_qualified(name) {
        errors.invalid(path, name, QUALIFIED_NAME);
    }
}

pub(super) fn label_value(path: &Path, value: &str, errors: &mut Errors) {
    if !value.is_empty() && !is_word(value, 63, is_free) {
        errors.invalid(path, value, LABEL_VALUE);
    }
}

/// The key of a ConfigMap or Secret.
pub(super) fn config_key(path: &Path, key: &str, errors: &mut Errors) {
    let holds = !key.is_empty() && key.len() <= 253 && key.bytes().all(is_free);
    if !holds || matches!(key, "." | "..") {
        errors.invalid(path, key, CONFIG_KEY);
    }
}

#[cfg(test)]
mod tests {
    use super::{is_label, is_port_name, is_qualified, is_subdomain};

    #[test]
    fn names_are_what_the_api_takes() {
        assert!(is_label("web-1") && !is_label("Web") && !is_label("web-") && !is_label("a.b"));
        assert!(!is_label("") && !is_label(&"a".repeat(64)));
        assert!(is_subdomain("a.b-c.d") && !is_subdomain("a..b") && !is_subdomain("-a"));
        assert!(
            is_qualified("app.kubernetes.io/name")
                && is_qualified("My_Key")
                && !is_qualified("a/b/c")
        );
        assert!(is_port_name("http-2") && !is_port_name("8080") && !is_port_name("a--b"));
        assert!(!is_port_name("a-name-of-sixteen"));
    }
}
