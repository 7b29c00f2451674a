use sha2::{Digest, Sha256};

/// Twelve hexadecimal digits over the parts; the same parts give the same digits everywhere.
///
/// Parts are separated, so `["ab", "c"]` and `["a", "bc"]` differ.
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    hasher
        .finalize()
        .iter()
        .take(6)
        .fold(String::with_capacity(12), |mut digits, byte| {
            use std::fmt::Write;
            let _ = write!(digits, "{byte:02x}");
            digits
        })
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn fingerprint_is_stable_and_separates_its_parts() {
        assert_eq!(
            fingerprint(["CFG001", "shop", "web"]),
            fingerprint(["CFG001", "shop", "web"])
        );
        assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
        assert_eq!(fingerprint(["a"]).len(), 12);
    }
}
