//! `yingda models`: which model files there are, their download, and whether those here are right.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Subcommand;
use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};

use super::records;
use crate::models::{Catalog, Model, Pulled, pull, sha256_of};

/// Arguments of `yingda models`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The catalogue; files are downloaded into its folder.
    #[arg(long, default_value = "models/catalog.toml")]
    catalog: PathBuf,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Shows every known model: source, mirror, size, licence and SHA-256.
    List,
    /// Downloads a model. A broken download is taken up where it stopped.
    Pull {
        /// Name, as `list` shows it.
        name: String,
    },
    /// Compares files with their SHA-256: of one model, or of all that are here.
    Verify {
        /// Name, as `list` shows it.
        name: Option<String>,
    },
}

/// Carries it out.
pub fn run(args: Args) -> anyhow::Result<()> {
    let mut catalog = Catalog::load(&args.catalog)?;
    match args.action {
        Action::List => {
            let models = catalog.models().iter();
            let listed: String = models.map(|model| description(&catalog, model)).collect();
            records::print(&listed)
        }
        Action::Pull { name } => download(&mut catalog, &name),
        Action::Verify { name } => verify(&catalog, name.as_deref()),
    }
}

fn description(catalog: &Catalog, model: &Model) -> String {
    let here = if catalog.path_of(model).exists() {
        "here"
    } else {
        "not here"
    };
    let about = if model.sha256.is_some() { "" } else { "about " };
    let mut text = format!(
        "{} ({}; {here})\n  {}\n  size      {about}{}\n  licence   {}\n  accuracy  {}\n",
        model.name,
        model.languages.join(", "),
        model.notes,
        DecimalBytes(model.size_bytes),
        model.licence,
        model.accuracy,
    );
    for (place, url) in model.urls.iter().enumerate() {
        let label = if place == 0 { "source" } else { "mirror" };
        text += &format!("  {label}    {url}\n");
    }
    let hash = match (&model.sha256, catalog.hash_of(model)) {
        (None, None) => {
            "not known: the first download is NOT VERIFIED, and its hash is pinned".to_owned()
        }
        (None, Some(pinned)) => {
            format!("{pinned}\n            NOT VERIFIED: pinned at the first download here")
        }
        (Some(certain), _) => certain.clone(),
    };
    text + &format!("  sha256    {hash}\n\n")
}

fn download(catalog: &mut Catalog, name: &str) -> anyhow::Result<()> {
    let style = ProgressStyle::with_template(
        "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
    )
    .context("the template is constant")?;
    let bar = ProgressBar::new(0).with_style(style);
    let result = pull(catalog, name, &mut |have, whole| {
        bar.set_length(whole);
        bar.set_position(have);
    });
    bar.finish_and_clear();
    match result? {
        Pulled::Present => println!("{name} is here already, and right."),
        Pulled::Verified(url) => {
            println!("{name} was downloaded from {url}; its SHA-256 is right.")
        }
        Pulled::Pinned(url) => println!(
            "{name} was downloaded from {url}; it is NOT VERIFIED, since its SHA-256 was not known, which is pinned from now on (pinned.toml)."
        ),
    }
    let model = catalog.find(name).context("it was just downloaded")?;
    println!(
        "To use it, set recognition.model = \"{}\".",
        catalog.path_of(model).display()
    );
    Ok(())
}

fn verify(catalog: &Catalog, name: Option<&str>) -> anyhow::Result<()> {
    let chosen: Vec<&Model> = match name {
        Some(name) => vec![
            catalog
                .find(name)
                .with_context(|| format!("no model is named `{name}`"))?,
        ],
        None => catalog
            .models()
            .iter()
            .filter(|model| catalog.path_of(model).exists())
            .collect(),
    };
    let mut wrong = 0;
    for model in chosen {
        let file = catalog.path_of(model);
        let found = sha256_of(&file).with_context(|| file.display().to_string())?;
        let verdict = match catalog.hash_of(model) {
            Some(known) if known == found => "right".to_owned(),
            Some(known) => format!("WRONG: SHA-256 {found} instead of {known}"),
            None => format!(
                "unknown: SHA-256 {found} is not pinned; `yingda models pull` downloads and pins it"
            ),
        };
        wrong += usize::from(verdict != "right");
        println!("{}: {verdict}", model.name);
    }
    if wrong > 0 {
        bail!("{wrong} model files are not to be trusted");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(folder: &std::path::Path, action: Action) -> Args {
        Args {
            catalog: folder.join("catalog.toml"),
            action,
        }
    }

    #[test]
    fn the_shipped_catalogue_is_listed_and_the_bundled_file_is_right() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let catalog = Catalog::load(&folder.join("catalog.toml")).expect("sound");
        let demo = catalog.find("yingda-zh-demo").expect("bundled");
        let text = description(&catalog, demo);
        assert!(text.starts_with("yingda-zh-demo (zh; here)"), "{text}");
        assert!(
            text.contains("28.27 MB") && text.contains("0b5f4da8428f9a0f"),
            "{text}"
        );
        let name = Some("yingda-zh-demo".to_owned());
        run(args(&folder, Action::Verify { name })).expect("right");
    }

    #[test]
    fn a_model_of_which_no_hash_is_known_is_listed_as_not_verified() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = folder.path().join("catalog.toml");
        std::fs::copy(root.join("models/catalog.toml"), &file).expect("copied");
        let mut catalog = Catalog::load(&file).expect("sound");
        let line = |catalog: &Catalog| {
            let model = catalog.find("belle-whisper-large-v3-turbo-zh");
            let text = description(catalog, model.expect("listed"));
            text[text.find("  sha256").expect("told")..].to_owned()
        };
        assert_eq!(
            line(&catalog),
            "  sha256    not known: the first download is NOT VERIFIED, and its hash is pinned\n\n"
        );
        catalog
            .pin("belle-whisper-large-v3-turbo-zh", "abc")
            .expect("written");
        assert_eq!(
            line(&catalog),
            "  sha256    abc\n            NOT VERIFIED: pinned at the first download here\n\n"
        );
        let tiny = description(&catalog, catalog.find("whisper-tiny").expect("listed"));
        assert!(!tiny.contains("NOT VERIFIED"), "{tiny}");
    }

    #[test]
    fn a_changed_file_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "[[model]]\nname = \"m\"\ntask = \"recognition\"\nfile = \"m.bin\"\nlanguages = []\nsize_bytes = 3\n\
                    licence = \"MIT\"\nurls = []\nnotes = \"\"\naccuracy = \"\"\n";
        std::fs::write(folder.path().join("catalog.toml"), text).expect("written");
        std::fs::write(folder.path().join("m.bin"), "abc").expect("written");
        let error = run(args(folder.path(), Action::Verify { name: None })).expect_err("not known");
        assert_eq!(error.to_string(), "1 model files are not to be trusted");
        let name = Some("n".to_owned());
        let error = run(args(folder.path(), Action::Verify { name })).expect_err("no such model");
        assert_eq!(error.to_string(), "no model is named `n`");
    }
}
