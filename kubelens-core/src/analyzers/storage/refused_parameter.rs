//! The parameter of a StorageClass that a provisioner does not take.

use crate::kubernetes::StorageClass;

/// Words of programs that do not take a value.
const REFUSES: [&str; 7] = [
    "invalid",
    "unknown",
    "unsupported",
    "not supported",
    "not a valid",
    "unrecognized",
    "not allowed",
];

/// Fewer letters are quoted for many reasons.
const SHORTEST: usize = 2;

/// The parameter, and its value, that the message quotes and calls unfit: `invalid AWS VolumeType "gp4"`.
pub(super) fn refused_parameter<'a>(
    class: &'a StorageClass,
    message: &str,
) -> Option<(&'a str, &'a str)> {
    let text = message.to_lowercase();
    if !REFUSES.iter().any(|words| text.contains(words)) {
        return None;
    }
    class
        .parameters
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .find(|(_, value)| value.len() >= SHORTEST && quotes(message, value))
}

/// Whether the text has the value between quotation marks.
fn quotes(text: &str, value: &str) -> bool {
    text.match_indices(value).any(|(at, _)| {
        let before = text.get(..at).and_then(|rest| rest.chars().next_back());
        let after = text
            .get(at + value.len()..)
            .and_then(|rest| rest.chars().find(|letter| *letter != '\\'));
        before == after && matches!(before, Some('"' | '\'' | '`'))
    })
}

#[cfg(test)]
mod tests {
    use super::{quotes, refused_parameter};
    use crate::kubernetes::StorageClass;

    #[test]
    fn a_value_that_is_quoted_and_called_invalid_is_the_parameters() {
        let class: StorageClass =
            serde_json::from_str(r#"{"parameters": {"fsType": "ext4", "type": "gp33"}}"#)
                .expect("a class");
        let found = |message| refused_parameter(&class, message);
        assert_eq!(
            found(r#"Could not create volume "pvc-1": invalid AWS VolumeType "gp33""#),
            Some(("type", "gp33"))
        );
        assert_eq!(found(r#"volume "gp33" is not ready"#), None);
        assert_eq!(found(r#"invalid zone "eu-1""#), None);
    }

    #[test]
    fn a_part_of_what_is_quoted_is_not_quoted() {
        assert!(quotes("disk type 'pd-fast' is unknown", "pd-fast"));
        assert!(!quotes("disk type 'pd-fast' is unknown", "pd"));
    }
}
