//! [`Fake`] and [`FakePool`]: connections that do what a script says.

use std::time::Duration;

use super::{
    client::FakeClient,
    play::Play,
    script::{Step, UpdateStep},
};
use crate::{BoxError, ConnectContext, Connection, ConnectionRef, Secret, Update, connection_type};

/// Two types of the same fields: what differs is a constant of the trait.
macro_rules! fake {
    ($(#[$attribute:meta])* $type_name:literal $ident:ident $self_healing:literal) => {
        $(#[$attribute])*
        #[connection_type($type_name)]
        #[derive(Debug)]
        pub struct $ident {
            /// The script of `connect`. Default: `["ok"]`.
            #[serde(default)]
            connect: Vec<Step>,

            /// The script of `check`. Default: `["ok"]`.
            #[serde(default)]
            check: Vec<Step>,

            /// The script of `disconnect`. Default: `["ok"]`.
            #[serde(default)]
            disconnect: Vec<Step>,

            /// The script of `update`: `"ok"` takes the changed configuration in place, `"rebuild"` asks for a new
            /// client. Default: `["rebuild"]`.
            #[serde(default = "rebuild")]
            update: Vec<UpdateStep>,

            /// How long every call waits before its step. Default: not at all.
            #[serde(default)]
            delay: Duration,

            /// How long the step `"slow"` takes. Default: "1s".
            #[serde(default = "one_second")]
            slow: Duration,

            /// How long the step `"block"` blocks its thread. Default: "1s".
            #[serde(default = "one_second")]
            block: Duration,

            /// What the step `"random"` follows. Default: 0.
            #[serde(default)]
            seed: u64,

            /// Other fakes that are connected before this one, in this order. Default: none.
            #[serde(default)]
            needs: Vec<ConnectionRef<FakeClient>>,

            /// The server that it pretends to connect to, as `host:port`. Default: not known.
            endpoint: Option<String>,

            /// A secret that the client holds: for tests that search every output for it. Default: empty.
            #[serde(default)]
            password: Secret,

            /// The name of its [`Journal`](super::Journal). Default: the name of the connection.
            journal: Option<String>,
        }

        impl Connection for $ident {
            type Client = FakeClient;

            const SELF_HEALING: bool = $self_healing;

            async fn connect(&self, cx: &ConnectContext) -> Result<FakeClient, BoxError> {
                self.play().connect(cx, &self.connect).await
            }

            async fn check(&self, client: &FakeClient) -> Result<(), BoxError> {
                self.play().check(client, &self.check).await
            }

            async fn update(&self, client: &FakeClient, new: &Self) -> Result<Update, BoxError> {
                let script: Vec<Step> = new.update.iter().map(|step| (*step).into()).collect();
                new.play().update(client, &script, &new.password).await
            }

            fn endpoint(&self) -> Option<String> {
                self.endpoint.clone()
            }

            async fn disconnect(&self, client: &FakeClient) -> Result<(), BoxError> {
                self.play().disconnect(client, &self.disconnect).await
            }
        }

        impl $ident {
            fn play(&self) -> Play<'_> {
                Play {
                    journal: self.journal.as_deref(),
                    needs: &self.needs,
                    password: &self.password,
                    delay: self.delay,
                    slow: self.slow,
                    block: self.block,
                    seed: self.seed,
                }
            }
        }
    };
}

fake! {
    /// A connection to nothing that follows a script; its client is a [`FakeClient`].
    ///
    /// The fields `connect`, `check`, `disconnect` and `update` are lists of steps. Each call takes the next step, and the
    /// last one goes on for ever. A script that is changed begins at its first step; its
    /// [`Journal`](super::Journal) knows how far each one is.
    ///
    /// | step | what the call does |
    /// |---|---|
    /// | `"ok"` | succeeds |
    /// | `"error"` | fails; trying again may help |
    /// | `"permanent"` | fails with [`ConnectError::permanent`](crate::ConnectError::permanent) |
    /// | `"slow"` | waits for the time in `slow`, then succeeds |
    /// | `"never"` | never ends |
    /// | `"panic"` | panics |
    /// | `"block"` | blocks its thread for the time in `block`, then succeeds |
    /// | `"random"` | one of the steps above |
    /// | `"rebuild"` | in `update` alone: asks for a new client |
    ///
    /// Of 16 random steps 8 are `"ok"`, 2 `"error"`, 2 `"slow"`, and one each `"permanent"`, `"never"`, `"panic"` and
    /// `"block"`. Which one it is follows from the field `seed`, the name of the connection, the method and the number of
    /// the call alone, so that a run can be repeated.
    ///
    /// All waiting is on tokio's clock, which a test can pause. A blocked thread is the one exception: it is blocked by
    /// [`std::thread::sleep`], in real time, as a careless driver does it.
    ///
    /// An update takes its script and its password from the new configuration.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::{ConnectionManager, ErrorKind, testing::{FakeClient, Journal}};
    ///
    /// let connections = ConnectionManager::builder()
    ///     .toml(
    ///         r#"
    ///         [connections.orders]
    ///         type = "fake"
    ///         connect = ["permanent", "ok"] # fails once, then works
    ///         journal = "fake of the example"
    ///         "#,
    ///     )
    ///     .build()?;
    /// let error = connections.get::<FakeClient>("orders").await.unwrap_err();
    /// assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::ConnectFailed, false));
    ///
    /// connections.disconnect("orders").await?; // forgets the failure
    /// let orders = connections.get::<FakeClient>("orders").await?;
    /// assert_eq!(orders.number(), 1);
    /// assert_eq!(Journal::of("fake of the example").connects(), 2);
    /// # Ok(()) }
    /// ```
    "fake" Fake false
}

fake! {
    /// A [`Fake`] that heals itself, as a pool does: its client is kept when checks fail. It has the same fields.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::{Connection, ConnectionManager, testing::{Fake, FakeClient, FakePool}};
    ///
    /// const { assert!(FakePool::SELF_HEALING && !Fake::SELF_HEALING) };
    /// let toml = "connections.pool = { type = 'fake-pool', check = ['error'], journal = 'pool of the example' }";
    /// let connections = ConnectionManager::builder().toml(toml).build()?;
    /// assert_eq!(connections.get::<FakeClient>("pool").await?.number(), 1);
    /// # Ok(()) }
    /// ```
    "fake-pool" FakePool true
}

fn rebuild() -> Vec<UpdateStep> {
    vec![UpdateStep::Rebuild]
}

fn one_second() -> Duration {
    Duration::from_secs(1)
}
