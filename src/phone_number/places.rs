//! Where numbers belong: area codes, which are built in, and mobile segments, which are an optional data file.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

/// Code, province, cities of the 321 area codes of mainland China.
const AREA_CODES: &str = include_str!("area_codes.csv");

/// Where a number belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Province, municipality or autonomous region, short (`浙江`).
    pub province: String,
    /// Cities, the main one first.
    pub cities: Vec<String>,
}

/// Tables of places.
#[derive(Clone, Debug)]
pub struct Places {
    areas: BTreeMap<String, Place>,
    /// By the first seven digits of a mobile number.
    segments: HashMap<u32, usize>,
    segment_places: Vec<Place>,
}

/// Why a table of mobile segments was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PlacesError {
    /// The file cannot be read.
    #[error("mobile segments {file}: {error}")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A line or a record is not what it should be.
    #[error("mobile segments {file}: {place}: {problem}")]
    Format {
        /// The file.
        file: PathBuf,
        /// `line 12` or `offset 345`.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

/// A place in a file and what is wrong there.
type Fault = (String, String);

impl Places {
    /// The area codes alone; mobiles have no place.
    pub fn built_in() -> Self {
        let areas = AREA_CODES
            .lines()
            .skip(1)
            .filter_map(|line| {
                let mut columns = line.split(',');
                let code = columns.next()?.to_owned();
                let province = columns.next()?.to_owned();
                let cities = columns.next()?.split('|').map(str::to_owned).collect();
                Some((code, Place { province, cities }))
            })
            .collect();
        Self {
            areas,
            segments: HashMap::new(),
            segment_places: Vec::new(),
        }
    }

    /// The area codes and a table of mobile segments: `phone.dat`, or CSV with `segment,province,city`.
    pub fn with_segments(file: &Path, content: &[u8]) -> Result<Self, PlacesError> {
        let mut places = Self::built_in();
        let taken = match file.extension().is_some_and(|extension| extension == "csv") {
            true => places.add_csv(content),
            false => places.add_phone_dat(content),
        };
        taken.map_err(|(place, problem)| PlacesError::Format {
            file: file.to_owned(),
            place,
            problem,
        })?;
        Ok(places)
    }

    /// Every city that shares an area code, with its province, in the order of the codes.
    pub fn cities(&self) -> impl Iterator<Item = (&str, &str)> {
        self.areas.values().flat_map(|place| {
            let province = place.province.as_str();
            place
                .cities
                .iter()
                .map(move |city| (province, city.as_str()))
        })
    }

    /// The area code that `number` (with its leading `0`) begins with, and its place.
    pub(super) fn of_area<'a>(&self, number: &'a str) -> Option<(&'a str, &Place)> {
        // 010 and 02x have three digits, all others four: no code is the beginning of another.
        [3, 4].into_iter().find_map(|length| {
            let code = number.get(..length)?;
            Some((code, self.areas.get(code)?))
        })
    }

    /// The place of a mobile number of eleven digits.
    pub(super) fn of_mobile(&self, number: &str) -> Option<&Place> {
        let segment: u32 = number.get(..7)?.parse().ok()?;
        self.segments
            .get(&segment)
            .map(|&place| &self.segment_places[place])
    }

    fn add_csv(&mut self, content: &[u8]) -> Result<(), Fault> {
        let text = std::str::from_utf8(content).map_err(|error| {
            (
                format!("offset {}", error.valid_up_to()),
                "is not UTF-8".to_owned(),
            )
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut known = HashMap::new();
        for (number, line) in text.lines().enumerate() {
            let fault = |problem: &str| (format!("line {}", number + 1), problem.to_owned());
            if number == 0 {
                // Without this a file without a header would lose its first segment silently.
                if line.trim() != "segment,province,city" {
                    return Err(fault("the header must be `segment,province,city`"));
                }
                continue;
            }
            if line.trim().is_empty() {
                continue;
            }
            let columns: Vec<_> = line.split(',').map(str::trim).collect();
            let [segment, province, city] = columns[..] else {
                return Err(fault("must have three columns: segment, province, city"));
            };
            let segment =
                segment_number(segment).ok_or_else(|| fault("the segment must be seven digits"))?;
            self.add_segment(segment, province, city, &mut known);
        }
        Ok(())
    }

    /// Layout: version (4 bytes), offset of the index (u32 LE), records `province|city|zip|area\0`, then index entries of
    /// nine bytes: segment (u32 LE), record offset (u32 LE), carrier (u8).
    fn add_phone_dat(&mut self, content: &[u8]) -> Result<(), Fault> {
        let fault = |offset: usize, problem: &str| (format!("offset {offset}"), problem.to_owned());
        let word = |offset: usize| -> Option<u32> {
            let bytes = content.get(offset..offset.checked_add(4)?)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        let index =
            word(4).ok_or_else(|| fault(4, "the file is too short for its header"))? as usize;
        let entries = content
            .get(index..)
            .filter(|_| index >= 8)
            .ok_or_else(|| fault(4, "the index lies outside the file"))?;
        let mut known = HashMap::new();
        for (number, entry) in entries.chunks(9).enumerate() {
            let at = index + number * 9;
            if entry.len() < 9 {
                return Err(fault(at, "the last index entry is cut off"));
            }
            // Both words lie inside the entry, whose length was just checked.
            let (Some(segment), Some(offset)) = (word(at), word(at + 4)) else {
                return Err(fault(at, "the index entry is cut off"));
            };
            let offset = offset as usize;
            let record = content
                .get(offset..index)
                .and_then(|rest| rest.split(|&byte| byte == 0).next())
                .and_then(|record| std::str::from_utf8(record).ok())
                .ok_or_else(|| fault(at, "the index entry points to no record"))?;
            let mut fields = record.split('|');
            let (Some(province), Some(city)) = (fields.next(), fields.next()) else {
                return Err(fault(offset, "the record has no province and city"));
            };
            self.add_segment(segment, province, city, &mut known);
        }
        Ok(())
    }

    fn add_segment(
        &mut self,
        segment: u32,
        province: &str,
        city: &str,
        known: &mut HashMap<(String, String), usize>,
    ) {
        let key = (province.to_owned(), city.to_owned());
        let place = *known.entry(key).or_insert_with(|| {
            self.segment_places.push(Place {
                province: province.to_owned(),
                cities: vec![city.to_owned()],
            });
            self.segment_places.len() - 1
        });
        self.segments.insert(segment, place);
    }
}

fn segment_number(text: &str) -> Option<u32> {
    (text.len() == 7).then(|| text.parse().ok()).flatten()
}
