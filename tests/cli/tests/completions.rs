//! `completions`, used by the shells themselves.

use std::{fs, path::Path, process::Command};

use crate::program::{has_program, own_cli};

/// What the shell writes when it runs `code`, in which `$1` is the file that the program wrote for it.
fn complete(shell: &str, options: &[&str], code: &str) -> Option<String> {
    if !has_program(shell) {
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let script = own_cli(folder.path()).args(["completions", shell]).output().expect("the program starts");
    assert!(script.status.success(), "{}", String::from_utf8_lossy(&script.stderr));
    let file = folder.path().join("script");
    fs::write(&file, script.stdout).expect("a file can be written");
    Some(run(shell, options, code, &file))
}

fn run(shell: &str, options: &[&str], code: &str, file: &Path) -> String {
    let home = file.parent().expect("it is in a folder");
    let mut shell = Command::new(shell);
    shell.args(options).arg("-c").arg(code).arg("shell").arg(file).current_dir(home).env("HOME", home);
    let output = shell.output().expect("the shell starts");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && err.is_empty(), "{out}{err}");
    out.into_owned()
}

#[track_caller]
fn check(completed: Option<String>, expected: &[&str]) {
    let Some(completed) = completed else { return };
    let words: Vec<_> = completed.split_whitespace().collect();
    assert!(expected.iter().all(|word| words.contains(word)), "{completed}");
}

#[test]
fn bash_completes_commands_options_and_values() {
    for (line, expected) in [
        ("own_cli t", &["test", "types"][..]),
        ("own_cli graph --f", &["--format"]),
        ("own_cli graph --format ''", &["text", "dot", "mermaid"]),
        ("own_cli completions ''", &["bash", "elvish", "fish", "powershell", "zsh"]),
    ] {
        let code = format!(
            "source \"$1\"; complete -p own_cli > /dev/null || exit 1\n\
             COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             _own_cli own_cli \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"\n\
             echo \"${{COMPREPLY[@]}}\""
        );
        check(complete("bash", &["--norc", "--noprofile"], &code), expected);
    }
}

#[test]
fn fish_completes_commands_and_values() {
    let of = |line: &str| complete("fish", &["--no-config"], &format!("source $argv[2]; complete -C '{line}'"));
    check(of("own_cli t"), &["test", "types"]);
    check(of("own_cli graph --format "), &["text", "dot", "mermaid"]);
}

#[test]
fn zsh_takes_the_script_for_the_program() {
    let code = "autoload -Uz compinit && compinit -D && source \"$1\" && print -r -- ${_comps[own_cli]}";
    check(complete("zsh", &["-f"], code), &["_own_cli"]);
}
