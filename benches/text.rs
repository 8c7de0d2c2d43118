//! Texts to search: made up from a fixed seed, and the labelled ones of the corpus where it is there.

use std::path::PathBuf;

use garim::find::text::{Encoding, Query, TextScratch, find};
use garim::kind::KindSet;

/// How many findings there are, and the first 64 bits of BLAKE3 over kind and bytes of each.
type Seen = (usize, &'static str);

/// A name, the texts, what is found in them.
type Case = (&'static str, fn() -> Vec<String>, Seen);

/// Every case.
pub(crate) const CASES: [Case; 4] = [
    ("free text", free_text, (1202, "810bef1e73469457")),
    ("prose", prose, (0, "af1349b9f5f9a1a6")),
    ("clean", clean, (0, "af1349b9f5f9a1a6")),
    ("log lines", log_lines, (68, "6077f00c1d15822d")),
];

/// Texts of a case.
const COUNT: usize = 512;

/// A reproducible stream of numbers (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }
}

const SENTENCES: [&str; 16] = [
    "고객님께서 요청하신 상담은 담당 부서로 전달하였으며 확인 후 회신드릴 예정입니다.",
    "어제 올려 주신 글은 잘 읽었고 내용을 정리하는 중이라 조금만 더 기다려 주시면 감사하겠습니다.",
    "회의는 다음 주 화요일 오후에 본관에서 열리며 자료는 미리 나누어 드립니다.",
    "배송이 늦어져 불편을 드린 점 사과드리고 새 상품으로 바꾸어 보내 드리겠습니다.",
    "비밀번호를 잊으셨다면 첫 화면 아래에 있는 안내를 따라 다시 정하시면 됩니다.",
    "오늘은 비가 와서 길이 막히니 조금 일찍 나서는 편이 좋겠다고 모두가 말했다.",
    "서비스 점검은 새벽에 끝났고 지금은 모든 기능이 평소처럼 움직이고 있습니다.",
    "아이들이 좋아하는 책을 골라 두었으니 시간이 될 때 천천히 살펴보세요.",
    "환불은 카드사 사정에 따라 며칠이 걸릴 수 있으니 양해를 부탁드립니다.",
    "신청서를 쓰실 때 빠진 칸이 없는지 한 번 더 보시고 내시기 바랍니다.",
    "담당자가 자리를 비워 제가 대신 답을 드리며 자세한 것은 내일 알려 드리겠습니다.",
    "지난번에 말씀드린 대로 계약은 그대로 이어지고 달라지는 조건은 없습니다.",
    "앱을 새로 설치한 다음 로그인하면 이전 대화가 모두 돌아옵니다.",
    "주문하신 물건은 창고에서 포장을 마치고 곧 출발할 준비를 하고 있습니다.",
    "새로운 공지가 올라오면 알림으로 알려 드리니 설정에서 켜 두시면 편합니다.",
    "문의가 몰려 답이 늦었습니다만 순서대로 빠짐없이 살펴보고 있습니다.",
];

fn identifier(numbers: &mut Numbers) -> String {
    let (four, other) = (numbers.digits(4), numbers.digits(4));
    match numbers.below(14) {
        0 | 1 => format!("연락처는 010-0000-{four}이고"),
        2 => format!("주민등록번호 900101-1{}{four}를 적었고", numbers.digits(2)),
        3 => format!("메일은 user{four}@example.co.kr로 주시고"),
        4 => format!("카드 4111-1111-1111-{four}로 결제했고"),
        5 => format!("접속은 192.0.2.{}에서 했고", numbers.below(256)),
        6 => format!("계좌 110-000-{four}{}로 보냈고", numbers.digits(2)),
        7 => format!("사업자등록번호 123-45-{four}0이며"),
        8 => format!("생년월일 1990년 1월 {}일이고", 1 + numbers.below(28)),
        9 => format!("차량번호 12가{four}를 대고"),
        10 => format!("주소는 서울특별시 강남구 테헤란로 {}이며", 1 + numbers.below(400)),
        11 => format!("여권번호 M{four}{other}을 내고"),
        12 => format!("이름: 홍길동, 번호 02-{four}-{other}이고"),
        _ => format!("홍길동 고객님이 {}번째로 물으셨고", 1 + numbers.below(99)),
    }
}

/// Hangul prose with an identifier in about every hundred bytes, as in letters of customers and chats.
fn free_text() -> Vec<String> {
    let mut numbers = Numbers(20_261_114);
    (0..COUNT)
        .map(|_| {
            let mut text = String::new();
            for _ in 0..1 + numbers.below(4) {
                if numbers.below(8) > 0 {
                    text.push_str(&identifier(&mut numbers));
                    text.push(' ');
                }
                text.push_str(SENTENCES[numbers.below(SENTENCES.len())]);
                text.push(' ');
            }
            text
        })
        .collect()
}

/// The same sentences without any identifier.
fn prose() -> Vec<String> {
    let mut numbers = Numbers(20_261_114);
    let mut text =
        || -> Vec<&str> { (0..1 + numbers.below(4)).map(|_| SENTENCES[numbers.below(SENTENCES.len())]).collect() };
    (0..COUNT).map(|_| text().join(" ")).collect()
}

/// The clean corpus of the engine's bench: the text of its events, with the numbers that such a line has.
fn clean() -> Vec<String> {
    let mut numbers = Numbers(20_261_114);
    let mut line = || {
        let (workspace, cursor) = (10_000 + numbers.below(90_000), 1_717_171_700_000 + numbers.below(100_000));
        let (bytes, millis) = (numbers.below(100_000), numbers.below(100));
        format!("GET /v1/workspaces/{workspace}/messages?cursor={cursor} 200 OK {bytes} {millis}ms")
    };
    (0..COUNT).map(|_| line()).collect()
}

/// Lines of a program's log: times, thread names, classes, counts; one in eight with an address of a host.
fn log_lines() -> Vec<String> {
    let mut numbers = Numbers(20_261_114);
    let mut line = || {
        let (minute, millis) = (numbers.below(60), numbers.below(1000));
        let what = match numbers.below(8) {
            0 => format!("connection from 192.0.2.{} closed", numbers.below(256)),
            1 => format!("committed offset {} of partition {}", numbers.below(1_000_000_000), numbers.below(64)),
            2 => "cache refreshed, nothing evicted, next run is scheduled".to_owned(),
            3 => {
                format!("request {:08x}-0000-4000-8000-{:012x} served", numbers.below(1 << 30), numbers.below(1 << 40))
            }
            4 => format!("heap {} MB of {} MB, pause 0.0{} s", numbers.below(4096), 4096, numbers.below(100)),
            5 => "retrying after a timeout of the upstream, backing off".to_owned(),
            6 => format!("user agent Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0.{}.130", numbers.below(7000)),
            _ => format!("loaded {} rules in {} ms from config/policy.toml", numbers.below(500), numbers.below(100)),
        };
        format!("2026-11-14T12:{minute:02}:00.{millis:03}+09:00 INFO [worker-{}] c.e.Service - {what}", millis % 16)
    };
    (0..COUNT).map(|_| line()).collect()
}

/// The labelled free texts, which are not part of the repository; `None` where they are not there.
#[expect(clippy::disallowed_methods, reason = "where the labelled texts are is said by the environment of the bench")]
pub(crate) fn corpus() -> Option<Vec<String>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus");
    let folder = std::env::var_os("GARIM_CORPUS").map_or_else(|| beside.into(), PathBuf::from);
    let mut texts = Vec::new();
    for file in ["mixed_ko_freetext.jsonl", "mixed_ko_generated_eval.jsonl"] {
        for line in std::fs::read_to_string(folder.join("dev").join(file)).ok()?.lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
            texts.push(line["text"].as_str().expect("a text").to_owned());
        }
    }
    Some(texts)
}

/// What is found in `texts`.
pub(crate) fn seen(texts: &[String]) -> (usize, String) {
    let (mut scratch, mut found, mut count) = (TextScratch::default(), Vec::new(), 0);
    let mut digest = blake3::Hasher::new();
    for text in texts {
        scratch.clear();
        found.clear();
        let query = Query { kinds: KindSet::ALL, encoding: Encoding::Plain, field: b"" };
        find(query, text.as_bytes(), &mut scratch, &mut found);
        for finding in &found {
            digest.update(finding.kind.name().as_bytes());
            digest.update(finding.span.of(text.as_bytes()));
        }
        count += found.len();
    }
    (count, digest.finalize().to_hex()[..16].into())
}
