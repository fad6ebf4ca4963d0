//! Downloads from a server in the test.

mod folders;
mod place;

use std::fs::File;

use self::place::{CONTENT, Place, hash, ok, reply, serve};
use super::{download::UNKNOWN_MOST, *};

/// One source with these replies; the result, what was asked and the files afterwards.
#[track_caller]
fn check(
    replies: Vec<Vec<u8>>,
    part: Option<&[u8]>,
    result: Result<(), &str>,
    asked: &[&str],
    files: &[&str],
) {
    let (source, seen) = serve(replies);
    let url = format!("{source}/m");
    let place = Place::new(std::slice::from_ref(&url), Some(&hash(CONTENT)));
    if let Some(part) = part {
        fs::write(place.path("m.bin.part"), part).expect("written");
    }
    match (place.pull(), result) {
        (Ok(pulled), Ok(())) => {
            assert_eq!(pulled, Pulled::Verified(url));
            assert_eq!(fs::read(place.path("m.bin")).expect("in place"), CONTENT);
        }
        (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
        (found, expected) => panic!("{found:?} instead of {expected:?}"),
    }
    assert_eq!(*seen.lock().expect("no panic"), asked);
    assert_eq!(place.files(), files);
}

#[test]
fn a_whole_file_is_put_in_place() {
    check(vec![ok(CONTENT)], None, Ok(()), &["/m"], &["m.bin"]);
}

#[test]
fn a_break_is_resumed_from_the_same_source() {
    let rest = reply(
        "206 Partial Content",
        "Content-Range: bytes 10-31/32\r\n",
        22,
        &CONTENT[10..],
    );
    let cut = reply("200 OK", "", CONTENT.len(), &CONTENT[..10]);
    check(vec![cut, rest], None, Ok(()), &["/m", "/m 10-"], &["m.bin"]);
}

#[test]
fn what_an_earlier_run_left_is_taken_up() {
    let rest = reply(
        "206 Partial Content",
        "Content-Range: bytes 10-31/32\r\n",
        22,
        &CONTENT[10..],
    );
    check(
        vec![rest],
        Some(&CONTENT[..10]),
        Ok(()),
        &["/m 10-"],
        &["m.bin"],
    );
    // All of it was there: nothing is asked.
    check(vec![], Some(CONTENT), Ok(()), &[], &["m.bin"]);
    // More than all of it was there.
    check(
        vec![ok(CONTENT)],
        Some(&[0; 99]),
        Ok(()),
        &["/m"],
        &["m.bin"],
    );
}

#[test]
fn a_server_that_ignores_or_confuses_the_range_is_asked_for_everything() {
    check(
        vec![ok(CONTENT)],
        Some(b"old"),
        Ok(()),
        &["/m 3-"],
        &["m.bin"],
    );
    let other = reply(
        "206 Partial Content",
        "Content-Range: bytes 0-31/32\r\n",
        32,
        CONTENT,
    );
    check(
        vec![other, ok(CONTENT)],
        Some(b"old"),
        Ok(()),
        &["/m 3-", "/m"],
        &["m.bin"],
    );
    let refused = reply("416 Range Not Satisfiable", "", 0, b"");
    check(
        vec![refused, ok(CONTENT)],
        Some(b"old"),
        Ok(()),
        &["/m 3-", "/m"],
        &["m.bin"],
    );
}

#[test]
fn a_wrong_file_leaves_nothing() {
    let wrong = [b'x'; CONTENT.len()];
    check(vec![ok(&wrong)], None, Err("instead of"), &["/m"], &[]);
    check(
        vec![ok(&[0; 1000])],
        None,
        Err("has 1000 bytes instead of 32"),
        &["/m"],
        &[],
    );
    check(
        vec![reply("404 Not Found", "", 0, b"")],
        None,
        Err("answered 404"),
        &["/m"],
        &[],
    );
}

#[test]
fn a_wrong_beginning_is_thrown_away_and_the_source_asked_again() {
    let rest = reply(
        "206 Partial Content",
        "Content-Range: bytes 3-31/32\r\n",
        29,
        &CONTENT[3..],
    );
    check(
        vec![rest, ok(CONTENT)],
        Some(b"old"),
        Ok(()),
        &["/m 3-", "/m"],
        &["m.bin"],
    );
}

#[test]
fn a_source_that_stops_giving_is_left_and_its_bytes_kept() {
    let cut = reply("200 OK", "", CONTENT.len(), &CONTENT[..10]);
    let nothing = reply(
        "206 Partial Content",
        "Content-Range: bytes 10-31/32\r\n",
        22,
        b"",
    );
    check(
        vec![cut, nothing],
        None,
        Err("no source gave m.bin of the model"),
        &["/m", "/m 10-"],
        &["m.bin.part"],
    );
}

#[test]
fn the_second_source_goes_on_where_the_first_failed() {
    let cut = reply("200 OK", "", CONTENT.len(), &CONTENT[..10]);
    let (first, _) = serve(vec![cut, reply("503 Service Unavailable", "", 0, b"")]);
    let rest = reply(
        "206 Partial Content",
        "Content-Range: bytes 10-31/32\r\n",
        22,
        &CONTENT[10..],
    );
    let (second, asked) = serve(vec![rest]);
    let place = Place::new(
        &[format!("{first}/a"), format!("{second}/b")],
        Some(&hash(CONTENT)),
    );
    assert_eq!(
        place.pull().expect("pulled"),
        Pulled::Verified(format!("{second}/b"))
    );
    assert_eq!(*asked.lock().expect("no panic"), ["/b 10-"]);
    // It is not asked for again.
    assert_eq!(place.pull().expect("there"), Pulled::Present);
}

#[test]
fn an_unknown_hash_is_pinned_once_and_held_from_then_on() {
    let (source, asked) = serve(vec![ok(CONTENT), ok(&[b'x'; CONTENT.len()])]);
    let place = Place::new(&[format!("{source}/m")], None);
    // What another run or source left cannot be checked, so it is not used.
    fs::write(place.path("m.bin.part"), b"old").expect("written");
    assert_eq!(
        place.pull().expect("pulled"),
        Pulled::Pinned(format!("{source}/m"))
    );
    assert!(place.catalog().knows(&hash(CONTENT)));
    assert_eq!(place.files(), ["m.bin", "pinned.toml"]);

    fs::remove_file(place.path("m.bin")).expect("removed");
    let error = place.pull().expect_err("refused").to_string();
    assert!(
        error.contains(&format!("instead of {}", hash(CONTENT))),
        "{error}"
    );
    assert_eq!(*asked.lock().expect("no panic"), ["/m", "/m"]);
    assert_eq!(place.files(), ["pinned.toml"]);
}

#[test]
fn what_cannot_be_downloaded_is_named() {
    let place = Place::new(&[], Some(&hash(CONTENT)));
    let error = pull(&mut place.catalog(), "n", &mut |_, _| {}).expect_err("unknown");
    assert!(matches!(error, PullError::Unknown(_)), "{error}");
    assert!(matches!(place.pull(), Err(PullError::Bundled(_))));

    let place = Place::new(&["https://127.0.0.1:1/m".to_owned()], Some(&hash(CONTENT)));
    let held = File::create(place.path("m.bin.part")).expect("created");
    held.lock().expect("locked");
    assert!(matches!(place.pull(), Err(PullError::Busy(_))));
}

/// The rest of the file after ten bytes, of this version.
fn rest(etag: &str) -> Vec<u8> {
    let headers = format!("Content-Range: bytes 10-31/32\r\n{etag}");
    reply("206 Partial Content", &headers, 22, &CONTENT[10..])
}

const V1: &str = "ETag: \"v1\"\r\n";
const V2: &str = "ETag: \"v2\"\r\n";

#[test]
fn without_a_hash_a_later_run_goes_on_with_the_same_version() {
    let cut = reply("200 OK", V1, CONTENT.len(), &CONTENT[..10]);
    let refused = reply("503 Service Unavailable", "", 0, b"");
    let (source, asked) = serve(vec![cut, refused, rest(V1)]);
    let url = format!("{source}/m");
    let place = Place::new(std::slice::from_ref(&url), None);
    place.pull().expect_err("broken off");
    assert_eq!(place.files(), ["m.bin.part", "m.bin.part.toml"]);
    assert_eq!(place.pull().expect("pulled"), Pulled::Pinned(url));
    assert_eq!(fs::read(place.path("m.bin")).expect("in place"), CONTENT);
    assert_eq!(place.files(), ["m.bin", "pinned.toml"]);
    assert_eq!(
        *asked.lock().expect("no panic"),
        ["/m", "/m 10- if \"v1\"", "/m 10- if \"v1\""]
    );
}

#[test]
fn without_a_hash_versions_are_never_mixed() {
    // What lies there of version 1, what is told beside it (@ is the source), the replies, and what is asked.
    #[track_caller]
    fn check(part: &[u8], beside: &str, replies: Vec<Vec<u8>>, asked: &[&str]) {
        let (source, seen) = serve(replies);
        let url = format!("{source}/m");
        let place = Place::new(std::slice::from_ref(&url), None);
        fs::write(place.path("m.bin.part"), part).expect("written");
        let beside = beside.replace('@', &url);
        fs::write(place.path("m.bin.part.toml"), beside).expect("written");
        assert_eq!(place.pull().expect("pulled"), Pulled::Pinned(url));
        assert_eq!(fs::read(place.path("m.bin")).expect("in place"), CONTENT);
        assert_eq!(place.files(), ["m.bin", "pinned.toml"]);
        assert_eq!(*seen.lock().expect("no panic"), asked);
    }
    let v1 = "url = '@'\netag = '\"v1\"'\nsize = 32\n";
    let whole = |etag: &str| reply("200 OK", etag, CONTENT.len(), CONTENT);
    let taken_up = "/m 10- if \"v1\"";
    check(&CONTENT[..10], v1, vec![rest(V1)], &[taken_up]);
    // It was whole when the process ended.
    check(CONTENT, v1, vec![], &[]);
    // The source has another version now; it says so, or sends the range regardless, or does not say what it sends.
    check(b"0123456789", v1, vec![whole(V2)], &[taken_up]);
    check(
        b"0123456789",
        v1,
        vec![rest(V2), whole(V2)],
        &[taken_up, "/m"],
    );
    check(
        b"0123456789",
        v1,
        vec![rest(""), whole("")],
        &[taken_up, "/m"],
    );
    let other_size = v1.replace("32", "33");
    check(
        b"0123456789",
        &other_size,
        vec![rest(V1), whole(V1)],
        &[taken_up, "/m"],
    );
    // Nobody knows what it is.
    check(b"0123456789", "", vec![whole(V1)], &["/m"]);
    check(&[0; 33], v1, vec![whole(V1)], &["/m"]);
    check(
        b"0123456789",
        &v1.replace('@', "http://127.0.0.1:1/m"),
        vec![whole(V1)],
        &["/m"],
    );
}

#[test]
fn without_a_version_nothing_is_kept() {
    for etag in ["", "ETag: W/\"v1\"\r\n"] {
        let cut = reply("200 OK", etag, CONTENT.len(), &CONTENT[..10]);
        let refused = reply("503 Service Unavailable", "", 0, b"");
        let (source, asked) = serve(vec![cut, refused]);
        let place = Place::new(&[format!("{source}/m")], None);
        place.pull().expect_err("broken off");
        assert_eq!(*asked.lock().expect("no panic"), ["/m", "/m"]);
        assert_eq!(place.files(), [""; 0]);
    }
}

#[test]
fn the_source_that_began_goes_on_first() {
    let (first, asked_first) = serve(vec![]);
    let (second, asked) = serve(vec![rest(V1)]);
    let urls = [format!("{first}/a"), format!("{second}/b")];
    let place = Place::new(&urls, None);
    fs::write(place.path("m.bin.part"), &CONTENT[..10]).expect("written");
    let beside = format!("url = '{}'\netag = '\"v1\"'\nsize = 32\n", urls[1]);
    fs::write(place.path("m.bin.part.toml"), beside).expect("written");
    assert_eq!(
        place.pull().expect("pulled"),
        Pulled::Pinned(urls[1].clone())
    );
    assert!(asked_first.lock().expect("no panic").is_empty());
    assert_eq!(*asked.lock().expect("no panic"), ["/b 10- if \"v1\""]);
}

#[test]
fn a_full_disk_is_told_and_no_other_source_is_asked() {
    let (source, _) = serve(vec![ok(CONTENT)]);
    let (other, asked) = serve(vec![]);
    let urls = [format!("{source}/m"), format!("{other}/m")];
    let place = Place::new(&urls, Some(&hash(CONTENT)));
    // Whatever is written to this device finds no space (full(4)).
    std::os::unix::fs::symlink("/dev/full", place.path("m.bin.part")).expect("linked");
    let error = place.pull().expect_err("no space");
    let expected = "which needs 32 bytes in all; what is there stays for the next try";
    assert!(error.to_string().contains(expected), "{error}");
    assert!(matches!(error, PullError::NoSpace { .. }));
    assert!(asked.lock().expect("no panic").is_empty());
    assert!(!place.path("m.bin").exists());
}

#[test]
fn a_pinned_file_whose_size_was_only_about_right_can_be_had_again() {
    let (source, _) = serve(vec![ok(b"two more"), ok(b"two more")]);
    let place = Place::new(&[format!("{source}/m")], None);
    place.pull().expect("pulled");
    fs::remove_file(place.path("m.bin")).expect("removed");
    assert_eq!(
        place.pull().expect("pulled"),
        Pulled::Verified(format!("{source}/m"))
    );
}
