//! A file with a secret in every value and comment is damaged at random, problems are placed anywhere in it:
//! no four characters in a row of the secret may turn up in any output.
//!
//! What is allowed for, because there no reader and no program could tell it from a name: the damage has
//! made the secret a key, a part of a public value, or the name in a placeholder, and the file is still valid.

use proptest::{prelude::*, sample::Index};
use toml::de::{DeTable, DeValue};

use super::*;
use crate::error::Error;

const CANARY: &str = "qzXjvKwYgPbH";

const TEXT: &str = r##"#:schema ./connections.schema.json
include = ["conf.d/*.toml"] # qzXjvKwYgPbH

[defaults.postgres] # qzXjvKwYgPbH = "qzXjvKwYgPbH"
max_connections = 8
password = 'qzXjvKwYgPbH'

[connections.primary_db]
type = "postgres"
url = "postgres://app:qzXjvKwYgPbH@host/db?key=qzXjvKwYgPbH"
port = 5432
token = "${env:TOKEN:-qzXjvKwYgPbH}"
header = "Bearer ${file:/run/token:?qzXjvKwYgPbH} qzXjvKwYgPbH"
lifecycle.start = "qzXjvKwYgPbH"
nested = { user = "qzXjvKwYgPbH", size = 1.5, list = ["qzXjvKwYgPbH", 'qzXjvKwYgPbH'] }
certificate = """
qzXjvKwYgPbH
  "qzXjvKwYgPbH" = [qzXjvKwYgPbH] # qzXjvKwYgPbH
"""
key = '''qzXjvKwYgPbH
qzXjvKwYgPbH'''

[connections.reporting]
extends = "primary_db"
# password = "qzXjvKwYgPbH"
"quoted key" = "\"qzXjvKwYgPbH\\" # "qzXjvKwYgPbH"
since = 1979-05-27 07:32:00Z
"##;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_to_a_file_brings_a_secret_into_a_report(
        damages in prop::collection::vec(damage(), 0..4),
        places in prop::collection::vec((any::<Index>(), 0_usize..60), 1..6),
    ) {
        let text = damages.iter().fold(TEXT.to_owned(), |text, damage| damage.apply(&text));
        let (table, errors) = DeTable::parse_recoverable(&text);
        let file = if errors.is_empty() { File::new(&text) } else { File::broken(&text) };
        let mut tree = Tree::default();
        tree.read(&file, &DeValue::Table(table.into_inner()));
        let public = if errors.is_empty() { tree.public } else { Vec::new() };
        if errors.is_empty() && tree.shown.iter().any(|shown| has_canary(shown)) {
            return Ok(());
        }
        let problems = places.iter().map(|(start, length)| {
            let start = start.index(text.len() + 1);
            let span = file.at(start..start + length);
            Problem::new(Code::InvalidValue, span, "refused").label("here").also(span, "there").help("help")
        });
        for output in outputs(file.report_all(problems.collect(), &public)) {
            prop_assert!(!has_canary(&output), "{output}\n--- of\n{text}");
        }
    }
}

/// Everything that can be printed of a report.
fn outputs(reports: Vec<Diagnostic>) -> Vec<String> {
    let mut outputs: Vec<_> = reports.iter().flat_map(|report| [report.to_string(), format!("{report:?}")]).collect();
    let error = Error::configuration("invalid configuration", reports);
    outputs.extend([error.to_string(), format!("{error:?}"), format!("{error:#?}"), error.render()]);
    #[cfg(feature = "diagnostics")]
    outputs.push(error.to_json());
    outputs
}

fn has_canary(text: &str) -> bool {
    (0..=CANARY.len() - 4).any(|at| text.contains(&CANARY[at..at + 4]))
}

/// What is known of a valid file: the values that may be shown, and the texts that will be.
#[derive(Default)]
struct Tree {
    public: Vec<Span>,
    shown: Vec<String>,
}

impl Tree {
    /// As a load does it: numbers, booleans and dates are public, and so are the names in `type` and `extends`.
    fn read(&mut self, file: &File, value: &DeValue<'_>) {
        match value {
            DeValue::Table(table) => {
                for (key, value) in table {
                    self.shown.push(file.text[key.span()].to_owned());
                    let name = key.get_ref();
                    match value.get_ref() {
                        DeValue::Table(_) | DeValue::Array(_) => {}
                        DeValue::String(_) if !["type", "extends"].contains(&name.as_ref()) => {}
                        _ => {
                            self.public.push(file.at(value.span()));
                            self.shown.push(file.text[value.span()].to_owned());
                        }
                    }
                    self.read(file, value.get_ref());
                }
            }
            DeValue::Array(items) => items.iter().for_each(|item| self.read(file, item.get_ref())),
            DeValue::String(text) => self.shown.extend(placeholder_names(text)),
            _ => {}
        }
    }
}

/// Whatever could be the name in a placeholder, taken generously.
fn placeholder_names(text: &str) -> impl Iterator<Item = String> {
    let until = |text: &str, end: &str| text.split(end).next().unwrap_or_default().to_owned();
    text.split("${").skip(1).map(move |rest| until(&until(&until(rest, "}"), ":-"), ":?"))
}

/// One random change of a text.
#[derive(Clone, Debug)]
enum Damage {
    Delete(Index, usize),
    Insert(Index, &'static str),
    Duplicate(Index, usize, Index),
    DeleteLine(Index),
    DuplicateLine(Index, Index),
    Join(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<Index>;
    let inserted = prop::sample::select(vec![
        "\"",
        "'",
        "\"\"\"",
        "'''",
        "#",
        "\n",
        "\r\n",
        "\r",
        "=",
        ".",
        ",",
        "[",
        "]",
        "{",
        "}",
        "${",
        "$",
        "}",
        ":-",
        ":",
        "${env:",
        "\\",
        "\u{feff}",
        "\u{202e}",
        "\0",
        "\t",
        " ",
        "type = ",
        "extends=\"",
        "ä",
        "1",
        "日",
    ]);
    prop_oneof![
        (index(), 1_usize..30).prop_map(|(at, length)| Damage::Delete(at, length)),
        (index(), 1_usize..3).prop_map(|(at, length)| Damage::Delete(at, length)),
        (index(), inserted).prop_map(|(at, text)| Damage::Insert(at, text)),
        (index(), 1_usize..40, index()).prop_map(|(from, length, to)| Damage::Duplicate(from, length, to)),
        index().prop_map(Damage::DeleteLine),
        (index(), index()).prop_map(|(from, to)| Damage::DuplicateLine(from, to)),
        index().prop_map(Damage::Join),
    ]
}

impl Damage {
    fn apply(&self, text: &str) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        let mut lines: Vec<&str> = text.split('\n').collect();
        match self {
            Self::Delete(at, length) => drop(characters.drain(part(&characters, at, *length))),
            Self::Insert(at, inserted) => {
                let at = at.index(characters.len() + 1);
                drop(characters.splice(at..at, inserted.chars()));
            }
            Self::Duplicate(from, length, to) => {
                let copy = characters[part(&characters, from, *length)].to_vec();
                let to = to.index(characters.len() + 1);
                drop(characters.splice(to..to, copy));
            }
            Self::DeleteLine(at) => {
                lines.remove(at.index(lines.len()));
                return lines.join("\n");
            }
            Self::DuplicateLine(from, to) => {
                let line = lines[from.index(lines.len())];
                lines.insert(to.index(lines.len() + 1), line);
                return lines.join("\n");
            }
            Self::Join(at) => {
                let breaks: Vec<_> = text.match_indices('\n').collect();
                if !breaks.is_empty() {
                    let (at, _) = breaks[at.index(breaks.len())];
                    return format!("{}{}", &text[..at], &text[at + 1..]);
                }
            }
        }
        characters.into_iter().collect()
    }
}

fn part(characters: &[char], at: &Index, length: usize) -> Range<usize> {
    let start = at.index(characters.len() + 1);
    start..characters.len().min(start + length)
}
