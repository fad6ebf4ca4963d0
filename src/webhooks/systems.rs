//! Which system of which business does which action.

use std::{collections::HashMap, sync::Arc};

use super::{Event, Standing, WebhookClient};
use crate::{
    action::{ActionFailure, ActionReply},
    clock::Moment,
    ids::BusinessId,
};

/// A system under the name that its business gives it.
#[derive(Debug)]
pub struct System {
    /// Whose it is.
    pub business: BusinessId,
    /// What it is called (`crm`).
    pub name: String,
    /// How it is asked.
    pub client: Arc<WebhookClient>,
}

/// The systems of all businesses.
#[derive(Debug, Default)]
pub struct Systems {
    systems: Vec<System>,
    by_action: HashMap<(BusinessId, String), Arc<WebhookClient>>,
}

impl Systems {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more, and the actions that it does, as entries write them.
    pub fn add<'a>(&mut self, system: System, actions: impl IntoIterator<Item = &'a str>) {
        for action in actions {
            let key = (system.business.clone(), action.to_owned());
            self.by_action.insert(key, system.client.clone());
        }
        self.systems.push(system);
    }

    /// Asks whoever does what is wanted; see [`WebhookClient::ask`].
    pub async fn ask(
        &self,
        now: Moment,
        wall_ms: i64,
        event: &Event,
    ) -> Result<ActionReply, ActionFailure> {
        let key = (event.business.clone(), event.request.action.to_string());
        match self.by_action.get(&key) {
            Some(client) => client.ask(now, wall_ms, event).await,
            None => Err(ActionFailure::NotConfigured),
        }
    }

    /// Each system with how it does.
    pub fn standings(&self, now: Moment) -> impl Iterator<Item = (&System, Standing)> {
        let systems = self.systems.iter();
        systems.map(move |system| (system, system.client.standing(now)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::webhooks::{Secrets, Target, event::tests::event};

    #[tokio::test]
    async fn a_request_goes_to_the_system_of_its_business_alone() {
        let target = Target {
            // Nobody listens there.
            url: "http://127.0.0.1:1/hook".to_owned(),
            allow_http: false,
            secrets: Secrets::parse("a secret of thirty-two bytes, yes").expect("a secret"),
            timeout: Duration::from_secs(2),
            retries: 0,
            slots: 1,
        };
        let client = Arc::new(WebhookClient::new(target).expect("loopback"));
        let mut systems = Systems::new();
        let crm = System {
            business: BusinessId::new("appliance"),
            name: "crm".to_owned(),
            client,
        };
        systems.add(crm, ["lookup:order"]);
        let mut wanted = event();
        let ask = async |event: &Event| systems.ask(Moment::ORIGIN, 0, event).await;
        assert_eq!(ask(&wanted).await, Err(ActionFailure::Unreachable));
        wanted.business = BusinessId::new("ecommerce");
        assert_eq!(ask(&wanted).await, Err(ActionFailure::NotConfigured));
        wanted.business = BusinessId::new("appliance");
        wanted.request.action = "lookup:refund".parse().expect("an action");
        assert_eq!(ask(&wanted).await, Err(ActionFailure::NotConfigured));
        let standings: Vec<_> = systems.standings(Moment::ORIGIN).collect();
        assert_eq!(standings.len(), 1);
        assert_eq!(standings[0].0.name, "crm");
        assert_eq!(standings[0].1.failed, 1);
    }
}
