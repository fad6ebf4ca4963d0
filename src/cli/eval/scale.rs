//! `yingda eval scale`: how long a large knowledge base takes, on one made here: products, topics and ways to ask.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context;
use rand::{RngExt as _, SeedableRng, rngs::StdRng, seq::IndexedRandom as _};

use crate::{
    cli::records::print,
    embedding,
    entry::{Action, Entry, Validity, Verdict},
    ids::EntryId,
    knowledge::KnowledgeBase,
    retrieval::{HybridIndex, LexicalIndex, Ranking, RetrievalConfig},
};

/// How long a large knowledge base takes, on one made here.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many entries.
    #[arg(long, default_value_t = 10_000)]
    entries: usize,
    /// Similar questions of each, beside its question.
    #[arg(long, default_value_t = 3)]
    phrasings: usize,
    /// How many questions are asked, one after another.
    #[arg(long, default_value_t = 500)]
    questions: usize,
    /// What the questions and entries are drawn with.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The encoder: a file, a folder with a BERT model, or `none` for words alone.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "models/yingda-encoder.safetensors"
    )]
    encoder: PathBuf,
}

/// Carries it out.
#[allow(clippy::disallowed_methods)] // It measures.
pub fn run(args: Args) -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(args.seed);
    let entries = made(args.entries, args.phrasings, &mut random);
    let asked: Vec<(String, EntryId)> = (0..args.questions)
        .filter_map(|_| {
            let entry = entries.choose(&mut random)?;
            Some((another_way(entry, &mut random), entry.id.clone()))
        })
        .collect();
    let before = resident()?;
    let encoder = match args.encoder.as_os_str() == "none" {
        true => None,
        false => Some(embedding::load(&args.encoder)?),
    };
    let config = RetrievalConfig::default();
    let began = Instant::now();
    let KnowledgeBase { version, entries } = KnowledgeBase::new(entries);
    let index: Box<dyn Ranking> = match encoder {
        Some(encoder) => Box::new(HybridIndex::build(version, entries, config, encoder)?),
        None => Box::new(LexicalIndex::build(version, entries, config)),
    };
    let indexed = began.elapsed();
    let after = resident()?;
    let mut times = Vec::with_capacity(asked.len());
    let (mut first, mut answered) = (0_usize, 0_usize);
    for (question, expected) in &asked {
        let began = Instant::now();
        let ranked = index.rank(question, 4);
        times.push(began.elapsed());
        first += usize::from(ranked.first().is_some_and(|it| it.entry.id == *expected));
        answered += usize::from(matches!(index.verdict(question), Verdict::Answer { .. }));
    }
    times.sort_unstable();
    let share = |count: usize| 100.0 * count as f64 / asked.len().max(1) as f64;
    print(&format!(
        "{} entries with {} phrasings each\nindexed in {:.1} s\nquestion, p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms\n\
         memory {} MiB, {} MiB before\nfirst is the right one {:.1} %, answered {:.1} %\n",
        args.entries,
        args.phrasings + 1,
        indexed.as_secs_f64(),
        ms(at(&times, 0.5)),
        ms(at(&times, 0.99)),
        ms(at(&times, 1.0)),
        after >> 20,
        before >> 20,
        share(first),
        share(answered),
    ))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A quantile of sorted times; nothing of none.
fn at(times: &[Duration], quantile: f64) -> Duration {
    let last = times.len().saturating_sub(1) as f64;
    let place = (last * quantile).round() as usize;
    times.get(place).copied().unwrap_or_default()
}

/// What this process has in memory, in bytes (proc(5), VmRSS).
fn resident() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    let kilobytes: u64 = kilobytes.context("/proc/self/status has no VmRSS")?;
    Ok(kilobytes << 10)
}

const BRANDS: [&str; 20] = [
    "安心", "海蓝", "松河", "明月", "北极", "长青", "飞鹤", "金叶", "晨星", "远山", "青木", "白云",
    "星海", "云川", "南湖", "东岭", "西溪", "和润", "百川", "天宁",
];
const PRODUCTS: [&str; 40] = [
    "空调",
    "冰箱",
    "洗衣机",
    "电视",
    "热水器",
    "燃气灶",
    "油烟机",
    "微波炉",
    "电饭煲",
    "扫地机",
    "净水器",
    "洗碗机",
    "烘干机",
    "加湿器",
    "除湿机",
    "空气净化器",
    "电风扇",
    "取暖器",
    "投影仪",
    "音箱",
    "耳机",
    "手表",
    "平板",
    "手机",
    "打印机",
    "路由器",
    "摄像头",
    "门锁",
    "台灯",
    "吸尘器",
    "榨汁机",
    "咖啡机",
    "面包机",
    "烤箱",
    "电磁炉",
    "豆浆机",
    "剃须刀",
    "吹风机",
    "按摩椅",
    "跑步机",
];
/// What is asked about, and the ways to ask it: `{}` is the product.
const TOPICS: [[&str; 6]; 13] = [
    [
        "{}怎么安装",
        "{}装一下要多少时间",
        "谁来给我装{}",
        "{}上门安装怎么约",
        "买了{}想装上",
        "{}能不能自己装",
    ],
    [
        "{}保修多久",
        "{}保几年",
        "{}的质保期是多长",
        "{}过保了没有",
        "{}坏了还在保修吗",
        "{}质保怎么算",
    ],
    [
        "{}不通电怎么办",
        "{}开不了机",
        "{}按了没反应",
        "{}插上电不亮",
        "{}启动不了",
        "{}一点反应都没有",
    ],
    [
        "{}声音大怎么办",
        "{}很吵",
        "{}有异响",
        "{}嗡嗡响",
        "{}噪音太大",
        "{}一直在响",
    ],
    [
        "{}怎么清洗",
        "{}多久洗一次",
        "{}脏了怎么弄",
        "{}能拆下来洗吗",
        "给{}做清洁",
        "{}保养怎么做",
    ],
    [
        "{}可以退货吗",
        "{}不想要了能退吗",
        "{}拆了还能退吗",
        "{}退货怎么弄",
        "想退{}",
        "{}几天内可以退",
    ],
    [
        "{}多少钱",
        "{}什么价格",
        "{}现在卖多少",
        "{}有优惠吗",
        "{}贵不贵",
        "问下{}的价钱",
    ],
    [
        "{}耗电大吗",
        "{}一天几度电",
        "{}费不费电",
        "{}的功率是多少",
        "{}省电吗",
        "{}用电多少",
    ],
    [
        "{}配件在哪里买",
        "{}的零件坏了换哪里",
        "{}有没有配件卖",
        "{}滤网哪里有",
        "想给{}买个配件",
        "{}的替换件",
    ],
    [
        "{}怎么连网",
        "{}连不上无线",
        "{}配网失败",
        "{}手机连不上",
        "{}联网怎么设置",
        "{}不能联网",
    ],
    [
        "{}说明书在哪里",
        "{}怎么用",
        "{}的使用方法",
        "{}说明书丢了",
        "不会用{}",
        "{}操作说明",
    ],
    [
        "{}什么时候到货",
        "{}还没送到",
        "{}物流到哪了",
        "{}几天能到",
        "催一下{}",
        "{}发货了吗",
    ],
    [
        "{}可以以旧换新吗",
        "旧{}回收吗",
        "{}旧的怎么处理",
        "{}换新补多少",
        "{}折旧怎么算",
        "老{}能抵多少",
    ],
];

fn made(count: usize, phrasings: usize, random: &mut StdRng) -> Vec<Entry> {
    let (topics, products, brands) = (TOPICS.len(), PRODUCTS.len(), BRANDS.len());
    (0..count)
        .map(|number| {
            let topic = number % topics;
            let product = (number / topics) % products;
            let brand = (number / topics / products) % brands;
            // Beyond what brands and products give, models are numbered.
            let model = number / topics / products / brands;
            let product = match model {
                0 => format!("{}{}", BRANDS[brand], PRODUCTS[product]),
                model => format!("{}{}{}型", BRANDS[brand], PRODUCTS[product], model),
            };
            let ways = TOPICS[topic].iter().map(|way| way.replace("{}", &product));
            let mut ways: Vec<String> = ways.take(1 + phrasings.min(4)).collect();
            let question = ways.remove(0);
            Entry {
                id: EntryId::new(format!("E{number:06}")),
                category: PRODUCTS[number / topics % products].to_owned(),
                answer: format!(
                    "{product}的问题请按第{}步处理，大约需要{}分钟。",
                    random.random_range(1..9),
                    random.random_range(2..60)
                ),
                question,
                similar_questions: ways,
                action: Action::Answer,
                name: String::new(),
                validity: Validity::default(),
            }
        })
        .collect()
}

/// A way to ask that the entry does not hold: the last of its topic, with what callers say around a question.
fn another_way(entry: &Entry, random: &mut StdRng) -> String {
    const AROUND: [&str; 4] = ["请问一下{}", "那个{}啊", "你好，{}", "{}"];
    let known = |way: &&[&str; 6]| {
        let tail = way[0].replace("{}", "");
        entry.question.ends_with(&tail)
    };
    let question = match TOPICS.iter().find(known) {
        Some(ways) => {
            let tail = ways[0].replace("{}", "");
            ways[5].replace("{}", entry.question.trim_end_matches(&tail))
        }
        None => entry.question.clone(),
    };
    match AROUND.choose(random) {
        Some(around) => around.replace("{}", &question),
        None => question,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_entry_is_another_and_every_question_is_new() {
        let mut random = StdRng::seed_from_u64(1);
        let entries = made(12_000, 3, &mut random);
        let phrasings: HashSet<&str> = entries.iter().flat_map(Entry::phrasings).collect();
        assert_eq!(phrasings.len(), 48_000);
        for entry in entries.iter().step_by(97) {
            let question = another_way(entry, &mut random);
            assert!(!phrasings.contains(question.as_str()), "{question}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_times() {
        let times: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        for (quantile, expected) in [(0.0, 1), (0.5, 51), (0.99, 99), (1.0, 100)] {
            assert_eq!(at(&times, quantile), Duration::from_millis(expected));
        }
        assert_eq!(at(&[], 0.5), Duration::ZERO);
    }
}
