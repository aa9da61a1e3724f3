//! [`Fake`] and [`FakePool`]: connections that do what a script says.

use std::time::Duration;

use super::{
    client::FakeClient,
    play::Play,
    script::{Step, UpdateStep},
};
use crate::{BoxError, ConnectContext, Connection, ConnectionRef, Secret, Update, connection_type};

/// Two types of the same fields: what differs is a constant of the trait. All that is said of a type beyond its first
/// line is in a file, since the compiler repeats what stands in the invocation.
macro_rules! fake {
    ($(#[$attribute:meta])* $type_name:literal $ident:ident $self_healing:literal $guide:literal) => {
        $(#[$attribute])*
        #[doc = ""]
        #[doc = include_str!($guide)]
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

        // A program that lacks an `impl Connection` is not helped by a list of fakes.
        #[diagnostic::do_not_recommend]
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
    "fake" Fake false "fake.md"
}

fake! {
    /// A [`Fake`] that heals itself, as a pool does: its client is kept when checks fail. It has the same fields.
    "fake-pool" FakePool true "fake_pool.md"
}

fn rebuild() -> Vec<UpdateStep> {
    vec![UpdateStep::Rebuild]
}

fn one_second() -> Duration {
    Duration::from_secs(1)
}
