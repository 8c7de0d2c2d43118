//! Where an identifier may stand, and how the text around it and itself may be written.

use garim::kind::Kind;

use super::Random;
use super::identifier::{self, labels};

/// A text with one identifier in it.
pub(super) struct Setting {
    pub(super) before: String,
    pub(super) identifier: String,
    pub(super) after: String,
}

impl Setting {
    pub(super) fn text(&self) -> String {
        format!("{}{}{}", self.before, self.identifier, self.after)
    }

    fn map(&self, mut write: impl FnMut(&str) -> String) -> Self {
        Self { before: write(&self.before), identifier: write(&self.identifier), after: write(&self.after) }
    }
}

/// What precedes and follows an identifier that needs no label. `@` is the identifier.
const ALONE: [&str; 20] = [
    "@",
    " @ ",
    "어제 @로 보냈습니다",
    "확인은 @, 회신 바랍니다",
    "문의는@으로 주세요",
    "고객(@)님께",
    "[@]",
    "\"@\"",
    "값=@",
    "u=@",
    "GET /find?u=@&page=1 HTTP/1.1",
    "| 번 | @ | 끝 |",
    "{\"memo\":\"@\",\"ok\":true}",
    "{\"memo\":\"문의 @ 입니다\"}",
    "2026-11-14T12:10:00+09:00 INFO join u=@ ok",
    "2026-11-14 12:10:00.123 [main] WARN c.e.Web - input '@' refused",
    "첫 줄\n@\n셋째 줄",
    "가\t@\t나",
    "답장: @입니다.",
    "끝에는 @",
];

/// The same with a label (`#`).
const LABELLED: [&str; 14] = [
    "#: @",
    "# @",
    "#는 @입니다",
    "제 #는 @이고 바꿔 주세요",
    "#=@",
    "#:@",
    "| # | @ |",
    "#\t@",
    "#(@)",
    "# : @, 끝",
    "[#] @",
    "첫 줄\n# @\n셋째 줄",
    "{\"#\":\"@\",\"ok\":true}",
    "{\"memo\":\"#는 @입니다\"}",
];

/// The same with a program's key (`#`).
const KEYED: [&str; 9] = [
    "#=@",
    "#=@&page=1",
    "/join?ok=1&#=@&page=1",
    "{\"#\":\"@\"}",
    "{\"ok\":true,\"#\": \"@\",\"a\":[]}",
    "2026-11-14T12:10:00+09:00 INFO join #=@ ok",
    "2026-11-14 12:10:00.123 [main] WARN c.e.Web - {#=@, ok=true}",
    "#: @",
    "<#>@</#>",
];

/// An identifier of `kind` somewhere.
pub(super) fn draw(random: &mut Random, kind: Kind) -> Setting {
    let identifier = identifier::draw(random, kind);
    let (words, keys) = labels(identifier.kind);
    let (pattern, label) = match random.next(if identifier.strong { 5 } else { 3 }) {
        0 | 1 => (random.pick(&LABELLED), random.pick(words)),
        2 => (random.pick(&KEYED), random.pick(keys)),
        _ => (random.pick(&ALONE), ""),
    };
    let pattern = pattern.replace("#는", &format!("#{}", particle(label))).replace('#', label);
    let (before, after) = pattern.split_once('@').unwrap();
    let mut before = before.to_owned();
    if kind == Kind::KrAddress && before.ends_with("는") {
        // A region is a word: glued to another it has no begin.
        before.push(' ');
    }
    // Blocks of 64 bytes are classified at once: an identifier may lie across their border.
    if random.next(4) == 0 {
        let filler = random.pick(&["lorem ipsum, ", "안녕하세요, ", "x, "]);
        let until = 64 * (1 + random.next(3)) + random.next(4);
        let mut padding = String::new();
        while padding.len() + before.len() + identifier.text.len() / 2 < until {
            padding.push_str(filler);
        }
        before.insert_str(0, &padding);
    }
    Setting { before, identifier: identifier.text, after: after.to_owned() }
}

/// 은 behind a final consonant, 는 behind a vowel; a colon where a label ends in something else.
fn particle(label: &str) -> &'static str {
    match label.chars().next_back().map(|last| (last as u32).wrapping_sub(0xAC00)) {
        Some(code @ 0..11_172) if code % 28 > 0 => "은",
        Some(0..11_172) => "는",
        _ => ":",
    }
}

/// How the characters are drawn.
#[derive(Debug, Clone, Copy)]
pub(super) enum Guise {
    Plain,
    FullWidth,
    Dashes,
    ZeroWidth,
    Digits,
    LooseHangul,
}

pub(super) const GUISES: [Guise; 6] =
    [Guise::Plain, Guise::FullWidth, Guise::Dashes, Guise::ZeroWidth, Guise::Digits, Guise::LooseHangul];

impl Guise {
    pub(super) fn dress(self, random: &mut Random, setting: &Setting) -> Setting {
        let identifier = &*setting.identifier;
        let identifier = match self {
            Self::Plain => identifier.to_owned(),
            Self::FullWidth => identifier.chars().map(full_width).collect(),
            Self::Dashes => {
                let dash = random.pick(&["‐", "‑", "–", "—", "−", "－", "·", "ー", "﹣"]);
                identifier.replace('-', dash)
            }
            Self::ZeroWidth => {
                let gone = random.pick(&["\u{200b}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{ad}", "\u{3164}"]);
                let places = identifier.char_indices().skip(1).map(|(at, _)| at).collect::<Vec<_>>();
                let at = places[random.next(places.len())];
                format!("{}{gone}{}", &identifier[..at], &identifier[at..])
            }
            Self::Digits => {
                let zero = ['０', '٠', '०', '๐', '𝟎'][random.next(5)] as u32;
                let draw = |c: char| c.to_digit(10).map_or(c, |digit| char::from_u32(zero + digit).unwrap());
                identifier.chars().map(draw).collect()
            }
            Self::LooseHangul => return setting.map(loose),
        };
        Setting { before: setting.before.clone(), identifier, after: setting.after.clone() }
    }
}

fn full_width(c: char) -> char {
    match c {
        ' ' => '\u{3000}',
        '!'..='~' => char::from_u32(c as u32 + 0xFEE0).unwrap(),
        other => other,
    }
}

/// Syllables taken apart into their letters, as file names arrive from a Mac.
fn loose(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match (c as u32).checked_sub(0xAC00).filter(|code| *code < 11_172) {
            Some(code) => {
                let letters = [0x1100 + code / 588, 0x1161 + code % 588 / 28, 0x11A7 + code % 28];
                let count = if code % 28 == 0 { 2 } else { 3 };
                out.extend(letters[..count].iter().map(|letter| char::from_u32(*letter).unwrap()));
            }
            None => out.push(c),
        }
    }
    out
}

/// What carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    /// Nothing: the text itself.
    Plain,
    /// The inside of a JSON string; `find` is told so.
    Json,
    /// The same with every character as an escape, `\uac00`.
    JsonEscapes,
    /// A JSON string inside the JSON of a JSON string.
    JsonInJson,
    /// Plain text in which someone left such escapes.
    StrayEscapes,
    /// A query value.
    Percent,
    /// A query value in a query value.
    PercentTwice,
    /// A query value in JSON in a JSON string.
    PercentInJson,
}

pub(super) const CARRIERS: [Carrier; 8] = [
    Carrier::Plain,
    Carrier::Json,
    Carrier::JsonEscapes,
    Carrier::JsonInJson,
    Carrier::StrayEscapes,
    Carrier::Percent,
    Carrier::PercentTwice,
    Carrier::PercentInJson,
];

impl Carrier {
    /// Whether the text is the inside of a JSON string.
    pub(super) fn json(self) -> bool {
        matches!(self, Self::Json | Self::JsonEscapes | Self::JsonInJson | Self::PercentInJson)
    }

    pub(super) fn carry(self, setting: &Setting) -> Setting {
        match self {
            Self::Plain => setting.map(str::to_owned),
            Self::Json => setting.map(json),
            Self::JsonEscapes => setting.map(escaped),
            Self::StrayEscapes => Setting { identifier: escaped(&setting.identifier), ..setting.map(str::to_owned) },
            Self::JsonInJson => {
                let inner = setting.map(json);
                Setting {
                    before: json(&format!("{{\"body\":\"{}", inner.before)),
                    identifier: json(&inner.identifier),
                    after: json(&format!("{}\"}}", inner.after)),
                }
            }
            Self::Percent => Self::query(&setting.map(percent)),
            Self::PercentTwice => Self::query(&setting.map(|part| percent(&percent(part)))),
            Self::PercentInJson => {
                let inner = Self::query(&setting.map(percent)).map(json);
                Setting {
                    before: json(&format!("{{\"url\":\"{}", inner.before)),
                    identifier: json(&inner.identifier),
                    after: json(&format!("{}\"}}", inner.after)),
                }
            }
        }
    }

    fn query(setting: &Setting) -> Setting {
        Setting {
            before: format!("https://example.com/?text={}", setting.before),
            identifier: setting.identifier.clone(),
            after: format!("{}&ok=1", setting.after),
        }
    }
}

fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

fn escaped(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// As `encodeURIComponent` writes it.
fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' | b'!' | b'~' | b'*' => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
