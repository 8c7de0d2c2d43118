//! Names of persons: `홍*동`, `남**수`, `J**n`, or the family name alone.

use super::put;
use crate::kind::glyph::{Glyph, composed, read};
use crate::kind::person_name::COMPOUND;
use crate::kind::trimmed;

/// Longest name, in characters: four words of a Spanish one.
const CHARACTERS_MAX: usize = 64;

/// What a character is in a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Letter,
    /// Stands where a letter was hidden before: `홍○동`, `홍OO`.
    Mark,
    Sign,
    Foreign,
}

fn sort(character: char, hangul: bool) -> Sort {
    match character {
        '*' | '○' | '●' | '◯' | '〇' => Sort::Mark,
        'O' | 'X' | 'o' | 'x' if hangul => Sort::Mark,
        ' ' | '.' | '-' | '\'' | '’' | '·' | '・' => Sort::Sign,
        _ if character.is_alphabetic() => Sort::Letter,
        _ => Sort::Foreign,
    }
}

/// Writes a name with the characters between the first and the last starred, or with all of them behind the family
/// name. A name that is masked in another way already stays. False, with nothing written, for what is no name.
pub(super) fn mask(surname: bool, text: &str, out: &mut Vec<u8>) -> bool {
    let characters = || composed(trimmed(text)).filter(|character| read(*character) != Glyph::Gone);
    // The first letter decides: it is the one that stays.
    let hangul = characters().find(|character| sort(*character, false) != Sort::Sign);
    let hangul = hangul.is_some_and(|character| ('가'..='힣').contains(&character));
    let (mut letters, mut marks, mut all) = (0, 0, 0);
    for character in characters() {
        match sort(character, hangul) {
            Sort::Letter => letters += 1,
            Sort::Mark => marks += 1,
            Sort::Sign => {}
            Sort::Foreign => return false,
        }
        all += 1;
    }
    let count = letters + marks;
    if count == 0 || all > CHARACTERS_MAX {
        return false;
    }
    if !surname && marks > 0 && letters <= 2 {
        characters().for_each(|character| put(character, out));
        return true;
    }
    let compound = || {
        let starts = |name: &str| characters().take(2).eq(name.chars());
        count > 3 && COMPOUND.iter().any(|name| starts(name))
    };
    let first = match count {
        1 => 0,
        _ if surname && compound() => 2,
        _ => 1,
    };
    // Of three letters that are no syllables two would be nearly all.
    let last = usize::from(!surname && count >= if hangul { 3 } else { 4 });
    let mut seen = 0;
    for character in characters() {
        let sort = sort(character, hangul);
        seen += usize::from(matches!(sort, Sort::Letter | Sort::Mark));
        let hidden = sort == Sort::Letter && seen > first && seen <= count - last;
        put(if hidden { '*' } else { character }, out);
    }
    true
}
