//! The tables `[[business.webhook]]` and `[[business.action]]`.

use std::path::PathBuf;

use serde::Deserialize;

use crate::action::{ActionPlan, CheckDigit, SlotKind, SlotPlan};

/// A system of the business that is asked over HTTP.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Its name here.
    pub name: String,
    /// Where it is asked.
    pub url: String,
    /// Plain HTTP to other machines is wanted.
    #[serde(default)]
    pub allow_http: bool,
    /// File with the secret that signs what it is asked; with two lines while one secret replaces the other.
    pub secret_file: PathBuf,
    /// How long all tries together may take, in milliseconds.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// Tries after the first.
    #[serde(default = "retries")]
    pub retries: u8,
    /// Requests at once.
    #[serde(default = "slots")]
    pub slots: usize,
}

const fn timeout_ms() -> u64 {
    3_000
}

const fn retries() -> u8 {
    1
}

const fn slots() -> usize {
    8
}

/// What an action of entries takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionConfig {
    /// The action, as entries write it (`lookup:order`).
    pub name: String,
    /// The webhook that is asked; without one, what was collected is taken down for the staff.
    #[serde(default)]
    pub webhook: Option<String>,
    /// What the caller is asked for, in this order.
    #[serde(default)]
    pub slots: Vec<SlotConfig>,
}

/// What the caller is asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotConfig {
    /// The system's name for it.
    pub name: String,
    /// What the caller hears it called (订单号).
    pub label: String,
    /// The whole sentence that asks for it; without one, a sentence is made of the label.
    #[serde(default)]
    pub ask: Option<String>,
    /// What it looks like.
    pub kind: SlotShape,
    /// The fewest digits, of `digits`.
    #[serde(default)]
    pub min: Option<u8>,
    /// The most digits, of `digits`.
    #[serde(default)]
    pub max: Option<u8>,
    /// What guards `digits`.
    #[serde(default)]
    pub check: Option<CheckDigit>,
    /// What `choice` is between.
    #[serde(default)]
    pub options: Vec<String>,
}

/// Shapes of slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotShape {
    /// A telephone number.
    Phone,
    /// Digits alone.
    Digits,
    /// 居民身份证号.
    IdCard,
    /// A bank card.
    BankCard,
    /// A city.
    City,
    /// A day from today on.
    Date,
    /// A day and a time of day.
    Time,
    /// One of a few.
    Choice,
    /// Whatever is said.
    Text,
}

impl ActionConfig {
    /// For the conversation. What is wrong with it names the key below the action.
    pub fn plan(&self) -> Result<ActionPlan, (String, String)> {
        let slots = self.slots.iter().enumerate().map(|(place, slot)| {
            let kind = slot.slot_kind();
            let kind = kind.map_err(|(key, problem): (String, String)| {
                (format!("slots[{place}].{key}"), problem)
            })?;
            Ok::<_, (String, String)>(SlotPlan {
                name: slot.name.clone(),
                label: slot.label.clone(),
                ask: slot.ask.clone(),
                kind,
            })
        });
        Ok(ActionPlan {
            slots: slots.collect::<Result<_, _>>()?,
        })
    }
}

impl SlotConfig {
    fn slot_kind(&self) -> Result<SlotKind, (String, String)> {
        let wrong = |key: &str, problem: &str| Err((key.to_owned(), problem.to_owned()));
        if self.kind != SlotShape::Digits {
            let given = [
                ("min", self.min.is_some()),
                ("max", self.max.is_some()),
                ("check", self.check.is_some()),
            ];
            if let Some((key, _)) = given.into_iter().find(|(_, given)| *given) {
                return wrong(key, "is for `digits` alone");
            }
        }
        if self.kind != SlotShape::Choice && !self.options.is_empty() {
            return wrong("options", "is for `choice` alone");
        }
        Ok(match self.kind {
            SlotShape::Phone => SlotKind::Phone,
            SlotShape::IdCard => SlotKind::IdCard,
            SlotShape::BankCard => SlotKind::BankCard,
            SlotShape::City => SlotKind::City,
            SlotShape::Date => SlotKind::Date,
            SlotShape::Time => SlotKind::Time,
            SlotShape::Text => SlotKind::Text,
            SlotShape::Choice => {
                if !(2..=9).contains(&self.options.len()) {
                    return wrong("options", "must be two to nine, one a key");
                }
                let mut seen = std::collections::BTreeSet::new();
                if !self
                    .options
                    .iter()
                    .all(|option| !option.trim().is_empty() && seen.insert(option.trim()))
                {
                    return wrong("options", "must be different and not empty");
                }
                SlotKind::Choice {
                    options: self.options.clone(),
                }
            }
            SlotShape::Digits => {
                let (Some(min), Some(max)) = (self.min, self.max) else {
                    return wrong("kind", "`digits` needs `min` and `max`");
                };
                if !(1..=max).contains(&min) || max > 30 {
                    return wrong("min", "must be at least 1, and `max` from there to 30");
                }
                let check = self.check.unwrap_or_default();
                if check != CheckDigit::None && min < 2 {
                    return wrong("min", "must be at least 2 with a check digit");
                }
                SlotKind::Digits { min, max, check }
            }
        })
    }
}
