//! `yingda models`: which models there are, their download, whether those here are right, and which one is used.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};

use super::records;
use crate::{
    config::use_model,
    models::{Catalog, Model, ModelFile, NOT_KNOWN, Pulled, Task, compared, pull, sha256_of},
};

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
    /// Shows every known model: task, sources, size, memory, licence, published accuracy and SHA-256.
    List,
    /// Downloads a model. A broken download is taken up where it stopped.
    Pull {
        /// Name, as `list` shows it.
        name: String,
    },
    /// Sets a model that is here in the configuration file; comments and everything else in it stay.
    Use {
        /// Name, as `list` shows it.
        name: String,
        /// The configuration file.
        #[arg(long, value_name = "FILE", default_value = "yingda.toml")]
        config: PathBuf,
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
        Action::Use { name, config } => choose(&catalog, &name, &config),
        Action::Verify { name } => verify(&catalog, name.as_deref()),
    }
}

fn description(catalog: &Catalog, model: &Model) -> String {
    let here = if catalog.is_here(model) {
        "here"
    } else {
        "not here"
    };
    let size = match model.size() {
        Some((size, true)) => DecimalBytes(size).to_string(),
        Some((size, false)) => format!("about {}", DecimalBytes(size)),
        None => NOT_KNOWN.to_owned(),
    };
    let mut text = format!(
        "{} ({}; {}; {here})\n  {}\n  size      {size}\n  memory    {}\n  licence   {}\n  accuracy  {}\n",
        model.name,
        model.task,
        model.languages.join(", "),
        model.notes,
        model.memory,
        model.licence,
        model.accuracy,
    );
    for file in &model.files {
        text += &file_description(catalog, model, file);
    }
    text + "\n"
}

fn file_description(catalog: &Catalog, model: &Model, file: &ModelFile) -> String {
    let mut text = String::new();
    if model.is_folder {
        let size = match (file.size_bytes, file.exact_size()) {
            (_, Some(size)) => DecimalBytes(size).to_string(),
            (Some(size), None) => format!("about {}", DecimalBytes(size)),
            (None, None) => format!("size {NOT_KNOWN}"),
        };
        text += &format!("  file      {}, {size}\n", file.file);
    }
    for (place, url) in file.urls.iter().enumerate() {
        let label = if place == 0 { "source" } else { "mirror" };
        text += &format!("  {label}    {url}\n");
    }
    let hash = match (&file.sha256, catalog.hash_of(model, file)) {
        (None, None) => {
            "not known: the first download is NOT VERIFIED, and its hash is pinned".to_owned()
        }
        (None, Some(pinned)) => {
            format!("{pinned}\n            NOT VERIFIED: pinned at the first download here")
        }
        (Some(certain), _) => certain.clone(),
    };
    text + &format!("  sha256    {hash}\n")
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
    let pulled = result?;
    let several = pulled.len() > 1;
    for pulled in pulled {
        let what = match several {
            false => name.to_owned(),
            true => format!("{name}: {}", pulled.file),
        };
        match pulled.how {
            Pulled::Present => println!("{what} is here already, and right."),
            Pulled::Verified(url) => {
                println!("{what} was downloaded from {url}; its SHA-256 is right.")
            }
            Pulled::Pinned(url) => println!(
                "{what} was downloaded from {url}; it is NOT VERIFIED, since its SHA-256 was not known, which is pinned from now on (pinned.toml)."
            ),
        }
    }
    println!("To use it: yingda models use {name}");
    Ok(())
}

fn verify(catalog: &Catalog, name: Option<&str>) -> anyhow::Result<()> {
    let chosen: Vec<&Model> = match name {
        Some(name) => vec![named(catalog, name)?],
        None => {
            let models = catalog.models().iter();
            models.filter(|model| catalog.is_here(model)).collect()
        }
    };
    let mut wrong = 0;
    for model in chosen {
        for part in &model.files {
            let file = catalog.file_path(model, part);
            let found = sha256_of(&file).with_context(|| file.display().to_string())?;
            let verdict = match catalog.hash_of(model, part) {
                Some(known) if known == found => "right".to_owned(),
                Some(known) => format!("WRONG: SHA-256 {found} instead of {known}"),
                None => format!(
                    "unknown: SHA-256 {found} is not pinned; `yingda models pull` downloads and pins it"
                ),
            };
            wrong += usize::from(verdict != "right");
            match model.is_folder {
                true => println!("{}/{}: {verdict}", model.name, part.file),
                false => println!("{}: {verdict}", model.name),
            }
        }
    }
    if wrong > 0 {
        bail!("{wrong} model files are not to be trusted");
    }
    Ok(())
}

fn named<'a>(catalog: &'a Catalog, name: &str) -> anyhow::Result<&'a Model> {
    catalog
        .find(name)
        .with_context(|| format!("no model is named `{name}`"))
}

/// Names the model in the configuration, after it was compared with its hashes.
fn choose(catalog: &Catalog, name: &str, config: &Path) -> anyhow::Result<()> {
    let model = named(catalog, name)?;
    if !catalog.is_here(model) {
        bail!("{name} is not here yet: yingda models pull {name}");
    }
    compared(&catalog.path_of(model), model, catalog)?;
    let changed = use_model(config, model, &catalog.path_of(model))?;
    for (key, value) in changed {
        println!("{}: {key} = {value}", config.display());
    }
    if model.task == Task::Synthesis {
        println!(
            "A line speaks with the engine's own voice unless `business.line.voice` names another of its voices."
        );
    }
    println!(
        "yingda check-config --config {} checks the rest.",
        config.display()
    );
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
        assert!(
            text.starts_with("yingda-zh-demo (recognition; zh, en; here)"),
            "{text}"
        );
        assert!(
            text.contains("16.81 MB") && text.contains("154466074c9835fc"),
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
        let belle = catalog.find("belle-whisper-large-v3-turbo-zh");
        let belle = belle.expect("listed").clone();
        let pinned = catalog.pin(&belle, &belle.files[0], "abc");
        pinned.expect("written");
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
