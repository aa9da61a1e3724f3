//! What a shown line keeps of its source.

use toml::de::DeTable;

use super::*;

/// `text` with a problem at the first `marked` in it is shown as `line`, and the caret is under `caret` in
/// that line. Whether the file is broken is asked of the parser, as it is when a file is loaded.
#[track_caller]
fn check(text: &str, marked: &str, public: &[&str], (line, caret): (&str, &str)) {
    let broken = !DeTable::parse_recoverable(text).1.is_empty();
    let file = if broken { File::broken(text) } else { File::new(text) };
    let public: Vec<_> = public.iter().map(|part| file.span(part)).collect();
    let problem = Problem::new(Code::InvalidValue, file.span(marked), "refused");
    let snippet = file.report_all(vec![problem], &public)[0].labels()[0].snippet.clone();
    assert_eq!(snippet.text, line);
    let under: String = line.chars().skip(snippet.column - 1).take(snippet.end_column - snippet.column).collect();
    assert_eq!(under, caret);
}

#[test]
fn strings_are_hidden_whatever_their_quotes() {
    check("url = \"hunter2\"", "\"hunter2\"", &[], ("url = \"***\"", "\"***\""));
    check("url = 'hunter2'", "'hunter2'", &[], ("url = '***'", "'***'"));
    check("url = \"\"", "\"\"", &[], ("url = \"***\"", "\"***\""));
    check("url = \"a\\\"b#c\" # d", "url", &[], ("url = \"***\" # ***", "url"));
    check("url = \"\"\"hunter2\"\"\"", "url", &[], ("url = \"\"\"***\"\"\"", "url"));
    check("url = '''hunter2'''''", "'''hunter2'''''", &[], ("url = '''***'''", "'''***'''"));
}

#[test]
fn of_a_string_over_several_lines_one_masked_line_is_shown() {
    let text = "url = \"\"\"\nhunter2\n\n  hunter3\"\"\" # x\nport = 1";
    check(text, "\"\"\"\nhunter2", &[], ("url = \"\"\"***", "\"\"\"***"));
    check(text, "hunter2", &[], ("***", "***"));
    check(text, "\n\n  h", &[], ("***", ""));
    check(text, "hunter3", &[], ("***\"\"\" # ***", "***"));
    check(text, "port", &[], ("port = ***", "port"));
    check("a = '''\nb\n'''", "'''\nb\n'''", &[], ("a = '''***", "'''***"));
}

#[test]
fn values_that_are_no_strings_are_hidden_as_well() {
    check("pin = 1234", "1234", &[], ("pin = ***", "***"));
    check("pin = 12_34.5e6", "12_34.5e6", &[], ("pin = ***", "***"));
    check("pin = true", "pin", &[], ("pin = ***", "pin"));
    check("day = 1979-05-27 07:32:00Z", "1979-05-27 07:32:00Z", &[], ("day = ***", "***"));
    check("pin = [1, [\"a\", 'b'], {c.d = 3}]", "c", &[], ("pin = [***, [\"***\", '***'], {c.d = ***}]", "c"));
}

#[test]
fn public_values_are_shown_and_no_others() {
    check("type = \"redsi\"", "\"redsi\"", &["\"redsi\""], ("type = \"redsi\"", "\"redsi\""));
    check("port = 5432", "5432", &["5432"], ("port = 5432", "5432"));
    check("a = { port = 1.5, pin = 7 }", "1.5", &["1.5"], ("a = { port = 1.5, pin = *** }", "1.5"));
    check("at = 1979-05-27 07:32:00", "at", &["1979-05-27 07:32:00"], ("at = 1979-05-27 07:32:00", "at"));
    // A span that is only a part of a value is none of a value.
    check("pin = 1234", "pin", &["123"], ("pin = ***", "pin"));
}

#[test]
fn keys_and_headers_are_shown() {
    check("[connections.a]\nprot = 1", "[connections.a]", &[], ("[connections.a]", "[connections.a]"));
    check("[[a.\"b c\"]]", "\"b c\"", &[], ("[[a.\"b c\"]]", "\"b c\""));
    check("lifecycle . start = 'x'", "start", &[], ("lifecycle . start = '***'", "start"));
    check("a = { b = \"hunter2\", prot = 1 }", "prot", &[], ("a = { b = \"***\", prot = *** }", "prot"));
}

#[test]
fn comments_are_hidden() {
    check("#hunter2", "#", &[], ("#***", "#"));
    check("a = 1 # was hunter2", "# was hunter2", &[], ("a = *** # ***", "# ***"));
    check("a = [ # hunter2\n1]", "[", &[], ("a = [ # ***", "["));
    check("#", "#", &[], ("#***", "#"));
}

#[test]
fn placeholders_are_shown_without_their_defaults() {
    check("a = \"${env:PORT}\"", "\"${env:PORT}\"", &[], ("a = \"${env:PORT}\"", "\"${env:PORT}\""));
    check("a = \"x://u:${env:PW:-pw}@h\"", "${env:PW:-pw}", &[], ("a = \"***${env:PW:-***}***\"", "${env:PW:-***}"));
    check("a = '${file:/run/pw}'", "/run", &[], ("a = '${file:/run/pw}'", "/run"));
    check("a = \"$${env:PW}\"", "env", &[], ("a = \"***\"", "***"));
    check("${env:PW} = 1", "=", &[], ("***{***} = ***", "="));
}

#[test]
fn in_a_broken_file_only_punctuation_and_reserved_words_are_shown() {
    check("password = hunter2", "hunter2", &[], ("*** = ***", "***"));
    check("type = \"redis", "\"redis", &["\"redis"], ("type = ***", "***"));
    check("[connections.prod]\nx =", "[connections.prod]", &[], ("[connections.***]", "[connections.***]"));
    check("a = \"hun\"ter2\"", "ter2", &[], ("*** = \"***\"***", "***"));
    check("a = \"\"\"hunter\n2\n", "2", &[], ("***", "***"));
    check("pw = hun.ter=2 # x\nenabled = true", "pw", &[], ("*** = *** # ***", "***"));
    check("pw = hunter2\nenabled = true", "enabled", &[], ("enabled = ***", "enabled"));
    check("a = 1\na = 2", "2", &["2"], ("*** = ***", "***"));
}

#[test]
fn line_breaks_and_byte_order_marks_are_no_part_of_a_line() {
    check("a = 'b'\r\nc = 'd'\r\n", "c", &[], ("c = '***'", "c"));
    check("a = '''\r\nb\r\n'''\r\n", "b", &[], ("***", "***"));
    check("\u{feff}a = 'b'", "a", &[], ("a = '***'", "a"));
    check("a = # no value\r\n", "=", &[], ("*** = # ***", "="));
    check("a = 1\n\nb = 2", "\nb", &[], ("", ""));
}

#[test]
fn tabs_wide_and_invisible_characters_keep_the_caret_in_place() {
    check("\ta\t= 'b'", "a", &[], ("    a    = '***'", "a"));
    check("\"größe 日本\" = 'ä'", "'ä'", &[], ("\"größe 日本\" = '***'", "'***'"));
    check("\"a\u{202e}b\" = 1 ", "b", &[], ("\"a\\u{202e}b\" = *** ", "b"));
    check("'\u{200b}' = 1", "\u{200b}", &[], ("'\\u{200b}' = ***", "\\u{200b}"));
    check("\u{1b}[31m = 1", "=", &[], ("***[*** = ***", "="));
}

#[test]
fn a_long_value_makes_no_long_line() {
    let text = format!("a = {{ b = '{}', c = 1 }}", "x".repeat(100));
    check(&text, "c", &[], ("a = { b = '***', c = *** }", "c"));
}

#[test]
fn a_long_line_is_cut_around_the_caret() {
    let keys: String = (0..500).map(|at| format!("key{at:03} = 1, ")).collect();
    let file = File::new(&format!("a = {{ {keys} }}"));
    for part in ["key000", "key001", "key030", "key250", "key499", "}"] {
        let problem = Problem::new(Code::UnknownKey, file.span(part), "unknown key");
        let snippet = file.report(problem).labels()[0].snippet.clone();
        let under: String =
            snippet.text.chars().skip(snippet.column - 1).take(snippet.end_column - snippet.column).collect();
        assert_eq!(under, part);
        assert!(snippet.text.len() <= 206 && snippet.text.len() >= 100, "{}", snippet.text);
        assert_eq!(snippet.text.starts_with("..."), part > "key001");
    }
}

#[test]
fn of_an_environment_variable_only_the_name_is_shown() {
    let mut sources = Sources::default();
    let text = "CONNECTIONS__A__URL=\"hunter2\" # ${env:X}\nhunter3=1";
    let id = sources.add("CONNECTIONS__A__URL", text, SourceKind::Environment);
    let problems = [20..23, 0..5, 45..46].map(|range| Problem::new(Code::WrongType, Span::new(id, range), "wrong"));
    let public = HashSet::from([Span::new(id, 20..29)]);
    let reports = report(problems.into(), &sources, &public);
    let shown: Vec<_> = reports.iter().map(|report| report.labels()[0].snippet.text.as_str()).collect();
    assert_eq!(shown, ["CONNECTIONS__A__URL=***", "CONNECTIONS__A__URL=***", "***"]);
    assert_eq!(reports[1].to_string(), "CONNECTIONS__A__URL:1:21: error[CR007]: wrong");
}
