//! Log lines to standard error, as text, JSON or `key=value`, after a redactor.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One line of text.
    Text,
    /// One JSON object a line.
    Json,
    /// `key=value` pairs.
    Logfmt,
}

/// Log lines could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogFault {
    /// The filter is not in the syntax of `RUST_LOG`.
    #[error("`{0}` is no log level: write error, warn, info, debug, trace, or target=level,...")]
    Level(String),
    /// They were set up before.
    #[error("log lines were set up twice")]
    Twice,
}

/// Sends log lines to standard error from now on; `level` has the syntax of `RUST_LOG`.
///
/// # Errors
/// When `level` cannot be read, or lines were set up before.
pub fn start(form: Form, level: &str, color: bool) -> Result<(), LogFault> {
    let filter = EnvFilter::try_new(level).map_err(|_| LogFault::Level(level.to_owned()))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Redacted).with_ansi(color);
    let set = match form {
        Form::Text => lines.try_init(),
        Form::Json => lines.with_ansi(false).json().flatten_event(true).with_current_span(false).try_init(),
        Form::Logfmt => lines.with_ansi(false).event_format(Logfmt).try_init(),
    };
    set.map_err(|_| LogFault::Twice)
}

/// Standard error behind the redactor.
#[derive(Debug, Clone, Copy)]
struct Redacted;

impl<'a> MakeWriter<'a> for Redacted {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}

impl Write for Redacted {
    /// Takes one line at a time, as the formatter gives them.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        io::stderr().write_all(redact(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Names whose values are secret, in lower case; the client library's options and SASL's fields among them.
const SECRET: [&str; 6] = ["password", "passwd", "secret", "sasl.jaas.config", "ssl.key.pem", "access_token"];

/// Replaces the values of secrets by `***`: `name=value`, `name: value`, quoted or not, and private keys.
///
/// The client library says no secret by itself; this is for what it may repeat of a configuration or a server's answer.
pub fn redact(line: &str) -> Cow<'_, str> {
    let lower = line.to_ascii_lowercase();
    let mut clean = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < line.len() {
        let next = SECRET.iter().filter_map(|name| lower[at..].find(name).map(|found| at + found + name.len())).min();
        let Some(end) = next else { break };
        at = end;
        if let Some((start, stop)) = value(line, end) {
            clean.push_str(&line[copied..start]);
            clean.push_str("***");
            copied = stop;
            at = stop;
        }
    }
    if let Some(key) = lower[copied..].find("-----begin") {
        clean.push_str(&line[copied..copied + key]);
        clean.push_str("***\n");
        copied = line.len();
    }
    if copied == 0 {
        return Cow::Borrowed(line);
    }
    clean.push_str(&line[copied..]);
    Cow::Owned(clean)
}

/// The value that follows a name which ends at `end`: after `=` or `:`, to its closing quote or to the next separator.
fn value(line: &str, end: usize) -> Option<(usize, usize)> {
    let rest = &line[end..];
    let name = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "._-\\\"'".contains(c)))?;
    let sign = name + (rest[name..].len() - rest[name..].trim_start_matches(' ').len());
    if !rest[sign..].starts_with(['=', ':']) {
        return None;
    }
    let after = &rest[sign + 1..];
    let start = end + sign + 1 + (after.len() - after.trim_start_matches([' ', '\\']).len());
    let after = &line[start..];
    let (start, close): (usize, &[char]) = match after.chars().next()? {
        quote @ ('"' | '\'') => (start + 1, if quote == '"' { &['"', '\\', '\n'] } else { &['\'', '\n'] }),
        _ => (start, &[' ', ',', ';', '"', '\'', '\\', '\n', '}', ')']),
    };
    let stop = line[start..].find(close).map_or(line.len(), |found| start + found);
    (stop > start).then_some((start, stop))
}

/// `ts=... level=... target=... msg="..." key=value`.
struct Logfmt;

impl<S, N> FormatEvent<S, N> for Logfmt
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let metadata = event.metadata();
        writer.write_str("ts=")?;
        SystemTime.format_time(&mut writer)?;
        let level = metadata.level().as_str().to_ascii_lowercase();
        write!(writer, " level={level} target={}", metadata.target())?;
        let mut pairs = Pairs(String::new());
        event.record(&mut pairs);
        writeln!(writer, "{}", pairs.0)
    }
}

struct Pairs(String);

impl Visit for Pairs {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let name = if field.name() == "message" { "msg" } else { field.name() };
        let text = format!("{value:?}");
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"=".contains(&byte));
        let quoted = if plain || text.starts_with('"') { text } else { format!("{text:?}") };
        self.0.push_str(&format!(" {name}={quoted}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, clean: &str) {
        assert_eq!(redact(line), clean);
    }

    #[test]
    fn values_of_secrets_become_stars() {
        check("sasl.password=hunter2, group=a", "sasl.password=***, group=a");
        check("sasl.password = \"hunter 2\" rest", "sasl.password = \"***\" rest");
        check("SSL.KEY.PASSWORD: hunter2", "SSL.KEY.PASSWORD: ***");
        check("client_secret='a b'; password=c", "client_secret='***'; password=***");
        check(r#"{"message":"sasl.password=hunter2"}"#, r#"{"message":"sasl.password=***"}"#);
        check(r#"{"message":"x password=\"hunter2\" y"}"#, r#"{"message":"x password=\"***\" y"}"#);
        check("key -----BEGIN PRIVATE KEY-----\nabc", "key ***\n");
        check("the password was refused by the broker", "the password was refused by the broker");
        check("nothing here: 12 = 12", "nothing here: 12 = 12");
        check("비밀 password=한글값 끝", "비밀 password=*** 끝");
    }
}
