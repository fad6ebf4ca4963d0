//! What a business does for a caller beside answering: what it takes to ask its systems, and what they say.
//!
//! The conversation collects what a [`ActionPlan`] wants, asks with an [`ActionRequest`] and is told an [`ActionReply`] or an
//! [`ActionFailure`]. This module does not collect (see `conversation`) and does not call anybody (see `webhooks`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    entry::Action,
    ids::{ActionId, EntryId},
    pii::Pii,
};

/// What the actions of a business take, by action as entries write it (`lookup:order`).
///
/// An action without a plan is taken down for the staff.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActionPlans(BTreeMap<String, ActionPlan>);

impl ActionPlans {
    /// These plans.
    pub fn new(plans: impl IntoIterator<Item = (Action, ActionPlan)>) -> Self {
        let written = |(action, plan): (Action, ActionPlan)| (action.to_string(), plan);
        Self(plans.into_iter().map(written).collect())
    }

    /// What this action takes.
    pub fn of(&self, action: &Action) -> Option<&ActionPlan> {
        self.0.get(&action.to_string())
    }

    /// The actions, as entries write them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// What one action takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionPlan {
    /// What is asked of the caller, in this order.
    pub slots: Vec<SlotPlan>,
}

/// One thing that is asked of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotPlan {
    /// The business's name for it, as its systems are told (`order`). Small letters, digits and `_`.
    pub name: String,
    /// What the caller hears it called (订单号); the sentence that asks for it is made of this, unless `ask` is given.
    pub label: String,
    /// The whole sentence that asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
    /// What it looks like.
    pub kind: SlotKind,
}

/// What a slot holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SlotKind {
    /// A telephone number that can be called; the caller's own is offered first.
    Phone,
    /// Digits alone: an order number, a member number, the last four of a card.
    Digits {
        /// The fewest digits.
        min: u8,
        /// The most digits.
        max: u8,
        /// Whether a check digit guards them.
        #[serde(default)]
        check: CheckDigit,
    },
    /// 居民身份证号: 18 characters, the last a check digit or X (GB 11643, ISO 7064 MOD 11-2).
    IdCard,
    /// A bank card: 16 to 19 digits with a check digit (ISO/IEC 7812-1, Luhn).
    BankCard,
    /// A city, to one of the places that have an area code.
    City,
    /// A day, from today on: an appointment.
    Date,
    /// A day and a time of day.
    Time,
    /// One of a few, by name or key.
    Choice {
        /// As they are read out, at most nine.
        options: Vec<String>,
    },
    /// Whatever the caller says, as it was understood.
    Text,
}

/// What guards a number against a digit heard wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckDigit {
    /// Nothing.
    #[default]
    None,
    /// ISO/IEC 7812-1 Annex B.
    Luhn,
    /// ISO 7064 MOD 11-2, the last character may be X.
    Mod11,
}

/// What the business's systems are asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRequest {
    /// Which attempt of the call; with the call's id it names the request for ever, so that it is done once.
    pub id: ActionId,
    /// What is wanted.
    pub action: Action,
    /// The entry that wanted it.
    pub entry: EntryId,
    /// What the caller had asked.
    pub question: Pii<String>,
    /// What was collected, in the order of the plan. Dates are `2026-10-08`, times `2026-10-08T14:00`, cities as in the table
    /// of area codes, numbers their digits.
    pub slots: Vec<(String, Pii<String>)>,
}

/// What the business's systems said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionReply {
    /// How it went.
    pub outcome: Outcome,
    /// What the template of the reply may name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Pii<String>>,
}

/// How an action went, in the eyes of the business's systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done, or found.
    Done,
    /// There is nothing under what the caller gave.
    NotFound,
    /// The business does not do it (the order has been sent, the identity does not fit).
    Refused,
    /// A human has to do it.
    Human,
}

/// Why the business's systems said nothing that can be spoken.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum ActionFailure {
    /// No system is named for it.
    #[error("no system is named for the action")]
    NotConfigured,
    /// No reply within the time.
    #[error("no reply in time")]
    Timeout,
    /// No connection, or it broke.
    #[error("the system cannot be reached")]
    Unreachable,
    /// An HTTP status that is no success.
    #[error("the system answered with an error")]
    Status,
    /// A reply that is none.
    #[error("the reply cannot be understood")]
    Malformed,
    /// Too many requests are under way.
    #[error("too many requests are under way")]
    Busy,
}
