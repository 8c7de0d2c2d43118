//! One portable pass over a payload: a bitmap of the bytes at which a JSON string may end or turn unusual.
//!
//! Eight bytes are classified at a time with ordinary integer arithmetic; the walk then jumps from mark to mark
//! instead of looking at every byte of a string.

/// The marks of one payload. Reused; grows to the longest payload and stays there.
#[derive(Debug, Default)]
pub struct Marks {
    /// Bit `i % 64` of word `i / 64` is set where byte `i` is a quote, a backslash or a control character.
    stops: Vec<u64>,
    /// Whether any byte is outside of ASCII.
    pub non_ascii: bool,
}

const LOW_SEVEN: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const ONES: u64 = 0x0101_0101_0101_0101;

impl Marks {
    /// Classifies `bytes`, forgetting the last payload.
    pub fn index(&mut self, bytes: &[u8]) {
        self.stops.clear();
        let mut high = 0;
        let mut blocks = bytes.chunks_exact(64);
        for block in &mut blocks {
            let mut mask = 0u64;
            for (place, word) in block.as_chunks::<8>().0.iter().enumerate() {
                let word = u64::from_le_bytes(*word);
                high |= word;
                mask |= stops_of(word) << (8 * place);
            }
            self.stops.push(mask);
        }
        let rest = blocks.remainder();
        if !rest.is_empty() {
            let mut block = [b' '; 64];
            block[..rest.len()].copy_from_slice(rest);
            let mut mask = 0u64;
            for (place, word) in block.as_chunks::<8>().0.iter().enumerate() {
                let word = u64::from_le_bytes(*word);
                high |= word;
                mask |= stops_of(word) << (8 * place);
            }
            self.stops.push(mask);
        }
        self.non_ascii = high & !LOW_SEVEN != 0;
    }

    /// The first quote, backslash or control character at or after `from`; `None` if there is none.
    #[inline]
    pub fn next_stop(&self, from: usize) -> Option<usize> {
        let mut word = from / 64;
        let mut mask = *self.stops.get(word)? & (!0 << (from % 64));
        while mask == 0 {
            word += 1;
            mask = *self.stops.get(word)?;
        }
        Some(word * 64 + mask.trailing_zeros() as usize)
    }
}

/// One bit for each of eight bytes: quote, backslash, or below 0x20.
#[inline]
const fn stops_of(word: u64) -> u64 {
    let found = zeros(word ^ (ONES * b'"' as u64)) | zeros(word ^ (ONES * b'\\' as u64)) | zeros(word & (ONES * 0xe0));
    (found >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// 0x80 in every byte that is zero, exactly: no borrow reaches a neighbour.
#[inline]
const fn zeros(word: u64) -> u64 {
    !(((word & LOW_SEVEN) + LOW_SEVEN) | word | LOW_SEVEN)
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
            assert_eq!(marks.non_ascii, !bytes.is_ascii());
            for from in 0..=length {
                let expected = (from..length).find(|at| matches!(bytes[*at], b'"' | b'\\' | 0..0x20));
                assert_eq!(marks.next_stop(from), expected, "length {length} from {from}");
            }
        }
    }
}
