//! Documents of KubeLens' own, read strictly: a key that nobody knows is an error, not silence.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Problem;
use crate::kubernetes::yaml;
use crate::model::{KUBELENS_API_VERSION, Placed, did_you_mean, safe_text};

/// Longest document, in bytes: what people write by hand is far below.
const LONGEST: usize = 4 * 1024 * 1024;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Header {
    api_version: Option<Placed<String>>,
    kind: Option<Placed<String>>,
}

/// Reads a document of this kind; `place` is what messages call its file.
pub(super) fn read<T: DeserializeOwned>(place: &str, kind: &str, text: &str) -> Result<T, Problem> {
    let start = Placed::nowhere(());
    if text.len() > LONGEST {
        return Err(Problem::with(place, &start, "this is longer than 4 MiB"));
    }
    let header: Header = yaml::from_str(text).map_err(|error| explain(place, &error))?;
    let expected =
        format!("it begins with `apiVersion: {KUBELENS_API_VERSION}` and `kind: {kind}`");
    for (field, found, wanted) in [
        ("apiVersion", &header.api_version, KUBELENS_API_VERSION),
        ("kind", &header.kind, kind),
    ] {
        match found {
            None => {
                let words = format!("{field} is missing");
                return Err(Problem::with(place, &start, words).hint(&expected));
            }
            Some(found) if found.value != wanted => {
                let words = format!("{field} is `{}`, not `{wanted}`", safe_text(&found.value));
                return Err(Problem::with(place, found, words));
            }
            Some(_) => {}
        }
    }
    yaml::from_str(text).map_err(|error| explain(place, &error))
}

/// The parser's words, with the nearest of what it expected.
fn explain(place: &str, error: &serde_saphyr::Error) -> Problem {
    let location = error.location();
    let at = Placed {
        value: (),
        line: location.map_or(1, |location| location.line()),
        column: location.map_or(1, |location| location.column()),
    };
    let near = |word: &str, expected: &[&'static str]| {
        did_you_mean(word, expected.iter().copied())
            .unwrap_or_else(|| format!("known are {}", expected.join(", ")))
    };
    match error.without_snippet() {
        serde_saphyr::Error::SerdeUnknownField {
            field, expected, ..
        } => Problem::with(place, &at, format!("unknown key `{}`", safe_text(field)))
            .hint(&near(field, expected)),
        serde_saphyr::Error::SerdeUnknownVariant {
            variant, expected, ..
        } => Problem::with(place, &at, format!("unknown word `{}`", safe_text(variant)))
            .hint(&near(variant, expected)),
        serde_saphyr::Error::SerdeMissingField { field, .. } => {
            Problem::with(place, &at, format!("`{field}` is missing"))
        }
        other => Problem::with(place, &at, safe_text(&yaml::in_plain_words(other))),
    }
}
