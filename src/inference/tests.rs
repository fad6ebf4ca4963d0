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
