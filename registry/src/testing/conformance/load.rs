//! An application that goes on using a connection while a trial does something to it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

use super::{
    bench::{Bench, NAME},
    trial::Verdict,
    usage::Usage,
};
use crate::{Connection, ConnectionManager, ConnectionState};

/// Workers of which each gets the client and uses it, again and again. They end when it is dropped.
pub(super) struct Load {
    uses: mpsc::UnboundedReceiver<Use>,
    workers: JoinSet<()>,
    is_over: Arc<AtomicBool>,
}

/// One use, and what the manager said of the connection just before it.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) began: Instant,
    pub(super) ended: Instant,
    /// The state was connected.
    pub(super) is_connected: bool,
    pub(super) generation: u64,
    pub(super) result: Result<(), String>,
}

impl Load {
    pub(super) fn start<C: Connection>(
        bench: &Arc<Bench<C>>,
        manager: &ConnectionManager,
        usage: &Usage<C::Client>,
        workers: usize,
    ) -> Self {
        let (sender, uses) = mpsc::unbounded_channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for _ in 0..workers {
            let (bench, manager, usage) = (Arc::clone(bench), manager.clone(), usage.clone());
            tasks.spawn(work(bench, manager, usage, sender.clone(), Arc::clone(&is_over)));
        }
        Self { uses, workers: tasks, is_over }
    }

    /// The next use that has ended.
    pub(super) async fn next(&mut self, until: Instant) -> Verdict<Use> {
        match timeout_at(until, self.uses.recv()).await {
            Ok(Some(one)) => Ok(one),
            Ok(None) => Err("the load ended".into()),
            Err(_) => Err("no use ended in time".into()),
        }
    }

    /// Waits until so many uses that began after `from` have succeeded, and none has failed.
    pub(super) async fn succeeds(&mut self, times: usize, from: Instant, until: Instant) -> Verdict {
        let mut succeeded = 0;
        while succeeded < times {
            let one = self.next(until).await?;
            one.result?;
            succeeded += usize::from(one.began >= from);
        }
        Ok(())
    }

    /// Ends it once the uses under way have ended. None of those that were not asked for yet may have failed.
    pub(super) async fn stop(mut self) -> Verdict {
        self.is_over.store(true, Ordering::Relaxed);
        while self.workers.join_next().await.is_some() {}
        while let Ok(one) = self.uses.try_recv() {
            one.result?;
        }
        Ok(())
    }
}

async fn work<C: Connection>(
    bench: Arc<Bench<C>>,
    manager: ConnectionManager,
    usage: Usage<C::Client>,
    sender: mpsc::UnboundedSender<Use>,
    is_over: Arc<AtomicBool>,
) {
    // A quarter, so that one that hangs is seen well before the trial has to end.
    let limit = bench.timeout / 4;
    while !is_over.load(Ordering::Relaxed) {
        let status = manager.status();
        let of_it = status.get(NAME);
        let is_connected = of_it.is_some_and(|status| status.state == ConnectionState::Connected);
        let generation = of_it.map_or(0, |status| status.generation);
        let began = Instant::now();
        let result = usage.once(&bench, &manager, limit).await;
        let one = Use { began, ended: Instant::now(), is_connected, generation, result };
        if sender.send(one).is_err() {
            return;
        }
        sleep(PAUSE).await;
    }
}

/// Between two uses of a worker: what it does with the answer.
const PAUSE: Duration = Duration::from_millis(5);
