//! A table that is kept current on a terminal. It writes lines and takes the same lines back, nothing else: however
//! the program ends, the terminal is as it was.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubelens_core::model::{Report, counted, some_of};

use super::journal::Journal;
use crate::{
    failure::Failure,
    render,
    terminal::{Streams, age, columns, instant, printable, rows, take_back},
};

/// Columns and rows where nobody says how many there are.
const USUAL: (usize, usize) = (80, 24);
/// Recoveries that are shown at most.
const MOST_RECOVERED: usize = 5;

/// The terminal.
#[derive(Debug)]
pub(super) struct Screen {
    streams: Streams,
    own_namespace: bool,
    /// Lines that stand there now.
    lines: usize,
}

impl Screen {
    pub(super) fn new(streams: Streams, own_namespace: bool) -> Self {
        Self {
            streams,
            own_namespace,
            lines: 0,
        }
    }

    /// Puts the report in the place of the one before.
    pub(super) fn show(
        &mut self,
        report: &Report,
        journal: &Journal,
        troubles: &BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        let width = columns().unwrap_or(USUAL.0).max(40);
        let height = rows().unwrap_or(USUAL.1).max(8);
        let text = page(
            report,
            journal,
            troubles,
            self.own_namespace,
            (width, height),
        );
        take_back(self.lines)?;
        self.lines = text.lines().count();
        self.streams.data(&text)?;
        Ok(())
    }
}

/// What stands on a screen of so many columns and rows.
fn page(
    report: &Report,
    journal: &Journal,
    troubles: &BTreeMap<String, String>,
    own_namespace: bool,
    (width, height): (usize, usize),
) -> String {
    let mut head = header(report, own_namespace);
    let mut foot = String::new();
    if !journal.recovered.is_empty() {
        foot.push_str("\nRecovered\n");
        for change in journal.recovered.iter().take(MOST_RECOVERED) {
            let cause = &change.cause;
            let ago = ago(change.at, report.taken_at);
            foot.push_str(&format!(
                "  {ago:>5} ago  {} {}: {}\n",
                cause.code, cause.subject, cause.title
            ));
        }
    }
    if !troubles.is_empty() {
        foot.push_str(&format!("\n{}\n", told(troubles)));
    }
    let foot = cut(&foot, width);
    head = cut(&head, width);
    let room = height.saturating_sub(1 + head.lines().count() + foot.lines().count());
    let table = if report.causes.is_empty() {
        "\nNothing is broken.\n".to_owned()
    } else {
        table(report, journal, width, room)
    };
    format!("{head}{table}{foot}")
}

fn header(report: &Report, own_namespace: bool) -> String {
    let mut parts = vec![report.cluster.name.clone()];
    parts.push(match report.scope.namespaces.as_slice() {
        [] => "all namespaces".to_owned(),
        [only] if own_namespace => format!("namespace {only} (-A watches all)"),
        several => format!("namespace {}", several.join(", ")),
    });
    parts.push(format!(
        "{}, {} critical",
        counted(report.summary.causes, "cause"),
        report.summary.critical
    ));
    parts.extend(report.taken_at.map(instant));
    format!("{}\n", parts.join(" · "))
}

/// The causes, as many as there is room for.
fn table(report: &Report, journal: &Journal, width: usize, room: usize) -> String {
    let rows: Vec<Vec<String>> = report
        .causes
        .iter()
        .map(|cause| {
            let new = journal.appeared.get(&cause.id);
            vec![
                cause.severity.to_string(),
                cause.code.clone(),
                match new {
                    Some(at) => format!("new {}", ago(Some(*at), report.taken_at)),
                    None => ago(cause.first_seen, report.taken_at),
                },
                cause.subject.to_string(),
                cause.title.clone(),
            ]
        })
        .collect();
    let headers = ["SEVERITY", "CODE", "SINCE", "SUBJECT", "TITLE"];
    let mut shown = rows.len();
    loop {
        let part = rows.iter().take(shown).cloned();
        let text = render::table(&headers, part, width);
        let hidden = rows.len() - shown;
        let more = if hidden > 0 {
            format!("… and {hidden} more\n")
        } else {
            String::new()
        };
        let lines = text.lines().count() + more.lines().count();
        if lines <= room || shown <= 1 {
            return format!("{text}{more}");
        }
        // A row may take several lines: take away as many rows as there are lines too many, at least one.
        shown = shown.saturating_sub((lines - room).div_ceil(3)).max(1);
    }
}

fn ago(then: Option<Timestamp>, now: Option<Timestamp>) -> String {
    match (then, now) {
        (Some(then), Some(now)) => age(then, now),
        _ => "-".to_owned(),
    }
}

/// `not followed: Pod, Node and 3 more (the connection failed: …); what is shown of them may be old`
pub(in crate::commands) fn told(troubles: &BTreeMap<String, String>) -> String {
    let why = troubles.values().next().map_or("", String::as_str);
    let line = format!(
        "not followed: {} ({why}); what is shown of them may be old, trying again",
        some_of(troubles.keys(), 3)
    );
    printable(&line).into_owned()
}

/// Every line cut to the width, so that a line is a row.
fn cut(text: &str, width: usize) -> String {
    text.lines()
        .map(|line| {
            let line = printable(line);
            let end = line
                .char_indices()
                .nth(width)
                .map_or(line.len(), |(at, _)| at);
            format!("{}\n", line.get(..end).unwrap_or(&line))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::shop_report;

    #[test]
    fn a_page_fits_the_screen_and_says_what_it_leaves_out() {
        let report = shop_report();
        let mut journal = Journal::default();
        journal.note(&report);
        for height in [9, 14, 40] {
            let text = page(&report, &journal, &BTreeMap::new(), false, (90, height));
            let rows = text.lines().count();
            assert!(rows < height || height == 9, "{height}: {text}");
            assert!(
                text.lines().all(|line| line.chars().count() <= 90),
                "{text}"
            );
        }
        let short = page(&report, &journal, &BTreeMap::new(), false, (90, 9));
        assert!(short.contains("more"), "{short}");
    }

    #[test]
    fn what_is_new_recovered_or_not_followed_is_told() {
        let whole = shop_report();
        let mut less = whole.clone();
        let gone = less.causes.remove(0);
        let mut journal = Journal::default();
        journal.note(&less);
        journal.note(&whole);
        let troubles = BTreeMap::from([("Pod".to_owned(), "the connection failed".to_owned())]);
        let text = page(&whole, &journal, &troubles, false, (120, 60));
        assert!(text.contains("new 0s"), "{text}");
        assert!(
            text.contains("not followed: Pod (the connection failed)"),
            "{text}"
        );
        journal.note(&less);
        let text = page(&less, &journal, &BTreeMap::new(), false, (120, 60));
        assert!(text.contains("Recovered"), "{text}");
        assert!(text.contains(&gone.code), "{text}");
    }
}
