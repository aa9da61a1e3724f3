//! How a fake plays its scripts.

use std::{future::pending, sync::Arc, thread, time::Duration};

use tokio::time::sleep;

use super::{
    client::FakeClient,
    event::JournalEvent,
    journal::Journal,
    script::{Call, Operation, Step},
};
use crate::{BoxError, ConnectContext, ConnectError, ConnectionRef, Secret, Update};

/// What the fields of a fake say, but for its scripts.
pub(super) struct Play<'a> {
    pub(super) journal: Option<&'a str>,
    pub(super) needs: &'a [ConnectionRef<FakeClient>],
    pub(super) password: &'a Secret,
    pub(super) delay: Duration,
    pub(super) slow: Duration,
    pub(super) block: Duration,
    pub(super) seed: u64,
}

impl Play<'_> {
    pub(super) async fn connect(&self, cx: &ConnectContext, script: &[Step]) -> Result<FakeClient, BoxError> {
        let name: Arc<str> = cx.name().into();
        let journal = Journal::of(self.journal.unwrap_or(cx.name()));
        journal.connecting(&name);
        let failed = OnDrop::new(|| journal.not_connected(&name));
        for reference in self.needs {
            cx.get(reference).await?;
        }
        self.act(&journal, &name, Operation::Connect, script).await?;
        failed.disarm();
        let number = journal.connected(&name);
        Ok(FakeClient::new(name, number, journal, self.password.clone()))
    }

    pub(super) async fn check(&self, client: &FakeClient, script: &[Step]) -> Result<(), BoxError> {
        let (journal, name, number) = (client.journal(), client.shared_name(), client.number());
        journal.checking();
        let note_failure = || journal.note(JournalEvent::CheckFailed { connection: Arc::clone(name), number });
        let failed = OnDrop::new(note_failure);
        self.act(journal, name, Operation::Check, script).await?;
        failed.disarm();
        journal.note(JournalEvent::Checked { connection: Arc::clone(name), number });
        Ok(())
    }

    pub(super) async fn update(
        &self,
        client: &FakeClient,
        script: &[Step],
        password: &Secret,
    ) -> Result<Update, BoxError> {
        let (journal, name, number) = (client.journal(), client.shared_name(), client.number());
        journal.updating();
        let note_failure = || journal.note(JournalEvent::UpdateFailed { connection: Arc::clone(name), number });
        let failed = OnDrop::new(note_failure);
        let step = self.act(journal, name, Operation::Update, script).await?;
        failed.disarm();
        let update = if step == Step::Rebuild { Update::Rebuild } else { Update::InPlace };
        if update == Update::InPlace {
            client.set_password(password.clone());
        }
        journal.note(JournalEvent::Updated { connection: Arc::clone(name), number, update });
        Ok(update)
    }

    pub(super) async fn disconnect(&self, client: &FakeClient, script: &[Step]) -> Result<(), BoxError> {
        let (journal, name, number) = (client.journal(), client.shared_name(), client.number());
        journal.disconnecting(name, number);
        let note_failure = || journal.note(JournalEvent::DisconnectFailed { connection: Arc::clone(name), number });
        let failed = OnDrop::new(note_failure);
        self.act(journal, name, Operation::Disconnect, script).await?;
        failed.disarm();
        journal.note(JournalEvent::Disconnected { connection: Arc::clone(name), number });
        Ok(())
    }

    /// Takes the next step of a script; gives which one it was.
    async fn act(
        &self,
        journal: &Journal,
        connection: &Arc<str>,
        operation: Operation,
        script: &[Step],
    ) -> Result<Step, BoxError> {
        let (scripted, number) = journal.next_step(connection, operation, script);
        let call = Call { connection, operation, number };
        let step = if scripted == Step::Random { call.random_step(self.seed) } else { scripted };
        if !self.delay.is_zero() {
            sleep(self.delay).await;
        }
        let name = operation.name();
        match step {
            Step::Ok | Step::Rebuild | Step::Random => {}
            Step::Error => return Err(format!("the script says that this {name} fails").into()),
            Step::Permanent => {
                let message = format!("the script says that no {name} can help");
                return Err(ConnectError::permanent(message).into());
            }
            Step::Slow => sleep(self.slow).await,
            Step::Never => pending().await,
            Step::Panic => panic!("the script says that this {name} panics"),
            Step::Block => thread::sleep(self.block),
        }
        Ok(step)
    }
}

/// Does something when it is dropped, also by a panic or with a future that is given up.
struct OnDrop<F: FnMut()>(Option<F>);

impl<F: FnMut()> OnDrop<F> {
    fn new(act: F) -> Self {
        Self(Some(act))
    }

    fn disarm(mut self) {
        self.0 = None;
    }
}

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(act) = &mut self.0 {
            act();
        }
    }
}
