//! YAML to JSON values.

use anyhow::Result;
use serde_json::Value;

/// The documents of a YAML text, without the empty ones.
pub fn values(text: &str) -> Result<Vec<Value>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)?;
    Ok(documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect())
}

/// The one document of a YAML text.
pub fn value(text: &str) -> Result<Value> {
    Ok(serde_saphyr::from_str(text)?)
}

/// The string at a JSON pointer, or "".
pub fn text_at<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
