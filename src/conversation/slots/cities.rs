//! Cities inside what a caller says, by name or by sound.
//!
//! Only places that have an area code are known; districts and streets are not.

use crate::{phone_number::Places, text::pinyin::toneless};

use super::check::Fault;

/// The one city that `text` names; `Ok(None)` when it names none.
///
/// Two are too many (从上海寄到杭州), and so are two that sound alike when recognition wrote neither (苏州, 宿州): the province in
/// the text decides, or the caller is asked.
pub(super) fn city(text: &str) -> Result<Option<String>, Fault> {
    let places = Places::built_in();
    let all: Vec<(&str, &str)> = places.cities().collect();
    let mut written: Vec<(&str, &str)> = all
        .iter()
        .filter(|(_, city)| text.contains(city))
        .copied()
        .collect();
    if written.is_empty() {
        written = by_sound(text, &all);
    }
    // 吉林长春: the first is the province of the second, and a city of its own.
    if written.len() > 1 {
        let provinces: Vec<&str> = written
            .iter()
            .filter(|(province, city)| province != city)
            .map(|(province, _)| *province)
            .collect();
        written.retain(|(_, city)| !provinces.contains(city));
    }
    if written.len() > 1 {
        let told: Vec<(&str, &str)> = written
            .iter()
            .filter(|(province, city)| province != city && text.contains(province))
            .copied()
            .collect();
        if !told.is_empty() {
            written = told;
        }
    }
    match written[..] {
        [] => Ok(None),
        [(_, city)] => Ok(Some(city.to_owned())),
        _ => Err(Fault::Ambiguous),
    }
}

fn by_sound<'a>(text: &str, all: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let said = toneless(text);
    let sounds = |city: &str| {
        let name = toneless(city);
        // One syllable sounds like too many words.
        name.len() > 1 && said.windows(name.len()).any(|part| part == name)
    };
    all.iter()
        .filter(|(_, city)| sounds(city))
        .copied()
        .collect()
}

/// A city with its province, as it is read out.
pub(super) fn with_province(city: &str) -> String {
    let places = Places::built_in();
    let province = places.cities().find(|(_, name)| *name == city);
    match province {
        Some((province, city)) if province != city => format!("{province}{city}"),
        _ => city.to_owned(),
    }
}
