//! Whether a report names the faults that the loader made, each once, and nothing else.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::load::{Fault, Size, name, namespace};
use crate::manifest::text_at;

/// What a report has to say about one fault.
#[derive(Debug)]
struct Expected {
    code: &'static str,
    severity: &'static str,
    /// Kind, namespace and name of the object that has to be changed.
    subject: String,
    /// What the title or the explanation says, all of it.
    words: Vec<String>,
}

impl Expected {
    fn of(number: usize, size: Size) -> Option<Self> {
        let (namespace, name) = (namespace(number), name(number));
        Some(match Fault::of(number) {
            Fault::None => return None,
            Fault::NodeSelector => Self {
                code: "SCH005",
                severity: "critical",
                subject: format!("Deployment {namespace}/{name}"),
                words: vec![
                    "disk=nvme".to_owned(),
                    format!("none of {} worker nodes", size.nodes),
                    format!("{} pods of Deployment {namespace}/{name}", size.replicas),
                ],
            },
            Fault::ConfigMap => Self {
                code: "CFG001",
                severity: "warning",
                subject: format!("ConfigMap {namespace}/{name}"),
                words: vec![
                    "the next restart".to_owned(),
                    format!("Deployment {namespace}/{name}"),
                ],
            },
            Fault::Selector => Self {
                code: "NET002",
                severity: "critical",
                subject: format!("Service {namespace}/{name}"),
                words: vec![format!("app={name}")],
            },
        })
    }

    fn is_met_by(&self, cause: &Value) -> bool {
        let said = format!(
            "{} {}",
            text_at(cause, "/title"),
            text_at(cause, "/explanation")
        );
        text_at(cause, "/code") == self.code
            && text_at(cause, "/severity") == self.severity
            && self.words.iter().all(|words| said.contains(words))
    }
}

/// What was found of what was planted.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Causes of severity warning or above, by code.
    pub causes: BTreeMap<String, usize>,
    /// How many faults there are.
    pub planted: usize,
    /// How many of them have one cause, which says all that it has to.
    pub named: usize,
    /// What is missing, told badly or too much; one line each.
    pub complaints: Vec<String>,
}

/// Compares a report with what the loader did.
pub fn judge(report: &Value, size: Size) -> Verdict {
    let mut verdict = Verdict::default();
    let mut by_subject: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    let causes = report.pointer("/causes").and_then(Value::as_array);
    for cause in causes.into_iter().flatten() {
        if text_at(cause, "/severity") == "info" {
            continue;
        }
        *verdict
            .causes
            .entry(text_at(cause, "/code").to_owned())
            .or_default() += 1;
        by_subject.entry(subject(cause)).or_default().push(cause);
    }
    for expected in (0..size.deployments).filter_map(|number| Expected::of(number, size)) {
        verdict.planted += 1;
        match by_subject.remove(&expected.subject).as_deref() {
            Some([cause]) if expected.is_met_by(cause) => verdict.named += 1,
            Some(causes) => {
                let said = causes.iter().map(|cause| told(cause)).collect::<Vec<_>>();
                verdict.complaints.push(format!(
                    "{} {} wants one {} with {:?}, and there is: {}",
                    expected.code,
                    expected.subject,
                    expected.severity,
                    expected.words,
                    said.join("; ")
                ));
            }
            None => {
                let line = format!("{} {}: no cause", expected.code, expected.subject);
                verdict.complaints.push(line);
            }
        }
    }
    for cause in by_subject.values().flatten() {
        verdict
            .complaints
            .push(format!("nobody planted this: {}", told(cause)));
    }
    verdict
}

fn subject(cause: &Value) -> String {
    let at = |field: &str| text_at(cause, &format!("/subject/{field}")).to_owned();
    format!("{} {}/{}", at("kind"), at("namespace"), at("name"))
}

fn told(cause: &Value) -> String {
    format!(
        "{} {} {:?} {:?}",
        text_at(cause, "/severity"),
        text_at(cause, "/code"),
        text_at(cause, "/title"),
        text_at(cause, "/explanation")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SIZE: Size = Size {
        nodes: 3,
        deployments: 4,
        replicas: 10,
        events: 0,
    };

    fn cause(explanation: &str) -> Value {
        json!({
            "code": "SCH005",
            "severity": "critical",
            "subject": { "kind": "Deployment", "namespace": "load-00", "name": "svc-0003" },
            "title": "No node has the label: disk=nvme",
            "explanation": explanation,
        })
    }

    #[test]
    fn a_fault_counts_when_one_cause_says_all_about_it() {
        let good = cause(
            "It matches none of 3 worker nodes. Seen on 10 pods of Deployment load-00/svc-0003.",
        );
        let verdict = judge(&json!({ "causes": [good] }), SIZE);
        assert_eq!((verdict.planted, verdict.named), (1, 1));
        assert!(verdict.complaints.is_empty(), "{:?}", verdict.complaints);
    }

    #[test]
    fn what_is_missing_vague_double_or_too_much_is_complained_of() {
        let vague = cause("It matches nothing.");
        let mut stray = cause("");
        stray["subject"]["name"] = json!("svc-0004");
        for causes in [json!([]), json!([vague]), json!([vague, vague])] {
            let verdict = judge(&json!({ "causes": causes }), SIZE);
            assert_eq!((verdict.named, verdict.complaints.len()), (0, 1));
        }
        let verdict = judge(&json!({ "causes": [stray] }), SIZE);
        assert_eq!(verdict.complaints.len(), 2);
    }
}
