//! The course of a call: each turn's words, weighed with how they were spoken and with the turns before.

use std::collections::BTreeMap;

use super::{Cues, Delivery, WordsMood, likeliest};
use crate::mood::{Mood, Trend, TurnMood};

/// Turns that tell how this caller usually speaks.
const FIRST_TURNS: usize = 3;

/// What is louder, higher or faster than before by so much is named and counts.
const RAISED_DB: f32 = 6.0;
const RAISED_SEMITONES: f32 = 3.0;
const RAISED_RATE: f32 = 1.35;

/// Log-odds that a displeased turn gains towards anger for each sign of arousal.
const AROUSAL: f32 = 0.7;

/// How much the newest turn counts in the call's mood.
const NEWEST: f32 = 0.5;

/// A change of the call's darkness that is a trend.
const CHANGE: f32 = 0.15;

/// So many displeased turns need a human, unless a pleased one is between them.
const DISSATISFIED: u8 = 3;

/// Subjects that are remembered.
const SUBJECTS: usize = 16;

/// How this caller usually speaks.
#[derive(Clone, Debug, Default)]
struct Usual {
    levels: Vec<f32>,
    pitches: Vec<f32>,
    rates: Vec<f32>,
    /// The line is overloaded from the start.
    shouting: bool,
}

impl Usual {
    fn take(&mut self, delivery: &Delivery) {
        let keep = |values: &mut Vec<f32>, value: Option<f32>| {
            if values.len() < FIRST_TURNS {
                values.extend(value);
            }
        };
        self.shouting |= self.levels.len() < FIRST_TURNS && delivery.shouting;
        keep(&mut self.levels, Some(delivery.level_dbfs));
        keep(&mut self.pitches, delivery.pitch_hz);
        keep(&mut self.rates, delivery.rate);
    }
}

fn mean(values: &[f32]) -> Option<f32> {
    (!values.is_empty()).then(|| values.iter().sum::<f32>() / values.len() as f32)
}

/// The mood of a call so far.
#[derive(Clone, Debug, Default)]
pub struct CallMood {
    usual: Usual,
    /// 0 bright to 1 dark; `None` before the first turn.
    darkness: Option<f32>,
    dissatisfied: u8,
    subjects: BTreeMap<String, u8>,
}

impl CallMood {
    /// Takes the next turn. `delivery` is missing for what was keyed in.
    pub fn take(
        &mut self,
        words: &WordsMood,
        delivery: Option<&Delivery>,
        cues: &Cues,
    ) -> TurnMood {
        let mut evidence = words.evidence.clone();
        let aroused = delivery.map_or_else(Vec::new, |delivery| self.signs(delivery, cues));
        let probabilities = with_arousal(words.probabilities, aroused.len());
        let mood = likeliest(&probabilities);
        let displeased = matches!(mood, Mood::Negative | Mood::Angry);
        if displeased {
            evidence.extend(aroused);
        }
        if let Some(delivery) = delivery {
            self.usual.take(delivery);
        }
        let again = self.mentioned_again(words, cues);
        self.dissatisfied = match mood {
            Mood::Negative | Mood::Angry => self.dissatisfied.saturating_add(1),
            Mood::Neutral => self.dissatisfied,
            Mood::Positive => 0,
        };
        let escalate = if let Some(reason) = &words.escalate {
            Some(reason.clone())
        } else if mood == Mood::Angry {
            Some(cues.anger())
        } else if let Some(again) = &again {
            Some(again.clone())
        } else if words.escalates(mood) {
            Some(words.reason.clone().unwrap_or_else(|| cues.likely()))
        } else if self.dissatisfied >= DISSATISFIED && mood == Mood::Negative {
            Some(cues.dissatisfied(self.dissatisfied))
        } else {
            None
        };
        evidence.extend(again);
        if escalate.is_some() {
            // Whoever takes over begins anew; if nobody does, the next turn is judged by itself.
            self.dissatisfied = 0;
            self.subjects.clear();
        }
        TurnMood {
            mood,
            probability: probabilities[mood as usize],
            evidence,
            escalate,
            trend: self.trend(&probabilities),
        }
    }

    /// What is louder, higher or faster than this caller's first turns.
    fn signs(&self, delivery: &Delivery, cues: &Cues) -> Vec<String> {
        let mut signs = Vec::new();
        let louder = mean(&self.usual.levels).map(|usual| delivery.level_dbfs - usual);
        if let Some(db) = louder.filter(|db| *db >= RAISED_DB) {
            signs.push(cues.raised_voice(db));
        }
        let pitches = delivery.pitch_hz.zip(mean(&self.usual.pitches));
        let higher = pitches.map(|(now, usual)| 12.0 * (now / usual).log2());
        if let Some(semitones) = higher.filter(|semitones| *semitones >= RAISED_SEMITONES) {
            signs.push(cues.higher_voice(semitones));
        }
        let rates = delivery.rate.zip(mean(&self.usual.rates));
        let faster = rates.map(|(now, usual)| now / usual);
        if let Some(ratio) = faster.filter(|ratio| *ratio >= RAISED_RATE) {
            signs.push(cues.faster(ratio));
        }
        if delivery.shouting && !self.usual.shouting {
            signs.push(cues.shouting());
        }
        // By itself it is how one uses a voice bot.
        if delivery.over_bot && !signs.is_empty() {
            signs.push(cues.talks_over());
        }
        signs
    }

    fn mentioned_again(&mut self, words: &WordsMood, cues: &Cues) -> Option<String> {
        let mut again = None;
        for subject in &words.subjects {
            if self.subjects.len() >= SUBJECTS && !self.subjects.contains_key(subject) {
                continue;
            }
            let times = self.subjects.entry(subject.clone()).or_default();
            *times = times.saturating_add(1);
            if *times >= 2 {
                again = Some(cues.again(*times, subject));
            }
        }
        again
    }

    fn trend(&mut self, probabilities: &[f32; 4]) -> Trend {
        let [_, positive, negative, angry] = probabilities;
        let now = (0.5 - 0.5 * positive + 0.25 * negative + 0.5 * angry).clamp(0.0, 1.0);
        let Some(before) = self.darkness else {
            self.darkness = Some(now);
            return Trend::Steady;
        };
        self.darkness = Some(before + NEWEST * (now - before));
        match now - before {
            change if change >= CHANGE => Trend::Worse,
            change if change <= -CHANGE => Trend::Better,
            _ => Trend::Steady,
        }
    }
}

/// `probabilities` of the words, when `signs` of arousal go with them. Arousal makes displeasure anger; it makes no displeasure where
/// there is none: people laugh and ask loudly, too.
fn with_arousal(mut probabilities: [f32; 4], signs: usize) -> [f32; 4] {
    if signs == 0 || !matches!(likeliest(&probabilities), Mood::Negative | Mood::Angry) {
        return probabilities;
    }
    probabilities[Mood::Angry as usize] *= (AROUSAL * signs as f32).exp();
    let sum: f32 = probabilities.iter().sum();
    probabilities.map(|probability| probability / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cues() -> Cues {
        let text = include_str!("../../prompts/mood.toml");
        Cues::parse("mood.toml", text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn words(probabilities: [f32; 4]) -> WordsMood {
        WordsMood {
            probabilities,
            escalation: 0.0,
            cued: false,
            reason: None,
            evidence: Vec::new(),
            escalate: None,
            subjects: Vec::new(),
        }
    }

    const NEUTRAL: [f32; 4] = [0.8, 0.1, 0.07, 0.03];
    const POSITIVE: [f32; 4] = [0.1, 0.7, 0.1, 0.1];
    const NEGATIVE: [f32; 4] = [0.1, 0.05, 0.55, 0.3];

    fn spoken(level_dbfs: f32, pitch_hz: f32, rate: f32) -> Delivery {
        Delivery {
            level_dbfs,
            pitch_hz: Some(pitch_hz),
            rate: Some(rate),
            shouting: false,
            over_bot: false,
        }
    }

    #[test]
    fn a_raised_voice_turns_displeasure_into_anger_and_says_so() {
        let (cues, mut call) = (cues(), CallMood::default());
        let usual = spoken(-26.0, 180.0, 4.0);
        for _ in 0..2 {
            let turn = call.take(&words(NEUTRAL), Some(&usual), &cues);
            assert_eq!((turn.mood, turn.evidence.len()), (Mood::Neutral, 0));
        }
        let raised = spoken(-16.0, 250.0, 6.0);
        let turn = call.take(&words(NEGATIVE), Some(&raised), &cues);
        assert_eq!(turn.mood, Mood::Angry);
        assert_eq!(
            turn.evidence,
            [
                "声音比开头大了10分贝",
                "音调比开头高了6个半音",
                "语速比开头快了50%"
            ]
        );
        assert_eq!(turn.escalate.as_deref(), Some("客户发火了"));
        assert_eq!(turn.trend, Trend::Worse);
    }

    #[test]
    fn a_plain_question_needs_a_cue_to_need_a_human() {
        let (cues, escalation) = (cues(), 0.9);
        let reason = |probabilities, cued| {
            let words = WordsMood {
                escalation,
                cued,
                ..words(probabilities)
            };
            CallMood::default().take(&words, None, &cues).escalate
        };
        assert_eq!(reason(NEUTRAL, false), None);
        assert_eq!(reason(NEUTRAL, true).as_deref(), Some("像是需要人工处理"));
        let displeased = reason(NEGATIVE, false);
        assert_eq!(displeased.as_deref(), Some("像是需要人工处理"));
    }

    #[test]
    fn loud_joy_and_loud_questions_stay_what_they_are() {
        let (cues, mut call) = (cues(), CallMood::default());
        for _ in 0..3 {
            call.take(&words(NEUTRAL), Some(&spoken(-30.0, 150.0, 4.0)), &cues);
        }
        let loud = Delivery {
            shouting: true,
            over_bot: true,
            ..spoken(-12.0, 260.0, 6.5)
        };
        let turn = call.take(&words(POSITIVE), Some(&loud), &cues);
        assert_eq!((turn.mood, turn.escalate), (Mood::Positive, None));
        let turn = call.take(&words(NEUTRAL), Some(&loud), &cues);
        assert_eq!((turn.mood, turn.escalate), (Mood::Neutral, None));
    }

    #[test]
    fn a_loud_line_is_usual_from_its_first_turn() {
        let (cues, mut call) = (cues(), CallMood::default());
        for _ in 0..5 {
            let turn = call.take(&words(NEGATIVE), Some(&spoken(-8.0, 320.0, 7.0)), &cues);
            assert_eq!((turn.mood, turn.evidence.len()), (Mood::Negative, 0));
        }
    }

    #[test]
    fn a_second_complaint_needs_a_human() {
        let (cues, mut call) = (cues(), CallMood::default());
        let complaint = WordsMood {
            subjects: vec!["投诉".to_owned()],
            ..words(NEUTRAL)
        };
        assert_eq!(call.take(&complaint, None, &cues).escalate, None);
        call.take(&words(NEUTRAL), None, &cues);
        let turn = call.take(&complaint, None, &cues);
        assert_eq!(turn.escalate.as_deref(), Some("第2次提到投诉"));
        assert_eq!(turn.evidence, ["第2次提到投诉"]);
    }

    #[test]
    fn displeasure_that_goes_on_needs_a_human_and_praise_ends_it() {
        let (cues, mut call) = (cues(), CallMood::default());
        let escalate = |call: &mut CallMood, p| call.take(&words(p), None, &cues).escalate;
        assert_eq!(escalate(&mut call, NEGATIVE), None);
        assert_eq!(escalate(&mut call, NEGATIVE), None);
        assert_eq!(escalate(&mut call, POSITIVE), None);
        assert_eq!(escalate(&mut call, NEGATIVE), None);
        assert_eq!(escalate(&mut call, NEUTRAL), None);
        assert_eq!(escalate(&mut call, NEGATIVE), None);
        assert_eq!(
            escalate(&mut call, NEGATIVE).as_deref(),
            Some("这通电话里3次不满")
        );
    }

    #[test]
    fn the_trend_follows_the_turns() {
        let (cues, mut call) = (cues(), CallMood::default());
        let mut trend = |p| call.take(&words(p), None, &cues).trend;
        assert_eq!(trend(NEUTRAL), Trend::Steady);
        assert_eq!(trend(NEGATIVE), Trend::Worse);
        assert_eq!(trend(NEGATIVE), Trend::Steady);
        assert_eq!(trend(POSITIVE), Trend::Better);
    }

    #[test]
    fn subjects_are_bounded() {
        let (cues, mut call) = (cues(), CallMood::default());
        for number in 0..100 {
            let turn = WordsMood {
                subjects: vec![number.to_string()],
                ..words(NEUTRAL)
            };
            call.take(&turn, None, &cues);
        }
        assert_eq!(call.subjects.len(), SUBJECTS);
    }
}
