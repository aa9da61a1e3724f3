//! [`Interrupts`]: the wish of the user that a command ends.

use tokio::sync::mpsc;

/// What tells a command to end: Ctrl-C, and on Unix the signal that `kill` sends.
#[derive(Debug)]
pub(super) struct Interrupts(mpsc::UnboundedReceiver<()>);

impl Interrupts {
    /// Those of this process. From now on they end it no more by themselves. Call it inside a runtime.
    pub(super) fn of_process() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        listen(&sender);
        Self(receiver)
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            // Nobody can send one: there is none.
            std::future::pending::<()>().await;
        }
    }

    /// Those that a test sends.
    #[cfg(feature = "testing")]
    #[cfg(test)]
    pub(super) fn by_hand() -> (mpsc::UnboundedSender<()>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Self(receiver))
    }
}

#[cfg(unix)]
fn listen(sender: &mpsc::UnboundedSender<()>) {
    use tokio::signal::unix::{SignalKind, signal};

    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        // Where it cannot be heard, it ends the process as it does by itself.
        let Ok(mut signal) = signal(kind) else { continue };
        let sender = sender.clone();
        tokio::spawn(async move { while signal.recv().await.is_some() && sender.send(()).is_ok() {} });
    }
}

#[cfg(not(unix))]
fn listen(sender: &mpsc::UnboundedSender<()>) {
    let sender = sender.clone();
    tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && sender.send(()).is_ok() {} });
}
