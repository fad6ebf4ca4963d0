//! The words understood without a knowledge base do not take questions away from the sample knowledge bases.

use yingda::{conversation::Prompts, entry::Action, knowledge::parse_csv};

#[test]
fn questions_of_the_samples_reach_retrieval() {
    let prompts = Prompts::parse("zh-CN.toml", include_str!("../prompts/zh-CN.toml"));
    let prompts = prompts.expect("the file is well formed");
    let vocabulary = prompts.vocabulary();
    let mut taken = Vec::new();
    let mut count = 0;
    for (name, sheet) in [
        ("appliance", include_str!("../knowledge/appliance.csv")),
        ("ecommerce", include_str!("../knowledge/ecommerce.csv")),
        ("service", include_str!("../knowledge/service.csv")),
    ] {
        let base = parse_csv(name, sheet.as_bytes()).expect("the samples are well formed");
        for entry in &base.entries {
            let asks_for_a_human =
                matches!(entry.action, Action::Transfer(_) | Action::Escalate(_));
            let ways = std::iter::once(&entry.question).chain(&entry.similar_questions);
            for way in ways.filter(|_| !asks_for_a_human) {
                count += 1;
                let found = [
                    vocabulary
                        .intent(way)
                        .map(|intent| intent.name().to_owned()),
                    vocabulary.must_escalate(way).map(str::to_owned),
                    vocabulary
                        .is_backchannel(way)
                        .then(|| "backchannel".to_owned()),
                    vocabulary
                        .is_unfinished(way)
                        .then(|| "unfinished".to_owned()),
                ];
                for found in found.into_iter().flatten() {
                    taken.push(format!("{} {way}: {found}", entry.id));
                }
            }
        }
    }
    assert!(count > 200, "{count} questions");
    assert_eq!(taken, Vec::<String>::new());
}
