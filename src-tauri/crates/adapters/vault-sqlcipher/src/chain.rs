//! The chain of the audit log: which octets of an entry are hashed, and following the chain from its first entry.
//! Not here: the table (`tables::audit`), and the keys behind digests and signatures (`keyed`).
//!
//! ```text
//! field     = 0x00 for nothing, or 0x01 | length of the octets (4, most significant first) | octets
//! octets    = "bedside audit 1" | the fields in the order of `Columns`; integers as 8 octets (two's complement, most
//!             significant first), ids as 16 octets, words as UTF-8
//! hash      = SHA-256(hash of the entry before | octets); before the first: SHA-256("bedside audit 1" | vault id)
//! signature = Ed25519("bedside audit checkpoint 1" | vault id | seq (8 octets) | hash)
//! ```
use crate::fault::Fault;
use crate::keyed;
use crate::tables::digest::{self, AUDIT};
use crate::tables::{audit, audit_checkpoint, meta};
use crate::tally;
use bedside_console::{Anchor, AuditFaultKind, AuditVerdict};
use ed25519_dalek::{Signature, VerifyingKey};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use uuid::Uuid;

const DOMAIN: &[u8] = b"bedside audit 1";
const CHECKPOINT: &[u8] = b"bedside audit checkpoint 1";

/// A checkpoint is signed with every entry whose place is a multiple of this.
pub(crate) const ENTRIES_A_CHECKPOINT: u64 = 100;

/// An entry as its columns hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) seq: u64,
    pub(crate) at: i64,
    pub(crate) boot_ns: Option<i64>,
    pub(crate) boot_id: Option<String>,
    pub(crate) run: Option<Uuid>,
    pub(crate) version: Option<String>,
    pub(crate) actor: Option<Uuid>,
    pub(crate) roles: String,
    pub(crate) action: String,
    pub(crate) patient: Option<Uuid>,
    pub(crate) device: Option<Uuid>,
    pub(crate) clinician: Option<Uuid>,
    pub(crate) count: Option<u32>,
    pub(crate) purpose: String,
    pub(crate) outcome: String,
    pub(crate) reason: Option<String>,
}

/// What stands before the first entry.
pub(crate) fn genesis(vault: Uuid) -> [u8; 32] {
    Sha256::new().chain_update(DOMAIN).chain_update(vault.as_bytes()).finalize().into()
}

/// The hash of an entry behind the one whose hash is `before`.
pub(crate) fn hash(before: &[u8; 32], entry: &Columns) -> [u8; 32] {
    Sha256::new().chain_update(before).chain_update(canonical(entry)).finalize().into()
}

/// What a checkpoint signs.
pub(crate) fn checkpoint_octets(vault: Uuid, seq: u64, hash: &[u8; 32]) -> Vec<u8> {
    [CHECKPOINT, vault.as_bytes(), &seq.to_be_bytes(), hash].concat()
}

fn canonical(entry: &Columns) -> Vec<u8> {
    let Columns {
        seq,
        at,
        boot_ns,
        boot_id,
        run,
        version,
        actor,
        roles,
        action,
        patient,
        device,
        clinician,
        count,
        purpose,
        outcome,
        reason,
    } = entry;
    let mut octets = DOMAIN.to_vec();
    let mut field = |value: Option<&[u8]>| match value {
        None => octets.push(0),
        Some(value) => {
            octets.push(1);
            octets.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
            octets.extend(value);
        }
    };
    field(Some(&seq.to_be_bytes()));
    field(Some(&at.to_be_bytes()));
    field(boot_ns.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
    field(boot_id.as_deref().map(str::as_bytes));
    field(run.as_ref().map(|id| id.as_bytes().as_slice()));
    field(version.as_deref().map(str::as_bytes));
    field(actor.as_ref().map(|id| id.as_bytes().as_slice()));
    field(Some(roles.as_bytes()));
    field(Some(action.as_bytes()));
    field(patient.as_ref().map(|id| id.as_bytes().as_slice()));
    field(device.as_ref().map(|id| id.as_bytes().as_slice()));
    field(clinician.as_ref().map(|id| id.as_bytes().as_slice()));
    field(count.map(|count| i64::from(count).to_be_bytes()).as_ref().map(<[u8; 8]>::as_slice));
    field(Some(purpose.as_bytes()));
    field(Some(outcome.as_bytes()));
    field(reason.as_deref().map(str::as_bytes));
    octets
}

/// Follows the chain from its first entry to the first bad one. Besides the hashes it looks at the keyed digest of each
/// entry, which somebody who can write hashes anew cannot make; at the signed checkpoints, of which every
/// `ENTRIES_A_CHECKPOINT`th entry must have one; at the number of entries that the commits counted; and at the anchor.
///
/// Any connection of ours that was equipped with the keys will do, also one that only reads.
pub(crate) fn verify(db: &Connection, anchor: Option<&Anchor>) -> Result<AuditVerdict, Fault> {
    let known = Known::read(db, anchor)?;
    let mut place = Place::before_all(known.vault);
    known.follow(db, &mut place)
}

/// What is known of the log besides its entries.
struct Known<'a> {
    vault: Uuid,
    public: [u8; 32],
    checkpoints: BTreeMap<u64, audit_checkpoint::Checkpoint>,
    /// Entries that the commits counted, and the sum of their digests.
    counted: u64,
    sum: [u8; 32],
    anchor: Option<&'a Anchor>,
}

/// How far the chain was followed.
#[derive(Clone, Debug)]
struct Place {
    /// The last entry, 0 before the first.
    seq: u64,
    /// Its hash.
    before: [u8; 32],
    /// Of the digests of the entries so far.
    sum: [u8; 32],
}

type Bad = Option<(u64, AuditFaultKind)>;

impl Place {
    fn before_all(vault: Uuid) -> Self {
        Self { seq: 0, before: genesis(vault), sum: [0; 32] }
    }
}

impl<'a> Known<'a> {
    fn read(db: &Connection, anchor: Option<&'a Anchor>) -> Result<Self, Fault> {
        let checkpoints =
            audit_checkpoint::all(db)?.into_iter().map(|checkpoint| (checkpoint.seq, checkpoint)).collect();
        let (counted, sum) = digest::of_table(db, AUDIT)?.unwrap_or_default();
        Ok(Self { vault: meta::vault(db)?, public: keyed::public_key(db)?, checkpoints, counted, sum, anchor })
    }

    /// From a place to the first bad entry behind it, or to the end.
    fn follow(&self, db: &Connection, place: &mut Place) -> Result<AuditVerdict, Fault> {
        let mut bad = None;
        audit::each(db, place.seq, |row| {
            bad = self.step(place, row);
            Ok(bad.is_none())
        })?;
        if let Some((seq, fault)) = bad.or_else(|| self.end(place)) {
            return Ok(AuditVerdict::Bad { seq, fault });
        }
        let signed = self.checkpoints.keys().next_back().copied().unwrap_or_default();
        Ok(AuditVerdict::Sound { entries: place.seq, signed })
    }

    fn step(&self, place: &mut Place, row: audit::ChainRow) -> Bad {
        place.seq += 1;
        let seq = place.seq;
        // An entry that cannot be read as one is not what was written.
        let Some(columns) = row.columns else { return Some((seq, AuditFaultKind::Altered)) };
        if columns.seq > seq {
            return Some((seq, AuditFaultKind::Missing));
        }
        let hash = hash(&place.before, &columns);
        let linked = columns.seq == seq && row.prev == place.before && row.hash == hash;
        if !linked || !row.digest_fits || seq > self.counted {
            return Some((seq, AuditFaultKind::Altered));
        }
        match self.checkpoints.get(&seq) {
            Some(checkpoint) if !self.is_signed(checkpoint, &hash) => return Some((seq, AuditFaultKind::Signature)),
            None if seq.is_multiple_of(ENTRIES_A_CHECKPOINT) => return Some((seq, AuditFaultKind::Signature)),
            Some(_) | None => {}
        }
        if let Some(anchor) = self.anchor
            && anchor.audit_seq == seq
        {
            if anchor.audit_head != hash {
                return Some((seq, AuditFaultKind::Altered));
            }
            if anchor.public_key != self.public {
                return Some((seq, AuditFaultKind::Signature));
            }
        }
        place.before = hash;
        place.sum = tally::add(place.sum, row.digest);
        None
    }

    /// What is known to have been there and is not.
    fn end(&self, place: &Place) -> Bad {
        let last_signed = self.checkpoints.keys().next_back().copied().unwrap_or_default();
        let anchored = self.anchor.map_or(0, |anchor| anchor.audit_seq);
        let known = last_signed.max(self.counted).max(anchored);
        // A count that was made to fit has not the sum that fits.
        (known > place.seq || place.sum != self.sum).then_some((place.seq + 1, AuditFaultKind::Truncated))
    }

    fn is_signed(&self, checkpoint: &audit_checkpoint::Checkpoint, hash: &[u8; 32]) -> bool {
        let octets = checkpoint_octets(self.vault, checkpoint.seq, hash);
        let verify = || {
            let key = VerifyingKey::from_bytes(&self.public).ok()?;
            key.verify_strict(&octets, &Signature::from_bytes(&checkpoint.signature)).ok()
        };
        checkpoint.hash == *hash && verify().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Columns {
        Columns {
            seq: 1,
            at: 1_773_842_400_000,
            boot_ns: Some(5_000_000_000),
            boot_id: Some("boot".into()),
            run: Some(Uuid::from_u128(1)),
            version: Some("0.1.0".into()),
            actor: Some(Uuid::from_u128(2)),
            roles: "nurse".into(),
            action: "patient_opened".into(),
            patient: Some(Uuid::from_u128(3)),
            device: None,
            clinician: None,
            count: Some(7),
            purpose: "TREAT".into(),
            outcome: "success".into(),
            reason: None,
        }
    }

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    #[test]
    fn the_octets_of_an_entry_are_these() {
        let wanted = concat!("62656473696465206175646974203101000000080000000000000001", "01000000080000019d013f0300",);
        let octets = canonical(&entry());
        assert!(hex(&octets).starts_with(wanted), "{}", hex(&octets));
        assert_eq!(octets.len(), GOLDEN_LENGTH);
        assert_eq!(hex(&hash(&genesis(Uuid::from_u128(7)), &entry())), GOLDEN_HASH);
    }

    const GOLDEN_LENGTH: usize = 203;
    const GOLDEN_HASH: &str = "13fe3111ae79f2852adca261a0f9f1d4a3aee0a7218479df07da142928330726";

    #[test]
    fn every_field_changes_the_hash() {
        let before = [0; 32];
        let plain = hash(&before, &entry());
        let changes: [fn(&mut Columns); 16] = [
            |e| e.seq = 2,
            |e| e.at += 1,
            |e| e.boot_ns = None,
            |e| e.boot_id = None,
            |e| e.run = None,
            |e| e.version = Some("0.1.1".into()),
            |e| e.actor = None,
            |e| e.roles.push('s'),
            |e| e.action = "patient_added".into(),
            |e| e.patient = None,
            |e| e.device = e.patient,
            |e| e.clinician = e.patient,
            |e| e.count = None,
            |e| e.purpose = "BTG".into(),
            |e| e.outcome = "failed".into(),
            |e| e.reason = Some(String::new()),
        ];
        for (field, change) in changes.iter().enumerate() {
            let mut other = entry();
            change(&mut other);
            assert_ne!(hash(&before, &other), plain, "field {field}");
        }
    }

    #[test]
    fn a_value_that_moves_to_the_next_field_is_another_entry() {
        let (mut one, mut other) = (entry(), entry());
        (one.patient, one.device) = (Some(Uuid::from_u128(3)), None);
        (other.patient, other.device) = (None, Some(Uuid::from_u128(3)));
        assert_ne!(canonical(&one), canonical(&other));
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod attacks;
