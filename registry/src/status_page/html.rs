//! HTML from a template: texts are escaped, and what was filled in is not looked at again.

use std::fmt;

/// Writes `template` with each `{{name}}` replaced by what `fill` writes for that name.
pub(super) fn fill_in(template: &str, mut fill: impl FnMut(&str, &mut String)) -> String {
    let mut html = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, (name, after))) = next_mark(rest) {
        html.push_str(before);
        fill(name, &mut html);
        rest = after;
    }
    html.push_str(rest);
    html
}

/// A text in HTML, between tags or in an attribute between quotes.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            _ => write!(f, "{character}"),
        })
    }
}

/// What is before the next mark, its name, and what is after it.
fn next_mark(text: &str) -> Option<(&str, (&str, &str))> {
    let (before, rest) = text.split_once("{{")?;
    Some((before, rest.split_once("}}")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_filled_in_is_not_looked_at_again() {
        let html = fill_in("<p>{{a}}</p>{{b}}!", |name, html| html.push_str(if name == "a" { "{{b}}" } else { "two" }));
        assert_eq!(html, "<p>{{b}}</p>two!");
        assert_eq!(fill_in("{{ no mark", |_, _| unreachable!()), "{{ no mark");
    }

    #[test]
    fn a_text_cannot_end_its_element_or_attribute() {
        assert_eq!(Escaped(r#"<b a='x' c="y">&"#).to_string(), "&lt;b a=&#39;x&#39; c=&quot;y&quot;&gt;&amp;");
    }
}
