//! One complaint about one place in a configuration file, and all complaints about a file together.

pub mod code;

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// The version of the document that [`Faults::to_json`] writes.
pub const SCHEMA_VERSION: u32 = 1;

/// How grave a complaint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is taken; somebody should look.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One complaint about one place in a file. Never holds a value that may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code, `G0103`; [`code::explain`] says more about it.
    pub code: &'static str,
    /// Whether the file is refused for it.
    pub severity: Severity,
    /// What is wrong, in one line, without a full stop.
    pub message: String,
    /// The file.
    pub file: PathBuf,
    /// Bytes of the file that it is about; `None` when it is about the whole file.
    pub span: Option<Range<usize>>,
    /// What stands beside the caret; may be empty.
    pub label: String,
    /// Other places of the same file that matter, each with a word on why.
    pub related: Vec<(Range<usize>, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without label, related places or help.
    pub fn error(code: &'static str, file: &Path, span: Option<Range<usize>>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            file: file.to_owned(),
            span,
            label: String::new(),
            related: Vec::new(),
            help: None,
        }
    }

    /// A warning without label, related places or help.
    pub fn warning(code: &'static str, file: &Path, span: Option<Range<usize>>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, file, span, message) }
    }

    /// The same with this beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same with another place shown.
    #[must_use]
    pub fn related(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// All complaints about one file, or about several that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// The files that were read: path and text.
    pub files: Vec<(PathBuf, String)>,
    /// The complaints, in file order.
    pub diagnostics: Vec<Diagnostic>,
}

impl std::error::Error for Faults {}

impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl Faults {
    /// No complaints about a file with this text.
    pub fn of(path: &Path, text: &str) -> Self {
        Self { files: vec![(path.to_owned(), text.to_owned())], diagnostics: Vec::new() }
    }

    /// The one complaint that a file could not be read.
    pub fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let message = format!("cannot read `{}`: {error}", path.display());
        Self { files: Vec::new(), diagnostics: vec![Diagnostic::error("G0001", path, None, message)] }
    }

    /// Notes an error about the first file; label, related places and help may be set on what is returned.
    pub fn error(&mut self, code: &'static str, span: Range<usize>, message: impl Into<String>) -> &mut Diagnostic {
        let file = self.files.first().map(|(path, _)| path.clone()).unwrap_or_default();
        self.diagnostics.push(Diagnostic::error(code, &file, Some(span), message));
        self.diagnostics.last_mut().expect("one was pushed just now")
    }

    /// Notes a warning about the first file, likewise.
    pub fn warning(&mut self, code: &'static str, span: Range<usize>, message: impl Into<String>) -> &mut Diagnostic {
        let warning = self.error(code, span, message);
        warning.severity = Severity::Warning;
        warning
    }

    /// Whether there is nothing to complain about.
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// How many errors there are.
    pub fn error_count(&self) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }

    /// How many warnings there are.
    pub fn warning_count(&self) -> usize {
        self.diagnostics.len() - self.error_count()
    }

    /// Puts the complaints in the order of their places, and keeps one of several equal ones.
    pub fn sort(&mut self) {
        self.diagnostics.sort_by(|a, b| {
            let place = |d: &Diagnostic| (d.span.as_ref().map_or(0, |span| span.start), d.severity);
            (&a.file, place(a), a.code).cmp(&(&b.file, place(b), b.code))
        });
        // Two complaints about a word that many items share may take turns, so the equal ones need not be neighbours.
        let mut told = HashSet::new();
        self.diagnostics.retain(|d| told.insert((d.code, d.file.clone(), d.span.clone(), d.message.clone())));
    }

    /// Takes over the files and complaints of another.
    pub fn append(&mut self, other: Faults) {
        self.files.extend(other.files);
        self.diagnostics.extend(other.diagnostics);
    }

    /// All complaints as text for people, each with its line and a caret, separated by empty lines.
    pub fn render(&self, color: bool) -> String {
        // No hyperlinks: codes are explained by `garim explain`, not by a page.
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for diagnostic in &self.diagnostics {
            text.push_str(&renderer.render(&[self.group(diagnostic)]));
            text.push_str("\n\n");
        }
        text
    }

    /// One document: `{schema_version, errors, warnings, diagnostics: [{code, severity, message, file, line, column, span, label, related, help}]}`.
    ///
    /// Lines and columns count from 1, columns in characters; spans are bytes.
    pub fn to_json(&self) -> serde_json::Value {
        let diagnostics: Vec<_> = self.diagnostics.iter().map(|diagnostic| self.entry(diagnostic)).collect();
        serde_json::json!({
            "schema_version": SCHEMA_VERSION,
            "errors": self.error_count(),
            "warnings": self.warning_count(),
            "diagnostics": diagnostics,
        })
    }

    /// Line and column of a byte of one of the files, both from 1, the column in characters.
    pub fn place(&self, file: &Path, at: usize) -> Option<(usize, usize)> {
        self.text(file).map(|text| line_column(text, at))
    }

    fn text(&self, file: &Path) -> Option<&str> {
        self.files.iter().find(|(path, _)| path == file).map(|(_, text)| text.as_str())
    }

    fn group<'a>(&'a self, diagnostic: &'a Diagnostic) -> Group<'a> {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(&diagnostic.message).id(diagnostic.code);
        let path = diagnostic.file.to_string_lossy().into_owned();
        let mut group = match (&diagnostic.span, self.text(&diagnostic.file)) {
            (Some(span), Some(text)) => {
                let mut primary = AnnotationKind::Primary.span(within(text, span));
                if !diagnostic.label.is_empty() {
                    primary = primary.label(&diagnostic.label);
                }
                let related = diagnostic
                    .related
                    .iter()
                    .map(|(span, label)| AnnotationKind::Context.span(within(text, span)).label(label));
                title.element(Snippet::source(text).path(path).annotation(primary).annotations(related))
            }
            _ => title.element(Origin::path(path)),
        };
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help));
        }
        group
    }

    fn entry(&self, diagnostic: &Diagnostic) -> serde_json::Value {
        let spot = |span: &Range<usize>| {
            let (line, column) = self.place(&diagnostic.file, span.start)?;
            Some((line, column, serde_json::json!([span.start, span.end])))
        };
        let (line, column, span) = diagnostic.span.as_ref().and_then(spot).map_or_else(
            || (serde_json::Value::Null, serde_json::Value::Null, serde_json::Value::Null),
            |(line, column, span)| (line.into(), column.into(), span),
        );
        let related: Vec<_> = diagnostic
            .related
            .iter()
            .filter_map(|(span, label)| {
                let (line, column, span) = spot(span)?;
                Some(serde_json::json!({ "line": line, "column": column, "span": span, "label": label }))
            })
            .collect();
        serde_json::json!({
            "code": diagnostic.code,
            "severity": diagnostic.severity.name(),
            "message": diagnostic.message,
            "file": diagnostic.file.to_string_lossy(),
            "line": line,
            "column": column,
            "span": span,
            "label": diagnostic.label,
            "related": related,
            "help": diagnostic.help,
        })
    }
}

/// Line and column of byte `at`, both from 1, the column in characters.
pub fn line_column(text: &str, at: usize) -> (usize, usize) {
    let at = text.floor_char_boundary(at.min(text.len()));
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// The most similar of the names, if one is near enough to be a slip of the hand.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wanted, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The span cut to the text and to whole characters, as the renderer demands.
fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.ceil_char_boundary(span.end.min(text.len()));
    start..end.max(start)
}
