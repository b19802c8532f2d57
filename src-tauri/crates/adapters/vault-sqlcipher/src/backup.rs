//! Backups: a copy of the whole database and its slot file in a folder of its own, made beside the writer, and counted
//! only after it was opened and read through. Not here: when one is due, and how one takes the vault's place (`restore`).
//!
//! ```text
//! backups/20260318T140632Z-1234/   the time in UTC and the commits in it
//!     vault.db                     one file without a log, encrypted with the key of its time
//!     slots.json                   as it was then: who could open it
//!     backup.json                  figures and when it was verified, under a MAC of HKDF(database key, "backups")
//! ```
use crate::cipher::{self, Use};
use crate::fault::{Fault, of_file};
use crate::folder::{self, Folder};
use crate::look::{self, Figures};
use crate::slots::{DatabaseKey, Slots};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bedside_console::BackupCopy;
use bedside_console::ports::{StoreFault, VaultId};
use bedside_vitals::WallTime;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use uuid::Uuid;
use zeroize::Zeroizing;

mod thinning;
pub(crate) use thinning::superfluous;

/// Pages that are copied at once.
const PAGES_A_STEP: i32 = 200;
/// The name of a copy that is not verified yet.
const UNFINISHED: &str = ".unfinished-";
const DATABASE: &str = "vault.db";
const SLOTS: &str = "slots.json";
const MANIFEST: &str = "backup.json";
const FORMAT: u32 = 1;
/// A manifest has about a thousand octets.
const MOST_MANIFEST_OCTETS: u64 = 64 * 1024;

/// What is known of a backup without opening it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    vault: Uuid,
    at: i64,
    /// Missing where the record was not as it was written, and was copied all the same.
    verified: Option<i64>,
    schema: u32,
    generation: u64,
    octets: u64,
    rows: BTreeMap<String, u64>,
    #[serde(default)]
    mac: String,
}

/// Which copies count as backups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accept {
    /// Those that verify in every respect.
    Verified,
    /// Also those of a record that is not as it was written, in a whole file: before it is changed, it is kept as it was.
    AsFound,
}

/// Copies the vault of `folder` into `backups`, verifies the copy and gives it its name. A copy that is not accepted, or
/// for which there is no room, leaves nothing behind.
pub(crate) fn make(
    folder: &Folder,
    backups: &Path,
    vault: VaultId,
    key: &DatabaseKey,
    now: WallTime,
    accept: Accept,
) -> Result<BackupCopy, StoreFault> {
    folder::make_private(backups)?;
    remove_unfinished(backups)?;
    let needed = folder.database_octets().unwrap_or_default() + ROOM_TO_SPARE;
    if fs4::available_space(backups).is_ok_and(|free| free < needed) {
        return Err(StoreFault::DiskFull);
    }
    let unfinished = backups.join(format!("{UNFINISHED}{}", Uuid::from_u128(u128::from(now.0.cast_unsigned()))));
    let made = fill(folder, &unfinished, vault, key, now, accept).and_then(|manifest| {
        let name = unused_name(backups, now, manifest.generation);
        std::fs::rename(&unfinished, &name).map_err(|error| of_file("naming a backup", &error))?;
        folder::sync(backups)?;
        Ok(manifest.copy(name))
    });
    if made.is_err() {
        let _ = std::fs::remove_dir_all(&unfinished);
    }
    made
}

/// What must stay free beside a backup, so that recording goes on.
const ROOM_TO_SPARE: u64 = 16 * 1024 * 1024;

fn fill(
    folder: &Folder,
    into: &Path,
    vault: VaultId,
    key: &DatabaseKey,
    now: WallTime,
    accept: Accept,
) -> Result<Manifest, StoreFault> {
    folder::make_private(into)?;
    let copy = into.join(DATABASE);
    let source = copy_database(&folder.database(), key, &copy, key)?;
    // After the database: a slot file may know of more than the database it lies beside, never of less.
    let slots = folder.read_slots()?.ok_or(StoreFault::Missing)?;
    // They must hold this key: a copy that nobody's slot opens is none. Those of the first format have no such proof.
    Slots::parse(&slots)?.spool_privates(key)?;
    folder::write_new(&into.join(SLOTS), &slots)?;
    let (found, is_verified) = match accept {
        Accept::Verified => (look::through(&copy, key, Some(vault))?, true),
        Accept::AsFound => look::through_as_found(&copy, key, vault)?,
    };
    if found != source {
        return Err(StoreFault::Damaged("a backup does not hold what the vault holds".into()));
    }
    let octets = std::fs::metadata(&copy).map_err(|error| of_file("looking at a backup", &error))?.len();
    let manifest = Manifest {
        format: FORMAT,
        vault: vault.0,
        at: now.0,
        verified: is_verified.then_some(now.0),
        schema: found.schema,
        generation: found.generation,
        octets: octets + slots.len() as u64,
        rows: found.rows,
        mac: String::new(),
    }
    .signed(key)?;
    let json = serde_json::to_vec_pretty(&manifest).map_err(|_| StoreFault::Io("a backup's manifest".into()))?;
    folder::write_new(&into.join(MANIFEST), &json)?;
    folder::sync(into)?;
    Ok(manifest)
}

/// Copies one moment of a database into a new file of another key, while its writer goes on; what was copied.
pub(crate) fn copy_database(
    from: &Path,
    from_key: &DatabaseKey,
    to: &Path,
    to_key: &DatabaseKey,
) -> Result<Figures, StoreFault> {
    folder::write_new(to, &[])?;
    let source = cipher::open(from, from_key, Use::Reading)?;
    // One moment: as long as it lasts, later commits neither show nor let the copy begin again.
    source.execute_batch("BEGIN").map_err(Fault::from)?;
    let figures = look::figures(&source)?;
    let mut copy = cipher::open(to, to_key, Use::Filling)?;
    copy_pages(&source, &mut copy)?;
    drop(copy);
    drop(source);
    make_single(to, to_key)?;
    Ok(figures)
}

fn copy_pages(source: &Connection, copy: &mut Connection) -> Result<(), Fault> {
    let backup = Backup::new(source, copy)?;
    loop {
        match backup.step(PAGES_A_STEP)? {
            StepResult::Done => return Ok(()),
            // Other threads get their turn at the disk.
            StepResult::More => std::thread::yield_now(),
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Leaves one durable file without a log beside it.
pub(crate) fn make_single(file: &Path, key: &DatabaseKey) -> Result<(), StoreFault> {
    let db = cipher::open(file, key, Use::Filling)?;
    let mode: String = db.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0)).map_err(Fault::from)?;
    if mode != "delete" {
        return Err(StoreFault::Io(format!("expected a database without a log, got journal mode {mode}")));
    }
    drop(db);
    let synced = std::fs::OpenOptions::new().write(true).open(file).and_then(|file| file.sync_all());
    synced.map_err(|error| of_file("making a copy durable", &error))
}

/// The backups of a folder, newest first. `verified` only where the key proves the manifest; without a key, as it says.
pub(crate) fn list(backups: &Path, vault: Option<VaultId>, key: Option<&DatabaseKey>) -> Vec<BackupCopy> {
    let Ok(entries) = std::fs::read_dir(backups) else { return Vec::new() };
    let mut all: Vec<BackupCopy> = entries
        .flatten()
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with(UNFINISHED))
        .filter_map(|entry| {
            let manifest = read_manifest(&entry.path())?;
            if vault.is_some_and(|vault| vault.0 != manifest.vault) {
                return None;
            }
            let proven = key.is_none_or(|key| manifest.is_signed_by(key));
            let copy = manifest.copy(entry.path());
            Some(BackupCopy { verified: copy.verified.filter(|_| proven), ..copy })
        })
        .collect();
    all.sort_by(|a, b| (b.at, b.generation, &b.folder).cmp(&(a.at, a.generation, &a.folder)));
    all
}

/// Removes what is neither among the newest nor the one of its day. The one that was verified last stays always.
pub(crate) fn thin(backups: &Path, vault: VaultId, key: &DatabaseKey, now: WallTime) {
    let proven = list(backups, Some(vault), Some(key)).into_iter().find(|copy| copy.verified.is_some());
    for folder in superfluous(&list(backups, Some(vault), None), proven.as_ref(), now) {
        // What cannot be removed is tried again after the next backup.
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// The files of a backup.
pub(crate) fn files(backup: &Path) -> (PathBuf, PathBuf) {
    (backup.join(DATABASE), backup.join(SLOTS))
}

fn read_manifest(folder: &Path) -> Option<Manifest> {
    let octets = folder::read_small(&folder.join(MANIFEST), MOST_MANIFEST_OCTETS).ok()?;
    let manifest: Manifest = serde_json::from_slice(&octets).ok()?;
    (manifest.format == FORMAT).then_some(manifest)
}

/// What a run left behind that ended in the middle of a backup.
fn remove_unfinished(backups: &Path) -> Result<(), StoreFault> {
    let fault = |error| of_file("tidying up the backups", &error);
    for entry in std::fs::read_dir(backups).map_err(fault)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            std::fs::remove_dir_all(entry.path()).map_err(fault)?;
        }
    }
    Ok(())
}

fn unused_name(backups: &Path, now: WallTime, generation: u64) -> PathBuf {
    let name = format!("{}-{generation}", utc(now));
    let named = |again: u32| match again {
        0 => backups.join(&name),
        again => backups.join(format!("{name}-{again}")),
    };
    (0..).map(named).find(|path| !path.exists()).unwrap_or_else(|| backups.join(&name))
}

/// A time as part of a file name: `20260318T140632Z`.
pub(crate) fn utc(at: WallTime) -> String {
    match at.timestamp() {
        Some(time) => time.strftime("%Y%m%dT%H%M%SZ").to_string(),
        None => at.0.to_string(),
    }
}

impl Manifest {
    fn copy(&self, folder: PathBuf) -> BackupCopy {
        BackupCopy {
            folder,
            at: WallTime(self.at),
            verified: self.verified.map(WallTime),
            generation: self.generation,
            octets: self.octets,
        }
    }

    fn signed(mut self, key: &DatabaseKey) -> Result<Self, StoreFault> {
        self.mac = self.expected_mac(key).ok_or_else(|| StoreFault::Io("a backup's manifest was not signed".into()))?;
        Ok(self)
    }

    fn is_signed_by(&self, key: &DatabaseKey) -> bool {
        self.expected_mac(key).is_some_and(|mac| mac == self.mac)
    }

    fn expected_mac(&self, key: &DatabaseKey) -> Option<String> {
        let unsigned = serde_json::to_vec(&Self { mac: String::new(), ..self.clone() }).ok()?;
        let mut mac_key = Zeroizing::new([0; 32]);
        hkdf::Hkdf::<sha2::Sha256>::new(None, key.as_slice()).expand(b"backups", mac_key.as_mut_slice()).ok()?;
        // HKDF's first step is HMAC with the salt as its key (RFC 5869, 2.2).
        let (mac, _) = hkdf::Hkdf::<sha2::Sha256>::extract(Some(mac_key.as_slice()), &unsigned);
        Some(BASE64.encode(mac))
    }
}
