//! `--contexts` -> the contexts that it means.

use glob::Pattern;
use kubelens_core::source::LiveSource;

use super::connect_options;
use crate::{cli::ConnectionFlags, failure::Failure, nearest::did_you_mean, picture};

/// The contexts that the words name, in the order of their names; each word names at least one.
pub(crate) fn contexts(
    words: &[String],
    connection: &ConnectionFlags,
) -> Result<Vec<String>, Failure> {
    let known = LiveSource::contexts(&connect_options(connection)).map_err(picture::told)?;
    chosen(words, &known)
}

fn chosen(words: &[String], known: &[String]) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> = Vec::new();
    for word in words.iter().map(|word| word.trim()) {
        let pattern = Pattern::new(word).map_err(|error| {
            Failure::new(format!("--contexts `{word}` is not a pattern: {error}"))
        })?;
        let before = names.len();
        // A name may hold what is special in a pattern.
        let is_meant = |name: &&String| *name == word || pattern.matches(name);
        names.extend(known.iter().filter(is_meant).cloned());
        if names.len() == before {
            let way_out = did_you_mean(word, known.iter().map(String::as_str))
                .unwrap_or_else(|| "kubectl config get-contexts lists them".to_owned());
            return Err(Failure::new(format!(
                "--contexts `{word}` names no context of the kubeconfig"
            ))
            .way_out(way_out));
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::chosen;

    fn names(words: &[&str]) -> Result<Vec<String>, String> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let known = ["prod-us", "prod-eu", "dev", "arn:aws:eks:[x]"].map(ToOwned::to_owned);
        chosen(&words, &known).map_err(|failure| failure.to_string())
    }

    #[test]
    fn contexts_are_meant_by_name_and_pattern_each_once() {
        assert_eq!(
            names(&["prod-*"]),
            Ok(vec!["prod-eu".into(), "prod-us".into()])
        );
        assert_eq!(
            names(&["dev", "*", "arn:aws:eks:[x]"]).map(|names| names.len()),
            Ok(4)
        );
    }

    #[test]
    fn a_pattern_that_means_nothing_is_an_error() {
        let told = names(&["prod-*", "prood-eu"]).expect_err("an error");
        assert!(
            told.contains("`prood-eu` names no context") && told.contains("did you mean prod-eu"),
            "{told}"
        );
        assert!(
            names(&["[a"])
                .expect_err("an error")
                .contains("is not a pattern")
        );
    }
}
