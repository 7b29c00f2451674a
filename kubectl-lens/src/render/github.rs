//! Annotations of a GitHub Actions run: workflow commands on standard output.
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use kubelens_core::model::{Cause, Report, Severity};

use crate::terminal::printable;

/// A command for each cause: an error, a warning or a notice.
pub(super) fn annotations(report: &Report) -> String {
    report
        .causes
        .iter()
        .map(|cause| annotation(cause, None))
        .collect()
}

/// The command for one cause; `state` is how it stands to a baseline.
pub(super) fn annotation(cause: &Cause, state: Option<&str>) -> String {
    let level = match cause.severity {
        Severity::Critical => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let fix = cause.suggestions.first().map_or_else(String::new, |first| {
        format!("\nFix: {}", printable(&first.text))
    });
    let message = format!(
        "{}{}{fix}",
        printable(&cause.title),
        match cause.explanation.as_str() {
            "" => String::new(),
            text => format!("\n{}", printable(text)),
        },
    );
    let state = state.map_or_else(String::new, |state| format!("{state}: "));
    let title = format!(
        "{state}{} {}",
        cause.code,
        printable(&cause.subject.to_string())
    );
    format!(
        "::{level} title={}::{}\n",
        property(&title),
        escaped(&message)
    )
}

/// A message on one line, as the runner unescapes it.
fn escaped(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property: what ends one is escaped too.
fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{escaped, property};

    #[test]
    fn text_of_the_cluster_ends_no_command() {
        assert_eq!(escaped("a\n::error::b 100%"), "a%0A::error::b 100%25");
        assert_eq!(property("x,y::z"), "x%2Cy%3A%3Az");
    }
}
