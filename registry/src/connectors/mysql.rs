//! `mysql`: a MySQL or MariaDB server, through a pool.
//!
//! ```toml
//! [connections.primary_db]
//! type = "mysql"
//! host = "db.example.com"
//! user = "app"
//! password = "${env:DATABASE_PASSWORD}"
//! database = "app"
//! tls.mode = "verify-full"
//! ```
//!
//! The client is a [`MySqlPool`] of `sqlx`.

mod failure;
mod options;
#[cfg(test)]
mod tests;

use std::{num::NonZeroU32, time::Duration};

use sqlx::MySqlPool;

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

/// A MySQL or MariaDB server. The client is a pool, `sqlx::MySqlPool`.
///
/// Either `url` says where the server is and who asks, or `host`, `port`, `user`, `password` and `database` do.
///
/// Encryption: without a table `tls` the `ssl-mode` of the URL counts, and else the connection is encrypted where the
/// server can. With a table `tls` the server is verified in full, unless its `mode` says less. MySQL 8 asks for encryption
/// when it stores passwords as it does by default.
///
/// The pool dials again by itself: it is kept while the server is down. A check takes a connection from the pool, which
/// asks the server before it gives one out. When nothing but the password has changed, a reload keeps the pool: the server
/// is asked once with the new password, which each new connection then uses.
///
/// The driver speaks UTF-8 and UTC with the server, and tells it no name of the application.
#[connection_type("mysql")]
#[derive(Debug)]
pub struct MySql {
    /// Where the server is and who asks: `mysql://user:password@host:3306/database`. Special characters of the password
    /// are percent-encoded. `ssl-mode` and the other parameters of the driver may follow. Excludes `host` and its companions.
    url: Option<Secret>,

    /// The name or address of the server, or the path of its socket, which begins with `/`.
    host: Option<String>,

    /// Default: 3306.
    port: Option<u16>,

    /// Default: "root".
    user: Option<String>,

    /// As it is, whatever characters it has.
    password: Option<Secret>,

    /// Default: none.
    database: Option<String>,

    /// How the connection is encrypted: `mode` (`disable`, `prefer`, `require`, `verify-ca` or `verify-full`), `ca`,
    /// `certificate` and `key`, the paths of PEM files. The authorities of the system are trusted beside `ca`.
    tls: Option<Tls>,

    /// The connection of type `ssh-tunnel` through which the server is reached. Its host is as the SSH server knows it.
    #[cfg(feature = "ssh-tunnel")]
    tunnel: Option<ConnectionRef<Tunnel>>,

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

    /// After it the server ends a statement; MySQL only one that reads. Default: what the server says.
    statement_timeout: Option<Duration>,
}

impl Connection for MySql {
    type Client = MySqlPool;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<MySqlPool, BoxError> {
        let options = self.options(cx).await?;
        let label = options::endpoint(&options);
        let route = via!(self).route(cx, label, options.get_host(), options.get_port()).await?;
        let options = options::along(options, &route);
        let pool = self.server(route.endpoint()).pool(&self.limits(), options, before_deadline(cx)).await;
        route.explained(pool).await
    }

    async fn check(&self, client: &MySqlPool) -> Result<(), BoxError> {
        self.server(&self.label(client)).round_trip(client, patience::CHECK).await
    }

    async fn update(&self, client: &MySqlPool, new: &Self) -> Result<Update, BoxError> {
        let Some(password) = self.new_password(new) else { return Ok(Update::Rebuild) };
        let options = client.connect_options().as_ref().clone().password(&password);
        self.server(&self.label(client)).change(client, options, patience::CHECK).await?;
        Ok(Update::InPlace)
    }

    async fn disconnect(&self, client: &MySqlPool) -> Result<(), BoxError> {
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
        self.address().ok().map(|options| via!(self).endpoint(options::endpoint(&options)))
    }
}

impl MySql {
    /// What errors call the server: where the client dials may be the local end of a tunnel.
    fn label(&self, client: &MySqlPool) -> String {
        self.endpoint().unwrap_or_else(|| options::endpoint(&client.connect_options()))
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

    fn server<'a>(&self, endpoint: &'a str) -> Server<'a> {
        Server { endpoint, reason: failure::reason, begin: self.statement_timeout.map(options::limit_of_a_statement) }
    }
}
