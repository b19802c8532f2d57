//! Clinicians and the forms in which secrets come in: once, wrapped at once, never back.
//! Not here: what is too weak and who may enrol whom; the console decides.
use super::access::RoleView;
use crate::error::CommandError;
use bedside_console::ports::{Passphrase, Pin};
use bedside_console::{Clinician, NewClinician, UserName};
use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;
use zeroize::Zeroizing;

/// Somebody who was enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub(crate) struct ClinicianView {
    /// Id in this vault.
    pub(crate) id: String,
    /// The name they sign in with.
    pub(crate) user_name: String,
    /// The name that colleagues know.
    pub(crate) display_name: String,
    /// What they are here.
    pub(crate) roles: Vec<RoleView>,
    /// Whether a PIN unlocks the screen.
    pub(crate) has_pin: bool,
    /// When they were enrolled, in milliseconds since 1970.
    #[ts(type = "number")]
    pub(crate) enrolled: i64,
    /// Since when they may not sign in, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub(crate) disabled: Option<i64>,
}

/// A recovery kit, once: it is on no disk, and nothing answers it a second time.
#[derive(Clone, Serialize, TS)]
pub(crate) struct KitView {
    /// To be printed or copied and locked away; `null` where the policy names IT's key.
    pub(crate) kit: Option<String>,
    /// The vault that it opens.
    pub(crate) vault: String,
}

/// A new clinician, as typed. The console checks it.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(rename = "NewClinician")]
pub(crate) struct ClinicianForm {
    /// The name they sign in with.
    pub(crate) user_name: String,
    /// The name that colleagues know.
    pub(crate) display_name: String,
    /// What they are here.
    pub(crate) roles: Vec<RoleView>,
    /// What opens the vault for them.
    #[ts(type = "string")]
    pub(crate) passphrase: SecretText,
    /// What unlocks the screen; `null` = their passphrase.
    #[ts(type = "string | null")]
    pub(crate) pin: Option<SecretText>,
}

impl ClinicianForm {
    /// For the console.
    pub(crate) fn new_clinician(self) -> Result<NewClinician, CommandError> {
        Ok(NewClinician {
            user_name: user_name(&self.user_name)?,
            display_name: self.display_name,
            roles: self.roles.into_iter().map(Into::into).collect(),
            passphrase: self.passphrase.passphrase(),
            pin: self.pin.map(SecretText::pin),
        })
    }
}

/// A name as somebody typed it.
pub(crate) fn user_name(typed: &str) -> Result<UserName, CommandError> {
    let invalid = || CommandError::new("CLINICIAN-INVALID", "invalid_clinician", UserName::EXPECTED);
    UserName::new(typed).ok_or_else(invalid)
}

/// A clinician for the administration page.
pub(crate) fn clinician(who: &Clinician) -> ClinicianView {
    ClinicianView {
        id: who.id.0.to_string(),
        user_name: who.user_name.to_string(),
        display_name: who.display_name.clone(),
        roles: who.roles.iter().map(|role| (*role).into()).collect(),
        has_pin: who.has_pin,
        enrolled: who.enrolled.0,
        disabled: who.disabled.map(|at| at.0),
    }
}

/// A passphrase, PIN or recovery kit on its way in. Overwritten when dropped, never printed, and there is no way back to the
/// window: it cannot be serialized.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(crate) struct SecretText(Zeroizing<String>);

impl SecretText {
    /// For signing in, or for a new slot.
    pub(crate) fn passphrase(mut self) -> Passphrase {
        Passphrase::typed(std::mem::take(&mut *self.0))
    }

    /// For the screen.
    pub(crate) fn pin(mut self) -> Pin {
        Pin::typed(std::mem::take(&mut *self.0))
    }

    /// For reading a recovery kit only.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(typed: String) -> Self {
        Self(Zeroizing::new(typed))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("▮")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = r#"{"user_name":"RKaya","display_name":"Dr Kaya","roles":["clinician"],
        "passphrase":"a quiet river","pin":"482913"}"#;

    #[test]
    fn a_form_never_prints_its_secrets() {
        let form: ClinicianForm = serde_json::from_str(FORM).unwrap();
        let printed = format!("{form:?}");
        assert!(printed.contains("RKaya") && !printed.contains("quiet") && !printed.contains("482913"), "{printed}");
    }

    #[test]
    fn a_form_becomes_a_clinician_with_the_name_in_lower_case() {
        let form: ClinicianForm = serde_json::from_str(FORM).unwrap();
        let new = form.new_clinician().unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!((new.user_name.as_str(), new.passphrase.reveal()), ("rkaya", "a quiet river"));
        assert_eq!(new.pin.map(|pin| pin.reveal().to_owned()).as_deref(), Some("482913"));
    }

    #[test]
    fn a_name_with_a_space_is_refused_in_words() {
        assert_eq!(user_name("r kaya").map_err(|error| error.code), Err("CLINICIAN-INVALID".into()));
    }
}
