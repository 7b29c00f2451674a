//! Several clusters at once.

use futures::{StreamExt, stream};
use kubelens_core::{
    fleet::{Checked, joined},
    model::Report,
};

use crate::{
    cli::{ConnectionFlags, PictureFlags},
    failure::Failure,
    picture,
    settings::{Checks, OutputSettings, PictureSettings},
    target::{self, Target},
};

/// How many clusters are asked at a time.
const AT_A_TIME: usize = 8;

/// One report over all of these contexts. A cluster that cannot be checked is a gap of it; only where none can be, the
/// question has no answer.
pub(crate) async fn check(
    contexts: Vec<String>,
    connection: &ConnectionFlags,
    picture: &PictureFlags,
    targets: &[Target],
    checks: &Checks,
    output: &OutputSettings,
) -> Result<Report, Failure> {
    let checked: Vec<(String, Result<Report, Failure>)> = stream::iter(contexts)
        .map(|name| async move {
            let report = one(&name, connection, picture, targets, checks, output).await;
            (name, report)
        })
        .buffered(AT_A_TIME)
        .collect()
        .await;
    if checked.iter().all(|(_, report)| report.is_err()) {
        let told = checked
            .iter()
            .filter_map(|(name, report)| {
                Some(format!("{name}: {}", report.as_ref().err()?.in_short()))
            })
            .collect::<Vec<_>>()
            .join("; ");
        return Err(Failure::new(format!("no cluster could be checked: {told}"))
            .way_out("kubectl --context NAME get nodes shows whether one answers"));
    }
    Ok(joined(
        checked
            .into_iter()
            .map(|(name, report)| Checked {
                name,
                report: report.map_err(|failure| failure.in_short()),
            })
            .collect(),
    ))
}

async fn one(
    name: &str,
    connection: &ConnectionFlags,
    picture: &PictureFlags,
    targets: &[Target],
    checks: &Checks,
    output: &OutputSettings,
) -> Result<Report, Failure> {
    let connection = ConnectionFlags {
        context: Some(name.to_owned()),
        ..connection.clone()
    };
    let settings = PictureSettings::new(&connection, picture)?;
    let picture = picture::take(&settings, checks, output).await?;
    if targets.is_empty() {
        return Ok(picture.report);
    }
    let objects = targets
        .iter()
        .map(|target| target.find(&picture.snapshot, &picture.report))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(target::focus(picture.report, &picture.snapshot, &objects))
}
