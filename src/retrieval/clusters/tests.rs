//! Groups of questions against those that a person would make.

use super::*;
use crate::embedding::{compact::CompactModel, fake::FakeEncoder};

const FIXTURE: &str = include_str!("../../../tests/fixtures/lessons.tsv");

/// Group and question.
fn fixture() -> Vec<(&'static str, &'static str)> {
    let lines = FIXTURE.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.split_once('\t').expect("group and question"))
        .collect()
}

/// Of the pairs that were put together, how many belong together, and the other way round.
#[derive(Debug)]
struct Pairwise {
    precision: f64,
    recall: f64,
}

impl Pairwise {
    fn of(labels: &[&str], clusters: &Clusters) -> Self {
        let mut group_of = vec![None; labels.len()];
        for (number, group) in clusters.groups.iter().enumerate() {
            for &member in &group.members {
                group_of[member] = Some(number);
            }
        }
        let (mut both, mut found, mut wanted) = (0.0, 0.0, 0.0);
        for a in 0..labels.len() {
            for b in a + 1..labels.len() {
                let together = group_of[a].is_some() && group_of[a] == group_of[b];
                let belong = labels[a] == labels[b] && !matches!(labels[a], "!" | "-");
                found += f64::from(u8::from(together));
                wanted += f64::from(u8::from(belong));
                both += f64::from(u8::from(together && belong));
            }
        }
        Self {
            precision: both / f64::max(found, 1.0),
            recall: both / f64::max(wanted, 1.0),
        }
    }
}

fn encoder() -> CompactModel {
    let file = std::path::Path::new("models/yingda-encoder.safetensors");
    CompactModel::load(file).expect("the bundled encoder is sound")
}

fn clusters_of(texts: &[&str], encoder: Option<&dyn TextEncoder>) -> Clusters {
    cluster(texts, encoder, &Alike::default()).expect("the encoder works")
}

#[test]
fn sweep() {
    let (labels, texts): (Vec<&str>, Vec<&str>) = fixture().into_iter().unzip();
    let encoder = encoder();
    for step in 2..18 {
        let at = step as f32 * 0.05;
        let alike = Alike {
            with_vectors: at,
            by_words: at,
            ..Alike::default()
        };
        let mut f = |e: Option<&dyn TextEncoder>| {
            let c = cluster(&texts, e, &alike).expect("ok");
            let p = Pairwise::of(&labels, &c);
            format!("{:.3}/{:.3} g={}", p.precision, p.recall, c.groups.len())
        };
        let line = format!("{at:.2} vectors {} words {}", f(Some(&encoder)), f(None));
        println!("{line}");
    }
    for base in ["appliance", "ecommerce", "service"] {
        let csv = std::fs::read_to_string(format!("knowledge/{base}.csv")).expect("x");
        let mut labels = vec![];
        let mut texts = vec![];
        for line in csv.lines().skip(1) {
            let c: Vec<&str> = line.splitn(5, ',').collect();
            for q in c[3].split('|').chain([c[2]]) {
                labels.push(c[0]);
                texts.push(q);
            }
        }
        for step in 2..18 {
            let at = step as f32 * 0.05;
            let alike = Alike {
                with_vectors: at,
                by_words: at,
                ..Alike::default()
            };
            let f = |e: Option<&dyn TextEncoder>| {
                let c = cluster(&texts, e, &alike).expect("ok");
                let p = Pairwise::of(&labels, &c);
                format!("{:.3}/{:.3} g={}", p.precision, p.recall, c.groups.len())
            };
            println!(
                "{base} {at:.2} vectors {} words {}",
                f(Some(&encoder)),
                f(None)
            );
        }
    }
    let c = clusters_of(&texts, Some(&encoder));
    println!(
        "ignored {:?}",
        c.ignored.iter().map(|i| texts[*i]).collect::<Vec<_>>()
    );
    for g in &c.groups {
        println!(
            "{:?}",
            g.members.iter().map(|i| texts[*i]).collect::<Vec<_>>()
        );
    }
}

#[test]
fn timing() {
    let (_, texts): (Vec<&str>, Vec<&str>) = fixture().into_iter().unzip();
    let mut many = vec![];
    for i in 0..10_000usize {
        let a = texts[i % texts.len()];
        let b = texts[(i / texts.len() * 7 + i) % texts.len()];
        let cut: String = b.chars().take(1 + i % 5).collect();
        many.push(format!("{a}{cut}{}", i / 3000));
    }
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let e = encoder();
    for enc in [None, Some(&e as &dyn TextEncoder)] {
        let t = std::time::SystemTime::now();
        let c = clusters_of(&many, enc);
        println!(
            "{} groups largest {} in {:?}",
            c.groups.len(),
            c.groups[0].members.len(),
            t.elapsed()
        );
    }
    let t = std::time::SystemTime::now();
    e.embed_many(&many).unwrap();
    println!("embedding alone {:?}", t.elapsed());
}
