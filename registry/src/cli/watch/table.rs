//! The live table.

use anstyle::{AnsiColor, Style};

use super::lines::{of_reload, one_line};
use crate::{
    cli::table::widths,
    diagnostic::visible,
    manager::{ConnectionStatus, LastReload, Status, short},
    registry::ConnectionState,
};

/// What holds for all of them: a line, and what came of the last reload.
pub(super) fn head(status: &Status, is_ready: bool, last: Option<&LastReload>) -> Vec<String> {
    let up = status.connections.iter().filter(|connection| connection.state.is_up()).count();
    let (style, ready) = if is_ready { (GOOD, "ready") } else { (BAD, "not ready") };
    let all = status.connections.len();
    let first = format!("{style}{ready}{style:#}, {up} of {all} up, for {}", short(status.uptime));
    let reload = last.and_then(|last| Some((of_reload(last)?, short(last.age()))));
    let reload = reload.map(|(text, age)| {
        let lines = text.lines().take(LINES_OF_RELOAD).enumerate();
        let ago = |at| if at == 0 { format!(" ({age} ago)") } else { String::new() };
        lines.map(|(at, line)| format!("{}{}", visible(line), ago(at))).collect::<Vec<_>>()
    });
    std::iter::once(first).chain(reload.into_iter().flatten()).chain([String::new()]).collect()
}

/// A row for each connection, below a header.
pub(super) fn rows(status: &Status) -> Vec<String> {
    let rows: Vec<_> = status.connections.iter().map(cells).collect();
    let header = HEADER.map(str::to_owned);
    let widths = widths(&rows.iter().chain([&header]).collect::<Vec<_>>());
    let styles = status.connections.iter().map(style);
    let header = line(&header, widths, Style::new());
    let rows = rows.iter().zip(styles).map(|(row, style)| line(row, widths, style));
    std::iter::once(format!("{BOLD}{header}{BOLD:#}")).chain(rows).collect()
}

fn cells(connection: &ConnectionStatus) -> [String; COLUMNS] {
    let ConnectionStatus { name, connection_type, enabled, state, since, generation, age, guards, .. } = connection;
    let dash = || "-".to_owned();
    let check = connection.last_check.as_ref().map(|check| {
        let word = if check.passed { "ok" } else { "failed" };
        format!("{word} {} ago", short(check.age))
    });
    [
        visible(name).into_owned(),
        connection_type.as_deref().map_or_else(dash, |name| visible(name).into_owned()),
        if *enabled { state.as_str() } else { "disabled" }.to_owned(),
        short(*since),
        age.map_or_else(dash, short),
        generation.to_string(),
        guards.to_string(),
        check.unwrap_or_else(dash),
        cause(connection),
    ]
}

/// Why it is not up, and when it is tried again.
fn cause(connection: &ConnectionStatus) -> String {
    let ConnectionStatus { cause, permanent, next_retry, .. } = connection;
    let Some(cause) = cause else { return String::new() };
    let retry = match next_retry {
        _ if *permanent => "not tried again: ".to_owned(),
        Some(pause) if !pause.is_zero() => format!("next attempt in {}: ", short(*pause)),
        _ => String::new(),
    };
    format!("{retry}{}", one_line(cause))
}

fn style(connection: &ConnectionStatus) -> Style {
    match connection.state {
        _ if !connection.enabled => Style::new().dimmed(),
        ConnectionState::Connected => GOOD,
        ConnectionState::Failed => BAD,
        ConnectionState::Connecting | ConnectionState::Degraded | ConnectionState::Draining => DOUBTFUL,
        _ => Style::new(),
    }
}

fn line(row: &[String; COLUMNS], widths: [usize; COLUMNS], state: Style) -> String {
    let cells = row.iter().zip(widths).enumerate().map(|(at, (cell, width))| match at {
        STATE => format!("{state}{cell:width$}{state:#}"),
        _ => format!("{cell:width$}"),
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

const COLUMNS: usize = 9;
const HEADER: [&str; COLUMNS] = ["name", "type", "state", "for", "age", "clients", "guards", "check", "cause"];
/// The column that is coloured.
const STATE: usize = 2;

/// How much is shown of what is wrong with a file.
const LINES_OF_RELOAD: usize = 6;

const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();
