//! The octets of a spool file: its header, and records that are written behind one another and never changed.
//! Not here: what is sealed in a record (`written`), and which files there are (`State`).
//!
//! ```text
//! header = "BEDSPOOL" | format u32 | number u64 | vault | file id | public key | origin | check      (all little endian)
//! record = "REC1" | length of what follows the check u32 | sequence u64 | check | signature | sealed octets
//! sealed = HPKE to the public key, bound to vault, file id, number and sequence
//! check  = the first four octets of SHA-256 over what stands before it, from "BEDSPOOL" or "REC1"
//! ```
//! The origin is the public key of whoever signs, zeros where nobody does (`origin`). Format 1 had neither origin nor
//! signature.
use super::origin::{self, NOBODY, Origin, Proof, SIGNATURE};
use crate::fault::of_file;
use crate::folder::{self, private};
use crate::seal::{self, PrivateKey, PublicKey};
use bedside_console::ports::{StoreFault, VaultId};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The format that this version writes.
const FORMAT: u32 = 2;
/// The first one without proof of origin.
const UNSIGNED: u32 = 1;
const MAGIC: &[u8; 8] = b"BEDSPOOL";
const MARK: &[u8; 4] = b"REC1";
/// Octets before the first record, in the first format and in this one.
const UNSIGNED_HEADER: u64 = 8 + 4 + 8 + 16 + 16 + 32 + 4;
const HEADER: u64 = UNSIGNED_HEADER + 32;
const RECORD_HEADER: usize = 4 + 4 + 8 + 4;
/// A batch of a stalled second of the heaviest ward has a few hundred kilobytes; what claims more is damaged.
const MOST_OCTETS: u32 = 256 << 20;
/// Nobody has locked a vault so often; a number above it would leave none for later files.
const MOST_NUMBER: u64 = u32::MAX as u64;
const INFO: &[u8] = b"bedside spool";

/// What a spool file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// 1 or 2.
    format: u32,
    /// Files are filed in the order of their numbers.
    pub(crate) number: u64,
    /// Whose.
    pub(crate) vault: VaultId,
    /// The file's id.
    pub(crate) file: Uuid,
    /// To what its records are sealed.
    pub(crate) public: PublicKey,
    /// Who says that they wrote it; `NOBODY` where nobody vouches.
    pub(crate) origin: PublicKey,
}

/// What opens and proves records.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// The private keys of the spool, that of now first.
    pub(crate) privates: Vec<PrivateKey>,
    /// The origins that the vault knows.
    pub(crate) origins: Vec<PublicKey>,
}

impl Header {
    /// Of a new file.
    pub(crate) const fn new(number: u64, vault: VaultId, file: Uuid, public: PublicKey, origin: PublicKey) -> Self {
        Self { format: FORMAT, number, vault, file, public, origin }
    }

    /// Octets before the first record.
    pub(crate) const fn octets(&self) -> u64 {
        if self.format == UNSIGNED { UNSIGNED_HEADER } else { HEADER }
    }

    fn to_octets(self) -> Vec<u8> {
        let (format, number) = (FORMAT.to_le_bytes(), self.number.to_le_bytes());
        let (vault, file) = (self.vault.0.as_bytes(), self.file.as_bytes());
        let said = [&MAGIC[..], &format, &number, vault, file, &self.public, &self.origin].concat();
        let check = check(&said);
        [said, check.to_vec()].concat()
    }

    /// The header at the beginning of a file; `None` when its making was never finished.
    fn parse(octets: &[u8]) -> Result<Option<Self>, StoreFault> {
        let damaged = || StoreFault::Damaged("the head of a spool file is damaged".into());
        if (octets.len() as u64) < UNSIGNED_HEADER {
            return Ok(None);
        }
        if octets[..8] != MAGIC[..] {
            return Err(damaged());
        }
        let format = u32::from_le_bytes(octets[8..12].try_into().map_err(|_| damaged())?);
        if format > FORMAT {
            return Err(StoreFault::Newer { found: format, known: FORMAT });
        }
        let length = if format == UNSIGNED { UNSIGNED_HEADER } else { HEADER };
        let Some((octets, _)) = octets.split_at_checked(length as usize) else { return Ok(None) };
        let (said, found) = octets.split_at(octets.len() - 4);
        let number = u64::from_le_bytes(said[12..20].try_into().map_err(|_| damaged())?);
        if format == 0 || found != check(said) || number > MOST_NUMBER {
            return Err(damaged());
        }
        Ok(Some(Self {
            format,
            number,
            vault: VaultId(Uuid::from_slice(&said[20..36]).map_err(|_| damaged())?),
            file: Uuid::from_slice(&said[36..52]).map_err(|_| damaged())?,
            public: said[52..84].try_into().map_err(|_| damaged())?,
            origin: if format == UNSIGNED { NOBODY } else { said[84..116].try_into().map_err(|_| damaged())? },
        }))
    }

    /// What every record is bound to, so that none can be moved within a file or into another one.
    fn bound(&self, sequence: u64) -> Vec<u8> {
        let (number, sequence) = (self.number.to_le_bytes(), sequence.to_le_bytes());
        [self.vault.0.as_bytes().as_slice(), self.file.as_bytes(), &number, &sequence].concat()
    }
}

/// The file that this process appends to. Held by a lock beside it as long as the process lives.
#[derive(Debug)]
pub(crate) struct Appended {
    pub(crate) header: Header,
    path: PathBuf,
    file: File,
    _held: File,
    end: u64,
    sequence: u64,
}

impl Appended {
    /// Makes a new file in the folder of spools.
    pub(crate) fn create(folder: &Path, header: Header) -> Result<Self, StoreFault> {
        let fault = |error| of_file("making a spool file", &error);
        let path = path(folder, header.file);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let held = private(&mut options).open(path.with_extension("hold")).map_err(fault)?;
        held.try_lock().map_err(|_| StoreFault::Io("the lock of a new spool file is taken".into()))?;
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        let mut file = private(&mut options).open(&path).map_err(fault)?;
        let begun = file.write_all(&header.to_octets()).and_then(|()| file.sync_all()).map_err(fault);
        if let Err(fault) = begun.and_then(|()| folder::sync(folder)) {
            // A file without a head is nobody's; what cannot be removed now is removed at the next opening.
            let _ = remove(&path);
            return Err(fault);
        }
        Ok(Self { header, path, file, _held: held, end: HEADER, sequence: 0 })
    }

    /// Appends one record, signed where the file has an origin: that must be `origin` then. When this returns, it is on
    /// the disk.
    ///
    /// # Errors
    /// `DiskFull` or `Io`; then nothing was appended, and what was written of it is cut off.
    pub(crate) fn append(&mut self, plain: &[u8], origin: Option<&Origin>) -> Result<(), StoreFault> {
        let bound = self.header.bound(self.sequence);
        let sealed = seal::seal(&self.header.public, INFO, &bound, plain)?;
        let signature = origin.map_or([0; SIGNATURE], |origin| origin.sign(&bound, &sealed));
        let length = u32::try_from(SIGNATURE + sealed.len()).ok().filter(|length| *length <= MOST_OCTETS);
        let length = length.ok_or_else(|| StoreFault::Refused(format!("a batch of {} octets", sealed.len())))?;
        let said = [&MARK[..], &length.to_le_bytes(), &self.sequence.to_le_bytes()].concat();
        let record = [said.as_slice(), &check(&said), &signature, &sealed].concat();
        let written = self.file.write_all(&record).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            let cut = self.file.set_len(self.end).and_then(|()| self.file.sync_data());
            return Err(of_file(if cut.is_ok() { "spooling" } else { "spooling, and cutting off" }, &error));
        }
        self.end += record.len() as u64;
        self.sequence += 1;
        Ok(())
    }

    /// Removes the file: all of it is filed.
    pub(crate) fn remove(self) -> Result<(), StoreFault> {
        let Self { path, file, .. } = self;
        drop(file);
        remove(&path)
    }

    /// Where its last record ends.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }
}

/// What lies at a place of a spool file.
#[derive(Debug)]
pub(crate) enum Found {
    /// A whole record.
    Record {
        /// Its place in the order of records, from 0.
        sequence: u64,
        /// What was sealed; `None` when no key opens it.
        plain: Option<Zeroizing<Vec<u8>>>,
        /// Who wrote it.
        proof: Proof,
    },
    /// Octets that are no record, with records behind them.
    Damaged,
    /// Nothing, or a record that was never finished: it has no receipt.
    End,
}

/// A spool file that is read.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) header: Header,
    file: File,
    /// Behind what was found last.
    pub(crate) at: u64,
    /// The sequence of the record that should come next.
    pub(crate) expected: u64,
}

impl Followed {
    /// Opens a file; `None` when its making was never finished.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, StoreFault> {
        let fault = |error| of_file("reading a spool file", &error);
        let mut file = File::open(path).map_err(fault)?;
        let mut head = Vec::new();
        (&mut file).take(HEADER).read_to_end(&mut head).map_err(fault)?;
        let header = Header::parse(&head)?;
        Ok(header.map(|header| Self { header, file, at: header.octets(), expected: 0 }))
    }

    /// Goes to the first record behind `place`, counting those before it.
    pub(crate) fn skip_to(&mut self, place: u64) -> Result<(), StoreFault> {
        while self.at < place {
            if matches!(self.next(&Keys::default())?, Found::End) {
                break;
            }
        }
        Ok(())
    }

    /// What lies at `at`, which moves behind it. Opened with the first of the keys that fits, proven by any of the origins.
    pub(crate) fn next(&mut self, keys: &Keys) -> Result<Found, StoreFault> {
        let fault = |error| of_file("reading a spool file", &error);
        let length = self.file.metadata().map_err(fault)?.len();
        if length < self.at + RECORD_HEADER as u64 {
            return Ok(Found::End);
        }
        let Some((octets, sequence)) = self.record_at(self.at, length)? else {
            return self.damaged(length);
        };
        let end = self.at + RECORD_HEADER as u64 + u64::from(octets);
        if end > length {
            return Ok(Found::End);
        }
        let mut body = vec![0; octets as usize];
        self.file.seek(SeekFrom::Start(self.at + RECORD_HEADER as u64)).map_err(fault)?;
        self.file.read_exact(&mut body).map_err(fault)?;
        let (plain, proof) = self.open_record(&body, sequence, keys);
        self.at = end;
        self.expected = sequence + 1;
        Ok(Found::Record { sequence, plain, proof })
    }

    /// What was sealed, and who wrote it. A record that is not of whom its file names is not opened.
    fn open_record(&self, body: &[u8], sequence: u64, keys: &Keys) -> (Option<Zeroizing<Vec<u8>>>, Proof) {
        let bound = self.header.bound(sequence);
        let open = |sealed: &[u8]| keys.privates.iter().find_map(|key| seal::open(key, INFO, &bound, sealed));
        if self.header.format == UNSIGNED {
            return (open(body), Proof::Unproven);
        }
        let Some((signature, sealed)) = body.split_first_chunk::<SIGNATURE>() else { return (None, Proof::Wrong) };
        match origin::prove(&keys.origins, &self.header.origin, &bound, sealed, signature) {
            Proof::Wrong => (None, Proof::Wrong),
            proof => (open(sealed), proof),
        }
    }

    /// The octets between two places, to be set aside.
    pub(crate) fn octets(&mut self, from: u64, until: u64) -> Result<Vec<u8>, StoreFault> {
        let fault = |error| of_file("reading a spool file", &error);
        let mut octets = Vec::new();
        self.file.seek(SeekFrom::Start(from)).map_err(fault)?;
        (&mut self.file).take(until.saturating_sub(from)).read_to_end(&mut octets).map_err(fault)?;
        Ok(octets)
    }

    /// Goes behind octets that are no record: to the next record, or to the end of the file.
    fn damaged(&mut self, length: u64) -> Result<Found, StoreFault> {
        let rest = self.octets(self.at, length)?;
        // Space that was given to the file and never written.
        if rest.iter().all(|octet| *octet == 0) {
            return Ok(Found::End);
        }
        let marks = rest.windows(MARK.len()).enumerate().skip(1).filter(|(_, octets)| octets == MARK);
        let places: Vec<u64> = marks.map(|(place, _)| self.at + place as u64).collect();
        for place in places {
            if self.record_at(place, length)?.is_some_and(|(_, sequence)| sequence >= self.expected) {
                self.at = place;
                return Ok(Found::Damaged);
            }
        }
        self.at = length;
        Ok(Found::Damaged)
    }

    /// The length and sequence that a record's head at `place` names; `None` when there is none.
    fn record_at(&mut self, place: u64, length: u64) -> Result<Option<(u32, u64)>, StoreFault> {
        if length < place + RECORD_HEADER as u64 {
            return Ok(None);
        }
        let head = self.octets(place, place + RECORD_HEADER as u64)?;
        let (said, found) = head.split_at(RECORD_HEADER - 4);
        let whole = said[..4] == MARK[..] && found == check(said);
        let (Ok(octets), Ok(sequence)) = (said[4..8].try_into(), said[8..16].try_into()) else { return Ok(None) };
        let (octets, sequence) = (u32::from_le_bytes(octets), u64::from_le_bytes(sequence));
        Ok((whole && octets <= MOST_OCTETS).then_some((octets, sequence)))
    }
}

/// Where a spool file lies.
pub(crate) fn path(folder: &Path, file: Uuid) -> PathBuf {
    folder.join(format!("{file}.spool"))
}

/// Whether the process that wrote a file is gone.
pub(crate) fn is_left(path: &Path) -> bool {
    match File::open(path.with_extension("hold")) {
        Ok(held) => !matches!(held.try_lock(), Err(TryLockError::WouldBlock)),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Removes a file and its lock.
pub(crate) fn remove(path: &Path) -> Result<(), StoreFault> {
    for path in [path.to_owned(), path.with_extension("hold")] {
        match std::fs::remove_file(path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(of_file("removing a spool file", &error)),
        }
    }
    Ok(())
}

fn check(octets: &[u8]) -> [u8; 4] {
    let hash = Sha256::digest(octets);
    [hash[0], hash[1], hash[2], hash[3]]
}
