use kubelens_core::documents::{Config, RulePackDocument};
use kubelens_core::settling::Verdict;
use kubelens_core::{Options, Report, SnapshotBuilder, diagnose};

use crate::{check_generated, workspace};

fn schema() -> serde_json::Value {
    serde_json::to_value(schemars::schema_for!(Report)).expect("a schema")
}

#[test]
fn the_json_schema_of_the_report_is_checked_in() {
    let text = serde_json::to_string_pretty(&schema()).expect("a schema") + "\n";
    check_generated(&workspace().join("docs/src/report.schema.json"), &text);
}

#[test]
fn the_json_schema_of_the_comparison_is_checked_in() {
    let schema = schemars::schema_for!(kubelens_core::comparison::ReportDiff);
    let text = serde_json::to_string_pretty(&schema).expect("a schema") + "\n";
    check_generated(&workspace().join("docs/src/report-diff.schema.json"), &text);
}

#[test]
fn the_json_schema_of_the_verdict_is_checked_in() {
    let text = serde_json::to_string_pretty(&schemars::schema_for!(Verdict)).expect("a schema");
    let path = workspace().join("docs/src/verdict.schema.json");
    check_generated(&path, &(text + "\n"));
}

#[test]
fn the_json_schemas_of_what_people_write_are_checked_in() {
    let schemas = [
        (
            "config",
            serde_json::to_value(schemars::schema_for!(Config)),
        ),
        (
            "rule-pack",
            serde_json::to_value(schemars::schema_for!(RulePackDocument)),
        ),
    ];
    for (name, schema) in schemas {
        let schema = schema.expect("a schema");
        jsonschema::validator_for(&schema).expect("a valid schema");
        let text = serde_json::to_string_pretty(&schema).expect("a schema") + "\n";
        let path = format!("docs/src/{name}.schema.json");
        check_generated(&workspace().join(path), &text);
    }
}

/// What is shown as an example has to be right.
#[test]
fn the_example_packs_fit_their_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(RulePackDocument)).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    for file in std::fs::read_dir(workspace().join("docs/examples/rules")).expect("examples") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("a pack");
        let pack: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
        let errors: Vec<String> = validator
            .iter_errors(&pack)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn an_empty_report_is_valid() {
    let picture = SnapshotBuilder::default().build_recorded(None);
    let report = serde_json::to_value(diagnose(&picture, &Options::default())).expect("a report");
    let validator = jsonschema::validator_for(&schema()).expect("a valid schema");
    let errors: Vec<String> = validator
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}
