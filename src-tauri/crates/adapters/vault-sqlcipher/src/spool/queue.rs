//! The spool files of a vault as a queue: what this process appends, and what of all files waits, oldest first.
//! Not here: the octets of a file (`file`), and when the vault is locked (`state`).
use super::file::{self, Appended, Followed, Found, Header, Keys};
use super::origin::{NOBODY, Origin, Proof};
use super::{unproven, written};
use crate::fault::of_file;
use crate::folder::{self, Folder};
use crate::seal::PublicKey;
use crate::tables::spool_filed;
use bedside_console::ports::{StoreFault, VaultId};
use bedside_console::{Changes, SpoolPlace, SpooledBatch};
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
    /// Who signs what this process spools; `None` without a keyring.
    pub(crate) origin: Option<Origin>,
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
        let origin = self.origin.as_ref().filter(|origin| origin.vault() == vault);
        let signer = origin.map_or(NOBODY, Origin::public);
        // A rekey makes another pair of keys, a keyring that comes later another origin: then another file.
        let of = |header: &Header| (header.vault, header.public, header.origin);
        let fits = |appended: &Appended| of(&appended.header) == (vault, public, signer);
        if !self.appended.as_ref().is_some_and(fits) {
            let spools = spools(folder);
            folder::make_private(&spools)?;
            let last = files(&spools)?.into_iter().filter_map(|(header, _)| Some(header?.number)).max().unwrap_or(0);
            let number = last.checked_add(1).ok_or_else(|| StoreFault::Damaged("the number of a spool file".into()))?;
            let file = Uuid::from_bytes(random()?);
            self.appended = Some(Appended::create(&spools, Header::new(number, vault, file, public, signer))?);
        }
        let Some(appended) = self.appended.as_mut() else { return Err(StoreFault::Closed) };
        let done = appended.append(&plain, origin);
        if matches!(done, Err(StoreFault::Io(_))) {
            // After a failed flush nobody knows what a file holds: what follows goes into another one.
            self.appended = None;
        }
        done
    }

    /// The oldest batch that is not filed, and its place. What nobody is proven to have written is filed in part
    /// (`unproven`), and in batches of its own. Files that are filed, and whose writer is gone, are removed.
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
        keys: &Keys,
    ) -> Result<Option<SpooledBatch>, StoreFault> {
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
            let ours =
                keys.privates.iter().any(|key| crate::seal::public_of(key).is_ok_and(|public| public == header.public));
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
        keys: &Keys,
        header: &Header,
        path: &Path,
    ) -> Result<Option<SpooledBatch>, StoreFault> {
        let filed = spool_filed::of(db, header.file)?.unwrap_or_else(|| header.octets());
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
        let (file, mut octets) = (header.file, 0);
        let mut place = SpoolPlace { file, end: followed.at };
        let mut together = None::<SpooledBatch>;
        for _ in 0..TOGETHER {
            let (from, expected) = (followed.at, followed.expected);
            let batch = match followed.next(keys)? {
                Found::End => break,
                Found::Record { sequence, plain: Some(plain), proof } if sequence >= expected => {
                    octets += plain.len();
                    match written::from_octets(&plain).and_then(|batch| not_come_back(db, batch)) {
                        // Records are missing before it: that is told first, and filed by itself.
                        Ok(changes) if sequence == expected || self.told.contains(&(file, from)) => {
                            Some((changes, proof))
                        }
                        Ok(_) | Err(StoreFault::Damaged(_)) => None,
                        // First what is whole before it.
                        Err(_) if together.is_some() => break,
                        Err(fault) => {
                            // A later version files it; anything else is tried again.
                            if matches!(fault, StoreFault::Newer { .. }) {
                                self.not_ours.insert(file);
                            }
                            return Err(fault);
                        }
                    }
                }
                Found::Record { .. } | Found::Damaged => None,
            };
            let Some((changes, proof)) = batch else {
                if together.is_some() {
                    // First what is whole before it.
                    break;
                }
                return self.damaged(folder, &mut followed, from, expected).map(Some);
            };
            // What is proven is filed before anybody's word is measured by it, and not refused together with that.
            let is_of_one_kind = |batch: &SpooledBatch| (proof == Proof::Proven) == (batch.unproven == 0);
            if !together.as_ref().is_none_or(is_of_one_kind) {
                break;
            }
            place.end = followed.at;
            let batch = together.get_or_insert_with(|| SpooledBatch::new(place.clone()));
            batch.place.clone_from(&place);
            if proof == Proof::Proven {
                batch.changes.append(changes);
            } else {
                let (changes, refused) = unproven::allowed(db, &batch.changes, changes)?;
                if refused {
                    let octets = followed.octets(from, place.end)?;
                    set_aside(folder, &format!("refused-{file}-{from}"), &octets)?;
                }
                batch.changes.append(changes);
                batch.unproven += 1;
                batch.refused += u64::from(refused);
            }
            if octets >= TOGETHER_OCTETS {
                break;
            }
        }
        if let Some(batch) = together {
            self.followed = (followed.at == batch.place.end).then_some(followed);
            return Ok(Some(batch));
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
    ) -> Result<SpooledBatch, StoreFault> {
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
        Ok(SpooledBatch::new(SpoolPlace { file, end }))
    }

    /// A file without a readable head: one whose making was broken off goes, any other is set aside.
    fn unreadable(&mut self, folder: &Folder, path: &Path) -> Result<(), StoreFault> {
        if !file::is_left(path) {
            return Ok(());
        }
        let octets = std::fs::read(path).map_err(|error| of_file("reading a spool file", &error))?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let id = Uuid::parse_str(&name).unwrap_or_default();
        match Followed::open(path) {
            Ok(None) => return file::remove(path),
            Err(StoreFault::Newer { found, known }) => {
                return if self.not_ours.insert(id) { Err(StoreFault::Newer { found, known }) } else { Ok(()) };
            }
            Ok(Some(_)) | Err(_) => {}
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

#[cfg(test)]
mod tests;
