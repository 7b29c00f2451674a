//! Sixty-four bytes of JSON at a time: which of them are brackets outside of strings.
//!
//! Bytes are compared without a branch a byte, so that the compiler compares many at a time: most of a list is read
//! only to be skipped here before it is decoded, and this is several times as fast as looking at each byte.

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

impl Block {
    /// The most bytes of a block.
    pub(super) const LENGTH: usize = 64;

    /// Looks at a block; `begin` says where its first byte stands.
    pub(super) fn of(bytes: &[u8], begin: InString) -> Self {
        let mut block = [0; Self::LENGTH];
        block
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        let quotes = bits(block.map(|byte| byte == b'"'));
        let backslashes = bits(block.map(|byte| byte == b'\\'));
        // `[` and `{` differ in one bit, as `]` and `}` do.
        let opening = bits(block.map(|byte| byte | 0x20 == b'{'));
        let closing = bits(block.map(|byte| byte | 0x20 == b'}'));
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

/// One bit a byte, the first byte lowest.
fn bits(bytes: [bool; Block::LENGTH]) -> u64 {
    // Gathers the lowest bits of eight bytes in the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let bytes = bytes.map(u8::from);
    bytes.chunks_exact(8).rev().fold(0, |bits, eight| {
        let word = <[u8; 8]>::try_from(eight).map_or(0, u64::from_le_bytes);
        bits << 8 | word.wrapping_mul(GATHER) >> 56
    })
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
