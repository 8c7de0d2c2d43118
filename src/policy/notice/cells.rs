//! The cells of the notice's tables, each a list of lines, for every form that shows them to people.

use super::super::file::Need;
use super::{FieldRow, Named, Notice, RecipientRow, Row, TierRow, Treatment};
use crate::engine::plan::Unlisted;

/// The title of the first table.
pub(super) const COLLECTED: &str = "처리하는 개인정보의 항목 및 목적";
/// Its columns.
pub(super) const COLLECTED_HEADS: [&str; 6] = ["서비스명", "구분", "수집 항목", "목적", "보유기간", "처리"];
/// The columns of the second.
pub(super) const KEPT_HEADS: [&str; 9] =
    ["보존 단위", "이름", "기간", "기산점", "근거 법령", "보존 기한", "파기 기한", "수신 마감", "시각 단위"];
/// The title of the third.
pub(super) const GIVEN: &str = "개인정보의 처리 위탁 및 제공";
/// Its columns.
pub(super) const GIVEN_HEADS: [&str; 6] = ["수탁업체", "위탁업무", "서비스", "항목", "보관 국가", "전송"];

/// The title of the page.
pub(super) fn title(notice: &Notice) -> String {
    format!("개인정보 처리 내역: {}", notice.policy)
}

/// What is to be known before the tables.
pub(super) fn preface(notice: &Notice) -> String {
    let effective = notice.effective.map_or_else(String::new, |day| format!("시행 {day}. "));
    let unlisted = match notice.unlisted {
        Unlisted::Drop => "정책에 없는 항목은 저장되지 않습니다.",
        Unlisted::Scan => "정책에 없는 항목은 그 속의 식별정보를 가린 뒤 저장됩니다.",
        Unlisted::Refuse => "정책에 없는 항목이 있는 기록은 처리되지 않습니다.",
    };
    format!(
        "{effective}정책 파일에서 출력한 표입니다. \"처리\"에 이름이 적히지 않은 보존 단위에는 그 항목이 저장되지 않습니다. {unlisted}"
    )
}

/// The title of the second table.
pub(super) fn kept_title(notice: &Notice) -> String {
    format!("보유 및 파기 ({} 발생 기록 기준)", notice.event_day)
}

fn labels(all: &[Named]) -> String {
    all.iter().map(|one| one.label.as_str()).collect::<Vec<_>>().join(", ")
}

impl Row {
    pub(super) fn cells(&self) -> [Vec<String>; 6] {
        let service = self.service.as_ref().map_or_else(|| "모든 서비스".to_owned(), |service| service.label.clone());
        let category = self.category.as_ref().map_or_else(|| "-".to_owned(), |category| category.label.clone());
        let kept = self.kept.iter().map(|kept| {
            let only = if kept.also { "해당 기록에 한해 " } else { "" };
            format!("{only}{} · {}", kept.term, kept.tier)
        });
        [
            vec![service],
            vec![category],
            self.collected(),
            self.purposes.iter().map(|purpose| purpose.label.clone()).collect(),
            if self.kept.is_empty() { vec!["보관하지 않음".to_owned()] } else { kept.collect() },
            self.treated(),
        ]
    }

    /// `[필수] 이름, 아이디`, as the notice writes it.
    fn collected(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let needs =
            [(Some(Need::Required), "[필수] "), (Some(Need::Optional), "[선택] "), (Some(Need::Automatic), "[자동] ")];
        for (need, word) in needs.into_iter().chain([(None, "")]) {
            let fields: Vec<_> =
                self.fields.iter().filter(|field| field.need == need).map(|field| &field.field).collect();
            if !fields.is_empty() {
                let labels: Vec<&str> = fields.iter().map(|field| field.label.as_str()).collect();
                lines.push(format!("{word}{}", labels.join(", ")));
            }
        }
        lines
    }

    /// A line for each way of treatment, with the items that are treated so.
    fn treated(&self) -> Vec<String> {
        let tiers: Vec<&str> = self.kept.iter().map(|kept| kept.tier.as_str()).collect();
        let mut lines: Vec<(String, Vec<String>)> = Vec::new();
        for field in &self.fields {
            for treatment in &field.treatments {
                let way = way(treatment, &tiers);
                let name = part_label(field, treatment);
                match lines.iter_mut().find(|(known, _)| *known == way) {
                    Some((_, names)) => names.push(name),
                    None => lines.push((way, vec![name])),
                }
            }
        }
        lines.into_iter().map(|(way, names)| format!("{}: {way}", names.join(", "))).collect()
    }
}

/// `기기정보(광고 식별자)`.
fn part_label(field: &FieldRow, treatment: &Treatment) -> String {
    match &treatment.part {
        Some(part) => format!("{}({})", field.field.label, part.label),
        None => field.field.label.clone(),
    }
}

/// What is done, tier by tier where it is not the same in all that hold something of the row.
fn way(treatment: &Treatment, tiers: &[&str]) -> String {
    match treatment.ways.as_slice() {
        [(done, of)] if treatment.dropped_in.is_empty() || of.len() == tiers.len() => done.clone(),
        ways => ways.iter().map(|(done, of)| format!("{done} ({})", of.join(", "))).collect::<Vec<_>>().join("; "),
    }
}

impl TierRow {
    pub(super) fn cells(&self) -> [Vec<String>; 9] {
        let day = |day: Option<jiff::civil::Date>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
        let mut name = vec![self.tier.label.clone()];
        name.extend(self.sealed.then(|| "기록 전체 암호화".to_owned()));
        let mut tier = vec![self.tier.name.clone()];
        tier.extend(self.group.as_ref().map(|group| format!("[{}]", group.label)));
        [
            tier,
            name,
            vec![self.term.clone()],
            vec![if self.starts.is_empty() { "기록 발생".to_owned() } else { labels(&self.starts) }],
            vec![self.law.clone().unwrap_or_else(|| "-".to_owned())],
            vec![match (self.legal_minimum, self.keep_until) {
                (true, Some(until)) => format!("{until} (법정 최소)"),
                (_, until) => day(until),
            }],
            vec![match (self.by_event, self.destroy_by) {
                (true, Some(latest)) => format!("종료 사유 발생 시, 늦어도 {latest}"),
                (true, None) => "종료 사유 발생 시".to_owned(),
                (false, by) => day(by),
            }],
            vec![self.taken_until.map_or_else(|| "제한 없음".to_owned(), |until| until.to_string())],
            vec![self.time.to_owned()],
        ]
    }
}

impl RecipientRow {
    pub(super) fn cells(&self) -> [Vec<String>; 6] {
        let mut duty: Vec<String> = self.duty.iter().cloned().collect();
        duty.extend(self.grant.iter().map(|grant| format!("제3자 제공 — {grant}")));
        let services = self.services.iter().map(|(service, tiers)| format!("{}: {}", service.label, tiers.join(", ")));
        [
            vec![self.recipient.label.clone()],
            duty,
            services.collect(),
            vec![if self.fields.is_empty() { "없음".to_owned() } else { labels(&self.fields) }],
            vec![self.country.clone().unwrap_or_else(|| "KR".to_owned())],
            vec![if self.enabled { "사용" } else { "미사용" }.to_owned()],
        ]
    }
}
