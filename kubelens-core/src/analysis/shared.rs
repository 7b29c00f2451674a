use crate::model::{ObjectRef, Suggestion, counted, safe_text};

/// A thing outside the subject that the fault may lie in: a host, a registry, a Service. One subject that
/// names it may be wrong itself; where several do, what they share is to blame for all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Shared {
    /// The thing.
    pub object: ObjectRef,
    /// What tells this fault of it from others of the same code: a port, a finalizer.
    pub fault: String,
    /// The title before and behind the number of those who suffer.
    title: (String, String),
    /// Who suffers, as one.
    noun: &'static str,
    /// What it means for what runs.
    pub explanation: String,
    /// What to do.
    pub suggestions: Vec<Suggestion>,
}

impl Shared {
    /// A thing that workloads share. The title reads `{before} 3 workloads{behind}`.
    pub fn of(
        object: ObjectRef,
        before: impl Into<String>,
        behind: impl Into<String>,
        explanation: impl Into<String>,
    ) -> Self {
        Self {
            object,
            fault: String::new(),
            title: (safe_text(&before.into()), safe_text(&behind.into())),
            noun: "workload",
            explanation: safe_text(&explanation.into()),
            suggestions: Vec::new(),
        }
    }

    /// Pods share it. The title reads `3 pods{behind}`.
    pub fn of_pods(
        object: ObjectRef,
        behind: impl Into<String>,
        explanation: impl Into<String>,
    ) -> Self {
        Self {
            noun: "pod",
            ..Self::of(object, "", behind, explanation)
        }
    }

    /// What tells this fault of it from others of the same code.
    #[must_use]
    pub fn told_apart_by(mut self, fault: impl Into<String>) -> Self {
        self.fault = fault.into();
        self
    }

    /// What to do.
    #[must_use]
    pub fn suggest(mut self, suggestion: Suggestion) -> Self {
        self.suggestions.push(suggestion);
        self
    }

    /// The title for so many who suffer.
    pub fn title(&self, sufferers: usize) -> String {
        let (before, behind) = &self.title;
        let who = counted(sufferers, self.noun);
        if before.is_empty() {
            format!("{who}{behind}")
        } else {
            format!("{before} {who}{behind}")
        }
    }
}
