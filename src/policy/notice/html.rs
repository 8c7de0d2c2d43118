//! The notice as a page: Korean, with headers that screen readers can follow; what the policy says is escaped.

use super::{Notice, RecipientRow, Row, TierRow, cells};

/// Small enough to be read, and no more than tables need: no script, nothing loaded from elsewhere.
const STYLE: &str = "body{font-family:sans-serif;line-height:1.5;margin:2rem;color:#111;background:#fff}\
    .wide{overflow-x:auto}table{border-collapse:collapse;margin:1rem 0}caption{text-align:left;font-weight:bold;padding:.5rem 0}\
    th,td{border:1px solid #767676;padding:.4rem .6rem;text-align:left;vertical-align:top}thead th{background:#eee}";

impl Notice {
    /// The notice as a whole HTML page.
    pub fn html(&self) -> String {
        let title = escaped(&cells::title(self));
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"ko\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{}</p>\n",
            escaped(&cells::preface(self))
        );
        let rows: Vec<_> = self.rows.iter().map(Row::cells).collect();
        // Service and category together name a row.
        table(&mut out, cells::COLLECTED, &cells::COLLECTED_HEADS, &rows, 2);
        let rows: Vec<_> = self.tiers.iter().map(TierRow::cells).collect();
        table(&mut out, &cells::kept_title(self), &cells::KEPT_HEADS, &rows, 1);
        let rows: Vec<_> = self.recipients.iter().map(RecipientRow::cells).collect();
        if !rows.is_empty() {
            table(&mut out, cells::GIVEN, &cells::GIVEN_HEADS, &rows, 1);
        }
        out.push_str("</main>\n</body>\n</html>\n");
        out
    }
}

/// A table whose first `names` cells of a row are its header.
fn table<const N: usize>(out: &mut String, title: &str, heads: &[&str; N], rows: &[[Vec<String>; N]], names: usize) {
    // A region that scrolls has to be reached by keyboard, and to say what it is.
    let title = escaped(title);
    out.push_str(&format!(
        "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{title}\">\n<table>\n<caption>{title}</caption>\n<thead>\n<tr>"
    ));
    for head in heads {
        out.push_str(&format!("<th scope=\"col\">{}</th>", escaped(head)));
    }
    out.push_str("</tr>\n</thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let text = cell.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>");
            match column < names {
                true => out.push_str(&format!("<th scope=\"row\">{text}</th>")),
                false => out.push_str(&format!("<td>{text}</td>")),
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
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
        assert_eq!(escaped("<script>'\"&\n가"), "&lt;script&gt;&#39;&quot;&amp; 가");
    }
}
