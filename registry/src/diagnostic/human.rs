//! The report for people: source lines and carets, as rustc draws them. Nothing else names `annotate_snippets`.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet as Lines};

use super::data::{Diagnostic, Label, Snippet};

/// The reports of all diagnostics, without colour, an empty line between two; no line break at the end.
pub(crate) fn render(diagnostics: &[Diagnostic]) -> String {
    draw_all(Renderer::plain(), diagnostics)
}

/// The same with colours of a terminal.
#[cfg(feature = "cli")]
pub(crate) fn render_styled(diagnostics: &[Diagnostic]) -> String {
    draw_all(Renderer::styled(), diagnostics)
}

fn draw_all(renderer: Renderer, diagnostics: &[Diagnostic]) -> String {
    let renderer = renderer.term_width(TERMINAL_WIDTH);
    let reports: Vec<_> = diagnostics.iter().map(|diagnostic| draw(&renderer, diagnostic)).collect();
    reports.join("\n\n")
}

fn draw(renderer: &Renderer, diagnostic: &Diagnostic) -> String {
    let title = Level::ERROR.primary_title(diagnostic.message()).id(diagnostic.code());
    let snippets = diagnostic.labels().iter().enumerate().map(|(at, label)| lines(at, label));
    let group = Group::with_title(title)
        .elements(snippets)
        .elements(file_alone(diagnostic).map(Origin::path))
        .elements(diagnostic.key_path().map(|key_path| Level::NOTE.message(format!("the key is `{key_path}`"))))
        .elements(diagnostic.help().map(|help| Level::HELP.message(help)));
    let report = renderer.render(&[group]);
    diagnostic.labels().iter().enumerate().fold(report, |report, (at, label)| place(&report, at, label))
}

/// The file of a diagnostic that has no place in it.
fn file_alone(diagnostic: &Diagnostic) -> Option<&str> {
    (diagnostic.line() == 0 && !diagnostic.file().is_empty()).then(|| diagnostic.file())
}

fn lines(at: usize, label: &Label) -> Lines<'_, Annotation<'_>> {
    let kind = if at == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
    let text = (!label.text().is_empty()).then(|| label.text());
    Lines::source(label.snippet.text.as_str())
        .path(mark(at))
        .line_start(label.line())
        .annotation(kind.span(bytes(&label.snippet)).label(text))
}

/// Writes the place of a label, where the renderer wrote its mark and the column in the masked line.
fn place(report: &str, at: usize, label: &Label) -> String {
    let Label { file, line, column, snippet, .. } = label;
    report.replacen(&format!("{}:{line}:{}", mark(at), snippet.column), &format!("{file}:{line}:{column}"), 1)
}

/// Stands for a path; no text of a diagnostic has a control character.
fn mark(at: usize) -> String {
    format!("\0{at}")
}

/// The marked part of a snippet in bytes.
fn bytes(snippet: &Snippet) -> Range<usize> {
    let byte = |column: usize| snippet.text.char_indices().nth(column - 1).map_or(snippet.text.len(), |(at, _)| at);
    byte(snippet.column)..byte(snippet.end_column)
}

/// Lines are cut already, where the label is known; this leaves room for wide characters and the label.
const TERMINAL_WIDTH: usize = 2_000;
