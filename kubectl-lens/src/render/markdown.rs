//! Markdown, to paste into a channel or a ticket.

use std::fmt::Write;

use kubelens_core::model::{Cause, Report};

use super::{
    View, budget,
    entries::{Entry, entries},
    human::{proof_statement, safety},
};
use crate::terminal::{instant, printable};

/// The report as Markdown. Text of the cluster cannot become markup.
pub(super) fn report(report: &Report, view: &View) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, report, view);
    out
}

fn write(out: &mut String, report: &Report, view: &View) -> std::fmt::Result {
    let summary = &report.summary;
    writeln!(
        out,
        "# {}: {} critical, {} warning, {} info\n",
        plain(&report.cluster.name),
        summary.critical,
        summary.warning,
        summary.info
    )?;
    let scope = match report.scope.namespaces.as_slice() {
        [] => "all namespaces".to_owned(),
        named => format!("namespace {}", named.join(", ")),
    };
    let time = report
        .taken_at
        .map(|time| format!(", {}", instant(time)))
        .unwrap_or_default();
    writeln!(
        out,
        "{}{time}, {} objects, coverage {}%\n",
        plain(&scope),
        summary.objects,
        report.coverage.percent
    )?;
    let causes = view.causes(report);
    let entries = entries(&causes);
    for entry in entries.iter().take(view.most.unwrap_or(entries.len())) {
        write_entry(out, entry)?;
    }
    if !report.dry_run.is_empty() {
        writeln!(out, "## Server-side dry run\n")?;
        for answer in &report.dry_run {
            let object = plain(&answer.object.to_string());
            match &answer.message {
                Some(message) => writeln!(out, "- {object} refused: {}", code(message))?,
                None => writeln!(out, "- {object} accepted")?,
            }
            for warning in &answer.warnings {
                writeln!(out, "- {object} warned: {}", code(warning))?;
            }
        }
        writeln!(out)?;
    }
    let unnamed = budget::unnamed(report.omitted.as_ref());
    if !report.coverage.kinds.is_empty() || unnamed.is_some() {
        writeln!(out, "## Not known\n")?;
        for kind in &report.coverage.kinds {
            writeln!(
                out,
                "- {} {}: {}",
                plain(&kind.kind),
                kind.state.as_str(),
                plain(&kind.detail)
            )?;
        }
        if let Some(unnamed) = unnamed {
            writeln!(out, "- {unnamed}")?;
        }
        writeln!(out)?;
    }
    if let Some(line) = budget::line(report.omitted.as_ref()) {
        writeln!(out, "_{}_", plain(&line))?;
    }
    Ok(())
}

pub(super) fn write_entry(out: &mut String, entry: &Entry<'_>) -> std::fmt::Result {
    let cause = entry.first;
    writeln!(
        out,
        "## {}. {} ({}, {}, {:.0}%)\n",
        cause.rank,
        plain(entry.title()),
        cause.severity,
        cause.code,
        cause.confidence * 100.0
    )?;
    if !cause.explanation.is_empty() {
        writeln!(out, "{}\n", plain(&cause.explanation))?;
    }
    if !entry.others.is_empty() {
        writeln!(out, "{} causes:\n", entry.size())?;
        for member in std::iter::once(cause).chain(entry.others.iter().copied()) {
            writeln!(out, "- {}", plain(&member.subject.to_string()))?;
        }
        writeln!(out)?;
    }
    write_proof(out, cause)?;
    if !cause.affected.is_empty() {
        let names: Vec<String> = cause
            .affected
            .iter()
            .map(|object| plain(&object.to_string()))
            .collect();
        writeln!(out, "**Hits** {}\n", names.join(", "))?;
    }
    if !cause.clusters.is_empty() {
        let names: Vec<String> = cause
            .clusters
            .iter()
            .map(|cluster| format!("{} ({})", plain(&cluster.name), cluster.severity))
            .collect();
        writeln!(out, "**In** {}\n", names.join(", "))?;
    }
    for suggestion in &cause.suggestions {
        writeln!(
            out,
            "**Fix** {} ({})\n",
            plain(&suggestion.text),
            safety(suggestion.risk)
        )?;
        if let Some(command) = &suggestion.command {
            let command = printable(command);
            let fence = "`".repeat(longest_run(&command, '`').max(2) + 1);
            writeln!(out, "{fence}sh\n{command}\n{fence}\n")?;
        }
    }
    Ok(())
}

fn write_proof(out: &mut String, cause: &Cause) -> std::fmt::Result {
    if cause.evidence.is_empty() {
        return Ok(());
    }
    writeln!(out, "**Proof**\n")?;
    for item in &cause.evidence {
        writeln!(
            out,
            "- {}: {}",
            plain(&item.object.to_string()),
            code(&proof_statement(item))
        )?;
    }
    writeln!(out)
}

/// Text in which nothing is markup.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for character in printable(text).chars() {
        // `&` too: `&#x202e;` would become what was taken out.
        if "\\`*_{}[]<>#|~!@&".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// Text as code, in more back-ticks than it holds in a row.
fn code(text: &str) -> String {
    let text = printable(text);
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    let gap = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{ticks}{gap}{text}{gap}{ticks}")
}

fn longest_run(text: &str, wanted: char) -> usize {
    text.split(|character| character != wanted)
        .map(str::len)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{code, plain};

    #[test]
    fn text_of_the_cluster_is_no_markup() {
        assert_eq!(
            plain("![x](http://evil) @all"),
            r"\!\[x\](http://evil) \@all"
        );
        assert_eq!(plain("&#x202e;&lt;b&gt;"), r"\&\#x202e;\&lt;b\&gt;");
        assert_eq!(code("a `b` c"), "``a `b` c``");
        assert_eq!(code("```"), "```` ``` ````");
    }
}
