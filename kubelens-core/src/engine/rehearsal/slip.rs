//! Slips of the hand.

/// Whether one word is written where another was meant. Words that differ in their numbers alone are two words.
pub(super) fn is_slip(written: &str, meant: &str) -> bool {
    let letters = |word: &str| word.replace(|letter: char| letter.is_ascii_digit(), "");
    let most = if written.len() > 4 { 2 } else { 1 };
    written != meant
        && written.len() > 2
        && letters(written) != letters(meant)
        && strsim::osa_distance(written, meant) <= most
}

#[cfg(test)]
mod tests {
    use super::is_slip;

    #[test]
    fn a_slip_is_near_and_no_other_number() {
        assert!(
            is_slip("wbe", "web")
                && is_slip("web-conf", "web-cfonf")
                && is_slip("frontned", "frontend")
        );
        assert!(
            !is_slip("web", "web")
                && !is_slip("web-1", "web-2")
                && !is_slip("api", "job")
                && !is_slip("a", "b")
        );
    }
}
