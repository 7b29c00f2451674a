//! Any document in the formats for programs.

use anyhow::Context;
use serde_json::Value;

use super::{Format, json};
use crate::failure::Failure;

/// `document` in a format for programs; columns take the items that stand under `items`.
pub(super) fn print(document: &Value, items: &str, format: &Format) -> Result<String, Failure> {
    match format {
        Format::Yaml => Ok(serde_saphyr::to_string(document).context("cannot write YAML")?),
        Format::JsonPath(template) => {
            template.print(document).map_err(|error| Failure::new(format!("-o jsonpath: {error}")))
        }
        Format::Columns(columns) => {
            columns.print(document.get(items).and_then(Value::as_array).map_or(&[], Vec::as_slice))
        }
        _ => json::pretty(document),
    }
}
