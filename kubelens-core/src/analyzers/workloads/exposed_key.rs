//! A private key that ssh leaves aside, because others than its owner may read or write the file.

use super::log_place::{Place, place_of};
use super::log_signature::{LogMatch, advise};
use crate::analysis::Sighting;
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::Object;
use crate::model::Evidence;
use crate::snapshot::Cluster;

/// What ssh says of the file before it goes on without it. Group 1 is the mode, 2 the path.
static TOO_OPEN: Pattern = Pattern::new(r"Permissions (0\d{3,4}) for '(/[^']+)' are too open");

/// Lines before the refusal in which ssh says it.
const BEFORE: usize = 8;

/// How sure it is that the other side refuses a login without a key for want of that key.
const CONFIDENCE: f64 = 0.93;

/// The refused login of a container that ssh gave no key to; none where it did not say so.
pub(super) fn ignored_key<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Option<Sighting> {
    let (line, mode, path) = found.around(BEFORE, 0).find_map(|line| {
        let captures = TOO_OPEN.captures(line)?;
        Some((line, captures.get(1)?.as_str(), captures.get(2)?.as_str()))
    })?;
    let pod = found.pod();
    let container = found.unwell.container;
    let top = cluster.top_of(pod);
    let place = place_of(pod, container.spec, path);
    let title = format!(
        "Login of {} is refused: ssh leaves its private key {path} aside, whose mode {mode} is too open",
        found.name(&top)
    );
    let meant = meant(mode).map_or_else(String::new, |meant| {
        format!(" {mode} is what the number {meant} stands for without a 0 before it.")
    });
    let explanation =
        format!("ssh takes a key only from a file that nobody but its owner may use.{meant}");
    let field = place.as_ref().and_then(mode_field);
    let mut sighting = found
        .sighting(cluster, CONFIDENCE, title, explanation)
        .identified_by("fact", "mode of the key")
        .evidence(Evidence::log(pod.reference(), container.name(), line, None));
    let advice = match field {
        Some(field) => {
            sighting = sighting.evidence(Evidence::field(pod.reference(), &field, mode));
            format!("Set {field} of {top} to 0400 (256 in JSON)")
        }
        None => format!("Give {path} in the container of {top} the mode 0400"),
    };
    Some(advise(sighting, advice))
}

/// Where the mode of a file stands that a volume is made with.
fn mode_field(place: &Place<'_>) -> Option<String> {
    let volume = place.volume;
    let kind = if volume.secret.is_some() {
        "secret"
    } else if volume.config_map.is_some() {
        "configMap"
    } else if volume.projected.is_some() {
        "projected"
    } else {
        return None;
    };
    Some(format!("spec.volumes[{}].{kind}.defaultMode", volume.name))
}

/// Modes that keys are given, written as decimal numbers.
const OF_KEYS: [i64; 4] = [400, 440, 600, 640];

/// The mode of a key that was written without a 0 before it, and so taken for a decimal number: 0620 is 400.
fn meant(mode: &str) -> Option<i64> {
    let number = i64::from_str_radix(mode, 8).ok()?;
    OF_KEYS.contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn a_mode_that_was_written_as_a_decimal_number() {
        assert_eq!(meant("0620"), Some(400));
        assert_eq!(meant("01130"), Some(600));
        assert_eq!(meant("0644"), None);
        assert_eq!(meant("0777"), None);
    }
}
