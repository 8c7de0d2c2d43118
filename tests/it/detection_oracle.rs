//! Detection once more, slow and plain: characters with their origins, a regex for each written form, all places tried.
//!
//! It shares nothing with `find` and `kind` but the enum of kinds; the rules are those of the guide to formats.

use std::net::Ipv6Addr;
use std::ops::Range;
use std::sync::LazyLock;

use garim::kind::Kind;
use regex::Regex;

/// A finding: its kind, its bytes in the original, its plain form.
pub(crate) type Found = (Kind, Range<usize>, String);

/// A character and the bytes of the original that it stands for.
type Sign = (char, Range<usize>);

/// What an invisible character becomes where it parts two numbers.
const GONE: char = '\u{7f}';

/// All identifiers in `text`, sorted and disjoint.
pub(crate) fn find(text: &str, json: bool) -> Vec<Found> {
    let mut proposals = Vec::new();
    let mut signs: Vec<Sign> = text.char_indices().map(|(at, c)| (c, at..at + c.len_utf8())).collect();
    if json {
        signs = replace(&signs, |text, _| escape(text)).0;
    }
    for depth in 0..=3 {
        signs = signs.into_iter().map(|(c, origin)| (fold(c), origin)).collect();
        propose(&signs, depth, &mut proposals);
        let joined: Vec<Sign> = signs.iter().filter(|(c, _)| *c != GONE).cloned().collect();
        propose(&joined, depth, &mut proposals);
        let (deeper, changed) =
            replace(&signs, |text, before| escape(text).or_else(|| percent(text)).or_else(|| plus(text, before)));
        if !changed {
            break;
        }
        signs = deeper;
    }
    settle(text, proposals)
}

fn fold(c: char) -> char {
    let zeros = ['０', '٠', '०', '๐', '𝟎'];
    if let Some(digit) = zeros.iter().find_map(|zero| (c as u32).checked_sub(*zero as u32).filter(|value| *value < 10))
    {
        return char::from_digit(digit, 10).unwrap();
    }
    match c {
        '！'..='～' => char::from_u32(c as u32 - 0xFEE0).unwrap(),
        '‐' | '‑' | '–' | '—' | '−' | '·' | 'ー' => '-',
        '\u{a0}' | '\u{3000}' => ' ',
        '\u{200b}' | '\u{200c}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{3164}' => GONE,
        '⓪' => '0',
        '①'..='⑨' => char::from_digit(c as u32 - '①' as u32 + 1, 10).unwrap(),
        other => other,
    }
}

/// `\uXXXX`, `\n`, `\"` and the like at the begin of `text`, and how many characters that is.
fn escape(text: &str) -> Option<(char, usize)> {
    static ESCAPE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"^\\(u[0-9a-fA-F]{4}|["\\/nrtbf])"#).unwrap());
    let escape = ESCAPE.find(text)?.as_str();
    let c = match &escape[1..2] {
        "u" => char::from_u32(u32::from_str_radix(&escape[2..], 16).unwrap()).unwrap_or('\u{fffd}'),
        "n" | "r" | "t" | "b" | "f" => '\n',
        other => other.chars().next().unwrap(),
    };
    Some((c, escape.len()))
}

/// `%XX` at the begin of `text`; bytes beyond ASCII do not make up characters here.
fn percent(text: &str) -> Option<(char, usize)> {
    static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new("^%[0-9a-fA-F]{2}").unwrap());
    let byte = u8::from_str_radix(&CODE.find(text)?.as_str()[1..], 16).unwrap();
    Some((if byte < 0x80 { byte as char } else { '\u{fffd}' }, 3))
}

/// A `+` that is a space: between a digit and three more, in a word behind its `=`.
fn plus(text: &str, before: &str) -> Option<(char, usize)> {
    static AHEAD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\+[0-9]{3}").unwrap());
    static BEHIND: LazyLock<Regex> = LazyLock::new(|| Regex::new("=[^ \"',\n{]*[0-9]$").unwrap());
    (AHEAD.is_match(text) && BEHIND.is_match(before)).then_some((' ', 1))
}

/// Replaces what `read` recognises at each place (the text from there, the text before): a character, and how many it
/// stands for.
fn replace(signs: &[Sign], read: impl Fn(&str, &str) -> Option<(char, usize)>) -> (Vec<Sign>, bool) {
    let text = |signs: &[Sign]| signs.iter().map(|(c, _)| *c).collect::<String>();
    let (mut out, mut changed, mut at) = (Vec::new(), false, 0);
    while at < signs.len() {
        let ahead = text(&signs[at..signs.len().min(at + 6)]);
        if let Some((c, len)) = read(&ahead, &text(&signs[..at])) {
            out.push((c, signs[at].1.start..signs[at + len - 1].1.end));
            (changed, at) = (true, at + len);
        } else {
            out.push(signs[at].clone());
            at += 1;
        }
    }
    (out, changed)
}

/// Gives each byte to the best proposal that claims it: the longest, the most decoded, the first kind.
fn settle(text: &str, mut proposals: Vec<(Found, usize)>) -> Vec<Found> {
    proposals.sort_by_key(|((kind, span, _), depth)| (usize::MAX - span.len(), 9 - depth, *kind, span.start));
    let owner = |at: usize| proposals.iter().position(|((_, span, _), _)| span.contains(&at));
    let mut kept: Vec<(usize, Range<usize>)> = Vec::new();
    for at in 0..text.len() {
        match (owner(at), kept.last_mut()) {
            (None, _) => {}
            (Some(owner), Some((last, span))) if *last == owner && span.end == at => span.end += 1,
            (Some(owner), _) => kept.push((owner, at..at + 1)),
        }
    }
    let found = |(owner, part): (usize, Range<usize>)| {
        let (kind, span, plain) = &proposals[owner].0;
        let plain = if text[span.clone()] == **plain { text[part.clone()].to_owned() } else { plain.clone() };
        (*kind, part, plain)
    };
    kept.into_iter().map(found).collect()
}

/// A rule: where the text before ends and the text from there on; the kind and length of what begins there.
type Rule = fn(&str, usize) -> Option<(Kind, Range<usize>)>;

fn propose(signs: &[Sign], depth: usize, proposals: &mut Vec<(Found, usize)>) {
    let text: String = signs.iter().map(|(c, _)| *c).collect();
    let rules: [Rule; 6] = [person, national, international, card, address_v4, address_v6];
    let mut place = Vec::new();
    for (index, (c, _)) in signs.iter().enumerate() {
        place.extend(std::iter::repeat_n(index, c.len_utf8()));
    }
    let mut add = |kind, span: Range<usize>| {
        let origin = signs[place[span.start]].1.start..signs[place[span.end - 1]].1.end;
        proposals.push(((kind, origin, text[span].to_owned()), depth));
    };
    for (at, _) in text.char_indices() {
        for rule in rules {
            if let Some((kind, span)) = rule(&text, at) {
                add(kind, span);
            }
        }
    }
    static MAIL: LazyLock<Regex> = LazyLock::new(|| {
        let name = "[A-Za-z0-9_%+-][A-Za-z0-9._%+-]*";
        // Nine digits are a number, not the name of a host.
        let label = "(?:[0-9]{1,8}|[A-Za-z][A-Za-z0-9-]*|[0-9]+[A-Za-z-][A-Za-z0-9-]*)";
        Regex::new(&format!(r"{name}@(?:{label}\.)+[A-Za-z]{{2,}}")).unwrap()
    });
    static VERSION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[0-9]+\.[0-9]").unwrap());
    for found in MAIL.find_iter(&text) {
        let domain = &found.as_str()[found.as_str().find('@').unwrap() + 1..];
        let version = VERSION.is_match(domain);
        if !version && !found.as_str().to_lowercase().starts_with("noreply@") {
            add(Kind::Email, found.range());
        }
    }
}

/// The separators, as one group.
const SEP: &str = r"(-|\.|/|\)|\)[ -]| - | -|- | \. |\. | )";

fn anchored(pattern: &str) -> Regex {
    Regex::new(&format!("^(?:{})", pattern.replace("SEP", SEP))).unwrap()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The label nearest before `at`, and whether no digit stands between.
fn label(text: &str, at: usize) -> (&'static str, bool) {
    static LABELS: LazyLock<Regex> = LazyLock::new(|| {
        let hangul = "(?P<person>주민)|(?P<company>법인)|(?P<phone>전화|연락)|(?P<card>카드)|(?P<other>계좌|주문)";
        let ascii = r"(?P<person2>rrn)|(?P<phone2>tel|t|m)|(?P<card2>card)|(?P<other2>order)";
        Regex::new(&format!(r"^(?:{hangul}|(?i:{ascii}))")).unwrap()
    });
    for start in (at.saturating_sub(40)..at).rev().filter(|start| text.is_char_boundary(*start)) {
        if text[start..].starts_with([',', ';', '&', '{', '\n']) {
            break;
        }
        let Some(found) = LABELS.captures(&text[start..at]) else {
            continue;
        };
        let behind = &text[start + found[0].len()..at];
        let ascii = found[0].is_ascii();
        let glued = ascii && text[..start].ends_with(|c: char| c.is_ascii_alphabetic());
        let short = found[0].eq_ignore_ascii_case("rrn") || found[0].eq_ignore_ascii_case("tel");
        if found[0].len() == 1 && !behind.starts_with(['.', ':', ')']) {
            continue;
        }
        if glued || (short && behind.starts_with(|c: char| c.is_ascii_alphabetic())) {
            continue;
        }
        let alone = !text[start..at].contains(|c: char| c.is_ascii_digit());
        let names = ["person", "company", "phone", "card", "other", "person2", "phone2", "card2", "other2"];
        let name = names.into_iter().find(|name| found.name(name).is_some()).unwrap();
        return (name.trim_end_matches('2'), alone);
    }
    ("", false)
}

/// The ASCII look-around of every number; `own`: the labels whose letters may be glued to it.
fn bounded(text: &str, span: &Range<usize>, own: &[&str]) -> bool {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[0-9A-Za-z]$|[0-9][.-]$").unwrap());
    static BEHIND: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[0-9A-Za-z]|^[.-][0-9]").unwrap());
    static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^%[2-7][0-9a-fA-F]").unwrap());
    let letters = text[..span.start].chars().rev().take_while(char::is_ascii_alphabetic).count();
    let word = text[span.start - letters..span.start].to_lowercase();
    let free = !BEFORE.is_match(&text[..span.start]) || own.contains(&&*word);
    let encoded = text[..span.start].ends_with('%') && CODE.is_match(&text[span.start - 1..]);
    free && !encoded && !BEHIND.is_match(&text[span.end..])
}

fn person(text: &str, at: usize) -> Option<(Kind, Range<usize>)> {
    static FORM: LazyLock<Regex> = LazyLock::new(|| anchored(r"\d{6}(?:SEP)?\d{7}"));
    let found = FORM.captures(&text[at..])?;
    let span = at..at + found[0].len();
    let number: Vec<u32> = digits(&found[0]).chars().map(|c| c.to_digit(10).unwrap()).collect();
    let century = match number[6] {
        0 | 9 => 1800,
        1 | 2 | 5 | 6 => 1900,
        _ => 2000,
    };
    let two = |at: usize| number[at] * 10 + number[at + 1];
    jiff::civil::Date::new((century + two(0)) as i16, two(2) as i8, two(4) as i8).ok()?;
    let weights = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
    let sum: u32 = weights.iter().zip(&number).map(|(weight, digit)| weight * digit).sum();
    let foreign = (5..=8).contains(&number[6]);
    let check = (if foreign { 13 } else { 11 } - sum % 11) % 10 == number[12];
    let (label, alone) = label(text, at);
    let believed = match found.get(1).map(|sep| sep.as_str()) {
        _ if label == "person" => true,
        _ if label == "company" && alone => false,
        None if alone && ["other", "phone", "card"].contains(&label) => false,
        None if number[0] == 1 && number[1] >= 5 => false,
        None => check || (text.len() <= 64 && text.trim() == &text[span.clone()]),
        Some("/" | ")" | ") " | ")-") => false,
        Some(_) => check || (number[6] != 0 && number[6] != 9),
    };
    let kind = if foreign { Kind::KrFrn } else { Kind::KrRrn };
    (believed && bounded(text, &span, &["rrn"])).then_some((kind, span))
}

const CODES: &str = "02|010|01[16-9]|03[1-3]|04[1-4]|05[1-5]|06[1-4]|070|080|050|050[2-8]";

fn national(text: &str, at: usize) -> Option<(Kind, Range<usize>)> {
    static FORMS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
        [
            anchored(&format!(r"({CODES})SEP(\d{{3,4}})SEP(\d{{4}})(?:\D|$)")),
            anchored(&format!(r"({CODES})SEP(\d{{7,8}})(?:\D|$)")),
            anchored(&format!(r"({CODES})(\d{{3,4}})SEP(\d{{4}})(?:\D|$)")),
            anchored(&format!(r"({CODES})(\d{{7,8}})(?:\D|$)")),
        ]
    });
    // Begins of `0082` and `00700` are international.
    if ["0082", "0070082", "00700"].iter().any(|lead| text[at..].starts_with(lead)) {
        return None;
    }
    for (form, regex) in FORMS.iter().enumerate() {
        let Some(found) = regex.captures(&text[at..]) else {
            continue;
        };
        let span = at..at + found.iter().flatten().last().unwrap().end();
        let mobile = found[1].starts_with("01");
        let number = digits(&text[span.clone()]);
        if number[found[1].len()..].bytes().all(|digit| digit == b'0') || !bounded(text, &span, &["tel", "t", "m"]) {
            continue;
        }
        let (label, alone) = label(text, at);
        let glued = label == "phone" && text[..at].ends_with(|c: char| c.is_ascii_alphabetic());
        let paren = form < 2 && found[2].starts_with(')');
        let slashes = [&found[2], found.get(4).map_or("", |sep| sep.as_str())].contains(&"/");
        let plain = match form {
            0 => !slashes && (padded(&found[2]) == padded(&found[4]) || paren),
            1 => found[2] != *"/" && (mobile || paren || found[1].len() == 4 || found[1].starts_with("07")),
            2 => mobile && found[3] != *"/",
            _ => mobile || !(found[2].starts_with('0') || (label == "other" && alone)),
        };
        if plain || label == "phone" || glued {
            return Some((Kind::KrPhone, span));
        }
    }
    None
}

/// A separator without its padding, which makes it another one than the bare sign.
fn padded(sep: &str) -> String {
    if sep.starts_with(')') {
        return ")".into();
    }
    let sign = sep.trim();
    if sign.is_empty() || sign == sep { sep.to_owned() } else { format!("{sign} ") }
}

fn international(text: &str, at: usize) -> Option<(Kind, Range<usize>)> {
    static FORM: LazyLock<Regex> = LazyLock::new(|| {
        let codes = "2|10|1[16-9]|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|80|50[2-8]|50";
        anchored(&format!(
            r"(\+82|0082|0070082|00700SEP82|82)[-. )]{{0,3}}(?:\(0\)[-. ]?|0)?(?:({codes})SEP\d{{3,4}}SEP|({codes})SEP\d{{3,4}}|({codes})\d{{3,4}}SEP|({codes})\d{{3,4}})\d{{4}}"
        ))
    });
    let found = FORM.captures(&text[at..])?;
    let span = at..at + found[0].len();
    let code = (3..=10).filter_map(|group| found.get(group)).find(|group| group.as_str().parse::<u32>().is_ok())?;
    if found[1] == *"82" {
        // A bare 82 is a country code before a mobile number with one separator, or behind a label.
        let run = text[at..].chars().take_while(char::is_ascii_digit).count();
        let seps: Vec<_> = (3..=10).filter_map(|group| found.get(group)).filter(|group| *group != code).collect();
        let even = seps.windows(2).all(|pair| padded(pair[0].as_str()) == padded(pair[1].as_str()));
        let country = !text[..at].ends_with('+') && (run == 2 || (run == 12 && text[at..].starts_with("8210")));
        if !country || !((code.as_str().starts_with('1') && even) || label(text, at).0 == "phone") {
            return None;
        }
    }
    let zeros = digits(&text[at + code.end()..span.end]).bytes().all(|digit| digit == b'0');
    (!zeros && bounded(text, &span, &["tel", "t", "m"])).then_some((Kind::KrPhone, span))
}

fn card(text: &str, at: usize) -> Option<(Kind, Range<usize>)> {
    static FORMS: LazyLock<[Regex; 5]> = LazyLock::new(|| {
        [
            anchored(r"\d{13,19}"),
            anchored(r"\d{4}SEP\d{4}SEP\d{4}SEP\d{4}SEP\d{3}"),
            anchored(r"\d{4}SEP\d{4}SEP\d{4}SEP\d{4}"),
            anchored(r"\d{4}SEP\d{6}SEP\d{5}"),
            anchored(r"\d{4}SEP\d{6}SEP\d{4}"),
        ]
    });
    static ISSUED: LazyLock<Regex> = LazyLock::new(|| {
        let sixteen = "4|9|5[1-5]|62|65|81|64[4-9]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|352[89]|35[3-8]|6011";
        let rows = [
            ("4", 13),
            ("3[68]|30[0-5]", 14),
            ("3[47]", 15),
            (sixteen, 16),
            ("62|81", 17),
            ("62|81", 18),
            ("4|62|81", 19),
        ];
        let rows = rows.map(|(head, len)| format!("(?:{len}:(?:{head}))"));
        Regex::new(&format!("^(?:{})", rows.join("|"))).unwrap()
    });
    FORMS.iter().find_map(|form| {
        let found = form.captures(&text[at..])?;
        let span = at..at + found[0].len();
        let number = digits(&found[0]);
        let sum: u32 = number
            .bytes()
            .rev()
            .enumerate()
            .map(|(place, digit)| u32::from(digit - b'0') * (1 + place as u32 % 2))
            .map(|value| value / 10 + value % 10)
            .sum();
        let luhn = sum.is_multiple_of(10);
        let seps: Vec<String> = found.iter().skip(1).flatten().map(|sep| padded(sep.as_str())).collect();
        let even = seps.windows(2).all(|pair| pair[0] == pair[1]);
        let strong = luhn && even && ISSUED.is_match(&format!("{}:{number}", number.len()));
        let behind =
            text[span.end..].trim_start_matches(' ').starts_with("카드") && !text[span.end..].starts_with("  ");
        let labelled = label(text, at).0 == "card" || behind;
        let believed = strong || (labelled && (luhn || number.len() == 16));
        (believed && bounded(text, &span, &["card"])).then_some((Kind::CreditCard, span))
    })
}

fn address_v4(text: &str, at: usize) -> Option<(Kind, Range<usize>)> {
    const QUAD: &str = r"(?:(?:25[0-5]|2[0-4]\d|[01]?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|[01]?\d?\d)";
    static FORM: LazyLock<Regex> = LazyLock::new(|| anchored(QUAD));
    static TIED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[0-9A-Za-z]$|[0-9]\.$").unwrap());
    static RANGE: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!("(?:^|[^0-9.]){QUAD}-$")).unwrap());
    static RUNS_ON: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[0-9A-Za-z]|^\.[0-9]").unwrap());
    static VERSION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i:(?:^|[^a-z])ver|버전)[ :=.]*$").unwrap());
    static BITS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^/(?:3[0-2]|[12]?\d)(?:[^0-9A-Za-z]|$)").unwrap());
    let found = FORM.find(&text[at..])?;
    let mut span = at..at + found.end();
    let (before, behind) = (&text[..at], &text[span.end..]);
    let tied = TIED.is_match(before) || (Regex::new("[0-9]-$").unwrap().is_match(before) && !RANGE.is_match(before));
    let runs_on = RUNS_ON.is_match(behind)
        || (Regex::new("^-[0-9]").unwrap().is_match(behind) && FORM.find(&behind[1..]).is_none());
    let encoded =
        Regex::new("%$").unwrap().is_match(before) && Regex::new("^[2-7][0-9]").unwrap().is_match(&text[at..]);
    let version = VERSION.is_match(before) || behind.strip_prefix(' ').unwrap_or(behind).starts_with("버전");
    let name = Regex::new("(?:^|[^/.@:0-9A-Za-z-])[0-9A-Za-z-]*[A-Za-z][0-9A-Za-z-]*/$").unwrap();
    let private = Regex::new(r"^(?:10\.|127\.0\.0\.1|192\.168\.|172\.[123])").unwrap();
    let endpoint = Regex::new("^:[0-9]").unwrap().is_match(behind)
        || (private.is_match(&text[at..]) && !text[span.clone()].ends_with(".0.0.0"));
    if tied || runs_on || encoded || version || (name.is_match(before) && !endpoint) {
        return None;
    }
    if let Some(bits) = BITS.find(behind) {
        span.end += bits.as_str().trim_end_matches(|c: char| !c.is_ascii_digit()).len();
    }
    Some((Kind::Ip, span))
}

/// The run of hexadecimal digits, colons and dots that begins at `at`, less the punctuation around an address.
fn address_v6(text: &str, at: usize) -> Option<(Kind, Range<usize>)> {
    static RUN: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[0-9A-Fa-f:.]+").unwrap());
    let inside = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
    if text[..at].ends_with(inside) {
        return None;
    }
    let run = RUN.find(&text[at..])?.as_str();
    let mut end = run.trim_end_matches('.');
    if end.ends_with(':') && !end.ends_with("::") {
        end = &end[..end.len() - 1];
    }
    let bare = match end {
        end if end.starts_with(":::") || (end.starts_with(':') && !end.starts_with("::")) => &end[1..],
        end => end,
    };
    let bare = bare.trim_start_matches('.');
    let start = at + end.len() - bare.len();
    let mut span = start..start + bare.len();
    let unspecified = bare == "::" && Regex::new("=$").unwrap().is_match(&text[..start]);
    let unspecified = unspecified && Regex::new("^(?:$|[ ,\"])").unwrap().is_match(&text[span.end..]);
    bare.parse::<Ipv6Addr>().ok().filter(|_| unspecified || bare.contains(|c: char| c.is_ascii_digit()))?;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let behind = &text[span.end..];
    if text[..start].ends_with(word)
        || behind.starts_with(word)
        || behind.starts_with(":*")
        || (bare.ends_with("::") && behind.starts_with('*'))
    {
        return None;
    }
    let linked = Regex::new("^(?i:f[ef][0-9a-f])").unwrap().is_match(bare);
    if let Some(zone) = Regex::new("^%[0-9A-Za-z._-]*[0-9A-Za-z_]").unwrap().find(behind).filter(|_| linked) {
        span.end += zone.end();
    }
    let bits = Regex::new(r"^/(?:12[0-8]|1[01]\d|[1-9]?\d)(?:[^0-9A-Za-z]|$)").unwrap();
    if let Some(bits) = bits.find(&text[span.end..]) {
        span.end += bits.as_str().trim_end_matches(|c: char| !c.is_ascii_digit()).len();
    }
    Some((Kind::Ip, span))
}
