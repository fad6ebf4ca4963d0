//! `yingda faq publish` and `yingda faq rollback`.

use super::{at_desk, find_base, now, of, signature};
use crate::{
    app::{Progress, open_speech},
    cli::{records::print, serve::Steps},
    config::Config,
    publishing::{Order, Step},
};

/// Makes the draft the version that new calls get.
#[derive(Debug, clap::Args)]
pub(super) struct PublishArgs {
    /// `business/base`.
    base: String,
    /// Why, for those who look later.
    #[arg(long, default_value = "")]
    note: String,
    /// Only if the draft is at this revision still.
    #[arg(long)]
    revision: Option<u64>,
}

/// Brings back a version: the one before, or any.
#[derive(Debug, clap::Args)]
pub(super) struct RollbackArgs {
    /// `business/base`.
    base: String,
    /// The version; without it, the one that callers got before.
    #[arg(long)]
    to: Option<u64>,
    /// Why, for those who look later.
    #[arg(long, default_value = "")]
    note: String,
}

pub(super) fn publish(config: &Config, args: PublishArgs) -> anyhow::Result<()> {
    let text = at_desk(config, async |desk| {
        let base = find_base(&desk, &args.base).await?.id;
        let speech = open_speech(config).await?;
        let order = Order {
            revision: args.revision,
            signature: signature(args.note),
            now: now(),
        };
        let mut steps = Shown::default();
        let number = desk
            .publish(&base, &order, &speech, &mut |step| steps.show(step))
            .await?;
        Ok(format!(
            "{} is published; new calls get it\n",
            of(&base, number)
        ))
    })?;
    print(&text)
}

pub(super) fn roll_back(config: &Config, args: RollbackArgs) -> anyhow::Result<()> {
    let text = at_desk(config, async |desk| {
        let base = find_base(&desk, &args.base).await?.id;
        let speech = open_speech(config).await?;
        let signature = signature(args.note);
        let mut steps = Shown::default();
        let number = desk
            .roll_back(&base, args.to, &signature, &speech, &mut |step| {
                steps.show(step);
            })
            .await?;
        let restored = desk.store().published(&base).await?;
        let restored = restored.and_then(|version| version.restores);
        let restored = restored.map_or_else(String::new, |old| format!(", with what {old} had"));
        Ok(format!(
            "{} is published{restored}; new calls get it\n",
            of(&base, number)
        ))
    })?;
    print(&text)
}

/// Steps on standard error.
#[derive(Default)]
struct Shown(Steps);

impl Shown {
    fn show(&mut self, step: &Step) {
        match *step {
            Step::Indexing => self.0.step("making the index"),
            Step::Speaking { done: 0, all } => {
                self.0.step(&format!("speaking {all} answers"));
            }
            Step::Speaking { done, all } => self.0.synthesised(done, all),
            Step::Done { .. } | Step::Failed { .. } => self.0.finish(),
        }
    }
}
