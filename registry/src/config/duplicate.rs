//! Finds the first place of a key that is given twice; the parser tells the second alone.

use std::{
    collections::{HashMap, hash_map::Entry},
    mem,
    ops::Range,
};

use toml_parser::{
    Source,
    parser::{Event, EventKind, parse_document},
};

/// A key that is given twice.
pub(super) struct Duplicate {
    /// From the top of the file.
    pub(super) path: Vec<String>,
    pub(super) first: Range<usize>,
}

/// For each of `seconds`, in order, what it repeats.
pub(super) fn firsts(text: &str, seconds: impl Iterator<Item = Range<usize>>) -> Vec<Option<Duplicate>> {
    let mut walk = Walk::new(text);
    let tokens = walk.source.lex().into_vec();
    parse_document(&tokens, &mut |event: Event| walk.event(&event), &mut ());
    seconds.map(|second| walk.found.remove(&second.start)).collect()
}

/// Follows the parser's events and keeps the path at which it stands. An item of an array has its place in
/// the text as a step of the path, so that two items are never taken for one.
struct Walk<'t> {
    source: Source<'t>,
    /// Where each path was seen first.
    seen: HashMap<Vec<String>, Range<usize>>,
    /// By the start of the second place.
    found: HashMap<usize, Duplicate>,
    /// The item that a `[[header]]` last opened, by the header's path.
    items: HashMap<Vec<String>, String>,
    /// The paths around the current key: of the last header, then of each open array and inline table.
    around: Vec<Vec<String>>,
    current: Vec<String>,
    last_key: Range<usize>,
    in_header: bool,
}

impl<'t> Walk<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            source: Source::new(text),
            seen: HashMap::new(),
            found: HashMap::new(),
            items: HashMap::new(),
            around: vec![Vec::new()],
            current: Vec::new(),
            last_key: 0..0,
            in_header: false,
        }
    }

    fn event(&mut self, event: &Event) {
        match event.kind() {
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => self.open_header(),
            EventKind::StdTableClose => self.close_header(),
            EventKind::ArrayTableClose => self.close_item_header(),
            EventKind::SimpleKey => self.key(event),
            EventKind::KeyValSep => self.note(),
            EventKind::ArrayOpen | EventKind::InlineTableOpen => self.open(event),
            EventKind::ArrayClose | EventKind::InlineTableClose => self.close(),
            EventKind::ValueSep | EventKind::Newline => self.restart(),
            _ => {}
        }
    }

    fn open_header(&mut self) {
        self.current.clear();
        self.in_header = true;
    }

    fn close_header(&mut self) {
        let last = self.current.pop();
        self.current = self.within_items();
        self.current.extend(last);
        self.note();
        self.enter_header();
    }

    fn close_item_header(&mut self) {
        let item = step_of(self.last_key.start);
        self.items.insert(self.current.clone(), item);
        self.current = self.within_items();
        self.enter_header();
    }

    /// The path of a header with the items that it leads through.
    fn within_items(&self) -> Vec<String> {
        let mut path = Vec::new();
        for (at, key) in self.current.iter().enumerate() {
            path.push(key.clone());
            path.extend(self.items.get(&self.current[..=at]).cloned());
        }
        path
    }

    fn enter_header(&mut self) {
        self.in_header = false;
        self.around = vec![mem::take(&mut self.current)];
        self.restart();
    }

    fn key(&mut self, event: &Event) {
        let mut key = String::new();
        if let Some(raw) = self.source.get(event) {
            raw.decode_key(&mut key, &mut ());
        }
        self.current.push(key);
        self.last_key = event.span().start()..event.span().end();
    }

    fn note(&mut self) {
        let place = self.last_key.clone();
        match self.seen.entry(self.current.clone()) {
            Entry::Vacant(new) => drop(new.insert(place)),
            Entry::Occupied(old) => {
                let path = old.key().iter().filter(|step| !step.starts_with(ITEM)).cloned().collect();
                self.found.insert(place.start, Duplicate { path, first: old.get().clone() });
            }
        }
    }

    fn open(&mut self, event: &Event) {
        let mut path = mem::take(&mut self.current);
        let is_item = self.around.last().is_some_and(|around| around.len() == path.len());
        if is_item || event.kind() == EventKind::ArrayOpen {
            path.push(step_of(event.span().start()));
        }
        self.around.push(path);
        self.restart();
    }

    fn close(&mut self) {
        if self.around.len() > 1 {
            self.around.pop();
        }
    }

    fn restart(&mut self) {
        if !self.in_header {
            self.current = self.around.last().cloned().unwrap_or_default();
        }
    }
}

fn step_of(place: usize) -> String {
    format!("{ITEM}{place}")
}

/// Begins the steps that stand for items.
const ITEM: char = '\0';

#[cfg(test)]
mod tests {
    use super::*;

    /// `second` and the expected first place are given by the n-th occurrence of `x` in the text.
    #[track_caller]
    fn check(text: &str, second: usize, first: Option<usize>) {
        let places: Vec<_> = text.match_indices('x').map(|(at, _)| at).collect();
        let found = firsts(text, std::iter::once(places[second]..places[second] + 1));
        assert_eq!(found[0].as_ref().map(|found| found.first.start), first.map(|first| places[first]));
    }

    #[test]
    fn finds_the_first_place_of_keys_and_headers() {
        check("x = 1\nx = 2", 1, Some(0));
        check("[a.x]\ny = 1\n[b]\n[a.x]", 1, Some(0));
        check("[a]\nb = { x = 1, x = 2 }", 1, Some(0));
        check("[a]\nx = 1\n[b]\nx = 1\nx = 2", 2, Some(1));
        check("a = [{ x = 1 }, { x = 2, x = 3 }]", 2, Some(1));
        check("[[a]]\nx = 1\n[[a]]\nx = 2\nx = 3", 2, Some(1));
        check("[[a]]\n[a.x]\n[[a]]\n[a.x]\n[a.x]", 2, Some(1));
        check("a.x = 1\na . x = 2", 1, Some(0));
        check("x = 1", 0, None);
    }
}
