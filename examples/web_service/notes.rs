//! The notes, in whichever database the configuration names.

use connection_registry::{BoxError, ConnectionManager, ErrorKind, Handle, serde};
use sqlx::{PgPool, SqlitePool};

/// One note.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(crate = "connection_registry::serde")]
pub(crate) struct Note {
    /// Counted from 1.
    pub id: i64,
    /// What was written.
    pub text: String,
}

/// The table of the notes. A handle and not a pool, so that a reload may replace the pool.
pub(crate) enum Notes {
    Sqlite(Handle<SqlitePool>),
    Postgres(Handle<PgPool>),
}

/// The same statements for either pool: they differ in nothing but their Rust type.
macro_rules! on_the_pool {
    ($notes:expr, $pool:ident => $work:expr) => {
        match $notes {
            Notes::Sqlite(handle) => {
                let $pool = handle.get().await?;
                $work
            }
            Notes::Postgres(handle) => {
                let $pool = handle.get().await?;
                $work
            }
        }
    };
}

impl Notes {
    /// The notes of the connection `notes`, whatever its type.
    pub(crate) fn new(connections: &ConnectionManager) -> Result<Self, BoxError> {
        match connections.handle::<PgPool>("notes") {
            Ok(handle) => Ok(Self::Postgres(handle)),
            Err(error) if error.kind() == ErrorKind::WrongType => Ok(Self::Sqlite(connections.handle("notes")?)),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the table where it is missing.
    pub(crate) async fn prepare(&self) -> Result<(), BoxError> {
        let key = match self {
            Self::Sqlite(_) => "integer primary key",
            Self::Postgres(_) => "bigint generated always as identity primary key",
        };
        let table = format!("create table if not exists notes (id {key}, text text not null)");
        on_the_pool!(self, pool => sqlx::query(sqlx::AssertSqlSafe(table)).execute(&*pool).await.map(drop)?);
        Ok(())
    }

    pub(crate) async fn add(&self, text: &str) -> Result<(), BoxError> {
        let insert = "insert into notes (text) values ($1)";
        on_the_pool!(self, pool => sqlx::query(insert).bind(text).execute(&*pool).await.map(drop)?);
        Ok(())
    }

    pub(crate) async fn all(&self) -> Result<Vec<Note>, BoxError> {
        let select = "select id, text from notes order by id";
        let rows: Vec<(i64, String)> = on_the_pool!(self, pool => sqlx::query_as(select).fetch_all(&*pool).await?);
        Ok(rows.into_iter().map(|(id, text)| Note { id, text }).collect())
    }
}
