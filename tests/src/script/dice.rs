//! Names, ids and numbers that look random and are the same in every run.

/// The letters that the API server makes names of.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A seeded source of what a cluster makes up.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Starts from a seed and a word, so that what is thrown for one object does not depend on another.
    pub fn new(seed: u64, word: &str) -> Self {
        let mut state = seed ^ 0xcbf2_9ce4_8422_2325;
        for byte in word.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self(state)
    }

    /// The next number (splitmix64).
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.throw().checked_rem(bound).unwrap_or(0)
    }

    /// One of the items.
    pub fn one_of<'i, T>(&mut self, items: &'i [T]) -> Option<&'i T> {
        let index = self.below(u64::try_from(items.len()).unwrap_or(0));
        items.get(usize::try_from(index).unwrap_or(0))
    }

    /// A name's random tail, such as `x2k9f`.
    pub fn suffix(&mut self, length: usize) -> String {
        (0..length)
            .filter_map(|_| self.one_of(LETTERS).map(|byte| char::from(*byte)))
            .collect()
    }

    /// So many hexadecimal digits.
    pub fn hex(&mut self, length: usize) -> String {
        let mut digits = String::new();
        while digits.len() < length {
            digits.push_str(&format!("{:016x}", self.throw()));
        }
        digits.truncate(length);
        digits
    }

    /// A version 4 UUID.
    pub fn uuid(&mut self) -> String {
        let digits = self.hex(32);
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        format!(
            "{}-{}-4{}-a{}-{}",
            part(0, 8),
            part(8, 12),
            part(13, 16),
            part(17, 20),
            part(20, 32)
        )
    }
}
