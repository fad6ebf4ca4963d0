//! The machine of a call on a stage: inputs at moments, and what it asked for and wrote down.

mod acting;
mod calls;
mod generated;
mod moods;
mod overheard;
mod properties;

use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    call::{CallRecord, Digit},
    clock::Moment,
    conversation::{self, ConversationSettings, Prompts, Timings},
    ids::{BusinessId, CallId, LineNumber, OfferId},
    phone_number::{CallerNumber, Places},
    pii::Pii,
};

const ZH: &str = include_str!("../../../prompts/zh-CN.toml");

fn prompts() -> Arc<Prompts> {
    Arc::new(Prompts::parse("zh-CN.toml", ZH).expect("well formed"))
}

fn settings(mode: TransferMode, agent: Option<&str>) -> SessionSettings {
    SessionSettings {
        handover: HandoverSettings {
            agent: agent.map(str::to_owned),
            mode,
            ring_timeout: Duration::from_secs(20),
            refer_timeout: Duration::from_secs(32),
        },
        conversation: Arc::new(ConversationSettings {
            prompts: prompts(),
            business: "安心家电".to_owned(),
            timings: Timings::default(),
            plans: Arc::default(),
        }),
    }
}

fn offered(line: Option<&str>) -> SessionInput {
    SessionInput::Offered(OfferedCall {
        wall_ms: 1_800_000_000_000,
        dialled: line.unwrap_or("4009999999").to_owned(),
        line: line.map(|line| (BusinessId::new("appliance"), LineNumber::new(line))),
        caller: Pii::new(CallerNumber::parse(
            "sip:13800138000@example.com",
            &Places::built_in(),
        )),
        source: "192.0.2.1:5060".parse().expect("an address"),
        sip_call_id: "a@b".to_owned(),
    })
}

/// A call whose driver plays every sentence at once, unless synthesis is slow.
struct Stage {
    machine: SessionMachine,
    settings: Option<SessionSettings>,
    now: Moment,
    journal: Vec<(Moment, SessionInput)>,
    timer: Option<Moment>,
    /// How the driver was told to listen.
    listening: Option<conversation::Listening>,
    /// Sentences are not played but wait for their audio, as in a driver whose synthesis is slow.
    slow: bool,
    /// Those that wait, and whether they may be interrupted.
    waiting: Vec<(crate::ids::SpeechId, bool)>,
}

impl Stage {
    fn new(settings: Option<SessionSettings>) -> Self {
        Self {
            machine: SessionMachine::new(settings.clone()),
            settings,
            now: Moment::ORIGIN,
            journal: Vec::new(),
            timer: None,
            listening: None,
            slow: false,
            waiting: Vec::new(),
        }
    }

    /// A call that has been answered, and whose greeting was heard.
    fn talking(mode: TransferMode, agent: Option<&str>) -> Self {
        let mut stage = Self::new(Some(settings(mode, agent)));
        stage.tell(offered(Some("4008001001")));
        let codec = "PCMA".to_owned();
        stage.tell(SessionInput::Confirmed { codec });
        stage.now += Duration::from_secs(5);
        stage
    }

    /// Tells the machine, and gives what it asked for, an item each.
    fn tell(&mut self, input: SessionInput) -> Vec<String> {
        let mut inputs = std::collections::VecDeque::from([input]);
        let mut told = Vec::new();
        while let Some(input) = inputs.pop_front() {
            self.journal.push((self.now, input.clone()));
            self.machine.handle(self.now, input);
            while let Some(output) = self.machine.poll_output() {
                match &output {
                    SessionOutput::Say(speech) if self.slow => {
                        self.waiting.push((speech.id, speech.interruptible));
                    }
                    SessionOutput::Say(speech) => {
                        inputs.extend(played(speech.id).map(SessionInput::Conversation));
                    }
                    SessionOutput::StopPlayout { all } => {
                        let dropped = self.waiting.extract_if(.., |(_, may)| *all || *may);
                        inputs.extend(
                            dropped.map(|(speech, _)| SessionInput::SpeechDropped { speech }),
                        );
                    }
                    SessionOutput::Listen(listening) => self.listening = Some(*listening),
                    SessionOutput::Timeout(at) => {
                        self.timer = *at;
                        continue;
                    }
                    _ => {}
                }
                told.extend(name(&output));
            }
        }
        told
    }

    fn key(&mut self, symbol: char) -> Vec<String> {
        let digit = Digit::new(symbol).expect("a key");
        self.tell(SessionInput::Conversation(conversation::Input::Digit {
            digit,
        }))
    }

    /// Lets time pass to the moment that the machine asked for.
    fn wait(&mut self) -> Vec<String> {
        self.now = self.timer.take().expect("a timer").max(self.now);
        self.tell(SessionInput::TimerFired)
    }

    /// Synthesis has caught up: what waited is heard.
    fn catch_up(&mut self) {
        self.slow = false;
        for (speech, _) in std::mem::take(&mut self.waiting) {
            for input in played(speech) {
                self.tell(SessionInput::Conversation(input));
            }
        }
    }

    fn is_over(&self) -> bool {
        self.records().last().is_some_and(|name| name == "ended")
    }

    fn records(&self) -> Vec<String> {
        let records = self.machine.records().iter();
        records.map(event_name).collect()
    }

    /// The journal, written and read again, gives the same record.
    fn check_replay(&self) {
        let settings = self
            .settings
            .as_ref()
            .map(|settings| JournalSettings::of(settings, "zh-CN"));
        let json = |entry: &JournalEntry| serde_json::to_string(entry).expect("written");
        let mut entries = vec![(Moment::ORIGIN, json(&JournalEntry::Settings { settings }))];
        entries.extend(self.journal.iter().map(|(at, input)| {
            let input = input.clone();
            (*at, json(&JournalEntry::Input { input }))
        }));
        let journal = entries
            .iter()
            .zip(0u64..)
            .map(|((at, json), seq)| (seq, *at, json.as_str()));
        let call = CallId(uuid::Uuid::nil());
        let replayed = replay(call, journal, |_| Some(prompts())).expect("it can be replayed");
        assert_eq!(replayed.records, self.machine.records());
    }
}

/// A sentence that is heard to its end at once.
fn played(speech: crate::ids::SpeechId) -> [conversation::Input; 2] {
    let length = Duration::from_secs(1);
    [
        conversation::Input::PlayStarted { speech, length },
        conversation::Input::PlayEnded {
            speech,
            played: length,
            length,
            complete: true,
        },
    ]
}

fn event_name(record: &CallRecord) -> String {
    let value = serde_json::to_value(record).expect("written");
    value["event"].as_str().expect("a name").to_owned()
}

/// What an output says, unless it is of no interest on this stage.
fn name(output: &SessionOutput) -> Option<String> {
    Some(match output {
        SessionOutput::Record(_) | SessionOutput::Listen(_) | SessionOutput::Timeout(_) => {
            return None;
        }
        SessionOutput::Say(speech) => match &speech.source {
            crate::call::SpeechSource::Prompt { key } => format!("say {key}"),
            crate::call::SpeechSource::Entry { entry } => format!("answer {entry}"),
            crate::call::SpeechSource::Acted { action } => format!("reply to {action}"),
            crate::call::SpeechSource::Generated { entry } => format!("written from {entry}"),
        },
        SessionOutput::Reject { status } => format!("reject {status}"),
        SessionOutput::CallAgent { offer, target } => format!("call {offer} {target}"),
        SessionOutput::Brief { offer, .. } => format!("brief {offer}"),
        SessionOutput::Bridge { offer } => format!("bridge {offer}"),
        SessionOutput::EndAgentLeg { offer } => format!("end agent {offer}"),
        SessionOutput::Refer { offer, target } => format!("refer {offer} {target}"),
        SessionOutput::PlayMusic { .. } => "music".to_owned(),
        SessionOutput::StopMusic => "stop music".to_owned(),
        SessionOutput::StopPlayout { all } => format!("stop all={all}"),
        other => format!("{other:?}"),
    })
}
