use kubelens_core::snapshot::{Thresholds, Tuning};
use serde::Serialize;
use serde_json::{Value, json};

use super::Configuration;
use kubelens_core::engine::Options;

/// One setting, and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Setting {
    pub(crate) key: String,
    pub(crate) value: Value,
    /// `default`, or a file with the line.
    pub(crate) origin: String,
}

/// All settings as they count, by key: defaults, and what the file says instead.
pub(crate) fn settings(configuration: &Configuration, options: &Options) -> Vec<Setting> {
    let Configuration { name, config, .. } = configuration;
    let place = |line: u64| format!("{name}:{line}");
    let setting = |key: String, value: Value, line: Option<u64>| Setting {
        key,
        value,
        origin: line.map_or_else(|| "default".to_owned(), place),
    };
    let mut all = Vec::new();
    let profiles: Vec<&str> = options
        .profiles
        .iter()
        .map(|profile| profile.as_str())
        .collect();
    all.push(setting(
        "profiles".into(),
        json!(profiles),
        config.profiles.as_ref().map(|placed| placed.line),
    ));
    let Tuning {
        thresholds,
        registries,
        ..
    } = &options.tuning;
    let set = config.thresholds.set();
    for (known, value) in Thresholds::ALL.iter().zip(thresholds.values()) {
        let line = set.iter().find(|(key, _)| *key == known.key);
        let key = format!("thresholds.{}", known.key);
        all.push(setting(key, value, line.map(|(_, placed)| placed.line)));
    }
    for (at, entry) in config.overrides.iter().enumerate() {
        let mut covered = Vec::new();
        if !entry.value.namespaces.is_empty() {
            covered.push(("namespaces", json!(entry.value.namespaces), entry.line));
        }
        if let Some(selector) = &entry.value.selector {
            covered.push(("selector", json!(selector), entry.line));
        }
        for (what, value, line) in covered {
            all.push(setting(
                format!("overrides[{at}].{what}"),
                value,
                Some(line),
            ));
        }
        let values = options.tuning.overrides.get(at);
        let values = values.map_or_else(Vec::new, |entry| entry.thresholds.values());
        for (key, placed) in entry.value.thresholds.set() {
            let known = Thresholds::ALL.iter().position(|known| known.key == key);
            let value = known.and_then(|known| values.get(known)).cloned();
            let key = format!("overrides[{at}].thresholds.{key}");
            all.push(setting(key, value.unwrap_or_default(), Some(placed.line)));
        }
    }
    for (code, severity) in &config.severities {
        let word = match severity.value.severity() {
            Some(severity) => severity.as_str(),
            None => "off",
        };
        all.push(setting(
            format!("severities.{code}"),
            json!(word),
            Some(severity.line),
        ));
    }
    for (at, entry) in config.suppressions.iter().enumerate() {
        all.push(setting(
            format!("suppressions[{at}]"),
            json!(entry.value),
            Some(entry.line),
        ));
    }
    all.push(setting(
        "registries".into(),
        json!(registries),
        config.registries.as_ref().map(|placed| placed.line),
    ));
    let list = |key: &str, items: &[kubelens_core::model::Placed<String>]| {
        let values: Vec<&str> = items.iter().map(|item| item.value.as_str()).collect();
        setting(
            key.to_owned(),
            json!(values),
            items.first().map(|item| item.line),
        )
    };
    all.push(list("excludeNamespaces", &config.exclude_namespaces));
    let outputs = config.outputs.as_ref();
    all.push(setting(
        "outputs".into(),
        outputs.map_or_else(|| json!(["human"]), |outputs| json!(outputs.value)),
        outputs.map(|outputs| outputs.line),
    ));
    all.push(list("rules", &config.rules));
    all
}
