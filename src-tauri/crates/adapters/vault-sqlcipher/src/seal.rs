//! Sealing to a public key: RFC 9180 HPKE in base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
//! Whoever has the public key can seal, only the private key opens. Not here: whose keys these are.
use bedside_console::ports::StoreFault;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal};
use zeroize::Zeroizing;

/// An X25519 public key.
pub(crate) type PublicKey = [u8; 32];

/// An X25519 private key: any 32 octets. Overwritten when dropped.
pub(crate) type PrivateKey = Zeroizing<[u8; 32]>;

/// The encapsulated key, which stands before the sealed octets.
const ENCAPSULATED: usize = 32;

/// The public key of a private one.
///
/// # Errors
/// `Io` when the library does not take the key; any 32 octets are one.
pub(crate) fn public_of(private: &PrivateKey) -> Result<PublicKey, StoreFault> {
    let private = private_key(private).ok_or_else(not_sealed)?;
    let public = X25519HkdfSha256::sk_to_pk(&private).to_bytes();
    public.as_slice().try_into().map_err(|_| not_sealed())
}

/// Seals `plain` to whoever has the private key of `to`: 32 octets of encapsulated key, the ciphertext, a tag of 16.
///
/// `info` says what for, `bound` are associated octets that must be the same when it is opened.
///
/// # Errors
/// `Io` when the system gives no random octets or the public key is none.
pub(crate) fn seal(to: &PublicKey, info: &[u8], bound: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreFault> {
    // The library would panic where the system has no random octets, so that is asked before.
    getrandom::fill(&mut [0; 1]).map_err(|_| not_sealed())?;
    let to = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(to).map_err(|_| not_sealed())?;
    let mode = OpModeS::Base;
    let sealed = single_shot_seal::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(&mode, &to, info, plain, bound);
    let (encapsulated, ciphertext) = sealed.map_err(|_| not_sealed())?;
    Ok([encapsulated.to_bytes().as_slice(), &ciphertext].concat())
}

/// Opens what `seal` made; `None` when the key, the purpose or the bound octets are others, or an octet was changed.
pub(crate) fn open(private: &PrivateKey, info: &[u8], bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (encapsulated, ciphertext) = sealed.split_at_checked(ENCAPSULATED)?;
    let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
    let (mode, private) = (OpModeR::Base, private_key(private)?);
    let opened = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &mode,
        &private,
        &encapsulated,
        info,
        ciphertext,
        bound,
    );
    opened.ok().map(Zeroizing::new)
}

fn private_key(octets: &PrivateKey) -> Option<<X25519HkdfSha256 as Kem>::PrivateKey> {
    <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(octets.as_slice()).ok()
}

fn not_sealed() -> StoreFault {
    StoreFault::Io("octets could not be sealed: no random octets, or no such key".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_private_key_opens_and_only_what_was_bound_and_meant() {
        let private = PrivateKey::new([7; 32]);
        let sealed = seal(&public_of(&private).unwrap(), b"spool", b"place 1", b"pulse 72").unwrap();
        assert!(!sealed.windows(5).any(|octets| octets == b"pulse"));
        assert_eq!(sealed.len(), ENCAPSULATED + 8 + 16);
        assert_eq!(open(&private, b"spool", b"place 1", &sealed).unwrap().as_slice(), b"pulse 72");
        assert!(open(&PrivateKey::new([8; 32]), b"spool", b"place 1", &sealed).is_none());
        assert!(open(&private, b"slot", b"place 1", &sealed).is_none());
        assert!(open(&private, b"spool", b"place 2", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            // The last bit of the encapsulated key is masked by X25519 itself, and bound all the same.
            altered[at] ^= 0x80;
            assert!(open(&private, b"spool", b"place 1", &altered).is_none(), "octet {at}");
        }
        assert!(open(&private, b"spool", b"place 1", &sealed[..20]).is_none());
    }

    /// RFC 7748, section 5.2: one multiplication of the base point by the scalar nine.
    #[test]
    fn a_public_key_is_that_of_the_curve() {
        let mut nine = PrivateKey::new([0; 32]);
        nine[0] = 9;
        let public = public_of(&nine).unwrap();
        assert_eq!(public[..4], [0x42, 0x2c, 0x8e, 0x7a]);
        assert_eq!(public[28..], [0x11, 0xae, 0x30, 0x79]);
    }
}
