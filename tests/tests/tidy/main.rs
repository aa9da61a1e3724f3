//! The house rules that the compiler does not know: every rule is a test, and every checker is shown to catch
//! a planted violation.

mod imports;
mod lexer;
mod pages;
mod rules;
mod source;

use imports::check_imports;
use rules::{
    STATE_MACHINE, check_inventory, check_length, check_mod_file, check_module_doc, check_output, check_state_machine,
    check_unfinished, check_unwrap, check_wall_clock,
};
use source::{SourceFile, Violation, library};

type Rule = fn(&SourceFile) -> Vec<Violation>;

/// The rule holds for the whole library.
#[track_caller]
fn holds(rule: Rule) {
    let found: Vec<_> =
        library().iter().flat_map(rule).map(|found| format!("{}: {}", found.place, found.message)).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// The rule finds violations in `text` at these lines.
#[track_caller]
fn catches(rule: Rule, path: &str, text: &str, lines: &[usize]) {
    let found: Vec<_> = rule(&SourceFile::new(path, text)).into_iter().map(|found| found.place).collect();
    let expected: Vec<_> = lines.iter().map(|line| format!("registry/src/{path}:{line}")).collect();
    assert_eq!(found, expected);
}

#[test]
fn rooms_import_along_the_flow_of_data_alone() {
    holds(check_imports);
    catches(check_imports, "config/layer.rs", "//! Doc.\nuse crate::manager::ConnectionManager;\n", &[2]);
}

#[test]
fn inventory_is_named_in_the_factory_and_the_private_module_alone() {
    holds(check_inventory);
    catches(check_inventory, "manager/builder.rs", "use inventory::iter;", &[1]);
    catches(check_inventory, "factory/catalogue.rs", "use inventory::iter;", &[]);
}

#[test]
fn the_state_machine_knows_neither_tokio_nor_time_nor_io() {
    holds(check_state_machine);
    catches(check_state_machine, STATE_MACHINE, "//! tokio\nuse tokio::sync::watch;\nfn f(_: Instant) {}", &[2, 3]);
    catches(check_state_machine, "registry/attempt.rs", "use tokio::sync::watch;", &[]);
}

#[test]
fn the_state_machine_is_where_its_rule_looks() {
    let files = library();
    let in_registry: Vec<_> = files.iter().filter(|file| file.room() == "registry").collect();
    assert!(in_registry.is_empty() || in_registry.iter().any(|file| file.path == STATE_MACHINE));
}

#[test]
fn mod_files_are_tables_of_contents() {
    holds(check_mod_file);
    let good = "//! Doc.\n#[cfg(feature = \"x\")]\nmod a;\npub(crate) use a::{\n    B,\n    C,\n};\n#[cfg(test)]\nmod tests { }\n";
    catches(check_mod_file, "config/mod.rs", good, &[]);
    catches(check_mod_file, "config/mod.rs", "//! Doc.\nmod a;\n\nfn b() {}\n", &[4]);
    catches(check_mod_file, "config/mod.rs", "mod a {\n    use b;\n}\npub struct C;\n", &[1, 3]);
    catches(check_mod_file, "config/layer.rs", "fn b() {}", &[]);
}

#[test]
fn files_stay_short() {
    holds(check_length);
    catches(check_length, "config/layer.rs", &"\n".repeat(500), &[]);
    catches(check_length, "config/layer.rs", &"\n".repeat(501), &[1]);
}

#[test]
fn every_file_says_what_it_is_for() {
    holds(check_module_doc);
    catches(check_module_doc, "config/layer.rs", "use std::fmt;\n", &[1]);
}

#[test]
fn nothing_unwraps_outside_tests() {
    holds(check_unwrap);
    let text = "fn a() { b().unwrap() }\n/// c().unwrap()\n#[cfg(test)]\nmod tests { fn d() { e().unwrap() } }\n";
    catches(check_unwrap, "config/layer.rs", text, &[1]);
    catches(check_unwrap, "config/layer/tests.rs", text, &[]);
}

#[test]
fn nothing_depends_on_the_wall_clock() {
    holds(check_wall_clock);
    catches(check_wall_clock, "span.rs", "// SystemTime\nuse std::time::SystemTime;", &[2]);
}

#[test]
fn the_library_prints_nothing() {
    holds(check_output);
    catches(
        check_output,
        "span.rs",
        "fn a() {\n  println!();\n  eprintln!();\n  dbg!(1);\n  \"print!\"\n}",
        &[2, 3, 4],
    );
}

#[test]
fn nothing_is_left_unfinished() {
    holds(check_unfinished);
    catches(check_unfinished, "span.rs", "fn a() { todo!() }\nfn b() { unimplemented!() }", &[1, 2]);
}
