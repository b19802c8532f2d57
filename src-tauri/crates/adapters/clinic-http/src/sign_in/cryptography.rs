//! Signatures of JSON Web Tokens by the cryptography that TLS uses already (RFC 7518: ES256, ES384, RS256, RS384).
//! Not here: what is signed, and which algorithms are accepted from whom.
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, Result};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::rand::SystemRandom;
use ring::signature as ring_signature;

static PROVIDER: CryptoProvider =
    CryptoProvider { signer_factory: signer, verifier_factory: verifier, key_utils: KeyUtils::new_unimplemented() };

/// For this process, once. One that is there already is as good.
pub(crate) fn install() {
    let _ = PROVIDER.install_default();
}

/// We sign with P-384 only.
struct Signing(ring_signature::EcdsaKeyPair);

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    if *algorithm != Algorithm::ES384 {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    let scheme = &ring_signature::ECDSA_P384_SHA384_FIXED_SIGNING;
    let pair = ring_signature::EcdsaKeyPair::from_pkcs8(scheme, key.as_bytes(), &SystemRandom::new());
    Ok(Box::new(Signing(pair.map_err(|_| Error::from(ErrorKind::InvalidEcdsaKey))?)))
}

impl Signer<Vec<u8>> for Signing {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        let signed = self.0.sign(&SystemRandom::new(), message).map_err(|_| signature::Error::new())?;
        Ok(signed.as_ref().to_vec())
    }
}

impl JwtSigner for Signing {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES384
    }
}

struct Verifying {
    algorithm: Algorithm,
    key: DecodingKey,
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    Ok(Box::new(Verifying { algorithm: *algorithm, key: key.clone() }))
}

impl Verifying {
    fn is_right(&self, message: &[u8], signed: &[u8]) -> bool {
        let by_curve = |scheme| {
            let key = self.key.try_get_as_bytes().ok()?;
            ring_signature::UnparsedPublicKey::new(scheme, key).verify(message, signed).ok()
        };
        let by_modulus = |scheme| {
            let DecodingKeyKind::RsaModulusExponent { n, e } = self.key.kind() else { return None };
            ring_signature::RsaPublicKeyComponents { n, e }.verify(scheme, message, signed).ok()
        };
        let right = match self.algorithm {
            Algorithm::ES256 => by_curve(&ring_signature::ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => by_curve(&ring_signature::ECDSA_P384_SHA384_FIXED),
            Algorithm::RS256 => by_modulus(&ring_signature::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => by_modulus(&ring_signature::RSA_PKCS1_2048_8192_SHA384),
            _ => None,
        };
        right.is_some()
    }
}

impl Verifier<Vec<u8>> for Verifying {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        if self.is_right(message, signed) { Ok(()) } else { Err(signature::Error::new()) }
    }
}

impl JwtVerifier for Verifying {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
