//! A server for tests: it holds points in memory, finds them exactly, and fails or falls silent when it is told to.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::{Asked, Edition, Holdings, Point, Search, ServerError, Sparse, VectorServer};

/// What a [`FakeServer`] was asked to do, but for searches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// To make this collection.
    Create(String),
    /// To put points with these numbers into it.
    Put(String, Vec<u32>),
    /// To point this alias to it.
    Switch(String, String),
    /// To remove it.
    Remove(String),
}

/// A server in memory.
#[derive(Debug)]
pub struct FakeServer {
    state: Mutex<State>,
    /// Requests wait while this is true.
    silent: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    collections: BTreeMap<String, BTreeMap<u32, Point>>,
    aliases: HashMap<String, String>,
    /// Every request fails with it.
    down: Option<ServerError>,
    /// So many more puts are taken, after which they fail.
    puts_left: Option<usize>,
    /// So many points are lost from the next puts.
    loses: usize,
    /// What every search finds, instead of what there is.
    says: Option<Vec<u32>>,
    calls: Vec<Call>,
    searches: usize,
}

impl Default for FakeServer {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            silent: watch::Sender::new(false),
        }
    }
}

impl FakeServer {
    /// Every request fails with `error` from now on, or none does.
    pub fn set_down(&self, error: Option<ServerError>) {
        self.state().down = error;
    }

    /// No request is answered from now on, or all are.
    pub fn set_silent(&self, silent: bool) {
        self.silent.send_replace(silent);
    }

    /// Only so many more batches are taken; the others cannot be delivered.
    pub fn take_puts(&self, count: Option<usize>) {
        self.state().puts_left = count;
    }

    /// So many points get lost.
    pub fn lose(&self, points: usize) {
        self.state().loses = points;
    }

    /// Every search finds these phrasings from now on, or those that there are.
    pub fn say(&self, phrasings: Option<Vec<u32>>) {
        self.state().says = phrasings;
    }

    /// Forgets everything that it held, as a server with a new disk does.
    pub fn forget(&self) {
        let mut state = self.state();
        state.collections.clear();
        state.aliases.clear();
    }

    /// Adds a collection of somebody else.
    pub fn add_collection(&self, name: &str) {
        let collections = &mut self.state().collections;
        collections.insert(name.to_owned(), BTreeMap::new());
    }

    /// Its collections.
    pub fn collections(&self) -> Vec<String> {
        self.state().collections.keys().cloned().collect()
    }

    /// Where an alias points.
    pub fn alias(&self, alias: &str) -> Option<String> {
        self.state().aliases.get(alias).cloned()
    }

    /// What it was asked to do since it was asked this last.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().calls)
    }

    /// How many searches it has answered.
    pub fn searches(&self) -> usize {
        self.state().searches
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer<'a, T: Send + 'a>(
        &'a self,
        work: impl FnOnce(&mut State) -> Result<T, ServerError> + Send + 'a,
    ) -> Asked<'a, T> {
        Box::pin(async move {
            let mut silent = self.silent.subscribe();
            // The sender lives as long as the server.
            let _ = silent.wait_for(|silent| !silent).await;
            let mut state = self.state();
            match &state.down {
                Some(error) => Err(error.clone()),
                None => work(&mut state),
            }
        })
    }
}

impl State {
    fn points(&mut self, collection: &str) -> Result<&mut BTreeMap<u32, Point>, ServerError> {
        let missing = || ServerError::Missing(collection.to_owned());
        self.collections.get_mut(collection).ok_or_else(missing)
    }
}

impl VectorServer for FakeServer {
    fn search(&self, search: Arc<Search>) -> Asked<'_, Vec<u32>> {
        self.answer(move |state| {
            let points = state.points(&search.edition.collection)?;
            let found = fused(points.values(), &search);
            state.searches += 1;
            Ok(state.says.clone().unwrap_or(found))
        })
    }

    fn holdings<'a>(&'a self, edition: &'a Edition) -> Asked<'a, Holdings> {
        self.answer(move |state| {
            let all = state.collections.keys();
            Ok(Holdings {
                collections: all
                    .filter(|name| edition.is_of_base(name))
                    .cloned()
                    .collect(),
                alias: state.aliases.get(&edition.alias).cloned(),
            })
        })
    }

    fn create<'a>(&'a self, edition: &'a Edition) -> Asked<'a, ()> {
        self.answer(move |state| {
            let name = edition.collection.clone();
            state.calls.push(Call::Create(name.clone()));
            state.collections.entry(name).or_default();
            Ok(())
        })
    }

    fn count<'a>(&'a self, edition: &'a Edition) -> Asked<'a, u64> {
        self.answer(move |state| Ok(state.points(&edition.collection)?.len() as u64))
    }

    fn put<'a>(&'a self, edition: &'a Edition, mut points: Vec<Point>) -> Asked<'a, ()> {
        self.answer(move |state| {
            if state.puts_left == Some(0) {
                return Err(ServerError::Unreachable("connection reset".to_owned()));
            }
            state.puts_left = state.puts_left.map(|left| left - 1);
            let numbers = points.iter().map(|point| point.phrasing).collect();
            let name = edition.collection.clone();
            state.calls.push(Call::Put(name, numbers));
            let lost = state.loses.min(points.len());
            state.loses -= lost;
            points.drain(..lost);
            let held = state.points(&edition.collection)?;
            held.extend(points.into_iter().map(|point| (point.phrasing, point)));
            Ok(())
        })
    }

    fn switch<'a>(&'a self, edition: &'a Edition) -> Asked<'a, ()> {
        self.answer(move |state| {
            state.points(&edition.collection)?;
            let (alias, name) = (edition.alias.clone(), edition.collection.clone());
            state.calls.push(Call::Switch(alias.clone(), name.clone()));
            state.aliases.insert(alias, name);
            Ok(())
        })
    }

    fn remove<'a>(&'a self, collection: &'a str) -> Asked<'a, ()> {
        self.answer(move |state| {
            state.calls.push(Call::Remove(collection.to_owned()));
            state.collections.remove(collection);
            state.aliases.retain(|_, target| target != collection);
            Ok(())
        })
    }
}

/// The places of each way of looking, put together as Qdrant does: a point counts 1 / (2 + place) in each.
fn fused<'a>(points: impl Iterator<Item = &'a Point>, search: &Search) -> Vec<u32> {
    let scores: Vec<(u32, [f32; 5])> = points
        .filter(|point| search.now.is_none_or(|now| point.validity.holds(now)))
        .map(|point| (point.phrasing, scores(search, point)))
        .collect();
    let mut fused: HashMap<u32, f32> = HashMap::new();
    for way in 0..5 {
        let scored = scores.iter().map(|&(phrasing, by)| (phrasing, by[way]));
        let found = best(scored.filter(|&(_, score)| score != 0.0), search.limit);
        for (place, phrasing) in found.into_iter().enumerate() {
            *fused.entry(phrasing).or_default() += 1.0 / (2.0 + place as f32);
        }
    }
    best(fused.into_iter(), 2 * search.limit)
}

/// By every way of looking.
fn scores(search: &Search, point: &Point) -> [f32; 5] {
    let meaning = match (&search.meaning, &point.meaning) {
        (Some(asked), Some(meant)) => asked.iter().zip(meant).map(|(a, b)| a * b).sum(),
        _ => 0.0,
    };
    [
        meaning,
        product(&search.words, &point.words),
        product(&search.characters, &point.characters),
        product(&search.sounds, &point.sounds),
        product(&search.words, &point.answer),
    ]
}

fn best(scored: impl Iterator<Item = (u32, f32)>, most: u64) -> Vec<u32> {
    let mut scored: Vec<(u32, f32)> = scored.collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let best = scored.into_iter().take(most as usize);
    best.map(|(phrasing, _)| phrasing).collect()
}

fn product(question: &Sparse, phrasing: &Sparse) -> f32 {
    let of = |term| phrasing.0.binary_search_by_key(&term, |&(known, _)| known);
    let shared = question.0.iter();
    shared
        .filter_map(|&(term, number)| Some(number * phrasing.0[of(term).ok()?].1))
        .sum()
}
