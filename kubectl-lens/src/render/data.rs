//! Any document in the formats for programs.

use std::borrow::Cow;

use anyhow::Context;
use serde_json::Value;

use super::{Format, json};
use crate::{failure::Failure, terminal::printable};

/// `document` in a format for programs; columns take the items that stand under `items`.
pub(super) fn print(document: &Value, items: &str, format: &Format) -> Result<String, Failure> {
    match format {
        Format::Yaml => {
            let mut document = document.clone();
            make_printable(&mut document);
            Ok(serde_saphyr::to_string(&document).context("cannot write YAML")?)
        }
        Format::JsonPath(template) => template
            .print(document)
            .map_err(|error| Failure::new(format!("-o jsonpath: {error}"))),
        Format::Columns(columns) => columns.print(
            document
                .get(items)
                .and_then(Value::as_array)
                .map_or(&[], Vec::as_slice),
        ),
        Format::Json => json::pretty(document),
        _ => Err(Failure::new("only reports have this format")
            .way_out("-o json, yaml, jsonpath=TEMPLATE or custom-columns=SPEC")),
    }
}

/// YAML writes characters as they are where JSON escapes them, so they are taken out.
fn make_printable(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(safe) = printable(text) {
                *text = safe;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_printable),
        Value::Object(fields) => fields.values_mut().for_each(make_printable),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
