//! `yingda webhook`: tries a business's system out before a caller does.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use uuid::Uuid;

use super::records::print;
use crate::{
    action::ActionRequest,
    app,
    clock::ProcessClock,
    config::{BusinessConfig, Config},
    entry::Action,
    ids::{ActionId, BusinessId, CallId, EntryId},
    pii::Pii,
    webhooks::Event,
};

/// Tries a business's system out.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sends one real, signed request that says `"trial":true`, and prints the reply.
    Try(TryArgs),
}

/// What is asked.
#[derive(Debug, clap::Args)]
struct TryArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "yingda.toml")]
    config: PathBuf,
    /// Whose system; may be left out where there is one business.
    #[arg(long, value_name = "ID")]
    business: Option<String>,
    /// The action, as entries write it (`lookup:order`).
    action: String,
    /// What the caller would have said: `order=12345678`.
    #[arg(value_name = "SLOT=VALUE", value_parser = slot)]
    slots: Vec<(String, String)>,
    /// The caller's number.
    #[arg(long, value_name = "NUMBER")]
    caller: Option<String>,
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Try(args) => attempt(&args),
    }
}

fn attempt(args: &TryArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.config)?;
    let business = business(&config, args.business.as_deref())?;
    let action: Action = args.action.parse()?;
    let configured = business
        .actions
        .iter()
        .find(|known| {
            known
                .name
                .parse()
                .is_ok_and(|known: Action| known == action)
        })
        .with_context(|| format!("business `{}` has no action `{action}`", business.id))?;
    if configured.webhook.is_none() {
        bail!("action `{action}` names no webhook: it is taken down for the staff");
    }
    let unknown = args
        .slots
        .iter()
        .find(|(name, _)| !configured.slots.iter().any(|slot| slot.name == *name));
    if let Some((name, _)) = unknown {
        bail!("action `{action}` has no slot `{name}`");
    }
    let slots = args.slots.iter();
    let event = Event {
        business: BusinessId::new(&business.id),
        call: CallId(Uuid::now_v7()),
        caller: args.caller.clone().map(Pii::new),
        request: ActionRequest {
            id: ActionId(1),
            action,
            entry: EntryId::new("trial"),
            question: Pii::new(String::new()),
            slots: slots
                .map(|(name, value)| (name.clone(), Pii::new(value.clone())))
                .collect(),
        },
        trial: true,
    };
    let systems = app::systems(&config)?;
    let clock = ProcessClock::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let began = clock.now();
    let result = runtime.block_on(systems.ask(began, clock.wall_ms(began), &event));
    let took = clock.now().since(began).as_millis();
    let mut text = format!("webhook-id {}\n", event.key());
    // Writing to a string cannot fail.
    let reply = result.with_context(|| format!("no reply after {took} ms"))?;
    let outcome = serde_json::to_value(reply.outcome)?;
    let _ = writeln!(
        text,
        "{} after {took} ms",
        outcome.as_str().unwrap_or_default()
    );
    for (name, value) in &reply.fields {
        let _ = writeln!(text, "  {name} = {}", value.expose());
    }
    print(&text)
}

fn business<'a>(config: &'a Config, id: Option<&str>) -> anyhow::Result<&'a BusinessConfig> {
    match (id, &config.businesses[..]) {
        (None, [only]) => Ok(only),
        (None, _) => bail!("there are several businesses: name one with --business"),
        (Some(id), all) => {
            let found = all.iter().find(|business| business.id == id);
            found.with_context(|| format!("there is no business `{id}`"))
        }
    }
}

fn slot(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is not SLOT=VALUE"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::slot;

    #[test]
    fn slots_are_read() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(slot("order=1=2"), pair("order", "1=2"));
        assert!(slot("order").is_err());
    }
}
