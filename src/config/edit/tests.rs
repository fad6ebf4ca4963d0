//! What is set, what stays, and what is refused.

use super::*;
use crate::models::{Catalog, Task};

const BUSINESS: &str = "\n[[business]]\nid = \"a\"\nname = \"a\" # its name\n\
                        [[business.line]]\nnumber = \"4008001001\"\nknowledge = \"a.csv\"\n";

/// A folder with a configuration, a catalogue and the files of its models.
struct Place(tempfile::TempDir);

impl Place {
    fn new(config: &str) -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        let entry = |name: &str, engine: &str, task: &str| {
            format!(
                "[[model]]\nname = \"{name}\"\ntask = \"{task}\"\nengine = \"{engine}\"\nfile = \"{name}.bin\"\nlanguages = []\n\
                 licence = \"MIT\"\nurls = []\nnotes = \"\"\naccuracy = \"\"\n"
            )
        };
        let catalog = entry("large", "whisper", "recognition")
            + &entry("vectors", "bert", "embedding")
            + &entry("sense", "sense-voice", "recognition")
            + &entry("voice", "matcha", "synthesis");
        std::fs::create_dir(place.path("models")).expect("created");
        for (name, text) in [
            ("yingda.toml", config),
            ("models/catalog.toml", &catalog),
            ("models/large.bin", ""),
            ("models/vectors.bin", ""),
            ("models/sense.bin", ""),
            ("models/voice.bin", ""),
        ] {
            std::fs::write(place.path(name), text).expect("written");
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn config(&self) -> String {
        std::fs::read_to_string(self.path("yingda.toml")).expect("there")
    }

    fn use_model(&self, name: &str) -> Result<Vec<(String, String)>, EditError> {
        let catalog = Catalog::load(&self.path("models/catalog.toml")).expect("sound");
        let model = catalog.find(name).expect("listed");
        use_model(&self.path("yingda.toml"), model, &catalog.path_of(model))
    }
}

#[track_caller]
fn check(recognition: &str, expected: &str) {
    let place = Place::new(&format!("{recognition}{BUSINESS}"));
    let changed = place.use_model("large").expect("set");
    let keys: Vec<_> = changed.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["recognition.engine", "recognition.model"]);
    assert_eq!(changed[1].1, "\"models/large.bin\"");
    let config = Config::load(&place.path("yingda.toml")).expect("good");
    assert_eq!(config.recognition.model, place.path("models/large.bin"));
    let text = place.config();
    match expected.is_empty() {
        // The table is new, and stands at the end.
        true => assert!(
            text.starts_with(BUSINESS.trim_start_matches('\n')) || text.starts_with(BUSINESS),
            "{text}"
        ),
        false => assert_eq!(text, format!("{expected}{BUSINESS}")),
    }
    // Once more changes nothing.
    place.use_model("large").expect("set");
    assert_eq!(place.config(), text);
}

#[test]
fn keys_are_set_and_everything_else_stays() {
    check(
        "# first\n[recognition] # hears\n# the old one\nmodel = \"old.bin\"   # small\nslots = 2\n\n[media]\nthreads = 1\n",
        "# first\n[recognition] # hears\n# the old one\nmodel = \"models/large.bin\"   # small\nslots = 2\nengine = \"whisper\"\n\n[media]\nthreads = 1\n",
    );
    check(
        "recognition = { slots = 2 } # short\n",
        "recognition = { slots = 2 , engine = \"whisper\", model = \"models/large.bin\" } # short\n",
    );
    check("", "");
}

#[test]
fn an_encoder_is_named_by_one_key() {
    let place = Place::new(BUSINESS);
    let changed = place.use_model("vectors").expect("set");
    let expected = (
        "retrieval.encoder".to_owned(),
        "\"models/vectors.bin\"".to_owned(),
    );
    assert_eq!(changed, [expected]);
    assert!(
        place
            .config()
            .contains("[retrieval]\nencoder = \"models/vectors.bin\"\n")
    );
}

#[test]
fn a_link_stays_a_link_and_a_model_elsewhere_is_named_in_full() {
    let place = Place::new(BUSINESS);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let link = elsewhere.path().join("linked.toml");
    std::os::unix::fs::symlink(place.path("yingda.toml"), &link).expect("linked");
    let other = elsewhere.path().join("large.bin");
    std::fs::write(&other, "").expect("written");
    let catalog = Catalog::load(&place.path("models/catalog.toml")).expect("sound");
    let model = catalog.find("large").expect("listed");
    use_model(&link, model, &other).expect("set");
    assert!(link.symlink_metadata().expect("there").is_symlink());
    let full = other.canonicalize().expect("there");
    assert!(place.config().contains(&format!("model = {full:?}")));
}

#[track_caller]
fn refused(config: &str, model: &str, expected: &str) {
    let place = Place::new(config);
    let error = place.use_model(model).expect_err("refused").to_string();
    assert!(error.contains(expected), "{error}");
    assert_eq!(place.config(), config);
}

#[test]
fn what_cannot_be_set_leaves_the_file_as_it_is() {
    let no_key = format!("names a model for {} by Matcha", Task::Synthesis);
    refused(BUSINESS, "voice", &no_key);
    refused("business = []\n", "large", "`business` must be given");
    refused("nope", "large", "TOML parse error");
    #[cfg(not(feature = "sherpa"))]
    refused(
        BUSINESS,
        "sense",
        "`recognition.engine` needs a build with the feature `sherpa`",
    );
}

#[test]
fn thresholds_are_set_to_hundredths() {
    let retrieval = "[retrieval]\nanswer = 0.5 # say it\nmargin = 0.15\n";
    let place = Place::new(&format!("{retrieval}{BUSINESS}"));
    let thresholds = RetrievalConfig {
        answer: 0.61,
        clarify: 0.2,
        margin: 0.07,
    };
    let changed = set_thresholds(&place.path("yingda.toml"), &thresholds).expect("set");
    let expected = [
        ("retrieval.answer", "0.61"),
        ("retrieval.clarify", "0.2"),
        ("retrieval.margin", "0.07"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(changed, expected);
    let text =
        format!("[retrieval]\nanswer = 0.61 # say it\nmargin = 0.07\nclarify = 0.2\n{BUSINESS}");
    assert_eq!(place.config(), text);
    let config = Config::load(&place.path("yingda.toml")).expect("good");
    assert_eq!(config.retrieval.answer, thresholds.answer);

    // What the configuration would not take is not written.
    let upside_down = RetrievalConfig {
        answer: 0.2,
        clarify: 0.6,
        margin: 0.0,
    };
    let error = set_thresholds(&place.path("yingda.toml"), &upside_down).expect_err("refused");
    assert!(error.to_string().contains("retrieval.clarify"), "{error}");
    assert_eq!(place.config(), text);
}
