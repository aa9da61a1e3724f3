//! What a reload costs that changes one of many connected connections, against loading the same file alone. Both are
//! timed in turn, in one run. Prints the medians and their ratio; fails when anything but that one connection is rebuilt.
//!
//! `cargo run --release -p connection-registry-benches --bin reload -- --names 10000 --rounds 21`

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use connection_registry::{BoxError, ConnectContext, Connection, ConnectionManager, Secret, connection_type};

fn main() -> Result<(), BoxError> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let folder = Folder::new()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(compare(&arguments, &folder.0.join("connections.toml")))
}

/// What is measured.
struct Arguments {
    names: usize,
    rounds: usize,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, BoxError> {
        let mut arguments = Self { names: 10_000, rounds: 21 };
        while let Some(word) = words.next() {
            let number = words.next().ok_or_else(|| format!("`{word}` needs a number"))?;
            match word.as_str() {
                "--names" => arguments.names = number.parse()?,
                "--rounds" => arguments.rounds = number.parse()?,
                _ => return Err(format!("unknown argument `{word}`: there are --names and --rounds").into()),
            }
        }
        Ok(arguments)
    }
}

/// A connection that costs nothing to make.
#[connection_type("fake")]
struct Fake {
    url: String,
    #[serde(default)]
    pool: Pool,
    #[expect(dead_code, reason = "what a real configuration has")]
    password: Secret,
}

/// The size of a pool.
#[derive(Default, connection_registry::serde::Deserialize)]
#[serde(crate = "connection_registry::serde", deny_unknown_fields)]
#[expect(dead_code, reason = "what a real configuration has")]
struct Pool {
    min: u32,
    max: u32,
}

impl Connection for Fake {
    type Client = String;

    async fn connect(&self, _cx: &ConnectContext) -> Result<String, BoxError> {
        let _ = &self.pool;
        Ok(self.url.clone())
    }
}

async fn compare(arguments: &Arguments, file: &Path) -> Result<(), BoxError> {
    write(file, arguments.names, 0)?;
    let connections = ConnectionManager::from_file(file)?;
    for name in connections.names() {
        connections.get::<String>(&name).await?;
    }
    let (mut loads, mut loads_apart, mut reloads) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        write(file, arguments.names, round)?;
        let started = Instant::now();
        let loaded = ConnectionManager::from_file(file)?;
        loads.push(started.elapsed());
        // The time to drop it does not count.
        drop(loaded);
        // On a thread that may wait for files, as a reload does it: its memory comes from elsewhere.
        let path = file.to_owned();
        let started = Instant::now();
        let loaded = tokio::task::spawn_blocking(move || ConnectionManager::from_file(path)).await??;
        loads_apart.push(started.elapsed());
        drop(loaded);
        let started = Instant::now();
        let report = connections.reload().await?;
        reloads.push(started.elapsed());
        if report.rebuilt() != ["connection-00007"] || report.unchanged().len() + 1 != arguments.names {
            return Err(format!("not exactly one was rebuilt: {report}").into());
        }
        // What is left to be dropped is not part of the next round.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    print(arguments, median(loads), median(loads_apart), median(reloads));
    Ok(())
}

#[allow(clippy::print_stdout)]
fn print(arguments: &Arguments, load: Duration, load_apart: Duration, reload: Duration) {
    let ratio = |to: Duration| reload.as_secs_f64() / to.as_secs_f64();
    println!("loading {} connections: {load:.1?} (median of {} rounds)", arguments.names, arguments.rounds);
    println!("loading them on a thread apart, as a reload does: {load_apart:.1?}");
    println!("reloading them with one change: {reload:.1?}, exactly one rebuilt each time");
    println!("ratio {:.2}, and {:.2} to the load on a thread apart", ratio(load), ratio(load_apart));
}

/// The file with as many connections, of which one says something else in each round.
fn write(file: &Path, names: usize, round: usize) -> Result<(), BoxError> {
    let mut text = String::new();
    for at in 0..names {
        let round = if at == 7 { round } else { 0 };
        writeln!(text, "[connections.connection-{at:05}]\ntype = \"fake\"")?;
        writeln!(text, "url = \"fake://server-{at}.internal:5432/database?round={round}\"")?;
        writeln!(text, "pool = {{ min = 1, max = {} }}\npassword = \"password-{at}\"\n", 10 + at % 7)?;
    }
    Ok(std::fs::write(file, text)?)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, BoxError> {
        let folder = std::env::temp_dir().join(format!("connection-registry-reload-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left behind when it cannot be removed: it is in the folder for what may be lost.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
