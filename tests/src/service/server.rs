//! What a [`Service`](super::Service) shares with the threads that work for it; everything here waits.

use std::{
    fs,
    io::Write,
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use connection_registry::BoxError;

use super::{
    Plan, Recipe, Site,
    guard::Guard,
    process::{self, PAUSE, wait_until},
    ready::is_closed,
};

/// A server that runs or does not.
#[derive(Debug)]
pub(super) struct Server {
    name: &'static str,
    plan: Plan,
    /// `None` while it does not run.
    run: Mutex<Option<Run>>,
    guard: Mutex<Guard>,
    /// The last one to be dropped.
    site: Site,
}

/// From a start to its end.
#[derive(Debug)]
struct Run {
    child: Child,
    /// Where the log of this run begins.
    log: u64,
}

/// Why a start failed.
enum Failure {
    /// Somebody else has the port.
    PortIsTaken(String),
    /// Anything else.
    Other(String),
}

impl Server {
    /// A new server on new ports; on others if somebody was faster.
    pub(super) fn launch<R: Recipe>(recipe: &R) -> Self {
        let mut tries = 0..5;
        loop {
            let server = Self::new(recipe);
            match server.start() {
                Ok(()) => {
                    recipe.settle(&server.site);
                    return server;
                }
                Err(Failure::PortIsTaken(_)) if tries.next().is_some() => {}
                Err(Failure::PortIsTaken(message) | Failure::Other(message)) => panic!("{message}"),
            }
        }
    }

    fn new<R: Recipe>(recipe: &R) -> Self {
        let site = Site::new(recipe);
        let guard = Mutex::new(Guard::new(site.folder()));
        let plan = recipe.prepare(&site);
        site.hand_over();
        Self { name: R::NAME, plan, run: Mutex::default(), guard, site }
    }

    pub(super) fn site(&self) -> &Site {
        &self.site
    }

    /// The numbers of all that runs.
    pub(super) fn processes(&self) -> Vec<u32> {
        self.run().as_ref().map(Run::processes).unwrap_or_default()
    }

    /// On the same port, which somebody else may have for a moment.
    pub(super) fn restart(&self) -> Result<(), BoxError> {
        let end = Instant::now() + self.plan.deadline;
        loop {
            match self.start() {
                Ok(()) => return Ok(()),
                Err(Failure::PortIsTaken(_)) if Instant::now() < end => thread::sleep(PAUSE),
                Err(Failure::PortIsTaken(message) | Failure::Other(message)) => return Err(message.into()),
            }
        }
    }

    fn start(&self) -> Result<(), Failure> {
        let mut run = self.run();
        if run.is_some() {
            return Err(Failure::Other(format!("{} runs already", self.name)));
        }
        let begun = run.insert(self.spawn());
        let ready = self.wait_until_ready(begun);
        if ready.is_err() {
            self.end(run.take(), process::kill);
        }
        ready
    }

    /// The server is below a shell that becomes it once the guard knows its number: there is no moment without a guard.
    fn spawn(&self) -> Run {
        let command = self.site.as_user(&self.plan.command);
        let (output, log) = self.site.open_log();
        let errors = output.try_clone().expect("a file can be opened twice");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "read -r go && exec \"$@\" </dev/null", "sh"])
            .arg(command.get_program())
            .args(command.get_args());
        shell.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
        shell.process_group(0).current_dir(self.site.folder()).stdin(Stdio::piped()).stdout(output).stderr(errors);
        let mut child = shell.spawn().expect("there is a shell");
        self.guard().watch(child.id());
        let mut input = child.stdin.take().expect("it was asked for");
        input.write_all(b"go\n").expect("the shell reads a line");
        Run { child, log }
    }

    fn wait_until_ready(&self, run: &mut Run) -> Result<(), Failure> {
        let end = Instant::now() + self.plan.deadline;
        loop {
            let is_ready = self.plan.ready.is_reached(self.site.port());
            // Only then: it might be somebody else who answers at the port.
            if let Some(status) = run.exited() {
                return Err(self.ended_at_once(run, status));
            }
            if is_ready {
                return Ok(());
            }
            if Instant::now() > end {
                let message = format!("{} is not ready after {:?}", self.name, self.plan.deadline);
                return Err(Failure::Other(self.with_log(&message, run)));
            }
            thread::sleep(PAUSE);
        }
    }

    fn ended_at_once(&self, run: &Run, status: ExitStatus) -> Failure {
        let log = self.site.log_since(run.log).to_lowercase();
        let message = self.with_log(&format!("{} ended at once: {status}", self.name), run);
        let is_taken = log.contains("address already in use") || log.contains("eaddrinuse");
        if is_taken { Failure::PortIsTaken(message) } else { Failure::Other(message) }
    }

    /// The end of the log is what a person needs.
    fn with_log(&self, message: &str, run: &Run) -> String {
        let log = self.site.log_since(run.log);
        let lines: Vec<_> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(40)..].join("\n");
        format!("{message}\n--- the end of its log:\n{tail}\n---")
    }

    /// Asks the tree to end, and kills what is left of it.
    pub(super) fn stop(&self) -> Result<(), BoxError> {
        let run = self.take_run()?;
        self.end(Some(run), |root| {
            let tree = process::tree(root);
            process::thaw(root);
            process::ask(root, self.plan.goodbye);
            let end = Instant::now() + GOODBYE;
            while process::runs(root) && Instant::now() < end {
                thread::sleep(PAUSE);
            }
            // Such as the `epmd` of RabbitMQ, which does not end with its parent.
            process::end(&tree);
            process::kill(root);
        });
        self.wait_until_closed();
        Ok(())
    }

    /// Kills the tree.
    pub(super) fn kill(&self) -> Result<(), BoxError> {
        let run = self.take_run()?;
        self.end(Some(run), process::kill);
        self.wait_until_closed();
        Ok(())
    }

    fn wait_until_closed(&self) {
        wait_until("the port of a server that has ended is closed", || is_closed(self.site.port()));
    }

    /// Ends the tree of a run in that way. Its root is reaped last, so that its number stays its own until then.
    fn end(&self, run: Option<Run>, how: impl FnOnce(i32)) {
        let Some(mut run) = run else { return };
        how(run.root());
        self.guard().forget();
        run.child.wait().expect("a child can be waited for");
        for file in &self.plan.leftovers {
            // It may have taken them away itself.
            let _ = fs::remove_file(file);
        }
    }

    /// Does something to the tree while it runs.
    pub(super) fn with_root(&self, act: impl FnOnce(i32)) -> Result<(), BoxError> {
        let run = self.run();
        let run = run.as_ref().ok_or_else(|| format!("{} does not run", self.name))?;
        act(run.root());
        Ok(())
    }

    fn take_run(&self) -> Result<Run, BoxError> {
        Ok(self.run().take().ok_or_else(|| format!("{} does not run", self.name))?)
    }

    fn run(&self) -> MutexGuard<'_, Option<Run>> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn guard(&self) -> MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    /// The first process of the tree.
    fn root(&self) -> i32 {
        i32::try_from(self.child.id()).expect("Linux numbers processes with fewer bits")
    }

    fn processes(&self) -> Vec<u32> {
        process::tree(self.root()).iter().map(|process| process.id().unsigned_abs()).collect()
    }

    fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let run = self.run().take();
        self.end(run, process::kill);
    }
}

/// The time for a goodbye.
const GOODBYE: Duration = Duration::from_secs(30);
