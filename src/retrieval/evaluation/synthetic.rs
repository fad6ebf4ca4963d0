//! Knowledge bases of any size, as large shops have them: the same few questions about many models of many products.
//!
//! They are harder than real ones of their size: a hundred entries differ in one word. Everything follows from a seed.

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::Case;
use crate::{
    entry::{Action, Entry},
    ids::EntryId,
};

const PRODUCTS: &[&str] = &[
    "空调",
    "冰箱",
    "电视",
    "热水器",
    "洗衣机",
    "烘干机",
    "洗碗机",
    "油烟机",
    "燃气灶",
    "烤箱",
    "微波炉",
    "电饭煲",
    "净水器",
    "空气净化器",
    "加湿器",
    "除湿机",
    "扫地机器人",
    "吸尘器",
    "电风扇",
    "取暖器",
    "手机",
    "平板电脑",
    "笔记本电脑",
    "显示器",
    "打印机",
    "路由器",
    "摄像头",
    "音箱",
    "耳机",
    "投影仪",
    "智能手表",
    "门锁",
    "浴霸",
    "马桶盖",
    "按摩椅",
    "跑步机",
    "电动车",
    "行车记录仪",
    "相机",
    "咖啡机",
    "破壁机",
    "榨汁机",
    "豆浆机",
    "电水壶",
    "电磁炉",
    "空气炸锅",
    "挂烫机",
    "缝纫机",
    "电吹风",
    "剃须刀",
];
const SERIES: &[&str] = &[
    "标准版",
    "青春版",
    "旗舰版",
    "尊享版",
    "商用版",
    "儿童版",
    "迷你款",
    "大容量款",
    "静音款",
    "节能款",
];
const PARTS: &[&str] = &[
    "遥控器",
    "滤网",
    "门",
    "屏幕",
    "电池",
    "按键",
    "外壳",
    "电源线",
    "风扇",
    "接口",
    "水管",
    "底座",
    "指示灯",
    "排气口",
    "密封圈",
    "传感器",
    "主板",
    "说明书",
    "开关",
    "把手",
];
/// What is asked of a part, each in several ways. The last way is asked of an index that does not know it.
const ASKS: &[[&str; 6]] = &[
    [
        "坏了怎么办",
        "出故障了",
        "不好使了怎么修",
        "失灵了找谁修",
        "有毛病能修吗",
        "好像坏掉了",
    ],
    [
        "怎么清洗",
        "脏了怎么洗",
        "如何清洁",
        "清洗的方法",
        "能不能用水洗",
        "要怎么弄干净",
    ],
    [
        "多少钱",
        "价格是多少",
        "卖多少钱",
        "要花多少钱",
        "贵不贵",
        "一个得多少钱",
    ],
    [
        "怎么安装",
        "如何装上",
        "安装步骤",
        "自己能装吗",
        "要师傅来装吗",
        "装不上去",
    ],
    [
        "能不能退",
        "可以退货吗",
        "不想要了能退吗",
        "怎么退掉",
        "七天之内能退吧",
        "想退了",
    ],
    [
        "保修多久",
        "保修期多长",
        "质保几年",
        "坏了在不在保修期",
        "能保几年",
        "保修到什么时候",
    ],
    [
        "在哪里买",
        "哪里有卖",
        "怎么买到",
        "去哪儿买",
        "网上能买吗",
        "想单独买一个",
    ],
    [
        "怎么更换",
        "如何换新的",
        "能换一个吗",
        "更换的步骤",
        "坏了换新怎么弄",
        "想换掉",
    ],
    [
        "为什么响",
        "一直有声音",
        "有异响怎么回事",
        "声音很大正常吗",
        "发出怪声",
        "吵得睡不着",
    ],
    [
        "有没有货",
        "现在有现货吗",
        "缺货什么时候到",
        "还有库存吗",
        "能不能预订",
        "什么时候补货",
    ],
];
const WRAPPINGS: &[(&str, &str)] = &[
    ("", ""),
    ("请问", ""),
    ("喂你好，", ""),
    ("我想问一下", "啊"),
    ("那个，", "呢"),
    ("我家的", ""),
];

/// A knowledge base made up from a seed.
#[derive(Clone, Debug)]
pub struct Synthetic {
    /// As many as were wanted.
    pub entries: Vec<Entry>,
    /// Questions in ways that no entry has, with the entries that they mean.
    pub questions: Vec<Case>,
}

impl Synthetic {
    /// The most entries that there are words for.
    pub const MOST: usize = PRODUCTS.len() * SERIES.len() * PARTS.len() * ASKS.len();

    /// The most ways to ask each.
    pub const MOST_PHRASINGS: usize = 5;

    /// `entries` entries with `phrasings` ways to ask each, and `questions` questions.
    ///
    /// # Panics
    ///
    /// Where more than [`Self::MOST`] entries, or not 1 to [`Self::MOST_PHRASINGS`] phrasings are wanted.
    pub fn new(seed: u64, entries: usize, phrasings: usize, questions: usize) -> Self {
        assert!(
            entries <= Self::MOST,
            "there are no words for {entries} entries"
        );
        assert!((1..=Self::MOST_PHRASINGS).contains(&phrasings));
        let mut random = StdRng::seed_from_u64(seed);
        let mut numbers: Vec<usize> = (0..Self::MOST).collect();
        numbers.shuffle(&mut random);
        numbers.truncate(entries);
        let all: Vec<Entry> = numbers
            .iter()
            .map(|&number| entry(number, phrasings, &mut random))
            .collect();
        let questions = (0..if entries == 0 { 0 } else { questions })
            .map(|_| {
                let at = random.random_range(0..entries);
                let subject = Subject::of(numbers[at]);
                let (before, after) = WRAPPINGS[random.random_range(0..WRAPPINGS.len())];
                let way = subject.asked(Self::MOST_PHRASINGS, random.random_range(0..3));
                Case {
                    question: format!("{before}{way}{after}"),
                    expected: Some(all[at].id.clone()),
                }
            })
            .collect();
        Self {
            entries: all,
            questions,
        }
    }
}

struct Subject {
    product: &'static str,
    series: &'static str,
    part: &'static str,
    ask: &'static [&'static str; 6],
}

impl Subject {
    fn of(number: usize) -> Self {
        let (rest, ask) = (number / ASKS.len(), number % ASKS.len());
        let (rest, part) = (rest / PARTS.len(), rest % PARTS.len());
        let (product, series) = (rest / SERIES.len(), rest % SERIES.len());
        Self {
            product: PRODUCTS[product],
            series: SERIES[series],
            part: PARTS[part],
            ask: &ASKS[ask],
        }
    }

    fn asked(&self, way: usize, order: usize) -> String {
        let Self {
            product,
            series,
            part,
            ask,
        } = self;
        let ask = ask[way];
        match order {
            0 => format!("{series}{product}的{part}{ask}"),
            1 => format!("{product}{series}{part}{ask}"),
            _ => format!("{part}{ask}，是{product}{series}的"),
        }
    }
}

fn entry(number: usize, phrasings: usize, random: &mut StdRng) -> Entry {
    let subject = Subject::of(number);
    let mut ways: Vec<String> = (0..phrasings)
        .map(|way| {
            subject.asked(
                way,
                if way == 0 {
                    0
                } else {
                    random.random_range(0..3)
                },
            )
        })
        .collect();
    let question = ways.remove(0);
    let Subject {
        product,
        series,
        part,
        ..
    } = subject;
    Entry {
        id: EntryId::new(format!("N{number:06}")),
        category: product.to_owned(),
        question,
        similar_questions: ways,
        answer: format!(
            "{product}{series}的{part}请看说明书第{}页，也可以告诉我购买时间，我帮您登记。",
            number % 97 + 1
        ),
        action: Action::Answer,
        name: String::new(),
        validity: Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_seed_makes_one_base() {
        let base = Synthetic::new(7, 500, 3, 40);
        let again = Synthetic::new(7, 500, 3, 40);
        assert_eq!(
            (&base.entries, &base.questions),
            (&again.entries, &again.questions)
        );
        assert_ne!(base.entries, Synthetic::new(8, 500, 3, 40).entries);
        let phrasings: HashSet<&str> = base.entries.iter().flat_map(Entry::phrasings).collect();
        assert_eq!(phrasings.len(), 1_500, "no two are the same");
        for case in &base.questions {
            assert!(!phrasings.contains(case.question.as_str()), "{case:?}");
        }
        assert_eq!(Synthetic::MOST, 100_000);
    }
}
