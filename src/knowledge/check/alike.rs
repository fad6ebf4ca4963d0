//! Phrasings of different entries that are nearly the same.
//!
//! Two phrasings are compared by the pairs of neighbouring characters that they share (Jaccard). Pairs that could reach the
//! threshold are found by an inverted index over the rarest of each phrasing's features, the prefix filter of Bayardo, Ma and
//! Srikant, "Scaling up all pairs similarity search" (WWW 2007), so that ten thousand entries take no square.

use std::collections::HashMap;

/// From this share of common features on, phrasings are nearly the same.
const THRESHOLD: f64 = 0.7;

/// The most phrasings that one is compared with: those of a sheet that is one sentence with a word changed are too alike to
/// be told of one by one.
const MOST_COMPARED: usize = 400;

/// Two phrasings that are nearly the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Alike {
    /// Their places among those given, the earlier first.
    pub(super) pair: (usize, usize),
    /// The share of features in common, 0 to 1.
    pub(super) similarity: f64,
}

/// The pairs of `phrasings` (in their normal form) that are nearly but not wholly the same. `may_pair` says whether two places
/// are of different entries that are true at one time.
pub(super) fn alike(phrasings: &[&str], may_pair: impl Fn(usize, usize) -> bool) -> Vec<Alike> {
    let bare: Vec<String> = phrasings.iter().map(|phrasing| bare(phrasing)).collect();
    let features = ranked(&bare);
    // Shorter ones first: a phrasing is compared with those that are at most as long.
    let mut order: Vec<usize> = (0..bare.len()).collect();
    order.sort_by_key(|place| (features[*place].len(), *place));
    let mut index: HashMap<u32, Vec<usize>> = HashMap::new();
    let mut seen = vec![usize::MAX; bare.len()];
    let bare: Vec<Vec<char>> = bare.iter().map(|text| text.chars().collect()).collect();
    let marks: Vec<String> = phrasings.iter().map(|phrasing| marks(phrasing)).collect();
    let mut found = Vec::new();
    for &place in &order {
        let own = &features[place];
        let least = (THRESHOLD * own.len() as f64).ceil() as usize;
        let prefix = &own[..own.len() - least.min(own.len()) + usize::from(!own.is_empty())];
        let mut compared = 0;
        for feature in prefix {
            let Some(others) = index.get(feature) else {
                continue;
            };
            for &other in others.iter().rev() {
                // The index is filled by length: from here on all are too short.
                if features[other].len() < least || compared == MOST_COMPARED {
                    break;
                }
                compared += 1;
                if std::mem::replace(&mut seen[other], place) == place {
                    continue;
                }
                let similarity = similarity(own, &features[other]);
                let is_alike = similarity >= THRESHOLD
                    && phrasings[place] != phrasings[other]
                    && may_pair(place, other)
                    && marks[place] == marks[other]
                    && !swaps_one_word(&bare[place], &bare[other]);
                if is_alike {
                    found.push(Alike {
                        pair: (place.min(other), place.max(other)),
                        similarity,
                    });
                }
            }
        }
        for feature in prefix {
            index.entry(*feature).or_default().push(place);
        }
    }
    found
}

/// Without what people put around a question, and with one word for each way to ask.
fn bare(phrasing: &str) -> String {
    const ONE_WORD: &[(&str, &str)] = &[
        ("如何", "怎么"),
        ("怎样", "怎么"),
        ("怎么样", "怎么"),
        ("咋", "怎么"),
        ("为啥", "为什么"),
        ("为何", "为什么"),
        ("多长时间", "多久"),
        ("能不能", "能"),
        ("可不可以", "能"),
        ("可以", "能"),
        ("能否", "能"),
        ("请问", ""),
        ("一下", ""),
        ("麻烦", ""),
        ("你好", ""),
        ("您好", ""),
        ("我想", ""),
        ("我要", ""),
        ("想问", ""),
        ("咨询", ""),
        ("你们", ""),
        ("我们", ""),
    ];
    const EMPTY: &[char] = &[
        '的', '了', '呢', '吗', '啊', '呀', '吧', '我', '你', '您', '嘛', '哦',
    ];
    let text = ONE_WORD
        .iter()
        .fold(phrasing.to_owned(), |text, (word, other)| {
            text.replace(word, other)
        });
    let text: String = text
        .chars()
        .filter(|symbol| !EMPTY.contains(symbol))
        .collect();
    match text.is_empty() {
        true => phrasing.to_owned(),
        false => text,
    }
}

/// The features of each text, numbered from the rarest up, in this order.
fn ranked(texts: &[String]) -> Vec<Vec<u32>> {
    let features: Vec<Vec<(char, char)>> = texts
        .iter()
        .map(|text| {
            let symbols: Vec<char> = text.chars().collect();
            let mut features: Vec<(char, char)> = match symbols[..] {
                [one] => vec![(one, '\0')],
                _ => symbols.windows(2).map(|two| (two[0], two[1])).collect(),
            };
            features.sort_unstable();
            features.dedup();
            features
        })
        .collect();
    let mut counts: HashMap<(char, char), u32> = HashMap::new();
    for feature in features.iter().flatten() {
        *counts.entry(*feature).or_default() += 1;
    }
    let mut by_count: Vec<((char, char), u32)> = counts.into_iter().collect();
    by_count.sort_unstable_by_key(|(feature, count)| (*count, *feature));
    let ranks: HashMap<(char, char), u32> = by_count
        .into_iter()
        .map(|(feature, _)| feature)
        .zip(0..)
        .collect();
    features
        .into_iter()
        .map(|features| {
            let mut numbers: Vec<u32> = features.iter().map(|feature| ranks[feature]).collect();
            numbers.sort_unstable();
            numbers
        })
        .collect()
}

/// The share of features that two have in common; both are sorted.
fn similarity(one: &[u32], other: &[u32]) -> f64 {
    let (mut a, mut b, mut common) = (0, 0, 0);
    while a < one.len() && b < other.len() {
        match one[a].cmp(&other[b]) {
            std::cmp::Ordering::Less => a += 1,
            std::cmp::Ordering::Greater => b += 1,
            std::cmp::Ordering::Equal => {
                common += 1;
                a += 1;
                b += 1;
            }
        }
    }
    match one.len() + other.len() - common {
        0 => 0.0,
        all => common as f64 / all as f64,
    }
}

/// The numbers, Latin words and negations of a phrasing, without which two are not the same: 4g套餐 and 5g套餐 are two things.
fn marks(text: &str) -> String {
    const NEGATIONS: &[char] = &['不', '没', '无', '未', '非', '别', '勿'];
    const NUMERALS: &str = "一二三四五六七八九十百千万零两";
    // 能不能 asks, 一下 and 一点 count nothing.
    [
        "能不能",
        "是不是",
        "可不可以",
        "要不要",
        "会不会",
        "一下",
        "一点",
        "怎么办",
    ]
    .iter()
    .fold(text.to_owned(), |text, word| text.replace(word, ""))
    .chars()
    .filter(|symbol| {
        symbol.is_ascii_alphanumeric() || NEGATIONS.contains(symbol) || NUMERALS.contains(*symbol)
    })
    .map(|symbol| if symbol == '没' { '不' } else { symbol })
    .collect()
}

/// Whether all that differs is one stretch in the place of another: 冰箱不制冷怎么办 and 冰柜不制冷怎么办 are two things, and sheets
/// are full of such pairs. A word more or less, or in another place, is not that.
fn swaps_one_word(one: &[char], other: &[char]) -> bool {
    let same = |pair: &(&char, &char)| pair.0 == pair.1;
    let ahead = one.iter().zip(other).take_while(same).count();
    let most = one.len().min(other.len()) - ahead;
    let behind = one
        .iter()
        .rev()
        .zip(other.iter().rev())
        .take_while(same)
        .count()
        .min(most);
    let shorter = one.len().min(other.len());
    ahead + behind < shorter && (ahead + behind) * 2 >= shorter
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_changes_are_alike_and_other_things_are_not() {
        for (one, other, expected) in [
            ("怎么办理退款手续", "如何办理退款手续", true),
            ("请问怎么退货呢", "怎么退货", true),
            ("空调不制冷怎么办", "空调不制冷了怎么办呢", true),
            ("怎么修改收货地址", "怎么修改收货的地址信息", true),
            ("空调不制冷怎么办", "冰箱不制冷怎么办", false),
            ("冰箱的遥控器坏了怎么办", "烤箱的遥控器坏了怎么办", false),
            ("我的包裹到哪里查询", "到哪里查询我的包裹", true),
            ("5g套餐多少钱一个月", "4g套餐多少钱一个月", false),
            ("这个商品为什么能退货", "这个商品为什么不能退货", false),
            ("怎么退货", "怎么换货", false),
        ] {
            let found = alike(&[one, other], |_, _| true);
            assert_eq!(
                found.len(),
                usize::from(expected),
                "{one} {other}: {found:?}"
            );
        }
        assert_eq!(alike(&["怎么退货", "请问怎么退货"], |_, _| false), []);
        assert_eq!(alike(&["", "退"], |_, _| true), []);
    }

    proptest! {
        #[test]
        fn the_index_finds_what_comparing_all_finds(texts in prop::collection::vec("[怎么退换货吗款]{0,8}", 0..24)) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let found: BTreeSet<(usize, usize)> =
                alike(&texts, |_, _| true).iter().map(|alike| alike.pair).collect();
            let bare: Vec<String> = texts.iter().map(|text| bare(text)).collect();
            let features = ranked(&bare);
            let all: BTreeSet<(usize, usize)> = (0..texts.len())
                .flat_map(|one| (one + 1..texts.len()).map(move |other| (one, other)))
                .filter(|&(one, other)| {
                    texts[one] != texts[other]
                        && similarity(&features[one], &features[other]) >= THRESHOLD
                        && !swaps_one_word(
                            &bare[one].chars().collect::<Vec<char>>(),
                            &bare[other].chars().collect::<Vec<char>>(),
                        )
                })
                .collect();
            prop_assert_eq!(found, all);
        }
    }
}
