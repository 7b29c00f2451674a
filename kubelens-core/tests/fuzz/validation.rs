//! What the API server would refuse in damaged manifests.

use kubelens_core::validation::validate;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::cases;
use crate::corpus::EXAMPLES;
use crate::damage::edit;

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn any_object_is_validated_in_lines_of_bounded_length(
        example in any::<Index>(),
        object in any::<Index>(),
        edits in prop::collection::vec(edit(), 0..6),
    ) {
        let mut objects = EXAMPLES[example.index(EXAMPLES.len())].world.objects.clone();
        for edit in &edits {
            edit.apply(&mut objects);
        }
        prop_assume!(!objects.is_empty());
        for error in validate(&objects[object.index(objects.len())]) {
            let line = error.to_string();
            prop_assert!(!line.contains(|letter: char| letter.is_control()), "{}", line);
            prop_assert!(line.chars().count() <= 700, "{}", line);
        }
    }
}
