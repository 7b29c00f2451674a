//! Rule packs: any text, the packs that come with the documentation, damaged, and random expressions.

use std::time::{Duration, Instant};

use kubelens_core::diagnose;
use kubelens_core::model::Report;
use kubelens_core::rules::{RulePack, kinds_of};
use kubelens_core::source::{FileSource, ReadRequest, Silent};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::corpus::EXAMPLES;
use crate::damage::text_edit;
use crate::{broken_analyzers, cases, everything};

const PACKS: [&str; 2] = [
    include_str!("../../../docs/examples/rules/postgres-cluster.yaml"),
    include_str!("../../../docs/examples/rules/team-conventions.yaml"),
];

/// Longer than any rule may take over a handful of objects, by far.
const FAR_TOO_LONG: Duration = Duration::from_secs(30);

/// A pack of one rule about pods.
fn pack_with(when: &str, message: &str) -> String {
    let text = |text: &str| Value::from(text).to_string();
    format!(
        "apiVersion: kubelens.dev/v1alpha1\nkind: RulePack\nmetadata: {{name: fuzz}}\nrules:\n- code: FUZ001\n  name: a-fuzz\n  \
         description: A fuzz.\n  match: [{{apiVersion: v1, kind: Pod}}]\n  when: {}\n  severity: warning\n  message: {}\n  \
         evidence: [spec.containers]\n  examples: {{fires: [a], silent: [b]}}\n",
        text(when),
        text(message),
    )
}

/// What a pack says of these objects, or its problems in one line each.
fn judged(text: &str, objects: &[Value]) -> Result<Report, Vec<String>> {
    let pack = RulePack::parse("pack.yaml", text)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let request = ReadRequest {
        whole: kinds_of(&pack.rules),
        ..ReadRequest::default()
    };
    let bytes = serde_json::to_vec(&json!({"kind": "List", "items": objects})).unwrap();
    let picture = FileSource::from_bytes("c", bytes)
        .read(&request, &Silent)
        .map_err(|error| vec![error.to_string()])?;
    let mut options = everything();
    options.only = Some(
        pack.rules
            .iter()
            .map(|rule| rule.analyzer.code.to_owned())
            .collect(),
    );
    options.rules = pack.rules;
    let report = diagnose(&picture, &options);
    let again = diagnose(&picture, &options);
    assert_eq!(json!(report), json!(again));
    Ok(report)
}

fn check(text: &str, objects: &[Value]) -> Result<(), TestCaseError> {
    let start = Instant::now();
    match judged(text, objects) {
        Ok(report) => prop_assert_eq!(broken_analyzers(&report), Vec::<String>::new()),
        Err(problems) => {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(!problem.contains('\n'), "{}", problem);
            }
        }
    }
    prop_assert!(start.elapsed() < FAR_TOO_LONG, "{:?}", start.elapsed());
    Ok(())
}

/// Expressions of CEL: loops in loops, growing lists and texts, large numbers, patterns that are dear.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => Just("object".to_owned()),
        3 => Just("object.metadata.name".to_owned()),
        3 => Just("object.spec.containers".to_owned()),
        2 => Just("object.metadata.labels".to_owned()),
        2 => Just("x".to_owned()),
        1 => Just("related".to_owned()),
        1 => Just("age".to_owned()),
        1 => Just("[1, 2, 3]".to_owned()),
        1 => Just("{'a': 1, 'b': [2]}".to_owned()),
        1 => Just("''".to_owned()),
        1 => Just("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'".to_owned()),
        1 => Just("'(a*)*b'".to_owned()),
        1 => Just("'(x{0,90}){0,90}'".to_owned()),
        1 => Just("'2026-01-01T00:00:00Z'".to_owned()),
        1 => Just("null".to_owned()),
        1 => Just("true".to_owned()),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<u32>().prop_map(|number| format!("{number}u")),
        1 => any::<f64>().prop_map(|number| format!("{number:?}")),
        1 => "[a-z]{1,6}",
    ];
    leaf.prop_recursive(6, 48, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            4 => (two.clone(), prop::sample::select(vec![
                "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in", "&&", "||",
            ])).prop_map(|((a, b), operator)| format!("({a} {operator} {b})")),
            4 => (two.clone(), prop::sample::select(vec!["all", "exists", "exists_one", "map", "filter"]))
                .prop_map(|((a, b), name)| format!("{a}.{name}(x, {b})")),
            2 => (two.clone(), prop::sample::select(vec!["contains", "startsWith", "endsWith", "matches"]))
                .prop_map(|((a, b), name)| format!("{a}.{name}({b})")),
            2 => (inner.clone(), prop::sample::select(vec![
                "size", "int", "uint", "double", "string", "bytes", "bool", "type", "dyn", "quantity", "secondsSince", "has", "-", "!",
            ])).prop_map(|(a, name)| format!("{name}({a})")),
            1 => (two.clone(), inner.clone()).prop_map(|((a, b), c)| format!("({a} ? {b} : {c})")),
            1 => two.clone().prop_map(|(a, b)| format!("{a}[{b}]")),
            1 => inner.clone().prop_map(|a| format!("{a}.name")),
            1 => two.prop_map(|(a, b)| format!("[{a}, {b}]")),
            1 => inner.prop_map(|a| format!("{{'k': {a}}}")),
        ]
    })
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn any_damage_to_a_pack_is_told_in_one_line(
        pack in 0..PACKS.len(), edits in prop::collection::vec(text_edit(), 1..6), example in any::<Index>(),
    ) {
        let mut text = PACKS[pack].to_owned();
        for edit in &edits {
            text = edit.apply(&text);
        }
        check(&text, &EXAMPLES[example.index(EXAMPLES.len())].world.objects)?;
    }

    #[test]
    fn any_expression_is_evaluated_at_a_bounded_cost_or_refused(
        when in expression(), message in expression(), example in any::<Index>(),
    ) {
        let text = pack_with(&when, &format!("found {{{{ {message} }}}}"));
        let mut objects = EXAMPLES[example.index(EXAMPLES.len())].world.objects.clone();
        objects.push(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop", "labels": {"app": "web"}},
            "spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}}));
        check(&text, &objects)?;
    }

    #[test]
    fn any_text_in_place_of_an_expression_is_survived(when in r"[a-c.()\[\]{}'?:!&|+*<>=1-3, ]{0,60}|\PC{0,40}", message in r"[{}a-c. ]{0,30}|\PC{0,30}") {
        check(&pack_with(&when, &message), &[])?;
    }
}
