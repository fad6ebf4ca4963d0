//! The bundled mood classifier with the shipped cues, on turns that it was never trained on.

use std::{fs::File, path::Path};

use yingda::{
    conversation::{Intent, Prompts},
    mood::{Mood, TurnMood},
    sentiment::{CallMood, Cues, MoodClassifier, Spotted, evaluation::read_turns},
};

struct Stage {
    classifier: MoodClassifier,
    mandarin: Prompts,
    english: Prompts,
}

impl Stage {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let read = |name: &str| {
            std::fs::read_to_string(root.join("prompts").join(name)).expect("it is there")
        };
        let prompts = |name: &str| {
            Prompts::parse(name, &read(name)).unwrap_or_else(|error| panic!("{error}"))
        };
        let cues = Cues::parse("mood.toml", &read("mood.toml"));
        let cues = cues.unwrap_or_else(|error| panic!("{error}"));
        let model = root.join("models/yingda-mood.safetensors");
        Self {
            classifier: MoodClassifier::load(&model, cues)
                .unwrap_or_else(|error| panic!("{error}")),
            mandarin: prompts("zh-CN.toml"),
            english: prompts("en-US.toml"),
        }
    }

    fn turn(&self, text: &str) -> TurnMood {
        let language = if text.is_ascii() {
            &self.english
        } else {
            &self.mandarin
        };
        let spotted = Spotted {
            human: language.vocabulary().intent(text) == Some(Intent::Human),
            must_escalate: language.vocabulary().must_escalate(text),
            control: language.vocabulary().steers(text),
        };
        let words = self.classifier.read(text, spotted).expect("it computes");
        CallMood::default().take(&words, None, self.classifier.cues())
    }
}

#[test]
fn traps_are_not_taken_for_what_they_contain() {
    let stage = Stage::new();
    for text in [
        "不用转人工",
        "我在工信部上班",
        "人工湖公园几点开门",
        "投诉电话是多少",
        "我没生气，就是问问",
        "帮我查一下我的订单",
        "I'm not complaining, just asking",
        "no need for an agent thanks",
    ] {
        let turn = stage.turn(text);
        assert_eq!(turn.escalate, None, "{text}: {turn:?}");
        assert_ne!(turn.mood, Mood::Angry, "{text}: {turn:?}");
    }
}

#[test]
fn who_needs_a_human_gets_one_with_the_reason() {
    let stage = Stage::new();
    for (text, reason) in [
        ("你们就是一帮骗子", "客户发火了"),
        ("我要转人工", "要求人工"),
        ("我要找律师起诉你们", "提到“找律师”"),
        ("我家插座冒烟了", "提到“冒烟”"),
        ("你没听懂，我问的不是这个", "机器人没听懂"),
        ("you are crooks the lot of you", "客户发火了"),
    ] {
        let turn = stage.turn(text);
        assert_eq!(turn.escalate.as_deref(), Some(reason), "{text}: {turn:?}");
    }
}

#[test]
fn moods_of_unseen_turns_are_told() {
    let stage = Stage::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/moods.csv");
    let turns = read_turns(File::open(file).expect("it is there")).expect("sound");
    let right = turns
        .iter()
        .filter(|known| stage.turn(&known.text).mood == known.mood);
    let share = right.count() as f64 / turns.len() as f64;
    // `yingda eval sentiment` prints more; this notices when something breaks.
    assert!(share >= 0.7, "{share:.2} of the moods are right");
}
