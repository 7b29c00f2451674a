use std::fmt;

/// A field that the API server refuses, in the words of its own answer
/// (`k8s.io/apimachinery/pkg/util/validation/field`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldError {
    /// Where it is: `spec.template.spec.containers[0].ports[1].name`.
    pub path: String,
    /// What is wrong with it: `Duplicate value: "http"`.
    pub message: String,
    /// The API does not know the field. `kubectl apply` refuses it; who does not ask for strict validation loses it
    /// without a word.
    pub is_unknown_field: bool,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}
