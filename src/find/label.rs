//! Words that say what the value behind them is: they admit weak shapes, and refute a few that look like others.
//!
//! They are looked for only around a candidate, and mostly at no byte twice.

use super::lexicon::{LEXICON, Word};
use crate::kind::Kind;
use crate::limits::LABEL_CHARS_MAX;

/// What a label announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// A value of this kind.
    Of(Kind),
    /// A bank: an account, unless the number has the shape of something else.
    Bank,
    /// A number that is none of ours: order, bar code, time.
    Other,
}

impl Label {
    /// Whether it announces a registration number of a person, resident or foreigner: fields called 주민등록번호 hold both.
    pub(super) fn person(self) -> bool {
        matches!(self, Self::Of(Kind::KrRrn | Kind::KrFrn))
    }
}

/// A label that governs a place of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Near {
    pub(super) label: Label,
    /// Where it begins and ends in the text; of a member's name, both are 0.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether no digit stands between it and the place.
    pub(super) alone: bool,
    /// Whether it is the name of the member or field.
    pub(super) field: bool,
}

/// Names of banks and of those who keep accounts like banks.
const BANKS: [&str; 71] = [
    "국민은행",
    "신한은행",
    "우리은행",
    "하나은행",
    "농협은행",
    "기업은행",
    "카카오뱅크",
    "토스뱅크",
    "케이뱅크",
    "새마을금고",
    "우체국",
    "수협",
    "신협",
    "농협",
    "부산은행",
    "대구은행",
    "광주은행",
    "전북은행",
    "경남은행",
    "제주은행",
    "산업은행",
    "씨티은행",
    "제일은행",
    "sc제일",
    "은행",
    "뱅크",
    "축협",
    "산림조합",
    "저축은행",
    "우리종금",
    "수협은행",
    "외환은행",
    "한국씨티",
    "카카오페이증권",
    "토스증권",
    "미래에셋",
    "한국투자",
    "삼성증권",
    "키움증권",
    "nh투자",
    "kb증권",
    "신한투자",
    "대신증권",
    "카뱅",
    "토뱅",
    "케뱅",
    "새마을",
    "imbank",
    "im뱅크",
    "ibk",
    "kb국민",
    "kbstar",
    "농협중앙회",
    "국민",
    "신한",
    "우리",
    "하나",
    "기업",
    "카카오",
    "토스",
    "shinhan",
    "woori",
    "kookmin",
    "hanabank",
    "hana bank",
    "keb hana",
    "kakaobank",
    "kakao bank",
    "tossbank",
    "toss bank",
    "nonghyup",
];

/// Words before numbers that are none of ours.
const OTHER_STEMS: [&str; 67] = [
    "바코드",
    "상품코드",
    "상품번호",
    "주문",
    "송장",
    "등기번호",
    "접수번호",
    "처방번호",
    "증권번호",
    "일련번호",
    "관리번호",
    "승인번호",
    "사건번호",
    "사번",
    "학번",
    "결제일",
    "고유번호",
    "문서번호",
    "모델명",
    "모델번호",
    "시리얼",
    "유통기한",
    "사용기한",
    "제조일자",
    "계약일",
    "barcode",
    "order",
    "tracking",
    "invoice",
    "time",
    "epoch",
    "product",
    "serial",
    "version",
    "버전",
    "요양기관",
    "증서번호",
    "동물등록번호",
    "거래번호",
    "부품",
    "품번",
    "제품번호",
    "제품코드",
    "자재코드",
    "예약번호",
    "회원번호",
    "고객번호",
    "계약번호",
    "수험번호",
    "전표번호",
    "영수증번호",
    "배송번호",
    "보험증권",
    "운송장",
    "part no",
    "partno",
    "part_no",
    "part number",
    "모델",
    "model",
    "쿠폰",
    "자산번호",
    "결제금액",
    "결제 금액",
    "금액",
    "로트번호",
    "수량",
];

/// Such words that do not go on.
const OTHER_WORDS: [&str; 14] =
    ["ts", "iat", "exp", "sku", "ean", "isbn", "issn", "ver", "uuid", "s/n", "sn", "p/n", "pn", "lot"];

/// All words, those of the kinds first.
pub(super) fn words() -> Vec<Word> {
    let mut words = Vec::new();
    let mut add = |list: &[&'static str], label, whole| {
        words.extend(list.iter().map(|text| Word { text, label, whole }));
    };
    for kind in &Kind::ALL[..Kind::FOUND] {
        add(kind.labels().stems, Label::Of(*kind), false);
        add(kind.labels().words, Label::Of(*kind), true);
    }
    add(&BANKS, Label::Bank, false);
    add(&OTHER_STEMS, Label::Other, false);
    add(&OTHER_WORDS, Label::Other, true);
    words
}

/// A label in the text.
#[derive(Debug, Clone, Copy)]
struct Hit {
    start: usize,
    end: usize,
    label: Label,
}

/// The labels of one text, as far as anybody asked.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// In order; none is missing that begins in `known..scanned`.
    hits: Vec<Hit>,
    known: usize,
    scanned: usize,
    /// How far back the last question reached.
    reached: Reached,
    /// The label in the member's name, once somebody asked.
    field: Option<Option<Label>>,
}

/// Most bytes of a label's reach: a character has at most four.
const REACH: usize = LABEL_CHARS_MAX * 4;

impl Labels {
    pub(super) fn clear(&mut self) {
        self.hits.clear();
        (self.known, self.scanned) = (0, 0);
        self.reached = Reached::default();
    }

    pub(super) fn forget_field(&mut self) {
        self.field = None;
    }

    /// Sees to it that the labels that reach `from` from before are known, and those that begin before `until`.
    #[inline]
    fn scan(&mut self, bytes: &[u8], from: usize, until: usize) {
        // A text may be long and its candidates few: nobody asks for what lies far behind. Nothing lies before its begin.
        if until > self.scanned || (from > 0 && from.saturating_sub(REACH) < self.known) {
            self.scan_more(bytes, from, until);
        }
    }

    fn scan_more(&mut self, bytes: &[u8], from: usize, until: usize) {
        let lexicon = &*LEXICON;
        let begin = from.saturating_sub(REACH + lexicon.longest);
        if begin > self.scanned || begin < self.known {
            // Too far from what is known, behind or before it.
            let scanned = if begin > self.scanned { until } else { self.scanned.max(until) };
            self.hits.clear();
            (self.known, self.scanned) = (begin, begin);
            self.extend(bytes, scanned);
        } else {
            self.extend(bytes, until);
        }
    }

    fn extend(&mut self, bytes: &[u8], until: usize) {
        // A whole block at once: the next number asks for what follows.
        let until = until.max((self.scanned + 64).min(bytes.len()));
        let hits = &mut self.hits;
        let found = |start, end, label| hits.push(Hit { start, end, label });
        self.scanned = LEXICON.each(bytes, self.scanned, until, found);
    }

    /// Whether any label stands in the reach before byte `at`, which may be a little longer than that of [`before`](Self::before).
    pub(super) fn any_before(&mut self, bytes: &[u8], at: usize) -> bool {
        self.scan(bytes, at, at);
        self.hits.iter().rev().any(|hit| hit.end <= at && at - hit.start <= REACH)
    }

    /// The nearest label before byte `at` that `fits`, in the text; else the member's name, if that does.
    ///
    /// Looks back [`LABEL_CHARS_MAX`] characters, not past a `,` `;` `&` `{` or newline; but a label that ends a line
    /// heads the next one.
    pub(super) fn before(
        &mut self,
        bytes: &[u8],
        field: &[u8],
        at: usize,
        fits: impl Fn(Label) -> bool,
    ) -> Option<Near> {
        self.scan(bytes, at, at);
        let mut bound = None;
        let reached = &mut self.reached;
        for place in (0..self.hits.partition_point(|hit| hit.end <= at)).rev() {
            let Hit { start, end, label } = self.hits[place];
            let bound = *bound.get_or_insert_with(|| reached.of(bytes, at));
            if start < bound && !heads(bytes, end, bound, at) {
                break;
            }
            if fits(label) {
                let alone = !bytes[end..at].iter().any(u8::is_ascii_digit);
                return Some(Near { label, start, end, alone, field: false });
            }
        }
        let label = self.field_label(field)?;
        let bound = bound.unwrap_or_else(|| self.reached.of(bytes, at));
        // A name governs what stands at the begin of its value.
        (bound == 0 && fits(label)).then(|| Near {
            label,
            start: 0,
            end: 0,
            alone: !bytes[..at].iter().any(u8::is_ascii_digit),
            field: true,
        })
    }

    /// The first label that `fits` and begins in the `chars` characters behind byte `at`, not past a `,` `;` `&` `}` or newline.
    pub(super) fn behind(
        &mut self,
        bytes: &[u8],
        at: usize,
        chars: usize,
        fits: impl Fn(Label) -> bool,
    ) -> Option<Near> {
        let mut end = at;
        let mut left = chars;
        while end < bytes.len() && !matches!(bytes[end], b',' | b';' | b'&' | b'}' | b'\n') {
            if bytes[end] & 0xC0 != 0x80 {
                if left == 0 {
                    break;
                }
                left -= 1;
            }
            end += 1;
        }
        self.scan(bytes, at, end);
        let from = self.hits.partition_point(|hit| hit.start < at);
        let hit = self.hits[from..].iter().take_while(|hit| hit.start < end).find(|hit| fits(hit.label))?;
        let alone = !bytes[at..hit.start].iter().any(u8::is_ascii_digit);
        Some(Near { label: hit.label, start: hit.start, end: hit.end, alone, field: false })
    }

    /// The label of letters that is glued to byte `at`: `TEL010-...`, `rrn8801...`, where a letter would refute the number.
    pub(super) fn glued(&mut self, bytes: &[u8], at: usize) -> Option<Label> {
        self.scan(bytes, at, at);
        let place = self.hits.partition_point(|hit| hit.end < at);
        let hit = self.hits.get(place).filter(|hit| hit.end == at)?;
        let inside = hit.start > 0 && bytes[hit.start - 1].is_ascii_alphabetic();
        (!inside && hit.label != Label::Other).then_some(hit.label)
    }

    /// The last label in the member's name: `customerName` is a name, `nameOfCard` a card.
    fn field_label(&mut self, field: &[u8]) -> Option<Label> {
        if field.is_empty() {
            return None;
        }
        *self.field.get_or_insert_with(|| {
            let mut last = None;
            LEXICON.each(field, 0, field.len(), |_, _, label| last = Some(label));
            last
        })
    }
}

/// The answer of [`reach`] for the last place that it was asked of: several kinds ask at the same number.
#[derive(Debug, Clone, Copy, Default)]
struct Reached {
    at: usize,
    bound: usize,
}

impl Reached {
    fn of(&mut self, bytes: &[u8], at: usize) -> usize {
        if self.at != at {
            *self = Self { at, bound: reach(bytes, at) };
        }
        self.bound
    }
}

/// The first byte that a label of byte `at` may begin at.
fn reach(bytes: &[u8], at: usize) -> usize {
    let mut start = at;
    let mut left = LABEL_CHARS_MAX;
    while start > 0 && !matches!(bytes[start - 1], b',' | b';' | b'&' | b'{' | b'\n') {
        start -= 1;
        if bytes[start] & 0xC0 != 0x80 {
            left -= 1;
            if left == 0 {
                break;
            }
        }
    }
    start
}

/// Whether the label that ends at `end` ends its line and the value at `at` begins the next, as in forms:
/// `주소:` newline `서울...`. `bound` is where the label's reach ends.
fn heads(bytes: &[u8], end: usize, bound: usize, at: usize) -> bool {
    let signs = |part: &[u8]| !part.iter().any(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80 || *byte == b'\n');
    if end >= bound || bytes[bound - 1] != b'\n' || !signs(&bytes[bound..at]) {
        return false;
    }
    let rest = &bytes[end..bound - 1];
    let word = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte >= 0x80).count();
    signs(&rest[word..])
}

/// Whether `start..end` is a word, or begins one: `card_no` and `cardNo`, not `discard`.
pub(super) fn stands(bytes: &[u8], start: usize, end: usize, word: &Word) -> bool {
    if !word.text.is_ascii() {
        return true;
    }
    let inside = start > 0 && bytes[start - 1].is_ascii_alphabetic();
    let hump = bytes[start].is_ascii_uppercase() && start > 0 && bytes[start - 1].is_ascii_lowercase();
    if inside && !hump {
        return false;
    }
    if !word.whole {
        return true;
    }
    let rest = &bytes[end..];
    if word.text.len() == 1 {
        return matches!(rest, [b'.' | b':' | b')', ..]);
    }
    let next = rest.first().copied().unwrap_or(b' ');
    let number = rest.len() >= 2 && rest[..2].eq_ignore_ascii_case(b"no") || rest.starts_with(b"num");
    !next.is_ascii_alphabetic() || (bytes[end - 1].is_ascii_lowercase() && next.is_ascii_uppercase()) || number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(text: &str) -> Option<(Label, bool)> {
        let near = Labels::default().before(text.as_bytes(), b"", text.len(), |_| true);
        near.map(|near| (near.label, near.alone))
    }

    #[test]
    fn labels() {
        let rows = [
            ("주민등록번호는 ", Some((Label::Of(Kind::KrRrn), true))),
            ("주민번호: 1 그리고 ", Some((Label::Of(Kind::KrRrn), false))),
            ("법인등록번호 ", Some((Label::Of(Kind::KrCrn), true))),
            ("법인카드 ", Some((Label::Of(Kind::CreditCard), true))),
            ("\"userPhone\":\"", Some((Label::Of(Kind::KrPhone), true))),
            ("telNo=", Some((Label::Of(Kind::KrPhone), true))),
            ("TELNO ", Some((Label::Of(Kind::KrPhone), true))),
            ("hotel ", None),
            ("telegram ", None),
            ("card_no=", Some((Label::Of(Kind::CreditCard), true))),
            ("discard ", None),
            ("ts=", Some((Label::Other, true))),
            ("hits=", None),
            ("T. ", Some((Label::Of(Kind::KrPhone), true))),
            ("rrn=1&x=", None),
            ("주민번호, ", None),
            ("주민번호:\n  ", Some((Label::Of(Kind::KrRrn), true))),
            ("주민번호를 적는다\n", None),
            ("주민번호\n\n", None),
            ("주민번호와는 아무런 관계가 없이 이 글의 아주아주 멀리 떨어진 다른 곳에 적힌 수 ", None),
        ];
        for (text, want) in rows {
            assert_eq!(before(text), want, "{text}");
        }
    }

    #[test]
    fn the_name_of_a_member_is_a_label_at_the_begin_of_its_value() {
        let field = |name: &str, text: &str| {
            let near = Labels::default().before(text.as_bytes(), name.as_bytes(), text.len(), |_| true);
            near.map(|near| (near.label, near.field))
        };
        assert_eq!(field("userPhone", ""), Some((Label::Of(Kind::KrPhone), true)));
        assert_eq!(field("userPhone", "카드 "), Some((Label::Of(Kind::CreditCard), false)));
        assert_eq!(field("userPhone", "나, "), None);
        assert_eq!(field("message", ""), None);
    }
}
