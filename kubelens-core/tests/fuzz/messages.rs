//! The wordings of events and states: all that analyzers read, damaged.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use crate::corpus::EXAMPLES;
use crate::damage::text_edit;
use crate::{broken_analyzers, cases, report_of};

/// Fields with words in them that grammars take apart.
const WORDED: [&str; 5] = ["message", "note", "reason", "image", "schedule"];

fn each_wording(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if WORDED.contains(&name.as_str()) => change(text),
                    other => each_wording(other, change),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_wording(item, change)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn no_wording_breaks_an_analyzer(
        example in any::<Index>(),
        edits in prop::collection::vec(text_edit(), 1..6),
    ) {
        let mut objects = EXAMPLES[example.index(EXAMPLES.len())].clone();
        for object in &mut objects {
            each_wording(object, &mut |text| {
                for edit in &edits {
                    *text = edit.apply(text);
                }
            });
        }
        if let Ok(report) = report_of(&objects) {
            prop_assert_eq!(broken_analyzers(&report), Vec::<String>::new());
        }
    }

    #[test]
    fn the_wording_of_another_fault_breaks_no_analyzer(
        example in any::<Index>(),
        other in any::<Index>(),
        edit in text_edit(),
    ) {
        let mut foreign = Vec::new();
        for object in &mut EXAMPLES[other.index(EXAMPLES.len())].clone() {
            each_wording(object, &mut |text| foreign.push(edit.apply(text)));
        }
        let mut next = foreign.iter().cycle();
        let mut objects = EXAMPLES[example.index(EXAMPLES.len())].clone();
        for object in &mut objects {
            each_wording(object, &mut |text| {
                if let Some(words) = next.next() {
                    words.clone_into(text);
                }
            });
        }
        if let Ok(report) = report_of(&objects) {
            prop_assert_eq!(broken_analyzers(&report), Vec::<String>::new());
        }
    }
}
