//! A small file written whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

/// Gives `file` this content. Whoever reads it, even after a crash, finds the old content or the new. Who may read it stays
/// as it is.
pub fn replace(file: &Path, content: &str) -> io::Result<()> {
    let mut fresh = file.as_os_str().to_owned();
    // Two processes must not write into one another's file.
    fresh.push(format!(".{}.new", std::process::id()));
    let written = File::create(&fresh)
        .and_then(|mut fresh| {
            // Before there is anything to read: a configuration holds passwords.
            if let Ok(old) = fs::metadata(file) {
                fresh.set_permissions(old.permissions())?;
            }
            fresh.write_all(content.as_bytes())?;
            fresh.sync_all()
        })
        .and_then(|()| fs::rename(&fresh, file));
    if let Err(error) = written {
        // What was begun is of no use; that it cannot be removed is not the error to tell.
        let _ = fs::remove_file(&fresh);
        return Err(error);
    }
    // The new name is on the disk only when the folder is.
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_old_content_or_the_new_and_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.toml");
        let names = || fs::read_dir(folder.path()).expect("a folder").count();
        replace(&file, "a").expect("written");
        // A reader that opened the old file goes on reading it.
        let old = File::open(&file).expect("there");
        replace(&file, "longer").expect("written");
        assert_eq!(io::read_to_string(old).expect("UTF-8"), "a");
        assert_eq!(fs::read_to_string(&file).expect("UTF-8"), "longer");
        assert_eq!(names(), 1);
        let mode = || fs::metadata(&file).expect("there").permissions().mode() & 0o777;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("set");
        replace(&file, "secret").expect("written");
        assert_eq!(mode(), 0o600);
        // In place of a folder no file can be put.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).expect("created");
        replace(&taken, "b").expect_err("refused");
        assert_eq!(names(), 2);
    }
}
