//! The dialect, case by case, and side by side with kubectl where there is one.

use std::process::Command;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Expression, Template};

const DOCUMENT: &str = include_str!("../../tests/fixtures/jsonpath.yaml");

/// Templates and what kubectl prints for them over the document.
const SAME_AS_KUBECTL: &[(&str, &str)] = &[
    ("{.metadata.name}", "web"),
    ("a {.metadata.name} b", "a web b"),
    (".metadata.name", ".metadata.name"),
    ("{$.metadata.name}", "web"),
    ("{@.metadata.name}", "web"),
    ("{ .metadata.name }", "web"),
    ("{.metadata.name}}", "web}"),
    ("{.}", ""),
    ("{.nope}", ""),
    ("{.nope.deeper}", ""),
    ("{.spec.containers[0].name.x}", ""),
    ("{.metadata.labels['app.kubernetes.io/name']}", ""),
    (r"{.metadata.labels['app\.kubernetes\.io/name']}", "nginx"),
    (r"{.metadata.labels.app\.kubernetes\.io/name}", "nginx"),
    ("{.metadata['name','namespace']}", "web shop"),
    ("{.spec.containers[*].name}", "a b c"),
    ("{.spec.containers[0].name}", "a"),
    ("{.spec.containers[-1].name}", "c"),
    ("{.spec.containers[-2:].name}", "b c"),
    ("{.spec.containers[0:2].name}", "a b"),
    ("{.spec.containers[:2].name}", "a b"),
    ("{.spec.containers[1:].name}", "b c"),
    ("{.spec.containers[::2].name}", "a c"),
    ("{.spec.containers[1:1].name}", ""),
    ("{.spec.containers[].name}", "a"),
    ("{.spec.containers[0,2].name}", "a c"),
    (
        "{.spec.containers[*]['name','image']}",
        "a b c one:1 two:2 three:3",
    ),
    ("{.spec.containers[*].ports[*].containerPort}", "80 81"),
    ("{..containerPort}", "80 81"),
    ("{.spec..name}", "a http b c"),
    (r#"{.spec.containers[?(@.name=="b")].image}"#, "two:2"),
    (r#"{.spec.containers[?(@.name == "b")].image}"#, "two:2"),
    ("{.spec.containers[?(@.name=='b')].image}", "two:2"),
    (r#"{.spec.containers[?(@.name!="b")].name}"#, "a c"),
    (r#"{.spec.containers[?(@.name>"a")].name}"#, "b c"),
    (r#"{.spec.containers[?(@.nope=="b")].image}"#, ""),
    ("{.spec.containers[?(@.ports)].name}", "a"),
    (
        "{.spec.containers[?(@.ports[0].containerPort==80)].name}",
        "a",
    ),
    ("{.spec.containers[?(@.ratio>0.1)].name}", "c"),
    ("{.spec.containers[?(@.big>=1000000)].name}", "c"),
    ("{.spec.containers[?(@.big<5)].name}", ""),
    ("{.spec.containers[?(@.ready==true)].name}", "c"),
    (
        "{.spec.containers[2].ratio} {.spec.containers[2].big} {.spec.containers[2].ready}",
        "0.5 1000000 true",
    ),
    ("{.spec.containers[2].nothing}", "null"),
    (r#"{"a" "b"}"#, "b"),
    (r"{'x\ty'}", "x\ty"),
    ("{1}", "1"),
    ("{.metadata.name}{'\\n'}", "web\n"),
    (
        r#"{range .spec.containers[*]}{.name}{"\t"}{.image}{"\n"}{end}"#,
        "a\tone:1\nb\ttwo:2\nc\tthree:3\n",
    ),
    (
        "{range .spec.containers[*]}{.name}:{range .ports[*]}{.containerPort},{end};{end}",
        "a:80,81,;b:;c:;",
    ),
    ("{range .nope[*]}x{end}y", "y"),
    (
        r#"{range .spec.containers[?(@.name!="a")]}[{.name}]{end}"#,
        "[b][c]",
    ),
];

/// Templates that kubectl refuses, and where the fault stands.
const REFUSED: &[(&str, usize)] = &[
    ("{.a", 0),
    ("x{.a", 1),
    ("{.spec.containers[}", 18),
    ("{.spec.containers[0}", 19),
    ("{end}", 0),
    ("{foo}", 1),
    ("{....name}", 1),
    (r#"{.a[?(@.x=="b")}"#, 3),
    (r#"{.a[?(@.x=="b"||@.y)]}"#, 14),
    (r#"{"never closed}"#, 1),
    ("{.metadata[0]}", 11),
    ("{.spec.containers[5].name}", 18),
    ("{.spec.containers[2:1].name}", 18),
    ("{.metadata.name[?(@.x)]}", 15),
    (r#"{.spec.containers[?(@.ratio<="x")].name}"#, 17),
];

fn document() -> Value {
    serde_saphyr::from_str(DOCUMENT).expect("the fixture is YAML")
}

fn print(template: &str) -> Result<String, super::JsonPathError> {
    Template::parse(template)?.print(&document())
}

#[test]
fn templates_print_what_is_recorded_of_kubectl() {
    for (template, expected) in SAME_AS_KUBECTL {
        assert_eq!(print(template).as_deref(), Ok(*expected), "{template}");
    }
}

#[test]
fn faults_are_told_with_their_place() {
    for (template, place) in REFUSED {
        let error = print(template).expect_err(template);
        assert_eq!(error.at, *place, "{template}: {error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("character {}: ", place + 1))
        );
    }
}

#[test]
fn kubectl_itself_agrees_with_what_is_recorded() {
    let Ok(dir) = tempfile::tempdir() else { return };
    let file = dir.path().join("pod.yaml");
    std::fs::write(&file, DOCUMENT).expect("a file");
    let kubectl = |template: &str| {
        Command::new("kubectl")
            .args(["label", "--local", "z=1", "-o"])
            .arg(format!("jsonpath={template}"))
            .arg("-f")
            .arg(&file)
            .output()
    };
    if kubectl("{.metadata.name}").map_or(true, |output| !output.status.success()) {
        // Without a kubectl that works, what is recorded of it is all there is to compare.
        return;
    }
    for (template, expected) in SAME_AS_KUBECTL {
        let output = kubectl(template).expect("kubectl");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            *expected,
            "{template}"
        );
    }
    for (template, _) in REFUSED {
        assert!(
            !kubectl(template).expect("kubectl").status.success(),
            "{template}"
        );
    }
}

#[test]
fn numbers_of_both_kinds_and_nulls_compare_where_kubectl_gives_up() {
    assert_eq!(
        print("{.spec.containers[?(@.big>=1.5)].name}").as_deref(),
        Ok("c")
    );
    assert_eq!(
        print("{.spec.containers[?(@.ratio<1)].name}").as_deref(),
        Ok("c")
    );
    assert_eq!(
        print(r#"{.spec.containers[?(@.nothing=="b")].name}"#).as_deref(),
        Ok("")
    );
    assert_eq!(
        print(r#"{.spec.containers[?(@.nothing!="b")].name}"#).as_deref(),
        Ok("c")
    );
}

#[test]
fn a_range_without_an_end_runs_to_the_end() {
    // kubectl prints the rest once more behind the last item.
    assert_eq!(
        print("{range .spec.containers[*]}{.name}-").as_deref(),
        Ok("a-b-c-")
    );
}

#[test]
fn maps_print_as_json_in_their_own_order() {
    assert_eq!(
        print("{.spec.containers[0].ports[0]}").as_deref(),
        Ok(r#"{"containerPort":80,"name":"http"}"#)
    );
    assert_eq!(
        print("{}").map(|text| text.starts_with(r#"{"apiVersion":"v1""#)),
        Ok(true)
    );
}

#[test]
fn escape_sequences_in_values_do_not_reach_the_terminal() {
    let template = Template::parse("{.name}{\"\\n\"}").expect("a template");
    assert_eq!(
        template.print(&json!({"name": "a\u{1b}[2Jb"})).as_deref(),
        Ok("a[2Jb\n")
    );
}

#[test]
fn an_expression_needs_neither_braces_nor_dot() {
    for text in [
        "{.metadata.name}",
        ".metadata.name",
        "metadata.name",
        "{metadata.name}",
    ] {
        let texts = Expression::parse(text).expect(text).texts(&document());
        assert_eq!(texts, Ok(vec!["web".to_owned()]), "{text}");
    }
    assert_eq!(Expression::parse("{.a}}").expect_err("too much").at, 3);
}

#[test]
fn hostile_nesting_is_refused() {
    let template = format!("{{{}", ".a[?(@".repeat(500));
    assert!(Template::parse(&template).is_err());
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Templates near the grammar, so that many of them are valid.
fn any_template() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[{}\\[\\].$@?()'\"=<>!&,:*0-9a-c\\\\ -]",
        Just("{range .a[*]}".to_owned()),
        Just("{end}".to_owned()),
        Just("{.a".to_owned()),
        Just("..b".to_owned()),
        Just("[?(@.a==\"b\")]".to_owned()),
        Just("[0:2]".to_owned()),
        Just("['a','b']".to_owned()),
        Just("[*]".to_owned()),
        Just("}".to_owned()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_template_and_no_value_panics(template in any_template(), value in any_value()) {
        if let Ok(template) = Template::parse(&template) {
            let first = template.print(&value);
            prop_assert_eq!(first, template.print(&value));
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let length = text.chars().count();
        if let Err(error) = Template::parse(&text) {
            prop_assert!(error.at <= length);
        }
        let _ = Expression::parse(&text);
    }

    #[test]
    fn text_without_braces_is_printed_as_it_is(text in "[^{]*") {
        prop_assert_eq!(Template::parse(&text).and_then(|template| template.print(&Value::Null)), Ok(text));
    }

    #[test]
    fn a_slice_is_the_lists_own_slice(items in prop::collection::vec(0_i64..100, 1..9), a in 0_usize..9, b in 0_usize..9) {
        let (from, to) = (a.min(b), a.max(b));
        let template = Template::parse(&format!("{{.x[{from}:{to}]}}")).expect("a template");
        let printed = template.print(&json!({"x": items}));
        match items.get(from..to) {
            Some(slice) => prop_assert_eq!(printed, Ok(slice.iter().map(i64::to_string).collect::<Vec<_>>().join(" "))),
            // An empty slice asks for nothing, wherever it lies.
            None if from == to => prop_assert_eq!(printed, Ok(String::new())),
            None => prop_assert!(printed.is_err()),
        }
    }

    #[test]
    fn a_key_is_found_by_dot_and_by_bracket(key in "[a-z][a-z0-9_-]{0,8}", value in 0_i64..1000) {
        let document = json!({ &key: value });
        let dotted = Template::parse(&format!("{{.{key}}}")).expect("a template");
        let quoted = Template::parse(&format!("{{['{key}']}}")).expect("a template");
        prop_assert_eq!(dotted.print(&document), Ok(value.to_string()));
        prop_assert_eq!(quoted.print(&document), Ok(value.to_string()));
    }
}
