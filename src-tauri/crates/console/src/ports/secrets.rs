//! What people type or keep in an envelope: passphrases, PINs, recovery keys. Overwritten when dropped, never printed.
//! Not here: how keys are derived from them, which the vault does.
use super::common_secrets::{is_common_passphrase, is_common_pin};
use super::kit::{self, KitFault};
use crate::clinician::UserName;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bedside_vitals::Sensitive;
use std::fmt;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// Why a new secret is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakSecret {
    /// Shorter than it must be.
    #[error("expected at least {least} characters, got {got}")]
    TooShort {
        /// The least.
        least: usize,
        /// What came.
        got: usize,
    },
    /// Longer than we take.
    #[error("expected at most {most} characters")]
    TooLong {
        /// The most.
        most: usize,
    },
    /// Among the first that anybody tries.
    #[error("this one is among the first that anybody would try")]
    Common,
    /// A passphrase with the user name in it.
    #[error("a passphrase must not contain the user name")]
    NamesUser,
    /// A PIN of something else than digits.
    #[error("expected digits only")]
    NotDigits,
}

macro_rules! redacted {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("▮")
            }
        }
    };
}

/// What a clinician opens the vault with.
#[derive(Clone)]
pub struct Passphrase(Sensitive<Zeroizing<String>>);
redacted!(Passphrase);

impl Passphrase {
    /// The least number of characters (NIST SP 800-63B, 5.1.1.2).
    pub const LEAST: usize = 8;
    /// The most.
    pub const MOST: usize = 256;

    /// A new one, for this user: long enough, not among the common ones, without the user name. Spaces at the ends count.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: impl Into<String>, user: &UserName) -> Result<Self, WeakSecret> {
        let new = Self::typed(text);
        new.check(user)?;
        Ok(new)
    }

    /// Whether it may become this user's passphrase.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, user: &UserName) -> Result<(), WeakSecret> {
        let text = self.reveal();
        let got = text.chars().count();
        if got < Self::LEAST {
            return Err(WeakSecret::TooShort { least: Self::LEAST, got });
        }
        if got > Self::MOST {
            return Err(WeakSecret::TooLong { most: Self::MOST });
        }
        // A name of one or two letters is in every second word.
        if user.as_str().len() > 2 && Zeroizing::new(text.to_lowercase()).contains(user.as_str()) {
            return Err(WeakSecret::NamesUser);
        }
        if is_common_passphrase(text) { Err(WeakSecret::Common) } else { Ok(()) }
    }

    /// As typed at a sign-in: whatever it is.
    pub fn typed(text: impl Into<String>) -> Self {
        Self(Sensitive::new(Zeroizing::new(text.into())))
    }

    /// For deriving keys only.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// What a clinician unlocks the screen with.
#[derive(Clone)]
pub struct Pin(Sensitive<Zeroizing<String>>);
redacted!(Pin);

impl Pin {
    /// The least number of digits (NIST SP 800-63B, 5.2.11).
    pub const LEAST: usize = 6;
    /// The most.
    pub const MOST: usize = 32;

    /// A new one: digits, enough of them, not among the common ones.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: impl Into<String>) -> Result<Self, WeakSecret> {
        let new = Self::typed(text);
        new.check()?;
        Ok(new)
    }

    /// Whether it may become somebody's PIN.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), WeakSecret> {
        let text = self.reveal();
        if !text.chars().all(|c| c.is_ascii_digit()) {
            return Err(WeakSecret::NotDigits);
        }
        if text.len() < Self::LEAST {
            return Err(WeakSecret::TooShort { least: Self::LEAST, got: text.len() });
        }
        if text.len() > Self::MOST {
            return Err(WeakSecret::TooLong { most: Self::MOST });
        }
        if is_common_pin(text) { Err(WeakSecret::Common) } else { Ok(()) }
    }

    /// As typed.
    pub fn typed(text: impl Into<String>) -> Self {
        Self(Sensitive::new(Zeroizing::new(text.into())))
    }

    /// For verifying only.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// The X25519 public key to which a recovery slot is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryPublicKey(pub [u8; 32]);

impl RecoveryPublicKey {
    /// The key that a policy names: base64 of 32 octets that are a point to which something can be sealed.
    pub fn from_base64(text: &str) -> Option<Self> {
        let octets: [u8; 32] = BASE64.decode(text.trim()).ok()?.try_into().ok()?;
        // A point of low order makes the same secret with every key: sealed to it would be readable by all.
        let probe = StaticSecret::from([0x55; 32]).diffie_hellman(&PublicKey::from(octets));
        probe.was_contributory().then_some(Self(octets))
    }

    /// As a policy writes it.
    pub fn to_base64(&self) -> String {
        BASE64.encode(self.0)
    }
}

/// The private key of a recovery slot.
#[derive(Clone)]
pub struct RecoveryKey(Sensitive<Zeroizing<[u8; 32]>>);
redacted!(RecoveryKey);

impl RecoveryKey {
    /// Takes the octets.
    pub fn new(octets: [u8; 32]) -> Self {
        Self(Sensitive::new(Zeroizing::new(octets)))
    }

    /// The public key of it, to which a recovery slot is sealed.
    pub fn public(&self) -> RecoveryPublicKey {
        RecoveryPublicKey(PublicKey::from(&StaticSecret::from(**self.0.reveal())).to_bytes())
    }

    /// The kit to print, once: 14 groups of 5 characters, each of which tells whether it was typed as printed.
    pub fn to_kit(&self) -> Zeroizing<String> {
        kit::print(self)
    }

    /// The key of a kit as typed: case, spaces and hyphens do not matter, O is taken for 0, I and L for 1.
    ///
    /// # Errors
    /// Which group is mistyped, or what else is wrong.
    pub fn parse_kit(typed: &str) -> Result<Self, KitFault> {
        kit::parse(typed)
    }

    /// For opening a recovery slot, and for printing the kit once.
    pub fn reveal(&self) -> &[u8; 32] {
        self.0.reveal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Result<(), WeakSecret> {
        Passphrase::new(text, &UserName::new("o.berg").unwrap()).map(|_| ())
    }

    #[test]
    fn a_passphrase_has_eight_characters_whatever_their_octets() {
        assert_eq!(passphrase("kämpfer"), Err(WeakSecret::TooShort { least: 8, got: 7 }));
        assert_eq!(passphrase("kämpferö"), Ok(()));
        assert_eq!(passphrase(&"ab c".repeat(65)), Err(WeakSecret::TooLong { most: 256 }));
    }

    #[test]
    fn a_passphrase_is_neither_common_nor_the_user_s_name() {
        assert_eq!(passphrase("Password1"), Err(WeakSecret::Common));
        assert_eq!(passphrase("my O.Berg phrase"), Err(WeakSecret::NamesUser));
        assert_eq!(passphrase("violet kettle stairs"), Ok(()));
    }

    #[test]
    fn a_pin_has_six_digits_that_are_no_pattern() {
        let pin = |text: &str| Pin::new(text).map(|_| ());
        assert_eq!(pin("70491"), Err(WeakSecret::TooShort { least: 6, got: 5 }));
        assert_eq!(pin("7o4913"), Err(WeakSecret::NotDigits));
        assert_eq!(pin("٧٠٤٩١٣"), Err(WeakSecret::NotDigits));
        assert_eq!(pin("123456"), Err(WeakSecret::Common));
        assert_eq!(pin(&"70491".repeat(7)), Err(WeakSecret::TooLong { most: 32 }));
        assert_eq!(pin("704913"), Ok(()));
    }

    #[test]
    fn a_public_key_is_read_as_it_is_written_and_no_other_text_is_one() {
        let key = RecoveryKey::new([7; 32]).public();
        assert_eq!(RecoveryPublicKey::from_base64(&key.to_base64()), Some(key));
        for text in ["", "AAAA", "not base64", &BASE64.encode([0; 32]), &BASE64.encode([1; 33])] {
            assert_eq!(RecoveryPublicKey::from_base64(text), None, "{text}");
        }
    }

    /// RFC 7748, section 6.1: Alice's key pair.
    #[test]
    fn the_public_key_of_a_recovery_key_is_that_of_the_curve() {
        let octets = BASE64.decode("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=").unwrap();
        let key = RecoveryKey::new(octets.try_into().unwrap());
        assert_eq!(key.public().to_base64(), "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=");
    }

    #[test]
    fn a_secret_is_never_printed() {
        let (key, phrase, pin) = (RecoveryKey::new([1; 32]), Passphrase::typed("x"), Pin::typed("1"));
        assert_eq!(format!("{key:?} {phrase:?} {pin:?}"), "▮ ▮ ▮");
    }
}
