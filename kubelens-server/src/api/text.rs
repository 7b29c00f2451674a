//! How values are written: ages, times, CPU, memory, shares.

use jiff::Timestamp;
use kubelens_core::model::Quantity;

/// What stands for what is not known.
pub const UNKNOWN: &str = "N/A";

/// RFC 3339 in UTC, in whole seconds.
pub fn instant(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second())
        .unwrap_or(time)
        .to_string()
}

/// `just now`, `5m`, `3h`, `12d`; `N/A` where the time is not known.
pub fn age(then: Option<Timestamp>, now: Timestamp) -> String {
    let Some(then) = then else {
        return UNKNOWN.to_owned();
    };
    let seconds = now.duration_since(then).as_secs();
    match seconds {
        ..60 => "just now".to_owned(),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// `12m`.
pub fn cpu(amount: Quantity) -> String {
    format!("{:.0}m", amount.as_f64() * 1000.0)
}

/// `45Mi`.
pub fn memory(amount: Quantity) -> String {
    format!("{:.0}Mi", (amount.as_f64() / 1_048_576.0).floor())
}

/// `18%`; `N/A` where it was not measured.
pub fn percent(share: Option<i64>) -> String {
    share.map_or_else(|| UNKNOWN.to_owned(), |share| format!("{share}%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_clients_know_them() {
        let now: Timestamp = "2026-01-10T12:00:00Z".parse().unwrap();
        let ago = |seconds| {
            age(
                now.checked_sub(jiff::SignedDuration::from_secs(seconds))
                    .ok(),
                now,
            )
        };
        assert_eq!(
            [ago(5), ago(300), ago(3 * 3_600), ago(12 * 86_400)],
            ["just now", "5m", "3h", "12d"]
        );
        assert_eq!(age(None, now), "N/A");
        // As `kubectl top` has it: what is begun counts.
        assert_eq!(cpu("12345678n".parse().unwrap()), "13m");
        assert_eq!(memory("45Mi".parse().unwrap()), "45Mi");
        assert_eq!(
            instant("2026-01-10T12:00:00.75Z".parse().unwrap()),
            "2026-01-10T12:00:00Z"
        );
    }
}
