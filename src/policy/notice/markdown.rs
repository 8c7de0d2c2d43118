//! The notice as Markdown: three tables that any renderer of tables shows; what the policy says is escaped.

use super::{Notice, RecipientRow, Row, TierRow, cells};

impl Notice {
    /// The notice as Markdown.
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n\n{}\n", escaped(&cells::title(self)), escaped(&cells::preface(self)));
        let rows: Vec<_> = self.rows.iter().map(Row::cells).collect();
        table(&mut out, cells::COLLECTED, &cells::COLLECTED_HEADS, &rows);
        let rows: Vec<_> = self.tiers.iter().map(TierRow::cells).collect();
        table(&mut out, &cells::kept_title(self), &cells::KEPT_HEADS, &rows);
        let rows: Vec<_> = self.recipients.iter().map(RecipientRow::cells).collect();
        if !rows.is_empty() {
            table(&mut out, cells::GIVEN, &cells::GIVEN_HEADS, &rows);
        }
        out
    }
}

fn table<const N: usize>(out: &mut String, title: &str, heads: &[&str; N], rows: &[[Vec<String>; N]]) {
    out.push_str(&format!("\n## {}\n\n| {} |\n|{}\n", escaped(title), heads.join(" | "), "---|".repeat(N)));
    for row in rows {
        let lines = |cell: &Vec<String>| cell.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>");
        out.push_str(&format!("| {} |\n", row.iter().map(lines).collect::<Vec<_>>().join(" | ")));
    }
}

/// The text with every sign that Markdown or HTML could take for its own made plain, on one line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '|' | '#' | '~' | '!' => out.extend(['\\', c]),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_policy_says_stays_text() {
        for (text, expected) in [
            ("가나 (다)", "가나 (다)"),
            ("a|b", "a\\|b"),
            ("<b>&", "&lt;b&gt;&amp;"),
            ("1\n2\r\n3", "1 2  3"),
            ("[x](y) `z` *w* _v_", "\\[x\\](y) \\`z\\` \\*w\\* \\_v\\_"),
        ] {
            assert_eq!(escaped(text), expected, "{text}");
        }
    }
}
