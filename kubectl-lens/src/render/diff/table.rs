//! A line a change.

use kubelens_core::comparison::{ChangeState, ReportDiff};

use super::{View, counts, of_state};
use crate::render::{budget, table};

pub(super) fn print(diff: &ReportDiff, view: &View) -> String {
    let changes: Vec<_> = ChangeState::ALL
        .into_iter()
        .flat_map(|state| of_state(diff, state, view))
        .collect();
    let most = view.most.unwrap_or(changes.len());
    let roomy = view.width >= 100;
    let rows = changes.iter().take(most).map(|change| {
        let cause = &change.cause;
        let mut row = vec![
            change.state.as_str().to_owned(),
            cause.severity.to_string(),
            cause.code.clone(),
        ];
        if roomy {
            row.push(change.before.as_ref().map_or_else(
                || "-".to_owned(),
                |before| format!("{} {}", before.code, before.severity),
            ));
        }
        row.push(cause.subject.to_string());
        row.push(cause.title.clone());
        row
    });
    let headers: &[&str] = if roomy {
        &["STATE", "SEVERITY", "CODE", "BEFORE", "SUBJECT", "TITLE"]
    } else {
        &["STATE", "SEVERITY", "CODE", "SUBJECT", "TITLE"]
    };
    let mut out = table::print(headers, rows, view.width);
    if changes.len() > most {
        out.push_str(&format!(
            "… and {} more: --max-causes 0\n",
            changes.len() - most
        ));
    }
    if let Some(line) = budget::line(diff.omitted.as_ref()) {
        out.push_str(&format!("{line}\n"));
    }
    format!("{out}\n{}\n", counts(diff))
}
