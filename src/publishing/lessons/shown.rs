//! Lessons as they are shown: groups with counts, examples and the nearest entry. Nothing here is unmasked.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Serialize, Serializer};

use crate::{
    call::lessons::LessonKind,
    ids::{CallId, EntryId, UtteranceId},
    retrieval::clusters::Clusters,
    storage::knowledge::{Draft, LessonId, OpenLesson},
};

/// The most examples of a group.
const MOST_EXAMPLES: usize = 5;

/// What a base can learn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lessons {
    /// The revision of the draft that was looked at.
    pub revision: u64,
    /// How many lessons wait to be settled, of those that were looked at.
    pub open: usize,
    /// Whether there are more, older ones.
    pub is_cut: bool,
    /// How many are no question by themselves (怎么办). They are in no group.
    pub noise: usize,
    /// Groups of one meaning, those of most callers first.
    pub groups: Vec<LessonGroup>,
}

/// Lessons of one meaning.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LessonGroup {
    /// Names the group while it is open: its most central lesson.
    pub id: LessonId,
    /// The most central question, as it was asked, masked.
    pub question: String,
    /// How often it was asked.
    pub count: usize,
    /// In how many calls.
    pub calls: usize,
    /// By how many callers. Each call without a number counts as one.
    pub callers: usize,
    /// When it was asked first and last, in milliseconds after the Unix epoch.
    pub first_ms: i64,
    /// See `first_ms`.
    pub last_ms: i64,
    /// How often it was a lesson of which kind (`unanswered`, `clarified`, `unsure`, `not_helpful`).
    pub kinds: BTreeMap<&'static str, usize>,
    /// How often which entry was chosen where the bot asked back, the most often chosen first.
    pub chosen: Vec<Choice>,
    /// The entry that was nearest most often.
    pub nearest: Option<NearestEntry>,
    /// Some of the lessons, the most central first, each of another call where there are enough.
    pub examples: Vec<Example>,
    /// All of them, the most central first: what an action is given.
    pub lessons: Vec<LessonId>,
}

/// What callers chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The entry.
    pub entry: EntryId,
    /// How often.
    pub count: usize,
}

/// The entry that is nearest to a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearestEntry {
    /// The entry.
    pub entry: EntryId,
    /// Its question.
    pub question: String,
    /// Its best score, 0 to 1.
    pub score: f32,
    /// For how many lessons it was nearest.
    pub count: usize,
    /// Whether the draft has it.
    pub in_draft: bool,
}

/// One lesson of a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    /// The lesson.
    pub lesson: LessonId,
    /// The call, as its page is called.
    #[serde(serialize_with = "plainly")]
    pub call: CallId,
    /// The utterance, if it was spoken.
    pub utterance: Option<UtteranceId>,
    /// When, in milliseconds after the Unix epoch.
    pub at_ms: i64,
    /// What was asked, masked.
    pub question: String,
    /// What kind of lesson it is.
    #[serde(flatten)]
    pub kind: LessonKind,
}

fn plainly<S: Serializer>(call: &CallId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(call)
}

/// The lessons of `clusters`, whose places are those of `open`.
pub(super) fn lessons(
    open: &[OpenLesson],
    clusters: &Clusters,
    draft: &Draft,
    is_cut: bool,
) -> Lessons {
    let mut groups: Vec<LessonGroup> = clusters
        .groups
        .iter()
        .map(|group| {
            let members: Vec<&OpenLesson> = group.members.iter().map(|&at| &open[at]).collect();
            shown(&members, draft)
        })
        .collect();
    // One caller who asks again and again is one.
    groups.sort_by(|a, b| {
        let by = |group: &LessonGroup| (group.callers, group.count, group.last_ms);
        by(b).cmp(&by(a)).then(a.id.cmp(&b.id))
    });
    Lessons {
        revision: draft.revision,
        open: open.len(),
        is_cut,
        noise: clusters.ignored.len(),
        groups,
    }
}

/// A group of at least one.
fn shown(members: &[&OpenLesson], draft: &Draft) -> LessonGroup {
    let calls: HashSet<CallId> = members.iter().map(|open| open.lesson.call).collect();
    let callers: HashSet<(&str, Option<CallId>)> = members
        .iter()
        .map(|open| match open.caller.expose().as_str() {
            "" => ("", Some(open.lesson.call)),
            number => (number, None),
        })
        .collect();
    let mut kinds = BTreeMap::new();
    for open in members {
        *kinds.entry(open.lesson.kind.as_str()).or_default() += 1;
    }
    let times = members.iter().map(|open| open.lesson.at_ms);
    LessonGroup {
        id: members[0].id,
        question: members[0].lesson.question.clone(),
        count: members.len(),
        calls: calls.len(),
        callers: callers.len(),
        first_ms: times.clone().min().unwrap_or_default(),
        last_ms: times.max().unwrap_or_default(),
        kinds,
        chosen: chosen(members),
        nearest: nearest(members, draft),
        examples: examples(members),
        lessons: members.iter().map(|open| open.id).collect(),
    }
}

fn chosen(members: &[&OpenLesson]) -> Vec<Choice> {
    let mut counts: BTreeMap<&EntryId, usize> = BTreeMap::new();
    for open in members {
        if let LessonKind::Clarified {
            chosen: Some(entry),
        } = &open.lesson.kind
        {
            *counts.entry(entry).or_default() += 1;
        }
    }
    let mut chosen: Vec<Choice> = counts
        .into_iter()
        .map(|(entry, count)| Choice {
            entry: entry.clone(),
            count,
        })
        .collect();
    chosen.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.entry.cmp(&b.entry)));
    chosen
}

fn nearest(members: &[&OpenLesson], draft: &Draft) -> Option<NearestEntry> {
    let mut found: HashMap<&EntryId, NearestEntry> = HashMap::new();
    for near in members
        .iter()
        .filter_map(|open| open.lesson.nearest.as_ref())
    {
        let known = found.entry(&near.entry).or_insert_with(|| {
            let entry = draft.entries.iter().find(|entry| entry.id == near.entry);
            NearestEntry {
                entry: near.entry.clone(),
                // As it reads now.
                question: entry
                    .map_or(&near.question, |entry| &entry.question)
                    .clone(),
                score: near.score,
                count: 0,
                in_draft: entry.is_some(),
            }
        });
        known.count += 1;
        known.score = known.score.max(near.score);
    }
    found.into_values().max_by(|a, b| {
        let count = a.count.cmp(&b.count).then(a.score.total_cmp(&b.score));
        count.then_with(|| b.entry.cmp(&a.entry))
    })
}

fn examples(members: &[&OpenLesson]) -> Vec<Example> {
    let mut seen = HashSet::new();
    let (first, again): (Vec<&OpenLesson>, Vec<&OpenLesson>) = members
        .iter()
        .copied()
        .partition(|open| seen.insert(open.lesson.call));
    first
        .into_iter()
        .chain(again)
        .take(MOST_EXAMPLES)
        .map(|open| Example {
            lesson: open.id,
            call: open.lesson.call,
            utterance: open.lesson.utterance,
            at_ms: open.lesson.at_ms,
            question: open.lesson.question.clone(),
            kind: open.lesson.kind.clone(),
        })
        .collect()
}
