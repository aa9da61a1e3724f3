//! A cached `get`, a handle, and what a user would write instead. Names are asked in an order that depends on what the
//! last client says, so that latency counts, as in a request.

use std::{collections::HashMap, hint::black_box, sync::Arc};

use connection_registry::{BoxError, ConnectionManager, Handle};
use connection_registry_benches::{Comparison, on_two_threads, timed};
use dashmap::DashMap;
use tokio::sync::OnceCell;

const NAMES: usize = 1000;
const ROUNDS: usize = 61;
const BATCH: u64 = 20_000;

/// A client that says which name to ask next.
struct Client {
    next: usize,
}

type Naive = DashMap<String, Arc<OnceCell<Arc<Client>>>>;

fn main() -> Result<(), BoxError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let bench = Bench::new()?;
        bench.report_sizes();
        let handles = bench.warm().await?;
        bench.compare_names();
        bench.compare_hot_name();
        bench.compare_handles(&handles);
        let own = [handles[0].clone(), handles[0].clone()];
        for handle in &own {
            handle.get().await?;
        }
        bench.compare_hot_handle(&own);
        Ok(())
    })
}

/// Asks `n` times, each time for the one that the last client named; in one async block, as a caller would.
macro_rules! chase {
    ($n:expr, $at:ident => $ask:expr) => {
        timed(|| {
            ready(async {
                let mut $at = 0;
                for _ in 0..$n {
                    $at = $ask;
                }
                black_box($at);
            });
        })
    };
}

/// Asks `n` times on each of two threads.
macro_rules! twice {
    ($n:expr, $thread:pat => $ask:expr) => {
        on_two_threads(|$thread| {
            ready(async {
                for _ in 0..$n {
                    black_box($ask);
                }
            });
        })
    };
}

struct Bench {
    names: Vec<String>,
    manager: ConnectionManager,
    plain: HashMap<String, Arc<Client>>,
    quick: HashMap<String, Arc<Client>, foldhash::fast::RandomState>,
    naive: Naive,
    pointers: Vec<Arc<Client>>,
}

impl Bench {
    fn new() -> Result<Self, BoxError> {
        let names: Vec<String> = (0..NAMES).map(|number| format!("connection-{number:05}")).collect();
        let manager = ConnectionManager::builder().build()?;
        let mut bench = Self {
            names,
            manager,
            plain: HashMap::new(),
            quick: HashMap::default(),
            naive: DashMap::new(),
            pointers: Vec::new(),
        };
        for (number, name) in bench.names.iter().enumerate() {
            let next = (number * 7 + 13) * 31 % NAMES;
            bench.manager.insert(name, Client { next })?;
            bench.plain.insert(name.clone(), Arc::new(Client { next }));
            bench.quick.insert(name.clone(), Arc::new(Client { next }));
            bench.naive.insert(name.clone(), Arc::new(OnceCell::new_with(Some(Arc::new(Client { next })))));
            bench.pointers.push(Arc::new(Client { next }));
        }
        Ok(bench)
    }

    #[allow(clippy::print_stdout)]
    fn report_sizes(&self) {
        let future = self.manager.get::<Client>("connection-00000");
        println!("the future of `get`: {} bytes", size_of_val(&future));
    }

    async fn warm(&self) -> Result<Vec<Handle<Client>>, BoxError> {
        let mut handles = Vec::new();
        for name in &self.names {
            self.manager.get::<Client>(name).await?;
            let handle = self.manager.handle(name)?;
            handle.get().await?;
            handles.push(handle);
        }
        Ok(handles)
    }

    fn compare_names(&self) {
        let mut comparison = Comparison::new();
        comparison
            .add("HashMap, std hash, Arc clone", |n| chase!(n, at => self.plain[&self.names[at]].clone().next))
            .add("HashMap, foldhash, Arc clone", |n| chase!(n, at => self.quick[&self.names[at]].clone().next))
            .add(
                "DashMap<String, Arc<OnceCell>>, get_or_try_init().await",
                |n| chase!(n, at => naive(&self.naive, &self.names[at]).await.expect(INSERTED).next),
            )
            .add(
                "connections.get(name).await",
                |n| chase!(n, at => self.manager.get::<Client>(&self.names[at]).await.expect(INSERTED).next),
            );
        comparison.run("one of 1000 names", ROUNDS, BATCH);
    }

    fn compare_hot_name(&self) {
        let name = "connection-00000";
        let mut comparison = Comparison::new();
        comparison
            .add("HashMap, std hash, Arc clone", |n| twice!(n, _ => self.plain[name].clone().next))
            .add(
                "DashMap<String, Arc<OnceCell>>, get_or_try_init().await",
                |n| twice!(n, _ => naive(&self.naive, name).await.expect(INSERTED).next),
            )
            .add(
                "connections.get(name).await",
                |n| twice!(n, _ => self.manager.get::<Client>(name).await.expect(INSERTED).next),
            );
        comparison.run("one hot name, two threads", ROUNDS, BATCH);
    }

    fn compare_handles(&self, handles: &[Handle<Client>]) {
        let mut comparison = Comparison::new();
        comparison
            .add("bare pointer load", |n| chase!(n, at => self.pointers[at].next))
            .add("bare Arc clone", |n| chase!(n, at => Arc::clone(&self.pointers[at]).next))
            .add("handle.get().await", |n| chase!(n, at => handles[at].get().await.expect(INSERTED).next));
        comparison.run("one of 1000 handles", ROUNDS, BATCH);
    }

    fn compare_hot_handle(&self, own: &[Handle<Client>; 2]) {
        let pointers = [Arc::clone(&self.pointers[0]), Arc::clone(&self.pointers[0])];
        let mut comparison = Comparison::new();
        comparison
            .add("one Arc, cloned by two threads", |n| twice!(n, _ => Arc::clone(&self.pointers[0]).next))
            .add("bare pointer load by two threads", |n| twice!(n, thread => pointers[thread].next))
            .add("handle.get().await, one thread", |n| {
                timed(|| {
                    ready(async {
                        for _ in 0..n {
                            black_box(own[0].get().await.expect(INSERTED).next);
                        }
                    });
                })
            })
            .add(
                "handle.get().await, two threads, a clone each",
                |n| twice!(n, thread => own[thread].get().await.expect(INSERTED).next),
            );
        comparison.run("one hot handle", ROUNDS, BATCH);
    }
}

/// What one writes by hand: a cell for each name, filled by the first caller.
async fn naive(map: &Naive, name: &str) -> Result<Arc<Client>, BoxError> {
    let cell = Arc::clone(&*map.get(name).ok_or("no such name")?);
    let client = cell.get_or_try_init(|| async { Ok::<_, BoxError>(Arc::new(Client { next: 0 })) }).await?;
    Ok(Arc::clone(client))
}

/// Polls a future that is ready at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("everything is connected"),
    }
}

const INSERTED: &str = "every name is inserted";
