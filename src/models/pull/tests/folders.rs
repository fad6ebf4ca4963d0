//! Models of several files.

use super::*;

/// A model `m` of `one.bin`, whose hash is certain, and `two.txt`, of which nothing is known.
fn folder(one: &[String], two: &[String]) -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "[[model]]\nname = \"m\"\ntask = \"synthesis\"\nengine = \"kokoro\"\nlanguages = []\nlicence = \"MIT\"\n\
         notes = \"\"\naccuracy = \"\"\n\
         [[model.files]]\nfile = \"one.bin\"\nurls = {one:?}\nsize_bytes = {}\nsha256 = \"{}\"\n\
         [[model.files]]\nfile = \"two.txt\"\nurls = {two:?}\n",
        CONTENT.len(),
        hash(CONTENT)
    );
    fs::write(folder.path().join("catalog.toml"), text).expect("written");
    Place { folder }
}

fn how(pulled: Result<Vec<PulledFile>, PullError>) -> Vec<(String, Pulled)> {
    let pulled = pulled.expect("pulled");
    pulled.into_iter().map(|of| (of.file, of.how)).collect()
}

#[test]
fn a_folder_goes_on_where_it_stopped_and_each_file_has_its_mirrors() {
    let gone = || reply("404 Not Found", "", 0, b"");
    let cut = reply("200 OK", "", CONTENT.len(), &CONTENT[..10]);
    let (first, _) = serve(vec![cut, gone()]);
    let (mirror, asked) = serve(vec![rest(""), gone(), ok(b"two")]);
    let urls = |name: &str| [format!("{first}/{name}"), format!("{mirror}/{name}")];
    let (one, two) = (urls("one"), urls("two"));
    let place = folder(&one, &two[1..]);
    let mut told = Vec::new();
    let mut pull = || {
        pull(&mut place.catalog(), "m", &mut |have, whole| {
            told.push((have, whole));
        })
    };
    let error = pull()
        .expect_err("the second file is not there")
        .to_string();
    assert!(
        error.contains("no source gave two.txt of the model"),
        "{error}"
    );
    assert!(error.contains("answered 404"), "{error}");
    assert!(place.path("m/one.bin").exists());
    assert_eq!(
        how(pull()),
        [
            ("one.bin".to_owned(), Pulled::Present),
            ("two.txt".to_owned(), Pulled::Pinned(two[1].clone())),
        ]
    );
    assert_eq!(
        *asked.lock().expect("no panic"),
        ["/one 10-", "/two", "/two"]
    );
    assert_eq!(told.last(), Some(&(35, 35)));
    assert_eq!(fs::read(place.path("m/two.txt")).expect("there"), b"two");
    let pinned = fs::read_to_string(place.path("pinned.toml")).expect("written");
    assert!(pinned.contains("\"m/two.txt\" = "), "{pinned}");
    let model = place.catalog().find("m").expect("listed").clone();
    crate::models::compared(&place.path("m"), &model, &place.catalog()).expect("right");
}

#[test]
fn a_wrong_file_of_a_folder_is_not_put_in_place() {
    let (source, _) = serve(vec![ok(&[b'x'; CONTENT.len()])]);
    let place = folder(&[format!("{source}/one")], &[format!("{source}/two")]);
    let error = pull(&mut place.catalog(), "m", &mut |_, _| {}).expect_err("wrong");
    let expected = format!("instead of {}", hash(CONTENT));
    assert!(error.to_string().contains(&expected), "{error}");
    assert_eq!(fs::read_dir(place.path("m")).expect("a folder").count(), 0);
}

#[test]
fn a_file_of_unknown_size_cannot_fill_the_disk() {
    let length = (UNKNOWN_MOST + 1) as usize;
    let (source, _) = serve(vec![ok(CONTENT), reply("200 OK", "", length, b"")]);
    let place = folder(&[format!("{source}/one")], &[format!("{source}/two")]);
    let error = pull(&mut place.catalog(), "m", &mut |_, _| {}).expect_err("too much");
    let expected = format!("has {length} bytes instead of at most {UNKNOWN_MOST}");
    assert!(error.to_string().contains(&expected), "{error}");
}
