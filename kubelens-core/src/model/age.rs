use jiff::Timestamp;

/// How long ago `then` was, seen from `now`: `21s`, `18m`, `3h12m`, `5d`. What lies ahead, by a
/// clock that runs fast, is `0s`.
pub fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(then.as_second()).max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{minutes}m"),
        7200..172_800 if minutes % 60 == 0 => format!("{hours}h"),
        7200..172_800 => format!("{hours}h{}m", minutes % 60),
        _ => format!("{days}d"),
    }
}

/// `2026-11-23 12:00:00 UTC`.
pub fn instant(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{age, instant};

    #[test]
    fn ages_get_coarser_as_they_grow() {
        let then: Timestamp = "2026-11-23T12:00:00Z".parse().expect("a time");
        let after = |seconds| age(then, then + SignedDuration::from_secs(seconds));
        assert_eq!(after(21), "21s");
        assert_eq!(after(18 * 60 + 3), "18m");
        assert_eq!(after(3 * 3600 + 12 * 60), "3h12m");
        assert_eq!(after(2 * 3600), "2h");
        assert_eq!(after(5 * 86400 + 7), "5d");
        assert_eq!(after(-30), "0s");
    }

    #[test]
    fn an_instant_names_its_zone() {
        let time: Timestamp = "2026-11-23T12:00:00.123Z".parse().expect("a time");
        assert_eq!(instant(time), "2026-11-23 12:00:00 UTC");
    }
}
