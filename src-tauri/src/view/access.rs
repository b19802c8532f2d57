//! Who is signed in and what is locked, as the window sees it. While locked nothing here is about a patient.
//! No decision: the console says which state it is, and what leaves in it.
use super::names::{ParameterView, mirrored};
use super::reading::{Reading, reading};
use bedside_console::{AccessState, Clinician, LockReason, Permission, Role, VaultNotice, WatchTile};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Open, screen locked, or vault closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum AccessView {
    /// The vault is closed: a passphrase opens it. Capture goes on into the spool.
    Closed {
        /// Since when, in milliseconds since 1970; `null` since the start.
        #[ts(type = "number | null")]
        since: Option<i64>,
        /// Why.
        why: LockReasonView,
        /// Names that can sign in.
        users: Vec<String>,
        /// Batches that wait in the spool.
        #[ts(type = "number")]
        spooled: u64,
        /// Nobody may try before this time.
        #[ts(type = "number | null")]
        wait_until: Option<i64>,
        /// Tries that are left before a slot is disabled; `null` when none failed.
        tries_left: Option<u32>,
        /// The device secret alone opens it: a vault of an earlier version, or the demo vault.
        device_slot: bool,
        /// A recovery key opens it.
        recovery_slot: bool,
    },
    /// Everything is open and nothing is shown: a PIN unlocks it.
    ScreenLocked {
        /// Since when, in milliseconds since 1970.
        #[ts(type = "number")]
        since: i64,
        /// Why.
        why: LockReasonView,
        /// Who is signed in.
        user: Option<String>,
        /// Nobody may try before this time.
        #[ts(type = "number | null")]
        wait_until: Option<i64>,
        /// Values by bed, where the policy allows it; no identifier of a person.
        watch: Vec<WatchTileView>,
    },
    /// In use.
    Open {
        /// Who is signed in; `null` in a vault that nobody is enrolled in.
        user: Option<UserView>,
        /// A real vault without clinicians: the first one is enrolled before anything else.
        enrolment_needed: bool,
        /// The screen locks in so many seconds; only within the warning.
        locks_in_s: Option<u32>,
        /// Until when records are open for an emergency, in milliseconds since 1970.
        #[ts(type = "number | null")]
        break_glass_until: Option<i64>,
        /// What a person must know of the vault.
        notices: Vec<VaultNoticeView>,
    },
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(rename = "SignedIn")]
pub(crate) struct UserView {
    /// Id in this vault.
    pub(crate) id: String,
    /// The name they sign in with.
    pub(crate) user_name: String,
    /// The name that colleagues know.
    pub(crate) display_name: String,
    /// What they are here.
    pub(crate) roles: Vec<RoleView>,
    /// What they may do now, break-glass included.
    pub(crate) may: Vec<PermissionView>,
    /// Whether a PIN unlocks the screen; without one their passphrase does.
    pub(crate) has_pin: bool,
}

/// One value of the watch display.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(rename = "WatchTile")]
pub(crate) struct WatchTileView {
    /// The bed's label.
    pub(crate) bed: String,
    /// What is measured.
    pub(crate) parameter: ParameterView,
    /// The value with its freshness.
    pub(crate) reading: Reading,
}

mirrored! {
    /// Why something is locked: since the start, by hand, after idling, after long idling, at the longest time of a sign-in,
    /// with the system's screen or its sleep, after too many wrong secrets, after a restore.
    LockReasonView as "LockReason" of LockReason {
        Start, ByHand, Idle, LongIdle, AbsoluteLimit, System, Sleep, TooManyFailures, Restored,
    }
}
mirrored! {
    /// What somebody is here.
    RoleView as "Role" of Role { Clinician, Nurse, Reviewer, Administrator, ItSupport }
}
mirrored! {
    /// What somebody may do.
    PermissionView as "Permission" of Permission {
        ReadRecords, Record, Review, Export, ManageClinicians, ReadAudit, KeepVault,
    }
}

impl PermissionView {
    /// The stable name, as the window knows it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ReadRecords => "read_records",
            Self::Record => "record",
            Self::Review => "review",
            Self::Export => "export",
            Self::ManageClinicians => "manage_clinicians",
            Self::ReadAudit => "read_audit",
            Self::KeepVault => "keep_vault",
        }
    }
}

/// What a person must know of the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "VaultNotice")]
pub(crate) enum VaultNoticeView {
    /// The record is an older copy of itself.
    OlderCopy {
        /// Commits that were made after it.
        #[ts(type = "number")]
        missing_commits: u64,
    },
    /// Something in the record is not as it was written.
    Altered {
        /// What, in a word for IT.
        what: String,
    },
    /// The disk is nearly full.
    DiskLow {
        /// What is free.
        #[ts(type = "number")]
        free_octets: u64,
    },
    /// No backup was made for too long.
    BackupOverdue {
        /// When the last one was, in milliseconds since 1970.
        #[ts(type = "number | null")]
        last: Option<i64>,
    },
    /// Nobody could open the vault if the keyring were lost.
    NoRecoverySlot,
    /// What was recorded while the vault was locked is in the record now.
    SpoolFiled {
        /// How many batches.
        #[ts(type = "number")]
        batches: u64,
    },
    /// Of records that were filed then nobody knows who wrote them.
    SpoolUnproven {
        /// How many records.
        #[ts(type = "number")]
        records: u64,
        /// Those of them of which a part was refused.
        #[ts(type = "number")]
        refused: u64,
    },
    /// The run before did not end as it should.
    UncleanEnd,
}

/// As the console says it.
pub(crate) fn access_view(access: &AccessState) -> AccessView {
    match access {
        AccessState::Closed { since, why, users, spooled, wait_until, tries_left, device_slot, recovery_slot } => {
            AccessView::Closed {
                since: since.map(|at| at.0),
                why: (*why).into(),
                users: users.iter().map(ToString::to_string).collect(),
                spooled: *spooled,
                wait_until: wait_until.map(|at| at.0),
                tries_left: *tries_left,
                device_slot: *device_slot,
                recovery_slot: *recovery_slot,
            }
        }
        AccessState::ScreenLocked { since, why, user, wait_until, watch } => AccessView::ScreenLocked {
            since: since.0,
            why: (*why).into(),
            user: user.as_ref().map(ToString::to_string),
            wait_until: wait_until.map(|at| at.0),
            watch: watch.iter().map(watch_tile).collect(),
        },
        AccessState::Open { clinician, may, enrolment_needed, locks_in, break_glass, notices } => AccessView::Open {
            user: clinician.as_ref().map(|who| user(who, may)),
            enrolment_needed: *enrolment_needed,
            locks_in_s: locks_in.map(|left| u32::try_from(left.as_secs()).unwrap_or(u32::MAX)),
            break_glass_until: break_glass.map(|glass| glass.until.0),
            notices: notices.iter().map(notice).collect(),
        },
    }
}

fn user(who: &Clinician, may: &[Permission]) -> UserView {
    UserView {
        id: who.id.0.to_string(),
        user_name: who.user_name.to_string(),
        display_name: who.display_name.clone(),
        roles: who.roles.iter().map(|role| (*role).into()).collect(),
        may: may.iter().map(|what| (*what).into()).collect(),
        has_pin: who.has_pin,
    }
}

fn watch_tile(watched: &WatchTile) -> WatchTileView {
    let WatchTile { bed, tile } = watched;
    WatchTileView { bed: bed.reveal().clone(), parameter: tile.parameter.into(), reading: reading(tile) }
}

fn notice(notice: &VaultNotice) -> VaultNoticeView {
    match notice {
        VaultNotice::OlderCopy { missing_commits } => VaultNoticeView::OlderCopy { missing_commits: *missing_commits },
        VaultNotice::Altered { what } => VaultNoticeView::Altered { what: (*what).to_owned() },
        VaultNotice::DiskLow { free_octets } => VaultNoticeView::DiskLow { free_octets: *free_octets },
        VaultNotice::BackupOverdue { last } => VaultNoticeView::BackupOverdue { last: last.map(|at| at.0) },
        VaultNotice::NoRecoverySlot => VaultNoticeView::NoRecoverySlot,
        VaultNotice::SpoolFiled { batches } => VaultNoticeView::SpoolFiled { batches: *batches },
        VaultNotice::SpoolUnproven { records, refused } => {
            VaultNoticeView::SpoolUnproven { records: *records, refused: *refused }
        }
        VaultNotice::UncleanEnd => VaultNoticeView::UncleanEnd,
    }
}
