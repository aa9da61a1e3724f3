//! `postgres`: a PostgreSQL server, through a pool.
//!
//! ```toml
//! [connections.primary_db]
//! type = "postgres"
//! host = "db.example.com"
//! user = "app"
//! password = "${env:DATABASE_PASSWORD}"
//! database = "app"
//! tls.mode = "verify-full"
//! ```
//!
//! The client is a [`PgPool`] of `sqlx`.

mod failure;
mod options;
#[cfg(test)]
mod tests;

use std::{num::NonZeroU32, time::Duration};

use sqlx::PgPool;

use super::shared::{
    address::one_way,
    patience::{self, before_deadline},
    route::via,
    sql::{self, Limits, Server},
    tls::Tls,
};
use crate::{BoxError, ConnectContext, Connection, Secret, Update, Validation, connection_type};
#[cfg(feature = "ssh-tunnel")]
use crate::{ConnectionRef, connectors::Tunnel};

/// A PostgreSQL server. The client is a pool, `sqlx::PgPool`.
///
/// Either `url` says where the server is and who asks, or `host`, `port`, `user`, `password` and `database` do. What neither
/// says is not looked for elsewhere: `~/.pgpass` is not read, and no variable such as `PGHOST`, `PGUSER` or `PGPASSWORD` counts;
/// write `"${env:PGPASSWORD}"` for one that should. The driver cannot be kept from three of them: `PGOPTIONS`, and, without a
/// client certificate of this connection, `PGSSLCERT` and `PGSSLKEY`.
///
/// Encryption: without a table `tls` the `sslmode` of the URL counts, and else the connection is encrypted where the
/// server can. With a table `tls` the server is verified in full, unless its `mode` says less.
///
/// The pool dials again by itself: it is kept while the server is down. A check takes a connection from the pool, which
/// asks the server before it gives one out. When nothing but the password has changed, a reload keeps the pool: the server
/// is asked once with the new password, which each new connection then uses.
#[connection_type("postgres")]
#[derive(Debug)]
pub struct Postgres {
    /// Where the server is and who asks: `postgres://user:password@host:5432/database`. Special characters of the password
    /// are percent-encoded. `sslmode` and the other parameters of the driver may follow. Excludes `host` and its companions.
    url: Option<Secret>,

    /// The name or address of the server, or the folder of its socket, which begins with `/`.
    host: Option<String>,

    /// Default: 5432.
    port: Option<u16>,

    /// Default: the name of the system's user.
    user: Option<String>,

    /// As it is, whatever characters it has.
    password: Option<Secret>,

    /// Default: the name of the user.
    database: Option<String>,

    /// How the connection is encrypted: `mode` (`disable`, `prefer`, `require`, `verify-ca` or `verify-full`), `ca`,
    /// `certificate` and `key`, the paths of PEM files. The authorities of the system are trusted beside `ca`.
    tls: Option<Tls>,

    /// The connection of type `ssh-tunnel` through which the server is reached. Its host is as the SSH server knows it.
    #[cfg(feature = "ssh-tunnel")]
    tunnel: Option<ConnectionRef<Tunnel>>,

    /// What the server shows of this application in its own views. Default: what the URL says, else the name of the
    /// connection.
    application_name: Option<String>,

    /// How many connections the pool opens at most, up to 65535. Default: 10.
    #[serde(default = "sql::default_max_connections")]
    max_connections: NonZeroU32,

    /// How many connections the pool opens at once and keeps open. Default: 0.
    #[serde(default)]
    min_connections: u32,

    /// How long a caller waits for a free connection of the pool. Default: "10s".
    #[serde(default = "sql::default_acquire_timeout")]
    acquire_timeout: Duration,

    /// After it an unused connection is closed. Default: "10m".
    #[serde(default = "sql::default_idle_timeout")]
    idle_timeout: Duration,

    /// After it a connection is closed, used or not. Default: "30m".
    #[serde(default = "sql::default_max_lifetime")]
    max_lifetime: Duration,

    /// After it the server ends a statement. Default: never.
    statement_timeout: Option<Duration>,
}

impl Connection for Postgres {
    type Client = PgPool;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<PgPool, BoxError> {
        let (options, place) = (self.options(cx).await?, self.place()?);
        let (host, port) = place.host_and_port();
        let route = via!(self).route(cx, place.to_string(), host, port).await?;
        let options = options::along(options, &route);
        let pool = server(route.endpoint()).pool(&self.limits(), options, before_deadline(cx)).await;
        route.explained(pool).await
    }

    async fn check(&self, client: &PgPool) -> Result<(), BoxError> {
        server(&self.label()).round_trip(client, patience::CHECK).await
    }

    async fn update(&self, client: &PgPool, new: &Self) -> Result<Update, BoxError> {
        let Some(password) = self.new_password(new) else { return Ok(Update::Rebuild) };
        let options = client.connect_options().as_ref().clone().password(&password);
        server(&self.label()).change(client, options, patience::CHECK).await?;
        Ok(Update::InPlace)
    }

    async fn disconnect(&self, client: &PgPool) -> Result<(), BoxError> {
        client.close().await;
        Ok(())
    }

    fn validate(&self, validation: &mut Validation) {
        let parts = [
            ("host", self.host.is_some()),
            ("port", self.port.is_some()),
            ("user", self.user.is_some()),
            ("password", self.password.is_some()),
            ("database", self.database.is_some()),
        ];
        one_way(validation, self.url.is_some(), &parts);
        if let Some(url) = &self.url
            && let Some(why) = options::url_fault(url.expose())
        {
            validation.invalid(&["url"], why);
        }
        if let Some(tls) = &self.tls {
            options::validate_tls(tls, validation);
        }
        self.validate_tunnel(validation);
        self.limits().validate(validation);
    }

    fn endpoint(&self) -> Option<String> {
        self.place().ok().map(|place| via!(self).endpoint(place.to_string()))
    }
}

impl Postgres {
    /// What errors call the server: where the client dials may be the local end of a tunnel.
    fn label(&self) -> String {
        self.endpoint().unwrap_or_default()
    }

    fn limits(&self) -> Limits {
        Limits {
            max_connections: self.max_connections,
            min_connections: self.min_connections,
            acquire_timeout: self.acquire_timeout,
            idle_timeout: self.idle_timeout,
            max_lifetime: self.max_lifetime,
        }
    }
}

fn server(endpoint: &str) -> Server<'_> {
    Server { endpoint, reason: failure::reason, begin: None }
}
