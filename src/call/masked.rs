//! The record of a call for eyes without the right to personal data.
//!
//! Transcript, console and export are views on events, so it is events that are masked: what one view hides no other shows.
//! The caller's number in [`CallEvent::Offered`] is left to who shows it ([`CallerNumber::masked`]).
//!
//! [`CallerNumber::masked`]: crate::phone_number::CallerNumber::masked

use std::collections::BTreeMap;

use super::{CallEvent, CallRecord, Digit, SpeechSource};
use crate::{
    ids::SpeechId,
    pii::{Pii, hide, mask_number, mask_read_back, mask_text, mask_words},
};

/// The prompts that read a caller's number back.
const READ_BACKS: [&str; 2] = ["callback.confirm", "slot.confirm"];

/// A value that is shorter is a word of many sentences.
const SHORTEST_VALUE: usize = 2;

/// What is known of the call so far.
#[derive(Default)]
struct Known {
    /// The speeches that hold something, masked; `None` for a read-back, of which a part shows more than the whole.
    speeches: BTreeMap<SpeechId, Option<String>>,
    /// What was collected, and what the business's systems told, longest first.
    values: Vec<String>,
}

impl Known {
    fn learn<'a>(&mut self, values: impl IntoIterator<Item = &'a Pii<String>>) {
        let long = |value: &&Pii<String>| value.expose().chars().count() >= SHORTEST_VALUE;
        let values = values.into_iter().filter(long);
        self.values
            .extend(values.map(|value| value.expose().clone()));
        self.values
            .sort_by_key(|value| std::cmp::Reverse(value.len()));
    }

    /// A sentence made of what the business's systems told. It keeps its length.
    fn without_values(&self, text: &str) -> String {
        let text = mask_text(text);
        self.values
            .iter()
            .fold(text, |text, value| text.replace(value, &hide(value)))
    }
}

/// `records` with numbers, keys and what was written down hidden.
pub fn masked(records: &[CallRecord]) -> Vec<CallRecord> {
    let mut known = Known::default();
    let records = records.iter().cloned();
    records
        .map(|mut record| {
            mask(&mut record.event, &mut known);
            record
        })
        .collect()
}

fn mask(event: &mut CallEvent, known: &mut Known) {
    match event {
        CallEvent::SpeechStarted {
            speech,
            text,
            source,
        } => {
            let shown = match source {
                SpeechSource::Prompt { key } if READ_BACKS.contains(&key.as_str()) => {
                    known.speeches.insert(*speech, None);
                    mask_read_back(text, true)
                }
                SpeechSource::Acted { .. } => {
                    let shown = known.without_values(text);
                    known.speeches.insert(*speech, Some(shown.clone()));
                    shown
                }
                SpeechSource::Prompt { key } if key == "slot.taken" => known.without_values(text),
                _ => mask_text(text),
            };
            *text = shown;
        }
        CallEvent::SpeechEnded {
            speech,
            heard,
            complete,
            ..
        } => {
            *heard = match known.speeches.get(speech) {
                Some(None) => mask_read_back(heard, *complete),
                Some(Some(shown)) => shown.chars().take(heard.chars().count()).collect(),
                None => mask_text(heard),
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
        CallEvent::SlotFilled { value, .. } => {
            known.learn([&*value]);
            *value = masked_value(value);
        }
        CallEvent::ActionRequested { slots, .. } => {
            known.learn(slots.iter().map(|(_, value)| value));
            for (_, value) in slots {
                *value = masked_value(value);
            }
        }
        CallEvent::ActionReplied { fields, .. } => {
            known.learn(fields.values());
            for value in fields.values_mut() {
                *value = masked_value(value);
            }
        }
        _ => {}
    }
}

/// Numbers keep their ends, words nothing but their length.
fn masked_value(value: &Pii<String>) -> Pii<String> {
    let value = value.expose();
    let is_number = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'X' | b'+'));
    Pii::new(match is_number {
        true => mask_number(value),
        false => hide(value),
    })
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
                    key: READ_BACKS[0].to_owned(),
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

    #[test]
    fn what_was_collected_is_hidden_where_it_is_said_again() {
        let text = |text: &str| Pii::new(text.to_owned());
        let replied = CallEvent::ActionReplied {
            id: crate::ids::ActionId(1),
            outcome: crate::action::Outcome::Done,
            fields: [
                ("name".to_owned(), text("王小明")),
                ("n".to_owned(), text("3")),
            ]
            .into(),
            unfilled: None,
            took_ms: 1,
        };
        let source = SpeechSource::Acted {
            action: crate::entry::Action::Lookup("order".to_owned()),
        };
        let whole = "王小明，您的订单12345678还有3天。";
        let mut events = vec![
            CallEvent::SlotFilled {
                slot: "order".to_owned(),
                value: text("12345678"),
            },
            replied,
        ];
        events.extend([
            CallEvent::SpeechStarted {
                speech: SpeechId(9),
                text: whole.to_owned(),
                source,
            },
            CallEvent::SpeechEnded {
                speech: SpeechId(9),
                heard: "王小明，您的订单123".to_owned(),
                played_ms: 1,
                complete: false,
            },
        ]);
        check(
            events.clone(),
            &["***，您的订单********还有3天。", "***，您的订单***"],
        );
        let json = serde_json::to_value(masked(&[CallRecord {
            seq: 0,
            at: Moment::ORIGIN,
            event: events[0].clone(),
        }]));
        assert_eq!(json.expect("JSON")[0]["value"], "12****78");
    }
}
