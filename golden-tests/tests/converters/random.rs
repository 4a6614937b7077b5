//! Random choices that a seed repeats.

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound.max(1) as u64) as usize
    }

    /// Once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of several.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Up to `longest` bytes, each one of an alphabet.
    pub(crate) fn bytes(&mut self, longest: usize, alphabet: &[u8]) -> Vec<u8> {
        let length = self.below(longest + 1);
        (0..length).map(|_| self.pick(alphabet)).collect()
    }

    /// The same as text; the alphabet is ASCII.
    pub(crate) fn text(&mut self, longest: usize, alphabet: &str) -> String {
        String::from_utf8_lossy(&self.bytes(longest, alphabet.as_bytes())).into_owned()
    }

    /// A number as text: small, at an edge, or anywhere.
    pub(crate) fn integer(&mut self) -> String {
        match self.below(8) {
            0 => self
                .pick(&[
                    i64::MAX,
                    i64::MIN,
                    0,
                    -1,
                    1,
                    u32::MAX as i64,
                    i32::MIN as i64,
                    1 << 32,
                ])
                .to_string(),
            1 => (self.number() as i64).to_string(),
            2 => ((self.number() as i64) >> self.below(60)).to_string(),
            _ => (self.below(400) as i64 - 100).to_string(),
        }
    }

    /// Takes a few bytes away, doubles, changes or inserts some.
    pub(crate) fn mutate(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        for _ in 0..self.below(3) + 1 {
            let at = self.below(bytes.len() + 1);
            match self.below(4) {
                0 if at < bytes.len() => {
                    bytes.remove(at);
                }
                1 if at < bytes.len() => bytes[at] = self.number() as u8,
                2 if at < bytes.len() => bytes.insert(at, bytes[at]),
                _ => bytes.truncate(bytes.len().saturating_sub(self.below(3))),
            }
        }
        bytes
    }
}
