//! From the `id` of a connection to a name that can be used here.

use std::collections::HashSet;

use crate::config::name_fault;

/// The names that are given so far, without their case: two that differ in it alone are refused by a load.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// The name for `id`, and why it is another one.
    pub(super) fn name(&mut self, id: &str) -> (String, Option<&'static str>) {
        let (name, why) = usable(id);
        if self.taken.insert(name.to_lowercase()) {
            return (name, why);
        }
        let mut numbered = (2..).map(|number| format!("{}-{number}", shortened(&name)));
        let name = numbered.find(|name| self.taken.insert(name.to_lowercase()));
        (name.expect("there are more numbers than names"), why.or(Some("another name differs from it in case alone")))
    }
}

fn usable(id: &str) -> (String, Option<&'static str>) {
    if id.contains(['{', '}']) {
        let (name, _) = usable(&id.replace('{', "(").replace('}', ")"));
        return (name, Some("braces would make it a template"));
    }
    let Some(why) = name_fault(id) else { return (id.to_owned(), None) };
    let visible: String = id.chars().filter(|&character| !is_refused(character)).collect();
    let name = shortened(visible.trim()).trim().to_owned();
    (if name.is_empty() { "connection".to_owned() } else { name }, Some(why))
}

/// Whether a name cannot have this character anywhere.
fn is_refused(character: char) -> bool {
    name_fault(&format!("a{character}a")).is_some()
}

/// Short enough for a number behind it.
fn shortened(name: &str) -> String {
    name.chars().take(MAX_LENGTH).collect()
}

const MAX_LENGTH: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_names_stay_as_they_are() {
        let mut names = Names::default();
        for id in ["primary_db", "größe", "a.b c", "日本"] {
            assert_eq!(names.name(id), (id.to_owned(), None));
        }
    }

    #[test]
    fn other_ids_become_names_that_a_load_accepts() {
        let long = "x".repeat(200);
        let mut names = Names::default();
        for (id, expected) in [
            (" a ", "a"),
            ("A", "A-2"),
            ("a\nb\u{202e}c", "abc"),
            ("tenant/{id}", "tenant/(id)"),
            ("\u{200b}", "connection"),
            ("", "connection-2"),
            (&long, &long[..120]),
        ] {
            let (name, why) = names.name(id);
            assert_eq!(name, expected, "{id:?}");
            assert!(why.is_some());
            assert_eq!(name_fault(&name), None);
        }
    }
}
