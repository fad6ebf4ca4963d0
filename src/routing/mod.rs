//! Which line a call belongs to.
//!
//! A carrier translates the 400 number to a DID (目的码) and may or may not say which 400 number was dialled, so a line is
//! known by all its numbers, in every form carriers write them. Hours, regions and lists are not decided here.

use std::collections::HashMap;

use crate::{
    ids::{BusinessId, LineNumber},
    phone_number::{CallerNumber, NumberKind, Places},
};

/// Which numbers lead to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRule {
    /// The business that owns the line.
    pub business: BusinessId,
    /// The line.
    pub line: LineNumber,
    /// DIDs (目的码) beside the line's own number, as written in the configuration.
    pub dids: Vec<String>,
}

/// The numbers under which one call may have been dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRequest<'a> {
    /// User part of the Request-URI.
    pub request_user: &'a str,
    /// User parts of Diversion, History-Info and To, in this order.
    pub dialled_before: &'a [String],
}

/// Which header field named the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchedBy {
    /// The Request-URI.
    RequestUri,
    /// One of Diversion, History-Info and To.
    DialledBefore,
}

/// Where a call goes, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteDecision {
    /// The business.
    pub business: BusinessId,
    /// Its line.
    pub line: LineNumber,
    /// The number that led there, as it was dialled.
    pub dialled: String,
    /// Where that number stood.
    pub matched_by: MatchedBy,
}

/// Two lines that cannot both be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteConflict {
    /// One number would lead to two lines.
    #[error("`{number}` leads to line {first} and to line {second}")]
    Shared {
        /// The number, as written for the second line.
        number: String,
        /// The line that has it.
        first: LineNumber,
        /// The line that wants it.
        second: LineNumber,
    },
    /// A number without digits.
    #[error("`{number}` of line {line} is not a number")]
    NotANumber {
        /// As written.
        number: String,
        /// Where it stands.
        line: LineNumber,
    },
}

/// All lines, by the numbers that lead to them.
#[derive(Clone, Debug)]
pub struct LineTable {
    places: Places,
    lines: HashMap<String, (BusinessId, LineNumber)>,
}

impl LineTable {
    /// A table of these lines.
    pub fn new(rules: &[LineRule], places: Places) -> Result<Self, RouteConflict> {
        let mut table = Self {
            places,
            lines: HashMap::new(),
        };
        for rule in rules {
            table.add(rule, rule.line.as_str())?;
            for did in &rule.dids {
                table.add(rule, did)?;
            }
        }
        Ok(table)
    }

    fn add(&mut self, rule: &LineRule, number: &str) -> Result<(), RouteConflict> {
        let key = self.key(number).ok_or_else(|| RouteConflict::NotANumber {
            number: number.to_owned(),
            line: rule.line.clone(),
        })?;
        let owner = (rule.business.clone(), rule.line.clone());
        match self.lines.insert(key, owner) {
            Some((_, first)) if first != rule.line => Err(RouteConflict::Shared {
                number: number.to_owned(),
                first,
                second: rule.line.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// The line a call belongs to; `None` when nobody owns any of its numbers.
    pub fn route(&self, request: &RouteRequest<'_>) -> Option<RouteDecision> {
        let before = request.dialled_before.iter().map(String::as_str);
        let mut dialled = std::iter::once((MatchedBy::RequestUri, request.request_user))
            .chain(before.map(|dialled| (MatchedBy::DialledBefore, dialled)));
        dialled.find_map(|(matched_by, dialled)| {
            let (business, line) = self.lines.get(&self.key(dialled)?)?;
            Some(RouteDecision {
                business: business.clone(),
                line: line.clone(),
                dialled: dialled.to_owned(),
                matched_by,
            })
        })
    }

    /// One form for all the ways to write a number. Extensions (`1001`) and names stay as they are.
    fn key(&self, number: &str) -> Option<String> {
        let parsed = CallerNumber::parse(number, &self.places);
        match parsed.kind {
            NumberKind::Anonymous => None,
            NumberKind::Invalid => {
                let name = number.trim();
                (!name.is_empty()).then(|| name.to_ascii_lowercase())
            }
            _ => Some(parsed.canonical),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(line: &str, dids: &[&str]) -> LineRule {
        LineRule {
            business: BusinessId::new(format!("owner-of-{line}")),
            line: LineNumber::new(line),
            dids: dids.iter().map(|did| (*did).to_owned()).collect(),
        }
    }

    fn table() -> LineTable {
        let rules = [
            rule("4008001001", &["021-62551001", "appliance"]),
            rule("4008001002", &["+86 21 6255 1002", "1002"]),
        ];
        LineTable::new(&rules, Places::built_in()).expect("no conflict")
    }

    #[track_caller]
    fn check(request_user: &str, before: &[&str], expected: Option<&str>) {
        let dialled_before: Vec<_> = before.iter().map(|user| (*user).to_owned()).collect();
        let request = RouteRequest {
            request_user,
            dialled_before: &dialled_before,
        };
        let line = table().route(&request).map(|decision| decision.line);
        assert_eq!(line.as_ref().map(LineNumber::as_str), expected);
    }

    #[test]
    fn a_line_is_found_by_any_of_its_numbers_in_any_form() {
        for user in [
            "4008001001",
            "400-800-1001",
            "+864008001001",
            "02162551001",
            "+862162551001",
            "Appliance",
        ] {
            check(user, &[], Some("4008001001"));
        }
        check("1002", &[], Some("4008001002"));
    }

    #[test]
    fn what_was_dialled_before_counts_when_the_request_does_not() {
        check("62550000", &["4008001002"], Some("4008001002"));
        check("02162551001", &["4008001002"], Some("4008001001"));
        check("x", &["y", "anonymous", "021 62551001"], Some("4008001001"));
        check("4008009999", &["z"], None);
        check("", &[], None);
    }

    #[test]
    fn a_decision_says_what_led_to_it() {
        let before = ["+864008001002".to_owned()];
        let request = RouteRequest {
            request_user: "62550000",
            dialled_before: &before,
        };
        let decision = table().route(&request).expect("a line");
        assert_eq!(decision.business.as_str(), "owner-of-4008001002");
        assert_eq!(decision.dialled, "+864008001002");
        assert_eq!(decision.matched_by, MatchedBy::DialledBefore);
    }

    #[test]
    fn two_lines_cannot_share_a_number() {
        let rules = [
            rule("4008001001", &["02162551001"]),
            rule("4008001002", &["+862162551001"]),
        ];
        let error = LineTable::new(&rules, Places::built_in()).expect_err("a conflict");
        assert_eq!(
            error.to_string(),
            "`+862162551001` leads to line 4008001001 and to line 4008001002"
        );
        let error = LineTable::new(&[rule("4008001001", &[" "])], Places::built_in());
        assert_eq!(
            error.expect_err("no number").to_string(),
            "` ` of line 4008001001 is not a number"
        );
    }

    proptest! {
        #[test]
        fn every_did_is_found_however_it_is_written(local in "[2-8][0-9]{7}", form in 0usize..5) {
            let did = format!("021{local}");
            let rules = [rule("4008001001", &[&did])];
            let table = LineTable::new(&rules, Places::built_in()).expect("no conflict");
            let user = match form {
                0 => did,
                1 => format!("+8621{local}"),
                2 => format!("8621{local}"),
                3 => format!("021-{local}"),
                _ => format!("+86021{local}"),
            };
            let request = RouteRequest { request_user: &user, dialled_before: &[] };
            prop_assert!(table.route(&request).is_some(), "{}", user);
        }
    }
}
