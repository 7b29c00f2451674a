//! `config`: what is set, and where.

use anyhow::Context;

use super::print;
use crate::{
    cli::ConfigVerb,
    configuration::{self, Configuration, Setting},
    exit::ExitStatus,
    failure::Failure,
    packs::Packs,
    render::{self, Listing},
    settings::OutputSettings,
};

pub(super) fn run(
    verb: ConfigVerb,
    configuration: &Configuration,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    match verb {
        ConfigVerb::View => {
            let packs = Packs::load(&[], configuration)?;
            let options = configuration.options(&packs.analyzers())?;
            let settings = configuration::settings(configuration, &options);
            print(output, |output| {
                render::listing(list(&settings)?, &output.format, output.table_width)
            })?;
        }
        ConfigVerb::Path => {
            let path = configuration.path.as_ref().ok_or_else(|| {
                Failure::new(
                    "there is no kubelens.yaml from here up, nor in the user's configuration",
                )
                .way_out("--config FILE names one")
            })?;
            let path = path.display().to_string();
            let list = || Listing {
                kind: "ConfigPath",
                items: vec![serde_json::json!({ "path": path })],
                headers: &["PATH"],
                rows: vec![vec![path.clone()]],
                names: vec![path.clone()],
            };
            print(output, |output| match output.format {
                render::Format::Human => Ok(render::Printout::Exact(format!("{path}\n"))),
                _ => render::listing(list(), &output.format, output.table_width),
            })?;
        }
    }
    Ok(ExitStatus::Answered)
}

fn list(settings: &[Setting]) -> Result<Listing, Failure> {
    Ok(Listing {
        kind: "ConfigView",
        items: settings
            .iter()
            .map(serde_json::to_value)
            .collect::<Result<_, _>>()
            .context("cannot write the settings")?,
        headers: &["KEY", "VALUE", "ORIGIN"],
        rows: settings
            .iter()
            .map(|setting| {
                let value = match &setting.value {
                    serde_json::Value::String(text) => text.clone(),
                    value => value.to_string(),
                };
                vec![setting.key.clone(), value, setting.origin.clone()]
            })
            .collect(),
        names: settings.iter().map(|setting| setting.key.clone()).collect(),
    })
}
