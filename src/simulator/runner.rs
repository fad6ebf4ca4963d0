//! Runs scenarios against a server, one after the other or several at once, and reports.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Mutex, Semaphore, watch},
    task::JoinSet,
};

use super::{
    SimulatorError,
    agent::{AgentDesk, AgentPolicy},
    assess::Facts,
    caller::{Caller, Prepared},
    clip::{Clip, ClipError, write_wav},
    leg::Leg,
    news::{News, Progress},
    record::{Api, Record, follow},
    report::{Report, ScenarioReport},
    scenario::{Action, Scenario},
};
use crate::{
    clock::ProcessClock,
    sip::{OutgoingInvite, SipConfig, SipEndpoint},
    tts::SpeechSynthesizer,
};

/// How long the record of a call may take to be closed, or an agent's report to come, after the call.
const CLOSING: Duration = Duration::from_secs(8);

/// Against what scenarios are run, and how.
#[derive(Clone, Debug)]
pub struct RunnerConfig {
    /// Host and port of the server's SIP side.
    pub target: String,
    /// Signalling over TCP.
    pub tcp: bool,
    /// URL of the server's console (`http://127.0.0.1:8400`).
    pub console: String,
    /// Where the agents that scenarios ask for are called.
    pub agents: SocketAddr,
    /// A desk that listens already, in place of one at `agents`.
    pub desk: Option<AgentDesk>,
    /// Our address, for SIP and RTP.
    pub local: IpAddr,
    /// Calls at the same time. Scenarios with an agent for the same caller still come one after the other.
    pub at_once: usize,
    /// Folder for WAV files of what callers heard.
    pub recordings: Option<PathBuf>,
}

impl Default for RunnerConfig {
    fn default() -> Self {
        Self {
            target: "127.0.0.1:5060".to_owned(),
            tcp: false,
            console: "http://127.0.0.1:8400".to_owned(),
            agents: (Ipv4Addr::LOCALHOST, 5_090).into(),
            desk: None,
            local: Ipv4Addr::LOCALHOST.into(),
            at_once: 1,
            recordings: None,
        }
    }
}

pub(super) fn sip_config(listen: SocketAddr) -> SipConfig {
    SipConfig {
        listen,
        user_agent: "yingda-simulator".to_owned(),
        ..SipConfig::default()
    }
}

/// What all calls of a run share.
struct Bench {
    config: RunnerConfig,
    endpoint: SipEndpoint,
    desk: Option<AgentDesk>,
    /// By caller: the server calls one address for all, and shows who called.
    agents: HashMap<String, Mutex<()>>,
    api: Api,
    clock: ProcessClock,
    progress: Arc<dyn Progress>,
}

/// A scenario with all its audio.
struct Staged {
    scenario: Scenario,
    steps: Vec<Prepared>,
    agent: Option<AgentPolicy>,
}

/// Runs scenarios; `progress` is told what happens. Nobody is called before all their words could be spoken.
pub async fn run(
    scenarios: Vec<Scenario>,
    config: RunnerConfig,
    voices: Arc<dyn SpeechSynthesizer>,
    progress: Arc<dyn Progress>,
) -> Result<Report, SimulatorError> {
    let clock = ProcessClock::start();
    let mut staged = Vec::new();
    for scenario in scenarios {
        staged.push(stage(scenario, voices.as_ref()).await?);
    }
    let (endpoint, _) = SipEndpoint::start(sip_config((config.local, 0).into())).await?;
    let with_agent = staged.iter().filter(|one| one.agent.is_some());
    let agents: HashMap<String, Mutex<()>> = with_agent
        .map(|one| {
            (
                national(&one.scenario.caller.number).to_owned(),
                Mutex::new(()),
            )
        })
        .collect();
    let desk = match (&config.desk, agents.is_empty()) {
        (Some(desk), _) => Some(desk.clone()),
        (None, true) => None,
        (None, false) => {
            Some(AgentDesk::open(sip_config(config.agents), config.local, clock).await?)
        }
    };
    let slots = Arc::new(Semaphore::new(config.at_once.max(1)));
    let bench = Arc::new(Bench {
        endpoint,
        desk,
        agents,
        api: Api::new(&config.console),
        clock,
        progress,
        config,
    });
    let mut calls = JoinSet::new();
    let mut reports: Vec<Option<ScenarioReport>> = staged.iter().map(|_| None).collect();
    let names: Vec<String> = staged.iter().map(|one| one.scenario.name.clone()).collect();
    for (place, one) in staged.into_iter().enumerate() {
        // Taken in order; the semaphore is never closed.
        let slot = slots.clone().acquire_owned().await.ok();
        let bench = bench.clone();
        calls.spawn(async move {
            let _slot = slot;
            (place, bench.run_one(one).await)
        });
    }
    while let Some(done) = calls.join_next().await {
        match done {
            Ok((place, report)) => reports[place] = Some(report),
            Err(error) => tracing::error!(%error, "a simulated call broke off"),
        }
    }
    let finished = reports.into_iter().zip(names).map(|(report, name)| {
        report.unwrap_or_else(|| ScenarioReport {
            name,
            failures: vec!["the simulated call broke off".to_owned()],
            ..ScenarioReport::default()
        })
    });
    Ok(Report::of(finished.collect()))
}

async fn stage(
    scenario: Scenario,
    voices: &dyn SpeechSynthesizer,
) -> Result<Staged, SimulatorError> {
    let mut steps = Vec::new();
    for step in &scenario.steps {
        let clip = match &step.action {
            Action::Say { text, voice } => Some(Clip::speak(voices, voice, text).await?),
            Action::Wav(file) => Some(Clip::read(file)?),
            _ => None,
        };
        let step = step.clone();
        steps.push(Prepared { step, clip });
    }
    let agent = match &scenario.agent {
        Some(agent) => Some(AgentPolicy {
            manner: agent.manner,
            after: agent.after,
            say: match &agent.say {
                Some(text) => Some(Clip::speak(voices, &agent.voice, text).await?),
                None => None,
            },
            hang_up_after: agent.hang_up_after,
        }),
        None => None,
    };
    Ok(Staged {
        scenario,
        steps,
        agent,
    })
}

/// A number as it is dialled inside the country, which is how agents see it.
fn national(number: &str) -> &str {
    let number = number.trim_start_matches('+');
    ["0086", "86"]
        .iter()
        .find_map(|prefix| number.strip_prefix(prefix))
        .unwrap_or(number)
}

/// The INVITE of a call, without its offer.
pub(super) fn invite(
    target: String,
    number: &str,
    display: Option<&str>,
    headers: &[(String, String)],
) -> OutgoingInvite {
    OutgoingInvite {
        target,
        from_user: number.to_owned(),
        from_display: display.map(str::to_owned),
        headers: headers.to_vec(),
        credentials: None,
        offer: String::new(),
    }
}

impl Bench {
    async fn run_one(&self, staged: Staged) -> ScenarioReport {
        let agent = self.agents.get(national(&staged.scenario.caller.number));
        let _agent = match (&staged.agent, agent) {
            (Some(_), Some(agent)) => Some(agent.lock().await),
            _ => None,
        };
        let name = staged.scenario.name.clone();
        let report = match self.call(&staged).await {
            Ok(report) => report,
            Err(error) => ScenarioReport {
                name: name.clone(),
                failures: vec![error.to_string()],
                ..ScenarioReport::default()
            },
        };
        self.progress
            .happened(&name, &News::Judged(Box::new(report.clone())));
        report
    }

    async fn call(&self, staged: &Staged) -> Result<ScenarioReport, SimulatorError> {
        let scenario = &staged.scenario;
        let duty = match (&self.desk, &staged.agent) {
            (Some(desk), Some(policy)) => {
                let number = national(&scenario.caller.number);
                Some(desk.on_duty_for(number, policy.clone()))
            }
            _ => None,
        };
        let transport = if self.config.tcp {
            ";transport=tcp"
        } else {
            ""
        };
        let target = format!("sip:{}@{}{transport}", scenario.dial, self.config.target);
        let news = News::Dialling {
            target: target.clone(),
            from: scenario.caller.number.clone(),
        };
        self.progress.happened(&scenario.name, &news);
        let caller = &scenario.caller;
        let invite = invite(
            target,
            &caller.number,
            caller.display.as_deref(),
            &caller.headers,
        );
        let leg = Leg::dial(&self.endpoint, invite, self.config.local, self.clock).await?;
        let begun = leg.begun();
        let sip_call_id = leg.dialog.call_id();
        let mut record = follow(
            self.api.clone(),
            sip_call_id.clone(),
            scenario.name.clone(),
            self.progress.clone(),
        );
        let caller = Caller::new(
            scenario.name.clone(),
            leg,
            record.clone(),
            self.progress.clone(),
        );
        let (played, leg) = caller.play(&staged.steps).await;
        let heard = leg.put_away().await;
        self.keep(scenario, heard.samples())?;
        let agent = match duty {
            Some(duty) => duty.report(CLOSING).await,
            None => None,
        };
        let record = closed(&mut record).await;
        let has_recording = match &record.call {
            Some(call) => self.has_recording(call).await,
            None => false,
        };
        let facts = Facts {
            begun,
            sip_call_id,
            played,
            record,
            agent,
            has_recording,
        };
        Ok(facts.report(scenario, &staged.steps))
    }

    fn keep(&self, scenario: &Scenario, heard: &[i16]) -> Result<(), ClipError> {
        let Some(folder) = &self.config.recordings else {
            return Ok(());
        };
        let name: String = scenario
            .name
            .chars()
            .map(|symbol| {
                if symbol.is_alphanumeric() {
                    symbol
                } else {
                    '-'
                }
            })
            .collect();
        write_wav(&folder.join(format!("{name}.wav")), heard)
    }

    async fn has_recording(&self, call: &str) -> bool {
        let path = format!("/api/calls/{call}/recording");
        let recording = self.api.get_bytes(&path).await;
        recording.is_ok_and(|bytes| bytes.starts_with(b"RIFF"))
    }
}

/// The record, once it is closed or patience ends.
async fn closed(record: &mut watch::Receiver<Record>) -> Record {
    // Late, or nobody follows it any more: what is known so far is judged.
    let _ = tokio::time::timeout(CLOSING, record.wait_for(Record::is_closed)).await;
    record.borrow().clone()
}
