//! What is saved is what is opened, and nothing else is.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::{
    embedding::fake::FakeEncoder,
    retrieval::{Ranking, RetrievalConfig, Synonyms, evaluation::Synthetic, fake::FakeIndex},
};

/// Counts what it embeds.
#[derive(Default)]
struct Counting {
    embedded: AtomicUsize,
    name: Option<&'static str>,
}

impl TextEncoder for Counting {
    fn name(&self) -> &str {
        self.name.unwrap_or("counting")
    }

    fn version(&self) -> &str {
        "1"
    }

    fn dimensions(&self) -> usize {
        FakeEncoder::default().dimensions()
    }

    fn embed_many(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embedded.fetch_add(texts.len(), Ordering::Relaxed);
        FakeEncoder::default().embed_many(texts)
    }
}

impl Counting {
    fn take(&self) -> usize {
        self.embedded.swap(0, Ordering::Relaxed)
    }
}

fn version() -> KnowledgeVersion {
    KnowledgeVersion::new("a1b2")
}

fn build(encoder: &Arc<Counting>, options: IndexOptions) -> HybridIndex {
    let base = Synthetic::new(1, 200, 3, 0);
    HybridIndex::build_with(version(), base.entries, options, encoder.clone(), None).expect("built")
}

#[test]
fn what_is_saved_is_opened_without_embedding() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = IndexStore::new(folder.path().join("indexes"));
    let encoder = Arc::new(Counting::default());
    let built = build(&encoder, IndexOptions::default());
    let missing = store.open(&version(), IndexOptions::default(), encoder.clone());
    assert!(missing.err().expect("nothing there").is_missing());
    store.save(&built).expect("saved");
    store.save(&built).expect("saved in its own place");
    assert_eq!(encoder.take(), 600);
    let opened = store
        .open(&version(), IndexOptions::default(), encoder.clone())
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(encoder.take(), 0);
    for case in Synthetic::new(1, 200, 3, 50).questions {
        let (built, opened) = (
            built.rank(&case.question, 5),
            opened.rank(&case.question, 5),
        );
        assert_eq!(built, opened, "{}", case.question);
    }
    let names: Vec<_> = fs::read_dir(folder.path().join("indexes"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["a1b2"], "nothing else is left");
    // What was opened is not saved again; it is there.
    let problem = store.save(&opened).expect_err("refused").to_string();
    assert!(
        problem.contains("postings: ") && problem.contains("opened from a folder"),
        "{problem}"
    );
}

#[test]
fn only_what_changed_is_embedded() {
    let encoder = Arc::new(Counting::default());
    let before = build(&encoder, IndexOptions::default());
    encoder.take();
    let mut entries = Synthetic::new(1, 200, 3, 0).entries;
    entries.remove(7);
    entries[3].question = "这个问题是新的".to_owned();
    entries.push(FakeIndex::entry("NEW", "这条也是新的", "好的。"));
    let rebuild = |encoder: &Arc<Counting>| {
        let entries = entries.clone();
        let options = IndexOptions::default();
        HybridIndex::build_with(version(), entries, options, encoder.clone(), Some(&before))
            .expect("built")
    };
    let after = rebuild(&encoder);
    assert_eq!(encoder.take(), 2);
    let fresh = HybridIndex::build(
        version(),
        entries.clone(),
        RetrievalConfig::default(),
        encoder.clone(),
    );
    assert_eq!(after.vectors(), fresh.expect("built").vectors());
    let other = Arc::new(Counting {
        name: Some("other"),
        ..Counting::default()
    });
    rebuild(&other);
    assert_eq!(other.take(), 598, "another encoder's vectors are of no use");
}

#[test]
fn a_broken_or_foreign_folder_is_refused_by_name_and_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = IndexStore::new(folder.path());
    let encoder = Arc::new(Counting::default());
    let index = build(&encoder, IndexOptions::default());
    let inside = store.folder(&version());
    let open = |options: IndexOptions, encoder: &Arc<Counting>| {
        let opened = store.open(&version(), options, encoder.clone());
        opened
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    let postings = || {
        let mut files: Vec<PathBuf> = fs::read_dir(inside.join(POSTINGS))
            .expect("a folder")
            .map(|file| file.expect("a file").path())
            .filter(|file| file.extension().is_some_and(|ending| ending != "lock"))
            .collect();
        files.sort();
        files
    };
    store.save(&index).expect("saved");
    let mut files = vec![inside.join(ENTRIES), inside.join(VECTORS)];
    files.extend(postings());
    assert!(files.len() > 5, "{files:?}");
    for number in 0..files.len() {
        store.save(&index).expect("saved");
        let mut files = vec![inside.join(ENTRIES), inside.join(VECTORS)];
        files.extend(postings());
        let file = &files[number];
        let mut content = fs::read(file).expect("read");
        let last = content.len() - 1;
        content[last] ^= 1;
        fs::write(file, &content).expect("written");
        let problem = open(IndexOptions::default(), &encoder);
        assert_eq!(
            problem,
            format!("index file {}: its content has changed", file.display())
        );
        fs::remove_file(file).expect("removed");
        let problem = open(IndexOptions::default(), &encoder);
        assert!(
            problem.starts_with(&format!("index file {}: ", file.display())),
            "{problem}"
        );
    }
    store.save(&index).expect("saved");
    let description = inside.join(DESCRIPTION);
    let text = fs::read_to_string(&description).expect("read");
    for (from, to, expected) in [
        ("\"format\": 1", "\"format\": 9", "its format is 9, not 1"),
        ("a1b2", "ffff", "it is of version ffff, not a1b2"),
        (
            "\"lexicon\": \"",
            "\"lexicon\": \"0",
            "it was made with other word lists",
        ),
        ("{", "", "invalid type"),
    ] {
        fs::write(&description, text.replacen(from, to, 1)).expect("written");
        let problem = open(IndexOptions::default(), &encoder);
        assert!(problem.contains(expected), "{problem}");
        assert!(problem.contains(DESCRIPTION), "{problem}");
    }
    fs::write(&description, &text).expect("written");
    let synonyms = Synonyms::parse("扫地机 小蓝").expect("sound");
    let options = IndexOptions {
        synonyms,
        ..IndexOptions::default()
    };
    assert!(open(options.clone(), &encoder).ends_with("other synonyms of the business"));
    let other = Arc::new(Counting {
        name: Some("other"),
        ..Counting::default()
    });
    let problem = open(IndexOptions::default(), &other);
    assert!(
        problem.ends_with("it is by counting 1 (64), not by other 1 (64)"),
        "{problem}"
    );

    let entries = Synthetic::new(1, 200, 3, 0).entries;
    encoder.take();
    for embedded in [600, 0] {
        let made = store.open_or_build(
            version(),
            entries.clone(),
            options.clone(),
            encoder.clone(),
            None,
        );
        assert!(made.is_ok());
        assert_eq!(encoder.take(), embedded, "made again once, and opened then");
    }
}

#[test]
fn old_versions_are_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = IndexStore::new(folder.path());
    store.keep_only(&[]).expect("nothing to do");
    store
        .save(&build(
            &Arc::new(Counting::default()),
            IndexOptions::default(),
        ))
        .expect("saved");
    fs::create_dir(folder.path().join("c3d4.new")).expect("made");
    store.keep_only(&[&version()]).expect("removed");
    let left = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 1);
    store.keep_only(&[]).expect("removed");
    let left = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 0);
}
