//! What of a string with placeholders may be shown: the placeholders' names, which are no values.

use std::ops::Range;

/// The ranges of `text`, the content of a string, that are to be hidden: all but `${env:NAME}` and
/// `${file:path}`, of which a default or a message is hidden as well. A placeholder with the slightest
/// irregularity is hidden wholly.
pub(super) fn hidden_parts(text: &str) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    let mut rest = 0;
    let mut search = 0;
    while let Some(found) = text[search..].find("${") {
        let open = search + found;
        let Some(placeholder) = Placeholder::at(text, open) else {
            search = open + 2;
            continue;
        };
        if rest < open {
            hidden.push(rest..open);
        }
        // Hidden even when empty: whether there is a default is no secret, whether it is empty may be one.
        hidden.extend(placeholder.alternative);
        rest = placeholder.end;
        search = placeholder.end;
    }
    // An empty string looks like any other.
    if rest < text.len() || rest == 0 {
        hidden.push(rest..text.len());
    }
    hidden
}

/// `text`, the content of a string, with the hidden parts as `***`.
#[cfg(feature = "cli")]
pub(crate) fn masked(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), 0);
    for hidden in hidden_parts(text) {
        shown.push_str(&text[rest..hidden.start]);
        shown.push_str("***");
        rest = hidden.end;
    }
    shown.push_str(&text[rest..]);
    shown
}

struct Placeholder {
    /// What follows `:-` or `:?`.
    alternative: Option<Range<usize>>,
    /// After the closing brace.
    end: usize,
}

impl Placeholder {
    fn at(text: &str, open: usize) -> Option<Self> {
        // `$${` stands for the two characters themselves.
        if text[..open].ends_with('$') {
            return None;
        }
        let body = open + 2;
        let close = body + text[body..].find('}')?;
        let reference = &text[body..close];
        let separator = [reference.find(":-"), reference.find(":?")].into_iter().flatten().min();
        let name = &reference[..separator.unwrap_or(reference.len())];
        is_name(name).then(|| Self { alternative: separator.map(|at| body + at + 2..close), end: close + 1 })
    }
}

fn is_name(name: &str) -> bool {
    match name.split_once(':') {
        Some(("env", variable)) => {
            !variable.is_empty() && variable.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        }
        Some(("file", path)) => {
            !path.is_empty() && path.chars().all(|c| c.is_alphanumeric() || "/\\._-:~ ".contains(c))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut shown = String::new();
        let mut rest = 0;
        for part in hidden_parts(text) {
            shown += &text[rest..part.start];
            shown += "***";
            rest = part.end;
        }
        assert_eq!(shown + &text[rest..], expected);
    }

    #[test]
    fn names_are_shown_and_everything_around_them_is_not() {
        check("", "***");
        check("hunter2", "***");
        check("${env:NAME}", "${env:NAME}");
        check("${file:/run/secrets/db_password}", "${file:/run/secrets/db_password}");
        check("postgres://app:${env:PW}@host", "***${env:PW}***");
        check("${env:A}${env:B}", "${env:A}${env:B}");
        check("${env:A}:${env:B}", "${env:A}***${env:B}");
    }

    #[test]
    fn defaults_and_messages_are_hidden() {
        check("${env:NAME:-hunter2}", "${env:NAME:-***}");
        check("${env:NAME:-}", "${env:NAME:-***}");
        check("${env:NAME:?ask bob}", "${env:NAME:?***}");
        check("${file:a:b:-c:?d}x", "${file:a:b:-***}***");
    }

    #[test]
    fn irregular_placeholders_are_hidden() {
        check("$${env:hunter2}", "***");
        check("${env:hunter2", "***");
        check("${hunter2}", "***");
        check("${evn:hunter2}", "***");
        check("${env:}", "***");
        check("${env:hunter-2}", "***");
        check("${env:${env:A}}", "***${env:A}***");
        check("${file:\"hunter2}", "***");
        check("$$${env:A}", "***");
    }
}
