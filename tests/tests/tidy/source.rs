//! A source file as the rules see it: without comments, texts and test code, line numbers kept.

use std::{fs, path::Path};

use crate::lexer::{blank_comments_and_texts, blank_test_items};

/// One file below `registry/src`.
pub(crate) struct SourceFile {
    /// Relative to `registry/src`, with `/`.
    pub(crate) path: String,
    /// As it is on disk.
    pub(crate) text: String,
    /// The same text with comments, texts and test code replaced by spaces.
    pub(crate) code: String,
}

impl SourceFile {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = if is_test_file(path) { String::new() } else { blank_test_items(&blank_comments_and_texts(text)) };
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    /// The first component of the path: the room, or the file for a room of one file.
    pub(crate) fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    pub(crate) fn is_mod_file(&self) -> bool {
        self.path.ends_with("/mod.rs")
    }

    /// A breach of a rule at a byte of the text.
    pub(crate) fn violation(&self, at: usize, message: impl Into<String>) -> Violation {
        let line = self.text.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
        Violation { place: format!("registry/src/{}:{line}", self.path), message: message.into() }
    }
}

/// A breach of a rule.
pub(crate) struct Violation {
    pub(crate) place: String,
    pub(crate) message: String,
}

/// Every Rust file below `registry/src`, sorted by path.
pub(crate) fn library() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../registry/src");
    let mut files = Vec::new();
    collect(&root, "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 10, "the sources of the library are not where the test looks for them");
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<SourceFile>) {
    for entry in fs::read_dir(folder).expect("the sources are readable") {
        let entry = entry.expect("the sources are readable");
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if path.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).expect("the sources are UTF-8");
            files.push(SourceFile::new(&path, &text));
        }
    }
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}
