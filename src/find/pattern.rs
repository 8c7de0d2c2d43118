//! A line format compiled to a splitter: nginx `log_format`, Apache `LogFormat`, or a regex with named groups.
//!
//! A format string becomes literals and fields in turn. A field reaches to the next literal; between quotes a
//! backslash shields a quote, as both servers write it. The whole line must be used up: a line that does not fit
//! is refused, so text that no field holds can never leave.

use regex::bytes::{CaptureLocations, Regex};

use crate::record::Span;

/// A compiled line format.
#[derive(Debug, Clone)]
pub struct Pattern {
    fields: Vec<Box<str>>,
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Shape {
    /// What stands before the first field, and after each field.
    Literals { first: Box<[u8]>, after: Vec<Box<[u8]>> },
    /// The index of each field's group.
    Groups { regex: Regex, groups: Vec<usize> },
}

/// A format string that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternFault {
    /// Byte of the format string that the fault is about.
    pub at: usize,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// Room for the groups of a regex; made once per scratch and pattern.
#[derive(Debug, Default)]
pub struct PatternScratch {
    locations: Option<CaptureLocations>,
}

/// A piece of a format while it is read.
enum Piece {
    Literal(Vec<u8>),
    Field { name: String, at: usize },
}

impl Pattern {
    /// Compiles an nginx `log_format` string: `$remote_addr - $remote_user [$time_local] "$request" $status`.
    ///
    /// Fields are called as the variables. The quotes and line breaks of a configuration file may be left in.
    ///
    /// # Errors
    /// A `$` without name, two variables side by side, a name used twice, no variable at all.
    pub fn nginx(format: &str) -> Result<Self, PatternFault> {
        let mut pieces = Vec::new();
        let mut rest = format.char_indices().peekable();
        while let Some((at, char)) = rest.next() {
            if char != '$' {
                push_literal(&mut pieces, char);
                continue;
            }
            let braced = rest.next_if(|(_, next)| *next == '{').is_some();
            let mut name = String::new();
            while let Some((_, letter)) = rest.next_if(|(_, next)| next.is_ascii_alphanumeric() || *next == '_') {
                name.push(letter);
            }
            if name.is_empty() || (braced && rest.next_if(|(_, next)| *next == '}').is_none()) {
                return Err(fault(
                    at,
                    "`$` begins a variable: write its name, as in `$remote_addr` or `${remote_addr}`",
                ));
            }
            pieces.push(Piece::Field { name, at });
        }
        Self::of_pieces(pieces)
    }

    /// Compiles an Apache `LogFormat` string: `%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"`.
    ///
    /// Fields are called `remote_host`, `remote_logname`, `remote_user`, `time`, `request`, `status`, `bytes`,
    /// `referer`, `user_agent` and so on; headers, cookies, notes and environment by their name in lower case with
    /// `_` for `-` (`%{X-Forwarded-For}i` is `x_forwarded_for`, `%{sid}C` is `cookie_sid`).
    ///
    /// # Errors
    /// An unknown directive, `%{format}t` (write `%t`), two directives side by side, a name used twice, none at all.
    pub fn apache(format: &str) -> Result<Self, PatternFault> {
        let mut pieces = Vec::new();
        let mut rest = format.char_indices().peekable();
        while let Some((at, char)) = rest.next() {
            match char {
                '\\' => match rest.next() {
                    Some((_, 't')) => push_literal(&mut pieces, '\t'),
                    Some((_, escaped @ ('"' | '\\'))) => push_literal(&mut pieces, escaped),
                    _ => return Err(fault(at, "`\\` stands before `\"`, `\\` or `t` only")),
                },
                '%' if rest.next_if(|(_, next)| *next == '%').is_some() => push_literal(&mut pieces, '%'),
                '%' => {
                    while rest.next_if(|(_, next)| matches!(next, '<' | '>' | '!' | ',' | '0'..='9')).is_some() {}
                    let mut argument = None;
                    if rest.next_if(|(_, next)| *next == '{').is_some() {
                        let mut name = String::new();
                        while let Some((_, letter)) = rest.next_if(|(_, next)| *next != '}') {
                            name.push(letter);
                        }
                        rest.next();
                        argument = Some(name);
                    }
                    let directive = rest.next().map(|(_, directive)| directive);
                    let name = apache_name(at, directive, argument)?;
                    let bracketed = directive == Some('t');
                    if bracketed {
                        push_literal(&mut pieces, '[');
                    }
                    pieces.push(Piece::Field { name, at });
                    if bracketed {
                        push_literal(&mut pieces, ']');
                    }
                }
                _ => push_literal(&mut pieces, char),
            }
        }
        Self::of_pieces(pieces)
    }

    /// Compiles a regular expression; its named groups are the fields. It must match a whole line.
    ///
    /// # Errors
    /// A syntax error, a size above the library's limit, no named group.
    pub fn regex(expression: &str) -> Result<Self, PatternFault> {
        let regex = Regex::new(&format!(r"\A(?:{expression})\z"))
            .map_err(|error| fault(0, &format!("the regular expression does not compile: {error}")))?;
        let mut fields = Vec::new();
        let mut groups = Vec::new();
        for (index, name) in regex.capture_names().enumerate() {
            if let Some(name) = name {
                fields.push(name.into());
                groups.push(index);
            }
        }
        if fields.is_empty() {
            return Err(fault(0, "the regular expression names no group: write fields as `(?<name>...)`"));
        }
        Ok(Self { fields, shape: Shape::Groups { regex, groups } })
    }

    /// The names of the fields, in the order of the format.
    pub fn fields(&self) -> &[Box<str>] {
        &self.fields
    }

    /// Whether a treated line can be written back in this format: only where no text stands outside fields and
    /// literals, so not for a regular expression.
    pub fn can_emit_same(&self) -> bool {
        matches!(self.shape, Shape::Literals { .. })
    }

    /// What stands before the first field.
    pub fn first_literal(&self) -> &[u8] {
        match &self.shape {
            Shape::Literals { first, .. } => first,
            Shape::Groups { .. } => b"",
        }
    }

    /// What stands after the field at `index`.
    pub fn literal_after(&self, index: usize) -> &[u8] {
        match &self.shape {
            Shape::Literals { after, .. } => &after[index],
            Shape::Groups { .. } => b"",
        }
    }

    /// Splits a line into its fields, in the order of `fields`; a group that took no part is `None`.
    ///
    /// False if the line does not have this form from its first byte to its last.
    pub fn split(&self, line: &[u8], scratch: &mut PatternScratch, out: &mut Vec<Option<Span>>) -> bool {
        out.clear();
        match &self.shape {
            Shape::Literals { first, after } => split_literals(line, first, after, out),
            Shape::Groups { regex, groups } => {
                let locations = scratch.locations.get_or_insert_with(|| regex.capture_locations());
                if regex.captures_read(locations, line).is_none() {
                    return false;
                }
                out.extend(groups.iter().map(|group| locations.get(*group).map(|(start, end)| Span::new(start, end))));
                true
            }
        }
    }

    fn of_pieces(pieces: Vec<Piece>) -> Result<Self, PatternFault> {
        let mut fields: Vec<Box<str>> = Vec::new();
        let mut first = Vec::new();
        let mut after: Vec<Box<[u8]>> = Vec::new();
        let mut after_field = false;
        for piece in pieces {
            match piece {
                Piece::Literal(text) if fields.is_empty() => first = text,
                Piece::Literal(text) => {
                    after.push(text.into());
                    after_field = false;
                }
                Piece::Field { name, at } => {
                    if after_field {
                        return Err(fault(at, "two fields side by side cannot be told apart: put a character between"));
                    }
                    if fields.iter().any(|known| **known == *name) {
                        return Err(fault(at, &format!("the field `{name}` stands twice")));
                    }
                    fields.push(name.into());
                    after_field = true;
                }
            }
        }
        if fields.is_empty() {
            return Err(fault(0, "the format names no field"));
        }
        if after_field {
            after.push(Box::default());
        }
        Ok(Self { fields, shape: Shape::Literals { first: first.into(), after } })
    }
}

fn split_literals(line: &[u8], first: &[u8], after: &[Box<[u8]>], out: &mut Vec<Option<Span>>) -> bool {
    if !line.starts_with(first) {
        return false;
    }
    let mut quoted = first.last() == Some(&b'"');
    let mut start = first.len();
    for literal in after {
        let Some(end) = field_end(line, start, literal, quoted) else {
            return false;
        };
        out.push(Some(Span::new(start, end)));
        start = end + literal.len();
        quoted = literal.last() == Some(&b'"');
    }
    start == line.len()
}

/// Where the field that begins at `start` ends: before `literal`, or at the end of the line where there is none.
fn field_end(line: &[u8], start: usize, literal: &[u8], quoted: bool) -> Option<usize> {
    let Some(lead) = literal.first() else {
        return Some(line.len());
    };
    let mut at = start;
    while at < line.len() {
        if quoted && line[at] == b'\\' {
            at += 2;
            continue;
        }
        if line[at] == *lead {
            if line[at..].starts_with(literal) {
                return Some(at);
            }
            // A bare quote inside quotes: the line was not written by this format.
            if quoted && *lead == b'"' {
                return None;
            }
        }
        at += 1;
    }
    None
}

fn push_literal(pieces: &mut Vec<Piece>, char: char) {
    let mut bytes = [0; 4];
    let bytes = char.encode_utf8(&mut bytes).as_bytes();
    match pieces.last_mut() {
        Some(Piece::Literal(text)) => text.extend_from_slice(bytes),
        _ => pieces.push(Piece::Literal(bytes.to_vec())),
    }
}

/// What an Apache directive is called as a field.
fn apache_name(at: usize, directive: Option<char>, argument: Option<String>) -> Result<String, PatternFault> {
    let field = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let name = match (directive, argument) {
        (Some('i'), Some(header)) => field(&header),
        (Some('o'), Some(header)) => format!("out_{}", field(&header)),
        (Some('C'), Some(cookie)) => format!("cookie_{}", field(&cookie)),
        (Some('e'), Some(variable)) => format!("env_{}", field(&variable)),
        (Some('n'), Some(note)) => format!("note_{}", field(&note)),
        (Some('t'), Some(_)) => {
            return Err(fault(at, "`%{format}t` is not read: write `%t`, the common log form of the time"));
        }
        (Some('a'), Some(_)) => "peer_addr".into(),
        (Some('p'), Some(which)) => format!("{}_port", field(&which)),
        (Some('P'), Some(which)) => field(&which),
        (Some('T'), Some(unit)) => format!("duration_{}", field(&unit)),
        (Some(directive), None) => match directive {
            'h' => "remote_host",
            'l' => "remote_logname",
            'u' => "remote_user",
            't' => "time",
            'r' => "request",
            's' => "status",
            'b' | 'B' => "bytes",
            'I' => "bytes_in",
            'O' => "bytes_out",
            'S' => "bytes_all",
            'D' => "duration_us",
            'T' => "duration_s",
            'a' => "remote_addr",
            'A' => "local_addr",
            'v' => "server_name",
            'V' => "canonical_name",
            'p' => "port",
            'P' => "pid",
            'm' => "method",
            'U' => "path",
            'q' => "query",
            'H' => "protocol",
            'f' => "file",
            'k' => "keepalive",
            'L' => "log_id",
            'R' => "handler",
            'X' => "connection",
            _ => {
                return Err(fault(at, &format!("`%{directive}` is not a directive that garim knows")));
            }
        }
        .into(),
        (Some(directive), Some(_)) => {
            return Err(fault(at, &format!("`%{{...}}{directive}` is not a directive that garim knows")));
        }
        (None, _) => return Err(fault(at, "`%` begins a directive, as in `%h`; a percent sign is `%%`")),
    };
    Ok(name)
}

fn fault(at: usize, message: &str) -> PatternFault {
    PatternFault { at, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NGINX: &str =
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer""#;
    const APACHE: &str = r#"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""#;

    fn check(pattern: &Result<Pattern, PatternFault>, line: &str, expected: Option<&[&str]>) {
        let pattern = pattern.as_ref().expect("the format compiles");
        let mut fields = Vec::new();
        let fits = pattern.split(line.as_bytes(), &mut PatternScratch::default(), &mut fields);
        assert_eq!(fits, expected.is_some(), "{line}");
        if let Some(expected) = expected {
            let texts: Vec<&[u8]> =
                fields.iter().map(|span| span.map_or(&b"?"[..], |s| s.of(line.as_bytes()))).collect();
            assert_eq!(texts, expected.iter().map(|text| text.as_bytes()).collect::<Vec<_>>(), "{line}");
        }
    }

    #[test]
    fn splits_lines() {
        let line = r#"192.0.2.1 - gildong [17/May/2015:10:05:03 +0000] "GET /a?b=\"c\" HTTP/1.1" 200 12 "-""#;
        let fields: &[&str] =
            &["192.0.2.1", "gildong", "17/May/2015:10:05:03 +0000", r#"GET /a?b=\"c\" HTTP/1.1"#, "200", "12", "-"];
        check(&Pattern::nginx(NGINX), line, Some(fields));
        check(&Pattern::nginx(NGINX), &format!("{line} tail"), None);
        check(&Pattern::nginx(NGINX), &line[..60], None);
        check(&Pattern::nginx(NGINX), &line.replace(r#"\"c\""#, r#""c""#), None);
        let line = format!(r#"{} "Agent \"x\" 1""#, line.replacen("- gildong", "- -", 1));
        let pattern = Pattern::apache(APACHE);
        assert_eq!(pattern.as_ref().map(|p| p.fields()[8].clone()), Ok("user_agent".into()));
        let fields: &[&str] = &[
            "192.0.2.1",
            "-",
            "-",
            "17/May/2015:10:05:03 +0000",
            r#"GET /a?b=\"c\" HTTP/1.1"#,
            "200",
            "12",
            "-",
            r#"Agent \"x\" 1"#,
        ];
        check(&pattern, &line, Some(fields));
        check(&Pattern::regex(r"(?<who>\w+)(?: (?<what>.*))?"), "gildong", Some(&["gildong", "?"]));
        check(&Pattern::regex(r"(?<who>\w+)"), "gildong in", None);
    }

    #[test]
    fn refuses_formats() {
        for (result, at) in [
            (Pattern::nginx("$a$b"), 2),
            (Pattern::nginx("$a - $"), 5),
            (Pattern::nginx("${a"), 0),
            (Pattern::nginx("$a $a"), 3),
            (Pattern::nginx("none"), 0),
            (Pattern::apache("%h %y"), 3),
            (Pattern::apache("%{%s}t"), 0),
            (Pattern::apache("%h %"), 3),
            (Pattern::regex("(a"), 0),
            (Pattern::regex("a"), 0),
        ] {
            assert_eq!(result.map(|_| ()).map_err(|fault| fault.at), Err(at));
        }
    }
}
