//! Pools of `sqlx`: one true round trip, and the true cause when the pool has none.

use std::{num::NonZeroU32, pin::pin, time::Duration};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Database, Executor, Pool, pool::PoolOptions, raw_sql};
use tokio::time::{Instant, sleep, timeout};

use super::failure::Reason;
use crate::{BoxError, ConnectError, Validation};

/// A server that is asked through `sqlx`.
pub(in crate::connectors) struct Server<'a> {
    /// `host:port`, or the path of a socket.
    pub(in crate::connectors) endpoint: &'a str,
    /// What the driver's error means.
    pub(in crate::connectors) reason: fn(&sqlx::Error) -> Reason,
    /// What is said first on each new connection.
    pub(in crate::connectors) begin: Option<String>,
}

/// The options with which the driver of `DB` connects.
type Options<DB> = <<DB as Database>::Connection as sqlx::Connection>::Options;

impl Server<'_> {
    /// A pool whose server has answered, mostly to its own first connection. The pool goes on dialling where nobody listens or
    /// the server is starting, and says nothing of it: so a connection beside it follows, whose error is the true one.
    pub(in crate::connectors) async fn pool<DB: Database>(
        &self,
        limits: &Limits,
        connect: Options<DB>,
        patience: Duration,
    ) -> Result<Pool<DB>, BoxError>
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    {
        let mut options = limits.options::<DB>();
        if let Some(begin) = self.begin.clone() {
            options = options.after_connect(move |connection, _| Box::pin(say::<DB>(connection, begin.clone())));
        }
        let begun = Instant::now();
        if let Some(pool) = self.opened(options.clone(), &connect, patience).await? {
            return Ok(pool);
        }
        if limits.min_connections == 0 {
            return Ok(options.connect_lazy_with(connect));
        }
        // The driver opens the least that there must be here, and else only after it has closed one.
        let rest = patience.saturating_sub(begun.elapsed());
        match timeout(rest, options.connect_with(connect)).await {
            Ok(pool) => pool.map_err(|error| self.explain(error)),
            Err(_) => Err(Reason::Silent(patience).at(self.endpoint, None)),
        }
    }

    /// The pool with its first connection; none when the server has answered the one beside it sooner.
    async fn opened<DB: Database>(
        &self,
        options: PoolOptions<DB>,
        connect: &Options<DB>,
        patience: Duration,
    ) -> Result<Option<Pool<DB>>, BoxError>
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    {
        let mut beside = pin!(async {
            sleep(HEAD_START).await;
            self.round_trip_without_pool::<DB>(connect, patience.saturating_sub(HEAD_START)).await.map(|()| None)
        });
        tokio::select! {
            biased;
            opened = options.connect_with(connect.clone()) => match opened {
                Err(sqlx::Error::PoolTimedOut) => beside.await,
                opened => opened.map(Some).map_err(|error| self.explain(error)),
            },
            answer = &mut beside => answer,
        }
    }

    /// Asks the server through the pool. One that gives no connection within half of `patience` says nothing of the reason;
    /// a connection beside it then finds that out.
    pub(in crate::connectors) async fn round_trip<DB: Database>(
        &self,
        pool: &Pool<DB>,
        patience: Duration,
    ) -> Result<(), BoxError>
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    {
        // The pool itself asks before it gives out a connection, and a new one has just been answered.
        match timeout(patience / 2, pool.acquire()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(sqlx::Error::PoolTimedOut)) | Err(_) => Err(self.why_no_answer(pool, patience / 2).await),
            Ok(Err(error)) => Err(self.explain(error)),
        }
    }

    /// Lets the pool connect by other options from now on, once the server has accepted them. What is open stays open.
    pub(in crate::connectors) async fn change<DB: Database>(
        &self,
        pool: &Pool<DB>,
        connect: Options<DB>,
        patience: Duration,
    ) -> Result<(), BoxError>
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    {
        self.round_trip_without_pool::<DB>(&connect, patience).await?;
        pool.set_connect_options(connect);
        Ok(())
    }

    async fn why_no_answer<DB: Database>(&self, pool: &Pool<DB>, patience: Duration) -> BoxError
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    {
        match self.round_trip_without_pool::<DB>(&pool.connect_options(), patience).await {
            Err(cause) => cause,
            Ok(()) => used_up(pool, &format!("`{}`", self.endpoint)),
        }
    }

    async fn round_trip_without_pool<DB: Database>(
        &self,
        options: &Options<DB>,
        patience: Duration,
    ) -> Result<(), BoxError>
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    {
        let attempt = async {
            let mut connection = options.connect().await?;
            if let Some(begin) = self.begin.clone() {
                say::<DB>(&mut connection, begin).await?;
            }
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

async fn say<DB: Database>(connection: &mut DB::Connection, text: String) -> Result<(), sqlx::Error>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    raw_sql(AssertSqlSafe(text)).execute(connection).await.map(drop)
}

/// How many connections a pool has, and for how long.
pub(in crate::connectors) struct Limits {
    pub(in crate::connectors) max_connections: NonZeroU32,
    pub(in crate::connectors) min_connections: u32,
    pub(in crate::connectors) acquire_timeout: Duration,
    pub(in crate::connectors) idle_timeout: Duration,
    pub(in crate::connectors) max_lifetime: Duration,
}

impl Limits {
    fn options<DB: Database>(&self) -> PoolOptions<DB> {
        PoolOptions::new()
            .max_connections(self.max_connections.get())
            .min_connections(self.min_connections)
            .acquire_timeout(bounded(self.acquire_timeout))
            .idle_timeout(bounded(self.idle_timeout))
            .max_lifetime(bounded(self.max_lifetime))
    }

    pub(in crate::connectors) fn validate(&self, validation: &mut Validation) {
        validate_pool(self.max_connections, self.acquire_timeout, validation);
        if self.min_connections > self.max_connections.get() {
            validation.invalid(&["min_connections", "max_connections"], "must not be above `max_connections`");
        }
        // The pool would close each connection before it gives it out.
        if self.max_lifetime.is_zero() {
            validation.invalid(&["max_lifetime"], NOT_ZERO);
        }
    }
}

/// What every pool has.
pub(in crate::connectors) fn validate_pool(
    max_connections: NonZeroU32,
    acquire_timeout: Duration,
    validation: &mut Validation,
) {
    if max_connections.get() > MOST_CONNECTIONS {
        validation.invalid(&["max_connections"], "must be at most 65535");
    }
    if acquire_timeout.is_zero() {
        validation.invalid(&["acquire_timeout"], NOT_ZERO);
    }
}

/// The error of a pool that gives no connection while `server` itself answers.
pub(in crate::connectors) fn used_up<DB: Database>(pool: &Pool<DB>, server: &str) -> BoxError {
    let (open, idle, most) = (pool.size(), pool.num_idle(), pool.options().get_max_connections());
    let message = format!("the pool has no free connection ({open} of {most} open, {idle} idle)");
    ConnectError::transient(format!("{message}; {server} itself answers")).into()
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

pub(in crate::connectors) fn default_max_connections() -> NonZeroU32 {
    const { NonZeroU32::new(10).expect("ten is not zero") }
}

pub(in crate::connectors) fn default_acquire_timeout() -> Duration {
    Duration::from_secs(10)
}

pub(in crate::connectors) fn default_idle_timeout() -> Duration {
    Duration::from_secs(10 * 60)
}

pub(in crate::connectors) fn default_max_lifetime() -> Duration {
    Duration::from_secs(30 * 60)
}

/// How long a pool is left alone with its first connection: a server that is near has answered by then.
const HEAD_START: Duration = Duration::from_millis(50);

/// The pool sets a place aside for each connection that it may ever have.
const MOST_CONNECTIONS: u32 = 65_535;

const NOT_ZERO: &str = "must be longer than zero";
