//! What to do, with commands to copy.

use kubelens_core::model::{Risk, Suggestion};

use super::{INDENT, LABEL, label};
use crate::terminal::{Page, Span, Theme, fold_command};

pub(super) fn print(suggestions: &[Suggestion], page: &mut Page) {
    for (place, suggestion) in suggestions.iter().enumerate() {
        let name = if place == 0 { "Fix" } else { "" };
        let mut advice = vec![Span::plain(&suggestion.text)];
        let Some(command) = &suggestion.command else {
            page.hanging(&[label(name)], &advice);
            continue;
        };
        advice.push(Span::plain(" "));
        advice.push(Span::new(
            format!("[{}]", safety(suggestion.risk)),
            Theme::risk(suggestion.risk),
        ));
        page.hanging(&[label(name)], &advice);
        let margin = format!("{INDENT}{:LABEL$}", "");
        let room = page.width().saturating_sub(margin.len() + 2);
        for (line, text) in fold_command(command, room).into_iter().enumerate() {
            let prompt = if line == 0 { "$ " } else { "  " };
            page.line(&[
                Span::plain(&margin),
                Span::new(prompt, Theme::QUIET),
                Span::new(text, Theme::COMMAND),
            ]);
        }
    }
}

/// The word on a command: what carrying it out can do.
pub(in crate::render) const fn safety(risk: Risk) -> &'static str {
    match risk {
        Risk::None => "only reads",
        Risk::Low => "low risk",
        Risk::Medium => "medium risk: restarts or moves what serves",
        Risk::High => "HIGH RISK: deletes, or can lose data",
    }
}
