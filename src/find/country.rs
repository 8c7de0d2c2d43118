//! Names of countries beside a telephone number: `My US number is ...`, `일본 연락처 ...`, `... (미국)`.

/// What a word says of the country of the number behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Country {
    /// `일본 번호`, `Israeli number`, `BR:`.
    Named,
    /// A country right before a number, with nothing that says what it is: `미국 415-555-0132`.
    Beside,
    /// `해외 연락처`.
    Abroad,
}

/// Names of countries in Hangul; particles and `번호` may be glued to them.
const HANGUL: [&str; 48] = [
    "미국",
    "캐나다",
    "일본",
    "중국",
    "영국",
    "프랑스",
    "독일",
    "이탈리아",
    "스페인",
    "러시아",
    "호주",
    "뉴질랜드",
    "싱가포르",
    "싱가폴",
    "홍콩",
    "대만",
    "타이완",
    "태국",
    "베트남",
    "필리핀",
    "인도네시아",
    "인도",
    "말레이시아",
    "몽골",
    "네팔",
    "캄보디아",
    "미얀마",
    "우즈베키스탄",
    "우즈벡",
    "카자흐스탄",
    "방글라데시",
    "스리랑카",
    "파키스탄",
    "이스라엘",
    "브라질",
    "멕시코",
    "터키",
    "튀르키예",
    "이집트",
    "남아공",
    "네덜란드",
    "스위스",
    "스웨덴",
    "폴란드",
    "우크라이나",
    "사우디",
    "두바이",
    "라오스",
];

/// Names of countries and their people in English, in small letters; of names in several words the last one.
const ENGLISH: [&str; 79] = [
    "us",
    "usa",
    "uk",
    "gb",
    "cn",
    "jp",
    "br",
    "de",
    "fr",
    "es",
    "ru",
    "au",
    "nz",
    "sg",
    "hk",
    "tw",
    "th",
    "vn",
    "il",
    "ae",
    "uae",
    "nl",
    "ua",
    "american",
    "states",
    "canadian",
    "canada",
    "japanese",
    "japan",
    "chinese",
    "china",
    "british",
    "kingdom",
    "french",
    "france",
    "german",
    "germany",
    "italian",
    "italy",
    "spanish",
    "spain",
    "russian",
    "russia",
    "australian",
    "australia",
    "zealand",
    "singapore",
    "kong",
    "taiwanese",
    "taiwan",
    "thai",
    "thailand",
    "vietnamese",
    "vietnam",
    "philippine",
    "philippines",
    "filipino",
    "indonesian",
    "indonesia",
    "indian",
    "india",
    "malaysian",
    "malaysia",
    "israeli",
    "israel",
    "brazilian",
    "brazil",
    "mexican",
    "mexico",
    "turkish",
    "egyptian",
    "egypt",
    "dutch",
    "netherlands",
    "swiss",
    "switzerland",
    "swedish",
    "polish",
    "irish",
];

/// Words between a country and its number.
const LINKS: [&str; 20] = [
    "number",
    "no",
    "num",
    "is",
    "phone",
    "mobile",
    "cell",
    "cellphone",
    "tel",
    "telephone",
    "fax",
    "contact",
    "line",
    "office",
    "home",
    "local",
    "landline",
    "whatsapp",
    "work",
    "ph",
];

/// How such words begin in Hangul.
const HANGUL_LINKS: [&str; 11] =
    ["번호", "전화", "연락처", "휴대", "핸드폰", "모바일", "팩스", "현지", "폰", "사무실", "지사 전화"];

/// The lengths, as bits, that words of [`ENGLISH`] and [`LINKS`] have by their first letter: it spares other words the
/// comparisons.
const LENGTHS: [u16; 26] = {
    let mut lengths = [0; 26];
    let mut place = 0;
    while place < ENGLISH.len() + LINKS.len() {
        let word = if place < ENGLISH.len() { ENGLISH[place] } else { LINKS[place - ENGLISH.len()] };
        lengths[(word.as_bytes()[0] - b'a') as usize] |= 1 << word.len();
        place += 1;
    }
    lengths
};

/// Most words of [`ENGLISH`] and [`LINKS`] that begin alike.
const ALIKE_MAX: usize = 16;

/// The places of the words of [`ENGLISH`], then [`LINKS`], by their first letter, and how many they are.
const PLACES: [([u8; ALIKE_MAX], usize); 26] = {
    let mut places = [([0; ALIKE_MAX], 0); 26];
    let mut place = 0;
    while place < ENGLISH.len() + LINKS.len() {
        let word = if place < ENGLISH.len() { ENGLISH[place] } else { LINKS[place - ENGLISH.len()] };
        let (alike, count) = &mut places[(word.as_bytes()[0] - b'a') as usize];
        alike[*count] = place as u8;
        *count += 1;
        place += 1;
    }
    places
};

/// The place in [`ENGLISH`], then [`LINKS`], of a word that begins with a letter.
#[inline]
fn place_of(word: &[u8]) -> Option<usize> {
    let (alike, count) = &PLACES[usize::from((word[0] | 0x20) - b'a')];
    let mut places = alike[..*count].iter().map(|place| usize::from(*place));
    places.find(|place| {
        let known = ENGLISH.get(*place).unwrap_or_else(|| &LINKS[place - ENGLISH.len()]);
        known.len() == word.len() && word.eq_ignore_ascii_case(known.as_bytes())
    })
}

/// Which first syllables, by their last two bytes, the words of [`HANGUL`], [`HANGUL_LINKS`] and [`ABROAD`] have.
const SYLLABLES: [bool; 256] = {
    let mut syllables = [false; 256];
    let mut place = 0;
    while place < HANGUL.len() + HANGUL_LINKS.len() + ABROAD.len() {
        let word = if place < HANGUL.len() {
            HANGUL[place]
        } else if place < HANGUL.len() + HANGUL_LINKS.len() {
            HANGUL_LINKS[place - HANGUL.len()]
        } else {
            ABROAD[place - HANGUL.len() - HANGUL_LINKS.len()]
        };
        syllables[syllable(word.as_bytes())] = true;
        place += 1;
    }
    syllables
};

/// The place of a word in [`SYLLABLES`]; it has three bytes or more.
const fn syllable(word: &[u8]) -> usize {
    ((word[1] << 2) ^ word[2]) as usize
}

/// Words for any country but this.
const ABROAD: [&str; 3] = ["해외", "국외", "외국"];

/// The country whose number begins at `start`, as the words right before it say.
pub(super) fn country_before(bytes: &[u8], start: usize) -> Option<Country> {
    let mut head = &bytes[..start];
    let (mut linked, mut colon) = (false, false);
    for _ in 0..4 {
        while let Some((last, rest)) = head.split_last() {
            match last {
                b':' | b'=' | b')' | b']' => colon = true,
                b' ' | b'(' | b'[' | b'"' | b'\'' | b'-' | b'_' | b'|' | b'\t' => {}
                _ => break,
            }
            head = rest;
        }
        // Behind a mere `중국:` stand years and sums too; a trunk 0 is a telephone's.
        let dialled = colon && matches!(bytes.get(start), Some(b'0' | b'('));
        let hangul = head.last().is_some_and(|byte| *byte >= 0x80);
        let letter = |byte: &&u8| if hangul { **byte >= 0x80 } else { byte.is_ascii_alphabetic() };
        let len = head.iter().rev().take(32).take_while(letter).count();
        let word = &head[head.len() - len..];
        if len < 2 {
            return None;
        }
        let known = match word {
            [_, _, _, ..] if hangul => SYLLABLES[syllable(word)],
            [first, ..] if !hangul => LENGTHS[usize::from((first | 0x20) - b'a')] & (1 << len.min(15)) != 0,
            _ => false,
        };
        if !known {
            return None;
        }
        if hangul {
            let link = |rest: &[u8]| HANGUL_LINKS.iter().any(|link| rest.starts_with(link.as_bytes()));
            for name in HANGUL {
                if let Some(rest) = word.strip_prefix(name.as_bytes())
                    && (rest.is_empty() || link(rest))
                {
                    let named = linked || dialled || !rest.is_empty();
                    return Some(if named { Country::Named } else { Country::Beside });
                }
            }
            if ABROAD.iter().any(|name| word.starts_with(name.as_bytes())) {
                return Some(Country::Abroad);
            }
            if !link(word) {
                return None;
            }
        } else {
            let place = place_of(word)?;
            if place < ENGLISH.len() {
                // Codes in small letters are words of their own: `give us 123-4567`.
                let code = word.len() > 3 || word.iter().all(u8::is_ascii_uppercase);
                return match (code, linked || dialled) {
                    (false, _) => None,
                    (true, true) => Some(Country::Named),
                    (true, false) => Some(Country::Beside),
                };
            }
        }
        linked = true;
        head = &head[..head.len() - len];
    }
    None
}

/// Whether nothing but words such as `number is` stands between a label and its number.
pub(super) fn linked(between: &[u8]) -> bool {
    let mut words = between.split(|byte| !byte.is_ascii_alphabetic() && *byte < 0x80).filter(|word| !word.is_empty());
    between.len() < 24
        && !between.iter().any(u8::is_ascii_digit)
        && words.all(|word| word == b"at" || LINKS.iter().any(|link| word.eq_ignore_ascii_case(link.as_bytes())))
}

/// The country that stands in parentheses behind a number, `415-555-0132 (미국)`.
pub(super) fn country_behind(bytes: &[u8], end: usize) -> Option<Country> {
    let rest = bytes[end..].strip_prefix(b" ").unwrap_or(&bytes[end..]).strip_prefix(b"(")?;
    let close = rest.iter().take(32).position(|byte| *byte == b')')?;
    let word = &rest[..close];
    let named = HANGUL.iter().any(|name| word.starts_with(name.as_bytes()))
        || ENGLISH.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()));
    named.then_some(Country::Named)
}
