//! Kubernetes versions as far as skew goes.

/// Major and minor version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::analyzers) struct Version {
    pub(in crate::analyzers) major: u32,
    pub(in crate::analyzers) minor: u32,
}

impl Version {
    /// Reads `v1.35.4`, `1.29+`, `v1.30.2-eks-1552ad0`.
    pub(in crate::analyzers) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().trim_start_matches('v').split('.');
        let mut number = || {
            let digits: String = parts
                .next()?
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            digits.parse().ok()
        };
        Some(Self {
            major: number()?,
            minor: number()?,
        })
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendor_suffixes_are_read_over() {
        let minor = |text: &str| Version::parse(text).map(|version| version.minor);
        assert_eq!(minor("v1.35.4"), Some(35));
        assert_eq!(minor("1.29+"), Some(29));
        assert_eq!(minor("v1.30.2-eks-1552ad0"), Some(30));
        assert_eq!(minor("unknown"), None);
    }
}
