//! From the outbox to the broker: at least once, in order.

use async_nats::{HeaderMap, jetstream};
use connection_registry::{BoxError, ConnectionManager};
use sqlx::SqlitePool;

/// How many messages are in the outbox.
pub(crate) async fn waiting(shop: &SqlitePool) -> Result<i64, BoxError> {
    Ok(sqlx::query_scalar("select count(*) from outbox where not sent").fetch_one(shop).await?)
}

/// Sends every message that waits, and marks it once the broker has it. Gives their number.
pub(crate) async fn send_all(connections: &ConnectionManager, shop: &SqlitePool) -> Result<usize, BoxError> {
    let broker = connections.get::<jetstream::Context>("broker").await?;
    let subjects = vec![SUBJECT.to_owned()];
    let stream = jetstream::stream::Config { name: STREAM.to_owned(), subjects, ..Default::default() };
    broker.get_or_create_stream(stream).await?;

    let select = "select id, message from outbox where not sent order by id";
    let messages: Vec<(i64, String)> = sqlx::query_as(select).fetch_all(shop).await?;
    for (id, message) in &messages {
        send(&broker, *id, message).await?;
        sqlx::query("update outbox set sent = 1 where id = $1").bind(id).execute(shop).await?;
        println!("  sent: {message}");
    }
    Ok(messages.len())
}

/// Sends one message and waits until the broker has stored it. One that is sent twice, since the mark did not follow, the
/// broker knows by its number and stores once.
async fn send(broker: &jetstream::Context, id: i64, message: &str) -> Result<(), BoxError> {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", format!("outbox-{id}"));
    broker.publish_with_headers(SUBJECT, headers, message.to_owned().into()).await?.await?;
    Ok(())
}

const STREAM: &str = "ORDERS";
const SUBJECT: &str = "orders.placed";
