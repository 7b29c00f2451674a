//! One cause a line, for programs that read a stream.

use kubelens_core::model::Report;

use super::json;
use crate::failure::Failure;

/// A line of JSON for each cause, in the order of their ranks.
pub(super) fn causes(report: &Report) -> Result<String, Failure> {
    report.causes.iter().map(json::line).collect()
}
