//! Templates: connections whose names have captures, such as `tenant/{id}`, and the names that fit them.

use std::{cmp::Reverse, collections::HashSet, ops::Range, sync::Arc};

use crate::{
    diagnostic::{Code, Problem, did_you_mean},
    span::Span,
};

/// A name with captures, taken apart.
#[derive(Debug)]
pub(super) struct Pattern {
    name: Box<str>,
    /// The texts around the captures: one more than there are of these.
    literals: Vec<Box<str>>,
    captures: Vec<Box<str>>,
}

/// A name with braces that is no pattern.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// Where in the name.
    pub(super) range: Range<usize>,
    message: String,
    help: &'static str,
}

/// What a name has in the place of each capture.
pub(super) type Captured<'a> = Vec<(&'a str, &'a str)>;

impl Pattern {
    /// `None` for a name without braces.
    pub(super) fn parse(name: &str) -> Result<Option<Self>, Malformed> {
        if !has_braces(name) {
            return Ok(None);
        }
        let (mut literals, mut captures): (Vec<Box<str>>, Vec<Box<str>>) = (Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(length) = name[at..].find(['{', '}']) {
            let open = at + length;
            let end = capture_end(name, open)?;
            let capture = &name[open + 1..end - 1];
            if captures.iter().any(|other| **other == *capture) {
                let message = format!("the capture `{capture}` is there twice");
                return Err(Malformed { range: open..end, message, help: "give each capture a name of its own" });
            }
            if length == 0 && !captures.is_empty() {
                return Err(Malformed::new(open..end, "two captures without text between them", SEPARATE_HELP));
            }
            literals.push(name[at..open].into());
            captures.push(capture.into());
            at = end;
        }
        literals.push(name[at..].into());
        if literals.iter().all(|literal| literal.is_empty()) {
            return Err(Malformed::new(0..name.len(), "a template without a text of its own", LITERAL_HELP));
        }
        Ok(Some(Self { name: name.into(), literals, captures }))
    }

    pub(super) fn captures(&self) -> impl Iterator<Item = &str> {
        self.captures.iter().map(|capture| &**capture)
    }

    /// The pattern without the names of its captures: two of one shape fit the same names.
    pub(super) fn shape(&self) -> String {
        self.literals.join("{}")
    }

    /// The values of the captures when `name` fits. Where there is more than one way, each takes as few
    /// characters as it can, the first one first.
    pub(super) fn fit<'a>(&'a self, name: &'a str) -> Option<Captured<'a>> {
        let between = self.between(name)?;
        let mut values = Vec::with_capacity(self.captures.len());
        if !self.split(between, &mut values, &mut HashSet::new()) {
            return None;
        }
        Some(self.captures().zip(values).collect())
    }

    /// The name between the first and the last literal.
    fn between<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.strip_prefix(&**self.literals.first()?)?.strip_suffix(&**self.literals.last()?)
    }

    /// Splits `rest` into values for the captures that have none yet. `failed` holds how much was left where that
    /// could not be done, so that no part of a name is tried twice for one capture.
    fn split<'n>(&self, rest: &'n str, values: &mut Vec<&'n str>, failed: &mut HashSet<(usize, usize)>) -> bool {
        let capture = values.len();
        if capture + 1 == self.captures.len() {
            let fits = is_value(rest);
            values.extend(fits.then_some(rest));
            return fits;
        }
        if failed.contains(&(capture, rest.len())) {
            return false;
        }
        let allowed = rest.bytes().take(MAX_VALUE).take_while(|byte| is_allowed(*byte)).count();
        for length in 1..=allowed {
            let Some(next) = rest[length..].strip_prefix(&*self.literals[capture + 1]) else { continue };
            values.push(&rest[..length]);
            if self.split(next, values, failed) {
                return true;
            }
            values.truncate(capture);
        }
        failed.insert((capture, rest.len()));
        false
    }

    /// The captures that cannot take what `name` has in their place; all of them where it is not to be told which.
    /// `None` when the name does not even have the texts around them.
    fn faulty(&self, name: &str) -> Option<Vec<&str>> {
        let mut rest = self.between(name)?;
        let mut faulty = Vec::new();
        for (capture, separator) in self.captures.iter().zip(&self.literals[1..]) {
            let is_last = capture == self.captures.last()?;
            let (value, next) = if is_last { (rest, "") } else { rest.split_once(&**separator)? };
            faulty.extend((!is_value(value)).then_some(&**capture));
            rest = next;
        }
        Some(if faulty.is_empty() { self.captures().collect() } else { faulty })
    }

    fn literal_characters(&self) -> usize {
        self.literals.iter().map(|literal| literal.chars().count()).sum()
    }
}

impl Malformed {
    fn new(range: Range<usize>, message: &str, help: &'static str) -> Self {
        Self { range, message: message.to_owned(), help }
    }

    /// At `place`, that of `range` in the source.
    pub(super) fn problem(self, name: &str, place: Span) -> Problem {
        let Self { range: _, message, help } = self;
        let message = format!("a connection cannot be called `{}`: {message}", name.escape_debug());
        Problem::new(Code::InvalidName, place, message).help(help)
    }
}

/// All templates of a configuration, each with its place in a list of connections.
#[derive(Default)]
pub(super) struct Templates {
    /// Those with more literal characters first, and then by name.
    sorted: Vec<(Arc<Pattern>, usize)>,
}

impl Templates {
    pub(super) fn new(patterns: impl Iterator<Item = (Arc<Pattern>, usize)>) -> Self {
        let mut sorted: Vec<_> = patterns.collect();
        sorted.sort_by_cached_key(|(pattern, _)| (Reverse(pattern.literal_characters()), pattern.name.clone()));
        Self { sorted }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// The place of the template that `name` is made from, and what its captures are.
    pub(super) fn fit<'a>(&'a self, name: &'a str) -> Option<(usize, Captured<'a>)> {
        self.sorted.iter().find_map(|(pattern, at)| Some((*at, pattern.fit(name)?)))
    }

    /// What a name must be to fit, when a template would fit `name` but for the characters of its captures.
    pub(super) fn near(&self, name: &str) -> Option<String> {
        if self.fit(name).is_some() {
            return None;
        }
        let (pattern, faulty) = self.sorted.iter().find_map(|(pattern, _)| Some((pattern, pattern.faulty(name)?)))?;
        Some(format!(
            "`{}` takes 1 to {MAX_VALUE} ASCII letters, digits, `_` or `-` for {}",
            pattern.name.escape_debug(),
            quoted(&faulty, " and ")
        ))
    }
}

/// Whether `name` is that of a template, maybe a malformed one.
pub(super) fn has_braces(name: &str) -> bool {
    name.bytes().any(|byte| byte == b'{' || byte == b'}')
}

/// Whether a text may be the name of a capture.
pub(super) fn is_capture(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What is wrong with `${name:capture}` in a connection with this pattern: the message and what to do.
pub(super) fn capture_fault(pattern: Option<&Pattern>, capture: &str) -> Option<(String, String)> {
    let Some(pattern) = pattern else { return Some((OUTSIDE.to_owned(), OUTSIDE_HELP.to_owned())) };
    if pattern.captures().any(|known| known == capture) {
        return None;
    }
    let help = match did_you_mean(capture, pattern.captures()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("captures: {}", quoted(&pattern.captures().collect::<Vec<_>>(), ", ")),
    };
    Some((format!("the name `{}` has no capture `{capture}`", pattern.name.escape_debug()), help))
}

/// The end of the capture whose brace is at `open`.
fn capture_end(name: &str, open: usize) -> Result<usize, Malformed> {
    if name[open..].starts_with('}') {
        return Err(Malformed::new(open..open + 1, "a `}` that closes nothing", BRACES_HELP));
    }
    let Some(length) = name[open + 1..].find(['{', '}']).filter(|at| name[open + 1 + at..].starts_with('}')) else {
        return Err(Malformed::new(open..open + 1, "a `{` that is never closed", BRACES_HELP));
    };
    let end = open + 1 + length + 1;
    if !is_capture(&name[open + 1..end - 1]) {
        return Err(Malformed::new(open..end, "a capture that has no valid name", CAPTURE_HELP));
    }
    Ok(end)
}

/// Whether a text may stand in the place of a capture: nothing in it means anything in a URL, a path or a query.
fn is_value(text: &str) -> bool {
    (1..=MAX_VALUE).contains(&text.len()) && text.bytes().all(is_allowed)
}

fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn quoted(names: &[&str], separator: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(separator)
}

/// In bytes, which are as many characters.
const MAX_VALUE: usize = 64;

const BRACES_HELP: &str = "braces in a name mark a capture, as in `tenant/{id}`, and have no other use";

const CAPTURE_HELP: &str = "the name of a capture has lower-case letters, digits and `_`, and starts with no digit";

const SEPARATE_HELP: &str = "write a character between them that neither can have, such as `/`";

const LITERAL_HELP: &str = "any name would fit: write a text around the capture, as in `tenant/{id}`";

pub(super) const OUTSIDE: &str = "`${name:…}` is allowed in the fields of a template alone";

pub(super) const OUTSIDE_HELP: &str =
    "a template is a connection whose name has captures, such as `[connections.\"tenant/{id}\"]`";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(name: &str) -> Pattern {
        Pattern::parse(name).unwrap().unwrap()
    }

    /// Literals and captures.
    type Parts<'a> = (&'a [&'a str], &'a [&'a str]);

    #[track_caller]
    fn check_parse(name: &str, expected: Result<Option<Parts<'_>>, (Range<usize>, &str)>) {
        let found = Pattern::parse(name);
        let found = match &found {
            Ok(pattern) => Ok(pattern.as_ref().map(|pattern| {
                (pattern.literals.iter().map(|it| &**it).collect::<Vec<_>>(), pattern.captures().collect::<Vec<_>>())
            })),
            Err(malformed) => Err((malformed.range.clone(), &*malformed.message)),
        };
        let expected = expected.map(|pattern| pattern.map(|(literals, captures)| (literals.into(), captures.into())));
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn a_name_is_taken_apart_at_its_captures() {
        check_parse("primary_db", Ok(None));
        check_parse("tenant/{id}", Ok(Some((&["tenant/", ""], &["id"]))));
        check_parse("{id}.db", Ok(Some((&["", ".db"], &["id"]))));
        check_parse("a {_x1} ü {y} b", Ok(Some((&["a ", " ü ", " b"], &["_x1", "y"]))));
        check_parse("{a}-{b}", Ok(Some((&["", "-", ""], &["a", "b"]))));
    }

    #[test]
    fn a_malformed_pattern_is_refused_at_its_place() {
        check_parse("tenant/{id", Err((7..8, "a `{` that is never closed")));
        check_parse("tenant/{", Err((7..8, "a `{` that is never closed")));
        check_parse("tenant/{a{b}", Err((7..8, "a `{` that is never closed")));
        check_parse("a{{id}}", Err((1..2, "a `{` that is never closed")));
        check_parse("tenant/id}", Err((9..10, "a `}` that closes nothing")));
        check_parse("a{id}}", Err((5..6, "a `}` that closes nothing")));
        for capture in ["{}", "{Id}", "{1d}", "{ id}", "{i-d}", "{ü}", "{i.d}"] {
            let end = 1 + capture.len();
            check_parse(&format!("a{capture}"), Err((1..end, "a capture that has no valid name")));
        }
        check_parse("a{id}b{id}", Err((6..10, "the capture `id` is there twice")));
        check_parse("a{x}{y}", Err((4..7, "two captures without text between them")));
        check_parse("{id}", Err((0..4, "a template without a text of its own")));
    }

    #[track_caller]
    fn check_fit(name: &str, given: &str, expected: Option<&[&str]>) {
        let pattern = pattern(name);
        let values = pattern.fit(given).map(|captured| captured.iter().map(|(_, value)| *value).collect::<Vec<_>>());
        assert_eq!(values.as_deref(), expected, "{name} {given:?}");
    }

    #[test]
    fn a_captured_value_has_nothing_that_could_mean_something() {
        let longest = "x".repeat(64);
        for value in ["42", "a", "A-b_9", "-", "__", &longest] {
            check_fit("tenant/{id}", &format!("tenant/{value}"), Some(&[value]));
        }
        let too_long = "x".repeat(65);
        let hostile = [
            "",
            "../x",
            "..",
            ".",
            "a.b",
            "a/b",
            "a\\b",
            "a%2fb",
            "a%",
            "a\"b",
            "a'b",
            "a`b",
            "a b",
            " ",
            "a\tb",
            "a\nb",
            "a\0b",
            "é",
            "ａ",
            "٣",
            "$",
            "${env:HOME}",
            "{}",
            "{id}",
            "a;b",
            "a:b",
            "a@b",
            "a?b",
            "a#b",
            "a&b",
            "a=b",
            "a,b",
            "a+b",
            "a*b",
            "a|b",
            "a<b",
            "a(b",
            "a[b",
            "a!b",
            "a~b",
            "a^b",
            "\u{202e}",
            "\u{200b}",
            &too_long,
        ];
        for value in hostile {
            check_fit("tenant/{id}", &format!("tenant/{value}"), None);
            check_fit("tenant/{id}/db", &format!("tenant/{value}/db"), None);
            check_fit("{id}@{host}", &format!("{value}@h"), None);
        }
    }

    #[test]
    fn the_texts_around_the_captures_are_as_they_are() {
        check_fit("tenant/{id}", "Tenant/42", None);
        check_fit("tenant/{id}", "tenant/42/", None);
        check_fit("tenant/{id}", " tenant/42", None);
        check_fit("tenant/{id}", "tenant", None);
        check_fit("ab{id}ba", "aba", None);
        check_fit("größe-{id}", "größe-1", Some(&["1"]));
        check_fit("{region}/{id}.db", "eu/7.db", Some(&["eu", "7"]));
        check_fit("{region}/{id}.db", "eu/7.db.db", None);
        check_fit("{region}/{id}.db", "eu//7.db", None);
    }

    #[test]
    fn of_several_ways_the_first_captures_take_the_least() {
        check_fit("{a}-{b}", "x-y-z", Some(&["x", "y-z"]));
        check_fit("{a}-{b}", "--x", Some(&["-", "x"]));
        check_fit("{a}-{b}", "-x", None);
        check_fit("{a}-x-{b}", "1-x-x-2", Some(&["1", "x-2"]));
        let long = "z".repeat(64);
        check_fit("{a}-{b}", &format!("x-{long}-y"), None);
        check_fit("{a}-{b}", &format!("x-z-{long}"), Some(&["x-z", &long]));
    }

    #[test]
    fn a_hostile_name_is_refused_in_time() {
        let many: String = (0..16).map(|at| format!("{{c{at}}}a")).collect();
        let start = std::time::Instant::now();
        check_fit(&many, &"a".repeat(100_000), None);
        check_fit(&many, &format!("{}!a", "a".repeat(1000)), None);
        assert!(start.elapsed() < std::time::Duration::from_secs(5));
    }

    fn templates(names: &[&str]) -> Templates {
        Templates::new(names.iter().enumerate().map(|(at, name)| (Arc::new(pattern(name)), at)))
    }

    #[test]
    fn of_two_templates_the_one_with_more_text_of_its_own_wins() {
        let templates = templates(&["t{x}", "tenant/{id}", "tenant/{id}/db", "tenant/x{id}", "b{x}", "{x}b"]);
        for (name, expected) in [
            ("tenant/42", Some(1)),
            ("tenant/x42", Some(3)),
            ("tenant/42/db", Some(2)),
            ("tenant", Some(0)),
            ("b-b", Some(4)),
            ("tenant/", None),
            ("other", None),
        ] {
            assert_eq!(templates.fit(name).map(|(at, _)| at), expected, "{name}");
        }
    }

    #[track_caller]
    fn check_near(name: &str, expected: Option<&str>) {
        let found = templates(&["tenant/{id}", "{region}/{id}.db"]).near(name);
        let rest = "takes 1 to 64 ASCII letters, digits, `_` or `-` for";
        assert_eq!(found.as_deref(), expected.map(|it| it.replace("takes", rest)).as_deref(), "{name}");
    }

    #[test]
    fn a_name_that_nearly_fits_is_told_which_capture_takes_what() {
        check_near("tenant/42", None);
        check_near("tenants/42", None);
        check_near("tenant/", Some("`tenant/{id}` takes `id`"));
        check_near("tenant/../../etc", Some("`tenant/{id}` takes `id`"));
        check_near("tenant/{id}", Some("`tenant/{id}` takes `id`"));
        check_near("e.u/7.db", Some("`{region}/{id}.db` takes `region`"));
        check_near("e.u/7 .db", Some("`{region}/{id}.db` takes `region` and `id`"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_fits_is_the_pattern_with_values_in_it(
            given in prop_oneof![".{0,80}", "[a-zA-Z0-9_/.-]{0,80}", "[ab-]{1,70}/[ab-]{1,70}"],
            around in proptest::sample::select(vec!["tenant/{id}", "{region}/{id}", "{a}-{b}", "x{a}-a{b}y"]),
        ) {
            let pattern = pattern(around);
            let whole = around.replacen("{id}", &given, 1).replacen("{a}", &given, 1);
            for name in [&given, &whole] {
                let Some(captured) = pattern.fit(name) else { continue };
                let mut filled = around.to_owned();
                for (capture, value) in captured {
                    prop_assert!((1..=64).contains(&value.len()));
                    prop_assert!(value.chars().all(|it| it.is_ascii_alphanumeric() || "_-".contains(it)));
                    filled = filled.replacen(&format!("{{{capture}}}"), value, 1);
                }
                prop_assert_eq!(&filled, name);
            }
        }
    }
}
