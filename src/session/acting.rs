//! Asking a business's systems on behalf of a call: the [`Actions`] seam, and how a call's task uses it.
//!
//! What is asked and what is said of the reply is decided by `conversation`. Signing, repeating and giving up is the work of whoever
//! implements the seam; the conversation has a limit of its own, should that break.

use std::{future::Future, pin::Pin};

use super::call_task::CallTask;
use crate::{
    action::{ActionFailure, ActionReply, ActionRequest},
    conversation::Input,
    ids::{BusinessId, CallId},
    phone_number::CallerNumber,
    pii::Pii,
};

/// A boxed future, so that the seam can be used as `dyn`.
pub type ActionFuture<'a> =
    Pin<Box<dyn Future<Output = Result<ActionReply, ActionFailure>> + Send + 'a>>;

/// The systems of the businesses.
pub trait Actions: Send + Sync {
    /// Asks those of `business`. `call` and the request's id name it for ever: asked again, it is not done again.
    fn ask(
        &self,
        business: &BusinessId,
        call: CallId,
        caller: &Pii<CallerNumber>,
        request: ActionRequest,
    ) -> ActionFuture<'_>;
}

impl CallTask {
    /// Has a request carried out; the reply comes as an input.
    pub(super) fn act(&mut self, request: ActionRequest) {
        let id = request.id;
        match (&self.services.actions, &self.business) {
            (Some(actions), Some(business)) => {
                let actions = actions.clone();
                let (business, call) = (business.clone(), self.id);
                let caller = CallerNumber::parse(&self.facts.caller, &self.services.places);
                self.work.act(id, async move {
                    let caller = Pii::new(caller);
                    actions.ask(&business, call, &caller, request).await
                });
            }
            _ => self.tell(Input::Acted {
                id,
                result: Err(ActionFailure::NotConfigured),
            }),
        }
    }
}

/// A fake for tests.
///
/// It is not used by calls: those without systems are told so.
pub mod fake {
    use std::{
        collections::VecDeque,
        sync::{Mutex, PoisonError},
    };

    use super::{
        ActionFailure, ActionFuture, ActionReply, ActionRequest, Actions, BusinessId, CallId,
        CallerNumber, Pii,
    };

    /// Systems that give the replies that they were told to give, in order, and keep what they were asked.
    #[derive(Debug, Default)]
    pub struct FakeActions {
        replies: Mutex<VecDeque<Result<ActionReply, ActionFailure>>>,
        asked: Mutex<Vec<ActionRequest>>,
    }

    impl FakeActions {
        /// With these replies; after the last, nothing is configured.
        pub fn new(replies: impl IntoIterator<Item = Result<ActionReply, ActionFailure>>) -> Self {
            Self {
                replies: Mutex::new(replies.into_iter().collect()),
                asked: Mutex::default(),
            }
        }

        /// What was asked so far.
        pub fn asked(&self) -> Vec<ActionRequest> {
            let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.clone()
        }
    }

    impl Actions for FakeActions {
        fn ask(
            &self,
            _business: &BusinessId,
            _call: CallId,
            _caller: &Pii<CallerNumber>,
            request: ActionRequest,
        ) -> ActionFuture<'_> {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.push(request);
            let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
            let reply = replies.pop_front();
            Box::pin(async move { reply.unwrap_or(Err(ActionFailure::NotConfigured)) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{fake::FakeActions, *};
    use crate::{
        action::Outcome,
        entry::Action,
        ids::{ActionId, EntryId},
    };

    #[tokio::test]
    async fn the_fake_gives_its_replies_in_order() {
        let reply = ActionReply {
            outcome: Outcome::Done,
            fields: Default::default(),
        };
        let fake = FakeActions::new([Ok(reply.clone()), Err(ActionFailure::Busy)]);
        let actions: &dyn Actions = &fake;
        let business = BusinessId::new("appliance");
        let caller = Pii::new(CallerNumber::default());
        let mut replies = Vec::new();
        for id in 0..3 {
            let request = ActionRequest {
                id: ActionId(id),
                action: Action::Lookup("order".to_owned()),
                entry: EntryId::new("A1"),
                question: Pii::new(String::new()),
                slots: Vec::new(),
            };
            let call = CallId(uuid::Uuid::nil());
            replies.push(actions.ask(&business, call, &caller, request).await);
        }
        let expected = [
            Ok(reply),
            Err(ActionFailure::Busy),
            Err(ActionFailure::NotConfigured),
        ];
        assert_eq!(replies, expected);
        assert_eq!(fake.asked().len(), 3);
    }
}
