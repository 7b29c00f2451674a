//! Files: bytes of any kind, and real manifests with damaged bytes.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::corpus::EXAMPLES;
use crate::{broken_analyzers, cases, report_on};

/// An example as a file, in one of the forms that files have.
fn file(example: Index, form: u8) -> Vec<u8> {
    let objects = &EXAMPLES[example.index(EXAMPLES.len())].world.objects;
    let each = objects.iter().map(|object| object.to_string());
    match form % 3 {
        0 => format!(
            "{{\"kind\":\"List\",\"items\":[{}]}}",
            each.collect::<Vec<_>>().join(",\n")
        ),
        1 => each.collect::<Vec<_>>().join("\n"),
        _ => objects
            .iter()
            .map(|object| serde_saphyr::to_string(object).unwrap())
            .collect::<Vec<_>>()
            .join("---\n"),
    }
    .into_bytes()
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn any_damage_to_a_file_is_survived_and_told_in_one_line(
        example in any::<Index>(),
        form in any::<u8>(),
        edits in prop::collection::vec((any::<Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<Index>()),
    ) {
        let mut bytes = file(example, form);
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()) + 1);
        }
        match report_on(&bytes) {
            Ok(report) => prop_assert_eq!(broken_analyzers(&report), Vec::<String>::new()),
            Err(error) => prop_assert!(!error.to_string().contains('\n'), "{}", error),
        }
    }

    #[test]
    fn any_text_is_survived(text in "[ \n\t{}\\[\\],:\"'&*|>#%!a-c1-]{0,80}|\\PC{0,60}") {
        if let Err(error) = report_on(text.as_bytes()) {
            prop_assert!(!error.to_string().contains('\n'), "{}", error);
        }
    }

    #[test]
    fn json_and_yaml_of_the_same_objects_give_the_same_report(example in any::<Index>()) {
        let reports: Vec<_> = (0..3).filter_map(|form| report_on(&file(example, form)).ok()).collect();
        prop_assert_eq!(reports.len(), 3);
        prop_assert_eq!(&reports[0].causes, &reports[1].causes);
        prop_assert_eq!(&reports[0].causes, &reports[2].causes);
    }
}
