//! The public side of a key store: which id names which key, since when, and whether it is destroyed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::KeyPlace;
use super::fault::Faults;
use super::file::VERSION;
use super::name::{TENANTS, hex, letters, parse_letters};

/// Longest `index.toml`, in bytes. A row has about 80 bytes; this is a store of 200,000 keys.
pub(super) const INDEX_BYTES_MAX: usize = 16 << 20;

const RESTORE: &str = "put index.toml of the store's mirror in its place";
/// How the last line begins, which holds a hash of all lines before it.
const SUM: &str = "# sum ";

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: [u8; 6],
    /// In hex.
    pub(super) fingerprint: String,
    /// First event time of the generation; `None` for the first one.
    pub(super) from_ms: Option<i64>,
    pub(super) destroyed: bool,
}

/// Every key that was ever made.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Index {
    /// The version of the file that was read; it is written in this garim's.
    pub(super) version: u8,
    /// The store's id, sixteen hex digits.
    pub(super) store: String,
    rows: BTreeMap<KeyPlace, Row>,
}

impl Index {
    /// The index of a store that has no keys yet.
    pub(super) fn new(store: String) -> Self {
        Self { version: VERSION, store, rows: BTreeMap::new() }
    }

    pub(super) fn row(&self, place: &KeyPlace) -> Option<&Row> {
        self.rows.get(place)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&KeyPlace, &Row)> {
        self.rows.iter()
    }

    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = (&KeyPlace, &mut Row)> {
        self.rows.iter_mut()
    }

    pub(super) fn insert(&mut self, place: KeyPlace, row: Row) {
        self.rows.insert(place, row);
    }

    /// Reads the file's bytes; `path` names it in complaints.
    pub(super) fn parse(bytes: &[u8], path: &Path, faults: &mut Faults) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok();
        let table = text.and_then(|text| text.parse::<toml::Table>().ok());
        let version = table.as_ref().and_then(|table| table.get("version")?.as_integer());
        let (Some(text), Some(table), Some(version)) = (text, table, version) else {
            faults.add(path, "damaged", RESTORE);
            return None;
        };
        if version > i64::from(VERSION) {
            faults.newer(path, version);
            return None;
        }
        let read = match version {
            1 => Self::first_version(&table),
            _ if whole(text) => Self::this_version(&table),
            _ => {
                faults.add(path, "damaged: its last line does not fit the lines before it", RESTORE);
                return None;
            }
        };
        if read.is_none() {
            faults.add(path, "damaged", RESTORE);
        }
        read
    }

    fn this_version(table: &toml::Table) -> Option<Self> {
        let store = table.get("store")?.as_str().filter(|store| is_id(store))?;
        let mut index = Self { version: VERSION, ..Self::new(store.to_owned()) };
        table.get("version")?.as_integer().filter(|&version| version == i64::from(VERSION))?;
        for (tier, rows) in table.get("keys")?.as_table()? {
            for (stem, row) in rows.as_table()? {
                index.insert(KeyPlace::parse(tier, stem).filter(|place| place.folder() != TENANTS)?, read_row(row)?);
            }
        }
        for (stem, row) in table.get(TENANTS)?.as_table()? {
            index.insert(KeyPlace::parse(TENANTS, stem)?, read_row(row)?);
        }
        Some(index)
    }

    /// Version 1 had a key per tier and day, no id of the store and no checksum. Its first key gives such a store an id,
    /// which stays when the index is written again.
    fn first_version(table: &toml::Table) -> Option<Self> {
        let mut index = Self { version: 1, ..Self::default() };
        for (tier, days) in table.get("keys")?.as_table()? {
            for (date, row) in days.as_table()? {
                index.insert(KeyPlace::parse(tier, date)?, read_row(row)?);
            }
        }
        let first = index.rows.values().next().map_or_else(String::new, |row| row.fingerprint.clone());
        index.store = hex(&blake3::hash(first.as_bytes()).as_bytes()[..8]);
        Some(index)
    }

    /// The file's text.
    pub(super) fn render(&self) -> String {
        let mut text = String::from(
            "# The keys of this store, by tier and epoch of the event, then the tenants'. The id stands in every token that\n\
             # the key made; the fingerprint tells whether two hosts hold the same key. `garim keys` writes this file.\n",
        );
        let _ = writeln!(text, "version = {VERSION}\nstore = \"{}\"\n\n[keys]", self.store);
        let mut folder = "";
        for (place, row) in self.rows.iter().filter(|(place, _)| place.folder() != TENANTS) {
            if folder != place.folder() {
                folder = place.folder();
                let _ = writeln!(text, "\n[keys.\"{folder}\"]");
            }
            write_row(&mut text, place, row);
        }
        let _ = writeln!(text, "\n[{TENANTS}]");
        for (place, row) in self.rows.iter().filter(|(place, _)| place.folder() == TENANTS) {
            write_row(&mut text, place, row);
        }
        let sum = sum(text.as_bytes());
        let _ = writeln!(text, "{SUM}{sum}");
        text
    }
}

/// Whether this is an id of a store or mirror: sixteen hex digits.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}

fn read_row(row: &toml::Value) -> Option<Row> {
    let from_ms = match row.get("from") {
        Some(from) => Some(from.as_str()?.parse::<jiff::Timestamp>().ok()?.as_millisecond()),
        None => None,
    };
    Some(Row {
        id: parse_letters(row.get("id")?.as_str()?)?,
        fingerprint: row.get("fingerprint")?.as_str()?.to_owned(),
        from_ms,
        destroyed: row.get("destroyed").is_some_and(|destroyed| destroyed.as_bool() == Some(true)),
    })
}

fn write_row(text: &mut String, place: &KeyPlace, row: &Row) {
    let Row { id, fingerprint, from_ms, destroyed } = row;
    let _ = write!(text, "\"{}\" = {{ id = \"{}\", fingerprint = \"{fingerprint}\"", place.stem(), letters(*id));
    if let Some(from) = from_ms.and_then(|from_ms| jiff::Timestamp::from_millisecond(from_ms).ok()) {
        let _ = write!(text, ", from = \"{from}\"");
    }
    text.push_str(if *destroyed { ", destroyed = true }\n" } else { " }\n" });
}

/// Whether the last line is the hash of all before it.
fn whole(text: &str) -> bool {
    let line = text.rfind(SUM).unwrap_or(text.len());
    let (before, line) = text.split_at(line);
    line.strip_prefix(SUM).and_then(|line| line.strip_suffix('\n')) == Some(sum(before.as_bytes()).as_str())
}

fn sum(bytes: &[u8]) -> String {
    // Damage is told from disagreement by this, not malice: whoever may write the index may write the sum.
    hex(&blake3::hash(bytes).as_bytes()[..16])
}
