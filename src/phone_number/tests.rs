//! Tables and properties of numbers and places.

use proptest::prelude::*;

use super::*;

const VECTORS: &str = include_str!("../../tests/fixtures/caller_id_vectors.csv");
const SEGMENTS: &[u8] = include_bytes!("../../tests/fixtures/mobile_segments.csv");

fn places() -> Places {
    Places::with_segments("segments.csv".as_ref(), SEGMENTS).expect("the fixture is well formed")
}

#[test]
fn every_vector_gives_its_canonical_form_and_place() {
    let places = places();
    let mut reader = csv::Reader::from_reader(VECTORS.as_bytes());
    let mut rows = 0;
    for row in reader.records() {
        let row = row.expect("the fixture is well formed");
        let number = CallerNumber::parse(&row[0], &places);
        let kind = serde_json::to_value(number.kind).expect("a unit variant");
        assert_eq!(number.canonical, row[1], "canonical form of {:?}", &row[0]);
        assert_eq!(kind, row[2], "kind of {:?}", &row[0]);
        assert_eq!(
            number.province.as_deref().unwrap_or_default(),
            &row[3],
            "{:?}",
            &row[0]
        );
        assert_eq!(number.cities.join("|"), row[4], "cities of {:?}", &row[0]);
        rows += 1;
    }
    assert!(rows > 30, "only {rows} vectors");
}

#[test]
fn forms_beyond_the_vectors() {
    let places = places();
    let check = |raw: &str, canonical: &str, kind: NumberKind| {
        let number = CallerNumber::parse(raw, &places);
        assert_eq!(
            (number.canonical.as_str(), number.kind),
            (canonical, kind),
            "{raw:?}"
        );
    };
    check(
        "\"王\" <sip:+8613800138000@ims.example;user=phone>",
        "13800138000",
        NumberKind::Mobile,
    );
    check(
        "SIP:13800138000;phone-context=+86@x",
        "13800138000",
        NumberKind::Mobile,
    );
    check("１３８００１３８０００", "13800138000", NumberKind::Mobile);
    check("008613800138000", "13800138000", NumberKind::Mobile);
    check("0086 10 6255 1234", "01062551234", NumberKind::Fixed);
    check("+8601062551234", "01062551234", NumberKind::Fixed);
    check("8008101234", "8008101234", NumberKind::Service400);
    check("96110", "96110", NumberKind::Service9x);
    check("12315", "12315", NumberKind::Short);
    check("110", "110", NumberKind::Short);
    check("00", "00", NumberKind::Unknown);
    check("+", "", NumberKind::Invalid);
    check("", "", NumberKind::Anonymous);
    check("12345678901", "12345678901", NumberKind::Unknown);
    check("+85221234567", "+85221234567", NumberKind::International);
}

#[test]
fn masks_hide_the_middle() {
    let places = Places::built_in();
    let masked = |raw| CallerNumber::parse(raw, &places).masked();
    assert_eq!(masked("13800138000"), "138****8000");
    assert_eq!(masked("010-62551234"), "010****1234");
    assert_eq!(masked("88155555"), "88****55");
    assert_eq!(masked("10086"), "***86");
    assert_eq!(masked("anonymous"), "");
    assert_eq!(
        CallerNumber::parse("13800138000", &places).to_string(),
        "138****8000"
    );
}

fn phone_dat(records: &[&str], index: &[(u32, u32)]) -> Vec<u8> {
    let body: Vec<u8> = records
        .iter()
        .flat_map(|record| [record.as_bytes(), b"\0"].concat())
        .collect();
    let mut file = b"2312".to_vec();
    file.extend((8 + body.len() as u32).to_le_bytes());
    file.extend(body);
    for (segment, offset) in index {
        file.extend(segment.to_le_bytes());
        file.extend(offset.to_le_bytes());
        file.push(1);
    }
    file
}

#[test]
fn phone_dat_is_read_and_its_faults_are_named() {
    let file = phone_dat(&["浙江|杭州|310000|0571"], &[(1_380_013, 8)]);
    let places = Places::with_segments("phone.dat".as_ref(), &file).expect("well formed");
    assert_eq!(CallerNumber::parse("13800138000", &places).cities, ["杭州"]);

    let check = |file: &[u8], expected: &str| {
        let error = Places::with_segments("phone.dat".as_ref(), file)
            .expect_err("broken")
            .to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(b"23", "offset 4: the file is too short");
    check(b"2312\xff\xff\xff\x7f", "the index lies outside");
    check(&file[..file.len() - 1], "is cut off");
    check(
        &phone_dat(&["浙江"], &[(1_380_013, 8)]),
        "has no province and city",
    );
    check(
        &phone_dat(&["浙江|杭州"], &[(1_380_013, 9_999)]),
        "points to no record",
    );
}

#[test]
fn csv_faults_name_the_line() {
    let check = |text: &str, expected: &str| {
        let error = Places::with_segments("s.csv".as_ref(), text.as_bytes()).expect_err("broken");
        assert_eq!(error.to_string(), expected);
    };
    check(
        "segment,province,city\n1380013,北京,北京\n138,北京,北京\n",
        "mobile segments s.csv: line 3: the segment must be seven digits",
    );
    check(
        "segment,province,city\n1380013,北京\n",
        "mobile segments s.csv: line 2: must have three columns: segment, province, city",
    );
    check(
        "1380013,北京,北京\n",
        "mobile segments s.csv: line 1: the header must be `segment,province,city`",
    );
    let marked = "\u{feff}segment,province,city\r\n1380013,北京,北京\r\n\r\n";
    let places = Places::with_segments("s.csv".as_ref(), marked.as_bytes()).expect("well formed");
    assert_eq!(CallerNumber::parse("13800138000", &places).cities, ["北京"]);
}

proptest! {
    #[test]
    fn anything_is_read_and_a_canonical_form_is_its_own(raw in "\\PC{0,40}", digits in "[+0-9]{0,16}") {
        let places = places();
        for raw in [&raw, &digits] {
            let number = CallerNumber::parse(raw, &places);
            let again = CallerNumber::parse(&number.canonical, &places);
            if !matches!(number.kind, NumberKind::Invalid | NumberKind::Unknown) {
                prop_assert_eq!(&again, &number);
            }
        }
    }

    #[test]
    fn broken_tables_never_panic(content in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Places::with_segments("phone.dat".as_ref(), &content);
        let _ = Places::with_segments("s.csv".as_ref(), &content);
    }
}
