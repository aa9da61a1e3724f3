//! Just enough of Rust's lexical rules to tell code from comments, texts and test items.

/// Replaces comments and the insides of string and character literals by spaces; every byte keeps its place.
pub(crate) fn blank_comments_and_texts(text: &str) -> String {
    let mut code = text.as_bytes().to_vec();
    let mut at = 0;
    while at < code.len() {
        let end = skipped_until(text, at);
        match end {
            Some(end) => {
                blank(&mut code[at..end]);
                at = end;
            }
            None => at += 1,
        }
    }
    String::from_utf8(code).expect("whole characters are blanked")
}

/// Replaces every item under `#[cfg(test)]` by spaces. `code` has no comments and texts any more.
pub(crate) fn blank_test_items(code: &str) -> String {
    let mut blanked = code.as_bytes().to_vec();
    let mut from = 0;
    while let Some(start) = ["#[cfg(test)]", "#[cfg(all(test"].iter().filter_map(|mark| find(code, mark, from)).min() {
        let end = end_of_item(code.as_bytes(), start);
        blank(&mut blanked[start..end]);
        from = end;
    }
    String::from_utf8(blanked).expect("whole characters are blanked")
}

/// The places at which `word` stands as a whole word.
pub(crate) fn places_of<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let starts_inside = word.bytes().next().is_some_and(is_word);
    let ends_inside = word.bytes().last().is_some_and(is_word);
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = at.checked_sub(1).map(|before| code.as_bytes()[before]);
        let after = code.as_bytes().get(at + word.len()).copied();
        !(starts_inside && before.is_some_and(is_word) || ends_inside && after.is_some_and(is_word))
    })
}

/// The end of the comment or literal that starts at `at`, if one does.
fn skipped_until(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let rest = &bytes[at..];
    let inside_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => Some(find(text, "\n", at).unwrap_or(text.len())),
        [b'/', b'*', ..] => Some(end_of_block_comment(bytes, at)),
        [b'"', ..] => Some(end_of_text(bytes, at + 1, b'"')),
        [b'r', b'"' | b'#', ..] if !inside_word || bytes[at - 1] == b'b' => end_of_raw_text(text, at + 1),
        [b'\'', ..] => end_of_character(text, at),
        _ => None,
    }
}

fn end_of_block_comment(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

fn end_of_text(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `at` is behind the `r`.
fn end_of_raw_text(text: &str, at: usize) -> Option<usize> {
    let hashes = text[at..].bytes().take_while(|&byte| byte == b'#').count();
    let opening = at + hashes;
    // Otherwise a raw identifier such as `r#type`.
    text[opening..].starts_with('"').then(|| {
        let closing = format!("\"{}", "#".repeat(hashes));
        find(text, &closing, opening + 1).map_or(text.len(), |end| end + closing.len())
    })
}

/// `None` for a lifetime.
fn end_of_character(text: &str, at: usize) -> Option<usize> {
    let mut inside = text[at + 1..].chars();
    let first = inside.next()?;
    match (first, inside.next()) {
        ('\\', _) => Some(end_of_text(text.as_bytes(), at + 1, b'\'')),
        (_, Some('\'')) => Some(at + 1 + first.len_utf8() + 1),
        _ => None,
    }
}

/// The end of the attributes and the item that start at `at`: its closing brace, or its semicolon.
fn end_of_item(code: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < code.len() {
        match code[at] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
        at += 1;
    }
    code.len()
}

fn find(text: &str, what: &str, from: usize) -> Option<usize> {
    text[from..].find(what).map(|at| from + at)
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let code = blank_test_items(&blank_comments_and_texts(text));
        assert_eq!(code.len(), text.len(), "every byte keeps its place");
        assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn comments_and_texts_are_no_code() {
        check("a // b\nc", "a c");
        check("a /* b /* c */ d */ e", "a e");
        check(r#"a "b \" // c" d"#, "a d");
        check(r##"a r#"b " c"# d br"e" f"##, "a d b f");
        check("a '\"' b '\\'' c 'é' d", "a b c d");
    }

    #[test]
    fn lifetimes_and_raw_identifiers_are_code() {
        check("fn a<'b>(r#type: &'b str)", "fn a<'b>(r#type: &'b str)");
        check("for_each", "for_each");
    }

    #[test]
    fn test_items_are_no_code() {
        check("a #[cfg(test)]\nmod tests { fn b() {} } c", "a c");
        check("a #[cfg(test)] mod tests; c", "a c");
        check("a #[cfg(all(test, unix))] #[path = \"x\"] fn b(_: [u8; 2]) -> u8 { 1 } c", "a c");
        check("a #[cfg(not(test))] fn b() {}", "a #[cfg(not(test))] fn b() {}");
    }

    #[test]
    fn words_are_found_whole() {
        let places = |code, word| places_of(code, word).count();
        assert_eq!(places("Instant, MyInstant, Instants, (Instant)", "Instant"), 2);
        assert_eq!(places("x.unwrap().unwrap_or()", ".unwrap()"), 1);
        assert_eq!(places("eprintln!() println!()", "println!"), 1);
    }
}
