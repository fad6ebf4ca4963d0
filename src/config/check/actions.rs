//! Skills, webhooks and actions of a business.

use std::collections::BTreeSet;

use super::{Fault, fault};
use crate::{
    config::file::{ActionConfig, BusinessConfig, SlotConfig, WebhookConfig},
    entry::Action,
    remote::check_url,
};

/// What a caller is asked at most before anything is done.
const MOST_SLOTS: usize = 6;

/// The longest the caller waits, in milliseconds: a sentence to wait by is said meanwhile.
const LONGEST_WAIT_MS: u64 = 8_000;

pub(super) fn check(key: &str, business: &BusinessConfig) -> Result<(), Fault> {
    if let Some(skills) = &business.skills {
        for (place, skill) in skills.iter().enumerate() {
            if !is_name(skill) {
                fault(format!("{key}.skills[{place}]"), NAME)?;
            }
        }
    }
    let mut webhooks = BTreeSet::new();
    for (place, webhook) in business.webhooks.iter().enumerate() {
        let key = format!("{key}.webhook[{place}]");
        if !webhooks.insert(webhook.name.as_str()) {
            let problem = format!("`{}` is taken by another webhook", webhook.name);
            fault(format!("{key}.name"), problem)?;
        }
        check_webhook(&key, webhook)?;
    }
    let mut actions = BTreeSet::new();
    for (place, action) in business.actions.iter().enumerate() {
        let key = format!("{key}.action[{place}]");
        if !actions.insert(action.name.trim()) {
            let problem = format!("`{}` is taken by another action", action.name);
            fault(format!("{key}.name"), problem)?;
        }
        if let Some(webhook) = &action.webhook
            && !webhooks.contains(webhook.as_str())
        {
            let problem = format!("`{webhook}` is no webhook of this business");
            fault(format!("{key}.webhook"), problem)?;
        }
        check_action(&key, action)?;
    }
    Ok(())
}

const NAME: &str = "must be small letters, digits and `_`";

fn is_name(name: &str) -> bool {
    let symbol = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_';
    (1..=40).contains(&name.len()) && name.chars().all(symbol)
}

fn check_webhook(key: &str, webhook: &WebhookConfig) -> Result<(), Fault> {
    if !is_name(&webhook.name) {
        fault(format!("{key}.name"), NAME)?;
    }
    if let Err(problem) = check_url(&webhook.url, webhook.allow_http) {
        fault(format!("{key}.url"), problem.to_string())?;
    }
    if !(100..=LONGEST_WAIT_MS).contains(&webhook.timeout_ms) {
        let problem = format!("must be between 100 and {LONGEST_WAIT_MS}");
        fault(format!("{key}.timeout_ms"), problem)?;
    }
    if webhook.retries > 3 {
        fault(format!("{key}.retries"), "must be at most 3")?;
    }
    if !(1..=256).contains(&webhook.slots) {
        fault(format!("{key}.slots"), "must be between 1 and 256")?;
    }
    Ok(())
}

fn check_action(key: &str, action: &ActionConfig) -> Result<(), Fault> {
    match action.name.parse::<Action>() {
        Err(problem) => fault(format!("{key}.name"), problem.to_string())?,
        Ok(Action::Answer | Action::Transfer(_) | Action::Escalate(_)) => fault(
            format!("{key}.name"),
            "must be lookup, ticket, route, sms or verify: nothing is collected for others",
        )?,
        Ok(
            Action::Lookup(_)
            | Action::Ticket(_)
            | Action::Route(_)
            | Action::Sms(_)
            | Action::Verify(_),
        ) => {}
    }
    if action.webhook.is_none() && action.slots.is_empty() {
        let problem = "needs a webhook or slots: without them the action does nothing";
        fault(format!("{key}.name"), problem)?;
    }
    if action.slots.len() > MOST_SLOTS {
        let problem = format!("must be at most {MOST_SLOTS}: nobody answers more by telephone");
        fault(format!("{key}.slots"), problem)?;
    }
    let mut names = BTreeSet::new();
    for (place, slot) in action.slots.iter().enumerate() {
        let key = format!("{key}.slots[{place}]");
        if !names.insert(slot.name.as_str()) {
            let problem = format!("`{}` is taken by another slot", slot.name);
            fault(format!("{key}.name"), problem)?;
        }
        check_slot(&key, slot)?;
    }
    match action.plan() {
        Err((below, problem)) => fault(format!("{key}.{below}"), problem),
        Ok(_) => Ok(()),
    }
}

fn check_slot(key: &str, slot: &SlotConfig) -> Result<(), Fault> {
    if !is_name(&slot.name) {
        fault(format!("{key}.name"), NAME)?;
    }
    if slot.label.trim().is_empty() || slot.label.chars().count() > 20 {
        fault(format!("{key}.label"), "must be 1 to 20 characters long")?;
    }
    if let Some(ask) = &slot.ask
        && (ask.trim().is_empty() || ask.chars().count() > 80)
    {
        fault(format!("{key}.ask"), "must be 1 to 80 characters long")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const GOOD: &str = r#"
        [[business]]
        id = "a"
        name = "a"
        skills = ["after_sales"]
        [[business.webhook]]
        name = "crm"
        url = "https://crm.example/yingda"
        secret_file = "crm.secret"
        [[business.action]]
        name = "lookup:order"
        webhook = "crm"
        slots = [{ name = "order", label = "订单号", kind = "digits", min = 8, max = 20 }]
        [[business.action]]
        name = "ticket:repair"
        slots = [
            { name = "phone", label = "联系电话", kind = "phone" },
            { name = "when", label = "上门时间", kind = "time" },
            { name = "which", label = "产品", kind = "choice", options = ["空调", "冰箱"] },
        ]
        [[business.line]]
        number = "4008001001"
        knowledge = "a.csv"
    "#;

    fn faults(text: &str) -> String {
        let config: Config = toml::from_str(text).expect("well formed");
        match crate::config::check::check(&config) {
            Ok(()) => String::new(),
            Err((key, problem)) => format!("{key} {problem}"),
        }
    }

    #[test]
    fn the_example_is_sound_and_shows_the_defaults() {
        let example = include_str!("../../../yingda.example.toml");
        let (_, tables) = example
            .split_once("# [[business.webhook]]\n")
            .expect("it is there");
        let end = tables.find("\n[[business.line]]").expect("lines follow");
        let keys = |tables: &str| -> String {
            let lines = tables.lines().filter_map(|line| line.strip_prefix("# "));
            let is_key = |line: &&str| line.contains(" = ") && !line.starts_with("kind:");
            lines
                .filter(is_key)
                .map(|line| format!("{line}\n"))
                .collect()
        };
        let (webhook, action) = tables[..end]
            .split_once("# [[business.action]]\n")
            .expect("it is there");
        let shown: crate::config::WebhookConfig = toml::from_str(&keys(webhook)).expect("sound");
        let bare: String = keys(webhook)
            .lines()
            .take(3)
            .map(|line| format!("{line}\n"))
            .collect();
        let bare: crate::config::WebhookConfig = toml::from_str(&bare).expect("sound");
        assert_eq!(format!("{shown:?}"), format!("{bare:?}"));
        let action: crate::config::ActionConfig = toml::from_str(&keys(action)).expect("sound");
        assert!(action.plan().is_ok() && action.webhook.as_deref() == Some(&shown.name));
    }

    #[test]
    fn what_an_action_takes_is_checked() {
        assert_eq!(faults(GOOD), "");
        for (from, to, expected) in [
            (
                "after_sales",
                "After sales",
                "skills[0] must be small letters, digits and `_`",
            ),
            (
                "https://crm",
                "http://crm",
                "webhook[0].url must begin with https:// unless it is on this machine or `allow_http` is set",
            ),
            (
                "\"crm\"\n        url",
                "\"C R M\"\n        url",
                "webhook[0].name must be small letters, digits and `_`",
            ),
            (
                "secret_file",
                "timeout_ms = 99\n secret_file",
                "webhook[0].timeout_ms must be between 100 and 8000",
            ),
            (
                "secret_file",
                "retries = 4\n secret_file",
                "webhook[0].retries must be at most 3",
            ),
            (
                "secret_file",
                "slots = 0\n secret_file",
                "webhook[0].slots must be between 1 and 256",
            ),
            (
                "webhook = \"crm\"",
                "webhook = \"erp\"",
                "action[0].webhook `erp` is no webhook of this business",
            ),
            (
                "lookup:order",
                "order",
                "action[0].name action `order` is none of answer, lookup:x, ticket:x, transfer:x, route:x, sms:x, verify:x, escalate:x",
            ),
            (
                "lookup:order",
                "escalate:order",
                "action[0].name must be lookup, ticket, route, sms or verify: nothing is collected for others",
            ),
            (
                "ticket:repair",
                "lookup:order",
                "action[1].name `lookup:order` is taken by another action",
            ),
            (
                "name = \"when\"",
                "name = \"phone\"",
                "action[1].slots[1].name `phone` is taken by another slot",
            ),
            (
                "name = \"when\"",
                "name = \"When\"",
                "action[1].slots[1].name must be small letters, digits and `_`",
            ),
            (
                "上门时间",
                " ",
                "action[1].slots[1].label must be 1 to 20 characters long",
            ),
            (
                "kind = \"time\"",
                "kind = \"time\", ask = \"\"",
                "action[1].slots[1].ask must be 1 to 80 characters long",
            ),
            (
                "min = 8, max = 20",
                "min = 8",
                "action[0].slots[0].kind `digits` needs `min` and `max`",
            ),
            (
                "min = 8, max = 20",
                "min = 9, max = 8",
                "action[0].slots[0].min must be at least 1, and `max` from there to 30",
            ),
            (
                "min = 8, max = 20",
                "min = 1, max = 8, check = \"luhn\"",
                "action[0].slots[0].min must be at least 2 with a check digit",
            ),
            (
                "kind = \"phone\"",
                "kind = \"phone\", max = 3",
                "action[1].slots[0].max is for `digits` alone",
            ),
            (
                "kind = \"phone\"",
                "kind = \"phone\", options = [\"a\"]",
                "action[1].slots[0].options is for `choice` alone",
            ),
            (
                "\"空调\", \"冰箱\"",
                "\"空调\"",
                "action[1].slots[2].options must be two to nine, one a key",
            ),
            (
                "\"空调\", \"冰箱\"",
                "\"空调\", \"空调\"",
                "action[1].slots[2].options must be different and not empty",
            ),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{from}");
            assert_eq!(faults(&text), format!("business[0].{expected}"));
        }
        let empty = GOOD.replacen("webhook = \"crm\"\n        slots = [{ name = \"order\", label = \"订单号\", kind = \"digits\", min = 8, max = 20 }]", "", 1);
        assert_ne!(empty, GOOD);
        assert_eq!(
            faults(&empty),
            "business[0].action[0].name needs a webhook or slots: without them the action does nothing"
        );
    }
}
