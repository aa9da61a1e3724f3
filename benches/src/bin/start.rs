//! How long `start()` takes for many eager connections, each of which takes 100 ms to connect, against the least that
//! the bound of attempts under way allows. In real time.
//!
//! `cargo run --release -p connection-registry-benches --bin start -- 60 64 640 6400`

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use connection_registry::{BoxError, ConnectContext, Connection, ConnectionManager, connection_type};

fn main() -> Result<(), BoxError> {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse()).collect::<Result<Vec<usize>, _>>()?;
    if numbers.is_empty() {
        numbers = vec![60, 64, 640, 6400];
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    runtime.block_on(async {
        // Warms up the allocator and the threads.
        started(BOUND).await?;
        for names in numbers {
            report(names, started(names).await?);
        }
        Ok(())
    })
}

/// A server that is far away.
#[connection_type("distant")]
struct Distant {}

impl Connection for Distant {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        tokio::time::sleep(ONE).await;
        Ok(())
    }
}

async fn started(names: usize) -> Result<Duration, BoxError> {
    let mut text = String::from("[defaults.lifecycle]\nstart = 'eager'\n[connections]\n");
    for number in 0..names {
        let _ = writeln!(text, "name_{number} = {{ type = 'distant' }}");
    }
    let connections =
        ConnectionManager::builder().toml(text).environment([("", ""); 0]).max_concurrent_connects(BOUND).build()?;
    let began = Instant::now();
    connections.start().await?;
    let took = began.elapsed();
    assert!(connections.ready());
    Ok(took)
}

#[allow(clippy::print_stdout)]
fn report(names: usize, took: Duration) {
    let waves = u32::try_from(names.div_ceil(BOUND)).unwrap_or(u32::MAX);
    let ideal = ONE * waves;
    println!(
        "{names:>6} connections of {} ms, {BOUND} at once: {:>9.1} ms, the least is {:>6} ms, {:.3}x",
        ONE.as_millis(),
        took.as_secs_f64() * 1e3,
        ideal.as_millis(),
        took.as_secs_f64() / ideal.as_secs_f64(),
    );
}

/// How many may be in the making at once: the default of the manager.
const BOUND: usize = 64;

/// How long one takes.
const ONE: Duration = Duration::from_millis(100);
