//! The public side of a key store: which id names the key of which tier and day.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write;
use std::os::fd::BorrowedFd;
use std::path::Path;

use super::{Faults, INDEX, VERSION, date, day, file_bytes, letters};
use crate::pseudonym::epoch::EpochDay;

/// One key: its id, and the fingerprint of its secret in hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: [u8; 6],
    pub(super) fingerprint: String,
}

/// Every key that was ever made, by tier and day.
#[derive(Debug, Default)]
pub(super) struct Index {
    tiers: BTreeMap<String, BTreeMap<EpochDay, Row>>,
}

impl Index {
    pub(super) fn row(&self, tier: &str, day: EpochDay) -> Option<&Row> {
        self.tiers.get(tier)?.get(&day)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&str, EpochDay, &Row)> {
        self.tiers.iter().flat_map(|(tier, days)| days.iter().map(move |(&day, row)| (tier.as_str(), day, row)))
    }

    pub(super) fn insert(&mut self, tier: &str, day: EpochDay, row: Row) {
        self.tiers.entry(tier.to_owned()).or_default().insert(day, row);
    }

    /// Reads the file. It may be read by others, and written by its owner only.
    pub(super) fn read(root: BorrowedFd<'_>, path: &Path, faults: &mut Faults) -> Self {
        /// A row has about 70 bytes; this is a store of 200,000 keys.
        const BYTES_MAX: usize = 16 << 20;
        let mut index = Self::default();
        let Some(bytes) = file_bytes(root, &OsString::from(INDEX), path, BYTES_MAX, 0o022, faults) else {
            return index;
        };
        let table = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse::<toml::Table>().ok());
        let version = table.as_ref().and_then(|table| table.get("version")).and_then(toml::Value::as_integer);
        match version {
            Some(version) if version > i64::from(VERSION) => faults.newer(path, version),
            _ if table.is_some_and(|table| index.fill(&table).is_some()) => {}
            _ => faults.add(path, "damaged", "put index.toml of the store's mirror in its place"),
        }
        index
    }

    fn fill(&mut self, table: &toml::Table) -> Option<()> {
        table.get("version")?.as_integer().filter(|&version| version == i64::from(VERSION))?;
        for (tier, days) in table.get("keys")?.as_table()? {
            for (date, row) in days.as_table()? {
                let id = <[u8; 6]>::try_from(row.get("id")?.as_str()?.as_bytes()).ok()?;
                let fingerprint = row.get("fingerprint")?.as_str()?.to_owned();
                self.insert(tier, day(date.parse().ok()?), Row { id, fingerprint });
            }
        }
        Some(())
    }

    /// The file's text.
    pub(super) fn render(&self) -> String {
        let mut text = String::from(
            "# The keys of this store, by tier and day of the event. The id stands in every token that the key made;\n\
             # the fingerprint tells whether two hosts hold the same key. `garim keys` writes this file.\n",
        );
        let _ = writeln!(text, "version = {VERSION}\n\n[keys]");
        for (tier, days) in &self.tiers {
            let _ = writeln!(text, "\n[keys.\"{tier}\"]");
            for (&day, row) in days {
                let (id, fingerprint) = (letters(row.id), &row.fingerprint);
                let _ = writeln!(text, "{} = {{ id = \"{id}\", fingerprint = \"{fingerprint}\" }}", date(day));
            }
        }
        text
    }
}
