//! Trees of processes, as `/proc` shows them, and signals to all of a tree.
//!
//! A process group is not enough: servers put children into sessions of their own. So a tree is whoever descends from its root
//! or is in a group or session that one of them leads.

use std::{
    collections::HashSet,
    fs, thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// One process at one moment.
#[derive(Clone, Debug)]
pub(super) struct Process {
    id: i32,
    state: char,
    parent: i32,
    group: i32,
    session: i32,
    /// Tells it from a later process with the same number.
    started: u64,
}

/// The processes of a tree that have not ended.
pub(super) fn tree(root: i32) -> Vec<Process> {
    let mut rest: Vec<_> = all();
    let mut known = HashSet::from([root]);
    let mut found = Vec::new();
    loop {
        let (members, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|process| process.belongs_to(&known));
        if members.is_empty() {
            found.retain(Process::runs);
            return found;
        }
        known.extend(members.iter().map(|process| process.id));
        found.extend(members);
        rest = others;
    }
}

/// Stops a tree; returns once all of it stands still, so that its parents have no time to make more.
pub(super) fn freeze(root: i32) {
    wait_until("every process of a server stands still", || {
        let moving: Vec<_> = tree(root).into_iter().filter(|process| !process.stands_still()).collect();
        signal(&moving, Signal::STOP);
        moving.is_empty()
    });
}

/// Lets a tree go on.
pub(super) fn thaw(root: i32) {
    signal(&tree(root), Signal::CONT);
}

/// Kills a tree; returns once nothing of it runs.
pub(super) fn kill(root: i32) {
    freeze(root);
    end(&tree(root));
}

/// Kills these processes; returns once none of them runs.
pub(super) fn end(processes: &[Process]) {
    let alive = || processes.iter().filter(|process| process.is_alive()).cloned().collect::<Vec<_>>();
    wait_until("killed processes end", || {
        let alive = alive();
        signal(&alive, Signal::KILL);
        alive.is_empty()
    });
}

/// Whether this process has not ended.
pub(super) fn runs(id: i32) -> bool {
    Process::read(id).is_some_and(|process| process.runs())
}

/// Asks one process.
pub(super) fn ask(id: i32, what: Signal) {
    if let Some(id) = Pid::from_raw(id) {
        // It may have ended by itself.
        kill_process(id, what).ok();
    }
}

/// Looks again and again.
///
/// # Panics
///
/// After half a minute.
#[track_caller]
pub(super) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "not within half a minute: {what}");
        thread::sleep(PAUSE);
    }
}

/// Between two looks.
pub(super) const PAUSE: Duration = Duration::from_millis(5);

impl Process {
    /// Its number.
    pub(super) fn id(&self) -> i32 {
        self.id
    }

    /// The process with that number, if there is one.
    fn read(id: i32) -> Option<Self> {
        Self::parse(id, &fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
    }

    /// `number (name) state parent group session … start …`; the name may contain anything.
    fn parse(id: i32, stat: &str) -> Option<Self> {
        let (_, fields) = stat.rsplit_once(") ")?;
        let fields: Vec<_> = fields.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse().ok();
        Some(Self {
            id,
            state: fields.first()?.chars().next()?,
            parent: number(1)?,
            group: number(2)?,
            session: number(3)?,
            started: fields.get(19)?.parse().ok()?,
        })
    }

    fn belongs_to(&self, known: &HashSet<i32>) -> bool {
        [self.id, self.parent, self.group, self.session].iter().any(|id| known.contains(id))
    }

    /// Whether it is the same process still, and not one that only waits to be reaped.
    fn is_alive(&self) -> bool {
        Self::read(self.id).is_some_and(|now| now.started == self.started && now.runs())
    }

    fn runs(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }

    fn stands_still(&self) -> bool {
        matches!(self.state, 'T' | 't')
    }
}

fn signal(processes: &[Process], what: Signal) {
    processes.iter().for_each(|process| ask(process.id, what));
}

fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").expect("Linux shows its processes");
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter_map(Process::read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_contain_anything() {
        let stat = "7 (a) b (c) S 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 4242 1 1";
        let process = Process::parse(7, stat).expect("it is well-formed");
        assert_eq!((process.state, process.parent, process.group, process.session), ('S', 1, 2, 3));
        assert_eq!(process.started, 4242);
    }

    #[test]
    fn this_process_is_alive() {
        let id = i32::try_from(std::process::id()).expect("process numbers are small");
        assert!(tree(id).iter().any(|process| process.id == id && process.is_alive()));
    }
}
