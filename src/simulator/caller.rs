//! A simulated caller: carries steps out in a call, each at its moment, and measures what comes of them.
//!
//! Does not judge (see `judge`).

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    clip::Clip,
    hearing::YIELDS,
    leg::{Leg, LegState, Waited},
    news::{News, Progress},
    phone::PhoneState,
    record::Record,
    scenario::{Action, KeysBy, SILENCE, Step, When},
    told::Told,
};
use crate::{clock::Moment, media::Direction};

/// The bot has finished when it has been quiet for so long.
const QUIET: Duration = Duration::from_millis(600);

/// How long a call may go unanswered: Timer C (RFC 3261 §16.6) is longer than anybody rings.
const UNANSWERED: Duration = Duration::from_secs(35);

/// A step, with the audio that it plays.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The step.
    pub step: Step,
    /// What is played.
    pub clip: Option<Clip>,
}

/// A step that was carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Did {
    /// When it began: its first packet.
    pub began: Moment,
    /// Voice-to-voice latency of the reply, if one was heard.
    pub reply: Option<Duration>,
    /// How soon a silence that was expected was broken.
    pub broken: Option<Duration>,
}

/// What a caller did, and how far it came.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// The steps that were carried out, from the first.
    pub did: Vec<Did>,
    /// Why the rest was not.
    pub failure: Option<String>,
    /// SIP status when it was not answered.
    pub status: Option<u16>,
    /// From ACK to the first sound.
    pub greeting: Option<Duration>,
}

/// A caller in a call.
pub struct Caller {
    name: String,
    leg: Leg,
    record: watch::Receiver<Record>,
    progress: Arc<dyn Progress>,
    told: Told,
    /// Sound after this moment answers what was done last.
    mark: Moment,
    /// When the last step began, and when it was done.
    began: Moment,
    done: Moment,
    /// The last step that asks something.
    asked: Option<usize>,
}

impl Caller {
    /// A caller who has just dialled.
    pub fn new(
        name: String,
        leg: Leg,
        record: watch::Receiver<Record>,
        progress: Arc<dyn Progress>,
    ) -> Self {
        let begun = leg.begun();
        Self {
            name,
            leg,
            record,
            progress,
            told: Told::default(),
            mark: begun,
            began: begun,
            done: begun,
            asked: None,
        }
    }

    async fn until<T>(
        &mut self,
        patience: Duration,
        mut wanted: impl FnMut(&LegState, &PhoneState) -> Option<T>,
    ) -> Waited<T> {
        let Self {
            name,
            leg,
            progress,
            told,
            ..
        } = self;
        leg.until(patience, |state, phone| {
            told.look(state, phone, |news| progress.happened(name, &news));
            wanted(state, phone)
        })
        .await
    }

    fn tell(&self, news: &News) {
        self.progress.happened(&self.name, news);
    }

    /// Carries the steps out, then waits for the last reply and hangs up, if the other side has not.
    pub async fn play(mut self, steps: &[Prepared]) -> (Played, Leg) {
        let mut played = Played::default();
        let waits_for_answer = !matches!(
            steps.first().map(|first| &first.step.action),
            Some(Action::Cancel)
        );
        let mut answered = None;
        if waits_for_answer {
            let waited = self
                .until(UNANSWERED, |state, _| match state {
                    LegState::Talking { since } => Some(*since),
                    _ => None,
                })
                .await;
            match waited {
                Waited::Came(since) => {
                    answered = Some(since);
                    (self.mark, self.began, self.done) = (since, since, since);
                }
                Waited::Late => played.failure = Some("the call was not answered".to_owned()),
                Waited::Ended => {}
            }
        }
        if answered.is_some() || !waits_for_answer {
            for (place, prepared) in steps.iter().enumerate() {
                if let Err(problem) = self.carry_out(prepared, &mut played.did).await {
                    let line = prepared.step.line;
                    let number = place + 1;
                    played.failure = Some(format!("step {number} (line {line}): {problem}"));
                    break;
                }
            }
        }
        if played.failure.is_none() && steps.last().is_some_and(awaits_reply) {
            // Late or ended: what was expected of the last step says whether that is right.
            let last = steps.last().map_or(QUIET, |last| last.step.patience);
            self.wait_for(&When::AfterPrompt, last).await;
        }
        played.greeting =
            answered.and_then(|since| Some(self.leg.phone.state().hearing.first()?.since(since)));
        self.keep_reply(&mut played.did);
        self.leg.end().await;
        self.until(Duration::ZERO, |_, _| Some(())).await;
        if let LegState::Refused { status, .. } = self.leg.state() {
            played.status = Some(*status);
        }
        (played, self.leg)
    }

    /// The reply to the last question, before the next one makes it another's.
    fn keep_reply(&self, did: &mut [Did]) {
        if let Some(asked) = self.asked.and_then(|asked| did.get_mut(asked)) {
            asked.reply = self.leg.phone.state().hearing.reply();
        }
    }

    async fn wait_for(&mut self, when: &When, patience: Duration) -> Waited<()> {
        // What is heard just after the mark is what was being said, not an answer.
        let (mark, began, done) = (self.mark + YIELDS, self.began, self.done);
        match when {
            When::AfterPrompt => {
                self.until(patience, |_, phone| {
                    phone
                        .hearing
                        .has_spoken_since(mark, phone.now, QUIET)
                        .then_some(())
                })
                .await
            }
            When::OverPrompt(ms) => {
                let mut first = None;
                let ms = Duration::from_millis(*ms);
                self.until(patience, |_, phone| {
                    if phone.hearing.last().is_some_and(|last| last > mark) {
                        first.get_or_insert(phone.now);
                    }
                    let is_late = first.is_some_and(|first| phone.now.since(first) >= ms);
                    (is_late && phone.hearing.sounding_since().is_some()).then_some(())
                })
                .await
            }
            When::AfterMs(ms) => {
                let at = done + Duration::from_millis(*ms);
                self.until(patience.max(Duration::from_millis(*ms)), |_, phone| {
                    (phone.now >= at).then_some(())
                })
                .await
            }
            When::AfterEvent(name) => {
                let record = self.record.clone();
                let begun = self.leg.begun();
                self.until(patience, |_, _| {
                    let record = record.borrow();
                    let mut events = record.events.iter().rev();
                    events
                        .any(|event| {
                            event.name == *name && begun + event.at.since(Moment::ORIGIN) >= began
                        })
                        .then_some(())
                })
                .await
            }
        }
    }

    async fn carry_out(&mut self, prepared: &Prepared, did: &mut Vec<Did>) -> Result<(), String> {
        let step = &prepared.step;
        match self.wait_for(&step.when, step.patience).await {
            Waited::Came(()) => {}
            // What is waited for is the end itself.
            Waited::Ended if matches!(step.action, Action::WaitEnd) => {}
            Waited::Ended => return Err("the call was over before it".to_owned()),
            Waited::Late => return Err(format!("{} never came", describe(&step.when))),
        }
        self.keep_reply(did);
        if awaits_reply(prepared) {
            self.asked = Some(did.len());
        }
        self.began = self.leg.now();
        self.tell(&News::Did(said(step)));
        match &step.action {
            Action::Say { .. } | Action::Wav(_) => {
                // Made before the call; see `runner`.
                let Some(clip) = prepared.clip.clone() else {
                    return Err("has no audio".to_owned());
                };
                let ticket = self.leg.phone.play(clip).await;
                self.sent(ticket).await?;
            }
            Action::Press(keys, KeysBy::Rtp) => {
                let ticket = self.leg.phone.press(keys.clone()).await;
                self.sent(ticket).await?;
            }
            Action::Press(keys, KeysBy::Info) => {
                for key in keys {
                    let sent = self.leg.dialog.send_info_digit(key.symbol()).await;
                    sent.map_err(|error| error.to_string())?;
                }
                self.leg.phone.asked().await;
                self.mark = self.leg.now();
                self.done = self.mark;
            }
            Action::Silence(length) => {
                if self.until(*length, |_, _| None::<()>).await == Waited::Ended {
                    return Err("the call ended in the silence".to_owned());
                }
                self.mark = self.began;
                self.done = self.leg.now();
            }
            Action::Hold | Action::Resume => {
                let direction = match step.action {
                    Action::Hold => Direction::SendOnly,
                    _ => Direction::SendRecv,
                };
                let done = self.leg.redirect(direction).await;
                done.map_err(|error| error.to_string())?;
                self.mark = self.began;
                self.done = self.leg.now();
            }
            Action::HangUp | Action::Cancel => {
                self.leg.end().await;
                self.until(Duration::ZERO, |_, _| Some(())).await;
            }
            Action::WaitEnd => {
                if self.until(step.patience, |_, _| None::<()>).await != Waited::Ended {
                    return Err("the call was not ended by the other side".to_owned());
                }
            }
        }
        let broken = match step.expect.silence {
            true => self.silence().await,
            false => None,
        };
        did.push(Did {
            began: self.began,
            reply: None,
            broken,
        });
        Ok(())
    }

    /// Waits in silence; how soon it was broken, if it was. A call that ends is silent, too.
    async fn silence(&mut self) -> Option<Duration> {
        let mark = self.mark;
        let waited = self
            .until(SILENCE, |_, phone| {
                let last = phone.hearing.last()?;
                (last > mark).then(|| last.since(mark))
            })
            .await;
        self.done = self.leg.now();
        match waited {
            Waited::Came(after) => Some(after),
            Waited::Late | Waited::Ended => None,
        }
    }

    /// Waits until something was played.
    async fn sent(&mut self, ticket: super::phone::Ticket) -> Result<(), String> {
        /// The longest clip and a bit.
        const LONGEST: Duration = Duration::from_secs(620);
        let waited = self
            .until(LONGEST, |_, phone| {
                (phone.finished >= ticket).then_some(*phone)
            })
            .await;
        let Waited::Came(phone) = waited else {
            return Err("the call ended in the middle of it".to_owned());
        };
        if let Some((began, at)) = phone.began
            && began == ticket
        {
            self.began = at;
        }
        self.done = phone.spoke.unwrap_or(phone.now);
        self.mark = self.done;
        Ok(())
    }
}

/// Whether something is asked.
pub fn expects_reply(prepared: &Prepared) -> bool {
    matches!(
        prepared.step.action,
        Action::Say { .. } | Action::Wav(_) | Action::Press(..)
    )
}

/// Whether a reply is waited for.
fn awaits_reply(prepared: &Prepared) -> bool {
    expects_reply(prepared) && !prepared.step.expect.silence
}

fn describe(when: &When) -> String {
    match when {
        When::AfterPrompt => "the end of the bot's words".to_owned(),
        When::OverPrompt(ms) => format!("the bot's words of {ms} ms"),
        When::AfterMs(ms) => format!("the moment {ms} ms later"),
        When::AfterEvent(name) => format!("the event `{name}`"),
    }
}

/// What a step says, presses or does.
pub fn said(step: &Step) -> String {
    match &step.action {
        Action::Say { text, .. } => text.clone(),
        Action::Wav(file) => file
            .file_name()
            .map_or(String::new(), |name| name.to_string_lossy().into_owned()),
        Action::Press(keys, _) => {
            let keys: String = keys.iter().map(|key| key.symbol()).collect();
            format!("[{keys}]")
        }
        Action::Silence(length) => format!("(silence of {} ms)", length.as_millis()),
        Action::Hold => "(hold)".to_owned(),
        Action::Resume => "(resume)".to_owned(),
        Action::HangUp => "(hang up)".to_owned(),
        Action::Cancel => "(cancel)".to_owned(),
        Action::WaitEnd => "(wait for the end)".to_owned(),
    }
}
