//! Compares ways of doing one thing: batches of all of them in turn, so that a noisy machine hurts all alike, and the
//! lower quartile of each.

use std::time::{Duration, Instant};

/// One way of doing the thing.
pub struct Variant<'a> {
    name: &'static str,
    batch: Box<dyn FnMut(u64) -> Duration + 'a>,
    samples: Vec<f64>,
}

/// The ways that are compared in one run.
#[derive(Default)]
pub struct Comparison<'a> {
    variants: Vec<Variant<'a>>,
}

impl<'a> Comparison<'a> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a way; `batch` does it as often as it is told and says how long that took.
    pub fn add(&mut self, name: &'static str, batch: impl FnMut(u64) -> Duration + 'a) -> &mut Self {
        self.variants.push(Variant { name, batch: Box::new(batch), samples: Vec::new() });
        self
    }

    /// Runs `rounds` rounds of one batch of `size` each, and prints the lower quartile of the time of one, and the
    /// ratio to the first.
    #[allow(clippy::print_stdout)]
    pub fn run(&mut self, title: &str, rounds: usize, size: u64) {
        for round in 0..=rounds {
            for variant in &mut self.variants {
                let took = (variant.batch)(size);
                // The first round warms up.
                if round > 0 {
                    variant.samples.push(took.as_secs_f64() * 1e9 / size as f64);
                }
            }
        }
        println!("\n{title}");
        let first = quartile(&mut self.variants[0].samples);
        for variant in &mut self.variants {
            let nanoseconds = quartile(&mut variant.samples);
            println!("  {:<58} {:>13} {:>6.2}x", variant.name, readable(nanoseconds), nanoseconds / first);
        }
    }
}

impl std::fmt::Debug for Comparison<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.variants.iter().map(|variant| variant.name)).finish()
    }
}

impl std::fmt::Debug for Variant<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// How long `work` takes.
pub fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The longer of the times that two threads take to run `work` at once; each gets its own number.
pub fn on_two_threads(work: impl Fn(usize) + Sync) -> Duration {
    let barrier = std::sync::Barrier::new(2);
    let run = |number| {
        barrier.wait();
        timed(|| work(number))
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| run(1));
        let mine = run(0);
        other.join().map_or(mine, |theirs| theirs.max(mine))
    })
}

fn readable(nanoseconds: f64) -> String {
    if nanoseconds < 1e5 { format!("{nanoseconds:.1} ns") } else { format!("{:.2} ms", nanoseconds / 1e6) }
}

fn quartile(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 4]
}
