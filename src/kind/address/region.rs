//! The names of Korea's provinces, cities, counties and districts, and what the other parts of an address end in.

/// Provinces and cities that are none's, as they are written in full; the longer first.
#[rustfmt::skip]
const PROVINCES: [&str; 27] = [
    "세종특별자치시", "제주특별자치도", "강원특별자치도", "전북특별자치도", "서울특별시", "부산광역시", "대구광역시", "인천광역시", "광주광역시",
    "대전광역시", "울산광역시", "충청북도", "충청남도", "전라북도", "전라남도", "경상북도", "경상남도", "경기도", "강원도", "제주도", "서울시",
    "부산시", "대구시", "인천시", "대전시", "울산시", "세종시",
];

/// The same in short.
#[rustfmt::skip]
const SHORT: [&str; 17] = [
    "서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기", "강원", "충북", "충남", "전북", "전남", "경북", "경남",
    "제주",
];

/// Cities and counties, sorted; a few of the last decades that old addresses still name.
#[rustfmt::skip]
const CITIES: [&str; 166] = [
    "가평군", "강릉시", "강진군", "강화군", "거제시", "거창군", "경산시", "경주시", "계룡시", "고령군", "고성군", "고양시", "고창군",
    "고흥군", "곡성군", "공주시", "과천시", "광명시", "광양시", "광주시", "괴산군", "구례군", "구리시", "구미시", "군산시", "군위군",
    "군포시", "금산군", "기장군", "김제시", "김천시", "김포시", "김해시", "나주시", "남양주시", "남원시", "남해군", "논산시", "단양군",
    "달성군", "담양군", "당진군", "당진시", "동두천시", "동해시", "마산시", "목포시", "무안군", "무주군", "문경시", "밀양시", "보령시",
    "보성군", "보은군", "봉화군", "부안군", "부여군", "부천시", "사천시", "산청군", "삼척시", "상주시", "서귀포시", "서산시", "서천군",
    "성남시", "성주군", "속초시", "수원시", "순창군", "순천시", "시흥시", "신안군", "아산시", "안동시", "안산시", "안성시", "안양시",
    "양구군", "양산시", "양양군", "양주군", "양주시", "양평군", "여수시", "여주군", "여주시", "연기군", "연천군", "영광군", "영덕군",
    "영동군", "영암군", "영양군", "영월군", "영주시", "영천시", "예산군", "예천군", "오산시", "옥천군", "옹진군", "완도군", "완주군",
    "용인시", "울릉군", "울주군", "울진군", "원주시", "음성군", "의령군", "의성군", "의왕시", "의정부시", "이천시", "익산시", "인제군",
    "임실군", "장성군", "장수군", "장흥군", "전주시", "정선군", "정읍시", "제주시", "제천시", "증평군", "진도군", "진안군", "진주시",
    "진천군", "진해시", "창녕군", "창원시", "천안시", "철원군", "청도군", "청송군", "청양군", "청원군", "청주시", "춘천시", "충주시",
    "칠곡군", "태백시", "태안군", "통영시", "파주시", "평창군", "평택시", "포천군", "포천시", "포항시", "하남시", "하동군", "함안군",
    "함양군", "함평군", "합천군", "해남군", "홍성군", "홍천군", "화성시", "화순군", "화천군", "횡성군",
];

/// Districts, sorted; those that begin in 2026 among them.
#[rustfmt::skip]
const DISTRICTS: [&str; 89] = [
    "강남구", "강동구", "강북구", "강서구", "검단구", "계양구", "관악구", "광산구", "광진구", "구로구", "권선구", "금정구", "금천구",
    "기흥구", "남구", "남동구", "노원구", "단원구", "달서구", "대덕구", "덕양구", "덕진구", "도봉구", "동구", "동남구", "동대문구", "동래구",
    "동안구", "동작구", "동탄구", "마산합포구", "마산회원구", "마포구", "만세구", "만안구", "미추홀구", "병점구", "부산진구", "부평구", "북구",
    "분당구", "사상구", "사하구", "상당구", "상록구", "서구", "서대문구", "서북구", "서원구", "서초구", "서해구", "성동구", "성북구",
    "성산구", "소사구", "송파구", "수성구", "수영구", "수정구", "수지구", "양천구", "연수구", "연제구", "영도구", "영등포구", "영종구",
    "영통구", "오정구", "완산구", "용산구", "원미구", "유성구", "은평구", "의창구", "일산동구", "일산서구", "장안구", "제물포구", "종로구",
    "중구", "중랑구", "중원구", "진해구", "처인구", "청원구", "팔달구", "해운대구", "효행구", "흥덕구",
];

/// A bit for each syllable, counted from 가, that names of the lists begin with.
const BEGINS: [u64; 175] = {
    const fn note(mut bits: [u64; 175], names: &[&str]) -> [u64; 175] {
        let mut place = 0;
        while place < names.len() {
            if let [first, second, third, ..] = names[place].as_bytes() {
                let index = syllable(*first, *second, *third);
                bits[index / 64] |= 1 << (index % 64);
            }
            place += 1;
        }
        bits
    }
    note(note(note(note([0; 175], &PROVINCES), &SHORT), &CITIES), &DISTRICTS)
};

/// The syllable of these bytes, counted from 가; one behind the last for what is none.
const fn syllable(first: u8, second: u8, third: u8) -> usize {
    let code = (first as usize & 0xF) << 12 | (second as usize & 0x3F) << 6 | third as usize & 0x3F;
    let index = code.wrapping_sub(0xAC00);
    if first >= 0xE0 && index < 11_172 { index } else { 11_172 }
}

/// Whether a name of the lists may begin so: most words end here.
fn may_begin(word: &[u8]) -> bool {
    let [first, second, third, ..] = *word else { return false };
    let index = syllable(first, second, third);
    BEGINS[index / 64] >> (index % 64) & 1 == 1
}

/// The rank of a word in an address; each part is of a higher rank than the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// 시도.
    Province,
    /// 시, 군.
    City,
    /// 구.
    District,
    /// 읍, 면.
    Town,
    /// 동, 가.
    Dong,
    /// 리.
    Ri,
    /// 대로, 로, 길.
    Road,
    /// `12길`, `12번길`, `12가길`, apart from the road's name.
    Branch,
}

/// What a word of an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// The rank of its last part, and of its first: `서울시강남구` is written as one word at times.
    pub(crate) rank: Rank,
    pub(crate) first: Rank,
    /// How many of its bytes the names in the lists take.
    pub(crate) known: usize,
    /// Where it begins in the word, in bytes: `거주지서울특별시`.
    pub(crate) from: usize,
    /// Whether it is a name without what it is: `서울`, `수원`, `강남`.
    pub(crate) bare: bool,
}

/// What `word` is, if it is a part of an address.
pub(crate) fn part(word: &[u8]) -> Option<Part> {
    let (known, first, last) = names(word);
    if known == word.len() {
        let bare = SHORT.iter().any(|name| name.as_bytes() == word);
        return Some(Part { rank: last?, first: first?, known, from: 0, bare });
    }
    let ending = by_ending(&word[known..]);
    // `종로` is a road, and 종로구 without its 구.
    if ending.is_none()
        && let Some(rank) = stem(word)
    {
        return Some(Part { rank, first: rank, known: word.len(), from: 0, bare: true });
    }
    if (word.ends_with("시".as_bytes()) || word.ends_with("도".as_bytes()))
        && let Some(province) = PROVINCES.iter().find(|name| word.ends_with(name.as_bytes()))
    {
        let from = word.len() - province.len();
        return Some(Part { rank: Rank::Province, first: Rank::Province, known: province.len(), from, bare: false });
    }
    let Some(rank) = ending else {
        return glued(word);
    };
    // `성남시로` is no road of Seongnam, `강남구구` no part of it.
    let glued = known > 0 && (rank <= last? || word.len() - known < 6);
    (!glued).then_some(Part { rank, first: first.unwrap_or(rank), known, from: 0, bare: false })
}

/// How many bytes at the begin of `word` are names of the lists, and the ranks of the first and last of them.
pub(crate) fn names(word: &[u8]) -> (usize, Option<Rank>, Option<Rank>) {
    let mut known = 0;
    let (mut first, mut last) = (None, None);
    if !may_begin(word) {
        return (known, first, last);
    }
    if let Some(name) = PROVINCES.iter().find(|name| word.starts_with(name.as_bytes())) {
        known = name.len();
        (first, last) = (Some(Rank::Province), Some(Rank::Province));
    } else if let Some(name) = SHORT.iter().find(|name| word.starts_with(name.as_bytes())) {
        // `광주시` and `제주시` are cities; `서울강남구` is two names, `서울역` none.
        let behind = &word[name.len()..];
        if behind.is_empty() || (city(word).is_none() && city(behind).is_some()) {
            known = name.len();
            (first, last) = (Some(Rank::Province), Some(Rank::Province));
        }
    }
    while let Some((len, rank)) = city(&word[known..]) {
        if last.is_some_and(|last| last >= rank) {
            break;
        }
        known += len;
        first = first.or(Some(rank));
        last = Some(rank);
    }
    (known, first, last)
}

/// The name of a city, county or district that `word` begins with.
fn city(word: &[u8]) -> Option<(usize, Rank)> {
    let found = |list: &[&str], len: usize| list.binary_search_by(|name| name.as_bytes().cmp(&word[..len])).is_ok();
    (6..=15).step_by(3).take_while(|len| *len <= word.len()).find_map(|len| match &word[len - 3..len] {
        end if end == "시".as_bytes() || end == "군".as_bytes() => found(&CITIES, len).then_some((len, Rank::City)),
        end if end == "구".as_bytes() => found(&DISTRICTS, len).then_some((len, Rank::District)),
        _ => None,
    })
}

/// A province in short behind a particle or the end of a label: `문의는대전`, `주소서울`.
fn glued(word: &[u8]) -> Option<Part> {
    let from = word.len().checked_sub(6).filter(|from| *from >= 3)?;
    let particle = ["은", "는", "이", "가", "을", "를", "로", "에", "서", "소", "지"];
    let apart = particle.iter().any(|particle| word[..from].ends_with(particle.as_bytes()));
    let province = SHORT.iter().any(|name| name.as_bytes() == &word[from..]);
    let part = Part { rank: Rank::Province, first: Rank::Province, known: 6, from, bare: true };
    (apart && province).then_some(part)
}

/// The rank of a city, county or district that is written without 시, 군 or 구: `수원 영통구`, `서울 강남 예시로`.
fn stem(word: &[u8]) -> Option<Rank> {
    let len = word.len();
    if !(6..=9).contains(&len) || !may_begin(word) {
        return None;
    }
    let mut name = [0; 12];
    name[..len].copy_from_slice(word);
    ["시", "군", "구"].iter().find_map(|end| {
        name[len..len + 3].copy_from_slice(end.as_bytes());
        city(&name[..len + 3]).filter(|(whole, _)| *whole == len + 3).map(|(_, rank)| rank)
    })
}

/// Words that end as parts of an address do and are none.
#[rustfmt::skip]
const OTHERS: [&str; 42] = [
    "바로", "별로", "따로", "서로", "새로", "홀로", "실제로", "그대로", "스스로", "수시로", "때때로", "제로", "대로", "도로",
    "처리", "관리", "거리", "정리", "수리", "우리", "대리", "분리", "심리", "유리", "권리",
    "활동", "운동", "행동", "노동", "자동", "변동", "작동", "공동",
    "하면", "되면", "방면", "측면", "보면", "다시", "필요시", "즉시", "임시",
];

/// The rank that the end of `word` tells, of a name that no list has.
pub(crate) fn by_ending(word: &[u8]) -> Option<Rank> {
    let len = word.len();
    if len < 4 {
        return None;
    }
    let end = &word[len - 3..];
    let before = word[len - 4];
    let rank = match std::str::from_utf8(end).ok()? {
        "시" | "군" => Rank::City,
        "구" => Rank::District,
        "읍" | "면" => Rank::Town,
        "동" => Rank::Dong,
        // `종로1가`: a 가 behind a digit; else it is a particle.
        "가" if before.is_ascii_digit() => Rank::Dong,
        "리" => Rank::Ri,
        "로" => Rank::Road,
        "길" if is_branch(&word[..len - 3]) => Rank::Branch,
        "길" => Rank::Road,
        _ => return None,
    };
    let letters = word.iter().any(|byte| *byte >= 0x80) && !word[..len - 3].iter().all(u8::is_ascii_digit);
    let sound = rank == Rank::Branch || letters;
    let particle = word.ends_with("으로".as_bytes());
    (sound && !particle && !OTHERS.iter().any(|other| other.as_bytes() == word)).then_some(rank)
}

/// Whether this before 길 is a number and no name: `12`, `12번`, `12가`, `12번안`.
fn is_branch(stem: &[u8]) -> bool {
    let digits = stem.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = &stem[digits..];
    for word in ["번", "안"] {
        rest = rest.strip_prefix(word.as_bytes()).unwrap_or(rest);
    }
    let letter = rest.len() == 3 && "가나다라마바사아자차카타파하".as_bytes().chunks_exact(3).any(|one| one == rest);
    digits > 0 && (rest.is_empty() || letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(CITIES.is_sorted() && DISTRICTS.is_sorted());
    }

    #[test]
    fn parts() {
        let rows = [
            ("서울특별시", Some((Rank::Province, 15))),
            ("서울", Some((Rank::Province, 6))),
            ("강원특별자치도", Some((Rank::Province, 21))),
            ("광주시", Some((Rank::City, 9))),
            ("제주시", Some((Rank::City, 9))),
            ("강남구", Some((Rank::District, 9))),
            ("서울시강남구", Some((Rank::District, 18))),
            ("수원시영통구", Some((Rank::District, 18))),
            ("강남구역삼동", Some((Rank::Dong, 9))),
            ("가상구", Some((Rank::District, 0))),
            ("예시읍", Some((Rank::Town, 0))),
            ("예시3동", Some((Rank::Dong, 0))),
            ("예시로2가", Some((Rank::Dong, 0))),
            ("예시로", Some((Rank::Road, 0))),
            ("예시로12길", Some((Rank::Road, 0))),
            ("12번길", Some((Rank::Branch, 0))),
            ("12가길", Some((Rank::Branch, 0))),
            ("거주지서울특별시", Some((Rank::Province, 15))),
            ("수원", Some((Rank::City, 6))),
            ("강남", Some((Rank::District, 6))),
            ("서울역", None),
            ("강남구청", None),
            ("서울특별시청", None),
            ("성남시로", None),
            ("강남으로", None),
            ("101동", None),
            ("누가", None),
            ("길", None),
            ("", None),
        ];
        for (word, want) in rows {
            assert_eq!(part(word.as_bytes()).map(|part| (part.rank, part.known)), want, "{word}");
        }
    }
}
