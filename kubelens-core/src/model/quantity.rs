use std::cmp::Ordering;

/// A Kubernetes resource quantity (`250m`, `1.5Gi`, `2e3`), exact to a thousandth.
///
/// Source: `k8s.io/apimachinery/pkg/api/resource`. Kept as thousandths in 128 bits, which holds
/// every value that the API server accepts; finer fractions are rounded up, as Kubernetes does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity {
    thousandths: i128,
}

/// The text is no quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a quantity (examples: 250m, 1.5Gi, 2e3)")]
pub struct ParseQuantityError(pub String);

impl Quantity {
    /// Nothing of it.
    pub const ZERO: Self = Self { thousandths: 0 };

    /// A whole number of units.
    pub const fn from_units(units: i64) -> Self {
        Self {
            thousandths: units as i128 * 1000,
        }
    }

    /// A number of thousandths.
    pub const fn from_thousandths(thousandths: i128) -> Self {
        Self { thousandths }
    }

    /// The value in thousandths.
    pub const fn thousandths(self) -> i128 {
        self.thousandths
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.thousandths == 0
    }

    /// The value as a floating-point number, for ratios.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a ratio for people needs no more than 52 bits"
    )]
    pub fn as_f64(self) -> f64 {
        self.thousandths as f64 / 1000.0
    }

    /// What is left after `other` is taken away; may be negative.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self::from_thousandths(self.thousandths.saturating_sub(other.thousandths))
    }

    /// The sum.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self::from_thousandths(self.thousandths.saturating_add(other.thousandths))
    }

    /// As people write bytes: `1.5Gi`, `512Mi`, `3`.
    pub fn human_bytes(self) -> String {
        const UNITS: [(i128, &str); 5] = [
            (1 << 50, "Pi"),
            (1 << 40, "Ti"),
            (1 << 30, "Gi"),
            (1 << 20, "Mi"),
            (1 << 10, "Ki"),
        ];
        let bytes = self.thousandths / 1000;
        for (size, unit) in UNITS {
            if bytes.abs() >= size {
                let tenths = bytes * 10 / size;
                return if tenths % 10 == 0 {
                    format!("{}{unit}", tenths / 10)
                } else {
                    format!("{}.{}{unit}", tenths / 10, (tenths % 10).abs())
                };
            }
        }
        bytes.to_string()
    }

    /// As people write cores and counts: `250m`, `2`.
    pub fn human_count(self) -> String {
        if self.thousandths % 1000 == 0 {
            (self.thousandths / 1000).to_string()
        } else {
            format!("{}m", self.thousandths)
        }
    }

    /// As people write this resource: bytes for memory and storage, counts for the rest.
    pub fn human(self, resource: &str) -> String {
        if resource.contains("memory")
            || resource.contains("storage")
            || resource.contains("hugepages")
        {
            self.human_bytes()
        } else {
            self.human_count()
        }
    }
}

impl std::str::FromStr for Quantity {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        parse(text.trim()).ok_or_else(|| ParseQuantityError(text.to_owned()))
    }
}

impl std::fmt::Display for Quantity {
    /// Plain notation: whole units, or thousandths with `m`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.human_count())
    }
}

impl serde::Serialize for Quantity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Quantity {
    /// Takes the string form, and bare numbers as manifests have them.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct QuantityVisitor;

        impl serde::de::Visitor<'_> for QuantityVisitor {
            type Value = Quantity;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a quantity such as 250m or 1.5Gi")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Quantity, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: serde::de::Error>(self, units: i64) -> Result<Quantity, E> {
                Ok(Quantity::from_units(units))
            }

            fn visit_u64<E: serde::de::Error>(self, units: u64) -> Result<Quantity, E> {
                self.visit_str(&units.to_string())
            }

            fn visit_f64<E: serde::de::Error>(self, units: f64) -> Result<Quantity, E> {
                self.visit_str(&units.to_string())
            }
        }

        deserializer.deserialize_any(QuantityVisitor)
    }
}

impl PartialEq<i64> for Quantity {
    fn eq(&self, units: &i64) -> bool {
        *self == Self::from_units(*units)
    }
}

impl PartialOrd<i64> for Quantity {
    fn partial_cmp(&self, units: &i64) -> Option<Ordering> {
        Some(self.cmp(&Self::from_units(*units)))
    }
}

/// `[sign] digits [. digits] suffix`; `None` for what is no quantity.
fn parse(text: &str) -> Option<Quantity> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let end = unsigned
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || number.len() > 40 {
        return None;
    }
    let (numerator, denominator) = scale(suffix)?;
    let mut digits: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        digits = digits
            .checked_mul(10)?
            .checked_add(i128::from(digit - b'0'))?;
    }
    let denominator = 10_i128
        .checked_pow(u32::try_from(fraction.len()).ok()?)?
        .checked_mul(denominator)?;
    let scaled = digits.checked_mul(1000)?.checked_mul(numerator)?;
    let rounded_up = scaled.checked_add(denominator - 1)? / denominator;
    Some(Quantity {
        thousandths: if negative { -rounded_up } else { rounded_up },
    })
}

/// The factor of a suffix as numerator and denominator.
fn scale(suffix: &str) -> Option<(i128, i128)> {
    Some(match suffix {
        "" => (1, 1),
        "n" => (1, 1_000_000_000),
        "u" => (1, 1_000_000),
        "m" => (1, 1000),
        "k" => (1000, 1),
        "M" => (1_000_000, 1),
        "G" => (1_000_000_000, 1),
        "T" => (1_000_000_000_000, 1),
        "P" => (1_000_000_000_000_000, 1),
        "E" => (1_000_000_000_000_000_000, 1),
        "Ki" => (1 << 10, 1),
        "Mi" => (1 << 20, 1),
        "Gi" => (1 << 30, 1),
        "Ti" => (1 << 40, 1),
        "Pi" => (1 << 50, 1),
        "Ei" => (1 << 60, 1),
        exponent => {
            let digits = exponent.strip_prefix(['e', 'E'])?;
            let power: i32 = digits.parse().ok()?;
            if !(-9..=18).contains(&power) {
                return None;
            }
            let factor = 10_i128.checked_pow(power.unsigned_abs())?;
            if power < 0 { (1, factor) } else { (factor, 1) }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::Quantity;

    fn thousandths(text: &str) -> Option<i128> {
        text.parse::<Quantity>().ok().map(Quantity::thousandths)
    }

    #[test]
    fn every_notation_has_its_value() {
        assert_eq!(thousandths("250m"), Some(250));
        assert_eq!(thousandths("1.5Gi"), Some(1_610_612_736_000));
        assert_eq!(thousandths("2e3"), Some(2_000_000));
        assert_eq!(thousandths("1E"), Some(1_000_000_000_000_000_000_000));
        assert_eq!(thousandths("-3"), Some(-3000));
        assert_eq!(thousandths(".5"), Some(500));
        assert_eq!(
            thousandths("1n"),
            Some(1),
            "finer than a thousandth rounds up"
        );
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in [
            "",
            ".",
            "-",
            "1.2.3",
            "1Gb",
            "abc",
            "1 Gi",
            "99999999999999999999999999999999999999999",
        ] {
            assert_eq!(thousandths(text), None, "{text}");
        }
    }

    #[test]
    fn people_read_round_units() {
        assert_eq!(
            "28Gi".parse::<Quantity>().map(|q| q.human("memory")),
            Ok("28Gi".into())
        );
        assert_eq!(
            "1536Mi".parse::<Quantity>().map(|q| q.human("memory")),
            Ok("1.5Gi".into())
        );
        assert_eq!(
            "1500m".parse::<Quantity>().map(|q| q.human("cpu")),
            Ok("1500m".into())
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_without_a_panic(text in "\\PC{0,24}") {
            let _ = text.parse::<Quantity>();
        }

        #[test]
        fn text_near_the_grammar_is_read_and_shown_without_a_panic(
            text in r"[+-]?[0-9]{0,24}(\.[0-9]{0,24})?([numkMGTPE]i?|[eE][+-]?[0-9]{0,3})?"
        ) {
            if let Ok(quantity) = text.parse::<Quantity>() {
                for resource in ["memory", "cpu"] {
                    proptest::prop_assert!(!quantity.human(resource).is_empty());
                }
                let _ = (quantity.plus(quantity).minus(Quantity::from_units(i64::MIN)), quantity.as_f64());
            }
        }

        #[test]
        fn what_is_printed_reads_back_as_the_same(thousandths in -1_000_000_000_000_i64..1_000_000_000_000) {
            let quantity = Quantity::from_thousandths(i128::from(thousandths));
            proptest::prop_assert_eq!(quantity.to_string().parse(), Ok(quantity));
        }

        #[test]
        fn units_are_what_they_say(count in 0_i64..1_000_000, unit in 0..5_usize) {
            let (binary, decimal) = [("Ki", "k"), ("Mi", "M"), ("Gi", "G"), ("Ti", "T"), ("Pi", "P")][unit];
            let power = u32::try_from(unit).unwrap_or(0) + 1;
            let read = |suffix: &str| thousandths(&format!("{count}{suffix}"));
            proptest::prop_assert_eq!(read(binary), Some(i128::from(count) * 1024_i128.pow(power) * 1000));
            proptest::prop_assert_eq!(read(decimal), Some(i128::from(count) * 1000_i128.pow(power + 1)));
        }
    }
}
