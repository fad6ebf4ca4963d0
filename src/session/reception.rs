//! Takes calls in: each gets a task. How many there may be at once is the endpoint's business.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Services, call_task::CallTask};
use crate::sip::IncomingCall;

/// How long the phones may take to answer our last BYEs: it is sent four times by then (RFC 3261 §17.1.2.2).
const GOODBYE: Duration = Duration::from_secs(4);

/// Settings of the reception.
#[derive(Clone, Copy, Debug)]
pub struct ReceptionConfig {
    /// How long calls may go on once the process was told to stop.
    pub patience: Duration,
}

/// Takes calls in.
#[derive(Debug)]
pub struct Reception {
    config: ReceptionConfig,
    services: Arc<Services>,
    calls: mpsc::Receiver<IncomingCall>,
    tasks: TaskTracker,
}

impl Reception {
    /// A reception for the calls that arrive at an endpoint.
    pub fn new(
        config: ReceptionConfig,
        services: Arc<Services>,
        calls: mpsc::Receiver<IncomingCall>,
    ) -> Self {
        Self {
            config,
            services,
            calls,
            tasks: TaskTracker::new(),
        }
    }

    /// Takes calls until `stop`, refuses them from then on, and returns when the last call is over and its phones know that.
    /// Calls that go on for longer than the configured patience are ended.
    pub async fn run(mut self, stop: CancellationToken) {
        let end = CancellationToken::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                call = self.calls.recv() => match call {
                    Some(call) => self.take(call, false, &end),
                    None => break,
                },
            }
        }
        self.services.sip.close();
        self.tasks.close();
        let patience = tokio::time::sleep(self.config.patience);
        tokio::pin!(patience);
        loop {
            tokio::select! {
                () = self.tasks.wait() => break,
                () = &mut patience, if !end.is_cancelled() => end.cancel(),
                Some(call) = self.calls.recv() => self.take(call, true, &end),
            }
        }
        // A phone that does not answer by then is gone.
        let _ = tokio::time::timeout(GOODBYE, self.services.sip.ended()).await;
    }

    fn take(&self, call: IncomingCall, draining: bool, end: &CancellationToken) {
        let task = CallTask::new(self.services.clone(), call, draining);
        self.tasks.spawn(task.run(end.clone()));
    }
}
