//! One use of a client, as an application does it.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::timeout};

use super::{
    bench::{Bench, NAME},
    output,
};
use crate::{BoxError, Conn, Connection, ConnectionManager};

/// What the author's application does with a client.
pub(super) struct Usage<T>(Arc<dyn Fn(Conn<T>) -> Using + Send + Sync>);

type Using = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

impl<T> Clone for Usage<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Usage<T> {
    pub(super) fn new<F>(work: impl Fn(Conn<T>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Self(Arc::new(move |client| Box::pin(work(client))))
    }

    /// Gets the client and uses it, in a task of its own that ends with the limit. All its errors are searched for canaries.
    pub(super) async fn once<C: Connection<Client = T>>(
        &self,
        bench: &Arc<Bench<C>>,
        manager: &ConnectionManager,
        limit: Duration,
    ) -> Result<(), String>
    where
        T: Send + Sync + 'static,
    {
        let mut task = JoinSet::new();
        task.spawn(self.clone().get_and_use(Arc::clone(bench), manager.clone()));
        match timeout(limit, task.join_next()).await {
            Ok(Some(Ok(result))) => result,
            Ok(_) => Err("the use panicked".to_owned()),
            Err(_) => Err(format!("the use did not end within {limit:?}")),
        }
    }

    async fn get_and_use<C: Connection<Client = T>>(
        self,
        bench: Arc<Bench<C>>,
        manager: ConnectionManager,
    ) -> Result<(), String>
    where
        T: Send + Sync + 'static,
    {
        let client = manager.get::<T>(NAME).await.map_err(|error| {
            bench.search(&output::of_error(&error));
            format!("no client: {error}")
        })?;
        (self.0)(client).await.map_err(|error| {
            bench.search(&[("the error of a use", output::of_cause(&*error))]);
            format!("the use failed: {error}")
        })
    }
}
