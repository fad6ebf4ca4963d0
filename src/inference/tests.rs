//! Slots under load, deadlines and panics.

use std::sync::mpsc::{SyncSender, sync_channel};

use super::*;

const LONG: Duration = Duration::from_secs(30);

fn pool(slots: usize, queue: usize) -> Pool<u32> {
    let factory = || Ok::<_, std::io::Error>(0);
    Pool::start("test", PoolConfig { slots, queue }, factory).expect("started")
}

#[tokio::test]
async fn engines_keep_their_state_from_job_to_job() {
    let pool = pool(1, 4);
    for expected in 1..4 {
        let count = pool.run(LONG, |engine, _| {
            *engine += 1;
            *engine
        });
        assert_eq!(count.await, Ok(expected));
    }
}

/// Occupies the only slot until the sender is used or dropped.
fn occupy(pool: &Arc<Pool<u32>>) -> SyncSender<()> {
    let (release, released) = sync_channel::<()>(1);
    let (started, running) = sync_channel::<()>(1);
    let job = Job {
        work: Box::new(move |_: &mut u32, _: &AtomicBool| {
            started.send(()).expect("the test waits");
            let _ = released.recv();
        }),
        cancelled: Arc::new(AtomicBool::new(false)),
    };
    pool.enqueue(job).expect("room");
    running.recv().expect("the slot runs it");
    release
}

#[tokio::test]
async fn a_full_line_refuses_and_those_who_left_make_room() {
    let pool = Arc::new(pool(1, 1));
    let release = occupy(&pool);
    let run = |value: u32| {
        let pool = pool.clone();
        tokio::spawn(async move { pool.run(LONG, move |_, _| value).await })
    };
    let waiting = run(1);
    while pool.shared.line().jobs.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(pool.run(LONG, |_, _| 2).await, Err(PoolError::Overloaded));
    waiting.abort();
    let _ = waiting.await;
    let late = run(3);
    while pool.counters().abandoned.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    release.send(()).expect("the slot waits");
    assert_eq!(late.await.expect("not aborted"), Ok(3));
    assert_eq!(pool.counters().refused.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_wait() {
    let pool = Arc::new(pool(1, 4));
    let release = occupy(&pool);
    let late = pool.run(Duration::from_secs(5), |_, _| 1).await;
    assert_eq!(late, Err(PoolError::Deadline));
    drop(release);
}

#[tokio::test]
async fn a_panic_costs_one_job_and_a_fresh_engine_goes_on() {
    let pool = pool(1, 4);
    assert_eq!(pool.run(LONG, |engine, _| *engine = 7).await, Ok(()));
    let crashed = pool.run(LONG, |_, _| -> u32 { panic!("on purpose") }).await;
    assert_eq!(crashed, Err(PoolError::Crashed));
    assert_eq!(pool.run(LONG, |engine, _| *engine).await, Ok(0));
    assert_eq!(pool.counters().crashed.load(Ordering::Relaxed), 1);
}

/// Slots whose engines are numbered from 0, and of which those that `fails` names cannot be made.
fn breakable(slots: usize, fails: fn(u32) -> bool) -> (Arc<Pool<u32>>, Arc<AtomicU64>) {
    let made = Arc::new(AtomicU64::new(0));
    let counts = made.clone();
    let factory = move || {
        let number = counts.fetch_add(1, Ordering::SeqCst) as u32;
        match fails(number) {
            true => Err(std::io::Error::other("no memory")),
            false => Ok(number),
        }
    };
    let remake = Remake {
        attempts: 3,
        rest: Duration::ZERO,
    };
    let config = PoolConfig { slots, queue: 4 };
    let pool = Pool::start_with("test", config, remake, factory).expect("started");
    (Arc::new(pool), made)
}

async fn crash(pool: &Pool<u32>) {
    let crashed = pool.run(LONG, |_, _| -> u32 { panic!("on purpose") }).await;
    assert_eq!(crashed, Err(PoolError::Crashed));
}

#[tokio::test]
async fn an_engine_is_asked_for_again_when_it_cannot_be_made() {
    let (pool, made) = breakable(1, |number| (1..3).contains(&number));
    crash(&pool).await;
    assert_eq!(pool.run(LONG, |engine, _| *engine).await, Ok(3));
    assert_eq!(made.load(Ordering::SeqCst), 4);
    assert_eq!(pool.counters().lost.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn without_a_slot_those_in_line_and_those_who_come_are_told_at_once() {
    let (pool, made) = breakable(1, |number| number > 0);
    // The slot is held until another job is in line, then it crashes.
    let (release, released) = sync_channel::<()>(1);
    let run = |work: Box<dyn FnOnce() -> u32 + Send>| {
        let pool = pool.clone();
        tokio::spawn(async move { pool.run(LONG, move |_, _| work()).await })
    };
    let crashing = run(Box::new(move || {
        let _ = released.recv();
        panic!("on purpose")
    }));
    let waiting = run(Box::new(|| 1));
    while pool.shared.line().jobs.is_empty() {
        tokio::task::yield_now().await;
    }
    release.send(()).expect("the slot waits");
    assert_eq!(
        crashing.await.expect("not aborted"),
        Err(PoolError::Crashed)
    );
    assert_eq!(
        waiting.await.expect("not aborted"),
        Err(PoolError::NoEngine)
    );
    assert_eq!(pool.run(LONG, |_, _| 2).await, Err(PoolError::NoEngine));
    // One at the start, three tries.
    assert_eq!(made.load(Ordering::SeqCst), 4);
    assert_eq!(pool.counters().lost.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn other_slots_go_on_when_one_is_lost() {
    let (pool, _) = breakable(2, |number| number > 1);
    crash(&pool).await;
    while pool.counters().lost.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..3 {
        assert_eq!(pool.run(LONG, |_, _| 1).await, Ok(1));
    }
    crash(&pool).await;
    while pool.counters().lost.load(Ordering::Relaxed) == 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(pool.run(LONG, |_, _| 1).await, Err(PoolError::NoEngine));
}

#[tokio::test]
async fn a_pool_that_stops_does_not_wait_for_an_engine() {
    let remake = Remake {
        attempts: 3,
        rest: LONG,
    };
    let made = Arc::new(AtomicU64::new(0));
    let counts = made.clone();
    let factory = move || match counts.fetch_add(1, Ordering::SeqCst) {
        0 => Ok(0),
        _ => Err(std::io::Error::other("no memory")),
    };
    let config = PoolConfig { slots: 1, queue: 4 };
    let pool = Pool::start_with("test", config, remake, factory).expect("started");
    crash(&pool).await;
    while made.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    let (done, stopped) = sync_channel::<()>(1);
    std::thread::spawn(move || {
        drop(pool);
        let _ = done.send(());
    });
    stopped
        .recv_timeout(LONG / 2)
        .expect("it stops before the rest is over");
}
