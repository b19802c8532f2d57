//! Who works here: user names, roles, what a role may do.
//! Not here: slots and passphrases (the vault's), and who is signed in now (`access`).
use bedside_vitals::WallTime;
use std::fmt;
use uuid::Uuid;

/// Names a clinician for ever; a user name may be given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClinicianId(pub Uuid);

/// What somebody signs in with: 1 to 64 of `a-z 0-9 . _ -`, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserName(String);

impl UserName {
    /// What is expected.
    pub const EXPECTED: &'static str = "1 to 64 letters, digits, points, hyphens or underscores";

    /// As typed; upper case is taken as lower case.
    pub fn new(typed: &str) -> Option<Self> {
        let name = typed.trim().to_lowercase();
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        ((1..=64).contains(&name.len()) && name.chars().all(fine)).then_some(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody is here. One person may be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Treats patients.
    Clinician,
    /// Cares for patients.
    Nurse,
    /// Reviews readings, records nothing.
    Reviewer,
    /// Enrols clinicians and reads the audit log.
    Administrator,
    /// Keeps the installation running, without a look at patients.
    ItSupport,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Clinician, Self::Nurse, Self::Reviewer, Self::Administrator, Self::ItSupport];

    /// The stable name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clinician => "clinician",
            Self::Nurse => "nurse",
            Self::Reviewer => "reviewer",
            Self::Administrator => "administrator",
            Self::ItSupport => "it_support",
        }
    }

    /// The role of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What it may do.
    pub const fn may(self, what: Permission) -> bool {
        use Permission::*;
        match self {
            Self::Clinician => matches!(what, ReadRecords | Record | Review | Export),
            Self::Nurse => matches!(what, ReadRecords | Record),
            Self::Reviewer => matches!(what, ReadRecords | Review | Export),
            Self::Administrator => matches!(what, ManageClinicians | ReadAudit | KeepVault),
            Self::ItSupport => matches!(what, KeepVault),
        }
    }
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// See patients and their values.
    ReadRecords,
    /// Add patients, bind devices, assign readings.
    Record,
    /// Correct and reject readings.
    Review,
    /// Take data out of the vault.
    Export,
    /// Enrol, change and disable clinicians.
    ManageClinicians,
    /// Read the whole audit log.
    ReadAudit,
    /// Check, back up, restore, rekey.
    KeepVault,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 7] = [
        Self::ReadRecords,
        Self::Record,
        Self::Review,
        Self::Export,
        Self::ManageClinicians,
        Self::ReadAudit,
        Self::KeepVault,
    ];
}

/// Somebody who was enrolled. Nobody is ever deleted: the audit log names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clinician {
    /// Who.
    pub id: ClinicianId,
    /// The name they sign in with.
    pub user_name: UserName,
    /// The name that colleagues know.
    pub display_name: String,
    /// What they are here, without repetition, in the order of `Role::ALL`.
    pub roles: Vec<Role>,
    /// Since when they may not sign in any more.
    pub disabled: Option<WallTime>,
    /// Whether they chose a PIN for the screen.
    pub has_pin: bool,
    /// When they were enrolled.
    pub enrolled: WallTime,
}

impl Clinician {
    /// Whether any of the roles may do it.
    pub fn may(&self, what: Permission) -> bool {
        self.disabled.is_none() && self.roles.iter().any(|role| role.may(what))
    }
}
