//! Everything at once, in any order.

use std::{collections::HashMap, sync::Arc, time::Duration};

use connection_registry::{ErrorKind, Event};
use tokio::{sync::Semaphore, time::sleep};

use super::world::{Client, Fixture, Rule};

/// Thrown by a seed, which says all.
struct Dice(fastrand::Rng);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0.u64(..limit)
    }

    fn name(&mut self) -> &'static str {
        ["a", "b", "c", "d"][usize::try_from(self.below(4)).unwrap()]
    }
}

/// Printed when its test fails.
struct Seed(u64);

impl Drop for Seed {
    #[allow(clippy::print_stdout)]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("seed {}", self.0);
        }
    }
}

/// A file with some of the connections.
fn text(dice: &mut Dice) -> String {
    let mut text = String::new();
    for name in ["a", "b", "c", "d"] {
        if dice.below(6) == 0 {
            continue;
        }
        let value = ["one", "two", "slow", "bad"][usize::try_from(dice.below(4)).unwrap()];
        text += &format!("{name} = {value}\npassword = 'p{}'\n", dice.below(2));
        text += ["", "enabled = false\n", "lifecycle.replace = 'break-first'\n", "", ""]
            [usize::try_from(dice.below(5)).unwrap()];
    }
    text
}

async fn storm(seed: u64, name: &'static str) {
    let _seed = Seed(seed);
    let mut dice = Dice(fastrand::Rng::with_seed(seed));
    let fixture = Fixture::new(name, "");
    let gate = Arc::new(Semaphore::new(0));
    fixture.world.set("slow", Rule::Wait(Arc::clone(&gate)));
    let mut events = fixture.connections.subscribe();
    let mut running = Vec::new();
    for _ in 0..60 {
        let (connections, name) = (fixture.connections.clone(), dice.name());
        let pause = Duration::from_millis(dice.below(3000));
        match dice.below(12) {
            0..4 => {
                fixture.write(&text(&mut dice));
                running.push(tokio::spawn(async move { drop(connections.reload().await.unwrap()) }));
            }
            4..8 => running.push(tokio::spawn(async move {
                if let Ok(client) = connections.get::<Client>(name).await {
                    sleep(pause).await;
                    drop(client);
                }
            })),
            8 if dice.below(3) == 0 => {
                running.push(tokio::spawn(async move { drop(connections.disconnect_all().await) }));
            }
            8 => running.push(tokio::spawn(async move { drop(connections.disconnect(name).await) })),
            9 if dice.below(2) == 0 => fixture.world.set("bad", Rule::Fail),
            9 => fixture.world.heal("bad"),
            10 => gate.add_permits(2),
            _ => running
                .drain(..)
                .filter(|_| dice.below(9) == 0)
                .for_each(|task: tokio::task::JoinHandle<()>| task.abort()),
        }
        sleep(Duration::from_millis(dice.below(400))).await;
    }
    gate.add_permits(1000);
    fixture.world.heal("bad");
    for task in running {
        drop(task.await);
    }
    let last = "a = last\nc = ${env:NONE:-last}";
    let report = fixture.reload(last).await;
    assert!(!report.contains("failed"), "{report}");
    assert_eq!(fixture.reload_again().await, "unchanged a,c");
    assert_eq!(fixture.connections.names(), ["a", "c"]);
    for name in ["a", "c"] {
        assert_eq!(fixture.value(name).await, "last");
    }
    assert_eq!(fixture.connections.get::<Client>("b").await.err().unwrap().kind(), ErrorKind::NotFound);
    fixture.end().await;
    let mut generations: HashMap<String, u64> = HashMap::new();
    while let Ok(Some(event)) = tokio::time::timeout(Duration::ZERO, events.next()).await {
        let Event { connection, generation, .. } = event;
        // A name that was taken out begins anew.
        let known = generations.entry(connection).or_default();
        assert!(generation >= *known || generation <= 1, "{generation} after {known}");
        *known = generation;
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_meanwhile_the_last_file_holds_and_no_client_is_lost() {
    let base = std::process::id();
    for round in 0..40 {
        let name: &'static str = Box::leak(format!("s-{round}").into_boxed_str());
        storm(u64::from(base) * 1000 + round, name).await;
    }
}

#[tokio::test(start_paused = true)]
async fn inserted_and_removed_clients_stand_a_storm_of_reloads() {
    let fixture = Fixture::new("s-inserted", "");
    let seed = u64::from(std::process::id());
    let _seed = Seed(seed);
    let mut dice = Dice(fastrand::Rng::with_seed(seed));
    let inserted = Arc::new(());
    for _ in 0..300 {
        let (connections, name) = (fixture.connections.clone(), dice.name());
        match dice.below(5) {
            0 => connections.insert(name, Arc::clone(&inserted)).unwrap(),
            1 => drop(connections.registry().remove(name)),
            2 => drop(tokio::spawn(async move { connections.get::<Client>(name).await.map(drop) })),
            _ => {
                fixture.write(&text(&mut dice));
                drop(tokio::spawn(async move { connections.reload().await.unwrap() }));
            }
        }
        if dice.below(2) == 0 {
            sleep(Duration::from_millis(dice.below(200))).await;
        }
    }
    assert!(!fixture.reload("").await.contains("failed"));
    fixture.connections.registry().clear();
    assert_eq!(Arc::strong_count(&inserted), 1, "no inserted client is kept");
    sleep(Duration::from_secs(200)).await;
    let clients = fixture.world.clients();
    assert!(clients.iter().all(|fate| fate.dropped == 1 && fate.goodbyes <= 1), "each is dropped once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_many_threads_the_last_file_holds_and_no_client_is_lost() {
    let seed = u64::from(std::process::id());
    let _seed = Seed(seed);
    let fixture = Fixture::new("s-threads", "");
    let callers: Vec<_> = (0..6)
        .map(|at| {
            let (connections, mut dice) = (fixture.connections.clone(), Dice(fastrand::Rng::with_seed(seed * 7 + at)));
            tokio::spawn(async move {
                for _ in 0..200 {
                    let name = dice.name();
                    match dice.below(8) {
                        0 => drop(connections.disconnect(name).await),
                        1 => drop(connections.disconnect_all().await),
                        2 => drop(tokio::time::timeout(Duration::ZERO, connections.reload()).await),
                        _ => drop(connections.get::<Client>(name).await),
                    }
                }
            })
        })
        .collect();
    let mut dice = Dice(fastrand::Rng::with_seed(seed));
    for _ in 0..100 {
        // Another one may read the file while it is written, and then it is invalid.
        fixture.write(&text(&mut dice));
        drop(fixture.connections.reload().await);
    }
    for caller in callers {
        caller.await.unwrap();
    }
    assert!(!fixture.reload("a = last\nc = last").await.contains("failed"));
    assert_eq!(fixture.reload_again().await, "unchanged a,c");
    assert_eq!((fixture.value("a").await, fixture.value("c").await), ("last".to_owned(), "last".to_owned()));
    fixture.end().await;
}
