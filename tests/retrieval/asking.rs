//! Questions that follow others, several in one utterance, and entries that are true for a time.

use yingda::{
    entry::{Context, Entry, Finding, Validity, Verdict},
    ids::{EntryId, KnowledgeVersion},
    retrieval::{HybridIndex, Query, split_questions},
};

use super::{
    businesses,
    meaning::{encoder, index},
    out_of_scope,
};

const FOLLOW_UPS: &str = include_str!("../fixtures/follow_ups.tsv");

fn indexes() -> Vec<(&'static str, HybridIndex)> {
    let encoder = encoder();
    ["appliance", "ecommerce", "service"]
        .into_iter()
        .zip(businesses())
        .map(|(name, entries)| (name, index(&encoder, &entries)))
        .collect()
}

fn noon() -> jiff::civil::DateTime {
    "2026-10-01T12:00:00".parse().expect("a date")
}

fn answered(finding: &Finding) -> Option<&str> {
    match &finding.verdict {
        Verdict::Answer { candidate } => Some(candidate.entry.id.as_str()),
        _ => None,
    }
}

#[test]
fn follow_ups_are_understood_by_the_turn_before() {
    let indexes = indexes();
    let entries: Vec<Entry> = businesses().into_iter().flatten().collect();
    let mut faults = Vec::new();
    let (mut follow_ups, mut right, mut wrong, mut strangers) = (0, 0, 0, 0);
    for line in FOLLOW_UPS.lines().filter(|line| !line.starts_with('#')) {
        let [sheet, asked, said, follow_up, expected] = line.split('\t').collect::<Vec<_>>()[..]
        else {
            panic!("five columns: {line}");
        };
        let found = indexes.iter().find(|(name, _)| *name == sheet);
        let (_, index) = found.unwrap_or_else(|| panic!("no sheet {sheet}"));
        let entry = entries.iter().find(|entry| entry.id.as_str() == said);
        let entry = entry.unwrap_or_else(|| panic!("no entry {said}")).clone();
        let context = Context {
            question: asked.to_owned().into(),
            entry: entry.into(),
        };
        let query = Query::new(follow_up, noon());
        let plain = index.ask(&query);
        let finding = index.ask(&query.after(Some(context)));
        if expected == "-" {
            strangers += 1;
            if finding != plain {
                faults.push(format!("{line}: {:?}", finding.verdict));
            }
            continue;
        }
        follow_ups += 1;
        match answered(&finding) {
            Some(id) if id == expected => right += 1,
            Some(id) => {
                wrong += 1;
                println!("{line}: wrong, {id}");
            }
            None => println!("{line}: not answered"),
        }
    }
    println!("follow-ups: {right} of {follow_ups} right, {wrong} wrong; {strangers} that are none");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(follow_ups + strangers >= 40);
    assert!(
        right * 10 >= follow_ups * 9,
        "{right} of {follow_ups} right"
    );
    assert!(wrong * 25 <= follow_ups, "{wrong} of {follow_ups} wrong");
}

#[test]
fn a_follow_up_of_a_follow_up_goes_on_from_the_entry() {
    let indexes = indexes();
    let index = &indexes[0].1;
    let mut context = None;
    for (question, expected) in [
        ("装空调免费吗", "A020"),
        ("那热水器呢", "A020"),
        ("空调呢", "A020"),
    ] {
        let finding = index.ask(&Query::new(question, noon()).after(context));
        let Verdict::Answer { candidate } = finding.verdict else {
            panic!("{question}: {finding:?}");
        };
        assert_eq!(candidate.entry.id.as_str(), expected, "{question}");
        context = Some(Context {
            question: question.to_owned().into(),
            entry: candidate.entry,
        });
    }
}

#[test]
fn two_questions_have_two_answers() {
    let indexes = indexes();
    #[track_caller]
    fn check(index: &HybridIndex, text: &str, first: &str, second: Option<&str>) {
        let finding = index.ask(&Query::new(text, noon()));
        let other = finding.second.as_ref().map(|found| found.entry.id.as_str());
        assert_eq!((answered(&finding), other), (Some(first), second), "{text}");
    }
    let [(_, appliance), (_, shop), (_, branch)] = &indexes[..] else {
        panic!("three businesses");
    };
    check(
        appliance,
        "门店几点开门，另外怎么开发票",
        "A022",
        Some("A026"),
    );
    check(
        appliance,
        "空调怎么预约安装还有怎么开发票",
        "A019",
        Some("A026"),
    );
    check(
        shop,
        "退款多久到账？还有退货运费谁出？",
        "E011",
        Some("E010"),
    );
    check(
        shop,
        "什么时候发货，顺便问一下能开发票吗",
        "E004",
        Some("E007"),
    );
    check(
        branch,
        "怎么查余额，还有转账限额是多少",
        "S004",
        Some("S013"),
    );
    // One of both means nothing here.
    check(shop, "能开发票吗？另外今天天气怎么样？", "E007", None);
    // Both mean the same.
    check(shop, "我的快递到哪了？包裹怎么还没到？", "E001", None);
    check(branch, "我卡里还有多少钱", "S004", None);
}

#[test]
fn what_is_one_question_stays_one() {
    let one = |text: &str| split_questions(text) == [text];
    for entries in businesses() {
        for text in entries.iter().flat_map(Entry::phrasings) {
            assert!(one(text), "{text}: {:?}", split_questions(text));
        }
    }
    let parted = out_of_scope()
        .into_iter()
        .filter(|case| !one(&case.question));
    assert_eq!(parted.count(), 0);
}

#[test]
fn an_entry_is_found_while_it_is_true() {
    let at = |text: &str| text.parse::<jiff::civil::DateTime>().expect("a date");
    let encoder = encoder();
    let mut entries = businesses().swap_remove(0);
    let dated = entries
        .iter_mut()
        .find(|entry| entry.id == EntryId::new("A025"))
        .expect("there is one");
    dated.validity = Validity {
        takes_effect: Some(at("2026-10-01T00:00:00")),
        expires: Some(at("2026-11-01T00:00:00")),
    };
    let index = HybridIndex::build(
        KnowledgeVersion::new("dated"),
        entries,
        Default::default(),
        encoder,
    )
    .unwrap_or_else(|error| panic!("{error}"));
    for (now, there) in [
        ("2026-09-30T23:59:59", false),
        ("2026-10-01T00:00:00", true),
        ("2026-11-01T00:00:00", false),
    ] {
        for question in ["国家补贴怎么领", "政府补贴怎么申请啊"] {
            let hybrid = index.ask(&Query::new(question, at(now)));
            let lexical = index.lexical().ask(&Query::new(question, at(now)));
            let expected = there.then_some("A025");
            assert_eq!(answered(&hybrid), expected, "{question} {now}");
            assert_eq!(answered(&lexical).is_some(), there, "{question} {now}");
        }
    }
}
