//! Sixty-four bytes of JSON at a time: which of them are brackets outside of strings.
//!
//! Bytes are compared eight at a time in one word, without a branch a byte: most of a list is read only to be
//! skipped here before it is decoded, and this is several times as fast as looking at each byte.

/// Whether a place is within a string.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum InString {
    #[default]
    No,
    Yes,
    /// A backslash was the last byte.
    Escaped,
}

/// The brackets of a block: one bit a byte, the first byte lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) opening: u64,
    pub(super) closing: u64,
    /// Where its end stands.
    pub(super) end: InString,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

impl Block {
    /// The most bytes of a block.
    pub(super) const LENGTH: usize = 64;

    /// Looks at a block; `begin` says where its first byte stands.
    pub(super) fn of(bytes: &[u8], begin: InString) -> Self {
        let mut quotes = 0;
        let mut backslashes = 0;
        let mut opening = 0;
        let mut closing = 0;
        for (at, bytes) in bytes.chunks(8).enumerate() {
            let mut padded = [0; 8];
            let word = if let Ok(whole) = <[u8; 8]>::try_from(bytes) {
                u64::from_le_bytes(whole)
            } else {
                padded
                    .iter_mut()
                    .zip(bytes)
                    .for_each(|(to, from)| *to = *from);
                u64::from_le_bytes(padded)
            };
            // `[` and `{` differ in one bit, as `]` and `}` do.
            let folded = word | (ONES * 0x20);
            quotes |= equal(word, b'"') << (8 * at);
            backslashes |= equal(word, b'\\') << (8 * at);
            opening |= equal(folded, b'{') << (8 * at);
            closing |= equal(folded, b'}') << (8 * at);
        }
        let (escaped, is_next_escaped) =
            escaped(backslashes, begin == InString::Escaped, bytes.len());
        let begins_inside = if begin == InString::No { 0 } else { u64::MAX };
        let strings = parity(quotes & !escaped) ^ begins_inside;
        let end = match (strings >> 63 == 1, is_next_escaped) {
            (true, true) => InString::Escaped,
            (true, false) => InString::Yes,
            (false, _) => InString::No,
        };
        Self {
            opening: opening & !strings,
            closing: closing & !strings,
            end,
        }
    }

    /// How many bytes it takes from `begin` levels deep to the bracket that leads back to `depth`; none if that
    /// is not in this block.
    pub(super) fn length_at_depth(&self, depth: u32, begin: u32) -> Option<usize> {
        let mut level = begin;
        let mut brackets = self.opening | self.closing;
        while brackets != 0 {
            let at = brackets.trailing_zeros();
            if self.opening >> at & 1 == 1 {
                level += 1;
            } else {
                level = level.saturating_sub(1);
            }
            if level == depth {
                return usize::try_from(at + 1).ok();
            }
            brackets &= brackets - 1;
        }
        None
    }
}

/// Which bytes of a word are this one: eight bits.
const fn equal(word: u64, byte: u8) -> u64 {
    let differing = word ^ (ONES * byte as u64);
    // The high bit of each byte is set where any bit of it is.
    let is_other = ((differing & !HIGH) + !HIGH) | differing;
    // Gathers the eight high bits, the first byte lowest.
    ((!is_other & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Which bytes a backslash stands before that counts, and whether it stands before the byte after `length`.
const fn escaped(backslashes: u64, is_first: bool, length: usize) -> (u64, bool) {
    let mut escaped = is_first as u64;
    let mut left = backslashes & !escaped;
    let mut is_next = false;
    while left != 0 {
        let at = left.trailing_zeros();
        let next = 2_u64 << at;
        escaped |= next;
        is_next |= at as usize + 1 == length;
        left &= (left - 1) & !next;
    }
    (escaped, is_next)
}

/// For each bit, whether the number of bits up to it is odd.
const fn parity(bits: u64) -> u64 {
    let mut bits = bits;
    let mut distance = 1;
    while distance < 64 {
        bits ^= bits << distance;
        distance *= 2;
    }
    bits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, byte by byte.
    fn slowly(bytes: &[u8], begin: InString) -> Block {
        let mut block = Block {
            opening: 0,
            closing: 0,
            end: begin,
        };
        for (at, byte) in bytes.iter().enumerate() {
            block.end = match (block.end, byte) {
                (InString::Yes, b'\\') => InString::Escaped,
                (InString::Yes, b'"') => InString::No,
                (InString::Yes | InString::Escaped, _) => InString::Yes,
                (InString::No, b'"') => InString::Yes,
                (InString::No, b'{' | b'[') => {
                    block.opening |= 1 << at;
                    InString::No
                }
                (InString::No, b'}' | b']') => {
                    block.closing |= 1 << at;
                    InString::No
                }
                (InString::No, _) => InString::No,
            };
        }
        block
    }

    proptest! {
        #[test]
        fn a_block_is_what_its_bytes_are(
            text in r#"("[a-z\\"\[{}é:]{0,9}"|[{}\[\]:,;a\\]){0,40}"#,
            length in 1_usize..=64,
            begin in prop_oneof![Just(InString::No), Just(InString::Yes), Just(InString::Escaped)],
        ) {
            let text = text + " ";
            let bytes = &text.as_bytes()[..length.min(text.len())];
            // A backslash outside of a string is no JSON, and no two readers need to agree on it.
            let is_json = !(0..bytes.len()).any(|at| {
                bytes[at] == b'\\' && slowly(&bytes[..at], begin).end == InString::No
            });
            if is_json {
                prop_assert_eq!(Block::of(bytes, begin), slowly(bytes, begin));
            }
        }
    }

    #[test]
    fn the_way_back_up_ends_at_its_bracket() {
        let block = Block::of(br#""}": {"a": []}], "b""#, InString::No);
        assert_eq!(block.length_at_depth(1, 2), Some(15));
        assert_eq!(block.length_at_depth(1, 3), None);
    }
}
