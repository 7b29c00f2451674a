//! What the API server said to manifests that it only tried.

use kubelens_core::model::ServerAnswer;

use crate::terminal::{Page, Span, Theme};

pub(super) fn print(answers: &[ServerAnswer], page: &mut Page) {
    if answers.is_empty() {
        return;
    }
    let taken = answers.iter().filter(|answer| answer.accepted).count();
    page.hanging(
        &[],
        &[
            Span::new("Server-side dry run", Theme::TITLE),
            Span::new(
                format!(": the API server would take {taken} of {}", answers.len()),
                Theme::QUIET,
            ),
        ],
    );
    for answer in answers {
        if let Some(message) = &answer.message {
            page.hanging(
                &[Span::new("  refused  ", Theme::BAD)],
                &[Span::plain(format!("{}: “{message}”", answer.object))],
            );
        }
        for warning in &answer.warnings {
            page.hanging(
                &[Span::new("  warned   ", Theme::LABEL)],
                &[Span::plain(format!("{}: “{warning}”", answer.object))],
            );
        }
    }
    page.blank();
}
