//! How causes reach what they break, as a graph of objects: for Graphviz and for Mermaid.

use std::collections::BTreeMap;

use kubelens_core::model::{ObjectRef, Report, Severity};

use crate::terminal::printable;

/// Objects and the relations between them; objects are numbered in the order of the causes.
struct Chart<'a> {
    objects: Vec<(&'a ObjectRef, Option<Severity>)>,
    numbers: BTreeMap<(String, String, String), usize>,
    /// From, to, relation, how many.
    links: Vec<(usize, usize, &'a str, usize)>,
}

impl<'a> Chart<'a> {
    fn of(report: &'a Report) -> Self {
        let mut chart = Self {
            objects: Vec::new(),
            numbers: BTreeMap::new(),
            links: Vec::new(),
        };
        for cause in &report.causes {
            let subject = chart.number(&cause.subject);
            if let Some((_, severity)) = chart.objects.get_mut(subject) {
                *severity = (*severity).max(Some(cause.severity));
            }
            for link in &cause.chain {
                let from = chart.number(&link.cause);
                let to = chart.number(&link.effect);
                let link = (from, to, link.relation.as_str(), link.count);
                if !chart.links.contains(&link) {
                    chart.links.push(link);
                }
            }
        }
        chart
    }

    fn number(&mut self, object: &'a ObjectRef) -> usize {
        let next = self.objects.len();
        let number = *self.numbers.entry(object.key()).or_insert(next);
        if number == next {
            self.objects.push((object, None));
        }
        number
    }
}

fn label(relation: &str, count: usize) -> String {
    match count {
        0 | 1 => relation.to_owned(),
        _ => format!("{relation} ({count})"),
    }
}

/// The graph in Graphviz' language.
pub(super) fn dot(report: &Report) -> String {
    let chart = Chart::of(report);
    let quoted = |text: &str| {
        let text = printable(text).replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{text}\"")
    };
    let mut out = String::from("digraph causes {\n  rankdir=LR;\n  node [shape=box];\n");
    for (number, (object, severity)) in chart.objects.iter().enumerate() {
        let color = match severity {
            Some(Severity::Critical) => ", style=filled, fillcolor=\"#f4b6b6\"",
            Some(Severity::Warning) => ", style=filled, fillcolor=\"#f7e2a8\"",
            Some(Severity::Info) => ", style=filled, fillcolor=\"#cfe2f3\"",
            None => "",
        };
        out.push_str(&format!(
            "  o{number} [label={}{color}];\n",
            quoted(&object.to_string())
        ));
    }
    for (from, to, relation, count) in &chart.links {
        out.push_str(&format!(
            "  o{from} -> o{to} [label={}];\n",
            quoted(&label(relation, *count))
        ));
    }
    out.push_str("}\n");
    out
}

/// The graph in Mermaid's language.
pub(super) fn mermaid(report: &Report) -> String {
    let chart = Chart::of(report);
    // Mermaid reads markup in labels; character codes are shown as they are.
    let quoted = |text: &str| {
        let mut out = String::from("\"");
        for character in printable(text).chars() {
            if "\"#<>&;`\\[]{}|".contains(character) {
                out.push_str(&format!("#{};", u32::from(character)));
            } else {
                out.push(character);
            }
        }
        out.push('"');
        out
    };
    let mut out = String::from("flowchart LR\n");
    for (number, (object, severity)) in chart.objects.iter().enumerate() {
        let class = severity.map_or_else(String::new, |severity| format!(":::{severity}"));
        out.push_str(&format!(
            "  o{number}[{}]{class}\n",
            quoted(&object.to_string())
        ));
    }
    for (from, to, relation, count) in &chart.links {
        out.push_str(&format!(
            "  o{from} -->|{}| o{to}\n",
            quoted(&label(relation, *count))
        ));
    }
    out.push_str("  classDef critical fill:#f4b6b6,color:#000\n");
    out.push_str("  classDef warning fill:#f7e2a8,color:#000\n");
    out.push_str("  classDef info fill:#cfe2f3,color:#000\n");
    out
}
