//! What is brought to a server, in which order, and what is taken from it.

use tokio_util::sync::CancellationToken;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_is_put_and_counted_before_it_is_switched_to_and_asked() {
    let house = House::patient();
    let local = words("1", entries());
    let index = house.qdrant.attach(&faq(), local.clone());
    let question = entries()[7].question.clone();
    let in_process = asked(&*local.of_calls(), &question).await;
    assert_eq!(asked(&*index, &question).await, in_process);
    assert_eq!(house.outcomes(), [(Outcome::Uploading, 1)]);
    let state = house.qdrant.status().state;
    assert_eq!(state, QdrantState::Uploading { done: 0, all: 600 });

    house.round().await.expect("it is there");
    let name = house.collection(&local);
    let alias = Edition::of("yingda", &faq(), &local).alias;
    let put = |range: std::ops::Range<u32>| Call::Put(name.clone(), range.collect());
    let expected = [
        Call::Create(name.clone()),
        put(0..256),
        put(256..512),
        put(512..600),
        Call::Switch(alias, name.clone()),
    ];
    assert_eq!(house.server.calls(), expected);
    assert_eq!(house.qdrant.status().state, QdrantState::Ready);
    assert_eq!(asked(&*index, &question).await, in_process);
    assert_eq!(house.outcomes()[0], (Outcome::Answered, 1));

    house.round().await.expect("it is there");
    assert_eq!(house.server.calls(), [], "nothing is left to do");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_cut_off_goes_on_where_it_was() {
    let house = House::patient();
    let local = words("1", entries());
    let name = house.collection(&local);
    house.qdrant.attach(&faq(), local);
    house.server.take_puts(Some(1));
    let error = house.round().await.expect_err("cut off");
    assert!(error.passes(), "{error}");
    assert_eq!(house.server.alias(&name[..name.len() - 17]), None);
    let QdrantState::Down { .. } = house.qdrant.status().state else {
        panic!("it cannot be reached");
    };
    house.server.calls();

    house.server.take_puts(None);
    house.round().await.expect("it is there");
    let first = house
        .server
        .calls()
        .into_iter()
        .find_map(|call| match call {
            Call::Put(_, numbers) => numbers.first().copied(),
            _ => None,
        });
    assert_eq!(first, Some(256));
    assert_eq!(house.server.alias(&name[..name.len() - 17]), Some(name));
    assert_eq!(house.qdrant.status().state, QdrantState::Ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_with_holes_is_not_switched_to_but_made_again() {
    let house = House::patient();
    let local = words("1", entries());
    let name = house.collection(&local);
    house.qdrant.attach(&faq(), local);
    house.server.lose(2);
    let expected = ServerError::Incomplete {
        held: 598,
        expected: 600,
    };
    assert_eq!(house.round().await, Err(expected.clone()));
    let status = house.qdrant.status();
    assert_eq!(status.state, QdrantState::Uploading { done: 0, all: 600 });
    assert_eq!(status.problem, Some(expected.to_string()));
    assert_eq!(house.server.calls().last(), Some(&Call::Remove(name)));
    house.round().await.expect("it is there");
    let status = house.qdrant.status();
    assert_eq!((status.state, status.problem), (QdrantState::Ready, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_before_stays_and_older_ones_go() {
    let house = House::patient();
    for name in ["somebody", "yingda-other-0123456789ab-0123456789abcdef"] {
        house.server.add_collection(name);
    }
    let versions = ["1", "2", "3"].map(|version| words(version, entries()));
    let names = versions.each_ref().map(|local| house.collection(local));
    let holds = |name: &String| house.server.collections().contains(name);
    let mut indexes = Vec::new();
    for local in &versions {
        indexes.push(house.qdrant.attach(&faq(), local.clone()));
        house.round().await.expect("it is there");
    }
    assert_eq!(names.each_ref().map(holds), [false, true, true]);
    assert_eq!(house.server.collections().len(), 4);
    // A call that began with the second version still asks the server for it; one with the first is answered in process.
    let question = entries()[7].question.clone();
    for (index, expected) in indexes.iter().zip([Outcome::Failed, Outcome::Answered]) {
        let before = house.qdrant.status().searches;
        assert_eq!(asked(&**index, &question).await.version, *index.version());
        let after = house.qdrant.status().searches;
        let counted = after.iter().zip(&before);
        let counted = counted.filter(|(after, before)| after != before);
        let counted: Vec<Outcome> = counted.map(|((outcome, _), _)| *outcome).collect();
        assert_eq!(counted, [expected]);
    }

    // A rollback finds all its points.
    house.server.calls();
    house.qdrant.attach(&faq(), versions[1].clone());
    house.round().await.expect("it is there");
    let calls = house.server.calls();
    let puts = calls.iter().filter(|call| matches!(call, Call::Put(..)));
    assert_eq!(puts.count(), 0, "{calls:?}");
    assert_eq!(house.qdrant.status().state, QdrantState::Ready);
    assert_eq!(names.each_ref().map(holds), [false, true, true]);
}

#[tokio::test(start_paused = true)]
async fn upkeep_tries_again_until_the_server_is_there_and_ends_when_it_is_told() {
    let house = House::patient();
    let down = ServerError::Unreachable("connection refused".to_owned());
    house.server.set_down(Some(down));
    house.qdrant.attach(&faq(), words("1", entries()));
    let stop = CancellationToken::new();
    let keeping = tokio::spawn({
        let (qdrant, stop) = (house.qdrant.clone(), stop.clone());
        async move { qdrant.keep(stop).await }
    });
    let within_a_minute = async |what: &dyn Fn() -> bool| {
        let waiting = async {
            // Time is paused: it passes when nothing else is to be done.
            let mut poll = tokio::time::interval(Duration::from_millis(100));
            while !what() {
                poll.tick().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
        waited.expect("in time");
    };
    let state = || house.qdrant.status().state;
    within_a_minute(&|| matches!(state(), QdrantState::Down { .. })).await;
    house.server.set_down(None);
    within_a_minute(&|| state() == QdrantState::Ready).await;
    house.server.forget();
    house.server.calls();
    // It looks by itself.
    let switched = || {
        house
            .server
            .calls()
            .iter()
            .any(|call| matches!(call, Call::Switch(..)))
    };
    within_a_minute(&switched).await;
    within_a_minute(&|| state() == QdrantState::Ready).await;
    stop.cancel();
    keeping.await.expect("it ends");
}
