//! Real logs of the corpus, where it is there: nothing Korean is found in them.

use std::path::PathBuf;

use garim::find::text::{Encoding, TextScratch};
use garim::kind::Kind;

use super::search;

/// The folder of labelled texts and public logs, which is not part of the repository.
fn corpus() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus");
    std::env::var_os("GARIM_CORPUS").map_or_else(|| beside.into(), PathBuf::from)
}

#[test]
fn nothing_korean_is_found_in_public_logs() {
    let folder = corpus().join("logs");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("no public logs in {}: their false hits are not measured", folder.display());
        return;
    };
    let mut scratch = TextScratch::default();
    let mut lines = 0;
    let mut hits = [0usize; Kind::FOUND];
    let mut shown = Vec::new();
    for file in files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "log")) {
        for line in String::from_utf8_lossy(&std::fs::read(&file).unwrap()).lines() {
            lines += 1;
            scratch.clear();
            for (kind, span, _) in search(line, Encoding::Plain, &mut scratch) {
                hits[kind as usize] += 1;
                // Addresses of hosts and of people are in such logs, and right.
                if !matches!(kind, Kind::Ip | Kind::Email) && shown.len() < 20 {
                    shown.push(format!("{}: {line:.200} {span:?}", kind.name()));
                }
            }
        }
    }
    println!("{lines} lines of public logs; found per million lines:");
    for (kind, hits) in Kind::ALL.iter().zip(hits) {
        println!("  {:20} {:9.1}", kind.name(), hits as f64 * 1e6 / lines as f64);
    }
    assert!(lines > 0, "{} holds no lines", folder.display());
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}
