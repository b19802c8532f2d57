//! The folder of a vault: which files it has, who holds it, and how a small file is replaced without a torn state.
//! Not here: what is in the files.
use crate::fault::of_file;
use bedside_console::ports::StoreFault;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The files of one vault.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

/// The right to write. The system takes it back when the program ends, however it ends.
#[derive(Debug)]
pub(crate) struct Hold {
    _file: File,
}

/// Between two looks at a lock that another program holds.
const TRY_AGAIN: Duration = Duration::from_millis(20);
/// A key-slot file has a few hundred octets; more than this is not ours.
const MOST_SLOT_OCTETS: u64 = 64 * 1024;

impl Folder {
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The encrypted database.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("vault.db")
    }

    /// The wrapped database key.
    pub(crate) fn slots(&self) -> PathBuf {
        self.0.join("slots.json")
    }

    /// Any other file or folder of the vault.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Makes the folder, for this user only.
    pub(crate) fn make(&self) -> Result<(), StoreFault> {
        make_private(&self.0)
    }

    /// Takes the lock of the one writer.
    pub(crate) fn hold(&self) -> Result<Hold, StoreFault> {
        let fault = |error| of_file("taking the vault's lock", &error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = private(&mut options).open(self.0.join("vault.lock")).map_err(fault)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreFault::Held { holder: holder(&mut file) }),
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(fault)?;
        write!(file, "{} {}", program(), std::process::id()).map_err(fault)?;
        Ok(Hold { _file: file })
    }

    /// Waits so long for the lock under which wrong tries are counted; it is free again when the file is closed.
    pub(crate) fn hold_tries(&self, patience: Duration) -> Result<File, StoreFault> {
        let fault = |error| of_file("taking the lock of the tries", &error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = private(&mut options).open(self.0.join("tries.lock")).map_err(fault)?;
        let until = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(fault(error)),
                Err(TryLockError::WouldBlock) if Instant::now() >= until => return Err(StoreFault::TriesHeld),
                Err(TryLockError::WouldBlock) => std::thread::sleep(TRY_AGAIN),
            }
        }
    }

    /// The content of the slot file; `None` when there is none.
    pub(crate) fn read_slots(&self) -> Result<Option<Vec<u8>>, StoreFault> {
        let file = match File::open(self.slots()) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(of_file("reading slots.json", &error)),
        };
        let mut octets = Vec::new();
        file.take(MOST_SLOT_OCTETS + 1)
            .read_to_end(&mut octets)
            .map_err(|error| of_file("reading slots.json", &error))?;
        if octets.len() as u64 > MOST_SLOT_OCTETS {
            return Err(StoreFault::Damaged(format!("slots.json has more than {MOST_SLOT_OCTETS} octets")));
        }
        Ok(Some(octets))
    }

    /// Replaces the slot file: the old content or the new, never a mixture, also after a loss of power.
    pub(crate) fn write_slots(&self, octets: &[u8]) -> Result<(), StoreFault> {
        let fresh = self.0.join("slots.json.new");
        let write = || {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            let mut file = private(&mut options).open(&fresh)?;
            file.write_all(octets)?;
            file.sync_all()?;
            std::fs::rename(&fresh, self.slots())?;
            self.sync()
        };
        write().map_err(|error| of_file("writing slots.json", &error))
    }

    /// Makes an empty database file that only this user may read; SQLite gives its log files the same rights.
    pub(crate) fn make_database(&self) -> Result<(), StoreFault> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let made = private(&mut options).open(self.database()).and_then(|file| file.sync_all());
        made.and_then(|()| self.sync()).map_err(|error| of_file("making vault.db", &error))
    }

    /// Whether the database file is there, and how many octets it and its write-ahead log have.
    pub(crate) fn database_octets(&self) -> Option<u64> {
        let main = std::fs::metadata(self.database()).ok()?.len();
        Some(main + std::fs::metadata(self.0.join("vault.db-wal")).map_or(0, |log| log.len()))
    }

    /// Makes names in the folder durable. Windows has no such call and does not need it.
    fn sync(&self) -> std::io::Result<()> {
        #[cfg(unix)]
        File::open(&self.0)?.sync_all()?;
        Ok(())
    }
}

/// Makes a folder, for this user only. One that is there is left as it is.
pub(crate) fn make_private(folder: &Path) -> Result<(), StoreFault> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| of_file("making a folder of the vault", &error))
}

/// Writes a file that is not there yet, durably, for this user only.
pub(crate) fn write_new(file: &Path, octets: &[u8]) -> Result<(), StoreFault> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let written = private(&mut options).open(file).and_then(|mut file| {
        file.write_all(octets)?;
        file.sync_all()
    });
    written.map_err(|error| of_file("writing a file of the vault", &error))
}

/// Reads a file that must not be larger than `most`.
pub(crate) fn read_small(file: &Path, most: u64) -> Result<Vec<u8>, StoreFault> {
    let mut octets = Vec::new();
    let read = File::open(file).and_then(|file| file.take(most + 1).read_to_end(&mut octets));
    read.map_err(|error| of_file("reading a file of the vault", &error))?;
    if octets.len() as u64 > most {
        return Err(StoreFault::Damaged(format!("a file of the vault has more than {most} octets")));
    }
    Ok(octets)
}

/// Makes the names in a folder durable. Windows has no such call and does not need it.
pub(crate) fn sync(folder: &Path) -> Result<(), StoreFault> {
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| of_file("making the names in a folder durable", &error))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// What the holder wrote. Windows does not let others read a locked file.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(200).read_to_string(&mut text);
    let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    if read.is_err() || text.is_empty() { "another program".into() } else { text }
}

fn program() -> String {
    let path = std::env::current_exe().ok();
    let name = path.as_deref().and_then(Path::file_stem).map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "bedside".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_of_the_tries_that_another_holds_is_not_waited_for_without_end() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(place.path());
        let held = folder.hold_tries(Duration::ZERO).expect("nobody holds it");
        assert!(matches!(folder.hold_tries(Duration::ZERO), Err(StoreFault::TriesHeld)));
        drop(held);
        assert!(folder.hold_tries(Duration::ZERO).is_ok());
    }
}
