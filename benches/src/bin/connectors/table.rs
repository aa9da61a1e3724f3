//! The rows, and how they are shown.

use std::{future::Future, time::Duration};

use connection_registry::BoxError;

use crate::{
    measure::{Bench, Figures, Pair},
    messages, requests, sql, stores,
};

/// Measures and prints one type after the other.
#[allow(clippy::print_stdout)]
pub(crate) async fn print(bench: &Bench) {
    println!("{:14} {:^28} {:^23} {:^43} {:^17}", "", "connect", "until the first answer", "a query", "a get alone");
    println!(
        "{:14} {:>9} {:>9} {:>8} {:>11} {:>11} {:>9} {:>7} {:>16} {:>8} {:>8} {:>8}",
        "type", "manager", "bare", "over", "manager", "bare", "bare", "ratio", "(middle half)", "held", "ns", "% of it"
    );
    row(bench, "sqlite", sql::sqlite(bench)).await;
    row(bench, "postgres", sql::postgres(bench)).await;
    row(bench, "mysql", sql::mysql(bench)).await;
    row(bench, "redis", stores::redis(bench)).await;
    row(bench, "memcached", stores::memcached(bench)).await;
    #[cfg(feature = "etcd")]
    row(bench, "etcd", stores::etcd(bench)).await;
    row(bench, "ldap", stores::ldap(bench)).await;
    row(bench, "storage memory", stores::memory(bench)).await;
    row(bench, "storage s3", stores::s3(bench)).await;
    row(bench, "nats", messages::nats(bench)).await;
    row(bench, "nats-jetstream", messages::nats_jetstream(bench)).await;
    row(bench, "amqp", messages::amqp(bench)).await;
    row(bench, "mqtt", messages::mqtt(bench)).await;
    #[cfg(feature = "kafka")]
    row(bench, "kafka", messages::kafka(bench)).await;
    row(bench, "http", requests::http(bench)).await;
    row(bench, "grpc", requests::grpc(bench)).await;
    row(bench, "smtp", requests::smtp(bench)).await;
    row(bench, "ssh-tunnel", requests::ssh_tunnel(bench)).await;
}

/// What a type's measurement gives: nothing where its server is not installed.
pub(crate) type Measured = Result<Option<Figures>, BoxError>;

/// What a query gives.
pub(crate) type Answered = Result<(), BoxError>;

#[allow(clippy::print_stdout)]
async fn row(bench: &Bench, name: &str, measure: impl Future<Output = Measured>) {
    if !bench.wants(name) {
        return;
    }
    match Box::pin(measure).await {
        Ok(Some(figures)) => println!("{name:14} {}", shown(&figures)),
        Ok(None) => println!("{name:14} its server is not installed"),
        Err(error) => println!("{name:14} failed: {error}"),
    }
}

fn shown(figures: &Figures) -> String {
    let Figures { connected, answered, query, ratio, held, get } = figures;
    format!(
        "{} {} {} {} {} {} {:>7.3} {:>16} {:>8.3} {:>8.0} {:>8.2}",
        ms(connected.manager, 9),
        ms(connected.bare, 9),
        over(connected),
        ms(answered.manager, 11),
        ms(answered.bare, 11),
        us(*query),
        ratio.median,
        format!("{:.3} to {:.3}", ratio.lower, ratio.upper),
        held.median,
        get.as_secs_f64() * 1e9,
        get.as_secs_f64() / query.as_secs_f64() * 100.0,
    )
}

/// By how much more than 1.05 times as long: the aim is a millisecond at most.
fn over(times: &Pair) -> String {
    let over = (times.manager.as_secs_f64() - 1.05 * times.bare.as_secs_f64()) * 1e3;
    format!("{over:>+8.2}")
}

fn ms(time: Duration, width: usize) -> String {
    format!("{:>width$}", format!("{:.2} ms", time.as_secs_f64() * 1e3))
}

fn us(time: Duration) -> String {
    format!("{:>9}", format!("{:.1} us", time.as_secs_f64() * 1e6))
}
