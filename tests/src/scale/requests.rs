//! Counts what the plugin asked the API server, from the server's own audit log.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::manifest::text_at;

/// How often a user asked for what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests {
    /// Lists by resource and page; a page has its own query.
    pub lists: BTreeMap<String, usize>,
    /// Reads of container logs.
    pub logs: usize,
    /// The version, the kinds that are served.
    pub others: usize,
}

impl Requests {
    /// All of them but the logs.
    pub fn without_logs(&self) -> usize {
        self.lists.values().sum::<usize>() + self.others
    }

    /// What was listed more than once.
    pub fn repeated(&self) -> Vec<&str> {
        let repeated = self.lists.iter().filter(|(_, times)| **times > 1);
        repeated.map(|(list, _)| list.as_str()).collect()
    }
}

/// The length of the audit log: where the requests to come will stand.
pub fn mark(log: &Path) -> Result<usize> {
    Ok(std::fs::metadata(log)
        .map_or(0, |file| file.len())
        .try_into()?)
}

/// What was asked since `mark`.
pub fn since(log: &Path, mark: usize) -> Result<Requests> {
    let text = std::fs::read_to_string(log).with_context(|| format!("read {}", log.display()))?;
    count(text.get(mark..).unwrap_or_default())
}

fn count(lines: &str) -> Result<Requests> {
    let mut requests = Requests::default();
    for line in lines.lines() {
        let event: Value = serde_json::from_str(line)?;
        let path = text_at(&event, "/requestURI");
        if text_at(&event, "/objectRef/subresource") == "log" {
            requests.logs += 1;
        } else if text_at(&event, "/verb") == "list" {
            *requests.lists.entry(path.to_owned()).or_default() += 1;
        } else {
            requests.others += 1;
        }
    }
    Ok(requests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_logs_and_the_rest_are_told_apart() {
        let lines = [
            r#"{"verb":"get","requestURI":"/version"}"#,
            r#"{"verb":"list","requestURI":"/api/v1/pods?resourceVersion=0","objectRef":{"resource":"pods"}}"#,
            r#"{"verb":"list","requestURI":"/api/v1/pods?resourceVersion=0","objectRef":{"resource":"pods"}}"#,
            r#"{"verb":"get","requestURI":"/api/v1/namespaces/a/pods/b/log","objectRef":{"resource":"pods","subresource":"log"}}"#,
        ];
        let requests = count(&lines.join("\n")).unwrap();
        assert_eq!(requests.without_logs(), 3);
        assert_eq!((requests.logs, requests.others), (1, 1));
        assert_eq!(requests.repeated(), ["/api/v1/pods?resourceVersion=0"]);
    }
}
