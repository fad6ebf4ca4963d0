//! Everything that is read from files before anything is started: knowledge, prompts, tables, the model's hash.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;

use super::{actions, engines, language_model};
use crate::{
    action::ActionPlans,
    asr::Language,
    config::{BusinessConfig, Config, LineConfig, RecognitionEngine, SynthesisEngine, Transfer},
    conversation::{ConversationSettings, Prompts, Timings},
    embedding::TextEncoder,
    ids::{BaseId, BaseName, BusinessId, LineNumber},
    knowledge::{KnowledgeBase, parse_csv},
    llm::GroundedWriter,
    models::{Catalog, Engine, ModelCheck, checked, checked_folder},
    phone_number::Places,
    publishing::{BasePlan, Voice},
    retrieval::{KnowledgeIndex, Synonyms},
    routing::{LineRule, LineTable},
    session::{HandoverSettings, LineServices, SessionSettings, TransferMode},
    tts::SpeechRequest,
    webhooks::Systems,
};

/// The shortest token, in characters: 128 bits in hexadecimal digits.
const SHORTEST_TOKEN: usize = 32;

/// What the files hold, checked.
pub struct Files {
    /// Which line a number belongs to.
    pub table: LineTable,
    /// Where a number is from.
    pub places: Places,
    /// The lines.
    pub lines: HashMap<LineNumber, LinePlan>,
    /// The knowledge bases of the lines, each once.
    pub bases: Vec<BasePlan>,
    /// The sentences of the prompts that are known before a call, for the speech engine.
    pub sentences: Vec<SpeechRequest>,
    /// The encoder, if there is one.
    pub encoder: Option<Arc<dyn TextEncoder>>,
    /// The language model, if there is one. It has not been asked yet.
    pub language_model: Option<Arc<GroundedWriter>>,
    /// The businesses' systems. None has been asked yet.
    pub systems: Arc<Systems>,
}

/// A line, before its knowledge is known.
#[derive(Clone, Debug)]
pub struct LinePlan {
    /// For the machine.
    pub settings: SessionSettings,
    /// Language of prompts and answers.
    pub language: String,
    /// Voice of the speech engine.
    pub voice: String,
    /// What it answers from.
    pub base: BaseId,
}

impl LinePlan {
    /// The line, answering from `index`.
    pub(super) fn with(self, index: Arc<dyn KnowledgeIndex>) -> LineServices {
        LineServices {
            index,
            settings: self.settings,
            language: self.language,
            voice: self.voice,
        }
    }
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files")
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}

impl Files {
    /// Reads and checks every file that the configuration names.
    pub fn read(config: &Config) -> anyhow::Result<Self> {
        let places = places(config)?;
        let prompts = all_prompts(config)?;
        let encoder = engines::encoder(config)?;
        let mut rules = Vec::new();
        let (mut lines, mut sentences) = (HashMap::new(), Vec::new());
        let mut bases: BTreeMap<BaseId, BasePlan> = BTreeMap::new();
        for business in &config.businesses {
            let synonyms = synonyms(business)?;
            let plans = Arc::new(actions::plans(business)?);
            for line in &business.lines {
                let number = LineNumber::new(&line.number);
                rules.push(LineRule {
                    business: BusinessId::new(&business.id),
                    line: number.clone(),
                    dids: line.dids.clone(),
                });
                let prompts = prompts
                    .get(line.language.as_str())
                    // `all_prompts` has read those of every line.
                    .context("the prompts of a line were not read")?
                    .clone();
                let voice = Voice {
                    language: line.language.clone(),
                    voice: voice(config, line).to_owned(),
                };
                sentences.extend(fixed_sentences(&voice, &business.name, &prompts));
                let base = base_of(business, line);
                let plan = match bases.entry(base.clone()) {
                    Entry::Occupied(plan) => plan.into_mut(),
                    Entry::Vacant(place) => place.insert(BasePlan {
                        id: base.clone(),
                        seed: knowledge(&line.knowledge)?,
                        file: line.knowledge.clone(),
                        lines: Vec::new(),
                        voices: Vec::new(),
                        synonyms: synonyms.clone(),
                        known: actions::known(business, &plans),
                    }),
                };
                plan.lines.push(number.clone());
                if !plan.voices.contains(&voice) {
                    plan.voices.push(voice.clone());
                }
                let line = LinePlan {
                    settings: settings(config, line, &business.name, prompts, plans.clone()),
                    language: voice.language,
                    voice: voice.voice,
                    base,
                };
                lines.insert(number, line);
            }
        }
        let table = LineTable::new(&rules, places.clone())?;
        Ok(Self {
            table,
            places,
            lines,
            bases: bases.into_values().collect(),
            sentences,
            encoder,
            language_model: language_model::open(config)?,
            systems: Arc::new(actions::systems(config)?),
        })
    }

    /// Checks that the models may be loaded, without loading them.
    pub fn check_models(config: &Config) -> anyhow::Result<()> {
        let catalog = Catalog::load(&config.recognition.catalog)?;
        let (model, check) = (&config.recognition.model, model_check(config));
        match config.recognition.engine {
            RecognitionEngine::Whisper => checked(model, &catalog, check)?,
            RecognitionEngine::SenseVoice => {
                checked_folder(model, Engine::SenseVoice, &catalog, check)?;
            }
            RecognitionEngine::StreamingParaformer => {
                checked_folder(model, Engine::StreamingParaformer, &catalog, check)?;
            }
        }
        if let (SynthesisEngine::Kokoro, Some(folder)) =
            (config.synthesis.engine, &config.synthesis.model)
        {
            let check = voice_check(config);
            checked_folder(folder, Engine::Kokoro, &catalog, check)?;
        }
        Ok(())
    }
}

/// What callers of a line will notice and its configuration does not show: a line in a language that the model does not know.
pub fn language_warnings(config: &Config) -> anyhow::Result<Vec<String>> {
    let catalog = Catalog::load(&config.recognition.catalog)?;
    // Of a file that is not in the catalogue nothing is known.
    let Some(model) = catalog.named_like(&config.recognition.model) else {
        return Ok(Vec::new());
    };
    let lines = config
        .businesses
        .iter()
        .flat_map(|business| &business.lines);
    let unknown = lines.filter(|line| {
        let code = Language::of(&line.language).code();
        !model.languages.iter().any(|language| language == code)
    });
    Ok(unknown
        .map(|line| {
            format!(
                "line {}: its callers speak {}, which the model `{}` does not know ({}); they will not be understood",
                line.number,
                line.language,
                model.name,
                model.languages.join(", "),
            )
        })
        .collect())
}

/// How strictly model files are looked at.
pub(super) const fn model_check(config: &Config) -> ModelCheck {
    match config.recognition.allow_unlisted {
        true => ModelCheck::Unlisted,
        false => ModelCheck::Listed,
    }
}

/// How strictly the files of a voice are looked at.
pub(super) const fn voice_check(config: &Config) -> ModelCheck {
    match config.synthesis.allow_unlisted {
        true => ModelCheck::Unlisted,
        false => ModelCheck::Listed,
    }
}

/// The sentences of a language, from the folder of prompts.
pub fn read_prompts(folder: &Path, language: &str) -> anyhow::Result<Arc<Prompts>> {
    let file = folder.join(format!("{language}.toml"));
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("prompt file {} cannot be read", file.display()))?;
    let prompts = Prompts::parse(&file.display().to_string(), &text)?;
    // Without its own templates a business's replies are said as far as `say.action` goes.
    let file = folder.join(format!("actions.{language}.toml"));
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(Arc::new(
            prompts.with_replies(&file.display().to_string(), &text)?,
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Arc::new(prompts)),
        Err(error) => {
            Err(error).with_context(|| format!("reply templates {} cannot be read", file.display()))
        }
    }
}

fn all_prompts(config: &Config) -> anyhow::Result<HashMap<&str, Arc<Prompts>>> {
    let mut all = HashMap::new();
    let lines = config
        .businesses
        .iter()
        .flat_map(|business| &business.lines);
    for line in lines {
        if !all.contains_key(line.language.as_str()) {
            let prompts = read_prompts(&config.prompts, &line.language)?;
            all.insert(line.language.as_str(), prompts);
        }
    }
    Ok(all)
}

/// The token of those who may change knowledge over HTTP, if there is one.
pub(super) fn token(config: &Config) -> anyhow::Result<Option<String>> {
    let Some(file) = &config.console.token_file else {
        return Ok(None);
    };
    let token = std::fs::read_to_string(file)
        .with_context(|| format!("console.token_file {} cannot be read", file.display()))?;
    let token = token.trim();
    // RFC 6750 §2.1 and sense: a token is not guessed.
    anyhow::ensure!(
        token.len() >= SHORTEST_TOKEN && token.chars().all(|symbol| symbol.is_ascii_graphic()),
        "console.token_file {} must hold at least {SHORTEST_TOKEN} visible ASCII characters",
        file.display()
    );
    Ok(Some(token.to_owned()))
}

fn places(config: &Config) -> anyhow::Result<Places> {
    match &config.mobile_segments {
        None => Ok(Places::built_in()),
        Some(file) => {
            let content = std::fs::read(file)
                .with_context(|| format!("mobile segments {} cannot be read", file.display()))?;
            Ok(Places::with_segments(file, &content)?)
        }
    }
}

fn knowledge(file: &Path) -> anyhow::Result<KnowledgeBase> {
    let content = std::fs::read(file)
        .with_context(|| format!("knowledge file {} cannot be read", file.display()))?;
    Ok(parse_csv(&file.display().to_string(), &content)?)
}

/// A business's own words.
fn synonyms(business: &BusinessConfig) -> anyhow::Result<Synonyms> {
    let Some(file) = &business.synonyms else {
        return Ok(Synonyms::default());
    };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("synonyms {} cannot be read", file.display()))?;
    Synonyms::parse(&text).with_context(|| file.display().to_string())
}

fn settings(
    config: &Config,
    line: &LineConfig,
    business: &str,
    prompts: Arc<Prompts>,
    plans: Arc<ActionPlans>,
) -> SessionSettings {
    SessionSettings {
        handover: HandoverSettings {
            agent: line.agent.clone(),
            mode: match line.transfer {
                Transfer::Bridge => TransferMode::Bridge,
                Transfer::Refer => TransferMode::Refer,
            },
            ring_timeout: Duration::from_secs(config.handover.ring_s.into()),
            refer_timeout: Duration::from_secs(config.handover.refer_s.into()),
        },
        conversation: Arc::new(ConversationSettings {
            prompts,
            business: business.to_owned(),
            timings: Timings {
                silence: Duration::from_secs_f32(config.conversation.silence_s),
                generation: language_model::patience(config),
                ..Timings::default()
            },
            plans,
        }),
    }
}

/// The voice of a line. espeak-ng has a plain one that few like; Kokoro chooses by itself.
fn voice<'a>(config: &Config, line: &'a LineConfig) -> &'a str {
    match (line.voice.as_str(), config.synthesis.engine) {
        ("", SynthesisEngine::Espeak) => "f2",
        (voice, _) => voice,
    }
}

/// The sentences of the prompts that do not depend on a call.
fn fixed_sentences(
    voice: &Voice,
    business: &str,
    prompts: &Prompts,
) -> impl Iterator<Item = SpeechRequest> {
    let voice = voice.clone();
    let sentences = prompts.fixed_sentences(business).into_iter();
    sentences.map(move |sentence| voice.says(&sentence.text, sentence.speed))
}

/// The base that a line answers from, by its name or that of its file.
fn base_of(business: &BusinessConfig, line: &LineConfig) -> BaseId {
    let stem = || {
        line.knowledge
            .file_stem()
            .map(|stem| stem.to_string_lossy())
    };
    let name = match &line.knowledge_base {
        Some(name) => name.clone(),
        None => stem().unwrap_or_default().into_owned(),
    };
    BaseId {
        business: BusinessId::new(&business.id),
        name: BaseName::new(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_the_model_does_not_understand_is_named() {
        let warnings = |model: &str, language: &str| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            let text = format!(
                "[recognition]\nmodel = \"models/{model}\"\n\
                 [[business]]\nid = \"a\"\nname = \"A\"\n\
                 [[business.line]]\nnumber = \"4008001001\"\nknowledge = \"a.csv\"\n\
                 [[business.line]]\nnumber = \"4008001002\"\nknowledge = \"a.csv\"\nlanguage = \"{language}\"\n"
            );
            let config = Config::parse(&root.join("test.toml"), &text).expect("good");
            language_warnings(&config).expect("the catalogue is sound")
        };
        let expected = "line 4008001002: its callers speak en-US, which the model `belle-whisper-large-v3-turbo-zh` does not know (zh); they will not be understood";
        assert_eq!(
            warnings("ggml-belle-large-v3-turbo-zh.bin", "en-US"),
            [expected]
        );
        for (model, language) in [
            ("ggml-belle-large-v3-turbo-zh.bin", "zh-CN"),
            ("yingda-zh-demo.bin", "en-US"),
            ("ggml-large-v3-turbo.bin", "en-US"),
            ("unlisted.bin", "en-US"),
        ] {
            assert_eq!(warnings(model, language), [""; 0], "{model} {language}");
        }
    }
}
