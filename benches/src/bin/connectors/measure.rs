//! The same work through a manager and through the bare driver, in turn.

use std::time::{Duration, Instant};

use connection_registry::{BoxError, ConnectionManager};
use connection_registry_tests::manager;

/// What to measure, and how often.
pub(crate) struct Bench {
    rounds: usize,
    only: Vec<String>,
}

impl Bench {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, BoxError> {
        let mut bench = Self { rounds: 15, only: Vec::new() };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--rounds" => bench.rounds = words.next().ok_or("`--rounds` needs a number")?.parse()?,
                option if option.starts_with('-') => {
                    return Err(
                        format!("unknown argument `{option}`: there is --rounds, and the names of types").into()
                    );
                }
                _ => bench.only.push(word),
            }
        }
        if bench.rounds == 0 { Err("`--rounds` must be at least 1".into()) } else { Ok(bench) }
    }

    /// Whether the row is asked for: by its name, or the first word of it.
    pub(crate) fn wants(&self, row: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == row || row.split(' ').next() == Some(name))
    }
}

/// What came out for one type.
pub(crate) struct Figures {
    /// Until there is a client.
    pub(crate) connected: Pair,
    /// Until it has answered its first query.
    pub(crate) answered: Pair,
    /// One query by the bare client.
    pub(crate) query: Duration,
    /// How many times as long it takes when the client is got from the manager for each query.
    pub(crate) ratio: Spread,
    /// The same for a client that was got once.
    pub(crate) held: Spread,
    /// One `get` and no query.
    pub(crate) get: Duration,
}

/// The medians of both ways.
pub(crate) struct Pair {
    pub(crate) manager: Duration,
    pub(crate) bare: Duration,
}

/// The median of many ratios, and between what the middle half of them lies.
pub(crate) struct Spread {
    pub(crate) lower: f64,
    pub(crate) median: f64,
    pub(crate) upper: f64,
}

/// The connection of `toml` that is measured.
pub(crate) const NAME: &str = "measured";

/// A configuration with that connection alone.
pub(crate) fn declared(kind: &str, fields: &str) -> String {
    format!("[connections.{NAME}]\ntype = '{kind}'\n{fields}\n")
}

/// Measures the connection [`NAME`] of `toml`, whose client is `C`, beside what `connect` makes. `ours` and `bare` are the
/// same query by one and by the other.
pub(crate) async fn compare<C, B>(
    bench: &Bench,
    toml: &str,
    connect: impl AsyncFn() -> Result<B, BoxError>,
    ours: impl AsyncFn(&C) -> Result<(), BoxError>,
    bare: impl AsyncFn(&mut B) -> Result<(), BoxError>,
) -> Result<Figures, BoxError>
where
    C: Send + Sync + 'static,
{
    let (connected, answered) = connects(bench, toml, &connect, &ours, &bare).await?;
    let connections = manager(toml);
    let mut client = connect().await?;
    let mut queries = Queries::new(&connections, &ours, &bare);
    let figures = queries.compare(bench, &mut client).await?;
    let get = queries.get().await?;
    close(connections).await;
    let Ratios { query, ratio, held } = figures;
    Ok(Figures { connected, answered, query, ratio, held, get })
}

/// Connects anew each time, and asks once.
async fn connects<C, B>(
    bench: &Bench,
    toml: &str,
    connect: &impl AsyncFn() -> Result<B, BoxError>,
    ours: &impl AsyncFn(&C) -> Result<(), BoxError>,
    bare: &impl AsyncFn(&mut B) -> Result<(), BoxError>,
) -> Result<(Pair, Pair), BoxError>
where
    C: Send + Sync + 'static,
{
    let (mut by_manager, mut by_bare) = (Vec::new(), Vec::new());
    let all = Instant::now();
    for round in 0..=bench.rounds {
        if all.elapsed() > LONGEST && round > FEWEST {
            break;
        }
        // Each of them goes first as often as the other.
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                by_manager.push(connect_by_manager(toml, ours).await?);
            } else {
                let begun = Instant::now();
                let mut client = connect().await?;
                let connected = begun.elapsed();
                bare(&mut client).await?;
                by_bare.push((connected, begun.elapsed()));
            }
            // What is left to be closed is not part of the next one.
            tokio::time::sleep(PAUSE).await;
        }
    }
    let pair = |of: fn(&(Duration, Duration)) -> Duration| Pair {
        // The first ones warm up.
        manager: median(by_manager[1..].iter().map(of).collect()),
        bare: median(by_bare[1..].iter().map(of).collect()),
    };
    Ok((pair(|times| times.0), pair(|times| times.1)))
}

/// The manager is there before the clock starts, and goes after it has ended.
async fn connect_by_manager<C>(
    toml: &str,
    ours: &impl AsyncFn(&C) -> Result<(), BoxError>,
) -> Result<(Duration, Duration), BoxError>
where
    C: Send + Sync + 'static,
{
    let connections = manager(toml);
    let begun = Instant::now();
    let client = connections.get::<C>(NAME).await?;
    let connected = begun.elapsed();
    ours(&client).await?;
    let answered = begun.elapsed();
    drop(client);
    close(connections).await;
    Ok((connected, answered))
}

/// The same query in three ways.
struct Queries<'a, C, O, Q> {
    connections: &'a ConnectionManager,
    ours: &'a O,
    bare: &'a Q,
    client: std::marker::PhantomData<C>,
}

/// What comes out of them.
struct Ratios {
    query: Duration,
    ratio: Spread,
    held: Spread,
}

impl<'a, C, O, Q> Queries<'a, C, O, Q>
where
    C: Send + Sync + 'static,
    O: AsyncFn(&C) -> Result<(), BoxError>,
{
    fn new(connections: &'a ConnectionManager, ours: &'a O, bare: &'a Q) -> Self {
        Self { connections, ours, bare, client: std::marker::PhantomData }
    }

    async fn compare<B>(&mut self, bench: &Bench, client: &mut B) -> Result<Ratios, BoxError>
    where
        Q: AsyncFn(&mut B) -> Result<(), BoxError>,
    {
        let size = self.size_of_batch(client).await?;
        let (mut by_bare, mut by_held, mut by_got) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=bench.rounds {
            // Each of them is first, second and third as often as the others.
            for turn in 0..3 {
                match (round + turn) % 3 {
                    0 => by_bare.push(self.by_bare(client, size).await?),
                    1 => by_held.push(self.by_held(size).await?),
                    _ => by_got.push(self.by_got(size).await?),
                }
            }
        }
        // The first ones warm up.
        let (bare, held, got) = (&by_bare[1..], &by_held[1..], &by_got[1..]);
        Ok(Ratios { query: median(bare.to_vec()) / size, ratio: Spread::new(got, bare), held: Spread::new(held, bare) })
    }

    /// How many queries take about as long as [`BATCH`].
    async fn size_of_batch<B>(&self, client: &mut B) -> Result<u32, BoxError>
    where
        Q: AsyncFn(&mut B) -> Result<(), BoxError>,
    {
        let mut size = 1;
        loop {
            let took = self.by_bare(client, size).await?;
            if took > BATCH / 6 {
                let one = took.as_secs_f64() / f64::from(size);
                return Ok(((BATCH.as_secs_f64() / one) as u32).max(1));
            }
            size *= 2;
        }
    }

    async fn by_bare<B>(&self, client: &mut B, size: u32) -> Result<Duration, BoxError>
    where
        Q: AsyncFn(&mut B) -> Result<(), BoxError>,
    {
        let begun = Instant::now();
        for _ in 0..size {
            (self.bare)(client).await?;
        }
        Ok(begun.elapsed())
    }

    async fn by_held(&self, size: u32) -> Result<Duration, BoxError> {
        let client = self.connections.get::<C>(NAME).await?;
        let begun = Instant::now();
        for _ in 0..size {
            (self.ours)(&client).await?;
        }
        Ok(begun.elapsed())
    }

    async fn by_got(&self, size: u32) -> Result<Duration, BoxError> {
        let begun = Instant::now();
        for _ in 0..size {
            let client = self.connections.get::<C>(NAME).await?;
            (self.ours)(&client).await?;
        }
        Ok(begun.elapsed())
    }

    /// What one `get` takes.
    async fn get(&self) -> Result<Duration, BoxError> {
        let mut batches = Vec::new();
        for _ in 0..=GET_BATCHES {
            let begun = Instant::now();
            for _ in 0..GETS {
                std::hint::black_box(self.connections.get::<C>(NAME).await?);
            }
            batches.push(begun.elapsed());
        }
        Ok(median(batches) / GETS)
    }
}

impl Spread {
    /// Of what was measured in the same round.
    fn new(these: &[Duration], those: &[Duration]) -> Self {
        let mut ratios: Vec<_> = these.iter().zip(those).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        let at = |quarter: usize| ratios[(ratios.len() - 1) * quarter / 4];
        Self { lower: at(1), median: at(2), upper: at(3) }
    }
}

async fn close(connections: ConnectionManager) {
    connections.shutdown(GOODBYE).await;
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// About as long as a batch of queries takes.
const BATCH: Duration = Duration::from_millis(300);

const GETS: u32 = 20_000;

const GET_BATCHES: usize = 11;

const PAUSE: Duration = Duration::from_millis(20);

const GOODBYE: Duration = Duration::from_secs(5);

/// Connecting is measured for no longer, unless there were so few rounds.
const LONGEST: Duration = Duration::from_secs(30);

const FEWEST: usize = 5;
