//! The audit log in the console's words: who did what to whose record, for which purpose, with what outcome.
//! Not here: the chain that makes a change visible (the vault's), and FHIR (`bedside-fhir`).
use crate::clinician::{Clinician, ClinicianId, Role};
use crate::ports::VaultId;
use bedside_vitals::{BootTime, DeviceDescription, DeviceId, Patient, PatientId, ReadingId, WallTime};
use uuid::Uuid;

/// One entry of the audit log. Of a person it holds the two ids and nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place in the chain, from 1; 0 before it is stored.
    pub seq: u64,
    /// When.
    pub at: WallTime,
    /// Where it was made.
    pub origin: AuditOrigin,
    /// What was done.
    pub action: AuditAction,
    /// Who did it; `None` = the console by itself, or nobody who signed in.
    pub actor: Option<ClinicianId>,
    /// What they were at that time.
    pub roles: Vec<Role>,
    /// To whose record.
    pub patient: Option<PatientId>,
    /// With which device.
    pub device: Option<DeviceId>,
    /// Whose slot, PIN or roles it was about.
    pub clinician: Option<ClinicianId>,
    /// How many records it was about, where that is not one.
    pub count: Option<u32>,
    /// For what.
    pub purpose: Purpose,
    /// What came of it.
    pub outcome: AuditOutcome,
    /// Why, where a person had to say it; at most 200 characters. It may hold health data: it stays in the vault.
    pub reason: Option<String>,
}

/// A part of the audit log, newest first, with the names that its entries need. Looking at both is one act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditLog {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// The patients that they name.
    pub patients: Vec<Patient>,
    /// Every enrolled device.
    pub devices: Vec<DeviceDescription>,
    /// Everybody who was ever enrolled.
    pub clinicians: Vec<Clinician>,
}

impl AuditEntry {
    /// A successful act of the console itself, for treatment, about nobody yet.
    pub const fn new(at: WallTime, action: AuditAction) -> Self {
        Self {
            seq: 0,
            at,
            origin: AuditOrigin::UNKNOWN,
            action,
            actor: None,
            roles: Vec::new(),
            patient: None,
            device: None,
            clinician: None,
            count: None,
            purpose: Purpose::Treatment,
            outcome: AuditOutcome::Success,
            reason: None,
        }
    }
}

/// Where an entry was made: a second clock, and which program. `UNKNOWN` in entries of earlier versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditOrigin {
    /// Time since boot, sleep included: it tells what a wall clock that was set back hides.
    pub boot: Option<BootTime>,
    /// Names the boot; boot times of two boots cannot be compared.
    pub boot_id: Option<String>,
    /// The run of the program.
    pub run: Option<Uuid>,
    /// Its version.
    pub version: Option<String>,
}

impl AuditOrigin {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { boot: None, boot_id: None, run: None, version: None };
}

/// For what a record was used (HL7 v3 PurposeOfUse).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// TREAT.
    Treatment,
    /// BTG: break-glass.
    BreakGlass,
    /// HOPERAT: running the installation.
    Operations,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Treatment, Self::BreakGlass, Self::Operations];

    /// The code of HL7 v3 PurposeOfUse; also the stable name in the store.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Treatment => "TREAT",
            Self::BreakGlass => "BTG",
            Self::Operations => "HOPERAT",
        }
    }

    /// The purpose of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.code() == code)
    }
}

/// What came of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditOutcome {
    /// Done.
    Success,
    /// Refused by us: a wrong secret, a missing permission.
    Refused,
    /// Tried, and failed.
    Failed,
}

impl AuditOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Success, Self::Refused, Self::Failed];

    /// The stable name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// The outcome of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What the audit log knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum AuditAction {
            $($(#[$doc])* $variant,)*
        }

        impl AuditAction {
            /// Every action, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable name in the store.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

actions! {
    /// A patient was added.
    PatientAdded = "patient_added",
    /// A patient's record was opened.
    PatientOpened = "patient_opened",
    /// The list of patients was seen.
    PatientsListed = "patients_listed",
    /// The patient list of the clinic's server was fetched.
    PatientsDownloaded = "patients_downloaded",
    /// Questions about who is who were seen.
    IdentityQuestionsSeen = "identity_questions_seen",
    /// A person said whether two records are of one person.
    IdentityDecided = "identity_decided",
    /// A patient's orders were seen.
    OrdersSeen = "orders_seen",
    /// Unassigned readings were seen.
    InboxSeen = "inbox_seen",
    /// A patient's trend was seen.
    TrendSeen = "trend_seen",
    /// Readings were listed.
    ReadingsListed = "readings_listed",
    /// Readings left the vault in a file.
    Exported = "exported",
    /// Records that wait for the server were seen.
    OutboxSeen = "outbox_seen",
    /// The audit log, or the part of it about a patient, was seen.
    AuditSeen = "audit_seen",
    /// A device was bound.
    DeviceBound = "device_bound",
    /// A binding ended.
    DeviceUnbound = "device_unbound",
    /// A device was paired with this computer, or a bond was forgotten.
    DevicePaired = "device_paired",
    /// A bond was forgotten.
    DeviceForgotten = "device_forgotten",
    /// A device's clock was set.
    ClockSet = "clock_set",
    /// A user slot of a device was confirmed to be the patient's.
    UserSlotConfirmed = "user_slot_confirmed",
    /// A user's consent was given to a device.
    ConsentGiven = "consent_given",
    /// Values that were rejected were read again.
    DecodedAgain = "decoded_again",
    /// Unassigned readings of a device were given to a patient.
    ReadingsAssigned = "readings_assigned",
    /// A stretch of a wave was marked for the server.
    StripMarked = "strip_marked",
    /// Records that the server refused were sent again.
    RecordRetried = "record_retried",
    /// A record that the server refused was put away.
    RecordDiscarded = "record_discarded",
    /// A record and what the server has in its place were seen.
    ConflictSeen = "conflict_seen",
    /// A person chose between a record and what the server has in its place.
    ConflictDecided = "conflict_decided",
    /// Somebody saw that a recording was broken off.
    InterruptionSeen = "interruption_seen",
    /// A record was printed.
    Printed = "printed",
    /// A reading was corrected.
    ReadingCorrected = "reading_corrected",
    /// A reading was rejected.
    ReadingRejected = "reading_rejected",
    /// A reading was confirmed as it was measured.
    ReadingConfirmed = "reading_confirmed",
    /// The vault was made.
    VaultCreated = "vault_created",
    /// Somebody signed in.
    SignedIn = "signed_in",
    /// Somebody signed in at the clinic's server, or this computer did.
    ClinicSignedIn = "clinic_signed_in",
    /// Somebody's sign-in at the clinic's server is over: the server ended it, or they left.
    ClinicSignedOut = "clinic_signed_out",
    /// Somebody signed out, or the vault locked itself.
    VaultLocked = "vault_locked",
    /// The screen was locked.
    ScreenLocked = "screen_locked",
    /// The screen was unlocked by its user's PIN, or another clinician took over.
    ScreenUnlocked = "screen_unlocked",
    /// The record was opened by somebody whose role does not allow it, with a reason.
    BreakGlassBegun = "break_glass_begun",
    /// Its time was over, or it was given up.
    BreakGlassEnded = "break_glass_ended",
    /// A clinician was enrolled.
    ClinicianAdded = "clinician_added",
    /// A clinician's roles or name were changed.
    ClinicianChanged = "clinician_changed",
    /// A clinician may not sign in any more; the slot is gone.
    ClinicianDisabled = "clinician_disabled",
    /// A passphrase was changed.
    PassphraseChanged = "passphrase_changed",
    /// A PIN was set.
    PinChanged = "pin_changed",
    /// The vault was opened with a recovery key.
    Recovered = "recovered",
    /// A new recovery key was set.
    RecoveryKeySet = "recovery_key_set",
    /// The database was encrypted with a new key.
    Rekeyed = "rekeyed",
    /// A backup was made.
    BackedUp = "backed_up",
    /// A backup took the place of the vault.
    Restored = "restored",
    /// Something is older than it was, or does not agree with what was written: rollback, splice, damage.
    TamperFound = "tamper_found",
    /// The policy changed since the last opening.
    PolicyChanged = "policy_changed",
    /// What another process had spooled, or this one while locked, was filed.
    SpoolFiled = "spool_filed",
}

impl AuditAction {
    /// The action of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }
}

/// What the keyring and the clinic's server remember of a vault, to tell an older copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Which vault.
    pub vault: VaultId,
    /// Its last known commit.
    pub generation: u64,
    /// The last known entry of the audit log; 0 = none.
    pub audit_seq: u64,
    /// Its hash.
    pub audit_head: [u8; 32],
    /// When.
    pub at: WallTime,
    /// The Ed25519 key that verifies the checkpoints of the audit log.
    pub public_key: [u8; 32],
}

impl Anchor {
    /// One line of text for the keyring and the server: `bedside-anchor 1`, vault, generation, audit sequence, head in hex,
    /// milliseconds since 1970, public key in hex, with a space between each.
    pub fn to_note(&self) -> String {
        format!(
            "{ANCHOR_WORD} {ANCHOR_VERSION} {} {} {} {} {} {}",
            self.vault,
            self.generation,
            self.audit_seq,
            hex(&self.audit_head),
            self.at.0,
            hex(&self.public_key)
        )
    }

    /// The anchor behind `to_note`; `None` when the text is another one.
    pub fn from_note(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let mut next = || parts.next();
        if next()? != ANCHOR_WORD || next()? != ANCHOR_VERSION {
            return None;
        }
        let anchor = Self {
            vault: VaultId(Uuid::parse_str(next()?).ok()?),
            generation: next()?.parse().ok()?,
            audit_seq: next()?.parse().ok()?,
            audit_head: of_hex(next()?)?,
            at: WallTime(next()?.parse().ok()?),
            public_key: of_hex(next()?)?,
        };
        next().is_none().then_some(anchor)
    }
}

const ANCHOR_WORD: &str = "bedside-anchor";
const ANCHOR_VERSION: &str = "1";

fn hex(octets: &[u8]) -> String {
    octets.iter().flat_map(|octet| [octet >> 4, octet & 15]).filter_map(|n| char::from_digit(n.into(), 16)).collect()
}

fn of_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|n| n as u8)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let octets: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    octets.try_into().ok().filter(|_| rest.is_empty())
}

/// What an opened vault is against the anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnchorVerdict {
    /// It holds what the anchor knows.
    Fresh,
    /// An older copy: so many commits that the anchor knows are missing.
    Older {
        /// Commits that are not there.
        missing_commits: u64,
    },
    /// The audit log has lost the entries that the anchor knows, though the commits are counted.
    Truncated,
    /// Another entry stands where the anchor knows one.
    OtherHistory,
    /// The key that signs checkpoints is another one.
    OtherKey,
}

/// What came of following the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditVerdict {
    /// All entries are as they were written.
    Sound {
        /// How many.
        entries: u64,
        /// How many of them stand before the last signed checkpoint.
        signed: u64,
    },
    /// The first entry that is not.
    Bad {
        /// Its place in the chain, from 1.
        seq: u64,
        /// What is wrong with it.
        fault: AuditFaultKind,
    },
}

/// What can be wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditFaultKind {
    /// It is not what was written: edited, swapped, or inserted.
    Altered,
    /// One is missing before it.
    Missing,
    /// The signature of a checkpoint does not fit.
    Signature,
    /// Entries that the keyring's anchor or a checkpoint knows are gone from the end.
    Truncated,
}

/// Rows of a table that are not those which were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestFault {
    /// Which table; a name of the store, no health data.
    pub table: &'static str,
    /// Of the readings the first that was changed, removed or added behind the store's back, by its id.
    pub reading: Option<ReadingId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor() -> Anchor {
        Anchor {
            vault: VaultId(Uuid::from_u128(7)),
            generation: 120,
            audit_seq: 34,
            audit_head: std::array::from_fn(|i| i as u8 * 7),
            at: WallTime(1_773_842_400_000),
            public_key: [0xa5; 32],
        }
    }

    #[test]
    fn an_anchor_comes_back_from_its_note_and_is_small() {
        let note = anchor().to_note();
        assert_eq!(Anchor::from_note(&note), Some(anchor()));
        assert!(note.len() < 300, "{note}");
    }

    #[test]
    fn another_text_is_no_anchor() {
        let note = anchor().to_note();
        for text in ["", "bedside-anchor 2", &note[..note.len() - 1], &format!("{note} 1"), &note.replace("120", "-1")]
        {
            assert_eq!(Anchor::from_note(text), None, "{text}");
        }
    }

    #[test]
    fn every_name_is_of_one_action() {
        assert!(AuditAction::ALL.iter().all(|action| AuditAction::from_name(action.name()) == Some(*action)));
    }
}
