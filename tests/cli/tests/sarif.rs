//! `check --format sarif`: what GitHub's code scanning asks of a SARIF file.

use serde_json::Value;

use crate::program::{folder, own_cli, run};

#[track_caller]
fn log(configuration: &str, arguments: &[&str]) -> Value {
    let output = run(folder(configuration).path(), &[&["check", "--format", "sarif"], arguments].concat());
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value:#}"))
}

fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("no {pointer} in {value:#}"))
}

fn array<'a>(value: &'a Value, pointer: &str) -> &'a Vec<Value> {
    value.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("no {pointer} in {value:#}"))
}

/// Every property that code scanning requires, and the bounds that it sets.
fn check_shape(log: &Value) {
    assert_eq!(text(log, "/version"), "2.1.0");
    assert!(text(log, "/$schema").ends_with("sarif-2.1.0.json"));
    assert_eq!(array(log, "/runs").len(), 1);
    let run = &log["runs"][0];
    assert!(!text(run, "/tool/driver/name").is_empty());
    let rules = array(run, "/tool/driver/rules");
    for rule in rules {
        assert!(text(rule, "/id").starts_with("CR"));
        for pointer in ["/shortDescription/text", "/fullDescription/text", "/help/text"] {
            assert!((1..=1024).contains(&text(rule, pointer).len()), "{pointer} of {rule}");
        }
    }
    for result in array(run, "/results") {
        let rule = &rules[usize::try_from(number(result, "/ruleIndex")).expect("it is small")];
        assert_eq!(text(rule, "/id"), text(result, "/ruleId"));
        assert_eq!(text(result, "/level"), "error");
        assert!(!text(result, "/message/text").is_empty());
        let places = [array(result, "/locations").as_slice(), array(result, "/relatedLocations")].concat();
        assert!(!array(result, "/locations").is_empty());
        places.iter().for_each(check_place);
    }
}

fn check_place(place: &Value) {
    let uri = text(place, "/physicalLocation/artifactLocation/uri");
    assert!(!uri.is_empty() && !uri.contains(' ') && !uri.starts_with('/') && !uri.contains('\\'), "{uri}");
    let region = "/physicalLocation/region";
    assert!(number(place, &format!("{region}/startLine")) >= 1);
    assert!(number(place, &format!("{region}/startColumn")) >= 1);
    if place.pointer(&format!("{region}/endColumn")).is_some() {
        let [start, end] = ["startColumn", "endColumn"].map(|key| number(place, &format!("{region}/{key}")));
        assert!(end > start);
    }
}

const MISTAKES: &str = "[connections.answers]\ntype = 'cache'\nhots = 'x'\n\n[connections.Answers]\ntype = 'cach'\n";

#[test]
fn every_problem_is_a_result_at_its_place() {
    let log = log(MISTAKES, &["--names", "other"]);
    check_shape(&log);
    let results = array(&log, "/runs/0/results");
    let places: Vec<_> = results
        .iter()
        .map(|result| {
            let region = "/locations/0/physicalLocation/region";
            let line = number(result, &format!("{region}/startLine"));
            (text(result, "/ruleId"), line, number(result, &format!("{region}/startColumn")))
        })
        .collect();
    let expected = [("CR013", 1, 1), ("CR006", 1, 1), ("CR005", 3, 1), ("CR003", 5, 14), ("CR004", 6, 8)];
    assert_eq!(places, expected);
    assert_eq!(text(&results[3], "/relatedLocations/0/message/text"), "first declared here");
    for result in results {
        assert_eq!(text(result, "/locations/0/physicalLocation/artifactLocation/uri"), "connections.toml");
    }
}

#[test]
fn a_valid_configuration_has_no_results() {
    let log = log("[connections.answers]\ntype = 'cache'\nhost = 'x'\n", &[]);
    check_shape(&log);
    assert_eq!(array(&log, "/runs/0/results").len(), 0);
}

#[test]
fn what_is_in_no_file_of_the_repository_is_at_the_start_of_the_main_file() {
    let folder = folder("[connections.answers]\ntype = 'cache'\nhost = 'x'\n");
    let mut command = own_cli(folder.path());
    command.args(["check", "--format", "sarif", "--with-env"]).env("CONNECTIONS__ANSWERS__PORT", "many");
    let output = command.output().expect("the program starts");
    let log: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    check_shape(&log);
    let result = &log["runs"][0]["results"][0];
    assert!(text(result, "/message/text").starts_with("CONNECTIONS__ANSWERS__PORT: "), "{result:#}");
    assert_eq!(text(result, "/locations/0/physicalLocation/artifactLocation/uri"), "connections.toml");
    assert_eq!(number(result, "/locations/0/physicalLocation/region/startLine"), 1);
}
