//! The lock of the process that serves calls. It lies beside the database, so that whoever only reads needs no lock.

use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use super::StorageError;

/// The right to serve calls with a database. One process has it at a time; given back when dropped, and by the system when
/// the process dies, so that nothing is left to clean up.
#[derive(Debug)]
pub struct ServingLock {
    _file: File,
}

impl ServingLock {
    /// Takes the lock of the database at `database`, whose folder must exist: `<database>.lock`, an empty file that stays.
    pub fn take(database: &Path) -> Result<Self, StorageError> {
        let mut name = OsString::from(database);
        name.push(".lock");
        let path = PathBuf::from(name);
        let fault = |source| StorageError::Lock {
            path: path.clone(),
            source,
        };
        // Not made anew: another process may hold the lock of the file that is there.
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fault)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StorageError::Serving {
                database: database.to_owned(),
                lock: path,
            }),
            Err(TryLockError::Error(source)) => Err(fault(source)),
        }
    }
}
