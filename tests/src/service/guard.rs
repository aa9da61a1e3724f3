//! Ends a server when the process of the tests is killed and cannot do it any more.

use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

/// A shell that waits for the end of this process; see `guard.sh`.
#[derive(Debug)]
pub(super) struct Guard {
    shell: Child,
    /// Closed by the system when this process ends.
    input: Option<ChildStdin>,
}

impl Guard {
    /// Watches over a folder.
    pub(super) fn new(folder: &Path) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", include_str!("guard.sh"), "guard"]).arg(folder).stdin(Stdio::piped());
        // In a group of its own, so that Ctrl+C in a terminal ends the tests and not their guard.
        let mut shell = command.process_group(0).current_dir("/").spawn().expect("there is a shell");
        let input = shell.stdin.take();
        Self { shell, input }
    }

    /// Watches over a tree of processes from now on.
    pub(super) fn watch(&mut self, root: u32) {
        self.tell(&root.to_string());
    }

    /// The tree has ended: its numbers may come to belong to others.
    pub(super) fn forget(&mut self) {
        self.tell("");
    }

    fn tell(&mut self, line: &str) {
        let input = self.input.as_mut().expect("the pipe is open until the drop");
        writeln!(input, "{line}").expect("a guard lives as long as its pipe is open");
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.input.take());
        self.shell.wait().ok();
    }
}
