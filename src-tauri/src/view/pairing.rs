//! Questions about pairings, bonds and adapters as the window sees them, and a person's answer as it comes back.
//! Conversions only; the words are in the window's text.
use super::names::{AdapterView, DeviceKindView};
use crate::error::CommandError;
use bedside_console::PairingAsked;
use bedside_console::ports::{AdapterLine, Bond, Diagnosis, PairingAnswer, PairingQuestion, Passkey};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A question about a pairing that waits for a person.
#[derive(Clone, Serialize, TS)]
#[ts(rename = "PairingAsked")]
pub(crate) struct PairingAskedView {
    /// To be named in the answer.
    #[ts(type = "number")]
    pub(crate) prompt: u64,
    /// How the device is addressed.
    pub(crate) peripheral: String,
    /// Its name.
    pub(crate) name: Option<String>,
    /// What it is.
    pub(crate) kind: DeviceKindView,
    /// The last digits of its address, to tell it from another of its kind.
    pub(crate) short_address: String,
    /// Of the patient it is bound or being bound to, where the patient has one.
    pub(crate) bed: Option<String>,
    /// What is asked.
    pub(crate) question: PairingQuestionView,
    /// Six digits, to be shown or compared.
    pub(crate) digits: Option<String>,
    /// When no answer means no, in milliseconds since 1970.
    #[ts(type = "number")]
    pub(crate) until: i64,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "PairingQuestion")]
pub(crate) enum PairingQuestionView {
    MayBond,
    EnterPasskey,
    ShowPasskey,
    CompareNumbers,
}

/// What a person says.
#[derive(Clone, Deserialize, TS)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
#[ts(rename = "PairingAnswer")]
pub(crate) enum PairingAnswerView {
    /// Yes.
    Accept,
    /// The digits that the device shows.
    Passkey {
        /// As typed.
        digits: String,
    },
    /// No.
    Reject,
}

/// Whether this computer keeps a bond with a device, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(rename = "Bond")]
pub(crate) struct BondView {
    /// Whether it does.
    pub(crate) state: BondStateView,
    /// Who says so.
    pub(crate) source: BondSourceView,
}

super::names::mirrored! {
    /// Whether a bond is kept.
    BondStateView as "BondState" of bedside_console::ports::BondState { Bonded, NotBonded, NotTold }
}
super::names::mirrored! {
    /// Who keeps bonds.
    BondSourceView as "BondSource" of bedside_console::ports::BondSource {
        BlueZ, Windows, CoreBluetooth, SimulatedWard,
    }
}

/// What IT wants to know of the radio.
#[derive(Clone, Serialize, TS)]
#[ts(rename = "RadioState")]
pub(crate) struct RadioView {
    /// Every adapter, in the order of names.
    pub(crate) adapters: Vec<AdapterLineView>,
    /// Failures of the Bluetooth library's own tasks in this run.
    #[ts(type = "number")]
    pub(crate) library_failures: u64,
}

/// One adapter.
#[derive(Clone, Serialize, TS)]
#[ts(rename = "AdapterLine")]
pub(crate) struct AdapterLineView {
    /// As the system names it.
    pub(crate) name: String,
    /// As it is now.
    pub(crate) state: AdapterView,
    /// Devices are heard through this one.
    pub(crate) in_use: bool,
}

/// A question for the window.
pub(crate) fn asked(asked: &PairingAsked) -> PairingAskedView {
    let (question, digits) = match asked.question {
        PairingQuestion::MayBond => (PairingQuestionView::MayBond, None),
        PairingQuestion::EnterPasskey => (PairingQuestionView::EnterPasskey, None),
        PairingQuestion::ShowPasskey(digits) => (PairingQuestionView::ShowPasskey, Some(digits)),
        PairingQuestion::CompareNumbers(digits) => (PairingQuestionView::CompareNumbers, Some(digits)),
    };
    PairingAskedView {
        prompt: asked.prompt.0,
        peripheral: asked.peripheral.to_string(),
        name: asked.name.clone(),
        kind: asked.kind.into(),
        short_address: asked.short_address.clone(),
        bed: asked.bed.as_ref().map(|bed| bed.reveal().clone()),
        question,
        digits: digits.map(|digits| digits.to_string()),
        until: asked.until.0,
    }
}

/// A bond for the window.
pub(crate) fn bond(bond: Bond) -> BondView {
    BondView { state: bond.state.into(), source: bond.source.into() }
}

/// The radio for the window.
pub(crate) fn radio(diagnosis: &Diagnosis) -> RadioView {
    let line = |AdapterLine { name, state, in_use }: &AdapterLine| AdapterLineView {
        name: name.clone(),
        state: (*state).into(),
        in_use: *in_use,
    };
    let adapters = diagnosis.adapters.iter().map(line).collect();
    RadioView { adapters, library_failures: diagnosis.library_failures }
}

impl PairingAnswerView {
    /// For the console; anything but one to six digits is malformed, and the question stays open.
    pub(crate) fn answer(self) -> Result<PairingAnswer, CommandError> {
        match self {
            Self::Accept => Ok(PairingAnswer::Accept),
            Self::Reject => Ok(PairingAnswer::Reject),
            Self::Passkey { digits } => {
                let passkey = Passkey::parse(&digits).map(PairingAnswer::Passkey);
                passkey.ok_or_else(|| CommandError::malformed("passkey"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_of_the_wrong_shape_is_malformed_and_no_answer() {
        let typed = |text: &str| PairingAnswerView::Passkey { digits: text.into() }.answer();
        assert!(typed("482 913").is_ok());
        assert!(typed("12345x").is_err());
        assert!(serde_json::from_str::<PairingAnswerView>(r#"{"answer":"maybe"}"#).is_err());
    }
}
