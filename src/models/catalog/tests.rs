//! What a catalogue holds, and what is refused.

use super::*;

fn load(text: &str) -> Result<Catalog, CatalogError> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("catalog.toml");
    std::fs::write(&file, text).expect("written");
    Catalog::load(&file)
}

const MODEL: &str = "[[model]]\nname = \"a\"\ntask = \"recognition\"\nfile = \"a.bin\"\nlanguages = []\nlicence = \"MIT\"\nurls = []\nnotes = \"\"\naccuracy = \"\"\nsize_bytes = 1\n";

#[test]
fn the_catalogue_that_is_shipped_is_sound() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalog = Catalog::load(&root.join("models/catalog.toml")).expect("sound");
    let demo = catalog.find("yingda-zh-demo").expect("bundled");
    let length = catalog.path_of(demo).metadata().map(|file| file.len());
    assert_eq!(length.ok(), demo.files[0].size_bytes);
    for model in catalog.models().iter().filter(|model| !model.bundled) {
        for file in &model.files {
            let on = |host: &str| {
                let mut urls = file.urls.iter();
                urls.any(|url| url.starts_with(&format!("https://{host}/")))
            };
            let name = (&model.name, &file.file);
            assert!(on("huggingface.co"), "{name:?}");
            assert!(on("hf-mirror.com") || on("modelscope.cn"), "{name:?}");
        }
    }
    for task in [
        Task::Recognition,
        Task::Embedding,
        Task::Mood,
        Task::Synthesis,
    ] {
        assert!(catalog.models().iter().any(|model| model.task == task));
    }
}

#[test]
fn faults_are_named() {
    let check = |text: &str, expected: &str| {
        let error = load(text).expect_err("refused").to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(&MODEL.replace("notes", "nope"), "unknown field `nope`");
    check(&format!("{MODEL}{MODEL}"), "model[1] `a` stands twice");
    check(
        &MODEL.replace("a.bin", "../a.bin"),
        "has a `file` that is no plain file name",
    );
    check(
        &MODEL.replace("urls = []", "urls = [\"ftp://x\"]"),
        "has a URL that is not https",
    );
    check(
        &format!("{MODEL}sha256 = \"12\"\n"),
        "64 hexadecimal digits",
    );
    check(
        &MODEL.replace("name = \"a\"", "name = \"a/b\""),
        "has a `name` that is no plain file name",
    );
    check(
        &MODEL.replace("recognition", "synthesis"),
        "has an `engine` that is for another task",
    );
    check(
        &format!(
            "{}sha256 = \"{}\"\n",
            MODEL.replace("size_bytes = 1\n", ""),
            "ab".repeat(32)
        ),
        "has a `sha256` without `size_bytes`",
    );
    let either = "must have either `file` and `urls` or `files`";
    check(&MODEL.replace("file = \"a.bin\"\n", ""), either);
    check(&format!("{MODEL}{FILES}"), either);
    check(&FOLDER.replace("two.txt", "one.bin"), "stands twice");
    check(
        &FOLDER.replace("two.txt", "sub/two.txt"),
        "has a `file` that is no plain file name",
    );
}

const FILES: &str = "[[model.files]]\nfile = \"one.bin\"\nurls = []\nsize_bytes = 3\n\
                     [[model.files]]\nfile = \"two.txt\"\nurls = []\n";

const FOLDER: &str = "[[model]]\nname = \"a\"\ntask = \"recognition\"\nengine = \"sense-voice\"\nlanguages = []\nlicence = \"MIT\"\nnotes = \"\"\naccuracy = \"\"\n[[model.files]]\nfile = \"one.bin\"\nurls = []\nsize_bytes = 3\n[[model.files]]\nfile = \"two.txt\"\nurls = []\n";

#[test]
fn a_model_of_several_files_is_a_folder_of_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("catalog.toml");
    std::fs::write(&file, FOLDER).expect("written");
    let mut catalog = Catalog::load(&file).expect("sound");
    let model = catalog.find("a").expect("listed").clone();
    let path = folder.path().join("a");
    assert_eq!(catalog.path_of(&model), path);
    assert_eq!(catalog.named_like(&path), Some(&model));
    assert_eq!((model.size(), model.memory.as_str()), (None, NOT_KNOWN));
    assert!(!catalog.is_here(&model));
    std::fs::create_dir(&path).expect("created");
    std::fs::write(path.join("one.bin"), "one").expect("written");
    assert!(!catalog.is_here(&model));
    std::fs::write(path.join("two.txt"), "two").expect("written");
    assert!(catalog.is_here(&model));
    catalog
        .pin(&model, &model.files[1], "ABC")
        .expect("written");
    let again = Catalog::load(&file).expect("sound");
    assert_eq!(again.hash_of(&model, &model.files[1]), Some("abc"));
    assert_eq!(again.hash_of(&model, &model.files[0]), None);
}

#[test]
fn a_pinned_hash_is_remembered() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("catalog.toml");
    std::fs::write(&file, MODEL).expect("written");
    let mut catalog = Catalog::load(&file).expect("sound");
    assert!(!catalog.knows("abc"));
    let model = catalog.find("a").expect("listed").clone();
    catalog
        .pin(&model, &model.files[0], "abc")
        .expect("written");
    assert!(Catalog::load(&file).expect("sound").knows("abc"));
}

#[test]
fn what_another_process_pinned_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("catalog.toml");
    let other = MODEL.replace("\"a", "\"b");
    std::fs::write(&file, format!("{MODEL}{other}")).expect("written");
    let mut one = Catalog::load(&file).expect("sound");
    let mut two = Catalog::load(&file).expect("sound");
    let pin = |catalog: &mut Catalog, name: &str, hash: &str| {
        let model = catalog.find(name).expect("listed").clone();
        catalog.pin(&model, &model.files[0], hash).expect("written");
    };
    pin(&mut one, "a", "abc");
    pin(&mut two, "b", "def");
    let both = Catalog::load(&file).expect("sound");
    assert!(both.knows("abc") && both.knows("def"));
}

#[test]
fn a_hash_in_capitals_is_the_same_hash() {
    let hash = "AB".repeat(32);
    let catalog = load(&format!("{MODEL}sha256 = \"{hash}\"\n")).expect("sound");
    assert!(catalog.knows(&hash.to_lowercase()));

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("catalog.toml");
    std::fs::write(&file, MODEL).expect("written");
    let pinned = format!("[sha256]\na = \"{hash}\"\n");
    std::fs::write(folder.path().join(PINNED), pinned).expect("written");
    assert!(
        Catalog::load(&file)
            .expect("sound")
            .knows(&hash.to_lowercase())
    );
}
