//! The record of a call for eyes without the right to personal data.
//!
//! Transcript, console and export are views on events, so it is events that are masked: what one view hides no other shows.
//! The caller's number in [`CallEvent::Offered`] is left to who shows it ([`CallerNumber::masked`]).
//!
//! [`CallerNumber::masked`]: crate::phone_number::CallerNumber::masked

use std::collections::BTreeSet;

use super::{CallEvent, CallRecord, Digit, SpeechSource};
use crate::{
    ids::SpeechId,
    pii::{Pii, hide, mask_number, mask_read_back, mask_text, mask_words},
};

/// The prompt that reads a caller's number back.
const READ_BACK: &str = "callback.confirm";

/// `records` with numbers, keys and what was written down hidden.
pub fn masked(records: &[CallRecord]) -> Vec<CallRecord> {
    let mut read_backs = BTreeSet::new();
    let records = records.iter().cloned();
    records
        .map(|mut record| {
            mask(&mut record.event, &mut read_backs);
            record
        })
        .collect()
}

fn mask(event: &mut CallEvent, read_backs: &mut BTreeSet<SpeechId>) {
    match event {
        CallEvent::SpeechStarted {
            speech,
            text,
            source,
        } => {
            let is_read_back = matches!(source, SpeechSource::Prompt { key } if key == READ_BACK);
            if is_read_back {
                read_backs.insert(*speech);
            }
            *text = match is_read_back {
                true => mask_read_back(text, true),
                false => mask_text(text),
            };
        }
        CallEvent::SpeechEnded {
            speech,
            heard,
            complete,
            ..
        } => {
            *heard = match read_backs.contains(speech) {
                true => mask_read_back(heard, *complete),
                false => mask_text(heard),
            };
        }
        CallEvent::UtteranceRecognised { text, .. } | CallEvent::AgentRecognised { text, .. } => {
            *text = Pii::new(mask_words(text.expose()));
        }
        CallEvent::Turn { question, .. } | CallEvent::Rewritten { question, .. } => {
            *question = Pii::new(mask_words(question.expose()));
        }
        CallEvent::Generated { sentences, .. } => {
            for sentence in sentences {
                sentence.text = mask_text(&sentence.text);
            }
        }
        // Keys are as often a password as a choice.
        CallEvent::Digit { digit } => *digit = Pii::new(Digit::HIDDEN),
        CallEvent::AgentAnswered { brief, .. } => *brief = Pii::new(mask_text(brief.expose())),
        CallEvent::Noted { text, .. } => *text = Pii::new(hide(text.expose())),
        CallEvent::CallbackRequested { number } => {
            *number = Pii::new(mask_number(number.expose()));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Moment, ids::UtteranceId};

    fn check(events: Vec<CallEvent>, expected: &[&str]) {
        let records: Vec<CallRecord> = (0_u64..)
            .zip(events)
            .map(|(seq, event)| CallRecord {
                seq,
                at: Moment::from_millis(seq),
                event,
            })
            .collect();
        let masked = masked(&records);
        let json = serde_json::to_value(&masked).expect("records are JSON");
        let shown: Vec<&str> = json
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|event| {
                ["text", "heard", "digit", "number", "brief"]
                    .iter()
                    .find_map(|field| event.get(field)?.as_str())
            })
            .collect();
        assert_eq!(shown, expected);
    }

    fn words(text: &str) -> CallEvent {
        CallEvent::UtteranceRecognised {
            utterance: UtteranceId(1),
            text: Pii::new(text.to_owned()),
            confidence: 0.9,
            span_ms: (1, 2),
            recognition_ms: 1,
        }
    }

    fn read_back(text: &str, heard: &str) -> Vec<CallEvent> {
        vec![
            CallEvent::SpeechStarted {
                speech: SpeechId(7),
                text: text.to_owned(),
                source: SpeechSource::Prompt {
                    key: READ_BACK.to_owned(),
                },
            },
            CallEvent::SpeechEnded {
                speech: SpeechId(7),
                heard: heard.to_owned(),
                played_ms: 1,
                complete: text == heard,
            },
        ]
    }

    #[test]
    fn a_number_is_hidden_wherever_it_is_said() {
        let number = |number: &str| CallEvent::CallbackRequested {
            number: Pii::new(number.to_owned()),
        };
        check(
            vec![number("+85291234567"), number("13800138000")],
            &["+85*****4567", "138****8000"],
        );
        let whole = "我们会拨打，八五二九，幺二三四，五六七，对吗？";
        let hidden = "我们会拨打，八五二*，***四，五六七，对吗？";
        check(read_back(whole, whole), &[hidden, hidden]);
        // Cut short, what was heard would show what the whole hides.
        check(
            read_back(whole, "我们会拨打，八五二九，幺二"),
            &[hidden, "我们会拨打，****，**"],
        );
        check(
            read_back(
                "We will call, + 8 5 2 9 1 2 3 4 5 6 7.",
                "We will call, + 8 5 2",
            ),
            &[
                "We will call, + 8 5 2 * * * * 4 5 6 7.",
                "We will call, + * * *",
            ],
        );
    }

    #[test]
    fn a_number_in_groups_is_hidden_group_by_group() {
        check(
            ["幺三八", "零零幺三。", "八零零零", "一", "二三", "我要报修"]
                .map(words)
                .into(),
            &["***", "****", "****", "一", "二三", "我要报修"],
        );
    }

    #[test]
    fn keys_and_what_was_written_down_keep_their_length_alone() {
        check(
            vec![
                CallEvent::Digit {
                    digit: Pii::new(Digit::new('5').expect("a key")),
                },
                CallEvent::Noted {
                    entry: crate::ids::EntryId::new("A1"),
                    text: Pii::new("4821".to_owned()),
                },
            ],
            &["*", "****"],
        );
    }
}
