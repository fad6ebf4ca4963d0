//! How a record becomes a row and back: sealed personal data and the hash chain.
//!
//! The chained text of a record holds, in place of its personal fields, the SHA-256 of these fields and a random salt. Erasing
//! both leaves every hash as it was. This module does not touch the database.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::{call::CallRecord, ids::CallId};

/// A hash of the chain.
pub(super) type Hash = [u8; 32];

/// The field of a chained record that names the hash of what was sealed.
const SEAL: &str = "sealed";

/// Which fields of which event say something about a person. A test holds it against [`crate::call::CallEvent`].
const PERSONAL: &[(&str, &str)] = &[
    ("offered", "caller"),
    ("speech_started", "text"),
    ("speech_ended", "heard"),
    ("utterance_recognised", "text"),
    ("digit", "digit"),
    ("turn", "question"),
    ("escalated", "phrase"),
    ("agent_answered", "brief"),
    ("agent_recognised", "text"),
    ("noted", "text"),
    ("slot_filled", "value"),
    ("action_requested", "slots"),
    ("action_replied", "fields"),
    ("callback_requested", "number"),
];

/// What a reader sees in place of erased words.
pub const ERASED: &str = "〔已删除〕";

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub record: String,
    pub personal: Option<String>,
    pub salt: Option<Vec<u8>>,
    pub hash: Hash,
}

/// The hash before the first record: bound to the call, so that records of another call do not fit.
pub(super) fn origin(call: CallId) -> Hash {
    Sha256::digest(call.0.as_bytes()).into()
}

/// Seals and chains `record` after `previous`.
pub(super) fn seal(
    previous: &Hash,
    record: &CallRecord,
    salt: [u8; 16],
) -> Result<Row, serde_json::Error> {
    // Through text, not `to_value`: 0.53_f32 stays 0.53.
    let mut open: Map<String, Value> = serde_json::from_str(&serde_json::to_string(record)?)?;
    let event = open.get("event").and_then(Value::as_str).map(str::to_owned);
    let mut sealed = Map::new();
    for (_, field) in PERSONAL
        .iter()
        .filter(|(name, _)| Some(*name) == event.as_deref())
    {
        if let Some(value) = open.remove(*field) {
            sealed.insert((*field).to_owned(), value);
        }
    }
    let (personal, salt) = match sealed.is_empty() {
        true => (None, None),
        false => {
            let text = serde_json::to_string(&sealed)?;
            open.insert(SEAL.to_owned(), json!(hex(&seal_of(&text, &salt))));
            (Some(text), Some(salt.to_vec()))
        }
    };
    let record = serde_json::to_string(&open)?;
    let hash = link(previous, &record);
    Ok(Row {
        record,
        personal,
        salt,
        hash,
    })
}

/// The hash of a record after `previous`.
pub(super) fn link(previous: &Hash, record: &str) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(record.as_bytes());
    hasher.finalize().into()
}

/// Whether the personal data of a row is what was sealed. Erased data is.
pub(super) fn seal_holds(record: &str, personal: Option<&str>, salt: Option<&[u8]>) -> bool {
    let seal = serde_json::from_str::<Value>(record)
        .ok()
        .and_then(|record| record.get(SEAL)?.as_str().map(str::to_owned));
    match (seal, personal, salt) {
        (Some(seal), Some(personal), Some(salt)) => seal == hex(&seal_of(personal, salt)),
        (_, None, None) => true,
        _ => false,
    }
}

/// A stored record as it was, or with [`ERASED`] where personal data was erased.
pub(super) fn unseal(
    record: &str,
    personal: Option<&str>,
) -> Result<CallRecord, serde_json::Error> {
    let mut open: Map<String, Value> = serde_json::from_str(record)?;
    let sealed = open.remove(SEAL).is_some();
    match personal {
        Some(personal) => {
            open.extend(serde_json::from_str::<Map<String, Value>>(personal)?);
        }
        None if sealed => {
            let event = open.get("event").and_then(Value::as_str).map(str::to_owned);
            for (_, field) in PERSONAL
                .iter()
                .filter(|(name, _)| Some(*name) == event.as_deref())
            {
                open.insert((*field).to_owned(), erased(field));
            }
        }
        None => {}
    }
    serde_json::from_value(Value::Object(open))
}

fn erased(field: &str) -> Value {
    match field {
        "caller" => json!({ "canonical": "", "kind": "anonymous" }),
        // No key looks erased; the one that means least.
        "digit" => json!("*"),
        "slots" => json!([]),
        "fields" => json!({}),
        _ => json!(ERASED),
    }
}

fn seal_of(personal: &str, salt: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(personal.as_bytes());
    hasher.finalize().into()
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        action::Outcome,
        call::{CallEvent, Digit, EscalationReason},
        clock::Moment,
        entry::{Action, Finding, Verdict},
        ids::{ActionId, KnowledgeVersion, OfferId, SearchId, UtteranceId},
        phone_number::{CallerNumber, NumberKind},
        pii::Pii,
    };

    const SECRET: &str = "13800138000";

    fn personal_events() -> Vec<CallEvent> {
        let secret = || Pii::new(SECRET.to_owned());
        vec![
            CallEvent::Offered {
                wall_ms: 0,
                dialled: "4008001001".to_owned(),
                line: None,
                business: None,
                caller: Pii::new(CallerNumber {
                    canonical: SECRET.to_owned(),
                    kind: NumberKind::Mobile,
                    ..CallerNumber::default()
                }),
                source: ([127, 0, 0, 1], 5060).into(),
                sip_call_id: "x".to_owned(),
            },
            CallEvent::UtteranceRecognised {
                utterance: UtteranceId(1),
                text: secret(),
                confidence: 0.53,
                span_ms: (1, 2),
                recognition_ms: 3,
            },
            CallEvent::Turn {
                utterance: None,
                search: SearchId(1),
                question: secret(),
                finding: Finding {
                    verdict: Verdict::Abstain { nearest: None },
                    version: KnowledgeVersion::new("v"),
                    second: None,
                },
                decision_ms: 1,
            },
            CallEvent::Escalated {
                reason: EscalationReason::MustEscalate {
                    phrase: SECRET.to_owned(),
                },
            },
            CallEvent::AgentAnswered {
                offer: OfferId(1),
                brief: secret(),
            },
            CallEvent::AgentRecognised {
                text: secret(),
                span_ms: (1, 2),
            },
            CallEvent::Noted {
                entry: crate::ids::EntryId::new("A001"),
                text: secret(),
            },
            CallEvent::SlotFilled {
                slot: "phone".to_owned(),
                value: secret(),
            },
            CallEvent::ActionRequested {
                id: ActionId(1),
                action: Action::Lookup("order".to_owned()),
                slots: vec![("phone".to_owned(), secret())],
            },
            CallEvent::ActionReplied {
                id: ActionId(1),
                outcome: Outcome::Done,
                fields: [("phone".to_owned(), secret())].into(),
                unfilled: None,
                took_ms: 4,
            },
            CallEvent::CallbackRequested { number: secret() },
        ]
    }

    fn record(event: CallEvent) -> CallRecord {
        CallRecord {
            seq: 4,
            at: Moment::from_millis(5),
            event,
        }
    }

    #[test]
    fn personal_data_is_sealed_and_comes_back() {
        for event in personal_events() {
            let record = record(event);
            let row = seal(&[0; 32], &record, [7; 16]).expect("events serialise");
            assert!(!row.record.contains(SECRET), "{}", row.record);
            let back = unseal(&row.record, row.personal.as_deref()).expect("it was sealed");
            assert_eq!(back, record);
            assert!(seal_holds(
                &row.record,
                row.personal.as_deref(),
                row.salt.as_deref()
            ));
            assert!(!seal_holds(&row.record, Some("{}"), row.salt.as_deref()));
        }
    }

    #[test]
    fn erased_records_still_read() {
        let digit = CallEvent::Digit {
            digit: Pii::new(Digit::new('5').expect("a key")),
        };
        for event in personal_events().into_iter().chain([digit]) {
            let row = seal(&[0; 32], &record(event), [7; 16]).expect("events serialise");
            let back = unseal(&row.record, None).expect("an erased record reads");
            let text = serde_json::to_string(&back).expect("events serialise");
            assert!(!text.contains(SECRET), "{text}");
            assert!(seal_holds(&row.record, None, None));
        }
    }

    #[test]
    fn the_hash_depends_on_everything_before() {
        let held = record(CallEvent::Held);
        let first = seal(&[0; 32], &held, [0; 16]).expect("events serialise");
        let second = seal(&first.hash, &held, [0; 16]).expect("events serialise");
        assert_ne!(first.hash, second.hash);
        assert_eq!(first.personal, None);
        assert_eq!(link(&first.hash, &second.record), second.hash);
    }
}
