//! What the bot does about what it understood.

use super::{
    Intent, Output,
    callback::SetAside,
    machine::{Conversation, Stage},
    playout::Repeatable,
    slots::{Fault, Reply},
};
use crate::{
    call::{CallEvent, EndCause, EscalationReason, Party, SpeechSource},
    clock::Moment,
    entry::{Action, Candidate, Context, Entry, Finding, Verdict},
    escalation::EscalationPolicy,
    ids::{EntryId, UtteranceId},
    pii::Pii,
    text::{digits::dictated, pinyin::toneless},
};

/// Slow speech, as a factor on the normal rate.
const SLOW: f32 = 0.75;

/// What an utterance or a key means where the conversation stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Understood {
    /// No words.
    Nothing,
    /// Words that leave the floor to the bot.
    Backchannel,
    /// Something with a meaning of its own.
    Control(Intent),
    /// A phrase that must reach a human.
    MustEscalate(String),
    /// One of the offered entries.
    Choice(usize),
    /// Dictated digits.
    Digits(String),
    /// An answer to what a form asks for.
    Slot(Reply),
    /// 我想问一下: a question is coming.
    Announcement,
    /// Something to look up.
    Question,
}

impl Understood {
    /// Whether more words could not change it, so that a short silence is enough.
    pub(super) const fn is_complete(&self) -> bool {
        match self {
            Self::Choice(_) => true,
            Self::Slot(reply) => reply.is_complete(),
            Self::Control(intent) => matches!(
                intent,
                Intent::Human | Intent::Robot | Intent::Repeat | Intent::Slower | Intent::Louder
            ),
            Self::Nothing
            | Self::Backchannel
            | Self::MustEscalate(_)
            | Self::Digits(_)
            | Self::Announcement
            | Self::Question => false,
        }
    }
}

impl Conversation {
    pub(super) fn understand(&self, text: &str, over_bot: bool) -> Understood {
        if text.trim().is_empty() {
            return Understood::Nothing;
        }
        let vocabulary = self.settings.prompts.vocabulary();
        let intent = vocabulary.intent(text);
        // Before the phrases that must escalate: 12315 can be a part of what is dictated.
        if let Some(digits) = self.dictated_to(text) {
            return Understood::Digits(digits);
        }
        if let Stage::Filling(form) = &self.stage
            && let Some(reply) = form.hear_number(text, self.ears())
        {
            return Understood::Slot(reply);
        }
        if let Some(phrase) = vocabulary.must_escalate(text) {
            return Understood::MustEscalate(phrase.to_owned());
        }
        match (&self.stage, intent) {
            (Stage::Choosing { offered, .. }, _) => {
                if let Some(place) = vocabulary
                    .ordinal(text, offered.len())
                    .or_else(|| by_name(text, offered))
                {
                    return Understood::Choice(place);
                }
            }
            (Stage::Filling(form), intent) if !steers(intent) => {
                if let Some(reply) = form.hear_words(text, self.ears()) {
                    return Understood::Slot(reply);
                }
            }
            (Stage::Callback(_), _) => match vocabulary.decision(text) {
                Some(true) => return Understood::Control(Intent::Yes),
                Some(false) => return Understood::Control(Intent::No),
                None => {}
            },
            _ => {}
        }
        if self.stage == Stage::Open
            && self.was_answered()
            && !self.asked_more
            && vocabulary.is_dissent(text)
        {
            return Understood::Control(Intent::Dissent);
        }
        if over_bot && vocabulary.is_backchannel(text) {
            return Understood::Backchannel;
        }
        match intent {
            Some(intent) => Understood::Control(intent),
            // 嗯 and 呃 alone are no question, whoever speaks.
            None if vocabulary.is_backchannel(text) => Understood::Backchannel,
            None if vocabulary.is_announcement(text) => Understood::Announcement,
            None if let Stage::Filling(form) = &self.stage
                && let Some(reply) = form.hear_text(text, self.ears()) =>
            {
                Understood::Slot(reply)
            }
            None => Understood::Question,
        }
    }

    /// Digits, where the conversation waits for some.
    fn dictated_to(&self, text: &str) -> Option<String> {
        let digits = dictated(text)?;
        let wanted = match &self.stage {
            Stage::Callback(callback) if callback.wants_digits() => 1,
            // Instead of yes or no: the number to be called.
            Stage::Callback(_) => 7,
            // The last four of an order number.
            Stage::Noting { .. } => 4,
            _ => return None,
        };
        (digits.len() >= wanted).then_some(digits)
    }

    /// Acts on anything but a question.
    pub(super) fn react(
        &mut self,
        now: Moment,
        utterance: Option<UtteranceId>,
        understood: Understood,
        text: &str,
    ) {
        match understood {
            Understood::Nothing | Understood::Backchannel | Understood::Question => {}
            Understood::MustEscalate(phrase) => {
                self.asked_in = utterance.unwrap_or(self.asked_in);
                text.clone_into(&mut self.last_question);
                self.escalate(
                    EscalationReason::MustEscalate { phrase },
                    Some("handover.connecting"),
                );
            }
            Understood::Choice(place) => self.choose(place),
            Understood::Slot(reply) => self.slot_reply(reply),
            Understood::Digits(digits) => match self.stage.clone() {
                Stage::Noting { entry, .. } => self.note(entry, text.to_owned()),
                _ => self.callback_digits(now, &digits),
            },
            Understood::Announcement if self.is_handing_over() => {}
            Understood::Announcement => self.say("answer.more"),
            Understood::Control(intent) => {
                self.event(CallEvent::Understood {
                    utterance,
                    intent: intent.name().to_owned(),
                });
                self.control(intent);
            }
        }
    }

    fn control(&mut self, intent: Intent) {
        if self.is_handing_over() {
            // Music is playing and a human is on the way: only leaving changes anything.
            if intent == Intent::Goodbye {
                self.say_goodbye();
            }
            return;
        }
        if let (Stage::Callback(_), Intent::Yes | Intent::No) = (&self.stage, intent) {
            return self.callback_decided(intent == Intent::Yes);
        }
        // The answer to what was asked is on its way.
        let acting = matches!(self.stage, Stage::Acting(_));
        if acting && !matches!(intent, Intent::Human | Intent::Goodbye) {
            return;
        }
        let filling = matches!(self.stage, Stage::Filling(_));
        if filling && self.controls_form(intent) {
            return;
        }
        let asked_more = std::mem::take(&mut self.asked_more);
        match intent {
            Intent::Human => {
                self.escalate(EscalationReason::Requested, Some("handover.connecting"))
            }
            Intent::Robot => self.say("answer.robot"),
            Intent::Repeat => self.repeat(None),
            Intent::Slower => {
                self.speed = SLOW;
                self.repeat(Some("answer.slower"));
            }
            Intent::Louder => self.repeat(Some("answer.louder")),
            Intent::Wait => {
                self.patient = true;
                self.say("answer.waiting");
            }
            Intent::Goodbye => self.say_goodbye(),
            Intent::Thanks => {
                self.asked_more = true;
                self.say("answer.thanks");
            }
            Intent::Hello => self.say("answer.hello"),
            Intent::No if asked_more => self.say_goodbye(),
            Intent::No | Intent::Dissent if matches!(self.stage, Stage::Choosing { .. }) => {
                self.stage = Stage::Open;
                self.abstain();
            }
            Intent::Yes | Intent::Acknowledge if matches!(self.stage, Stage::Choosing { .. }) => {
                self.say("clarify.again");
            }
            // 没有 instead of the details: there are none.
            Intent::No if matches!(self.stage, Stage::Noting { .. }) => {
                self.stage = Stage::Open;
                if !self.go_back() {
                    self.ask_for_more();
                }
            }
            Intent::Dissent if self.was_answered() => self.abstain(),
            Intent::Yes if asked_more => self.say("answer.more"),
            Intent::Yes | Intent::No | Intent::Acknowledge
                if self.was_answered() && self.stage == Stage::Open =>
            {
                self.ask_for_more();
            }
            Intent::Yes | Intent::No | Intent::Acknowledge | Intent::Dissent => {
                self.say("answer.more");
            }
        }
    }

    fn say_goodbye(&mut self) {
        self.say_with("answer.closing", &[], false);
        self.hang_up(Party::Bot, EndCause::Hangup);
    }

    /// 请问还有什么可以帮您？
    pub(super) fn ask_for_more(&mut self) {
        self.asked_more = true;
        self.say("answer.anything_else");
    }

    /// Writes down what the caller told an entry that needs a person's work.
    pub(super) fn note(&mut self, entry: EntryId, text: String) {
        self.stage = Stage::Open;
        self.event(CallEvent::Noted {
            entry,
            text: Pii::new(text),
        });
        self.asked_more = true;
        self.say("answer.noted");
        self.go_back();
    }

    /// Acts on what was found for a question.
    pub(super) fn answer(&mut self, text: &str, finding: Finding) {
        self.asked_more = false;
        if self.is_handing_over() || matches!(self.stage, Stage::Acting(_)) {
            return;
        }
        if !matches!(finding.verdict, Verdict::Abstain { .. }) {
            self.set_callback_aside();
            self.set_form_aside();
        }
        match finding.verdict {
            Verdict::Answer { candidate } => match finding.second {
                Some(second) => self.say_both(candidate, second),
                None => self.say_entry(candidate),
            },
            Verdict::Clarify { candidates } => self.clarify(candidates),
            Verdict::Abstain { .. } => match std::mem::replace(&mut self.stage, Stage::Open) {
                Stage::Noting { entry, .. } => self.note(entry, text.to_owned()),
                Stage::Choosing {
                    offered,
                    again: false,
                } => {
                    self.stage = Stage::Choosing {
                        offered,
                        again: true,
                    };
                    self.say("clarify.again");
                }
                stage @ Stage::Filling(_) => {
                    self.stage = stage;
                    self.slot_missed(Fault::NotUnderstood);
                }
                // The caller went on to something else than being called back; that is settled first.
                stage @ Stage::Callback(_) => {
                    self.stage = stage;
                    self.callback_unclear();
                }
                _ => self.abstain(),
            },
        }
    }

    /// Says the answers to two questions of one utterance. What asks for something comes last, and a human, who can be told
    /// of both, alone.
    fn say_both(&mut self, first: Candidate, second: Candidate) {
        let escalates = |one: &Candidate| EscalationPolicy::of_action(&one.entry.action).is_some();
        let asks = |one: &Candidate| one.entry.action != Action::Answer;
        let (before, last) = match (asks(&first), asks(&second)) {
            (false, _) => ((!escalates(&second)).then_some(first), second),
            (true, false) => ((!escalates(&first)).then_some(second), first),
            (true, true) if escalates(&second) => (None, second),
            (true, true) => (None, first),
        };
        let mut said = Vec::new();
        if let Some(before) = before {
            self.say_answer(&before.entry);
            said = std::mem::take(&mut self.repeatable);
        }
        self.say_entry(last);
        // 再说一遍 means both.
        self.repeatable.splice(..0, said);
    }

    fn say_answer(&mut self, entry: &Entry) {
        self.say_repeatable(Repeatable {
            text: entry.answer.clone(),
            source: SpeechSource::Entry {
                entry: entry.id.clone(),
            },
            speed: 1.0,
        });
    }

    fn say_entry(&mut self, candidate: Candidate) {
        self.policy.answered();
        let entry = candidate.entry;
        self.say_answer(&entry);
        self.answered = Some(Context {
            question: Pii::new(self.last_question.clone()),
            entry: entry.clone(),
        });
        self.stage = match &entry.action {
            Action::Answer | Action::Transfer(_) | Action::Escalate(_) => Stage::Open,
            _ if self.begin_form(&entry) => return,
            // Where no system is named for it, what these need is taken down for the staff.
            Action::Lookup(_)
            | Action::Ticket(_)
            | Action::Route(_)
            | Action::Sms(_)
            | Action::Verify(_) => Stage::Noting {
                entry: entry.id.clone(),
                keys: String::new(),
            },
        };
        match EscalationPolicy::of_action(&entry.action) {
            Some(reason) => self.escalate(reason, Some("handover.connecting")),
            None if self.stage == Stage::Open => {
                self.go_back();
            }
            None => {}
        }
    }

    fn clarify(&mut self, candidates: Vec<Candidate>) {
        let names: Vec<&str> = candidates
            .iter()
            .map(|candidate| short_name(candidate.entry.spoken_name()))
            .collect();
        match names[..] {
            [first, second, third, ..] => {
                let values = [("first", first), ("second", second), ("third", third)];
                self.ask("clarify.three", &values);
            }
            [first, second] => {
                self.ask("clarify.two", &[("first", first), ("second", second)]);
            }
            // One choice is no choice: it is what was meant, or nothing is.
            _ => {
                if let Some(only) = candidates.into_iter().next() {
                    self.say_entry(only);
                }
                return;
            }
        }
        let offered = candidates.into_iter().take(3).collect();
        self.stage = Stage::Choosing {
            offered,
            again: false,
        };
    }

    pub(super) fn choose(&mut self, place: usize) {
        let Stage::Choosing { offered, .. } = &self.stage else {
            return;
        };
        let Some(candidate) = offered.get(place).cloned() else {
            return;
        };
        self.event(CallEvent::Chosen {
            candidate: candidate.clone(),
        });
        self.say_entry(candidate);
    }

    fn abstain(&mut self) {
        self.answered = None;
        match self.policy.abstained() {
            Some(reason) => self.escalate(reason, Some("abstain.second")),
            None => {
                self.say("abstain.first");
                self.go_back();
            }
        }
    }

    /// Asks for a human, once. `sentence` is what the caller hears first.
    pub(super) fn escalate(&mut self, reason: EscalationReason, sentence: Option<&str>) {
        if matches!(self.stage, Stage::Waiting | Stage::WithAgent | Stage::Over) {
            return;
        }
        let stage = std::mem::replace(&mut self.stage, Stage::Waiting);
        match stage {
            Stage::Filling(form) if !form.collected().is_empty() => self.note_form(&form),
            _ => {}
        }
        self.form_aside = None;
        self.escalated = Some(reason.clone());
        self.event(CallEvent::Escalated {
            reason: reason.clone(),
        });
        if let Some(key) = sentence {
            self.say(key);
        }
        let brief = Pii::new(self.brief(&reason));
        self.output(Output::Escalate { reason, brief });
    }

    /// Words or voice tell that a human is needed, unless one is already being brought in.
    pub(super) fn sensed(&mut self, cause: String) {
        // A call-back that is being noted is what becomes of a call for which no human could be had.
        if matches!(
            self.stage,
            Stage::Waiting | Stage::WithAgent | Stage::Over | Stage::Callback(_)
        ) {
            return;
        }
        // The answer to what upset them is not what they want to hear now.
        self.stop_playout();
        self.escalate(
            EscalationReason::Sensed { cause },
            Some("handover.connecting"),
        );
    }

    pub(super) fn brief(&self, reason: &EscalationReason) -> String {
        let prompts = &self.settings.prompts;
        let reason = match reason {
            EscalationReason::Requested => prompts.reason("requested", &[]),
            EscalationReason::KeyZero => prompts.reason("key_zero", &[]),
            EscalationReason::RepeatedAbstention => prompts.reason("repeated_abstention", &[]),
            EscalationReason::MustEscalate { phrase } => {
                prompts.reason("must_escalate", &[("phrase", phrase)])
            }
            EscalationReason::EntryAction { .. } => prompts.reason("entry_action", &[]),
            EscalationReason::EngineFailure => prompts.reason("engine_failure", &[]),
            EscalationReason::SlotFailed { .. } => prompts.reason("slot_failed", &[]),
            EscalationReason::ActionFailed { .. } => prompts.reason("action_failed", &[]),
            EscalationReason::Sensed { cause } => prompts.reason("sensed", &[("cause", cause)]),
        };
        let caller = match self.caller.canonical.as_str() {
            "" => prompts.sentence("agent.brief_no_number", &[]).text,
            number => {
                let tail = number.len().saturating_sub(4);
                let tail = self.spelled(number.get(tail..).unwrap_or(number));
                prompts
                    .sentence("agent.brief_number", &[("tail", &tail)])
                    .text
            }
        };
        let question = match self.last_question.as_str() {
            "" => prompts.sentence("agent.brief_no_question", &[]).text,
            asked => {
                prompts
                    .sentence("agent.brief_question", &[("question", asked)])
                    .text
            }
        };
        let values = [
            ("caller", caller.as_str()),
            ("reason", reason.as_str()),
            ("question", question.as_str()),
        ];
        let mut brief = prompts.sentence("agent.brief", &values).text;
        brief.push_str(&self.brief_of_slots());
        brief
    }

    /// The caller talks to a human from here on.
    pub(super) fn agent_connected(&mut self) {
        if matches!(self.stage, Stage::New | Stage::Over) {
            return;
        }
        self.set_hearing_aside();
        self.stage = Stage::WithAgent;
        if !self.speaking.is_quiet() {
            self.speaking.set_paused(false);
            self.output(Output::StopPlayout { all: true });
        }
    }

    pub(super) fn agent_unavailable(&mut self, now: Moment) {
        if self.stage != Stage::Waiting {
            return;
        }
        self.note_activity(now);
        self.committed = None;
        self.say("handover.unavailable");
        self.offer_callback();
    }

    pub(super) fn agent_left(&mut self, now: Moment) {
        match self.stage {
            Stage::WithAgent => {}
            // Left before the legs were joined: nobody was had.
            _ => return self.agent_unavailable(now),
        }
        self.note_activity(now);
        self.stage = Stage::Open;
        self.set_aside = SetAside::Never;
        self.asked_more = true;
        self.say("handover.left");
    }
}

/// Whether it steers the call wherever it stands.
const fn steers(intent: Option<Intent>) -> bool {
    matches!(
        intent,
        Some(
            Intent::Human
                | Intent::Robot
                | Intent::Repeat
                | Intent::Slower
                | Intent::Louder
                | Intent::Wait
        )
    )
}

/// The name of an entry as it is offered: its question without politeness and marks.
fn short_name(question: &str) -> &str {
    let mut name = question.trim();
    for lead in ["请问一下", "请问", "我想问一下", "我想问", "我想咨询"] {
        name = name.strip_prefix(lead).unwrap_or(name);
    }
    let name = name.trim_matches(|symbol: char| "，。？！,.?! ".contains(symbol));
    name.strip_suffix(['呢', '啊', '呀']).unwrap_or(name)
}

/// The one offered entry that `text` names, by sound: most of its syllable pairs stand in that entry's name or question and
/// in no other's as many.
fn by_name(text: &str, offered: &[Candidate]) -> Option<usize> {
    let pairs = |text: &str| {
        let syllables = toneless(text);
        syllables
            .windows(2)
            .map(<[String]>::to_vec)
            .collect::<Vec<_>>()
    };
    let said = pairs(text);
    if said.is_empty() {
        return None;
    }
    let shares: Vec<usize> = offered
        .iter()
        .map(|candidate| {
            let name = pairs(candidate.entry.spoken_name());
            let question = pairs(&candidate.entry.question);
            let named = |pair: &&Vec<String>| name.contains(pair) || question.contains(pair);
            said.iter().filter(named).count()
        })
        .collect();
    let best = *shares.iter().max()?;
    let unique = shares.iter().filter(|share| **share == best).count() == 1;
    // Three of five pairs: a name with a filler around it, not a new question that shares a word.
    (unique && best * 5 >= said.len() * 3)
        .then(|| shares.iter().position(|share| *share == best))?
}
