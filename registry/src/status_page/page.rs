//! The page as it is sent: `page.html` with its style and script, and a table of what is so now. The script takes over from
//! there; without it the table is what there is.

use std::{
    fmt::{self, Write},
    sync::LazyLock,
    time::Duration,
};

use super::html::{Escaped, fill_in};
use crate::{CheckStatus, ConnectionStatus, Status};

/// The page for a request to `path`, the whole of it.
pub(super) fn render(status: &Status, path: &str) -> String {
    fill_in(&TEMPLATE, |name, html| {
        let written = match name {
            "base" => write!(html, "{}", Escaped(&base(path))),
            "ready" => write!(html, "{}", Escaped(&readiness(status))),
            "ready-class" => write!(html, "{}", readiness_class(status)),
            "none" if status.connections.is_empty() => Ok(()),
            "none" => write!(html, "hidden"),
            "rows" => rows(status).iter().try_for_each(|connection| row(html, connection)),
            _ => unreachable!("the page has no other marks"),
        };
        written.expect("a text can be written to");
    })
}

/// What is before the names of the other routes in links: seen from `/internal` they are in `internal/`.
fn base(path: &str) -> String {
    match path.rsplit('/').next() {
        None | Some("") => String::new(),
        // By `./` a colon in it is no scheme.
        Some(last) => format!("./{last}/"),
    }
}

fn readiness(status: &Status) -> String {
    match (status.ready, status.closing) {
        (true, _) => "Ready".to_owned(),
        (_, true) => "Closing".to_owned(),
        _ => format!("Not ready: {}", blocking(status)),
    }
}

fn blocking(status: &Status) -> String {
    let names = status.connections.iter().filter(|connection| connection.blocks_readiness);
    let names: Vec<_> = names.map(|connection| connection.name.as_str()).collect();
    match names.len().checked_sub(MOST_BLOCKING) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..MOST_BLOCKING].join(", ")),
    }
}

fn readiness_class(status: &Status) -> &'static str {
    match (status.ready, status.closing) {
        (true, _) => "connected",
        (_, true) => "closed",
        _ => "failed",
    }
}

/// In the order in which the script shows them.
fn rows(status: &Status) -> Vec<&ConnectionStatus> {
    let mut rows: Vec<_> = status.connections.iter().collect();
    rows.sort_by_key(|connection| STATES.iter().position(|state| *state == word(connection)));
    rows.truncate(MOST_ROWS);
    rows
}

fn row(html: &mut String, connection: &ConnectionStatus) -> fmt::Result {
    let (word, name) = (word(connection), Escaped(&connection.name));
    let icon = format!(r##"<svg class="icon" aria-hidden="true"><use href="#i-{word}"/></svg>"##);
    write!(html, r#"<tr class="{word}"><td><span class="state {word}">{icon}{word}</span></td>"#)?;
    write!(
        html,
        r#"<th scope="row"><span class="name">{name}</span></th><td>{}</td>"#,
        Escaped(type_name(connection))
    )?;
    number(html, &time(connection.since))?;
    number(html, &connection.age.map(time).unwrap_or_default())?;
    number(html, &count(connection.generation))?;
    number(html, &count(connection.guards as u64))?;
    write!(html, "<td>{}</td>", connection.last_check.as_ref().map(check).unwrap_or_default())?;
    number(html, &count(connection.failures.into()))?;
    write!(html, "<td>{}</td></tr>", retry(connection))?;
    connection.cause.iter().try_for_each(|cause| {
        let cell = format!(r#"<td colspan="{AFTER_STATE}"><span>{}</span></td>"#, Escaped(cause));
        write!(html, r#"<tr class="more cause {word}"><td></td>{cell}</tr>"#)
    })
}

fn number(html: &mut String, number: &str) -> fmt::Result {
    write!(html, r#"<td class="number">{number}</td>"#)
}

fn type_name(connection: &ConnectionStatus) -> &str {
    let otherwise = if connection.inserted { "inserted" } else { "" };
    connection.connection_type.as_deref().unwrap_or(otherwise)
}

fn word(connection: &ConnectionStatus) -> &'static str {
    let state = connection.state.as_str();
    if connection.enabled || state != "declared" { state } else { "disabled" }
}

fn check(check: &CheckStatus) -> String {
    format!("{} {} ago", if check.passed { "passed" } else { "failed" }, time(check.age))
}

fn retry(connection: &ConnectionStatus) -> String {
    match connection.next_retry {
        _ if connection.permanent => "not by itself".to_owned(),
        None => String::new(),
        Some(Duration::ZERO) => "due".to_owned(),
        Some(pause) => format!("in {}", time(pause)),
    }
}

/// As `3h 12m`: two units at most.
fn time(time: Duration) -> String {
    let Some(first) = UNITS.iter().position(|(_, size)| time.as_secs() >= *size) else {
        return format!("{}ms", time.as_millis());
    };
    let mut rest = time.as_secs();
    let parts = UNITS[first..].iter().take(2).map(|(unit, size)| {
        let count = rest / size;
        rest %= size;
        (count, unit)
    });
    let parts: Vec<_> = parts.filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    parts.join(" ")
}

/// Nothing for none.
fn count(count: u64) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}

/// The page with its style and script, which have no marks.
static TEMPLATE: LazyLock<String> =
    LazyLock::new(|| include_str!("page.html").replace("{{style}}", STYLE).replace("{{script}}", SCRIPT));

pub(super) const STYLE: &str = include_str!("page.css");
pub(super) const SCRIPT: &str = include_str!("page.js");

/// As in `page.js`.
const STATES: [&str; 8] =
    ["failed", "degraded", "connecting", "draining", "connected", "closed", "declared", "disabled"];
const MOST_ROWS: usize = 1000;
const MOST_BLOCKING: usize = 4;
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
/// How many columns there are beside that of the state.
const AFTER_STATE: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_relative_to_wherever_the_page_is() {
        for (path, expected) in
            [("/", ""), ("/internal", "./internal/"), ("/a/b", "./b/"), ("/a/b/", ""), ("/a:b", "./a:b/")]
        {
            assert_eq!(base(path), expected, "{path}");
        }
    }

    #[test]
    fn style_and_script_have_no_marks_and_do_not_end_early() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("{{") && !text.contains("</"), "{text}");
        }
    }

    #[test]
    fn times_have_two_units_at_most() {
        for (millis, expected) in
            [(0, "0ms"), (12, "12ms"), (1500, "1s"), (3_725_000, "1h 2m"), (3_605_000, "1h"), (90_061_000, "1d 1h")]
        {
            assert_eq!(time(Duration::from_millis(millis)), expected);
        }
    }
}
