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
