//! How pairing a device can fail, reduced to what a person can do about it.
//! Not here: how pairing is done (the radio) and who is asked (the console).

/// Why a device is not paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum PairingFault {
    /// A person said no.
    #[error("pairing was declined here; nothing was changed")]
    Declined,
    /// Nobody answered the question in time; that counts as no.
    #[error("nobody answered the question about pairing in time; pair again when somebody is at the screen")]
    Unanswered,
    /// The passkey or the number was wrong, or the keys do not fit (`AuthenticationFailed`).
    #[error("the passkey or number did not match; pair again and compare it with the device's own display or label")]
    Failed,
    /// The device said no (`AuthenticationRejected`).
    #[error("the device declined; put it into its pairing mode, then pair again")]
    Rejected,
    /// The device or the system called it off (`AuthenticationCanceled`).
    #[error("the device or the system called the pairing off; put the device into its pairing mode, then pair again")]
    Cancelled,
    /// The device did not finish in time (`AuthenticationTimeout`).
    #[error(
        "the device did not finish pairing in time; bring it nearer, put it into its pairing mode, then pair again"
    )]
    TimedOut,
    /// The system keeps a bond that the device does not accept (any more).
    #[error("this computer keeps a pairing that the device does not know; forget the device, then pair it again")]
    BondsDisagree,
    /// Pairing is the system's own affair here: it asks by itself when a protected value is used.
    #[error("this system asks about pairing by itself; look for its own question and answer it there")]
    LeftToSystem,
    /// The question was answered, or its time was over, before this answer came.
    #[error("this question about pairing is over; pair again")]
    QuestionOver,
}

impl PairingFault {
    /// A stable code for IT and the screen.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Declined => "PAIRING-DECLINED",
            Self::Unanswered => "PAIRING-UNANSWERED",
            Self::Failed => "PAIRING-FAILED",
            Self::Rejected => "PAIRING-REJECTED",
            Self::Cancelled => "PAIRING-CANCELLED",
            Self::TimedOut => "PAIRING-TIMED-OUT",
            Self::BondsDisagree => "PAIRING-BONDS-DISAGREE",
            Self::LeftToSystem => "PAIRING-LEFT-TO-SYSTEM",
            Self::QuestionOver => "PAIRING-QUESTION-OVER",
        }
    }
}
