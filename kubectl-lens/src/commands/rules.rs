//! `rules`: what packs hold, and whether they do what they say.

use std::sync::Arc;

use jiff::Timestamp;
use kubelens_core::{
    model::Placed,
    rules::{Rule, look},
    source::{FileSource, ReadRequest, Silent},
};

use super::print;
use crate::{
    cli::RulesVerb,
    configuration::Configuration,
    exit::ExitStatus,
    failure::Failure,
    packs::Packs,
    render::{self, Listing},
    settings::OutputSettings,
};

pub(super) fn run(
    verb: &RulesVerb,
    configuration: &Configuration,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    match verb {
        RulesVerb::List { rules } => {
            let packs = Packs::load(rules, configuration)?;
            print(output, |output| {
                render::listing(rules_of(&packs), &output.format, output.table_width)
            })?;
            Ok(ExitStatus::Answered)
        }
        RulesVerb::Test { packs } => test(&Packs::read(packs)?, output),
    }
}

fn rules_of(packs: &Packs) -> Listing {
    let kinds = |rule: &Rule| {
        let kinds: Vec<String> = rule.kinds().map(ToString::to_string).collect();
        kinds.join(", ")
    };
    Listing {
        kind: "RuleList",
        items: packs
            .iter()
            .map(|rule| {
                serde_json::json!({
                    "code": rule.analyzer.code,
                    "name": rule.analyzer.name,
                    "severity": rule.analyzer.severity,
                    "confidence": rule.analyzer.confidence,
                    "pack": rule.pack,
                    "place": rule.place,
                    "kinds": rule.kinds().map(ToString::to_string).collect::<Vec<_>>(),
                    "summary": rule.analyzer.summary(),
                })
            })
            .collect(),
        headers: &["CODE", "SEVERITY", "NAME", "KINDS", "PLACE"],
        rows: packs
            .iter()
            .map(|rule| {
                vec![
                    rule.analyzer.code.to_owned(),
                    rule.analyzer.severity.to_string(),
                    rule.analyzer.name.to_owned(),
                    kinds(rule),
                    rule.place.clone(),
                ]
            })
            .collect(),
        names: packs
            .iter()
            .map(|rule| format!("rule/{}", rule.analyzer.code))
            .collect(),
    }
}

/// One example of a rule, and what came of it.
struct Outcome {
    code: &'static str,
    name: &'static str,
    expected: &'static str,
    place: String,
    /// What went wrong; none if it did what it says.
    wrong: Option<String>,
}

fn test(packs: &Packs, output: &OutputSettings) -> Result<ExitStatus, Failure> {
    let outcomes: Vec<Outcome> = packs.iter().flat_map(outcomes).collect();
    let failed = outcomes
        .iter()
        .filter(|outcome| outcome.wrong.is_some())
        .count();
    print(output, |output| {
        render::listing(list(&outcomes), &output.format, output.table_width)
    })?;
    let told = format!("{} examples, {failed} failed\n", outcomes.len());
    output.streams.message(&told);
    Ok(if failed == 0 {
        ExitStatus::Answered
    } else {
        ExitStatus::FailOnReached
    })
}

fn outcomes(rule: &Arc<Rule>) -> Vec<Outcome> {
    let file = rule.place.rsplit_once(':').map_or("", |(file, _)| file);
    let of = |expected: &'static str, example: &Placed<String>| Outcome {
        code: rule.analyzer.code,
        name: rule.analyzer.name,
        expected,
        place: format!("{file}:{}", example.line),
        wrong: wrong(rule, example, expected == "fires"),
    };
    let fires = rule
        .examples
        .fires
        .iter()
        .map(|example| of("fires", example));
    let silent = rule
        .examples
        .silent
        .iter()
        .map(|example| of("silent", example));
    fires.chain(silent).collect()
}

/// What an example shows to be wrong with its rule.
fn wrong(rule: &Arc<Rule>, example: &Placed<String>, shall_fire: bool) -> Option<String> {
    let request = ReadRequest {
        whole: rule.kinds().cloned().collect(),
        now: newest_time(&example.value),
        ..ReadRequest::default()
    };
    let source = FileSource::from_bytes("the example", whole_of(rule, &example.value).into_bytes());
    let snapshot = match source.read(&request, &Silent) {
        Ok(snapshot) => snapshot,
        Err(error) => return Some(error.to_string()),
    };
    let found = look(&snapshot, std::slice::from_ref(rule));
    if let Some(note) = found.notes.first() {
        return Some(note.text.clone());
    }
    match (found.seen.first(), shall_fire) {
        _ if !found.failed.is_empty() => Some("it failed".to_owned()),
        (None, true) => Some("it stays silent".to_owned()),
        (Some((_, sighting)), false) => Some(format!("it fires: {}", sighting.title)),
        _ => None,
    }
}

/// The newest time in an example is the instant to judge from, whatever object holds it.
fn newest_time(example: &str) -> Option<Timestamp> {
    example
        .split(|letter: char| !letter.is_ascii_alphanumeric() && !"-:.+".contains(letter))
        .filter_map(|word| word.parse().ok())
        .max()
}

/// An example is all that there is: of the kinds that the rule asks about nothing else exists.
fn whole_of(rule: &Rule, example: &str) -> String {
    let mut text = example.to_owned();
    for kind in rule.kinds() {
        let api_version = match (kind.typed(), kind.group.as_str()) {
            (Some(typed), _) => typed.api_version().to_owned(),
            (None, "") => "v1".to_owned(),
            (None, group) => format!("{group}/v1"),
        };
        text.push_str(&format!(
            "\n---\napiVersion: {api_version}\nkind: {}List\nmetadata: {{}}\nitems: []\n",
            kind.kind
        ));
    }
    text
}

fn list(outcomes: &[Outcome]) -> Listing {
    let told = |outcome: &Outcome| match &outcome.wrong {
        None => "ok".to_owned(),
        Some(wrong) => format!("FAILED: {wrong}"),
    };
    Listing {
        kind: "RuleTestList",
        items: outcomes
            .iter()
            .map(|outcome| {
                serde_json::json!({
                    "code": outcome.code,
                    "name": outcome.name,
                    "expected": outcome.expected,
                    "place": outcome.place,
                    "passed": outcome.wrong.is_none(),
                    "problem": outcome.wrong,
                })
            })
            .collect(),
        headers: &["CODE", "NAME", "EXPECTED", "EXAMPLE", "RESULT"],
        rows: outcomes
            .iter()
            .map(|outcome| {
                vec![
                    outcome.code.to_owned(),
                    outcome.name.to_owned(),
                    outcome.expected.to_owned(),
                    outcome.place.clone(),
                    told(outcome),
                ]
            })
            .collect(),
        names: outcomes
            .iter()
            .map(|outcome| format!("{}/{}", outcome.code, outcome.expected))
            .collect(),
    }
}
