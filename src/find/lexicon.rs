//! All words that say something of a value near by, and where they stand in a text.
//!
//! Words begin at the begin of a word (of a hump: `userPhone`) or at any syllable, so only these places are looked at;
//! the first two letters, or the first syllable, tell nearly always that no word of ours begins there. A general automaton
//! for so many words fills the caches and reads every byte.

use std::sync::LazyLock;

use super::block;
use super::label::{self, Label};

/// One word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    /// Letters of ASCII in lower case; any case is found.
    pub(super) text: &'static str,
    pub(super) label: Label,
    /// Whether it must not go on in letters.
    pub(super) whole: bool,
}

/// The words, by how they begin.
pub(super) struct Lexicon {
    /// Words that begin alike stand together, the longest first.
    words: Vec<Word>,
    /// Their first bytes, folded, and which of the eight count.
    prefixes: Vec<(u64, u64)>,
    /// By [`head`]: the first of its words, and how many they are.
    heads: Vec<(u16, u16)>,
    /// A bit for each [`sketch`] of a word.
    sketches: Box<[u64; SKETCHES / 64]>,
    /// The longest word, in bytes.
    pub(super) longest: usize,
}

pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(label::words()));

/// Two letters of ASCII, or two bytes behind the first of a character of three.
const HEADS: usize = 1024 + 4096;

/// A number for how a word begins; words that begin otherwise may share it.
#[inline]
fn head(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [0xE0..=0xFF, second, third, ..] => Some(1024 + (usize::from(second & 63) << 6) + usize::from(third & 63)),
        [first @ 0..0x80, second, ..] => Some((usize::from(first & 31) << 5) + usize::from(second & 31)),
        _ => None,
    }
}

/// The eight bytes from `at` on, blanks where the text ends.
#[inline]
fn eight(bytes: &[u8], at: usize) -> u64 {
    let eight = match bytes.get(at..at + 8).and_then(|eight| eight.first_chunk()) {
        Some(eight) => *eight,
        None => std::array::from_fn(|place| bytes.get(at + place).copied().unwrap_or(b' ')),
    };
    u64::from_le_bytes(eight)
}

/// Capitals as small letters. A few signs become others, the same way in words and text.
#[inline]
fn folded(eight: u64) -> u64 {
    let capital = (eight & 0x4040_4040_4040_4040) >> 1 & !((eight & 0x8080_8080_8080_8080) >> 2);
    eight | capital
}

/// How many sketches there are.
const SKETCHES: usize = 1 << 15;

/// A number for the first three letters, or the first two syllables; few places of a text share it with a word by
/// chance. `None` for other characters, which are rare.
#[inline]
fn sketch(eight: u64) -> Option<usize> {
    match eight as u8 {
        0..0x80 => Some(((eight & 31) | (eight >> 3 & 31 << 5) | (eight >> 6 & 31 << 10)) as usize),
        0xEA..=0xED => Some(((eight << 16).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 49) as usize),
        _ => None,
    }
}

/// The sketches of all places at which `word` begins.
fn sketches(word: &Word) -> Vec<usize> {
    let bytes = word.text.as_bytes();
    if bytes[0] >= 0x80 || bytes.len() >= 3 {
        return sketch(eight(bytes, 0)).into_iter().collect();
    }
    // Any sign may stand behind a shorter word.
    let signs = (0..32 * 32).map(|behind| [bytes[0], behind as u8 & 31, (behind >> 5) as u8]);
    let longer = signs.map(|[first, second, third]| match bytes.get(1) {
        Some(second) => [first, *second, third],
        None => [first, second, third],
    });
    longer.filter_map(|letters| sketch(eight(&letters, 0))).collect()
}

impl Lexicon {
    fn new(words: Vec<Word>) -> Self {
        let mut headed: Vec<(usize, Word)> = Vec::new();
        for word in words {
            if word.text.len() == 1 {
                // Behind a single letter stands a sign.
                let letter = word.text.as_bytes()[0];
                headed.extend(b".:)".iter().filter_map(|sign| Some((head(&[letter, *sign])?, word))));
            } else {
                headed.extend(head(word.text.as_bytes()).map(|head| (head, word)));
            }
        }
        headed.sort_by_key(|(head, word)| (*head, usize::MAX - word.text.len()));
        let mut heads = vec![(0u16, 0u16); HEADS];
        let mut known = Box::new([0; SKETCHES / 64]);
        for (place, (head, word)) in headed.iter().enumerate() {
            sketches(word).iter().for_each(|sketch| known[sketch / 64] |= 1 << (sketch % 64));
            if heads[*head].1 == 0 {
                heads[*head].0 = place as u16;
            }
            heads[*head].1 += 1;
        }
        let words: Vec<Word> = headed.into_iter().map(|(_, word)| word).collect();
        let longest = words.iter().map(|word| word.text.len()).max().unwrap_or(0);
        let count = |word: &Word| u64::MAX >> (64 - 8 * word.text.len().min(8));
        let prefix = |word: &Word| (folded(eight(word.text.as_bytes(), 0)) & count(word), count(word));
        Self { prefixes: words.iter().map(prefix).collect(), words, heads, sketches: known, longest }
    }

    /// Tells `found` of every word that begins in `begin..until`: its begin, its end, what it says. Of words that begin
    /// at one place the longest counts, and none begins inside another. Returns where the search ended.
    #[inline]
    pub(super) fn each(
        &self,
        bytes: &[u8],
        begin: usize,
        until: usize,
        mut found: impl FnMut(usize, usize, Label),
    ) -> usize {
        let mut free = begin;
        for base in (begin..until).step_by(64) {
            let mut starts = block::word_starts(bytes, base);
            if until - base < 64 {
                starts &= (1 << (until - base)) - 1;
            }
            while starts != 0 {
                let at = base + starts.trailing_zeros() as usize;
                starts &= starts - 1;
                let eight = eight(bytes, at);
                let known = sketch(eight).is_none_or(|sketch| self.sketches[sketch / 64] >> (sketch % 64) & 1 == 1);
                if known
                    && at >= free
                    && let Some(word) = self.begins(bytes, at, folded(eight))
                {
                    free = at + word.text.len();
                    found(at, free, word.label);
                }
            }
        }
        free.max(until)
    }

    /// The longest word at `at`.
    fn begins(&self, bytes: &[u8], at: usize, folded: u64) -> Option<&Word> {
        let (first, count) = self.heads[head(&bytes[at..])?];
        let all = usize::from(first)..usize::from(first) + usize::from(count);
        let mut likely = all.filter(|place| folded & self.prefixes[*place].1 == self.prefixes[*place].0);
        likely.find_map(|place| {
            let word = &self.words[place];
            let end = at + word.text.len();
            // Eight bytes are equal by now, but for a few signs.
            let same = || bytes[at..end].eq_ignore_ascii_case(word.text.as_bytes());
            let short = word.text.len() <= 8 && end <= bytes.len() && !word.text.contains('_');
            ((short || (end <= bytes.len() && same())) && label::stands(bytes, at, end, word)).then_some(word)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_where_they_begin() {
        for word in label::words() {
            // Two syllables are looked at before anything is compared.
            assert!(!(0xEA..=0xED).contains(&word.text.as_bytes()[0]) || word.text.len() >= 6, "{}", word.text);
            // Begins that are not looked at would make a word useless.
            let first = word.text.as_bytes()[0];
            assert!(first.is_ascii_lowercase() || (0xE0..=0xF4).contains(&first), "{}", word.text);
            let sign = if word.text.len() == 1 { ":" } else { " 1" };
            for before in ["", " ", "가", &" ".repeat(60), &"x ".repeat(40)] {
                let text = format!("{before}{}{sign}", word.text);
                let mut seen = Vec::new();
                LEXICON.each(text.as_bytes(), 0, text.len(), |start, end, _| seen.push((start, end)));
                assert!(seen.contains(&(before.len(), before.len() + word.text.len())), "{text}: {seen:?}");
            }
        }
    }
}
