//! Attempts under a paused clock: bounded, fair, and not in the way of each other.

use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::{
    task::JoinSet,
    time::{sleep_until, timeout},
};

use super::*;
use crate::{connection::BoxFuture, error::ErrorKind};

const BACKOFF: Backoff =
    Backoff { base: Duration::from_millis(100), max: Duration::from_secs(2), permanent: Duration::from_secs(30) };

fn failure() -> Error {
    Error::new(ErrorKind::ConnectFailed, "nobody answers")
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The future's result, which must be there before any pause could have passed.
async fn at_once<T>(future: impl Future<Output = T>) -> T {
    timeout(ms(1), future).await.expect("it need not wait")
}

impl Admission {
    fn free_places(&self) -> usize {
        self.0.places.available_permits()
    }

    async fn take_down(&self, endpoint: &str) {
        at_once(self.enter(Some(endpoint))).await.unreached(&failure(), &BACKOFF);
    }
}

/// How many are on their way now, and the most there ever were.
#[derive(Default)]
struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Crowd {
    async fn pass_by(&self, time: Duration) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        sleep(time).await;
        self.now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_attempts_share_the_places_and_leave_none_idle() {
    let (admission, crowd) = (Arc::new(Admission::new(64)), Arc::new(Crowd::default()));
    let (start, mut tasks) = (Instant::now(), JoinSet::new());
    for number in 0..10_000 {
        let (admission, crowd) = (Arc::clone(&admission), Arc::clone(&crowd));
        tasks.spawn(async move {
            let endpoint = format!("host-{number}:1");
            let pass = admission.enter((number % 2 == 0).then_some(&*endpoint)).await;
            crowd.pass_by(ms(10)).await;
            pass.reached();
        });
    }
    tasks.join_all().await;
    assert_eq!(crowd.most.load(Ordering::Relaxed), 64);
    assert_eq!(start.elapsed(), ms(10) * 10_000_u32.div_ceil(64));
    assert_eq!((admission.free_places(), admission.0.endpoints().known.len()), (64, 0));
}

#[tokio::test(start_paused = true)]
async fn places_are_given_in_the_order_of_arrival() {
    let (admission, order) = (Arc::new(Admission::new(3)), Arc::new(Mutex::new(Vec::new())));
    let mut tasks = JoinSet::new();
    for number in 0..1000 {
        let (admission, order) = (Arc::clone(&admission), Arc::clone(&order));
        tasks.spawn(async move {
            let _pass = admission.enter(Some(if number % 2 == 0 { "even:1" } else { "odd:1" })).await;
            order.lock().unwrap().push(number);
            sleep(ms(1)).await;
        });
    }
    tasks.join_all().await;
    assert!(order.lock().unwrap().iter().copied().eq(0..1000));
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_twenty_seconds_is_probed_and_ten_thousand_names_are_back_shortly_after() {
    let admission = Arc::new(Admission::new(64));
    let back = Instant::now() + Duration::from_secs(20);
    let mut tasks = JoinSet::new();
    for _ in 0..10_000 {
        let admission = Arc::clone(&admission);
        tasks.spawn(async move {
            let mut vain = 0;
            loop {
                let pass = admission.enter(Some("db:5432")).await;
                let began = Instant::now();
                sleep(ms(5)).await;
                if began >= back {
                    pass.reached();
                    return (vain, began - back);
                }
                vain += 1;
                pass.unreached(&failure(), &BACKOFF);
            }
        });
    }
    let all = tasks.join_all().await;
    let vain: usize = all.iter().map(|(vain, _)| vain).sum();
    // The first wave, five pauses that double, and pauses of one to two seconds.
    assert!((64 + 10..=64 + 30).contains(&vain), "{vain} attempts in vain");
    let (mut spread, mut last) = ([0; 60], Duration::ZERO);
    for (_, after) in all {
        spread[after.as_millis() as usize / 100] += 1;
        last = last.max(after);
    }
    assert!(last < Duration::from_secs(2) + RAMP + ms(200), "the last one after {last:?}");
    assert!(spread.iter().all(|&count| count < 700), "within 100 ms each: {spread:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_goes_while_the_prober_is_at_it_and_its_end_without_a_word_makes_the_next_one() {
    let admission = Arc::new(Admission::new(64));
    admission.take_down("db:1").await;
    let prober = admission.enter(Some("db:1")).await;
    let mut others: Vec<_> = (0..3)
        .map(|_| {
            let admission = Arc::clone(&admission);
            tokio::spawn(async move { admission.enter(Some("db:1")).await })
        })
        .collect();
    sleep(Duration::from_secs(60)).await;
    assert!(others.iter().all(|other| !other.is_finished()));
    others[0].abort();
    drop(prober);
    let next = at_once(&mut others[1]).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    assert!(!others[2].is_finished());
    next.reached();
    let start = Instant::now();
    others.remove(2).await.unwrap().reached();
    assert!(start.elapsed() <= RAMP + ms(1));
}

#[tokio::test(start_paused = true)]
async fn each_of_those_who_wait_probes_in_turn_when_the_others_give_up() {
    let admission = Arc::new(Admission::new(64));
    admission.take_down("db:1").await;
    let (order, mut tasks) = (Arc::new(Mutex::new(Vec::new())), JoinSet::new());
    for number in 0..10 {
        let (admission, order) = (Arc::clone(&admission), Arc::clone(&order));
        tasks.spawn(async move {
            let prober = admission.enter(Some("db:1")).await;
            order.lock().unwrap().push(number);
            prober.unreached(&failure(), &BACKOFF);
        });
    }
    timeout(Duration::from_secs(60), tasks.join_all()).await.expect("everybody has a turn");
    assert!(order.lock().unwrap().iter().copied().eq(0..10));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_while_the_endpoint_is_down_and_the_first_after_the_pause_probes() {
    let admission = Admission::new(64);
    assert!(admission.last_failure("db:1").is_none());
    admission.take_down("db:1").await;
    assert_eq!(admission.last_failure("db:1").unwrap().to_string(), "nobody answers");
    let start = Instant::now();
    admission.enter(Some("db:1")).await.unreached(&failure(), &BACKOFF);
    assert!((ms(50)..=ms(101)).contains(&start.elapsed()), "{:?}", start.elapsed());
    sleep(ms(200)).await;
    at_once(admission.enter(Some("db:1"))).await.reached();
    assert!(admission.last_failure("db:1").is_none());
    assert!(admission.0.endpoints().known.is_empty());
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_dead_endpoint_hold_no_place() {
    let admission = Arc::new(Admission::new(1));
    let first = at_once(admission.enter(Some("dead:1"))).await;
    // Two that were let go while it was up wait for the place, and one of another endpoint behind them.
    let [second, third, other] = ["dead:1", "dead:1", "alive:1"].map(|endpoint| {
        let admission = Arc::clone(&admission);
        tokio::spawn(async move { admission.enter(Some(endpoint)).await })
    });
    sleep(ms(1)).await;
    first.unreached(&failure(), &BACKOFF);
    drop(first);
    let other = at_once(other).await.unwrap();
    assert!(!second.is_finished() && !third.is_finished());
    other.reached();
    drop(other);
    second.await.unwrap().unreached(&failure(), &BACKOFF);
    at_once(admission.enter(Some("alive:1"))).await.reached();
    assert!(!third.is_finished());
}

/// Connects `left` names, each of which needs the next one first.
fn connect_chain(admission: Arc<Admission>, left: usize) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let pass = admission.enter(Some("db:1")).await;
        sleep(ms(1)).await;
        if left > 0 {
            pass.step_aside();
            tokio::spawn(connect_chain(Arc::clone(&admission), left - 1)).await.unwrap();
            pass.step_back_in().await;
        }
        pass.reached();
    })
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_dependencies_longer_than_the_limit_gets_through() {
    let admission = Arc::new(Admission::new(2));
    // Down, too: a prober that waits for another name of the endpoint must not keep that one from probing.
    admission.take_down("db:1").await;
    let chains = (0..3).map(|_| tokio::spawn(connect_chain(Arc::clone(&admission), 10))).collect::<Vec<_>>();
    for chain in chains {
        timeout(Duration::from_secs(60), chain).await.expect("it is no deadlock").unwrap();
    }
    assert_eq!(admission.free_places(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_waits_for_two_others_takes_its_place_again_after_the_last_one() {
    let admission = Admission::new(1);
    let pass = at_once(admission.enter(Some("db:1"))).await;
    pass.step_aside();
    pass.step_aside();
    at_once(pass.step_back_in()).await;
    assert_eq!(admission.free_places(), 1, "the other one may need it");
    let other = at_once(admission.enter(None)).await;
    timeout(ms(5), pass.step_back_in()).await.expect_err("the place is taken");
    drop(other);
    assert_eq!(admission.free_places(), 1, "the one that was dropped took nothing");
    pass.step_aside();
    at_once(pass.step_back_in()).await;
    assert_eq!(admission.free_places(), 0);
    drop(pass);
    assert_eq!(admission.free_places(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_while_it_waits_for_another_connection_says_nothing_about_the_endpoint() {
    let admission = Admission::new(1);
    let pass = at_once(admission.enter(Some("db:1"))).await;
    pass.step_aside();
    pass.unreached(&failure(), &BACKOFF);
    assert!(admission.last_failure("db:1").is_none());
    at_once(admission.enter(Some("db:1"))).await.reached();
}

#[tokio::test(start_paused = true)]
async fn what_is_known_of_endpoints_does_not_grow() {
    let admission = Admission::new(4);
    for number in 0..100_000 {
        at_once(admission.enter(Some(&format!("up-{number}:1")))).await.reached();
    }
    assert!(admission.0.endpoints().known.is_empty());
    let mut most = 0;
    for number in 0..100_000 {
        admission.take_down(&format!("down-{number}:1")).await;
        most = most.max(admission.0.endpoints().known.len());
        sleep(ms(200)).await;
    }
    // 61 seconds of them are remembered, and as many are let accumulate.
    assert!(most < 2 * 5 * 62, "{most} endpoints");
}

/// Notes on its drop whether the lock was free.
struct Tell(Arc<Admission>, Arc<AtomicBool>);

impl Drop for Tell {
    fn drop(&mut self) {
        self.1.store(self.0.0.endpoints.try_lock().is_ok(), Ordering::Relaxed);
    }
}

impl fmt::Debug for Tell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tell")
    }
}

impl fmt::Display for Tell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("told")
    }
}

impl std::error::Error for Tell {}

#[tokio::test(start_paused = true)]
async fn a_failure_is_dropped_outside_the_lock() {
    let admission = Arc::new(Admission::new(1));
    let check = async |past: &dyn Fn(Pass)| {
        let was_free = Arc::new(AtomicBool::new(false));
        let error = failure().caused_by(Box::new(Tell(Arc::clone(&admission), Arc::clone(&was_free))), &str::to_owned);
        admission.enter(Some("db:1")).await.unreached(&error, &BACKOFF);
        drop(error);
        past(admission.enter(Some("db:1")).await);
        assert!(was_free.load(Ordering::Relaxed));
    };
    check(&|prober| prober.unreached(&failure(), &BACKOFF)).await;
    check(&|prober| prober.reached()).await;
}

/// One attempt that does what comes into its head, for ever.
async fn wander(admission: Arc<Admission>, crowd: Arc<Crowd>) {
    const ENDPOINTS: [Option<&str>; 4] = [None, Some("a:1"), Some("b:1"), Some("c:1")];
    loop {
        let pass = admission.enter(ENDPOINTS[fastrand::usize(..4)]).await;
        crowd.pass_by(ms(fastrand::u64(0..20))).await;
        if fastrand::bool() {
            pass.step_aside();
            sleep(ms(fastrand::u64(0..20))).await;
            drop(timeout(ms(fastrand::u64(0..200)), pass.step_back_in()).await);
        }
        match fastrand::u8(..3) {
            0 => pass.reached(),
            1 => pass.unreached(&failure(), &BACKOFF),
            _ => drop(pass),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_at_any_moment_leaks_no_place_and_no_prober() {
    let seed = fastrand::u64(..);
    for seed in seed..seed.wrapping_add(20) {
        fastrand::seed(seed);
        let admission = Arc::new(Admission::new(4));
        let mut tasks = JoinSet::new();
        for _ in 0..200 {
            let task = wander(Arc::clone(&admission), Arc::default());
            let end = Instant::now() + ms(fastrand::u64(0..20_000));
            tasks.spawn(async move {
                tokio::select! {
                    biased;
                    () = sleep_until(end) => {}
                    () = task => {}
                }
            });
        }
        tasks.join_all().await;
        assert_eq!(admission.free_places(), 4, "seed {seed}");
        assert!(admission.0.endpoints().known.values().all(|known| known.visitors == 0), "seed {seed}");
        for endpoint in ["a:1", "b:1", "c:1"] {
            let pass = timeout(Duration::from_secs(3), admission.enter(Some(endpoint))).await;
            pass.unwrap_or_else(|_| panic!("seed {seed}: {endpoint} has no prober")).reached();
        }
        assert!(admission.0.endpoints().known.is_empty(), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn everybody_gets_in_while_others_are_cancelled_at_any_moment() {
    let seed = fastrand::u64(..);
    fastrand::seed(seed);
    let admission = Arc::new(Admission::new(4));
    let back = Instant::now() + Duration::from_secs(5);
    let mut tasks = JoinSet::new();
    for number in 0..2000 {
        let admission = Arc::clone(&admission);
        let patience = if number % 2 == 0 { Duration::from_secs(60) } else { ms(fastrand::u64(0..10_000)) };
        tasks.spawn(async move {
            let stay = async {
                loop {
                    let pass = admission.enter(Some("db:1")).await;
                    sleep(ms(1)).await;
                    match Instant::now() < back {
                        true => pass.unreached(&failure(), &BACKOFF),
                        false => return pass.reached(),
                    }
                }
            };
            (number, timeout(patience, stay).await.is_ok())
        });
    }
    let stuck: Vec<_> =
        tasks.join_all().await.into_iter().filter(|(number, is_in)| number % 2 == 0 && !is_in).collect();
    assert!(stuck.is_empty(), "seed {seed}: {stuck:?}");
}
