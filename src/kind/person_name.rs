//! `person_name`: names of persons, in fields and beside labels, titles and other identifiers of the same person.

use super::Labels;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels {
    stems: &["이름", "성명", "성함", "고객명", "수령인", "예금주", "신청인", "담당자", "보호자", "대표자"],
    words: &["name", "username"],
};

/// Family names of two syllables.
pub const COMPOUND: [&str; 12] =
    ["남궁", "황보", "제갈", "선우", "독고", "사공", "서문", "동방", "어금", "망절", "무본", "강전"];
