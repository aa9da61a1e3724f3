//! Pools of `sqlx`: one true round trip, and the true cause when the pool has none.

use std::time::Duration;

use sqlx::{ConnectOptions, Connection as _, Database, Pool, pool::PoolOptions};
use tokio::time::timeout;

use super::failure::Reason;
use crate::{BoxError, ConnectError};

/// A server that is asked through `sqlx`.
pub(in crate::connectors) struct Server<'a> {
    /// `host:port`, or the path of a socket.
    pub(in crate::connectors) endpoint: &'a str,
    /// What the driver's error means.
    pub(in crate::connectors) reason: fn(&sqlx::Error) -> Reason,
}

impl Server<'_> {
    /// A pool whose server has answered: to a connection beside it first, whose error is the true one.
    pub(in crate::connectors) async fn pool<DB: Database>(
        &self,
        options: PoolOptions<DB>,
        connect: <DB::Connection as sqlx::Connection>::Options,
        patience: Duration,
    ) -> Result<Pool<DB>, BoxError> {
        self.round_trip_without_pool::<DB>(&connect, patience).await?;
        Ok(options.connect_lazy_with(connect))
    }

    /// Asks the server through the pool. One that gives no connection within half of `patience` says nothing of the reason;
    /// a connection beside it then finds that out.
    pub(in crate::connectors) async fn round_trip<DB: Database>(
        &self,
        pool: &Pool<DB>,
        patience: Duration,
    ) -> Result<(), BoxError> {
        let attempt = async { pool.acquire().await?.ping().await };
        match timeout(patience / 2, attempt).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(sqlx::Error::PoolTimedOut)) | Err(_) => Err(self.why_no_answer(pool, patience / 2).await),
            Ok(Err(error)) => Err(self.explain(error)),
        }
    }

    async fn why_no_answer<DB: Database>(&self, pool: &Pool<DB>, patience: Duration) -> BoxError {
        match self.round_trip_without_pool::<DB>(&pool.connect_options(), patience).await {
            Err(cause) => cause,
            Ok(()) => {
                let (open, idle, most) = (pool.size(), pool.num_idle(), pool.options().get_max_connections());
                let message = format!("the pool has no free connection ({open} of {most} open, {idle} idle)");
                ConnectError::transient(format!("{message}; `{}` itself answers", self.endpoint)).into()
            }
        }
    }

    async fn round_trip_without_pool<DB: Database>(
        &self,
        options: &<DB::Connection as sqlx::Connection>::Options,
        patience: Duration,
    ) -> Result<(), BoxError> {
        let attempt = async {
            let mut connection = options.connect().await?;
            connection.ping().await?;
            connection.close().await
        };
        match timeout(patience, attempt).await {
            Ok(answer) => answer.map_err(|error| self.explain(error)),
            Err(_) => Err(Reason::Silent(patience).at(self.endpoint, None)),
        }
    }

    fn explain(&self, error: sqlx::Error) -> BoxError {
        (self.reason)(&error).at(self.endpoint, Some(error.into()))
    }
}

/// What an error of any driver of `sqlx` means, when its own codes say nothing.
pub(in crate::connectors) fn reason(error: &sqlx::Error) -> Reason {
    match error {
        sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_) => Reason::Settings,
        sqlx::Error::Tls(cause) => match Reason::of(&**cause) {
            Reason::Other => Reason::Tls,
            found => found,
        },
        _ => Reason::of(error),
    }
}

/// The driver cannot wait for longer than the clock lasts.
pub(in crate::connectors) fn bounded(wait: Duration) -> Duration {
    wait.min(Duration::from_secs(u32::MAX as u64))
}
