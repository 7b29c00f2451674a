//! Causes as failed test cases, for the test view of a CI system.

use std::io::Write;

use anyhow::Context;
use kubelens_core::model::{Cause, Report, Severity};
use quick_xml::{Writer, events::BytesText};

use crate::{failure::Failure, terminal::printable};

/// One suite with a case for each cause: critical and warning ones failed, notes passed. A cluster
/// without a cause is one case that passed.
pub(super) fn suite(report: &Report) -> Result<String, Failure> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    write(&mut writer, report).context("cannot write XML")?;
    let text = String::from_utf8(writer.into_inner()).context("cannot write XML")?;
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}\n"
    ))
}

fn write(writer: &mut Writer<impl Write>, report: &Report) -> std::io::Result<()> {
    let name = format!("kubelens {}", printable(&report.cluster.name));
    let failures = report.summary.critical + report.summary.warning;
    let cases = report.causes.len().max(1);
    let suite = writer
        .create_element("testsuite")
        .with_attribute(("name", name.as_str()))
        .with_attribute(("tests", cases.to_string().as_str()))
        .with_attribute(("failures", failures.to_string().as_str()));
    let suite = match report.taken_at {
        Some(at) => suite.with_attribute(("timestamp", at.to_string().as_str())),
        None => suite,
    };
    suite.write_inner_content(|writer| {
        for cause in &report.causes {
            case(writer, cause)?;
        }
        if report.causes.is_empty() {
            writer
                .create_element("testcase")
                .with_attribute(("classname", "kubelens"))
                .with_attribute(("name", "no cause was found"))
                .write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

fn case(writer: &mut Writer<impl Write>, cause: &Cause) -> std::io::Result<()> {
    let class = format!("{} {}", cause.code, cause.name);
    let title = printable(&cause.title);
    writer
        .create_element("testcase")
        .with_attribute(("classname", class.as_str()))
        .with_attribute(("name", printable(&cause.subject.to_string()).as_ref()))
        .write_inner_content(|writer| {
            if cause.severity == Severity::Info {
                let out = writer.create_element("system-out");
                out.write_text_content(BytesText::new(&title))?;
            } else {
                writer
                    .create_element("failure")
                    .with_attribute(("type", cause.severity.as_str()))
                    .with_attribute(("message", title.as_ref()))
                    .write_text_content(BytesText::new(&details(cause)))?;
            }
            Ok(())
        })?;
    Ok(())
}

/// The explanation, and what to do.
fn details(cause: &Cause) -> String {
    let mut lines = vec![printable(&cause.explanation).into_owned()];
    for suggestion in &cause.suggestions {
        lines.push(format!("Fix: {}", printable(&suggestion.text)));
        if let Some(command) = &suggestion.command {
            lines.push(format!("$ {}", printable(command)));
        }
    }
    lines.join("\n")
}
