//! Requests and limits that would fit what is used.

use crate::kubernetes::Pod;
use crate::model::{Quantity, Suggestion};

/// A measured amount with room to spare, rounded up to what people write: steps of 10m below one core and
/// of 100m above, of 16Mi below 1Gi and of 128Mi above.
pub(super) fn with_room(used: Quantity, resource: &str, factor: f64) -> String {
    let is_memory = resource == "memory";
    let mebi = 1024.0 * 1024.0;
    let unit = if is_memory { mebi } else { 0.001 };
    let wanted = used.as_f64() * factor / unit;
    let step = match (is_memory, wanted) {
        (true, wanted) if wanted < 1024.0 => 16.0,
        (true, _) => 128.0,
        (false, wanted) if wanted < 1000.0 => 10.0,
        (false, _) => 100.0,
    };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "an amount of a machine's memory or cores"
    )]
    let whole = ((wanted / step).ceil().max(1.0) * step) as i64;
    if is_memory {
        Quantity::from_units(whole.saturating_mul(1 << 20)).human_bytes()
    } else {
        Quantity::from_thousandths(i128::from(whole)).human_count()
    }
}

/// Shows what a pod uses now.
pub(super) fn look(pod: &Pod) -> Suggestion {
    let meta = &pod.metadata;
    Suggestion::look(
        "See what it uses now",
        format!(
            "kubectl -n {} top pod {} --containers",
            meta.namespace, meta.name
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_round() {
        let fit = |used: &str, resource: &str| {
            with_room(used.parse().unwrap_or_default(), resource, 1.25)
        };
        assert_eq!(fit("123m", "cpu"), "160m");
        assert_eq!(fit("1800m", "cpu"), "2300m");
        assert_eq!(fit("0", "cpu"), "10m");
        assert_eq!(fit("400Mi", "memory"), "512Mi");
        assert_eq!(fit("1Gi", "memory"), "1.2Gi");
    }
}
