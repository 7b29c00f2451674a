//! What a template is made of.

use serde_json::Value;

/// A stretch of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// Text outside braces, printed as it is.
    Text(String),
    /// `{…}`: each thing that the steps find is printed, blanks between.
    Print(Vec<Step>),
    /// `{range …}body{end}`.
    Range { over: Vec<Step>, body: Vec<Part> },
}

/// One step from the values at hand to the next ones, and where it stands in the template.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) at: usize,
    pub(super) action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// `.name`: that field of each map that has it.
    Field(String),
    /// `.*`: every field of a map, every item of a list.
    Wildcard,
    /// `..`: the value and every map and list below it.
    Recursive,
    /// `[2]`, `[1:3]`, `[*]`: items of a list.
    Slice(Slice),
    /// `['a','b']`, `[0,2]`: what each finds, one after the other.
    Union(Vec<Vec<Step>>),
    /// `[?(…)]`: the items of a list for which the test holds.
    Filter(Test),
    /// `"text"`, `7`, `true`: the value itself.
    Literal(Value),
}

/// Which items of a list: `from` up to and without `to`, each `every`th.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) from: i64,
    pub(super) to: End,
    pub(super) every: usize,
}

/// Where a slice ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// After its first item: `[2]`.
    AfterOne,
    /// Before this item: `[1:3]`.
    Before(i64),
    /// With the list: `[1:]`.
    Open,
}

/// What a filter asks of an item.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    /// The path finds something.
    Exists(Vec<Step>),
    /// What the two sides find compares like this.
    Compare {
        left: Vec<Step>,
        operator: Operator,
        right: Vec<Step>,
    },
}

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
