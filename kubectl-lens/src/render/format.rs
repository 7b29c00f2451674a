//! What `-o` asks for.

use crate::{
    failure::Failure, jsonpath::Template, nearest::did_you_mean, render::columns::Columns,
};

/// An output format, ready to use.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Format {
    #[default]
    Human,
    Wide,
    Table,
    Json,
    Yaml,
    Name,
    Markdown,
    Html,
    Ndjson,
    Csv,
    Junit,
    Sarif,
    Github,
    Prometheus,
    Dot,
    Mermaid,
    JsonPath(Template),
    Columns(Columns),
}

const NAMES: [&str; 20] = [
    "human",
    "wide",
    "table",
    "json",
    "yaml",
    "name",
    "markdown",
    "html",
    "ndjson",
    "csv",
    "junit",
    "sarif",
    "github",
    "prometheus",
    "dot",
    "mermaid",
    "jsonpath",
    "jsonpath-file",
    "custom-columns",
    "custom-columns-file",
];

impl Format {
    /// The format that `text` asks for: `json`, `jsonpath={.causes[*].code}`.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let (name, argument) = match text.split_once('=') {
            Some((name, argument)) => (name, Some(argument)),
            None => (text, None),
        };
        match (name, argument) {
            ("human" | "", None) => Ok(Self::Human),
            ("wide", None) => Ok(Self::Wide),
            ("table", None) => Ok(Self::Table),
            ("json", None) => Ok(Self::Json),
            ("yaml", None) => Ok(Self::Yaml),
            ("name", None) => Ok(Self::Name),
            ("markdown" | "md", None) => Ok(Self::Markdown),
            ("html", None) => Ok(Self::Html),
            ("ndjson", None) => Ok(Self::Ndjson),
            ("csv", None) => Ok(Self::Csv),
            ("junit", None) => Ok(Self::Junit),
            ("sarif", None) => Ok(Self::Sarif),
            ("github", None) => Ok(Self::Github),
            ("prometheus", None) => Ok(Self::Prometheus),
            ("dot", None) => Ok(Self::Dot),
            ("mermaid", None) => Ok(Self::Mermaid),
            ("jsonpath", Some(template)) if !template.is_empty() => {
                jsonpath(template, "-o jsonpath")
            }
            ("jsonpath-file", Some(path)) if !path.is_empty() => jsonpath(&read(path)?, path),
            ("custom-columns", Some(spec)) if !spec.is_empty() => {
                Ok(Self::Columns(Columns::parse(spec)?))
            }
            ("custom-columns-file", Some(path)) if !path.is_empty() => {
                Ok(Self::Columns(Columns::parse_file(&read(path)?)?))
            }
            ("jsonpath", _) => Err(needs("jsonpath", "'{.causes[*].code}'")),
            ("custom-columns", _) => {
                Err(needs("custom-columns", "CODE:.code,SUBJECT:.subject.name"))
            }
            ("jsonpath-file" | "custom-columns-file", _) => Err(needs(name, "FILE")),
            ("go-template" | "go-template-file" | "template" | "templatefile", _) => {
                Err(Failure::new("-o go-template is not supported")
                    .way_out("-o jsonpath='{.causes[*].code}'"))
            }
            _ => Err(
                Failure::new(format!("-o {text} is not a format ({})", NAMES.join(", ")))
                    .way_out(way_out(text, name)),
            ),
        }
    }

    /// Whether what follows this format's `=` is what to print, and so no file.
    pub(crate) fn takes_argument(name: &str) -> bool {
        matches!(
            name,
            "jsonpath"
                | "jsonpath-file"
                | "custom-columns"
                | "custom-columns-file"
                | "go-template"
                | "go-template-file"
                | "template"
                | "templatefile"
        )
    }

    /// Whether people are meant to read it as it is printed.
    pub(crate) const fn is_for_people(&self) -> bool {
        matches!(
            self,
            Self::Human | Self::Wide | Self::Table | Self::Markdown
        )
    }
}

/// The nearest format, or how the file is written that was named in a format's place.
fn way_out(text: &str, name: &str) -> String {
    let ending = std::path::Path::new(text)
        .extension()
        .and_then(|ending| NAMES.into_iter().find(|name| ending == *name));
    match ending {
        Some(format) => format!("-o {format}={text} writes that file"),
        None => did_you_mean(name, NAMES).unwrap_or_default(),
    }
}

fn jsonpath(template: &str, place: &str) -> Result<Format, Failure> {
    Template::parse(template)
        .map(Format::JsonPath)
        .map_err(|error| {
            Failure::new(format!("{place}: {error}"))
                .way_out(format!("the template was: {template}"))
        })
}

fn read(path: &str) -> Result<String, Failure> {
    use anyhow::Context;
    Ok(std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?)
}

fn needs(name: &str, example: &str) -> Failure {
    Failure::new(format!("-o {name} needs what to print")).way_out(format!("-o {name}={example}"))
}

#[cfg(test)]
mod tests {
    use super::Format;

    fn error(text: &str) -> String {
        Format::parse(text)
            .map_err(|failure| failure.to_string())
            .expect_err("an error")
    }

    #[test]
    fn a_bad_template_says_where() {
        assert_eq!(
            error("jsonpath={.causes[}"),
            "error: -o jsonpath: character 10: `}` in brackets: expected a number, `1:3`, `*`, `'key'` or `?(…)`\n  \
             try: the template was: {.causes[}"
        );
    }

    #[test]
    fn an_unknown_format_names_the_nearest() {
        assert!(
            error("jsn").ends_with("\n  try: did you mean json?"),
            "{}",
            error("jsn")
        );
        assert!(error("report.html").ends_with("\n  try: -o html=report.html writes that file"));
        assert!(error("go-template={{.x}}").contains("not supported"));
    }

    #[test]
    fn a_format_that_needs_an_argument_says_so() {
        assert!(error("jsonpath").contains("needs what to print"));
        assert!(error("custom-columns=").contains("custom-columns=CODE:.code"));
    }
}
