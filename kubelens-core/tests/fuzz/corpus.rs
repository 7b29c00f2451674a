//! Real objects with real wordings: the examples of all analyzers' pages.

use std::sync::LazyLock;

use kubelens_core::registry;
use serde_json::Value;

/// The objects of each example.
pub(crate) static EXAMPLES: LazyLock<Vec<Vec<Value>>> = LazyLock::new(|| {
    registry()
        .iter()
        .flat_map(|analyzer| analyzer.docs.split("```yaml\n").skip(1))
        .filter_map(|rest| rest.split("```").next())
        .map(objects)
        .filter(|objects| !objects.is_empty())
        .collect()
});

fn objects(block: &str) -> Vec<Value> {
    let text: String = block
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    let documents = text.split("\n---\n").map(serde_saphyr::from_str);
    documents
        .filter_map(|document| document.ok().filter(Value::is_object))
        .collect()
}

#[test]
fn there_are_examples_of_many_kinds() {
    let kinds: std::collections::BTreeSet<_> = EXAMPLES
        .iter()
        .flatten()
        .filter_map(|object| object["kind"].as_str())
        .collect();
    assert!(EXAMPLES.len() > 300, "{}", EXAMPLES.len());
    assert!(kinds.len() > 30, "{kinds:?}");
}
