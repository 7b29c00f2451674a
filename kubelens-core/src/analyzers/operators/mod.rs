pub(super) mod bad_condition;
pub(super) mod controller;
pub(super) mod custom_resource_failing;
pub(super) mod failing;
pub(super) mod named_object;
pub(super) mod operator_down_or_lagging;
pub(super) mod pack;
pub(super) mod reference;
pub(crate) static ALL: &[&crate::analysis::Analyzer] = &[&custom_resource_failing::ANALYZER, &operator_down_or_lagging::ANALYZER];
