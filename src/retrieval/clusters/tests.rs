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
fn groups_are_those_that_a_person_would_make() {
    #[track_caller]
    fn check(encoder: Option<&dyn TextEncoder>, precision: f64, recall: f64) {
        let (labels, texts): (Vec<&str>, Vec<&str>) = fixture().into_iter().unzip();
        let clusters = clusters_of(&texts, encoder);
        let found = Pairwise::of(&labels, &clusters);
        println!("vectors: {}, {found:?}", encoder.is_some());
        assert!(
            found.precision >= precision && found.recall >= recall,
            "{found:?}"
        );
        let noise: Vec<usize> = (0..labels.len()).filter(|&at| labels[at] == "-").collect();
        assert_eq!(clusters.ignored, noise);
    }
    check(Some(&encoder()), 0.95, 0.7);
    check(None, 0.8, 0.35);
}

/// Each group as its questions, the most central first.
fn told<'a>(clusters: &Clusters, texts: &[&'a str]) -> Vec<Vec<&'a str>> {
    let group = |group: &Group| group.members.iter().map(|&at| texts[at]).collect();
    clusters.groups.iter().map(group).collect()
}

#[test]
fn the_order_of_the_questions_decides_nothing() {
    let mut texts: Vec<&str> = fixture().into_iter().map(|(_, text)| text).collect();
    let encoders: [Option<&dyn TextEncoder>; 2] = [None, Some(&FakeEncoder::default())];
    for encoder in encoders {
        let before = told(&clusters_of(&texts, encoder), &texts);
        texts.reverse();
        assert_eq!(told(&clusters_of(&texts, encoder), &texts), before);
        texts.rotate_left(17);
        assert_eq!(told(&clusters_of(&texts, encoder), &texts), before);
    }
}

#[test]
fn what_reads_the_same_is_one_question() {
    let texts = [
        "退款多久到账",
        "请问一下退款多久到账？",
        "能开专票吗",
        "嗯",
        "那个，退款多久到账啊",
    ];
    let clusters = clusters_of(&texts, None);
    let groups: Vec<&[usize]> = clusters
        .groups
        .iter()
        .map(|group| group.members.as_slice())
        .collect();
    assert_eq!(groups, [&[0, 4, 1][..], &[2]]);
    assert_eq!(clusters.groups[0].representative, 0);
    assert_eq!(clusters.ignored, [3]);
    assert_eq!(clusters_of(&[], None), Clusters::default());
}

#[test]
fn too_many_that_are_linked_are_joined_more_strictly() {
    let texts: Vec<&str> = fixture().into_iter().map(|(_, text)| text).collect();
    let grouped = |most_at_once: usize| {
        let alike = Alike {
            most_at_once,
            ..Alike::default()
        };
        cluster(&texts, None, &alike).expect("nothing can fail")
    };
    let largest = |clusters: &Clusters| clusters.groups[0].members.len();
    let (whole, strict) = (grouped(100), grouped(3));
    assert!(largest(&whole) > 3, "{}", largest(&whole));
    assert!(largest(&strict) <= 3);
    let count = |clusters: &Clusters| -> usize {
        clusters
            .groups
            .iter()
            .map(|group| group.members.len())
            .sum()
    };
    assert_eq!(count(&whole), count(&strict));
}

#[test]
fn a_failing_encoder_is_told() {
    struct Broken;
    impl TextEncoder for Broken {
        fn name(&self) -> &str {
            "broken"
        }
        fn version(&self) -> &str {
            "1"
        }
        fn dimensions(&self) -> usize {
            1
        }
        fn embed_many(&self, _: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
            Err(EmbedError::new("broken", "no memory"))
        }
    }
    let error = cluster(&["怎么退款"], Some(&Broken), &Alike::default());
    assert_eq!(
        error.expect_err("broken").to_string(),
        "encoder `broken` failed: no memory"
    );
}

#[test]
fn doubles_are_found_by_how_they_read() {
    let texts = [
        "请问怎么退款？",
        "退款怎么弄",
        "怎么退款",
        "几点上班",
        "退款怎么弄啊",
    ];
    assert_eq!(
        without_doubles(["你们，几点上班", "几点上班呀"], texts),
        ["请问怎么退款？", "退款怎么弄"]
    );
}
