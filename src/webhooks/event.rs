//! What a system is told.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    action::ActionRequest,
    ids::{BusinessId, CallId},
    phone_number::CallerNumber,
    pii::Pii,
};

/// A request with the call that it is of.
#[derive(Clone, Debug)]
pub struct Event {
    /// Whose call it is.
    pub business: BusinessId,
    /// The call.
    pub call: CallId,
    /// Who called; `None` when the number was withheld.
    pub caller: Option<Pii<String>>,
    /// What is wanted.
    pub request: ActionRequest,
    /// Nobody called: somebody tries the system out (`yingda webhook try`).
    pub trial: bool,
}

impl Event {
    /// A request in a call.
    pub fn new(
        business: BusinessId,
        call: CallId,
        caller: &CallerNumber,
        request: ActionRequest,
    ) -> Self {
        let number = &caller.canonical;
        Self {
            business,
            call,
            caller: (!number.is_empty()).then(|| Pii::new(number.clone())),
            request,
            trial: false,
        }
    }

    /// Names the request for ever: whoever gets it twice does it once.
    pub fn key(&self) -> String {
        format!("{}-{}", self.call, self.request.id)
    }

    /// The body, with everything in the clear: it goes to the business whose caller this is.
    pub(super) fn body(&self) -> String {
        let request = &self.request;
        let slots = request.slots.iter();
        let body = Body {
            kind: "action.requested",
            business: self.business.as_str(),
            call: self.call.to_string(),
            caller: self.caller.as_ref().map(|number| number.expose().as_str()),
            action: request.action.to_string(),
            entry: request.entry.as_str(),
            question: request.question.expose(),
            slots: slots
                .map(|(name, value)| (name.as_str(), value.expose().as_str()))
                .collect(),
            trial: self.trial,
        };
        serde_json::to_string(&body)
            // Text and booleans alone.
            .expect("plain fields are JSON")
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    business: &'a str,
    call: String,
    caller: Option<&'a str>,
    action: String,
    entry: &'a str,
    question: &'a str,
    slots: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    trial: bool,
}

#[cfg(test)]
pub(super) mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        entry::Action,
        ids::{ActionId, EntryId},
    };

    pub(in crate::webhooks) fn event() -> Event {
        Event {
            business: BusinessId::new("appliance"),
            call: CallId(Uuid::from_u128(7)),
            caller: Some(Pii::new("13800138000".to_owned())),
            request: ActionRequest {
                id: ActionId(2),
                action: Action::Lookup("order".to_owned()),
                entry: EntryId::new("A012"),
                question: Pii::new("我的\"订单\"到哪了".to_owned()),
                slots: vec![("order".to_owned(), Pii::new("12345678".to_owned()))],
            },
            trial: false,
        }
    }

    #[test]
    fn the_body_says_what_is_wanted_and_the_key_stays() {
        let event = event();
        assert_eq!(event.key(), "00000000000000000000000000000007-2");
        let expected = r#"{"type":"action.requested","business":"appliance","call":"00000000000000000000000000000007","caller":"13800138000","action":"lookup:order","entry":"A012","question":"我的\"订单\"到哪了","slots":{"order":"12345678"}}"#;
        assert_eq!(event.body(), expected);
        let shown = format!("{event:?}");
        assert!(
            !shown.contains("13800138000") && !shown.contains("12345678"),
            "{shown}"
        );
        let withheld = CallerNumber::default();
        let nobody = Event::new(event.business, event.call, &withheld, event.request);
        assert!(nobody.body().contains(r#""caller":null"#));
    }
}
