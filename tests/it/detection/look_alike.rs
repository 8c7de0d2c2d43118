//! What looks like an identifier and is none: at least a row for each look-alike of the guide to formats.

use garim::find::text::{Encoding, TextScratch};

use super::search;

/// Values that look like identifiers and are none; a text a row.
pub(crate) const TEXTS: [&str; 74] = [
    // Points in time: seconds, milliseconds (2023, 2025, 2027, 2030), microseconds, nanoseconds, written together.
    "1717171717",
    "ts=1701234567 end=1701239999",
    "1717171717171 1804061384917 ts=1701234567890 1901061384917",
    "[1806152339851]",
    "{\"created\":1804061384917,\"n\":3}",
    "1769050116995112 1769050116995112994 1768016139328799",
    "export_20260704130739.csv 260704130739 20260704130739123",
    "2026-07-04 2026-07-04T12:07:33.123+09:00 2026.07.04. 2026/07/04",
    "12:34:56 12:34:56.789 00:00:00:00",
    // Identifiers of programs.
    "0f570659-7687-4ba0-f010-8173deec4253",
    "{\"trace\":\"01012345-6789-4abc-8def-010123456789\"}",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV 01HZX1234567890123456789AB",
    "507f1f77bcf86cd799439011",
    "commit bf8e9ed37a490b5cff4bf4638329661f880101a1 (HEAD)",
    "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7",
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6MTIzfQ.0101234567890abc",
    "aG9uZ0BleGFtcGxlLmNvbQ== MDEwMTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
    "snowflake 1541815603606036480 175928847299117063",
    "blk_-1608999687919862906 blk_1608999687919862906",
    "deadbeef12345678 0x880101123456 M12345678abc",
    // Goods, parcels, orders.
    "바코드 8801040000005 8801062636365",
    "ISBN 978-89-000-0000-1 ISBN 9788900000001 ISSN 1234-5678",
    "송장 1234-5678-9012 송장번호 123456789012 등기번호 1234567890123",
    "주문번호 1111-2222-3333-4444",
    "주문번호 240101-0000001 orderNo=240101-0000001",
    "sku 123-45-67890 상품코드 123-456789-01-011",
    "품번 123-45678-12345 모델명 M12345678",
    "접수번호 20260704-001234 처방번호 2026070400123 증권번호 12345678901",
    // Money, measures, versions.
    "1234-5678원 1,234,567,890원 1234567890원 ₩1,012,345,678",
    "결제일 2026-07-04 총 1234567원 유통기한 2027.01.01 제조일자 20260704 계약일 2020-01-01",
    "12.345678ms 123.4567890 0.1234567890123 took 1234.5678 s",
    "nginx/1.25.3.1 ver 1.2.3.4 2.10.4.5 버전 1.2.3.4.5",
    "v1.2.3.4 version: 10.0.0.1 표 3.2.1.4 Section 1.2.3.4",
    "1.3.6.1.4.1.311.21 oid 2.5.29.17.1",
    "256.1.1.1 1.2.3 01.02.03.04.05",
    // People's numbers that are none of ours.
    "사번 12345678 학번 2020123456 사번: A1234567",
    "PNU 1111011600100010000",
    "2024구합1234 2024가합123456 2023다1234",
    "3호선 1234 12가게에 들러 1234원 21세기 1234",
    "2020–2021 1588-1999 2019~2020 1998-2003",
    // Telephone numbers of everybody or of nobody.
    "112 119 114 02-114 1330 110",
    "010-0000-0000 000000-0000000 0000000000000",
    "02-03-2024 0101234567890 010123456789 20101234567",
    // Dates that do not exist, signs that do not join.
    "881301-1234567 890229-1234567 880231-1234567",
    "960121+1021413 960111-10214131 1960111-1021413",
    "8801011234567890 x880101-1234567 880101-1234567z",
    // Cards: check digit, issuer, length.
    "4111-1111-1111-1112 4111111111111112",
    "1111111111111117 0000000000000000 x4111111111111111",
    "353280000000000",
    // Names of hosts, packages, pictures.
    "git@github.com:org/repo.git ssh deploy@bastion user@host",
    "@scope/pkg@1.2.3 lib@1.0.jar org.example:lib:1.2.3@aar",
    "icon@2x.png logo@3x.webp noreply@example.com no-reply@example.com",
    "std::cout dead::beef :: ::: a::b 00:1a:2b:3c:4d:5e:6f",
    "00:00:00:00:00:00 ff:ff:ff:ff:ff:ff FF-FF-FF-FF-FF-FF",
    "C:\\Users\\a\\12 /var/log/10/11 s3://bucket/20260704/0001",
    // Labels without a value, words that look like one.
    "주민등록번호를 입력하세요",
    "이름: null 성명: 관리자 name=test userName=admin",
    "이름: 테스트 담당자: 미정 고객명: 없음",
    "name=main userName=undefined \"name\":\"string\"",
    "여권번호 M12A4567 M123456789",
    "당귀, 감초, 인삼을 함께 달인다",
    "계좌 12-345 계좌를 확인하세요",
    "운전면허 갱신은 2026년부터",
    "건강보험 요양기관 12345678",
    "서울특별시청 앞에서 성남시로 가는 길, 12층 회의실",
    "그냥 테헤란로 100 미터 앞",
    "주소를 알려 주세요. 주소: 미입력",
    "생년월일을 확인합니다. 생일 축하합니다",
    // Values that are masked already.
    "880101-******* 880101-1****** 010-****-5678 02-1234-****",
    "ab***@example.com 192.0.***.1 2001:db8::**** 4111-11**-****-1111",
    "11-12-******-10 M1234**** 123-45-***** 110111-*******",
    "이름: 홍*동 생년월일 ****-**-** 12가**** 서울특별시 강남구 테헤란로 ***",
    "00:1a:2b:**:**:** 계좌 123-456-****",
];

/// Lines as programs log them; nothing in them is a person's.
const LOGS: [&str; 14] = [
    "2026-11-14 12:10:00.123  INFO 12345 --- [nio-8080-exec-10] c.e.w.JoinController : done in 1234 ms",
    "java.lang.IllegalStateException: at com.example.Main.run(Main.java:1234) ~[app-1.2.3.4.jar:1.2.3.4]",
    "\tat java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1136)",
    "SELECT id, price FROM orders WHERE id IN (1012345678, 1012345679) AND created > '2026-07-04' LIMIT 100",
    "INSERT INTO t VALUES (202611141210, 1234567890, 'A-123-45-6789')",
    "kafka: partition=12 offset=1234567890123 leaderEpoch=1701234567 lag=0",
    "{\"status\":200,\"bytes\":1012345678,\"ms\":12.345,\"id\":\"5f3a1b2c-0101-4234-8678-010123456789\"}",
    "GET /items/1234567890?page=12&size=20 HTTP/1.1 200 12345 0.012",
    "cpu=12.34 mem=1234567890 gc=0.123 heap=0x00000007c0000000",
    "build 1234567890 sha256:880101123456788010112345678801011234567880101123456788010112345",
    "[0x7f8a01012345678] 1234567: rdtsc 9007199254740991",
    "user-agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0.6099.130 Safari/537.36",
    "etag W/\"1234-5678-9012-abc\" last-modified: Sat, 14 Nov 2026 03:10:00 GMT",
    "주문 20261114-000123 결제 완료, 금액 12,345원, 적립 123원",
];

#[test]
fn look_alikes_are_left() {
    let mut scratch = TextScratch::default();
    let mut seen = Vec::new();
    for text in TEXTS.into_iter().chain(LOGS) {
        let quoted = serde_json::to_string(text).unwrap();
        for (text, encoding) in [(text, Encoding::Plain), (&quoted[1..quoted.len() - 1], Encoding::Json)] {
            scratch.clear();
            let found = search(text, encoding, &mut scratch);
            if !found.is_empty() {
                seen.push(format!("{text}\n    {found:?}"));
            }
        }
    }
    assert!(seen.is_empty(), "{} texts:\n{}", seen.len(), seen.join("\n"));
}
