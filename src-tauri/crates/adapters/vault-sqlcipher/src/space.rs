//! Room on the disk: how much there is, and a file of ballast that is given up when there is none, so that what runs can
//! be ended in order. Not here: what people are told (the console), and how a full disk is reported (`fault`).
use crate::fault::{Fault, of_file};
use crate::folder;
use crate::state::{State, lock};
use bedside_console::SafeguardReport;
use bedside_console::ports::StoreFault;
use std::path::Path;

/// Enough for a quarter of an hour of a ward's vital signs, for the audit's last entries and for emptying the log.
const BALLAST_OCTETS: usize = 8 * 1024 * 1024;
/// Below this the ballast is not made again: there it would only hasten the end.
const ENOUGH_OCTETS: u64 = 100_000_000;
const NAME: &str = "ballast";

impl State {
    /// How much room there is. Whoever may write also keeps the ballast there.
    pub(crate) fn look_for_space(&self) -> Result<SafeguardReport, StoreFault> {
        let free_octets = self.free_octets()?;
        if free_octets >= ENOUGH_OCTETS && lock(&self.hold).is_some() {
            let ballast = self.folder.path(NAME);
            if std::fs::metadata(&ballast).map_or(0, |file| file.len()) < BALLAST_OCTETS as u64 {
                make(&ballast)?;
            }
        }
        Ok(SafeguardReport::Space { free_octets })
    }

    /// Octets that are free for the vault.
    pub(crate) fn free_octets(&self) -> Result<u64, StoreFault> {
        fs4::available_space(self.folder.path("")).map_err(|error| of_file("looking for free space", &error))
    }

    /// Gives up the ballast after the disk was found full; whether there was one.
    pub(crate) fn release_ballast(&self) -> bool {
        std::fs::remove_file(self.folder.path(NAME)).is_ok()
    }
}

/// Whether a fault says that the disk is full.
pub(crate) fn is_full(fault: &Fault) -> bool {
    match fault {
        Fault::Store(fault) => *fault == StoreFault::DiskFull,
        Fault::Database(rusqlite::Error::SqliteFailure(code, _)) => {
            code.code == rusqlite::ErrorCode::DiskFull || code.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
        }
        Fault::Database(_) | Fault::Series(_) | Fault::Column(_) => false,
    }
}

/// Random octets: a file system that packs or leaves out what is empty has to give them room all the same.
fn make(ballast: &Path) -> Result<(), StoreFault> {
    let mut octets = vec![0; BALLAST_OCTETS];
    getrandom::fill(&mut octets).map_err(|_| StoreFault::Io("the system gave no random octets".into()))?;
    let _ = std::fs::remove_file(ballast);
    folder::write_new(ballast, &octets).inspect_err(|_| {
        let _ = std::fs::remove_file(ballast);
    })
}
