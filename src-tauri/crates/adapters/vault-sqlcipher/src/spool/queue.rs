//! The spool files of a vault as a queue: what this process appends, and what of all files waits, oldest first.
//! Not here: the octets of a file (`file`), and when the vault is locked (`state`).
use super::file::{self, Appended, Followed, Found, Header};
use super::written;
use crate::fault::of_file;
use crate::folder::{self, Folder};
use crate::seal::{PrivateKey, PublicKey};
use crate::tables::spool_filed;
use bedside_console::ports::{StoreFault, VaultId};
use bedside_console::{Changes, SpoolPlace};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Records that are filed together: a night of recording is filed in minutes, and a live commit waits for one of these.
const TOGETHER: usize = 64;
const TOGETHER_OCTETS: usize = 256 * 1024;

/// This process's part of the spool.
#[derive(Debug, Default)]
pub(crate) struct Spool {
    appended: Option<Appended>,
    followed: Option<Followed>,
    /// Damaged places that were told in this run: file and end.
    told: BTreeSet<(Uuid, u64)>,
    /// To what an open vault proved that the spool is sealed.
    pub(crate) proven: Option<(VaultId, PublicKey)>,
    /// Files that none of the vault's keys opens, or that a later version wrote; told in this run.
    not_ours: BTreeSet<Uuid>,
}

impl Spool {
    /// Seals changes into this process's file, which is made with the first of them. Durable when this returns.
    pub(crate) fn append(
        &mut self,
        folder: &Folder,
        vault: VaultId,
        public: PublicKey,
        changes: &Changes,
        failed: Option<Uuid>,
    ) -> Result<(), StoreFault> {
        let plain = written::to_octets(changes, failed)?;
        // A rekey makes another pair of keys: then another file.
        let fits = |appended: &Appended| appended.header.public == public && appended.header.vault == vault;
        if !self.appended.as_ref().is_some_and(fits) {
            let spools = spools(folder);
            folder::make_private(&spools)?;
            let last = files(&spools)?.into_iter().filter_map(|(header, _)| Some(header?.number)).max().unwrap_or(0);
            let number = last.checked_add(1).ok_or_else(|| StoreFault::Damaged("the number of a spool file".into()))?;
            let file = Uuid::from_bytes(random()?);
            self.appended = Some(Appended::create(&spools, Header { number, vault, file, public })?);
        }
        let Some(appended) = self.appended.as_mut() else { return Err(StoreFault::Closed) };
        let done = appended.append(&plain);
        if matches!(done, Err(StoreFault::Io(_))) {
            // After a failed flush nobody knows what a file holds: what follows goes into another one.
            self.appended = None;
        }
        done
    }

    /// The oldest batch that is not filed, and its place. Files that are filed, and whose writer is gone, are removed.
    ///
    /// # Errors
    /// `Damaged` once for each damaged place, which is set aside in `damaged/` before; the next call goes behind it, with
    /// an empty batch that files the place. `Io`, `Newer` once for a file that cannot be read with this vault's keys or by
    /// this version: it stays where it is.
    pub(crate) fn next(
        &mut self,
        folder: &Folder,
        db: &Connection,
        vault: VaultId,
        keys: &[PrivateKey],
    ) -> Result<Option<(SpoolPlace, Changes)>, StoreFault> {
        let spools = spools(folder);
        let files = files(&spools)?;
        for (header, path) in &files {
            let Some(header) = header else {
                self.unreadable(folder, path)?;
                continue;
            };
            if self.not_ours.contains(&header.file) {
                continue;
            }
            let ours = keys.iter().any(|key| crate::seal::public_of(key).is_ok_and(|public| public == header.public));
            if header.vault != vault || !ours {
                self.not_ours.insert(header.file);
                return Err(StoreFault::Io(
                    "a spool file is sealed to other keys than this vault's; it is kept".into(),
                ));
            }
            if let Some(found) = self.next_of(folder, db, keys, header, path)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn next_of(
        &mut self,
        folder: &Folder,
        db: &Connection,
        keys: &[PrivateKey],
        header: &Header,
        path: &Path,
    ) -> Result<Option<(SpoolPlace, Changes)>, StoreFault> {
        let filed = spool_filed::of(db, header.file)?.unwrap_or(file::HEADER);
        // Asked before the end is looked for: what a writer appends between the two is there to be seen.
        let left = file::is_left(path);
        let mut followed = match self.followed.take() {
            Some(followed) if followed.header == *header && followed.at == filed => followed,
            _ => {
                let Some(mut followed) = Followed::open(path)? else { return Ok(None) };
                followed.skip_to(filed)?;
                followed
            }
        };
        let (file, mut place, mut together, mut octets) = (header.file, followed.at, None::<Changes>, 0);
        for _ in 0..TOGETHER {
            let (from, expected) = (followed.at, followed.expected);
            let batch = match followed.next(keys)? {
                Found::End => break,
                Found::Record { sequence, plain: Some(plain) } if sequence >= expected => {
                    octets += plain.len();
                    match written::from_octets(&plain).and_then(|batch| not_come_back(db, batch)) {
                        // Records are missing before it: that is told first, and filed by itself.
                        Ok(changes) if sequence == expected || self.told.contains(&(file, from)) => Some(changes),
                        Ok(_) | Err(StoreFault::Damaged(_)) => None,
                        Err(fault) => {
                            self.not_ours.insert(file);
                            return Err(fault);
                        }
                    }
                }
                Found::Record { .. } | Found::Damaged => None,
            };
            match (batch, together.as_mut()) {
                (Some(batch), None) => together = Some(batch),
                (Some(batch), Some(before)) => before.append(batch),
                // First what is whole before it.
                (None, Some(_)) => {
                    return Ok(together.map(|changes| (SpoolPlace { file, end: place }, changes)));
                }
                (None, None) => return self.damaged(folder, &mut followed, from, expected).map(Some),
            }
            place = followed.at;
            if octets >= TOGETHER_OCTETS {
                break;
            }
        }
        if let Some(changes) = together {
            self.followed = Some(followed);
            return Ok(Some((SpoolPlace { file, end: place }, changes)));
        }
        drop(followed);
        self.remove_filed(header, path, left, filed)?;
        Ok(None)
    }

    /// Sets a damaged place aside and tells it; told already, it is given as an empty batch, so that it is behind us.
    fn damaged(
        &mut self,
        folder: &Folder,
        followed: &mut Followed,
        from: u64,
        expected: u64,
    ) -> Result<(SpoolPlace, Changes), StoreFault> {
        let (file, end) = (followed.header.file, followed.at);
        let missing = followed.expected.saturating_sub(expected + 1);
        if missing > 0 && self.told.insert((file, from)) {
            return Err(StoreFault::Damaged(format!("{missing} spooled batches are missing from a spool file")));
        }
        if !self.told.contains(&(file, end)) {
            let octets = followed.octets(from, end)?;
            set_aside(folder, &format!("spool-{file}-{from}"), &octets)?;
            // Only now: what could not be kept is not behind us, and is tried again.
            self.told.insert((file, end));
            let length = octets.len();
            return Err(StoreFault::Damaged(format!(
                "{length} octets of a spool file; they were set aside in damaged/"
            )));
        }
        Ok((SpoolPlace { file, end }, Changes::default()))
    }

    /// A file without a readable head: one whose making was broken off goes, any other is set aside.
    fn unreadable(&mut self, folder: &Folder, path: &Path) -> Result<(), StoreFault> {
        if !file::is_left(path) {
            return Ok(());
        }
        let octets = std::fs::read(path).map_err(|error| of_file("reading a spool file", &error))?;
        if (octets.len() as u64) < file::HEADER {
            return file::remove(path);
        }
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let id = Uuid::parse_str(&name).unwrap_or_default();
        if let Err(StoreFault::Newer { found, known }) = Followed::open(path) {
            return if self.not_ours.insert(id) { Err(StoreFault::Newer { found, known }) } else { Ok(()) };
        }
        set_aside(folder, &format!("spool-{name}"), &octets)?;
        file::remove(path)?;
        Err(StoreFault::Damaged("the head of a spool file; the file was set aside in damaged/".into()))
    }

    /// All of a file is filed: it goes, unless another process may still append to it.
    fn remove_filed(&mut self, header: &Header, path: &Path, left: bool, filed: u64) -> Result<(), StoreFault> {
        let own = self.appended.as_ref().is_some_and(|appended| appended.header == *header);
        match self.appended.take_if(|appended| own && appended.end() <= filed) {
            Some(appended) => appended.remove(),
            None if left && !own => file::remove(path),
            None => Ok(()),
        }
    }
}

fn spools(folder: &Folder) -> PathBuf {
    folder.path("spool")
}

/// All spool files in the order in which they are filed; those without a readable head first.
fn files(spools: &Path) -> Result<Vec<(Option<Header>, PathBuf)>, StoreFault> {
    let fault = |error| of_file("looking into the spool", &error);
    let entries = match std::fs::read_dir(spools) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fault(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(fault)?.path();
        if path.extension().is_some_and(|extension| extension == "spool") {
            let header = match Followed::open(&path) {
                Ok(followed) => followed.map(|followed| followed.header),
                Err(StoreFault::Damaged(_) | StoreFault::Newer { .. }) => None,
                Err(fault) => return Err(fault),
            };
            files.push((header, path));
        }
    }
    files.sort_by_key(|(header, path)| (header.map(|header| header.number), path.clone()));
    Ok(files)
}

/// A batch in place of a commit that failed and is in the database all the same, read from its log: nothing of it is left
/// to be filed.
fn not_come_back(db: &Connection, (changes, failed): (Changes, Option<Uuid>)) -> Result<Changes, StoreFault> {
    let back = match failed {
        Some(commit) => spool_filed::of(db, commit)?.is_some(),
        None => false,
    };
    Ok(if back { Changes::default() } else { changes })
}

/// Keeps damaged octets, sealed as they were: under their name all of them or none. Other octets of the same name are
/// kept beside them.
fn set_aside(folder: &Folder, name: &str, octets: &[u8]) -> Result<(), StoreFault> {
    let damaged = folder.path("damaged");
    folder::make_private(&damaged)?;
    let fault = |error| of_file("setting damaged octets aside", &error);
    let named = |again: u32| damaged.join(if again == 0 { name.to_owned() } else { format!("{name}-{again}") });
    for path in (0..).map(named) {
        match std::fs::read(&path) {
            Ok(kept) if kept == octets => return folder::sync(&damaged),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let unfinished = damaged.join(format!("{name}.unfinished"));
                // What a run left that could not write it to its end.
                let _ = std::fs::remove_file(&unfinished);
                folder::write_new(&unfinished, octets)?;
                std::fs::rename(&unfinished, &path).map_err(fault)?;
                return folder::sync(&damaged);
            }
            Err(error) => return Err(fault(error)),
        }
    }
    Ok(())
}

/// Sixteen random octets.
pub(crate) fn random() -> Result<[u8; 16], StoreFault> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(|_| StoreFault::Io("the system gave no random octets".into()))?;
    Ok(octets)
}
