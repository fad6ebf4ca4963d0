//! The rules of the house that the compiler does not know: layers, file sizes, module docs, banned words.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// From the vocabulary up. A module may use modules of the layers that [`may_use`] names.
const LAYERS: &[&[&str]] = &[
    &[
        "action",
        "audio",
        "call",
        "clock",
        "entry",
        "ids",
        "mood",
        "phone_number",
        "pii",
        "text",
        "transcript",
    ],
    &[
        "conversation",
        "escalation",
        "knowledge",
        "media",
        "routing",
    ],
    &[
        "asr",
        "embedding",
        "inference",
        "llm",
        "models",
        "recording",
        "remote",
        "retrieval",
        "sandbox",
        "sentiment",
        "storage",
        "telemetry",
        "tts",
        "webhooks",
    ],
    &[
        "acd",
        "console",
        "media_plane",
        "publishing",
        "session",
        "simulator",
        "sip",
    ],
    &["app", "cli", "config"],
];

/// Arrows between rooms of one layer, `(from, to)`.
const SIDEWAYS: &[(&str, &str)] = &[
    ("asr", "inference"),
    ("asr", "models"),
    ("tts", "inference"),
    ("tts", "models"),
    ("llm", "remote"),
    ("retrieval", "remote"),
    ("webhooks", "remote"),
    ("cli", "app"),
    ("cli", "config"),
    ("app", "config"),
    ("conversation", "escalation"),
    ("retrieval", "embedding"),
    ("sentiment", "embedding"),
    ("console", "publishing"),
    ("session", "acd"),
    ("session", "media_plane"),
    ("session", "sip"),
    ("acd", "media_plane"),
    ("acd", "sip"),
    ("simulator", "sip"),
    ("simulator", "media_plane"),
];

/// The longest a source file may be, in lines; 400 is what to aim for.
const LONGEST_FILE: usize = 800;

fn may_use(from: usize, to: usize) -> bool {
    match from {
        // Machines and engines see the vocabulary and never each other.
        0 => false,
        1 | 2 => to == 0,
        3 => to < 3,
        _ => to < from,
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources(folder: &str) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    rust_files(&root().join(folder), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            let name = path
                .strip_prefix(root())
                .expect("the path is below the root");
            (name.display().to_string(), text)
        })
        .collect()
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The top-level module a file belongs to; `None` for the crate's roots.
fn module_of(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("src/")?;
    match inside.split_once('/') {
        Some((module, _)) => Some(module),
        None => match inside.strip_suffix(".rs")? {
            "lib" | "main" => None,
            module => Some(module),
        },
    }
}

/// Every `crate::x` in code, with its line; the names inside `crate::{a, b}` too.
fn crate_uses(text: &str) -> Vec<(usize, String)> {
    let code: String = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut uses = Vec::new();
    for (offset, _) in code.match_indices("crate::") {
        if code[..offset]
            .ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$')
        {
            continue;
        }
        let line = code[..offset].matches('\n').count() + 1;
        let rest = &code[offset + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for symbol in group.chars() {
                match symbol {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => uses.push((line, std::mem::take(&mut name))),
                    _ if depth == 0 => name.push(symbol),
                    _ => {}
                }
            }
            uses.push((line, name));
        } else {
            uses.push((line, rest.to_owned()));
        }
    }
    uses.into_iter()
        .map(|(line, path)| {
            let head: String = path
                .trim()
                .chars()
                .take_while(|symbol| symbol.is_alphanumeric() || *symbol == '_')
                .collect();
            (line, head)
        })
        .filter(|(_, head)| !head.is_empty())
        .collect()
}

#[test]
fn arrows_point_down() {
    let mut faults = Vec::new();
    for (file, text) in sources("src") {
        let Some(from) = module_of(&file) else {
            continue;
        };
        let Some(from_layer) = layer_of(from) else {
            faults.push(format!(
                "{file}: module `{from}` is in no layer of tests/tidy.rs"
            ));
            continue;
        };
        for (line, to) in crate_uses(&text) {
            let Some(to_layer) = layer_of(&to) else {
                continue;
            };
            let allowed = from == to
                || may_use(from_layer, to_layer)
                || (from_layer == 0 && to_layer == 0)
                || SIDEWAYS.contains(&(from, to.as_str()));
            if !allowed {
                faults.push(format!(
                    "{file}:{line}: `{from}` (layer {from_layer}) uses `{to}` (layer {to_layer})"
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_room_of_the_table_exists() {
    let present: BTreeMap<String, ()> = sources("src")
        .iter()
        .filter_map(|(file, _)| module_of(file).map(|module| (module.to_owned(), ())))
        .collect();
    let missing: Vec<_> = LAYERS
        .iter()
        .flat_map(|layer| layer.iter())
        .filter(|module| !present.contains_key(**module))
        .collect();
    assert!(
        missing.is_empty(),
        "in the layer table and not in src/: {missing:?}"
    );
}

#[test]
fn files_stay_short() {
    let long: Vec<_> = sources("src")
        .into_iter()
        .chain(sources("tests"))
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .collect();
    assert!(
        long.is_empty(),
        "longer than {LONGEST_FILE} lines: {long:?}"
    );
}

#[test]
fn modules_have_docs() {
    let bare: Vec<_> = sources("src")
        .into_iter()
        .chain(sources("tests"))
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(file, _)| file)
        .collect();
    assert!(bare.is_empty(), "without `//!` at the top: {bare:?}");
}

#[test]
fn machines_are_not_async_and_do_no_io() {
    const BANNED: &[&str] = &[
        "async fn",
        "tokio::",
        "std::fs",
        "std::net::Udp",
        "std::net::Tcp",
        "std::thread",
        "std::process",
        "std::env",
        "ProcessClock",
    ];
    let mut faults = Vec::new();
    for (file, text) in sources("src") {
        let Some(layer) = module_of(&file).and_then(layer_of) else {
            continue;
        };
        if layer != 1 {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            for banned in BANNED.iter().filter(|banned| line.contains(**banned)) {
                faults.push(format!("{file}:{}: `{banned}` in a machine", number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn nothing_is_left_undone() {
    // Written in two halves so that this file does not find itself.
    let marks = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("#[", "ignore"),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("thread::", "sleep("),
        concat!("time::", "sleep("),
    ];
    // Waiting for an event has a deadline somewhere; these files wait on behalf of a clock that they own.
    const MAY_WAIT: &[&str] = &[
        "src/app/",
        "src/media_plane/",
        "src/retrieval/qdrant/keeper.rs",
        "src/simulator/",
        "src/session/",
        "src/sip/",
        // Between two tries, while the caller waits.
        "src/webhooks/client.rs",
    ];
    let mut faults = Vec::new();
    for (file, text) in sources("src").into_iter().chain(sources("tests")) {
        for (number, line) in text.lines().enumerate() {
            for mark in marks.iter().filter(|mark| line.contains(**mark)) {
                if mark.contains("sleep") && MAY_WAIT.iter().any(|folder| file.starts_with(folder))
                {
                    continue;
                }
                faults.push(format!("{file}:{}: `{mark}`", number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_reader_of_arrows_sees_every_form() {
    let text = "use crate::audio::Pcm;\nuse crate::{\n    call::{Digit, Party},\n    ids,\n};\n// crate::sip\nfn f(_: crate::pii::Pii<u8>) {}\n";
    let heads: Vec<_> = crate_uses(text).into_iter().map(|(_, head)| head).collect();
    assert_eq!(heads, ["audio", "call", "ids", "pii"]);
}
