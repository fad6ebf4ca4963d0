//! A stage on which a conversation is played: a script of inputs, and what came of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    sync::Arc,
    time::Duration,
};

use super::super::{
    Conversation, ConversationSettings, Input, Listening, Output, Prompts, Timings,
};
use crate::{
    call::{CallEvent, Digit, SpeechSource},
    clock::Moment,
    entry::{Action, Candidate, Entry, Finding, Verdict},
    ids::{ActionId, EntryId, KnowledgeVersion, SearchId, SpeechId, UtteranceId},
    phone_number::{CallerNumber, Places},
    pii::Pii,
    transcript::Recognition,
};

pub(super) const ZH: &str = include_str!("../../../prompts/zh-CN.toml");
pub(super) const EN: &str = include_str!("../../../prompts/en-US.toml");

pub(super) fn settings(text: &str) -> Arc<ConversationSettings> {
    Arc::new(ConversationSettings {
        prompts: Arc::new(Prompts::parse("prompts", text).expect("the file is well formed")),
        business: "安心家电".to_owned(),
        timings: Timings::default(),
        plans: Arc::default(),
    })
}

pub(super) fn entry(id: &str, question: &str, answer: &str, action: Action) -> Candidate {
    Candidate {
        entry: Arc::new(Entry {
            id: EntryId::new(id),
            category: String::new(),
            question: question.to_owned(),
            similar_questions: Vec::new(),
            answer: answer.to_owned(),
            action,
            name: String::default(),
            validity: Default::default(),
        }),
        score: 0.9,
        matched: question.to_owned(),
    }
}

/// An entry with a short name.
fn named(id: &str, question: &str, name: &str) -> Candidate {
    let mut candidate = entry(id, question, "好的。", Action::Answer);
    let mut inner = Entry::clone(&candidate.entry);
    inner.name = name.to_owned();
    candidate.entry = Arc::new(inner);
    candidate
}

fn acting(id: &str, question: &str, action: &str) -> Verdict {
    let action = action.parse().expect("an action");
    Verdict::Answer {
        candidate: entry(id, question, "我帮您办。", action),
    }
}

/// What the stage's knowledge base says to a question.
pub(super) fn finding(question: &str) -> Finding {
    if let Some((first, second)) = question.split_once("还有") {
        let (first, second) = (finding(first), finding(second));
        let second = match second.verdict {
            Verdict::Answer { candidate } => Some(candidate),
            _ => None,
        };
        return Finding { second, ..first };
    }
    let wash = || entry("A1", "洗衣机怎么修", "两小时内联系您。", Action::Answer);
    let fridge = || entry("A2", "冰箱怎么修", "明天上门。", Action::Answer);
    let verdict = match question {
        q if q.contains("维修") => Verdict::Clarify {
            candidates: vec![wash(), fridge()],
        },
        q if q.contains("手续") => Verdict::Clarify {
            candidates: vec![
                named("A5", "买了以后坏了厂里管不管", "保修手续"),
                named("A6", "不想要了怎么拿回钱", "退货手续"),
            ],
        },
        q if q.contains("洗衣机") => Verdict::Answer { candidate: wash() },
        q if q.contains("冰箱") => Verdict::Answer {
            candidate: fridge(),
        },
        q if q.contains("报修") => Verdict::Answer {
            candidate: entry(
                "A3",
                "怎么报修",
                "请说型号和地址。",
                Action::Ticket("repair".to_owned()),
            ),
        },
        q if q.contains("挂失") => Verdict::Answer {
            candidate: entry(
                "A4",
                "挂失",
                "我马上转专席。",
                Action::Escalate("card_loss".to_owned()),
            ),
        },
        q if q.contains("查订单") => acting("L1", "查订单", "lookup:order"),
        q if q.contains("预约安装") => acting("T1", "预约安装", "ticket:install"),
        q if q.contains("核验") => acting("V1", "核验身份", "verify:identity"),
        q if q.contains("附近门店") => acting("R1", "附近门店", "route:nearest_store"),
        _ => Verdict::Abstain { nearest: None },
    };
    Finding {
        verdict,
        version: KnowledgeVersion::new("v1"),
        second: None,
    }
}

/// A conversation with a clock, a caller and an obliging driver.
pub(super) struct Stage {
    pub(super) machine: Conversation,
    pub(super) now: Moment,
    pub(super) timer: Option<Moment>,
    /// Speeches in playout, in order; the first is audible unless paused.
    pub(super) playing: Vec<(SpeechId, String, bool)>,
    audible: Option<SpeechId>,
    /// The caller's speech has paused playout.
    paused: bool,
    utterance: UtteranceId,
    pub(super) log: String,
    /// Whether engines answer at once.
    pub(super) engines: bool,
    pub(super) over: bool,
    pub(super) waiting: bool,
    pub(super) with_agent: bool,
    pub(super) listening: Option<Listening>,
    last_speech: SpeechId,
    recorded: BTreeSet<UtteranceId>,
    /// The newest snapshot of each utterance.
    revisions: BTreeMap<UtteranceId, u32>,
    /// The caller's words on record.
    pub(super) heard: Vec<String>,
    /// The entry that each search followed.
    pub(super) followed: Vec<Option<String>>,
    asked: BTreeSet<UtteranceId>,
    /// The search for which a language model was asked last.
    pub(super) generating: Option<SearchId>,
    /// The last number that was read back.
    read_back: String,
    /// Sentences since a slot was asked for.
    pub(super) about_slot: usize,
    /// The last request to the business's systems.
    pub(super) acting: Option<ActionId>,
}

impl Stage {
    pub(super) fn new(prompts: &str, caller: &str) -> Self {
        let caller = CallerNumber::parse(caller, &Places::built_in());
        let mut stage = Self {
            machine: Conversation::new(settings(prompts), caller),
            now: Moment::ORIGIN,
            timer: None,
            playing: Vec::new(),
            audible: None,
            paused: false,
            utterance: UtteranceId(0),
            log: String::new(),
            engines: true,
            over: false,
            waiting: false,
            with_agent: false,
            listening: None,
            last_speech: SpeechId(0),
            recorded: BTreeSet::new(),
            revisions: BTreeMap::new(),
            heard: Vec::new(),
            followed: Vec::new(),
            asked: BTreeSet::new(),
            generating: None,
            read_back: String::new(),
            about_slot: 0,
            acting: None,
        };
        stage.input(Input::Started);
        stage
    }

    pub(super) fn input(&mut self, input: Input) {
        match input {
            Input::SpeechPaused {
                utterance,
                revision,
                ..
            }
            | Input::SpeechEnded {
                utterance,
                revision,
                ..
            } if self.revisions.insert(utterance, revision) != Some(revision) => {
                // More was said: it may be recorded and answered again.
                self.recorded.remove(&utterance);
                self.asked.remove(&utterance);
            }
            Input::SpeechResumed { utterance } => {
                self.recorded.remove(&utterance);
                self.asked.remove(&utterance);
            }
            Input::AgentConnected => self.with_agent = true,
            Input::AgentUnavailable { .. } | Input::AgentLeft => {
                self.waiting = false;
                self.with_agent = false;
            }
            _ => {}
        }
        self.machine.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Recognise { .. } => {}
                Output::Search {
                    search,
                    question,
                    context,
                } => {
                    let followed = context.map(|context| context.entry.id.to_string());
                    self.followed.push(followed);
                    if self.engines {
                        let finding = finding(question.expose());
                        self.machine
                            .handle(self.now, Input::Found { search, finding });
                    }
                }
                Output::Say(speech) => {
                    assert!(speech.id > self.last_speech, "speech ids ascend");
                    assert!(!self.over, "{} follows the last words", speech.text);
                    assert!(!self.with_agent, "{} is said into a talk", speech.text);
                    self.last_speech = speech.id;
                    let mark = if speech.interruptible { "" } else { "!" };
                    let pace = if speech.speed == 1.0 {
                        String::new()
                    } else {
                        format!(" @{:.2}", speech.speed)
                    };
                    let name = match &speech.source {
                        SpeechSource::Prompt { key } => key.clone(),
                        SpeechSource::Entry { entry } => entry.to_string(),
                        SpeechSource::Generated { entry } => format!("written from {entry}"),
                        SpeechSource::Acted { .. } => format!("reply: {}", speech.text),
                    };
                    if name == "slot.confirm" {
                        self.read_back.clone_from(&speech.text);
                    }
                    self.about_slot += usize::from(name.starts_with("slot."));
                    self.line(&format!("say{mark} {name}{pace}"));
                    self.playing
                        .push((speech.id, speech.text, speech.interruptible));
                }
                Output::Generate(wanted) => {
                    let entries: Vec<_> = wanted
                        .candidates
                        .iter()
                        .map(|candidate| candidate.entry.id.to_string())
                        .collect();
                    let before = wanted.before.map_or(String::new(), |(question, answer)| {
                        format!(" after {} {answer}", question.expose())
                    });
                    let asked = wanted.question.into_inner();
                    self.line(&format!("generate {asked} from {entries:?}{before}"));
                    self.generating = Some(wanted.search);
                }
                Output::Act(request) => {
                    let slots: Vec<String> = request
                        .slots
                        .iter()
                        .map(|(name, value)| format!("{name}={}", value.expose()))
                        .collect();
                    self.line(&format!("act {} {}", request.action, slots.join(" ")));
                    assert!(self.acting.is_none_or(|before| before < request.id));
                    self.acting = Some(request.id);
                }
                Output::StopGenerating => self.line("stop generating"),
                Output::Record => {}
                Output::ResumePlayout => {
                    self.paused = false;
                    self.line("resume");
                }
                Output::StopPlayout { all } => {
                    self.paused = false;
                    self.line("stop");
                    let stopped: Vec<_> = self
                        .playing
                        .iter()
                        .filter(|speech| all || speech.2)
                        .map(|speech| speech.0)
                        .collect();
                    self.playing.retain(|speech| !all && !speech.2);
                    for speech in stopped {
                        let (played, length) = match self.audible == Some(speech) {
                            true => (Duration::from_secs(1), Duration::from_secs(2)),
                            false => (Duration::ZERO, Duration::ZERO),
                        };
                        let ended = Input::PlayEnded {
                            speech,
                            played,
                            length,
                            complete: false,
                        };
                        self.machine.handle(self.now, ended);
                    }
                }
                Output::Listen(listening) => self.listening = Some(listening),
                Output::Commit { .. } => self.line("commit"),
                Output::Escalate { reason, brief } => {
                    assert!(!self.waiting, "a human is on the way already");
                    self.waiting = true;
                    self.line(&format!(
                        "escalate {} | {}",
                        reason_name(&reason),
                        brief.expose()
                    ));
                }
                Output::Brief { brief } => self.line(&format!("brief {}", brief.expose())),
                Output::HangUp { cause, .. } => {
                    self.over = true;
                    self.line(&format!("hang up {cause:?}"));
                }
                Output::Event(event) => self.event(&event),
                Output::Timeout(at) => self.timer = Some(at),
            }
        }
    }

    fn event(&mut self, event: &CallEvent) {
        match event {
            CallEvent::UtteranceRecognised {
                utterance, text, ..
            } => {
                assert!(self.recorded.insert(*utterance), "recorded twice");
                self.heard.push(text.expose().clone());
            }
            CallEvent::Turn {
                utterance: Some(utterance),
                ..
            } => assert!(self.asked.insert(*utterance), "answered twice"),
            CallEvent::SlotAsked { .. } => self.about_slot = 0,
            // What is taken is what was read back.
            CallEvent::SlotFilled { slot, value } if slot == "order" => {
                let digit = |symbol| "零幺二三四五六七八九".chars().position(|one| one == symbol);
                let read_back: String = self
                    .read_back
                    .chars()
                    .filter_map(digit)
                    .map(|digit| digit.to_string())
                    .collect();
                assert_eq!(&read_back, value.expose());
            }
            _ => {}
        }
        let line = match event {
            CallEvent::BargeIn { .. } => "barge-in".to_owned(),
            CallEvent::Backchannel { .. } => "backchannel".to_owned(),
            CallEvent::SpeechEnded {
                heard,
                complete: false,
                ..
            } => format!("heard only: {heard}"),
            CallEvent::Understood { intent, .. } => format!("understood {intent}"),
            CallEvent::Turn {
                question, finding, ..
            } => {
                let verdict = match finding.verdict {
                    Verdict::Answer { .. } => "answer",
                    Verdict::Clarify { .. } => "clarify",
                    Verdict::Abstain { .. } => "abstain",
                };
                format!("turn {} -> {verdict}", question.expose())
            }
            CallEvent::Generated {
                outcome, sentences, ..
            } => format!("generated {} {}", outcome.name(), sentences.len()),
            CallEvent::Rewritten { question, .. } => format!("rewritten {}", question.expose()),
            CallEvent::Chosen { candidate } => format!("chosen {}", candidate.entry.id),
            CallEvent::CallbackRequested { number } => format!("callback {}", number.expose()),
            CallEvent::SlotMissed { slot, fault } => format!("missed {slot}: {fault}"),
            CallEvent::SlotFilled { slot, value } => format!("filled {slot}={}", value.expose()),
            CallEvent::ActionReplied {
                outcome, unfilled, ..
            } => match unfilled {
                Some(name) => format!("replied {outcome:?} without {name}"),
                None => format!("replied {outcome:?}"),
            },
            CallEvent::ActionFailed { failure, .. } => format!("action failed {failure:?}"),
            CallEvent::Noted { entry, text } => format!("noted for {entry}: {}", text.expose()),
            CallEvent::SilenceReprompt { count } => format!("silence {count}"),
            CallEvent::EngineFailed { engine, .. } => format!("{engine} failed"),
            _ => return,
        };
        self.line(&line);
    }

    fn line(&mut self, line: &str) {
        writeln!(self.log, "{line}").expect("memory");
    }

    /// Lets everything that was said be heard to its end, unless the caller's speech has paused it.
    pub(super) fn hear(&mut self) {
        while !self.playing.is_empty() && !self.paused {
            self.begin_to_hear();
            let (speech, ..) = self.playing.remove(0);
            self.audible = None;
            self.now += Duration::from_secs(2);
            let two = Duration::from_secs(2);
            self.input(Input::PlayEnded {
                speech,
                played: two,
                length: two,
                complete: true,
            });
        }
    }

    /// Lets the first sentence begin.
    pub(super) fn begin_to_hear(&mut self) {
        let Some((speech, ..)) = self.playing.first() else {
            return;
        };
        let speech = *speech;
        if self.audible != Some(speech) {
            self.audible = Some(speech);
            let length = Duration::from_secs(2);
            self.input(Input::PlayStarted { speech, length });
        }
    }

    pub(super) fn starts(&mut self) -> UtteranceId {
        self.utterance = self.utterance.next();
        let utterance = self.utterance;
        let over = self.playing.first().map(|speech| speech.0);
        self.paused |= self.playing.first().is_some_and(|speech| speech.2);
        self.input(Input::SpeechStarted { utterance, over });
        utterance
    }

    pub(super) fn pauses(&mut self, utterance: UtteranceId, revision: u32) {
        self.now += Duration::from_millis(800);
        let (speech_started, speech_ended) = (self.now, self.now);
        self.input(Input::SpeechPaused {
            utterance,
            revision,
            speech_started,
            speech_ended,
        });
    }

    pub(super) fn ends(&mut self, utterance: UtteranceId, revision: u32) {
        self.now += Duration::from_millis(500);
        let (speech_started, speech_ended) = (self.now, self.now);
        self.input(Input::SpeechEnded {
            utterance,
            revision,
            speech_started,
            speech_ended,
        });
    }

    pub(super) fn recognised(&mut self, utterance: UtteranceId, revision: u32, text: &str) {
        let recognition = Recognition {
            text: Pii::new(text.to_owned()),
            confidence: 0.9,
            took_ms: 40,
        };
        self.input(Input::Recognised {
            utterance,
            revision,
            recognition,
        });
    }

    /// The caller says `text` with the usual pause before its end.
    pub(super) fn says(&mut self, text: &str) {
        let utterance = self.starts();
        self.pauses(utterance, 1);
        self.recognised(utterance, 1, text);
        self.ends(utterance, 1);
    }

    pub(super) fn presses(&mut self, keys: &str) {
        for key in keys.chars() {
            self.input(Input::Digit {
                digit: Digit::new(key).expect("a key"),
            });
        }
    }

    /// Time passes until the timer fires.
    pub(super) fn waits(&mut self) {
        let at = self.timer.take().expect("a timer");
        self.now = self.now.max(at);
        self.input(Input::TimerFired);
    }

    pub(super) fn take_log(&mut self) -> String {
        std::mem::take(&mut self.log)
    }
}

fn reason_name(reason: &crate::call::EscalationReason) -> String {
    let value = serde_json::to_value(reason).expect("a plain enum");
    value["reason"].as_str().unwrap_or_default().to_owned()
}
