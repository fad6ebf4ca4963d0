//! The fold over the records of a call.

use super::{
    AnswerGiven, Learned, Lesson, LessonBounds, LessonKind, Nearest, Sign, owner,
    said::{alike, said},
};
use crate::{
    call::{CallEvent, CallRecord, EndCause, EscalationReason, Party, SpeechSource},
    clock::Moment,
    entry::{Candidate, Finding, Verdict},
    ids::{BusinessId, CallId, KnowledgeVersion, LineNumber, SpeechId, UtteranceId},
    pii::mask_words,
};

/// Prompts that are said where a question without an answer was none: a reply to a choice, a call-back that is noted.
const NO_QUESTION: &[&str] = &["clarify.", "callback."];

pub(super) fn learn(
    call: CallId,
    records: &[CallRecord],
    bounds: &LessonBounds,
) -> Option<Learned> {
    let CallEvent::Offered { wall_ms, .. } = &records.first()?.event else {
        return None;
    };
    let (business, line) = owner(records)?;
    let mut fold = Fold {
        call,
        wall_ms: *wall_ms,
        line,
        business,
        bounds,
        lessons: Vec::new(),
        answers: Vec::new(),
        abstained: None,
        offered: None,
        answer: None,
        also: None,
    };
    for record in records {
        fold.take(record);
    }
    Some(Learned {
        lessons: fold.lessons.into_iter().flatten().collect(),
        answers: fold.answers,
    })
}

/// A question, before it is known whether it is a lesson.
#[derive(Clone, Debug)]
struct Asked {
    seq: u64,
    at: Moment,
    utterance: Option<UtteranceId>,
    /// Masked.
    question: String,
    version: KnowledgeVersion,
}

/// The answer that the caller's next words may be about.
#[derive(Debug)]
struct Answer {
    asked: Asked,
    nearest: Nearest,
    /// The record of the decision: that of the question or of the choice.
    seq: u64,
    /// Its place among the lessons, if it is one.
    lesson: Option<usize>,
    hearing: Hearing,
}

/// How much of an answer was heard.
#[derive(Debug)]
enum Hearing {
    /// Nothing yet.
    Waiting,
    /// It is being said.
    Running {
        speech: SpeechId,
        /// In characters.
        length: usize,
        /// Its place among the answers given.
        given: usize,
    },
    /// It is over.
    Over {
        at: Moment,
        share: f32,
        given: usize,
    },
}

/// The choices that the caller was offered.
#[derive(Debug)]
struct Offer {
    asked: Asked,
    choices: Vec<Candidate>,
    lesson: usize,
}

struct Fold<'a> {
    call: CallId,
    wall_ms: i64,
    line: &'a LineNumber,
    business: &'a BusinessId,
    bounds: &'a LessonBounds,
    /// Some turn out to be none.
    lessons: Vec<Option<Lesson>>,
    answers: Vec<AnswerGiven>,
    /// The lesson of the last question without an answer, until what is said to it is known.
    abstained: Option<usize>,
    offered: Option<Offer>,
    answer: Option<Answer>,
    /// The answer to a second question of the same utterance, until it is said. Whether it helped cannot be told apart.
    also: Option<AnswerGiven>,
}

impl Fold<'_> {
    fn take(&mut self, record: &CallRecord) {
        match &record.event {
            CallEvent::Turn {
                utterance,
                question,
                finding,
                ..
            } => self.asked(record, *utterance, question.expose(), finding),
            CallEvent::Chosen { candidate } => self.chosen(record.seq, candidate),
            CallEvent::Understood { intent, .. } => self.understood(intent),
            CallEvent::SpeechStarted {
                speech,
                text,
                source,
            } => self.speech_started(record.at, *speech, text, source),
            CallEvent::SpeechEnded {
                speech,
                heard,
                complete,
                ..
            } => self.speech_ended(record.at, *speech, heard, *complete),
            // What was said was no question but the details that an entry asks for.
            CallEvent::Noted { .. }
            | CallEvent::SlotMissed { .. }
            | CallEvent::SlotFilled { .. } => self.was_no_question(),
            CallEvent::Escalated { reason } => {
                let wished = matches!(
                    reason,
                    EscalationReason::Requested | EscalationReason::KeyZero
                );
                if wished && self.is_right_after(record.at) {
                    self.did_not_help(Sign::AskedForHuman);
                }
                self.settle();
            }
            CallEvent::Bridged { .. } => self.settle(),
            CallEvent::Ended {
                by: Party::Caller,
                cause: EndCause::Hangup,
                ..
            } => {
                if let Some(Answer {
                    hearing: Hearing::Over { share, .. },
                    ..
                }) = &self.answer
                    && *share < self.bounds.heard_enough
                {
                    self.did_not_help(Sign::HungUp);
                }
            }
            _ => {}
        }
    }

    fn asked(
        &mut self,
        record: &CallRecord,
        utterance: Option<UtteranceId>,
        text: &str,
        finding: &Finding,
    ) {
        self.abstained = None;
        let said = said(&mask_words(text));
        if said.complains {
            self.did_not_help(Sign::SaidSo);
        }
        let Some(question) = said.question else {
            // After a complaint alone the answer stays: the wish for a human that follows is about it.
            return;
        };
        self.asked_again(&question, finding);
        self.answer = None;
        self.also = finding.second.as_ref().map(|second| AnswerGiven {
            seq: record.seq,
            entry: second.entry.id.clone(),
            score: second.score,
            version: finding.version.clone(),
            at_ms: self.wall(record.at),
            sign: None,
        });
        let offer = self.offered.take();
        let asked = Asked {
            seq: record.seq,
            at: record.at,
            utterance,
            question,
            version: finding.version.clone(),
        };
        match &finding.verdict {
            Verdict::Answer { candidate } => {
                // The caller asked the clarified question again, with more words.
                if let Some(offer) = offer
                    && let Some(choice) = offer
                        .choices
                        .iter()
                        .find(|choice| choice.entry.id == candidate.entry.id)
                {
                    self.set_choice(offer.lesson, choice);
                }
                self.answered(asked, candidate);
            }
            Verdict::Clarify { candidates } => match candidates.as_slice() {
                // One choice is no choice: it is said (see `conversation`).
                [only] => self.answered(asked, only),
                [] => {}
                [first, ..] => {
                    let kind = LessonKind::Clarified { chosen: None };
                    let lesson = self.push(&asked, kind, Some(first.into()));
                    self.offered = Some(Offer {
                        asked,
                        choices: candidates.clone(),
                        lesson,
                    });
                }
            },
            Verdict::Abstain { nearest } => {
                let nearest = nearest.as_ref().map(Nearest::from);
                self.abstained = Some(self.push(&asked, LessonKind::Unanswered, nearest));
                // A reply to the choices that was not understood: they are offered again.
                self.offered = offer;
            }
        }
    }

    /// Whether this is the question that was answered just now.
    fn asked_again(&mut self, question: &str, finding: &Finding) {
        let Some(answer) = &self.answer else { return };
        let same_answer = matches!(
            &finding.verdict,
            Verdict::Answer { candidate } if candidate.entry.id == answer.nearest.entry
        );
        let least = match same_answer {
            true => self.bounds.same_answer,
            false => self.bounds.same,
        };
        if alike(question, &answer.asked.question) >= least {
            self.did_not_help(Sign::AskedAgain);
        }
    }

    fn answered(&mut self, asked: Asked, candidate: &Candidate) {
        let nearest = Nearest::from(candidate);
        let unsure = candidate.score < self.bounds.sure;
        let lesson = unsure.then(|| self.push(&asked, LessonKind::Unsure, Some(nearest.clone())));
        self.answer = Some(Answer {
            seq: asked.seq,
            asked,
            nearest,
            lesson,
            hearing: Hearing::Waiting,
        });
    }

    fn chosen(&mut self, seq: u64, candidate: &Candidate) {
        let Some(offer) = self.offered.take() else {
            return;
        };
        self.set_choice(offer.lesson, candidate);
        self.answer = Some(Answer {
            seq,
            asked: offer.asked,
            nearest: candidate.into(),
            lesson: Some(offer.lesson),
            hearing: Hearing::Waiting,
        });
    }

    fn set_choice(&mut self, lesson: usize, choice: &Candidate) {
        if let Some(Some(lesson)) = self.lessons.get_mut(lesson) {
            lesson.kind = LessonKind::Clarified {
                chosen: Some(choice.entry.id.clone()),
            };
            lesson.nearest = Some(choice.into());
        }
    }

    fn understood(&mut self, intent: &str) {
        match intent {
            "dissent" => {
                self.did_not_help(Sign::SaidSo);
                // None of the choices.
                self.offered = None;
            }
            "no" => self.offered = None,
            // What was said arrived: from here on nothing is a word on that answer.
            "goodbye" | "thanks" | "acknowledge" | "yes" if self.offered.is_none() => self.settle(),
            _ => {}
        }
    }

    fn speech_started(&mut self, at: Moment, speech: SpeechId, text: &str, source: &SpeechSource) {
        match source {
            SpeechSource::Prompt { key } => {
                if NO_QUESTION.iter().any(|group| key.starts_with(group)) {
                    self.was_no_question();
                }
            }
            // What a model says of an entry is no use of that entry's answer; what the business's systems say is of no entry.
            SpeechSource::Generated { .. } | SpeechSource::Acted { .. } => {}
            SpeechSource::Entry { entry } => {
                let at_ms = self.wall(at);
                if let Some(second) = self.also.take_if(|second| second.entry == *entry) {
                    self.answers.push(AnswerGiven { at_ms, ..second });
                    return;
                }
                let Some(answer) = &mut self.answer else {
                    return;
                };
                if answer.nearest.entry != *entry {
                    return;
                }
                let given = match answer.hearing {
                    Hearing::Waiting => {
                        self.answers.push(AnswerGiven {
                            seq: answer.seq,
                            entry: entry.clone(),
                            score: answer.nearest.score,
                            version: answer.asked.version.clone(),
                            at_ms,
                            sign: None,
                        });
                        self.answers.len() - 1
                    }
                    // Said again at the caller's wish, which is one answer.
                    Hearing::Running { given, .. } | Hearing::Over { given, .. } => given,
                };
                answer.hearing = Hearing::Running {
                    speech,
                    length: text.chars().count(),
                    given,
                };
            }
        }
    }

    fn speech_ended(&mut self, at: Moment, ended: SpeechId, heard: &str, complete: bool) {
        if let Some(Answer { hearing, .. }) = &mut self.answer
            && let Hearing::Running {
                speech,
                length,
                given,
            } = *hearing
            && speech == ended
        {
            let share = match complete {
                true => 1.0,
                false => heard.chars().count() as f32 / length.max(1) as f32,
            };
            *hearing = Hearing::Over { at, share, given };
        }
    }

    /// Whether the answer is being said or was over just now.
    fn is_right_after(&self, now: Moment) -> bool {
        match self.answer.as_ref().map(|answer| &answer.hearing) {
            Some(Hearing::Running { .. }) => true,
            Some(Hearing::Over { at, .. }) => now.since(*at) <= self.bounds.right_after,
            Some(Hearing::Waiting) | None => false,
        }
    }

    /// The last answer did not help, if the caller heard any of it. The first sign counts.
    fn did_not_help(&mut self, sign: Sign) {
        let Some(answer) = &self.answer else { return };
        let given = match answer.hearing {
            Hearing::Waiting => return,
            Hearing::Running { given, .. } | Hearing::Over { given, .. } => given,
        };
        let known = &mut self.answers[given].sign;
        if known.is_some() {
            return;
        }
        *known = Some(sign);
        let kind = LessonKind::NotHelpful { sign };
        let place = answer.lesson.and_then(|place| self.lessons[place].as_mut());
        match place {
            Some(lesson) => {
                lesson.kind = kind;
                lesson.nearest = Some(answer.nearest.clone());
            }
            None => {
                let (asked, nearest) = (answer.asked.clone(), answer.nearest.clone());
                self.push(&asked, kind, Some(nearest));
            }
        }
    }

    /// Nothing that follows is about what was said until here.
    fn settle(&mut self) {
        self.answer = None;
        self.offered = None;
        self.abstained = None;
    }

    fn was_no_question(&mut self) {
        if let Some(place) = self.abstained.take() {
            self.lessons[place] = None;
        }
    }

    fn push(&mut self, asked: &Asked, kind: LessonKind, nearest: Option<Nearest>) -> usize {
        self.lessons.push(Some(Lesson {
            call: self.call,
            seq: asked.seq,
            utterance: asked.utterance,
            business: self.business.clone(),
            line: self.line.clone(),
            at_ms: self.wall(asked.at),
            kind,
            question: asked.question.clone(),
            nearest,
            version: asked.version.clone(),
        }));
        self.lessons.len() - 1
    }

    fn wall(&self, at: Moment) -> i64 {
        // A call lasts hours at most, in milliseconds.
        self.wall_ms.saturating_add(at.as_millis().cast_signed())
    }
}
