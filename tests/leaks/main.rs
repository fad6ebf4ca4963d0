//! After many calls nothing is left over: no port, task, dialog, transaction or file, and memory is level. A process of its
//! own, because files and memory are counted for the whole process.

#[path = "../it/server.rs"]
#[allow(dead_code)] // Shared with the other tests, which use the rest of it.
mod server;

use std::{sync::Arc, time::Duration};

use yingda::{
    clock::ProcessClock,
    simulator::leg::{Leg, LegState, Waited},
    sip::SipEndpoint,
};

use server::{Server, caller, eventually, invite};

/// Calls at once, and how often so many are made.
const AT_ONCE: usize = 20;
const ROUNDS: usize = 10;

const PATIENCE: Duration = Duration::from_secs(30);

/// Calls, hears the greeting, and hangs up; every fourth caller gives up before the answer, every fifth presses a key first.
async fn call(endpoint: &SipEndpoint, server: &Server, number: usize) {
    let clock = ProcessClock::start();
    let media = server.sip.ip();
    let mut leg = Leg::dial(endpoint, invite(server, "4008001001"), media, clock)
        .await
        .expect("sent");
    if number % 4 != 3 {
        let heard = leg
            .until(PATIENCE, |state, phone| {
                let talking = matches!(state, LegState::Talking { .. });
                (talking && phone.received > 10).then_some(())
            })
            .await;
        assert_eq!(heard, Waited::Came(()), "call {number}: {:?}", leg.state());
    }
    if number.is_multiple_of(5) {
        let keys = vec![yingda::call::Digit::new('9').expect("a key")];
        leg.phone.press(keys).await;
    }
    leg.end().await;
}

/// Open sockets, pipes and files, but for the database, whose pool opens connections as it needs them.
fn open_files() -> usize {
    let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten();
    entries
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|target| !target.to_string_lossy().contains("yingda.db"))
        .count()
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

async fn round(endpoint: &Arc<SipEndpoint>, server: &Arc<Server>, first: usize) {
    let calls: Vec<_> = (first..first + AT_ONCE)
        .map(|number| {
            let (endpoint, server) = (endpoint.clone(), server.clone());
            tokio::spawn(async move { call(&endpoint, &server, number).await })
        })
        .collect();
    for call in calls {
        call.await.expect("a call that went well");
    }
    let services = server.services();
    eventually("nothing is left over", async || {
        let left = services.media.ports_in_use()
            + services.sip.dialogs()
            + endpoint.dialogs()
            + usize::try_from(services.metrics.calls_active.get()).unwrap_or(1);
        (left == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_leave_nothing_behind() {
    let server = Arc::new(Server::start(None, |_| {}).await);
    let endpoint = Arc::new(caller().await);
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    // The first round opens what stays: database connections, arenas, threads of the pool.
    round(&endpoint, &server, 0).await;
    let (files, memory) = (open_files(), resident_kib());
    let mut settled = tasks();
    for number in 1..ROUNDS {
        round(&endpoint, &server, number * AT_ONCE).await;
        settled = settled.min(tasks());
    }
    let calls = server.closed_calls(AT_ONCE * ROUNDS).await;
    assert_eq!(calls.len(), AT_ONCE * ROUNDS, "each call has one record");
    // Transactions end on the timers of RFC 3261 (32 s); nothing may outlive them.
    eventually("transactions, tasks and files are as before", async || {
        let left = server.services().sip.transactions() + endpoint.transactions();
        (left == 0 && open_files() <= files && tasks() <= settled).then_some(())
    })
    .await;
    let grown = resident_kib().saturating_sub(memory);
    assert!(grown < 32 * 1024, "memory grew by {grown} KiB in 180 calls");
}
