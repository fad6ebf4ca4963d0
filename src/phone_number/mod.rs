//! Telephone numbers as carriers write them, and where they come from.
//!
//! Carriers present one caller in many forms (`+8613…`, `013…`, `tel:+86-138-…`); [`CallerNumber`] has one. Places come from
//! the area code, and for mobiles from an optional table of segments. 携号转网 changes the carrier, not the place. This
//! module does not say which line a call is for (see `routing`).

mod places;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use places::{Place, Places, PlacesError};

/// What kind of number it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberKind {
    /// Eleven digits beginning with 13 to 19.
    Mobile,
    /// Area code and seven or eight digits.
    Fixed,
    /// Seven or eight digits without an area code.
    LocalFixed,
    /// 400 or 800 and seven digits.
    Service400,
    /// 95xxx, 95xxxx, 96xxx, 96xxxx.
    Service9x,
    /// 1010xxxx.
    Service1010,
    /// 110, 10086, 12315 and the like.
    Short,
    /// Withheld.
    Anonymous,
    /// Outside mainland China, with country code.
    International,
    /// Digits that follow no known plan.
    Unknown,
    /// No number at all.
    #[default]
    Invalid,
}

/// The number of a caller in canonical form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallerNumber {
    /// Canonical form: mobiles bare, fixed with `0` and area code, others abroad with `+`. Empty when withheld or no number.
    pub canonical: String,
    /// What kind of number it is.
    pub kind: NumberKind,
    /// Province of the area code or mobile segment (`浙江`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    /// Cities that share the area code, or the one of the mobile segment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cities: Vec<String>,
}

impl CallerNumber {
    /// Reads a number as a carrier wrote it: a SIP or tel URI, with or without display name, or bare digits.
    pub fn parse(raw: &str, places: &Places) -> Self {
        let user = user_part(raw);
        if is_withheld(user) {
            return Self::of(NumberKind::Anonymous, String::new());
        }
        let Some((plus, digits)) = digits_of(user) else {
            return Self::of(NumberKind::Invalid, String::new());
        };
        let number = classify(plus, &digits, places);
        number.with_place(places)
    }

    fn of(kind: NumberKind, canonical: impl Into<String>) -> Self {
        Self {
            canonical: canonical.into(),
            kind,
            province: None,
            cities: Vec::new(),
        }
    }

    fn with_place(mut self, places: &Places) -> Self {
        let place = match self.kind {
            NumberKind::Fixed => places.of_area(&self.canonical).map(|(_, place)| place),
            NumberKind::Mobile => places.of_mobile(&self.canonical),
            _ => None,
        };
        if let Some(place) = place {
            self.province = Some(place.province.clone());
            self.cities = place.cities.clone();
        }
        self
    }

    /// Whether somebody can be called back under it.
    pub const fn can_be_called(&self) -> bool {
        matches!(
            self.kind,
            NumberKind::Mobile | NumberKind::Fixed | NumberKind::International
        )
    }

    /// For eyes without the right to the number: `138****8000`; all but the last two digits of short ones.
    pub fn masked(&self) -> String {
        let digits: Vec<char> = self.canonical.chars().collect();
        match digits.len() {
            0 => String::new(),
            length @ 1..=6 => mask(&digits, 0, length.saturating_sub(2)),
            length @ 7..=8 => mask(&digits, 2, length - 2),
            length => mask(&digits, 3, length - 4),
        }
    }
}

/// Replaces the digits from `from` up to `to` by asterisks.
fn mask(digits: &[char], from: usize, to: usize) -> String {
    let hidden = |(place, &digit): (usize, &char)| match (from..to).contains(&place) {
        true => '*',
        false => digit,
    };
    digits.iter().enumerate().map(hidden).collect()
}

impl fmt::Display for CallerNumber {
    /// The masked form, so that a number does not reach a log by accident.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// `"Name" <sip:user;param@host>` -> `user`.
fn user_part(raw: &str) -> &str {
    let uri = match (raw.find('<'), raw.rfind('>')) {
        (Some(open), Some(close)) if open < close => &raw[open + 1..close],
        _ => raw,
    };
    let uri = uri.trim();
    let after_scheme = ["sips:", "sip:", "tel:"]
        .iter()
        .find_map(|scheme| {
            uri.get(..scheme.len())
                .filter(|head| head.eq_ignore_ascii_case(scheme))
                .map(|_| &uri[scheme.len()..])
        })
        .unwrap_or(uri);
    let user = after_scheme.split('@').next().unwrap_or_default();
    user.split(';').next().unwrap_or_default().trim()
}

/// RFC 3323 §4.1 and what carriers put in its place.
fn is_withheld(user: &str) -> bool {
    const WORDS: &[&str] = &[
        "",
        "anonymous",
        "unavailable",
        "unknown",
        "restricted",
        "private",
        "withheld",
    ];
    WORDS.iter().any(|word| user.eq_ignore_ascii_case(word))
}

/// The digits, without separators (RFC 3966 §5.1.1) and in ASCII; whether a `+` stood before them.
fn digits_of(user: &str) -> Option<(bool, String)> {
    let (plus, rest) = match user.strip_prefix(['+', '＋']) {
        Some(rest) => (true, rest),
        None => (false, user),
    };
    let mut digits = String::with_capacity(rest.len());
    for symbol in rest.chars() {
        match symbol {
            '0'..='9' => digits.push(symbol),
            // Full-width digits, as spreadsheets and some gateways write them.
            '０'..='９' => digits.push(char::from(b'0' + (symbol as u32 - '０' as u32) as u8)),
            '-' | '.' | '(' | ')' | ' ' | '\u{a0}' => {}
            _ => return None,
        }
    }
    (!digits.is_empty()).then_some((plus, digits))
}

fn classify(plus: bool, digits: &str, places: &Places) -> CallerNumber {
    // `00` is the international prefix of China: 0013912345678 is +1 391…, 008613… is domestic.
    let international = match (plus, digits.strip_prefix("00")) {
        (true, _) => Some(digits),
        (false, Some(rest)) if !rest.is_empty() => Some(rest),
        _ => None,
    };
    if let Some(number) = international {
        return match number.strip_prefix("86") {
            Some(national) => significant(national, places)
                .unwrap_or_else(|| CallerNumber::of(NumberKind::Unknown, national)),
            None => CallerNumber::of(NumberKind::International, format!("+{number}")),
        };
    }
    if let Some(number) = national(digits, places) {
        return number;
    }
    // Country code without a prefix, as some IMS cores send it.
    digits
        .strip_prefix("86")
        .and_then(|rest| significant(rest, places))
        .unwrap_or_else(|| CallerNumber::of(NumberKind::Unknown, digits))
}

/// A national significant number, as it follows `+86`: mobiles, 400 numbers, fixed with the area code's `0` or without.
fn significant(number: &str, places: &Places) -> Option<CallerNumber> {
    if is_mobile(number) {
        return Some(CallerNumber::of(NumberKind::Mobile, number));
    }
    if is_service_400(number) {
        return Some(CallerNumber::of(NumberKind::Service400, number));
    }
    let with_zero = match number.starts_with('0') {
        true => number.to_owned(),
        false => format!("0{number}"),
    };
    fixed(&with_zero, places)
}

/// A number as dialled within the country.
fn national(number: &str, places: &Places) -> Option<CallerNumber> {
    let of = |kind| Some(CallerNumber::of(kind, number));
    match number.strip_prefix('0') {
        // 外地手机加 0.
        Some(mobile) if is_mobile(mobile) => {
            return Some(CallerNumber::of(NumberKind::Mobile, mobile));
        }
        Some(_) => return fixed(number, places),
        None => {}
    }
    match (number.len(), number.as_bytes().first()?) {
        _ if is_mobile(number) => of(NumberKind::Mobile),
        _ if is_service_400(number) => of(NumberKind::Service400),
        (5 | 6, b'9') if number.starts_with("95") || number.starts_with("96") => {
            of(NumberKind::Service9x)
        }
        (8, b'1') if number.starts_with("1010") => of(NumberKind::Service1010),
        (3..=6, b'1') => of(NumberKind::Short),
        (7 | 8, b'2'..=b'8') => of(NumberKind::LocalFixed),
        _ => None,
    }
}

fn is_mobile(number: &str) -> bool {
    let bytes = number.as_bytes();
    bytes.len() == 11 && bytes[0] == b'1' && (b'3'..=b'9').contains(&bytes[1])
}

fn is_service_400(number: &str) -> bool {
    number.len() == 10 && (number.starts_with("400") || number.starts_with("800"))
}

fn fixed(number: &str, places: &Places) -> Option<CallerNumber> {
    let (code, _) = places.of_area(number)?;
    matches!(number.len() - code.len(), 7 | 8).then(|| CallerNumber::of(NumberKind::Fixed, number))
}

#[cfg(test)]
mod tests;
