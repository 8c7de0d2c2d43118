//! One portable pass over a payload: a bitmap of the bytes at which a JSON string may end or turn unusual.
//!
//! The comparisons are written so that the compiler turns them into vector instructions of the baseline; the walk
//! then jumps from mark to mark instead of looking at every byte of a string.

/// The marks of one payload. Reused; grows to the longest payload and stays there.
#[derive(Debug, Default)]
pub struct Marks {
    /// Bit `i % 64` of word `i / 64` is set where byte `i` is a quote, a backslash or a control character.
    stops: Vec<u64>,
}

impl Marks {
    /// Classifies `bytes`, forgetting the last payload.
    pub fn index(&mut self, bytes: &[u8]) {
        self.stops.clear();
        let (blocks, rest) = bytes.as_chunks::<64>();
        self.stops.extend(blocks.iter().map(stops_of));
        if !rest.is_empty() {
            let mut block = [b' '; 64];
            block[..rest.len()].copy_from_slice(rest);
            self.stops.push(stops_of(&block));
        }
        // So that every word has a neighbour.
        self.stops.push(0);
    }

    /// The first quote, backslash or control character at or after `from`; `None` if there is none.
    ///
    /// It looks at the 64 bytes from `from` on, across the border of two words: where a string lies is anybody's guess,
    /// so a branch at each border would be guessed wrong.
    #[inline(always)]
    pub fn next_stop(&self, from: usize) -> Option<usize> {
        let (word, shift) = (from / 64, from % 64);
        let [low, high] = *self.stops.get(word..)?.first_chunk::<2>()?;
        let window = (low >> shift) | ((high << 1) << (63 - shift));
        if window != 0 { Some(from + window.trailing_zeros() as usize) } else { self.later_stop(word + 1) }
    }

    /// The first stop in the words from `word` on, or behind.
    #[inline(never)]
    fn later_stop(&self, word: usize) -> Option<usize> {
        let rest = self.stops.get(word..)?;
        let place = rest.iter().position(|mask| *mask != 0)?;
        Some((word + place) * 64 + rest[place].trailing_zeros() as usize)
    }
}

/// One bit for each of 64 bytes: quote, backslash, or below 0x20.
#[inline]
fn stops_of(block: &[u8; 64]) -> u64 {
    /// Brings the lowest bits of eight bytes together in the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut hits = [0u8; 64];
    for (hit, byte) in hits.iter_mut().zip(block) {
        *hit = u8::from(*byte == b'"') | u8::from(*byte == b'\\') | u8::from(*byte < 0x20);
    }
    let mut mask = 0;
    for (place, word) in hits.as_chunks::<8>().0.iter().enumerate() {
        mask |= (u64::from_le_bytes(*word).wrapping_mul(GATHER) >> 56) << (8 * place);
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_looking_at_each_byte() {
        let mut state = 7u64;
        for length in 0..300 {
            let mut bytes = Vec::new();
            for _ in 0..length {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                bytes.push(match state >> 60 {
                    0 => b'"',
                    1 => b'\\',
                    _ => (state >> 40) as u8,
                });
            }
            let mut marks = Marks::default();
            marks.index(&bytes);
            for from in 0..=length {
                let expected = (from..length).find(|at| matches!(bytes[*at], b'"' | b'\\' | 0..0x20));
                assert_eq!(marks.next_stop(from), expected, "length {length} from {from}");
            }
        }
    }
}
