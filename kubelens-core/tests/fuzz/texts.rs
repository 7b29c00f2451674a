//! What people write for KubeLens, and the small grammars of the API: read, or refused in one line.

use kubelens_core::documents::{Config, Selector, expiry};
use kubelens_core::engine::{CodePattern, ObjectPattern, Suppression};
use kubelens_core::kubernetes::{LabelSelector, Labels};
use kubelens_core::model::{ObjectRef, Quantity};
use kubelens_core::snapshot::{Threshold, Thresholds};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use crate::corpus::EXAMPLES;
use crate::damage::text_edit;
use crate::{broken_analyzers, cases, everything};

/// A configuration with every key in it.
const CONFIG: &str = r#"apiVersion: kubelens.dev/v1alpha1
kind: Config
profiles: [default, security]
thresholds: {pendingGrace: 120}
overrides:
- namespaces: [batch, "team-*"]
  selector: {matchLabels: {tier: slow}, matchExpressions: [{key: stage, operator: NotIn, values: [prod]}]}
  thresholds: {pendingGrace: 900}
severities: {HYG004: "off", "image-*": info, "NET*": critical}
suppressions:
- code: CFG001
  object: ConfigMap/shop/*
  reason: it is made at noon
  expires: 2026-12-31
- code: "WRK*"
  selector: {matchExpressions: [{key: app, operator: Exists}]}
  reason: known
registries: [ghcr.io/acme, "*.example.com"]
excludeNamespaces: ["kube-*"]
outputs: [human, json=report.json]
rules: [rules]
"#;

fn threshold() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        Just("0".to_owned()),
        Just("-1".to_owned()),
        Just("1e400".to_owned()),
        Just(".nan".to_owned()),
        Just("5m".to_owned()),
        Just("[]".to_owned()),
    ];
    let key = prop::sample::select(Thresholds::ALL).prop_map(|threshold: Threshold| threshold.key);
    (key, number).prop_map(|(key, number)| format!("{key}: {number}"))
}

/// A text near the grammar of quantities, or of their values.
fn quantity() -> impl Strategy<Value = String> {
    prop_oneof![
        r"[+-]?[0-9]{0,24}(\.[0-9]{0,24})?([numkMGTPE]i?|[eE][+-]?[0-9]{0,3})?",
        r"\PC{0,16}",
    ]
}

fn operator() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec!["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]).prop_map(str::to_owned),
        1 => "[A-Za-z]{0,8}",
    ]
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]", "-?[0-9]{1,22}", r"\PC{0,8}"]
}

proptest! {
    #![proptest_config(cases(192))]

    #[test]
    fn any_configuration_is_read_or_refused_in_one_line(
        edits in prop::collection::vec(text_edit(), 0..6),
        threshold in prop::option::of(threshold()),
        example in any::<Index>(),
    ) {
        let mut text = CONFIG.to_owned();
        if let Some(threshold) = threshold {
            text = text.replacen("pendingGrace: 120", &threshold, 1);
        }
        for edit in &edits {
            text = edit.apply(&text);
        }
        match Config::parse("kubelens.yaml", &text) {
            Err(problem) => {
                let told = problem.to_string();
                prop_assert!(told.starts_with("kubelens.yaml:") && !told.contains('\n'), "{}", told);
                let lines = u64::try_from(text.lines().count()).unwrap();
                prop_assert!((1..=lines + 1).contains(&problem.line), "{} of {} lines", told, lines);
            }
            // What can be read can be used.
            Ok(config) => {
                let mut options = everything();
                options.tuning.thresholds = Thresholds::default().with(&config.thresholds);
                for entry in &config.suppressions {
                    match Suppression::of("kubelens.yaml", entry) {
                        Ok(suppression) => options.suppressions.push(suppression),
                        Err(problem) => prop_assert!(!problem.to_string().contains('\n'), "{}", problem),
                    }
                }
                let world = &EXAMPLES[example.index(EXAMPLES.len())].world;
                let report = kubelens_core::diagnose(&world.picture().unwrap(), &options);
                prop_assert_eq!(broken_analyzers(&report), Vec::<String>::new());
            }
        }
    }

    #[test]
    fn any_text_is_a_configuration_or_refused(text in "[ \n\t{}\\[\\],:\"'&*|>#%!a-c1-]{0,80}|\\PC{0,60}") {
        if let Err(problem) = Config::parse("kubelens.yaml", &text) {
            prop_assert!(!problem.to_string().contains('\n'), "{}", problem);
        }
    }

    #[test]
    fn any_text_is_a_pattern_a_date_or_refused(text in r"[A-Za-z0-9*?/.:\[\]!-]{0,24}|\PC{0,16}") {
        let object = ObjectRef::namespaced("v1", "Pod", "shop", &text);
        if let Ok(pattern) = ObjectPattern::new(&text) {
            let _ = pattern.names(&object);
        }
        if let Ok(pattern) = CodePattern::new(&text) {
            let _ = pattern.names(&text, &text);
        }
        let _ = expiry(&text);
    }

    #[test]
    fn quantities_of_any_size_are_read_or_refused_and_shown(text in quantity(), other in quantity(), resource in "cpu|memory|pods|example.com/gpu") {
        if let Ok(read) = text.parse::<Quantity>() {
            prop_assert!(!read.human(&resource).is_empty() && !read.human_bytes().is_empty() && !read.human_count().is_empty());
            prop_assert!(read.as_f64().is_finite());
            prop_assert_eq!(read.to_string().parse(), Ok(read));
            if let Ok(other) = other.parse::<Quantity>() {
                prop_assert_eq!(read.plus(other), other.plus(read));
                let _ = read.minus(other);
            }
        }
    }

    #[test]
    fn a_selector_matches_what_its_parts_match(
        key in label(), operator in operator(), values in prop::collection::vec(label(), 0..3),
        labels in prop::collection::btree_map(label(), label(), 0..3),
    ) {
        let part = json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        let selector: LabelSelector = serde_json::from_value(part.clone()).unwrap();
        let all: Labels = serde_json::from_value(json!(labels)).unwrap();
        let is_in = labels.get(&key).is_some_and(|value| values.contains(value));
        let expected = match operator.as_str() {
            "In" => Some(is_in),
            "NotIn" => Some(!is_in),
            "Exists" => Some(labels.contains_key(&key)),
            "DoesNotExist" => Some(!labels.contains_key(&key)),
            _ => None,
        };
        let is_match = selector.matches(&all);
        if let Some(expected) = expected {
            prop_assert_eq!(is_match, expected);
            // As documents have it.
            let own: Selector = serde_json::from_value(part).unwrap();
            prop_assert_eq!(own.compiled().matches(&all), expected);
        }
    }
}
