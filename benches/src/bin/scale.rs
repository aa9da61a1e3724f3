//! What a declared connection costs while nobody asks for it: bytes of heap for each name, where they are, and what
//! one costs more once it is connected.
//!
//! `cargo run --release -p connection-registry-benches --bin scale -- 100000`

use std::{alloc::System, collections::HashMap, fmt::Write as _, fs, time::Instant};

use connection_registry::{BoxError, ConnectContext, Connection, ConnectionManager, Secret, connection_type};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> Result<(), BoxError> {
    let names = std::env::args().nth(1).map_or(Ok(100_000), |number| number.parse())?;
    // One thread, so that nothing is allocated beside what is measured.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(measure(names))
}

/// A service with a placeholder in one of three fields.
#[connection_type("service")]
#[expect(dead_code, reason = "it is what is kept that counts")]
struct Service {
    url: String,
    port: u16,
    password: Secret,
}

impl Connection for Service {
    type Client = u64;

    async fn connect(&self, _cx: &ConnectContext) -> Result<u64, BoxError> {
        Ok(1)
    }
}

async fn measure(names: usize) -> Result<(), BoxError> {
    let table = Heap::now();
    let shaped_as_the_names: HashMap<usize, [usize; 2]> = (0..names).map(|number| (number, [0; 2])).collect();
    let table = table.grown();
    drop(shaped_as_the_names);

    let file = std::env::temp_dir().join(format!("connection-registry-scale-{}.toml", std::process::id()));
    let text = configuration(names);
    fs::write(&file, &text)?;
    let size = text.len();
    drop(text);
    let all = Heap::now();
    let began = Instant::now();
    let built = ConnectionManager::builder()
        .file(&file)
        .max_config_bytes(u64::MAX)
        .environment([("PASSWORD", "a password of many")])
        .build();
    let took = began.elapsed();
    fs::remove_file(&file)?;
    let manager = built?;
    let declared = all.grown();

    let mut report = Report { names, lines: Vec::new() };
    report.line("declared and not connected", declared);
    let connected = Heap::now();
    let mut guards = Vec::with_capacity(names);
    for number in 0..names {
        guards.push(manager.get::<u64>(&name(number)).await?);
    }
    let kept = Grown { bytes: names * size_of_val(&guards[0]), blocks: 1 };
    report.line("  and, once connected, beside that", connected.grown().without(kept));
    drop(guards);

    // A manager that has connected nothing, apart into its rooms.
    drop(manager);
    fs::write(&file, configuration(names))?;
    let built = ConnectionManager::builder().file(&file).max_config_bytes(u64::MAX).environment([("", ""); 0]).build();
    fs::remove_file(&file)?;
    let manager = built?;
    let before = Heap::now();
    manager.registry().clear();
    let entries = before.shrunk();
    report.line("  of that: text of the file", Grown { bytes: size, blocks: 1 });
    report.line(
        "  of that: configuration and index of names",
        declared.without(entries).without(Grown { bytes: size + table.bytes, blocks: 2 }),
    );
    report.line("  of that: registry, entries", entries);
    report.line("  of that: registry, the table of entries", table);
    report.print(took);
    Ok(())
}

/// What lay on the heap at one moment.
struct Heap {
    bytes: usize,
    blocks: usize,
}

/// How much more lies there.
#[derive(Clone, Copy)]
struct Grown {
    bytes: usize,
    blocks: usize,
}

impl Heap {
    fn now() -> Self {
        let stats = HEAP.stats();
        Self { bytes: stats.bytes_allocated - stats.bytes_deallocated, blocks: stats.allocations - stats.deallocations }
    }

    fn grown(&self) -> Grown {
        let now = Self::now();
        Grown { bytes: now.bytes.saturating_sub(self.bytes), blocks: now.blocks.saturating_sub(self.blocks) }
    }

    fn shrunk(&self) -> Grown {
        let now = Self::now();
        Grown { bytes: self.bytes.saturating_sub(now.bytes), blocks: self.blocks.saturating_sub(now.blocks) }
    }
}

impl Grown {
    fn without(self, part: Self) -> Self {
        Self { bytes: self.bytes.saturating_sub(part.bytes), blocks: self.blocks.saturating_sub(part.blocks) }
    }
}

/// What was measured, for each name.
struct Report {
    names: usize,
    lines: Vec<(&'static str, Grown)>,
}

impl Report {
    fn line(&mut self, what: &'static str, grown: Grown) {
        self.lines.push((what, grown));
    }

    #[allow(clippy::print_stdout)]
    fn print(&self, took: std::time::Duration) {
        println!(
            "\n{} names, each with 3 fields and a placeholder in one; loaded in {:.2} s",
            self.names,
            took.as_secs_f64()
        );
        for (what, Grown { bytes, blocks }) in &self.lines {
            let of_each = |number: &usize| *number as f64 / self.names as f64;
            println!("  {what:<46} {:>8.0} bytes {:>6.1} blocks", of_each(bytes), of_each(blocks));
        }
    }
}

fn name(number: usize) -> String {
    format!("service-{number:06}")
}

fn configuration(names: usize) -> String {
    let mut text = String::new();
    for number in 0..names {
        let _ = writeln!(
            text,
            "[connections.{}]\ntype = 'service'\nurl = 'https://host-{number:06}.example/api'\nport = 8080\n\
             password = '${{env:PASSWORD}}'\n",
            name(number)
        );
    }
    text
}
