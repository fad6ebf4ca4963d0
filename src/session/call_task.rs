//! The task of one call: waits for what happens, tells the machine, and carries out what it asks.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::{
    JournalEntry, JournalSettings, LineServices, OfferedCall, Refusal, Services, SessionInput,
    SessionMachine, SessionOutput, SnapshotKey,
    caller_leg::CallerLeg,
    happening::{self, Happening},
    referring::Referring,
    snapshots::Snapshots,
    speaker::Speaker,
    taping::Taping,
    work::Work,
};
use crate::{
    acd::AgentCall,
    asr::Language,
    call::CallRecord,
    clock::{Moment, beijing_time},
    conversation,
    ids::{BusinessId, CallId, OfferId, SpeechId, UtteranceId},
    media_plane::MediaCommand,
    phone_number::CallerNumber,
    pii::Pii,
    retrieval::Query,
    routing::RouteRequest,
    sentiment::CallMood,
    sip::{IncomingCall, InviteFacts},
};

/// How long the last words of a recording may be on their way to the disk.
const TAPING_PATIENCE: Duration = Duration::from_secs(10);

/// Everything of one call.
pub(super) struct CallTask {
    pub(super) id: CallId,
    pub(super) services: Arc<Services>,
    pub(super) line: Option<Arc<LineServices>>,
    /// Who owns the line.
    pub(super) business: Option<BusinessId>,
    /// The call's moment zero on the process's clock.
    origin: Moment,
    machine: SessionMachine,
    journalled: u64,
    /// Entries of the journal from before the record began; `None` afterwards.
    early: Option<Vec<(u64, Moment, String)>>,
    /// What has happened and the machine does not know yet.
    pub(super) inputs: VecDeque<SessionInput>,
    /// Why the call cannot be taken, known before it was looked at.
    pub(super) refusal: Option<Refusal>,
    pub(super) caller: CallerLeg,
    pub(super) agent: Option<(OfferId, AgentCall)>,
    pub(super) facts: InviteFacts,
    pub(super) speaker: Speaker,
    pub(super) work: Work,
    pub(super) snapshots: Snapshots,
    /// Lengths of what is in the playout queue.
    pub(super) lengths: VecDeque<(SpeechId, Duration)>,
    pub(super) taping: Option<Taping>,
    /// The moods of the call so far.
    pub(super) mood: CallMood,
    /// The last utterance whose mood was read.
    pub(super) felt: Option<UtteranceId>,
    /// The last utterance that began while the bot spoke.
    pub(super) over_bot: Option<UtteranceId>,
    /// When the caller last spoke, until the bot is heard again.
    pub(super) spoken_at: Option<Moment>,
    pub(super) timer: Option<Moment>,
    pub(super) referring: Referring,
    pub(super) rejected: bool,
    pub(super) finished: bool,
    ended: Option<CallRecord>,
    /// The call's place among those at once.
    _place: OwnedSemaphorePermit,
}

impl CallTask {
    pub(super) fn new(services: Arc<Services>, call: IncomingCall, draining: bool) -> Self {
        let IncomingCall {
            facts,
            dialog,
            events,
            place,
        } = call;
        let decision = services.table.route(&RouteRequest {
            request_user: &facts.request_user,
            dialled_before: &facts.dialled_before,
        });
        let line = decision
            .as_ref()
            .and_then(|decision| services.lines.get(&decision.line));
        let business = decision.as_ref().map(|decision| decision.business.clone());
        let origin = services.clock.now();
        let offered = OfferedCall {
            wall_ms: services.clock.wall_ms(origin),
            dialled: decision
                .as_ref()
                .map_or_else(|| facts.request_user.clone(), |found| found.dialled.clone()),
            line: decision.map(|decision| (decision.business, decision.line)),
            caller: Pii::new(CallerNumber::parse(&facts.caller, &services.places)),
            source: facts.source,
            sip_call_id: facts.call_id.clone(),
        };
        let refusal = draining.then_some(Refusal::Draining);
        let (language, voice) = line.as_ref().map_or_else(Default::default, |line| {
            (line.language.clone(), line.voice.clone())
        });
        let settings = line.as_ref().map(|line| line.settings.clone());
        Self {
            id: CallId(uuid::Uuid::now_v7()),
            machine: SessionMachine::new(settings),
            journalled: 0,
            early: Some(Vec::new()),
            inputs: VecDeque::from([SessionInput::Offered(offered)]),
            refusal,
            caller: CallerLeg::new(dialog, events, facts.offer.clone()),
            agent: None,
            facts,
            speaker: Speaker::new(language, voice),
            work: Work::default(),
            snapshots: Snapshots::default(),
            lengths: VecDeque::new(),
            taping: None,
            mood: CallMood::default(),
            felt: None,
            over_bot: None,
            spoken_at: None,
            timer: None,
            referring: Referring::default(),
            rejected: false,
            finished: false,
            ended: None,
            _place: place,
            services,
            line,
            business,
            origin,
        }
    }

    /// Runs the call to its end.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let settings = self
            .line
            .as_ref()
            .map(|line| JournalSettings::of(&line.settings, &line.language));
        self.journal(Moment::ORIGIN, &JournalEntry::Settings { settings })
            .await;
        let mut stopped = false;
        while !self.finished {
            if let Some(input) = self.inputs.pop_front() {
                self.take(input).await;
                continue;
            }
            let timer = self.timer.map(|at| self.origin + at.since(Moment::ORIGIN));
            let timer = timer.map(|at| self.services.clock.instant(at));
            let happened = happening::next(
                &mut self.caller,
                &mut self.agent,
                &mut self.work,
                timer,
                (!stopped).then_some(&stop),
            )
            .await;
            stopped |= matches!(happened, Happening::Stop);
            self.on(happened).await;
        }
        self.close().await;
    }

    /// The call's offset of a moment on the process's clock.
    pub(super) fn offset(&self, moment: Moment) -> Moment {
        Moment::ORIGIN + moment.since(self.origin)
    }

    async fn take(&mut self, input: SessionInput) {
        let now = self.offset(self.services.clock.now());
        let entry = JournalEntry::Input { input };
        self.journal(now, &entry).await;
        if let JournalEntry::Input { input } = entry {
            self.machine.handle(now, input);
        }
        while let Some(output) = self.machine.poll_output() {
            self.carry_out(output).await;
        }
    }

    async fn journal(&mut self, at: Moment, entry: &JournalEntry) {
        let seq = self.journalled;
        self.journalled += 1;
        let json = match serde_json::to_string(entry) {
            Ok(json) => json,
            Err(error) => {
                return tracing::error!(call.id = %self.id, %error, "an input cannot be written");
            }
        };
        match &mut self.early {
            Some(early) => early.push((seq, at, json)),
            None => self.write_input(seq, at, json).await,
        }
    }

    async fn write_input(&self, seq: u64, at: Moment, json: String) {
        let written = self.services.writer.append_input(self.id, seq, at, json);
        if let Err(error) = written.await {
            tracing::error!(call.id = %self.id, %error, "an input was not recorded");
        }
    }

    async fn carry_out(&mut self, output: SessionOutput) {
        match output {
            SessionOutput::Record(record) => self.record(*record).await,
            SessionOutput::Accept => self.accept(),
            SessionOutput::Reject { status } => self.reject(status),
            SessionOutput::StartRecording => self.start_recording().await,
            SessionOutput::Recognise(key) => self.recognise(key),
            SessionOutput::Search {
                search,
                question,
                context,
            } => {
                if let Some(line) = &self.line {
                    let clock = &self.services.clock;
                    let now = beijing_time(clock.wall_ms(clock.now()));
                    let query = Query {
                        text: question,
                        context,
                        now,
                    };
                    self.work.search(line.index.clone(), search, query);
                }
            }
            SessionOutput::Generate(wanted) => self.generate(wanted),
            SessionOutput::Act(request) => self.act(request),
            SessionOutput::StopGenerating => self.work.writing.stop(),
            SessionOutput::Say(speech) => {
                let steps = self.speaker.say(speech);
                self.speak(steps);
            }
            SessionOutput::PlayMusic { .. } => {
                let steps = self.speaker.play_music();
                self.speak(steps);
            }
            SessionOutput::ResumePlayout => self.resume_playout(),
            SessionOutput::StopPlayout { all } => self.stop_playout(all),
            SessionOutput::StopMusic => self.stop_music(),
            SessionOutput::Listen(listening) => self.listen(listening),
            SessionOutput::Commit { utterance } => self.commit(utterance),
            SessionOutput::CallAgent { offer, target } => self.call_agent(offer, target),
            SessionOutput::Brief { offer, text } => self.brief(offer, text.expose()),
            SessionOutput::Bridge { offer } => self.bridge(offer),
            SessionOutput::EndAgentLeg { offer } => {
                self.referring.end(offer);
                if self.agent.as_ref().is_some_and(|(held, _)| *held == offer) {
                    // Before what is said next: the end of a bridge empties the playout queue.
                    self.caller.send(MediaCommand::Unbridge);
                    self.agent = None;
                }
            }
            SessionOutput::Refer { offer, target } => {
                self.referring.begin(offer);
                self.work.refer(self.caller.dialog.clone(), offer, target);
            }
            SessionOutput::HangUp => self.hang_up(),
            SessionOutput::Timeout(at) => self.timer = at,
            SessionOutput::Finished => self.finished = true,
        }
    }

    async fn record(&mut self, record: CallRecord) {
        use crate::call::CallEvent;
        self.services.metrics.count(&record.event);
        let written = match &record.event {
            CallEvent::Offered { line, .. } => {
                let line = line.as_ref().map(ToString::to_string).unwrap_or_default();
                tracing::info!(call.id = %self.id, call.line = line, "a call arrived");
                let begun = self.services.writer.begin(self.id, record).await;
                for (seq, at, json) in self.early.take().unwrap_or_default() {
                    self.write_input(seq, at, json).await;
                }
                begun
            }
            CallEvent::Ended {
                by,
                cause,
                disposition,
            } => {
                tracing::info!(
                    call.id = %self.id,
                    call.duration_ms = record.at.as_millis(),
                    call.ended_by = ?by,
                    call.cause = ?cause,
                    call.disposition = ?disposition,
                    "the call is over"
                );
                self.ended = Some(record);
                Ok(())
            }
            CallEvent::EngineFailed { engine, error } => {
                tracing::warn!(call.id = %self.id, engine, error, "an engine failed");
                self.services.writer.append(self.id, record).await
            }
            CallEvent::UtteranceStarted {
                utterance,
                over_bot: true,
            } => {
                self.over_bot = Some(*utterance);
                self.services.writer.append(self.id, record).await
            }
            CallEvent::UtteranceRecognised {
                utterance, text, ..
            } => {
                self.read_mood(*utterance, text.clone());
                self.services.writer.append(self.id, record).await
            }
            _ => self.services.writer.append(self.id, record).await,
        };
        if let Err(error) = written {
            tracing::error!(call.id = %self.id, %error, "an event was not recorded");
        }
    }

    /// What is spoken on the line.
    pub(super) fn language(&self) -> Language {
        let line = self.line.as_ref();
        line.map_or(Language::Unknown, |line| Language::of(&line.language))
    }

    fn recognise(&mut self, key: SnapshotKey) {
        match self.snapshots.get(key) {
            Some(audio) => {
                let language = self.language();
                self.work.recognise(&self.services, key, audio, language);
            }
            // The machine asks at once for what it was just told of.
            None => self.inputs.push_back(SessionInput::Conversation(
                conversation::Input::RecognitionFailed {
                    utterance: key.utterance,
                    revision: key.revision,
                    error: "the audio is no longer kept".to_owned(),
                },
            )),
        }
    }

    /// Nothing waits for the caller's phone, which may be gone: not the record, nor the next caller who needs the place.
    fn hang_up(&mut self) {
        self.agent = None;
        self.caller.close_media();
        if !self.rejected {
            self.caller.dialog.hang_up();
        }
    }

    /// Closes the record: the recording is whole first, so that its hash belongs to the call.
    async fn close(mut self) {
        if let Some(taping) = self.taping.take() {
            match tokio::time::timeout(TAPING_PATIENCE, taping.finished()).await {
                Ok(Ok(done)) => {
                    let (samples, sha256) = (done.samples, done.sha256);
                    let noted = self.services.writer.recorded(self.id, samples, sha256);
                    if let Err(error) = noted.await {
                        tracing::error!(call.id = %self.id, %error, "a recording was not noted");
                    }
                }
                Ok(Err(error)) => tracing::error!(call.id = %self.id, %error, "no recording"),
                Err(_) => tracing::error!(call.id = %self.id, "the recording was not finished"),
            }
        }
        if let Some(ended) = self.ended.take()
            && let Err(error) = self.services.writer.finish(self.id, ended).await
        {
            tracing::error!(call.id = %self.id, %error, "a call was not closed");
        }
    }
}
