//! A file that holds health data, written where a person chose: readable by its owner alone, where the system knows of
//! that.
//! Not here: choosing the place, and what is written.
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::{Path, PathBuf};

/// Names that are tried for the file beside it.
const MOST_NAMES: u32 = 100;

/// Writes the whole file; one that is there is replaced, as the person was asked. Whoever could read that one cannot
/// read this one: it is a new file that takes the other's place once it is whole, and a failure leaves what was there.
pub(crate) fn write(path: &Path, octets: &[u8]) -> Result<()> {
    let (beside, mut file) = new_beside(path)?;
    let written = file.write_all(octets).and_then(|()| file.sync_all());
    // It must be closed before it is moved, where the system asks for that.
    drop(file);
    let moved = written.and_then(|()| std::fs::rename(&beside, path));
    if moved.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    moved?;
    sync_folder(path)
}

/// A file in the same folder that was not there, for its owner alone.
fn new_beside(path: &Path) -> Result<(PathBuf, File)> {
    let name = path.file_name().ok_or_else(|| Error::new(ErrorKind::InvalidInput, "expected the name of a file"))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for number in 0..MOST_NAMES {
        let mut beside = OsString::from(".");
        beside.push(name);
        beside.push(format!(".{number}.part"));
        let beside = path.with_file_name(beside);
        match options.open(&beside) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (beside, file)),
        }
    }
    Err(Error::new(ErrorKind::AlreadyExists, "expected a free name beside the file"))
}

/// That it has the name now is on the disk too, where a folder can be told to.
fn sync_folder(path: &Path) -> Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        write(&path, b"a longer text").unwrap();
        write(&path, b"short").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"short");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_but_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        write(&path, b"x").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn what_everybody_could_read_before_nobody_else_reads_after() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        std::fs::write(&path, b"an older export").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let mut opened_before = File::open(&path).unwrap();
        write(&path, b"health data").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mut read = String::new();
        std::io::Read::read_to_string(&mut opened_before, &mut read).unwrap();
        assert_eq!(read, "an older export", "whoever had the other one open reads that one");
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a folder");
        std::fs::create_dir(&path).unwrap();
        assert!(write(&path, b"x").is_err(), "a folder is there");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
