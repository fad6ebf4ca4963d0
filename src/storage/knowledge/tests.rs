//! Drafts, versions and proposals, on a real database.

use super::*;

fn base() -> BaseId {
    BaseId {
        business: BusinessId::new("appliance"),
        name: BaseName::new("faq"),
    }
}

fn entry(id: &str, question: &str) -> Entry {
    Entry {
        id: EntryId::new(id),
        category: String::new(),
        question: question.to_owned(),
        similar_questions: Vec::new(),
        answer: format!("{question}的答案。"),
        action: crate::entry::Action::Answer,
        name: String::new(),
        validity: crate::entry::Validity::default(),
    }
}

fn put(id: &str, question: &str) -> DraftChange {
    DraftChange::Put(Box::new(entry(id, question)))
}

fn signed(note: &str) -> Signature {
    Signature {
        author: "小王".to_owned(),
        at_ms: 1_790_000_000_000,
        note: note.to_owned(),
    }
}

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path().join("yingda.db"))
        .await
        .expect("opened");
    store.ensure_base(&base()).await.expect("a base");
    (folder, store)
}

async fn publish(store: &Store, note: &str) -> u64 {
    let draft = store.draft(&base()).await.expect("a draft");
    let hash = KnowledgeVersion::new(format!("{:?}", draft.entries));
    let (base, revision, signature) = (base(), Some(draft.revision), signed(note));
    let publishing = store.publish(&base, revision, &hash, &draft.entries, &signature);
    publishing.await.expect("published")
}

fn ids(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.id.as_str()).collect()
}

#[tokio::test]
async fn a_draft_keeps_its_order_and_changes_as_a_whole() {
    let (_folder, store) = store().await;
    let changes = [put("B", "乙"), put("A", "甲"), put("C", "丙")];
    let revision = store.change_draft(&base(), Some(0), &changes).await;
    assert_eq!(revision.expect("changed"), 1);
    let again = [put("A", "甲二"), DraftChange::Remove(EntryId::new("B"))];
    assert_eq!(
        store
            .change_draft(&base(), None, &again)
            .await
            .expect("changed"),
        2
    );
    let draft = store.draft(&base()).await.expect("a draft");
    assert_eq!((draft.revision, ids(&draft.entries)), (2, vec!["A", "C"]));
    assert_eq!(draft.entries[0].question, "甲二");

    let broken = [put("D", "丁"), DraftChange::Remove(EntryId::new("X"))];
    let error = store
        .change_draft(&base(), None, &broken)
        .await
        .expect_err("no X");
    assert_eq!(
        error.to_string(),
        "the draft of `appliance/faq` has no entry `X`"
    );
    assert_eq!(store.draft(&base()).await.expect("a draft"), draft);
}

#[tokio::test]
async fn who_was_slower_is_told() {
    let (_folder, store) = store().await;
    store
        .change_draft(&base(), Some(0), &[put("A", "甲")])
        .await
        .expect("changed");
    let late = store
        .change_draft(&base(), Some(0), &[DraftChange::Clear])
        .await;
    assert_eq!(
        late.expect_err("too late").to_string(),
        "the draft of `appliance/faq` was changed meanwhile: it is at revision 1, not 0; look at it and try again"
    );
    let hash = KnowledgeVersion::new("x");
    let late = store
        .publish(&base(), Some(0), &hash, &[], &signed(""))
        .await;
    assert!(matches!(late, Err(StorageError::DraftChanged { .. })));
    assert_eq!(store.published(&base()).await.expect("read"), None);
}

#[tokio::test]
async fn versions_are_numbered_and_brought_back() {
    let (_folder, store) = store().await;
    store
        .change_draft(&base(), None, &[put("A", "甲")])
        .await
        .expect("changed");
    assert_eq!(publish(&store, "one").await, 1);
    store
        .change_draft(&base(), None, &[put("B", "乙")])
        .await
        .expect("changed");
    assert_eq!(publish(&store, "two").await, 2);
    let back = store.roll_back(&base(), 1, &signed("back")).await;
    assert_eq!(back.expect("rolled back"), 3);

    let published = store.published(&base()).await.expect("read").expect("one");
    assert_eq!(
        (published.number, published.origin, published.restores),
        (3, Origin::Rollback, Some(1))
    );
    assert_eq!(
        ids(&store.version_entries(&base(), 3).await.expect("read")),
        ["A"]
    );
    assert_eq!(
        ids(&store.version_entries(&base(), 2).await.expect("read")),
        ["A", "B"]
    );
    assert_eq!(
        ids(&store.draft(&base()).await.expect("read").entries),
        ["A", "B"]
    );
    let versions = store.versions(&base()).await.expect("read");
    let notes: Vec<&str> = versions
        .iter()
        .map(|version| version.signature.note.as_str())
        .collect();
    assert_eq!(notes, ["back", "two", "one"]);
    let error = store
        .roll_back(&base(), 9, &signed(""))
        .await
        .expect_err("no 9");
    assert_eq!(
        error.to_string(),
        "knowledge base `appliance/faq` has no version 9"
    );
    let summary = store.bases().await.expect("read").remove(0);
    assert_eq!((summary.id, summary.entries), (base(), 2));
    assert_eq!(summary.published, Some(published));
}

#[tokio::test]
async fn a_published_version_does_not_change() {
    let (_folder, store) = store().await;
    store
        .change_draft(&base(), None, &[put("A", "甲")])
        .await
        .expect("changed");
    publish(&store, "one").await;
    for statement in [
        "UPDATE knowledge_versions SET note = 'x'",
        "UPDATE knowledge_contents SET json = '[]'",
    ] {
        let error = sqlx::query(statement)
            .execute(&store.pool)
            .await
            .expect_err("refused");
        assert!(error.to_string().contains("does not change"), "{error}");
    }
}

#[tokio::test]
async fn a_file_is_published_with_its_draft() {
    let (_folder, store) = store().await;
    let entries = [entry("A", "甲"), entry("B", "乙")];
    let hash = KnowledgeVersion::new("x");
    let number = store
        .publish(&base(), None, &hash, &entries, &signed(""))
        .await;
    assert_eq!(number.expect("published"), 1);
    assert_eq!(store.draft(&base()).await.expect("read").entries, entries);
    let published = store.published(&base()).await.expect("read").expect("one");
    assert_eq!((published.origin, published.hash), (Origin::File, hash));
}

#[tokio::test]
async fn an_import_is_kept_with_its_report() {
    let (_folder, store) = store().await;
    let record = ImportRecord {
        id: 0,
        document: "问答.xlsx".to_owned(),
        author: "小王".to_owned(),
        at_ms: 5,
        revision: 0,
        report: serde_json::json!({ "lines": [] }),
    };
    let broken = [put("A", "甲"), DraftChange::Remove(EntryId::new("X"))];
    let refused = store.import(&base(), None, &broken, &record).await;
    assert!(matches!(refused, Err(StorageError::UnknownEntry { .. })));
    assert_eq!(store.imports(&base(), 10).await.expect("read"), []);
    let done = store.import(&base(), None, &broken[..1], &record).await;
    assert_eq!(done.expect("imported"), (1, 1));
    let expected = ImportRecord {
        id: 1,
        revision: 1,
        ..record
    };
    assert_eq!(store.imports(&base(), 10).await.expect("read"), [expected]);
}

#[tokio::test]
async fn a_proposal_is_ruled_on_once() {
    let (_folder, store) = store().await;
    store
        .change_draft(&base(), None, &[put("A", "怎么报修")])
        .await
        .expect("changed");
    let proposal = |phrasing: &str| ProposedPhrasing {
        entry: EntryId::new("A"),
        phrasing: phrasing.to_owned(),
        source: "怎么 → 如何".to_owned(),
    };
    let proposals = [proposal("如何报修"), proposal("报修怎么弄")];
    assert_eq!(
        store.propose(&base(), &proposals).await.expect("proposed"),
        2
    );
    let rulings = [
        (EntryId::new("A"), "如何报修".to_owned(), Ruling::Accept),
        (EntryId::new("A"), "报修怎么弄".to_owned(), Ruling::Strike),
        (EntryId::new("A"), "没人提过".to_owned(), Ruling::Accept),
    ];
    assert_eq!(store.rule(&base(), &rulings).await.expect("ruled"), 2);
    assert_eq!(store.proposals(&base()).await.expect("read"), []);
    assert_eq!(
        store.propose(&base(), &proposals).await.expect("proposed"),
        0
    );
    let draft = store.draft(&base()).await.expect("read");
    assert_eq!(draft.entries[0].similar_questions, ["如何报修"]);
    assert_eq!(draft.revision, 2);
    assert_eq!(store.rule(&base(), &rulings).await.expect("ruled"), 0);
}

#[tokio::test]
async fn businesses_do_not_see_each_other() {
    let (_folder, store) = store().await;
    let other = BaseId {
        business: BusinessId::new("other"),
        ..base()
    };
    store
        .change_draft(&base(), None, &[put("A", "甲")])
        .await
        .expect("changed");
    publish(&store, "one").await;
    for error in [
        store.draft(&other).await.expect_err("unknown"),
        store.version_entries(&other, 1).await.expect_err("unknown"),
        store
            .roll_back(&other, 1, &signed(""))
            .await
            .expect_err("unknown"),
    ] {
        assert_eq!(error.to_string(), "there is no knowledge base `other/faq`");
    }
}
