//! `version`: which program this is, and which reports it writes.

use kubelens_core::model::KUBELENS_API_VERSION;
use serde_json::json;

use super::print;
use crate::{
    exit::ExitStatus,
    failure::Failure,
    render::{self, Format, Printout},
    settings::OutputSettings,
};

pub(super) fn run(output: &OutputSettings) -> Result<ExitStatus, Failure> {
    print(output, |output| answer(&output.format))?;
    Ok(ExitStatus::Answered)
}

fn answer(format: &Format) -> Result<Printout, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    Ok(match format {
        format if format.is_for_people() => Printout::Styled(format!(
            "kubectl-lens v{version}\nreports {KUBELENS_API_VERSION}\n"
        )),
        Format::Name => Printout::Exact(format!("kubectl-lens/v{version}\n")),
        format => {
            let document = json!({
                "apiVersion": KUBELENS_API_VERSION,
                "kind": "Version",
                "version": format!("v{version}"),
                "reportVersion": KUBELENS_API_VERSION,
                "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
            });
            render::document(&document, format)?
        }
    })
}
