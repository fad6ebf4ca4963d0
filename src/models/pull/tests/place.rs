//! A source of scripted replies, one a connection, and a folder of models with its catalogue.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::models::{Catalog, PullError, Pulled, pull};

pub(super) const CONTENT: &[u8] = b"lmgg: a model of thirty-two byte";

pub(super) fn ok(body: &[u8]) -> Vec<u8> {
    reply("200 OK", "", body.len(), body)
}

pub(super) fn reply(status: &str, headers: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// What is asked: the path, the range after `bytes=`, and the version of which alone it is wanted.
pub(super) type Asked = Arc<Mutex<Vec<String>>>;

pub(super) fn serve(replies: Vec<Vec<u8>>) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let asked = Asked::default();
    let seen = asked.clone();
    std::thread::spawn(move || {
        for reply in replies {
            let (mut connection, _) = listener.accept().expect("a connection");
            let mut line = String::new();
            for text in BufReader::new(&connection).lines().map_while(Result::ok) {
                if text.is_empty() {
                    break;
                }
                let lower = text.to_ascii_lowercase();
                if let Some(path) = lower.strip_prefix("get ") {
                    line.push_str(path.split(' ').next().expect("a path"));
                } else if let Some(range) = lower.strip_prefix("range: bytes=") {
                    line.push_str(&format!(" {range}"));
                } else if let Some(tag) = lower.strip_prefix("if-range: ") {
                    line.push_str(&format!(" if {tag}"));
                }
            }
            seen.lock().expect("no panic").push(line);
            connection.write_all(&reply).expect("written");
        }
    });
    (format!("http://{address}"), asked)
}

pub(super) fn hash(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(super) struct Place {
    pub(super) folder: TempDir,
}

impl Place {
    pub(super) fn new(sources: &[String], sha256: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let hash = sha256.map_or(String::new(), |hash| format!("sha256 = \"{hash}\"\n"));
        let text = format!(
            "[[model]]\nname = \"m\"\ntask = \"recognition\"\nfile = \"m.bin\"\nlanguages = []\nsize_bytes = {}\n\
             licence = \"MIT\"\nurls = {sources:?}\nnotes = \"\"\naccuracy = \"\"\n{hash}",
            CONTENT.len()
        );
        fs::write(folder.path().join("catalog.toml"), text).expect("written");
        Self { folder }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn catalog(&self) -> Catalog {
        Catalog::load(&self.path("catalog.toml")).expect("sound")
    }

    pub(super) fn pull(&self) -> Result<Pulled, PullError> {
        let mut pulled = pull(&mut self.catalog(), "m", &mut |_, _| {})?;
        assert_eq!(pulled.len(), 1);
        assert_eq!(pulled[0].file, "m.bin");
        Ok(pulled.remove(0).how)
    }

    pub(super) fn files(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path()).expect("a folder");
        let mut names: Vec<String> = files
            .map(|file| {
                file.expect("a file")
                    .file_name()
                    .into_string()
                    .expect("UTF-8")
            })
            .collect();
        names.retain(|name| name != "catalog.toml");
        names.sort();
        names
    }
}
