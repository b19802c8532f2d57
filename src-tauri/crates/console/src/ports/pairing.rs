//! Pairing as the radio's port says it: who is asked what, what a person may answer, whether a bond is kept and by whom.
//! Not here: why pairing failed (`bedside_session::PairingFault`) and how a screen words the question.
use super::radio::PeripheralId;
use async_trait::async_trait;
use bedside_session::RadioFault;
use std::fmt;
use std::time::Duration;

/// Names one question; never used twice in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PromptId(pub u64);

/// The six digits of a pairing (Core specification, Vol 3, Part H, 2.3.3: 0 to 999999). Kept out of `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Passkey(u32);

impl Passkey {
    /// A number of up to six digits; `None` when it has more.
    pub const fn new(number: u32) -> Option<Self> {
        if number <= 999_999 { Some(Self(number)) } else { None }
    }

    /// The digits as typed, spaces left out; `None` unless they are one to six digits.
    pub fn parse(typed: &str) -> Option<Self> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let well_formed = (1..=6).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit());
        if well_formed { digits.parse().ok().and_then(Self::new) } else { None }
    }

    /// As a number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Passkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl fmt::Debug for Passkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passkey(▮)")
    }
}

/// What a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairingQuestion {
    /// Whether this device may be bonded to this computer at all. Asked first, and the only question of a device without
    /// display and keys. A device that keeps one bond loses the one with the patient's own phone by it.
    MayBond,
    /// Which digits the device, or its label, shows.
    EnterPasskey,
    /// Nothing: these digits are to be typed on the device. Accepting means "seen", rejecting calls the pairing off.
    ShowPasskey(Passkey),
    /// Whether the device shows the same digits.
    CompareNumbers(Passkey),
}

/// A question that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairingPrompt {
    /// To be named in the answer.
    pub id: PromptId,
    /// About which device.
    pub peripheral: PeripheralId,
    /// What is asked.
    pub question: PairingQuestion,
    /// No answer within this time means no.
    pub answer_within: Duration,
}

/// What a person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairingAnswer {
    /// Yes; to [`PairingQuestion::EnterPasskey`] it is no answer and counts as no.
    Accept,
    /// The digits asked for by [`PairingQuestion::EnterPasskey`]; to any other question they count as no.
    Passkey(Passkey),
    /// No.
    Reject,
}

/// Whether a bond with a device is kept, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bond {
    /// Whether it is kept.
    pub state: BondState,
    /// Who says so.
    pub source: BondSource,
}

/// Whether a bond with a device is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BondState {
    /// Keys are kept.
    Bonded,
    /// None are.
    NotBonded,
    /// The source does not tell.
    NotTold,
}

/// Who keeps bonds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BondSource {
    /// `bluetoothd` of Linux.
    BlueZ,
    /// Windows.
    Windows,
    /// macOS, which keeps bonds to itself.
    CoreBluetooth,
    /// The simulated ward.
    SimulatedWard,
}

/// The part of the radio's port that deals with bonds.
#[async_trait]
pub trait Pairing: Send + Sync {
    /// Whether the system keeps a bond with the device.
    async fn bond(&self, peripheral: &PeripheralId) -> Result<Bond, RadioFault>;
    /// Pairs and bonds. Each question to a person comes as `RadioEvent::PairingPrompt`, [`PairingQuestion::MayBond`]
    /// before anything is sent to the device; a device that is bonded already is asked nothing. Why it failed is a
    /// `RadioFault::Pairing`.
    async fn pair(&self, peripheral: &PeripheralId) -> Result<(), RadioFault>;
    /// A person's answer. Fails with `PairingFault::QuestionOver` when nobody waits for it any more.
    async fn answer_pairing(&self, prompt: PromptId, answer: PairingAnswer) -> Result<(), RadioFault>;
    /// Removes the system's bond, and with it a link that is up. To forget a device without a bond is no fault.
    async fn forget(&self, peripheral: &PeripheralId) -> Result<(), RadioFault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_is_one_to_six_digits_and_is_shown_as_six() {
        assert_eq!(Passkey::parse("007").map(|key| key.to_string()).as_deref(), Some("000007"));
        assert_eq!(Passkey::parse(" 482 913 ").map(Passkey::number), Some(482_913));
        for wrong in ["", "1234567", "12a456", "-12345", "+1", "１２３"] {
            assert_eq!(Passkey::parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(Passkey::new(1_000_000), None);
    }

    #[test]
    fn a_passkey_is_not_printed_by_debug() {
        let question = PairingQuestion::ShowPasskey(Passkey::new(482_913).expect("six digits"));
        assert!(!format!("{question:?}").contains("482"));
    }
}
