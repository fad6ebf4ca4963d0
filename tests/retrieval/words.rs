//! By words alone. The weights were fitted on these sheets, so what other sheets give is somewhat less.

use std::time::Instant;

use yingda::{
    entry::{Action, Entry, Verdict},
    ids::{EntryId, KnowledgeVersion},
    retrieval::{LexicalIndex, RetrievalConfig},
};

use super::{
    at_least, at_most, businesses, known_questions_are_answered, misheard, noise_is_no_question,
    paraphrases, strangers,
};

fn index(entries: &[Entry]) -> LexicalIndex {
    LexicalIndex::build(
        KnowledgeVersion::new("sample"),
        entries.to_vec(),
        RetrievalConfig::default(),
    )
}

#[test]
fn every_known_question_is_answered() {
    known_questions_are_answered(index);
}

#[test]
fn paraphrases_are_rarely_answered_wrong() {
    let report = paraphrases(index);
    at_most("wrong", &report, report.wrong, 3.0);
    at_least("hit@1", &report, report.hit_at_1, 67.0);
    at_least("hit@3", &report, report.hit_at_3, 88.0);
    at_least("answered", &report, report.answered, 36.0);
    at_least(
        "answered or offered",
        &report,
        report.answered + report.clarified_right,
        63.0,
    );
}

#[test]
fn what_is_out_of_scope_is_not_answered() {
    let report = strangers(index);
    at_most("answered", &report, report.wrong, 3.0);
    at_most("clarified", &report, report.clarified, 5.0);
}

#[test]
fn homophones_do_not_change_the_answer() {
    let report = misheard(index, 0.2, 0.0);
    println!(
        "one character in five a homophone: {report}\n{:#?}",
        report.mistakes
    );
    at_least("answered", &report, report.answered, 99.0);
    at_most("wrong", &report, report.wrong, 0.5);
}

#[test]
fn recognition_errors_rarely_change_the_answer() {
    let report = misheard(index, 0.1, 0.04);
    println!(
        "one character in ten a homophone, one in 25 lost: {report}\n{:#?}",
        report.mistakes
    );
    at_least("answered", &report, report.answered, 98.5);
    at_most("wrong", &report, report.wrong, 1.0);
}

#[test]
fn callers_talk_around_a_question() {
    let businesses = businesses();
    let indexes: Vec<LexicalIndex> = businesses.iter().map(|entries| index(entries)).collect();
    #[track_caller]
    fn check(index: &LexicalIndex, question: &str, expected: &str) {
        let verdict = index.find(question).verdict;
        assert!(
            matches!(&verdict, Verdict::Answer { candidate } if candidate.entry.id.as_str() == expected),
            "{question}: {verdict:#?}"
        );
    }
    let [appliance, shop, branch] = &indexes[..] else {
        panic!("three businesses");
    };
    check(appliance, "喂，你好，请问一下空调坏了怎么报修啊？", "A001");
    check(appliance, "那个，我想问一下，7天无理由退不退", "A014");
    check(appliance, "我家的冰箱不制冷了怎么办呀", "A002");
    check(appliance, "你们门店几点开门", "A022");
    check(shop, "嗯我的快递现在到哪了呢", "E001");
    check(shop, "请问退款要多久才到账", "E011");
    check(branch, "我银行卡丢了怎么办", "S002");
    check(branch, "那个转账限额是多少啊谢谢", "S013");
}

#[test]
fn noise_is_not_a_question() {
    let entries = &businesses()[0];
    let index = index(entries);
    noise_is_no_question(&index);
    let endless = "空调".repeat(100_000);
    assert!(index.find(&endless).version == KnowledgeVersion::new("sample"));
}

#[test]
fn ten_thousand_entries_are_searched() {
    let things = [
        "空调",
        "冰箱",
        "电视",
        "热水器",
        "洗衣机",
        "手机",
        "电脑",
        "路由器",
        "打印机",
        "烤箱",
    ];
    let parts = [
        "遥控器",
        "滤网",
        "门",
        "屏幕",
        "电池",
        "按键",
        "外壳",
        "电源",
        "风扇",
        "接口",
    ];
    let asks = [
        "坏了怎么办",
        "怎么清洗",
        "多少钱",
        "怎么安装",
        "能不能退",
        "保修多久",
        "在哪里买",
        "怎么更换",
        "为什么响",
        "有没有货",
    ];
    let entries: Vec<Entry> = (0..10_000usize)
        .map(|at| {
            let (number, ask) = (at / 1000, asks[at % 10]);
            let (thing, part) = (things[at / 100 % 10], parts[at / 10 % 10]);
            Entry {
                id: EntryId::new(format!("N{at:05}")),
                category: thing.to_owned(),
                question: format!("{number}号{thing}{part}{ask}"),
                similar_questions: vec![
                    format!("我的{number}号{thing}的{part}{ask}"),
                    format!("请问{part}{ask}，{thing}是{number}号的"),
                ],
                answer: format!("{thing}的{part}请看说明书第{number}页。"),
                action: Action::Answer,
                name: String::default(),
                validity: Default::default(),
            }
        })
        .collect();
    let started = Instant::now();
    let index = index(&entries);
    println!(
        "10,000 entries indexed in {} ms",
        started.elapsed().as_millis()
    );

    let questions: Vec<&Entry> = entries.iter().step_by(333).collect();
    let started = Instant::now();
    for entry in &questions {
        let question = format!("喂{}呢", entry.question);
        let ranked = index.ranked(&question);
        assert_eq!(ranked[0].entry.id, entry.id, "{question}");
    }
    let each = started.elapsed() / questions.len() as u32;
    println!("a question takes {:.1} ms", each.as_secs_f64() * 1000.0);
}

#[test]
fn equal_scores_are_ordered_by_id() {
    let entry = |id: &str, question: &str| Entry {
        id: EntryId::new(id),
        category: String::new(),
        question: question.to_owned(),
        similar_questions: Vec::new(),
        answer: "好的。".to_owned(),
        action: Action::Answer,
        name: String::default(),
        validity: Default::default(),
    };
    // 报修 and 保修 sound the same; so do 包修 and both.
    let entries = [entry("B", "保修多久"), entry("A", "报修多久")];
    let index = index(&entries);
    let Verdict::Clarify { candidates } = index.find("包修多久").verdict else {
        panic!(
            "two entries sound just so: {:?}",
            index.find("包修多久").verdict
        );
    };
    let ids: Vec<&str> = candidates
        .iter()
        .map(|found| found.entry.id.as_str())
        .collect();
    assert_eq!(ids, ["A", "B"]);
    assert!(matches!(
        index.find("保修多久").verdict,
        Verdict::Answer { candidate } if candidate.entry.id.as_str() == "B"
    ));
}
