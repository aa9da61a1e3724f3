//! A comparison for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{
    comparison::{Compared, Comparison, Effect},
    keys::KeyChange,
};
use crate::{
    cli::{
        show,
        table::{widths, write_rows},
    },
    config::{Entry, OriginKind},
    diagnostic::visible,
};

/// Writes what differs, and a line of counts.
pub(super) fn write(out: &mut dyn Write, comparison: &Comparison<'_>) -> io::Result<()> {
    for one in comparison.connections.iter().filter(|one| one.effect != Effect::Unchanged) {
        write_one(out, one)?;
    }
    let count = |effect: &Effect| comparison.connections.iter().filter(|one| one.effect == *effect).count();
    let counts = EFFECTS.iter().map(|effect| (count(effect), effect.word())).filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    writeln!(out, "{}", if counts.is_empty() { "no connections".to_owned() } else { counts.join(", ") })
}

fn write_one(out: &mut dyn Write, one: &Compared<'_>) -> io::Result<()> {
    let Compared { name, type_name, place, effect, template, disabled, follows, keys } = one;
    let (sign, style) = effect.sign();
    let kind = if *template { "template, " } else { "" };
    let place = if *disabled { format!("disabled at {place}") } else { place.clone() };
    write!(
        out,
        "{style}{sign} {}{style:#}  {} ({kind}{}, {})",
        visible(name),
        effect.word(),
        visible(type_name),
        visible(&place)
    )?;
    if !follows.is_empty() {
        let follows: Vec<_> = follows.iter().map(|name| visible(name)).collect();
        write!(out, ", after {}", follows.join(", "))?;
    }
    writeln!(out)?;
    let rows: Vec<_> = keys.iter().map(row).collect();
    write_rows(out, &rows, widths(&rows.iter().collect::<Vec<_>>()))
}

fn row(change: &KeyChange<'_>) -> [String; 3] {
    let KeyChange { key, before, after } = change;
    let values = format!("{} → {}", value(*before), value(*after));
    let places = [before, after].map(|entry| entry.as_ref().filter(|entry| entry.origin.kind != OriginKind::Default));
    let places = match places.map(|entry| entry.map(|entry| show::origin(&entry.origin))) {
        [Some(before), Some(after)] if before != after => format!("{before} → {after}"),
        [_, Some(after)] => after,
        [Some(before), None] => before,
        [None, None] => String::new(),
    };
    [format!("    {key}"), values, places]
}

/// A default that only the code of the type knows has no value here.
fn value(entry: Option<&Entry>) -> &str {
    entry.and_then(|entry| entry.value.as_deref()).unwrap_or("default")
}

impl Effect {
    fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Rebuilt => "rebuilt",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        }
    }

    fn sign(self) -> (char, Style) {
        match self {
            Self::Added => ('+', AnsiColor::Green.on_default()),
            Self::Removed => ('-', AnsiColor::Red.on_default()),
            Self::Rebuilt | Self::Updated => ('~', AnsiColor::Yellow.on_default()),
            Self::Unchanged => ('=', Style::new()),
        }
    }
}

/// In the order of the counts.
const EFFECTS: [Effect; 5] = [Effect::Added, Effect::Removed, Effect::Rebuilt, Effect::Updated, Effect::Unchanged];
