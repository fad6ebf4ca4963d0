//! The businesses' systems and the plans of their actions, from the configuration.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::Context;

use crate::{
    action::{ActionPlans, ActionRequest},
    clock::ProcessClock,
    config::{BusinessConfig, Config, WebhookConfig},
    entry::Action,
    ids::{BusinessId, CallId},
    knowledge::check::Known,
    phone_number::CallerNumber,
    pii::Pii,
    session::{ActionFuture, Actions},
    webhooks::{Event, Secrets, System, Systems, Target, WebhookClient},
};

/// The businesses' systems, for calls.
#[derive(Debug)]
pub(super) struct SystemsOfCalls {
    pub(super) systems: Arc<Systems>,
    pub(super) clock: ProcessClock,
}

impl Actions for SystemsOfCalls {
    fn ask(
        &self,
        business: &BusinessId,
        call: CallId,
        caller: &Pii<CallerNumber>,
        request: ActionRequest,
    ) -> ActionFuture<'_> {
        let event = Event::new(business.clone(), call, caller.expose(), request);
        Box::pin(async move {
            let now = self.clock.now();
            let wall_ms = self.clock.wall_ms(now);
            let result = self.systems.ask(now, wall_ms, &event).await;
            if let Err(failure) = &result {
                let took = self.clock.now().since(now);
                tracing::warn!(
                    call.id = %event.call,
                    action = %event.request.action,
                    duration_ms = took.as_millis() as u64,
                    %failure,
                    "a business's system did not do what was asked"
                );
            }
            result
        })
    }
}

/// What the actions of a business take.
pub(super) fn plans(business: &BusinessConfig) -> anyhow::Result<ActionPlans> {
    let plans = business.actions.iter().map(|action| {
        // Validation has refused what is none.
        let name: Action = action.name.parse()?;
        let plan = action.plan();
        let plan = plan.map_err(|(key, problem)| anyhow::anyhow!("`{key}` {problem}"))?;
        anyhow::Ok((name, plan))
    });
    Ok(ActionPlans::new(plans.collect::<anyhow::Result<Vec<_>>>()?))
}

/// What the entries of a business may name.
pub(super) fn known(business: &BusinessConfig, plans: &ActionPlans) -> Known {
    let actions: BTreeSet<String> = plans.names().map(str::to_owned).collect();
    Known {
        skills: business
            .skills
            .as_ref()
            .map(|skills| skills.iter().cloned().collect()),
        // Without a single action nothing is set up yet, so that nothing is doubted.
        actions: (!actions.is_empty()).then_some(actions),
    }
}

/// The systems of all businesses. None is asked yet.
pub fn systems(config: &Config) -> anyhow::Result<Systems> {
    let mut systems = Systems::new();
    for (place, business) in config.businesses.iter().enumerate() {
        for (number, webhook) in business.webhooks.iter().enumerate() {
            let key = format!("business[{place}].webhook[{number}]");
            let client = client(webhook).with_context(|| key)?;
            let actions = business
                .actions
                .iter()
                .filter(|action| action.webhook.as_ref() == Some(&webhook.name));
            let system = System {
                business: BusinessId::new(&business.id),
                name: webhook.name.clone(),
                client: Arc::new(client),
            };
            systems.add(system, actions.map(|action| action.name.trim()));
        }
    }
    Ok(systems)
}

fn client(webhook: &WebhookConfig) -> anyhow::Result<WebhookClient> {
    let file = &webhook.secret_file;
    let named = || format!("secret_file {}", file.display());
    let text = std::fs::read_to_string(file).with_context(named)?;
    let target = Target {
        url: webhook.url.clone(),
        allow_http: webhook.allow_http,
        secrets: Secrets::parse(&text).with_context(named)?,
        timeout: Duration::from_millis(webhook.timeout_ms),
        retries: webhook.retries,
        slots: webhook.slots,
    };
    WebhookClient::new(target).context("url")
}
