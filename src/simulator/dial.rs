//! One call by hand: says what it is given, and tells what it hears. Needs no record of the server.

use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    SimulatorError,
    caller::{Caller, Prepared},
    clip::{Clip, Voice, write_wav},
    leg::Leg,
    news::{News, Progress},
    phone::Ear,
    record::Record,
    runner::{invite, sip_config},
    scenario::{Action, Expectation, KeysBy, Step, When},
};
use crate::{
    asr::{Language, RecognizerPool},
    audio::{SampleRate, resample::resample},
    call::Digit,
    clock::{Moment, ProcessClock},
    sip::SipEndpoint,
    tts::SpeechSynthesizer,
};

/// A clause is over when nothing was heard for so long: small models understand no more than that at a time.
const PAUSE: Duration = Duration::from_millis(250);

/// The longest stretch that is recognised in one piece.
const LONGEST: Duration = Duration::from_secs(8);

/// How much is kept around a sound: its soft edges.
const MARGIN: Duration = Duration::from_millis(100);

/// How long recognition of a sentence may take.
const RECOGNITION: Duration = Duration::from_secs(20);

/// The only call there is.
const NAME: &str = "call";

/// One thing to do in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Speaks.
    Say(String),
    /// Plays a WAV file.
    Wav(PathBuf),
    /// Presses keys.
    Press(Vec<Digit>),
}

/// A call to place.
#[derive(Clone)]
pub struct CallPlan {
    /// User part of From.
    pub from: String,
    /// Further headers of the INVITE.
    pub headers: Vec<(String, String)>,
    /// What to do, each once the other side has spoken and is quiet.
    pub acts: Vec<Act>,
    /// How the caller sounds.
    pub voice: Voice,
    /// How long to wait for the other side before each act, and for its last words.
    pub patience: Duration,
    /// A WAV file for what was heard.
    pub record: Option<PathBuf>,
    /// Turns what is heard into words.
    pub recogniser: Option<Arc<RecognizerPool>>,
    /// Our address, for SIP and RTP.
    pub local: IpAddr,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOutcome {
    /// SIP status when it was not answered.
    pub status: Option<u16>,
    /// From ACK to the first sound.
    pub greeting: Option<Duration>,
    /// Voice-to-voice latency of each act; none where no reply was heard.
    pub replies: Vec<Option<Duration>>,
    /// Why not everything was done.
    pub failure: Option<String>,
    /// How long the call was heard.
    pub heard: Duration,
}

/// Places a call to a SIP URI and carries the plan out.
pub async fn call(
    target: &str,
    plan: CallPlan,
    voices: &dyn SpeechSynthesizer,
    progress: Arc<dyn Progress>,
) -> Result<CallOutcome, SimulatorError> {
    let clock = ProcessClock::start();
    let mut steps = Vec::new();
    for act in &plan.acts {
        steps.push(prepare(act, &plan, voices).await?);
    }
    let (endpoint, _) = SipEndpoint::start(sip_config((plan.local, 0).into())).await?;
    let invite = invite(target.to_owned(), &plan.from, None, &plan.headers);
    let news = News::Dialling {
        target: target.to_owned(),
        from: plan.from.clone(),
    };
    progress.happened(NAME, &news);
    let leg = Leg::dial(&endpoint, invite, plan.local, clock).await?;
    let listening = plan.recogniser.clone().map(|recogniser| {
        let ear = leg.phone.ear();
        tokio::spawn(listen(ear, recogniser, progress.clone()))
    });
    // Nobody follows the server's record: it stays empty.
    let (_, record) = watch::channel(Record::default());
    let caller = Caller::new(NAME.to_owned(), leg, record, progress);
    let (played, leg) = caller.play(&steps).await;
    let tape = leg.put_away().await;
    if let Some(listening) = listening {
        // It ends with the phone; the last words may still be recognised.
        let _ = tokio::time::timeout(RECOGNITION, listening).await;
    }
    if let Some(file) = &plan.record {
        write_wav(file, tape.samples())?;
    }
    Ok(CallOutcome {
        status: played.status,
        greeting: played.greeting,
        replies: played.did.iter().map(|did| did.reply).collect(),
        failure: played.failure,
        heard: tape.duration(),
    })
}

async fn prepare(
    act: &Act,
    plan: &CallPlan,
    voices: &dyn SpeechSynthesizer,
) -> Result<Prepared, SimulatorError> {
    let (action, clip) = match act {
        Act::Say(text) => {
            let action = Action::Say {
                text: text.clone(),
                voice: plan.voice.clone(),
            };
            let clip = Clip::speak(voices, &plan.voice, text).await?;
            (action, Some(clip))
        }
        Act::Wav(file) => (Action::Wav(file.clone()), Some(Clip::read(file)?)),
        Act::Press(keys) => (Action::Press(keys.clone(), KeysBy::Rtp), None),
    };
    Ok(Prepared {
        step: Step {
            line: 0,
            action,
            when: When::AfterPrompt,
            patience: plan.patience,
            expect: Expectation::default(),
        },
        clip,
    })
}

/// What lines speak unless they are told otherwise.
const LANGUAGE: Language = Language::Chinese;

/// Recognises clause after clause until the phone is put away.
async fn listen(mut ear: Ear, recogniser: Arc<RecognizerPool>, progress: Arc<dyn Progress>) {
    let mut from: Option<Moment> = None;
    while let Some(state) = ear.ticked().await {
        let Some(last) = state.hearing.last() else {
            continue;
        };
        let since = match (from, state.hearing.sounding_since()) {
            (None, Some(since)) => *from.insert(since),
            (Some(since), _) => since,
            (None, None) => continue,
        };
        if state.now.since(last) < PAUSE && state.now.since(since) < LONGEST {
            continue;
        }
        from = None;
        let Some(sound) = ear.sound(since - MARGIN, last + MARGIN).await else {
            return;
        };
        let wide = resample(&sound, SampleRate::TELEPHONE, SampleRate::WIDEBAND);
        match recogniser
            .recognize(wide.into(), LANGUAGE, RECOGNITION)
            .await
        {
            Ok(recognition) if recognition.text.expose().is_empty() => {}
            Ok(recognition) => {
                let words = recognition.text.into_inner();
                progress.happened(NAME, &News::Words(words));
            }
            Err(error) => tracing::warn!(%error, "what was heard was not recognised"),
        }
    }
}
