//! How YAML is read: as Kubernetes reads it, within bounds that hostile input cannot stretch.

use serde::de::DeserializeOwned;
use serde_saphyr::Options;

/// What one object may cost: a real one has a few thousand nodes.
pub(crate) fn options() -> Options {
    let budget = serde_saphyr::budget! {
        max_events: 4_000_000,
        max_nodes: 2_000_000,
        max_aliases: 10_000,
        max_depth: 100,
    };
    let mut options = serde_saphyr::options! {
        budget: budget,
        emit_comments: false,
        // kubectl reads YAML 1.1: a file mode is written 0440.
        legacy_octal_numbers: true,
        with_snippet: false,
    };
    options.alias_limits.max_total_replayed_events = 200_000;
    options.alias_limits.max_replay_stack_depth = 16;
    options
}

/// The documents of a file as kubectl reads them, without those that are empty.
pub fn read_documents(yaml: &str) -> Result<Vec<serde_json::Value>, serde_saphyr::Error> {
    // Files that were joined bring the byte order mark of each of them, which YAML takes at the beginning only.
    let yaml = yaml.replace("\n\u{feff}", "\n");
    let documents =
        serde_saphyr::from_multiple_with_options::<Option<serde_json::Value>>(&yaml, options())?;
    Ok(documents.into_iter().flatten().collect())
}

/// Reads one document.
pub(crate) fn from_str<T: DeserializeOwned>(yaml: &str) -> Result<T, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(yaml, options())
}

/// What the parser says, in one line: without the place, which is told elsewhere, and without names of its own.
pub(crate) fn in_plain_words(error: &serde_saphyr::Error) -> String {
    let error = error.without_snippet();
    if let serde_saphyr::Error::DuplicateMappingKey { key, .. } = error {
        return match key {
            Some(key) => format!("the key `{key}` stands twice"),
            None => "a key stands twice".to_owned(),
        };
    }
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    let line = without_position(line);
    if line.starts_with("recursive references") {
        "an alias stands in what it refers to".to_owned()
    } else if line.starts_with("alias replay limit exceeded") {
        "its aliases unfold to more than any object holds".to_owned()
    } else if line.starts_with("tabs disallowed") {
        "a tab stands where YAML wants blanks".to_owned()
    } else {
        line.to_owned()
    }
}

/// The parser counts lines from the beginning of what it was given, and not of the file.
fn without_position(text: &str) -> &str {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    match text.split_once(": ") {
        Some((head, rest)) if head.starts_with("line ") => rest,
        _ => text.split(" at line ").next().unwrap_or(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read_documents;

    #[test]
    fn documents_are_read_as_kubectl_reads_them() {
        let read =
            read_documents("mode: 0440\nname: '0440'\nyes: on\n---\n# nothing\n---\ncount: 010\n");
        let documents = read.expect("documents");
        assert_eq!(
            documents,
            [
                json!({"mode": 288, "name": "0440", "yes": true}),
                json!({"count": 8})
            ]
        );
    }

    #[test]
    fn byte_order_marks_of_joined_files_are_no_text() {
        let read = read_documents("\u{feff}a: 1\n---\n\u{feff}b: 2\n");
        assert_eq!(read.expect("documents"), [json!({"a": 1}), json!({"b": 2})]);
    }

    #[test]
    fn errors_are_told_without_the_names_of_the_parser() {
        let error = super::from_str::<serde_json::Value>("a: 1\na: 2\n").expect_err("an error");
        assert_eq!(super::in_plain_words(&error), "the key `a` stands twice");
    }
}
