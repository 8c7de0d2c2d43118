//! Which bytes of a text its walk stops at: a bit for each of 64, by comparisons that the compiler makes vectors of.
//!
//! Most of a text says nothing: letters, spaces, punctuation. A table asked byte by byte is the reference that the test
//! below holds this to.

/// What stands in 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// The digits.
    pub(super) digits: u64,
    /// The signs that something may begin at, or that make the text differ from what it looks like.
    pub(super) signs: u64,
    /// Whether a syllable of Hangul begins here.
    pub(super) hangul: bool,
}

/// Whether a byte begins a syllable of Hangul; behind 0xEA stand digits of other scripts too.
const fn hangul(byte: u8) -> bool {
    byte.wrapping_sub(0xEA) <= 0xED - 0xEA
}

/// Whether `bytes` begin with a syllable behind 0xEA: 가 to 꿿.
pub(super) const fn syllable(bytes: &[u8]) -> bool {
    matches!(bytes, [0xEA, 0xB0..=0xFF, ..])
}

/// Whether the walk stops at a byte that is no digit, with this one behind it. Of the bytes that begin longer characters
/// all but those of Hangul: behind some stand digits, dashes and spaces of other scripts.
const fn sign(byte: u8, next: u8) -> bool {
    let lead = byte >= 0xC0 && !(hangul(byte) && (byte != 0xEA || next >= 0xB0));
    let other = (byte == b':') | (byte == b'@') | (byte == b'%') | (byte == b'&') | (byte == b'+');
    lead | other | (byte == b'\\') | (byte == 0x7F)
}

impl Block {
    /// Classifies the 64 bytes from `at` on, or all where they are fewer.
    #[inline]
    pub(super) fn of(bytes: &[u8], at: usize) -> Self {
        let rest = &bytes[at..];
        // The bytes one further on come from the text: a copy that is moved by one would be slow to read again.
        if let (Some(block), Some(next)) = (rest.first_chunk(), rest.get(1..).and_then(|rest| rest.first_chunk())) {
            return Self::whole(block, next);
        }
        // The end of a longer text is read with what stands before it, all but the last byte.
        if let Some(end @ [.., last]) = bytes.last_chunk::<65>()
            && let (Some(block), Some(next)) = (end.first_chunk(), end.last_chunk())
        {
            let Self { digits, signs, hangul: syllables } = Self::whole(block, next);
            let (before, last_place) = (64 - (rest.len() - 1), rest.len() - 1);
            let shifted = |bits: u64| bits.unbounded_shr(before as u32);
            return Self {
                digits: shifted(digits) | u64::from(last.is_ascii_digit()) << last_place,
                signs: shifted(signs) | u64::from(sign(*last, b' ')) << last_place,
                hangul: syllables | hangul(*last),
            };
        }
        let mut padded = [b' '; 65];
        let len = rest.len().min(64);
        padded[..len].copy_from_slice(&rest[..len]);
        let block: &[u8; 64] = padded.first_chunk().unwrap_or(&[b' '; 64]);
        let next: &[u8; 64] = padded.last_chunk().unwrap_or(&[b' '; 64]);
        Self::whole(block, next)
    }

    #[inline]
    fn whole(block: &[u8; 64], next: &[u8; 64]) -> Self {
        let (mut digits, mut signs, mut syllables) = ([0u8; 64], [0u8; 64], 0u8);
        for (place, (byte, next)) in block.iter().zip(next).enumerate() {
            digits[place] = u8::from(byte.wrapping_sub(b'0') <= 9);
            signs[place] = u8::from(sign(*byte, *next));
            syllables |= u8::from(hangul(*byte));
        }
        Self { digits: gather(&digits), signs: gather(&signs), hangul: syllables != 0 }
    }
}

/// A bit for each of the 64 bytes from `at` on at which a word or a hump of one begins, or a character of three bytes.
#[inline]
pub(super) fn word_starts(bytes: &[u8], at: usize) -> u64 {
    let letter = |byte: u8| (byte | 0x20).wrapping_sub(b'a') < 26;
    let upper = |byte: u8| byte.wrapping_sub(b'A') < 26;
    let starts = |block: &[u8; 64], before: &[u8; 64]| {
        let mut starts = [0u8; 64];
        for ((start, byte), before) in starts.iter_mut().zip(block).zip(before) {
            let hump = upper(*byte) & !upper(*before);
            *start = u8::from((letter(*byte) & (!letter(*before) | hump)) | (*byte >= 0xE0));
        }
        gather(&starts)
    };
    let whole = at.checked_sub(1).and_then(|before| bytes[before..].first_chunk());
    if let (Some(block), Some(before)) = (bytes[at..].first_chunk(), whole) {
        return starts(block, before);
    }
    // The begin and the end of a longer text are read with what follows or stands before.
    if let (0, Some(begin)) = (at, bytes.first_chunk::<65>())
        && let (Some(block), Some(before)) = (begin.last_chunk(), begin.first_chunk())
    {
        return starts(block, before) << 1 | u64::from(letter(begin[0]) || begin[0] >= 0xE0);
    }
    if let Some(end) = bytes.last_chunk::<65>()
        && let (Some(block), Some(before)) = (end.last_chunk(), end.first_chunk())
    {
        return starts(block, before).unbounded_shr((at + 64 - bytes.len()) as u32);
    }
    let mut padded = [b' '; 65];
    let from = at.saturating_sub(1);
    let len = (bytes.len() - from).min(64 + at - from);
    padded[65 - 64 - (at - from)..][..len].copy_from_slice(&bytes[from..from + len]);
    let block: &[u8; 64] = padded.last_chunk().unwrap_or(&[b' '; 64]);
    let before: &[u8; 64] = padded.first_chunk().unwrap_or(&[b' '; 64]);
    starts(block, before)
}

/// A bit for each of the 64 bytes from `at` on that begins a syllable of Hangul, and for each colon.
#[inline]
pub(super) fn syllables_and_colons(bytes: &[u8], at: usize) -> (u64, u64) {
    let masks = |block: &[u8; 64]| {
        let (mut syllables, mut colons) = ([0u8; 64], [0u8; 64]);
        for ((syllable, colon), byte) in syllables.iter_mut().zip(&mut colons).zip(block) {
            *syllable = u8::from(hangul(*byte));
            *colon = u8::from(*byte == b':');
        }
        (gather(&syllables), gather(&colons))
    };
    let rest = &bytes[at..];
    if let Some(block) = rest.first_chunk() {
        return masks(block);
    }
    let mut padded = [b' '; 64];
    padded[..rest.len()].copy_from_slice(rest);
    masks(&padded)
}

/// The lowest bits of 64 bytes as one word.
#[inline]
fn gather(bits: &[u8; 64]) -> u64 {
    /// Brings the lowest bits of eight bytes together in the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut mask = 0;
    for (place, word) in bits.as_chunks::<8>().0.iter().enumerate() {
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
        for length in 0..=64 {
            for _ in 0..200 {
                let bytes: Vec<u8> = (0..length)
                    .map(|_| {
                        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                        if state >> 62 == 0 { b'0' + (state >> 40) as u8 % 11 } else { (state >> 40) as u8 }
                    })
                    .collect();
                let bits =
                    |holds: &dyn Fn(usize) -> bool| (0..length).fold(0, |mask, at| mask | u64::from(holds(at)) << at);
                let digit = |at: usize| bytes[at].is_ascii_digit();
                let sign = |at: usize| match bytes[at..] {
                    [b':' | b'@' | b'%' | b'&' | b'+' | b'\\' | 0x7F, ..] => true,
                    [0xEA, next, ..] => next < 0xB0,
                    // What stands behind the border is not known here.
                    [0xEA] => true,
                    [byte, ..] => matches!(byte, 0xC0..=0xE9 | 0xEE..=0xFF),
                    [] => false,
                };
                let syllable = bytes.iter().any(|byte| matches!(byte, 0xEA..=0xED));
                let want = Block { digits: bits(&digit), signs: bits(&sign), hangul: syllable };
                assert_eq!(Block::of(&bytes, 0), want, "{bytes:?}");
            }
        }
    }
}
