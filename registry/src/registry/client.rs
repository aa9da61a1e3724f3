//! A client with what belongs to it: where it comes from, who holds it, and what is left of it when it is let go of.

use std::{
    any::TypeId,
    sync::{Arc, Weak},
    time::Duration,
};

use super::pending::Pending;
use crate::{
    config::{Fingerprint, Lifecycle},
    connection::AnyClient,
    erased::ErasedConnection,
    error::Error,
    lease::AnyLease,
};

/// A connected client, with what it was made from.
pub(crate) struct Client {
    pub(crate) any: AnyClient,
    pub(crate) client_type: ClientType,
    /// `None` for a client that was inserted ready-made.
    pub(crate) origin: Option<Origin>,
    /// The how manieth client of its connection it is; zero as long as nobody was told of it.
    pub(crate) generation: u64,
    /// When it was connected, since the manager was built.
    pub(crate) connected_at: Duration,
}

/// What a client was made from.
#[derive(Clone)]
pub(crate) struct Origin {
    /// The author's struct, with the values that were in force.
    pub(crate) instance: Arc<dyn ErasedConnection>,
    /// The texts that no message may show.
    pub(crate) secrets: Arc<[String]>,
    /// What it was made from, placeholders resolved: whether that differs from what the configuration says now.
    pub(crate) content: Fingerprint,
    /// What held when it was connected.
    pub(crate) lifecycle: Lifecycle,
}

/// A client that is not the current one any more, with all leases from which there may be guards.
pub(crate) struct Retired {
    pub(crate) client: Client,
    leases: Leases,
}

/// The leases of one client, but for the one that owns it.
#[derive(Default)]
pub(crate) struct Leases {
    pub(super) all: Vec<Arc<dyn AnyLease>>,
    /// Which client of its name it is.
    pub(super) generation: Option<u64>,
}

/// Who may still have a client that was let go of. It keeps neither the client nor a lease alive.
pub(crate) struct Holders {
    owner: Weak<dyn AnyLease>,
    others: Vec<Weak<dyn AnyLease>>,
}

/// What an entry has let go of. Drop it outside every lock: that of a client or of an error is the user's code.
#[must_use = "it is let go of outside the locks"]
pub(crate) struct Replaced {
    pub(crate) retired: Option<Retired>,
    pub(crate) outdated: Option<Pending>,
    pub(crate) failure: Option<Error>,
}

/// A Rust type: its identity, and its name for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientType {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
}

impl Client {
    /// It is the client number `generation` of its connection, which is told at the moment `at`.
    pub(crate) fn arrived(&mut self, generation: u64, at: Duration) {
        self.generation = generation;
        if self.origin.is_none() {
            self.connected_at = at;
        }
    }
}

impl Retired {
    pub(crate) fn new(client: Client, leases: Leases) -> Self {
        Self { client, leases }
    }

    /// How many guards are still out.
    pub(crate) fn guards(&self) -> usize {
        guards(&self.client.any, self.leases.all.iter())
    }

    /// Which client of its name it is, where that is known.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.leases.generation
    }

    /// A way to count the guards once this is gone.
    pub(crate) fn holders(&self) -> Holders {
        let owner = &self.client.any;
        let others = self.leases.all.iter().filter(|lease| !Arc::ptr_eq(lease, owner));
        Holders { owner: Arc::downgrade(owner), others: others.map(Arc::downgrade).collect() }
    }

    /// The client alone: from now on the last guard drops it, unless this is the last.
    pub(crate) fn into_client(self) -> Client {
        self.client
    }
}

impl Holders {
    /// How many guards are still out. Whoever else has the client counts as one.
    pub(crate) fn guards(&self) -> usize {
        let others = self.others.iter().map(Weak::strong_count).filter(|guards| *guards > 0);
        // Each of these holds the owner once.
        let (leases, of_others) = others.fold((0, 0), |(leases, sum), guards| (leases + 1, sum + guards));
        of_others + self.owner.strong_count().saturating_sub(leases)
    }
}

impl Replaced {
    pub(super) fn let_go(self) {
        let Self { retired, outdated, failure } = self;
        if let Some(pending) = outdated {
            pending.abort();
        }
        drop((retired, failure));
    }
}

impl ClientType {
    pub(crate) fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: std::any::type_name::<T>() }
    }
}

/// How many guards there are of the client that `owner` owns. Each of the other leases is the owner itself or holds it
/// once.
pub(super) fn guards<'l>(
    owner: &'l Arc<dyn AnyLease>,
    leases: impl Iterator<Item = &'l Arc<dyn AnyLease>> + Clone,
) -> usize {
    let others = leases.clone().filter(|lease| !Arc::ptr_eq(lease, owner));
    let of_others: usize = others.map(|lease| Arc::strong_count(lease) - 1).sum();
    of_others + Arc::strong_count(owner).saturating_sub(1 + leases.count())
}
