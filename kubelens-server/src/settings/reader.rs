//! Typed values out of raw ones. What cannot be read becomes a problem and its default goes on,
//! so that one run tells everything.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::problem::{Problem, Problems};
use super::{Secret, Sources};

/// Reads values and collects what is wrong.
pub(super) struct Reader<'a> {
    pub(super) sources: &'a Sources,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sources: &'a Sources) -> Reader<'a> {
        let problems = sources.problems().to_vec();
        Reader { sources, problems }
    }

    pub(super) fn finish(self) -> Result<(), Problems> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(Problems(self.problems))
        }
    }

    pub(super) fn problem(&mut self, setting: &str, text: impl Into<String>) {
        let (setting, text) = (setting.to_owned(), text.into());
        self.problems.push(Problem { setting, text });
    }

    pub(super) fn optional(&self, name: &str) -> Option<&'a str> {
        self.sources.raw(name)
    }

    pub(super) fn text(&self, name: &str, default: &str) -> String {
        self.optional(name).unwrap_or(default).to_owned()
    }

    pub(super) fn secret(&self, name: &str) -> Option<Secret> {
        self.optional(name).map(Secret::from)
    }

    pub(super) fn flag(&mut self, name: &str, default: bool) -> bool {
        let Some(text) = self.optional(name) else {
            return default;
        };
        match text.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => true,
            "0" | "false" | "no" | "off" => false,
            _ => {
                self.problem(name, format!("{text:?} is neither true nor false"));
                default
            }
        }
    }

    pub(super) fn number<T>(&mut self, name: &str, default: T, range: RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let Some(text) = self.optional(name) else {
            return default;
        };
        match text.trim().parse() {
            Ok(value) if range.contains(&value) => value,
            _ => {
                let (low, high) = (range.start(), range.end());
                self.problem(
                    name,
                    format!("{text:?} is not a number from {low} to {high}"),
                );
                default
            }
        }
    }

    pub(super) fn seconds(
        &mut self,
        name: &str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Duration {
        Duration::from_secs(self.number(name, default, range))
    }

    pub(super) fn choice<T: Copy>(&mut self, name: &str, default: T, choices: &[(&str, T)]) -> T {
        let Some(text) = self.optional(name) else {
            return default;
        };
        let wanted = text.trim().to_ascii_lowercase();
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == wanted) {
            return *value;
        }
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        self.problem(name, format!("{text:?} is none of {}", words.join(", ")));
        default
    }

    /// An http or https address.
    pub(super) fn url(&mut self, name: &str, default: &str) -> Option<Url> {
        let text = self.optional(name).unwrap_or(default);
        if text.is_empty() {
            return None;
        }
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
            _ => {
                // An address may carry a secret: it is not repeated.
                self.problem(name, "is not an http or https address");
                None
            }
        }
    }

    /// Values between commas, trimmed, empty ones left out, each read by `parse`.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        mut parse: impl FnMut(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let text = self.optional(name).unwrap_or_default();
        let mut values = Vec::new();
        for part in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            match parse(part) {
                Ok(value) => values.push(value),
                Err(problem) => self.problem(name, problem),
            }
        }
        values
    }
}

/// Text out of base64, with or without line breaks.
pub(super) fn decode_base64(text: &str) -> Result<String, String> {
    let packed: String = text.split_whitespace().collect();
    let bytes = STANDARD
        .decode(packed)
        .map_err(|_| "is not base64".to_owned())?;
    String::from_utf8(bytes).map_err(|_| "is not text once decoded".to_owned())
}
