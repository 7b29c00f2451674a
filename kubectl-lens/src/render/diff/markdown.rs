//! The comparison as Markdown, for a merge request or a ticket.

use std::fmt::Write;

use kubelens_core::comparison::{ChangeState, ReportDiff};

use super::{View, counts, is_told_in_full, of_state};
use crate::{
    render::{
        budget,
        entries::Entry,
        markdown::{plain, write_entry},
    },
    terminal::instant,
};

pub(super) fn print(diff: &ReportDiff, view: &View) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, diff, view);
    out
}

fn write(out: &mut String, diff: &ReportDiff, view: &View) -> std::fmt::Result {
    let time = |time: Option<jiff::Timestamp>| time.map_or("no time".to_owned(), instant);
    writeln!(
        out,
        "# {}: {}\n",
        plain(&diff.newer.cluster.name),
        counts(diff)
    )?;
    writeln!(
        out,
        "{}, compared with {}\n",
        time(diff.newer.taken_at),
        time(diff.older.taken_at)
    )?;
    for note in &diff.notes {
        writeln!(out, "> {}\n", plain(note))?;
    }
    for state in ChangeState::ALL {
        let changes = of_state(diff, state, view);
        if changes.is_empty() {
            continue;
        }
        writeln!(out, "# {} ({})\n", capital(state.as_str()), changes.len())?;
        let most = view.most.unwrap_or(changes.len());
        for change in changes.iter().take(most) {
            let cause = &change.cause;
            if is_told_in_full(state) {
                write_entry(
                    out,
                    &Entry {
                        first: cause,
                        others: Vec::new(),
                    },
                )?;
                for reason in &change.reasons {
                    writeln!(out, "**Diff** {}\n", plain(reason))?;
                }
            } else {
                write!(
                    out,
                    "- {} {}: {}",
                    cause.severity,
                    cause.code,
                    plain(&cause.title)
                )?;
                for reason in &change.reasons {
                    write!(out, "; {}", plain(reason))?;
                }
                writeln!(out)?;
            }
        }
        if changes.len() > most {
            writeln!(out, "- and {} more", changes.len() - most)?;
        }
        writeln!(out)?;
    }
    if !diff.recovered.is_empty() {
        writeln!(
            out,
            "# Broke and recovered in between ({})\n",
            diff.recovered.len()
        )?;
        for recovery in &diff.recovered {
            writeln!(out, "- {}", plain(&recovery.title))?;
        }
    }
    if let Some(line) = budget::line(diff.omitted.as_ref()) {
        writeln!(out, "_{}_", plain(&line))?;
    }
    Ok(())
}

fn capital(word: &str) -> String {
    kubelens_core::model::capitalized(word)
}
