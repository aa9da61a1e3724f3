//! From the text of a file to its tree: anchors, aliases, merge keys and tags.

use std::{collections::HashMap, rc::Rc};

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag, options};

use super::{
    node::{Entry, Node, NodeKind, Place, Syntax, Text},
    scalar,
};
use crate::cli::import::note::Note;

/// The tree of a text that came from `file`; the problem that ends reading otherwise.
pub(in crate::cli::import) fn compose(file: &str, text: &str) -> Result<Rc<Node>, Note> {
    let options = options! {
        // As PyYAML reads it.
        block_scalar_eof_without_line_feed: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let parser = Parser::new_from_str_with_options(text, options);
    Composer { file: file.into(), parser, anchors: HashMap::new(), merged: 0 }.document()
}

struct Composer<'t> {
    file: Rc<str>,
    parser: Parser<'t, StrInput<'t>>,
    /// What an anchor stands for; `None` while its value is being read.
    anchors: HashMap<usize, Option<Rc<Node>>>,
    /// Entries that merge keys have copied.
    merged: usize,
}

/// A tag of a value, as far as it matters.
enum Tagged {
    /// One of YAML's own, by its name: `int`.
    Core(String),
    /// `!ENV`.
    Environment,
}

impl<'t> Composer<'t> {
    fn document(mut self) -> Result<Rc<Node>, Note> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                _ if root.is_some() => {
                    return Err(Note::error(self.place(&span), "a second document in the file"));
                }
                event => root = Some(self.node(event, &span, 0)?),
            }
        }
        let start = Place { file: Rc::clone(&self.file), line: 1, column: 1 };
        Ok(root.unwrap_or_else(|| Rc::new(Node { kind: NodeKind::Null, place: start })))
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Note> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Result<Rc<Node>, Note> {
        let place = self.place(span);
        if depth > MAX_DEPTH {
            return Err(Note::error(place, TOO_DEEP));
        }
        let anchor = event.anchor_id().filter(|anchor| *anchor > 0);
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, None);
        }
        let kind = match event {
            Event::Alias(anchor) => return self.alias(anchor, place),
            Event::Scalar(text, style, _, tag) => scalar_node(&text, style, self.tag(tag.as_deref(), &place)?, &place)?,
            Event::SequenceStart(_, _, tag) => {
                self.structure_tag(tag.as_deref(), "seq", &place)?;
                NodeKind::List(self.list(depth)?)
            }
            Event::MappingStart(_, _, tag) => {
                self.structure_tag(tag.as_deref(), "map", &place)?;
                NodeKind::Map(self.map(depth)?)
            }
            _ => return Err(Note::error(place, "not valid YAML")),
        };
        let node = Rc::new(Node { kind, place });
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, Some(Rc::clone(&node)));
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Rc<Node>>, Note> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    /// The entries of a map, those of its merge keys first, as PyYAML has them.
    fn map(&mut self, depth: usize) -> Result<Vec<Entry>, Note> {
        let (mut merged, mut own): (Vec<Entry>, Vec<Entry>) = (Vec::new(), Vec::new());
        let mut places: HashMap<String, Place> = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let place = self.place(&span);
            let key = self.key(event, &span, depth)?;
            let (event, span) = self.next()?;
            let value = self.node(event, &span, depth + 1)?;
            if is_merge {
                self.merge(&value, &mut merged)?;
            } else if let Some(first) = places.insert(key.clone(), place.clone()) {
                let message = format!("the key `{}` is given twice, first at {first}", key.escape_debug());
                return Err(Note::error(place, message));
            } else {
                own.push(Entry { key, place, value });
            }
        }
        merged.retain(|entry| !places.contains_key(&entry.key));
        merged.append(&mut own);
        Ok(merged)
    }

    /// A key as text. One that is no string, such as a number, is meant as it is written.
    fn key(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Result<String, Note> {
        if let Event::Scalar(text, _, 0, None) = event {
            return Ok(text.into_owned());
        }
        let node = self.node(event, span, depth + 1)?;
        match &node.kind {
            NodeKind::Text(text) => Ok(text.text.clone()),
            NodeKind::Integer(integer) => Ok(integer.to_string()),
            NodeKind::Boolean(boolean) => Ok(boolean.to_string()),
            _ => Err(Note::error(self.place(span), format!("a key cannot be {}", node.what()))),
        }
    }

    /// Adds the entries of a map, or of each map of a list, the first of which counts.
    fn merge(&mut self, value: &Node, merged: &mut Vec<Entry>) -> Result<(), Note> {
        let maps = match &value.kind {
            NodeKind::List(maps) => maps.iter().map(Rc::as_ref).collect(),
            _ => vec![value],
        };
        for map in maps {
            let Some(entries) = map.entries() else {
                let message = format!("`<<` takes a map or a list of maps, found {}", map.what());
                return Err(Note::error(map.place.clone(), message));
            };
            self.merged += entries.len();
            if self.merged > MAX_MERGED {
                return Err(Note::error(map.place.clone(), "merge keys copy more than 100000 entries"));
            }
            let known: std::collections::HashSet<_> = merged.iter().map(|entry| entry.key.clone()).collect();
            merged.extend(entries.iter().filter(|entry| !known.contains(&entry.key)).cloned());
        }
        Ok(())
    }

    fn alias(&self, anchor: usize, place: Place) -> Result<Rc<Node>, Note> {
        match self.anchors.get(&anchor) {
            Some(Some(node)) => Ok(Rc::clone(node)),
            Some(None) => Err(Note::error(place, "an alias inside of what it stands for")),
            None => Err(Note::error(place, "an alias without an anchor")),
        }
    }

    fn tag(&self, tag: Option<&Tag>, place: &Place) -> Result<Option<Tagged>, Note> {
        let Some(tag) = tag else { return Ok(None) };
        if let Some(name) = tag.suffix_in_namespace("tag:yaml.org,2002:") {
            return Ok(Some(Tagged::Core(name.into_owned())));
        }
        match tag.original().as_str() {
            // `!` alone says: a string.
            "!" => Ok(Some(Tagged::Core("str".to_owned()))),
            tag if tag.eq_ignore_ascii_case("!env") => Ok(Some(Tagged::Environment)),
            _ => Err(unknown_tag(place)),
        }
    }

    fn structure_tag(&self, tag: Option<&Tag>, expected: &str, place: &Place) -> Result<(), Note> {
        match self.tag(tag, place)? {
            Some(Tagged::Core(name)) if name != expected => Err(unknown_tag(place)),
            Some(Tagged::Environment) => Err(Note::error(place.clone(), "`!ENV` stands before a string")),
            _ => Ok(()),
        }
    }

    fn place(&self, span: &Span) -> Place {
        Place { file: Rc::clone(&self.file), line: span.start.line().max(1), column: span.start.col() + 1 }
    }

    fn syntax(&self, error: &ScanError) -> Note {
        let (line, column) = (error.marker().line().max(1), error.marker().col() + 1);
        Note::error(Place { file: Rc::clone(&self.file), line, column }, words(error.kind()))
    }
}

fn scalar_node(text: &str, style: ScalarStyle, tag: Option<Tagged>, place: &Place) -> Result<NodeKind, Note> {
    let plain = || NodeKind::Text(Text { text: text.to_owned(), syntax: Syntax::Plain });
    match tag {
        None if style == ScalarStyle::Plain => Ok(scalar::implicit(text).unwrap_or_else(plain)),
        None => Ok(plain()),
        Some(Tagged::Environment) => Ok(NodeKind::Text(Text { text: text.to_owned(), syntax: Syntax::Environment })),
        Some(Tagged::Core(name)) if name == "str" => Ok(plain()),
        Some(Tagged::Core(name)) => match (name.as_str(), scalar::tagged(&name, text)) {
            (_, Some(kind)) => Ok(kind),
            ("null" | "bool" | "int" | "float" | "timestamp", None) => {
                Err(Note::error(place.clone(), format!("not a value of the tag `!!{name}`")))
            }
            (_, None) => Err(unknown_tag(place)),
        },
    }
}

fn unknown_tag(place: &Place) -> Note {
    Note::error(place.clone(), "a tag that TOML has no value for")
        .help("the tags `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!timestamp`, `!!seq`, `!!map` and `!ENV` are known")
}

/// What is wrong, without a word of the file: the parser's own texts are not shown.
fn words(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::UnclosedQuotedScalar => "not valid YAML: a quote is never closed",
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => {
            "not valid YAML: an escape that does not exist"
        }
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => "not valid YAML: a bracket is never closed",
        ErrorKind::MisplacedFlowCollectionEnd | ErrorKind::MismatchedFlowCollectionEnd { .. } => {
            "not valid YAML: a bracket that was never opened"
        }
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            "not valid YAML: a comma or a bracket is missing"
        }
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
            "not valid YAML: a tab where spaces belong"
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidBlockScalarIndent => "not valid YAML: this does not fit the lines around it",
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => "not valid YAML: a key without its `:`",
        ErrorKind::UnexpectedCharacter { .. } => {
            "not valid YAML: a value cannot begin with this character without quotes"
        }
        ErrorKind::UnknownAnchor => "an alias without an anchor",
        ErrorKind::RecursionLimitExceeded => TOO_DEEP,
        _ => "not valid YAML",
    }
}

const TOO_DEEP: &str = "nested too deeply";

/// Well below what a configuration of ours may have.
const MAX_DEPTH: usize = 64;

/// A few lines could otherwise ask for more memory than there is.
const MAX_MERGED: usize = 100_000;
