//! Korean words for actions, terms and grounds, as the notice has them.

use super::super::file::Grant;
use super::super::read::Typed;
use crate::engine::plan::Action;
use crate::mask::generalize::Generalize;
use crate::mask::{MaskShape, Part};
use crate::record::time::TimePrecision;
use crate::route::term::{Length, Term};

/// What is done to an item that does not leave.
pub(super) const DROP: &str = "삭제";

/// What is done to a value: `가림(앞 1자)·가명처리`.
pub(super) fn actions(actions: &[Action]) -> String {
    actions.iter().map(|action| one(*action)).collect::<Vec<_>>().join("·")
}

fn one(action: Action) -> String {
    match action {
        Action::Keep => "그대로".to_owned(),
        Action::Drop => DROP.to_owned(),
        Action::Mask(shape) => masked(shape),
        Action::Pseudonymize => "가명처리".to_owned(),
        Action::Truncate(count) => format!("앞 {count}자만 보관"),
        Action::Generalize(way) => format!("일반화({})", coarser(way)),
        Action::Scan => "본문 속 식별정보 가림".to_owned(),
        Action::Seal => "암호화 보관".to_owned(),
        Action::Present => "있음 여부만 보관".to_owned(),
        Action::Parts => "세부 항목별 처리".to_owned(),
    }
}

fn masked(shape: MaskShape) -> String {
    let edges = |first: u8, last: u8, unit: &str| match (first, last) {
        (first, 0) => format!("가림(앞 {first}{unit} 표시)"),
        (0, last) => format!("가림(뒤 {last}{unit} 표시)"),
        (first, last) => format!("가림(앞 {first}{unit}, 뒤 {last}{unit} 표시)"),
    };
    let words = match shape {
        MaskShape::Redact => "전체 가림",
        MaskShape::OfKind => "일부 가림",
        MaskShape::Edges { first, last } => return edges(first, last, "자"),
        MaskShape::Digits { first, last } => return edges(first, last, "자리"),
        MaskShape::Part(Part::Prefix) => "가림(앞 번호만 표시)",
        MaskShape::Part(Part::BirthAndSex) => "가림(생년월일과 성별만 표시)",
        MaskShape::Part(Part::Domain) => "가림(도메인만 표시)",
        MaskShape::Part(Part::Network) => "가림(끝자리만 가림)",
        MaskShape::Part(Part::Surname) => "가림(성만 표시)",
        MaskShape::Part(Part::Town) => "가림(읍면동·도로명까지 표시)",
        MaskShape::Part(Part::Year) => "가림(연도만 표시)",
        MaskShape::Part(Part::Class) => "가림(차종 번호만 표시)",
    };
    words.to_owned()
}

fn coarser(way: Generalize) -> String {
    match way {
        Generalize::Second => "초".to_owned(),
        Generalize::Minute => "분".to_owned(),
        Generalize::Hour => "시간".to_owned(),
        Generalize::Day => "일".to_owned(),
        Generalize::Years(1) => "연도".to_owned(),
        Generalize::Years(years) => format!("{years}년 단위"),
        Generalize::Band(width) => format!("{width} 단위"),
        Generalize::District => "시군구".to_owned(),
        Generalize::Prefix(v4, v6) => format!("/{v4}, /{v6} 대역"),
        Generalize::UserAgent => "기기 종류".to_owned(),
        Generalize::Path => "경로만".to_owned(),
        Generalize::Major => "주 버전".to_owned(),
        Generalize::Product => "제품명".to_owned(),
        Generalize::Family => "IP 버전".to_owned(),
    }
}

/// What is done to a time that its tier cuts.
pub(super) const fn cut(time: TimePrecision) -> &'static str {
    match time {
        TimePrecision::Second => "그대로(초)",
        TimePrecision::Minute => "일반화(분)",
        TimePrecision::Hour => "일반화(시간)",
        TimePrecision::Day => "일반화(일)",
    }
}

/// The unit to which times are cut.
pub(super) const fn precision(time: TimePrecision) -> &'static str {
    match time {
        TimePrecision::Second => "초",
        TimePrecision::Minute => "분",
        TimePrecision::Hour => "시간",
        TimePrecision::Day => "일",
    }
}

/// `3개월`, `서비스 이용계약 해지·멤버 퇴사 시까지, 최대 1년`; with a law behind it, `3개월 (통신비밀보호법)`.
pub(super) fn term(term: &Term, until: &[String], law: Option<&str>) -> String {
    let length = term.length.map(|length| match length {
        Length::Days(days) => format!("{days}일"),
        Length::Months(months) => format!("{months}개월"),
        Length::Years(years) => format!("{years}년"),
        Length::Seconds(seconds) if seconds % 3600 == 0 => format!("{}시간", seconds / 3600),
        Length::Seconds(seconds) if seconds % 60 == 0 => format!("{}분", seconds / 60),
        Length::Seconds(seconds) => format!("{seconds}초"),
    });
    let mut words = match (length, until.is_empty()) {
        (Some(length), true) => length,
        (Some(length), false) => format!("{} 시까지, 최대 {length}", until.join("·")),
        (None, _) => format!("{} 시까지", until.join("·")),
    };
    if let Some(law) = law {
        words.push_str(&format!(" ({law})"));
    }
    words
}

/// The ground of a category; one that the notice does not know stays as it is written.
pub(super) fn basis(basis: &str) -> String {
    match basis {
        "contract" => "계약",
        "consent" => "동의",
        "law" => "법령",
        "entrusted" => "위탁",
        other => other,
    }
    .to_owned()
}

/// The ground on which a third party gets records.
pub(super) fn grant(grant: &Grant) -> String {
    let ground = match grant.ground.as_ref().map(Typed::as_str) {
        Some("consent") => "별도 동의",
        Some("law") => "법령",
        Some("emergency") => "긴급상황",
        Some(other) => other,
        None => "",
    };
    let reason = grant.reason.as_ref().map_or("", Typed::as_str);
    let until = grant.until.as_ref().map_or_else(String::new, |until| format!(", {}까지", until.value));
    format!("{ground}: {reason}{until}")
}
