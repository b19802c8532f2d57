//! By what this computer shows who it is: a signed statement that is good once and for five minutes (RFC 7523; SMART
//! Backend Services asks for ES384 or RS384). Not here: sending it.
use bedside_console::ports::GrantFault;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde::Serialize;
use std::path::Path;
use uuid::Uuid;
use zeroize::Zeroizing;

const LASTS_S: u64 = 300;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: u64,
    iat: u64,
    jti: String,
}

/// Signed with the key of the file, which is read each time: a new key needs no new start.
pub(crate) fn signed(file: &Path, id: &str, client: &str, audience: &str) -> Result<Zeroizing<String>, GrantFault> {
    let not_set_up = |why: String| GrantFault::NotSetUp(format!("the key file {}: {why}", file.display()));
    let metadata = std::fs::metadata(file).map_err(|error| not_set_up(error.kind().to_string()))?;
    if anybody_may_read(&metadata) {
        return Err(not_set_up("every user of this computer may read it; take that right away (chmod o-rwx)".into()));
    }
    let pem = std::fs::read(file).map(Zeroizing::new).map_err(|error| not_set_up(error.kind().to_string()))?;
    let expected = || not_set_up("expected an EC P-384 key as PKCS #8 in PEM".into());
    let key = EncodingKey::from_ec_pem(&pem).map_err(|_| expected())?;
    let now = get_current_timestamp();
    let jti = Uuid::new_v4().to_string();
    let claims = Claims { iss: client, sub: client, aud: audience, exp: now + LASTS_S, iat: now, jti };
    let header = Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::ES384) };
    encode(&header, &claims, &key).map(Zeroizing::new).map_err(|_| expected())
}

#[cfg(unix)]
fn anybody_may_read(file: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.permissions().mode() & 0o007 != 0
}

/// Where rights are kept otherwise, IT's tool that puts the file there sets them.
#[cfg(not(unix))]
fn anybody_may_read(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_that_everybody_may_read_or_that_is_none_is_not_used() {
        super::super::cryptography::install();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.pem");
        let why = || match signed(&file, "k", "bedside", "https://sign-in.example/token").unwrap_err() {
            GrantFault::NotSetUp(why) => why,
            other => panic!("{other:?}"),
        };
        assert!(why().contains("not found"), "{}", why());
        std::fs::write(&file, "no key").unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        assert!(why().contains("every user"), "{}", why());
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        assert!(why().contains("P-384"), "{}", why());
        let other_curve = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        std::fs::write(&file, other_curve.serialize_pem()).unwrap();
        assert!(why().contains("P-384"), "{}", why());
        let right = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        std::fs::write(&file, right.serialize_pem()).unwrap();
        let one = signed(&file, "k", "bedside", "https://sign-in.example/token").unwrap();
        let two = signed(&file, "k", "bedside", "https://sign-in.example/token").unwrap();
        assert_eq!(one.split('.').count(), 3);
        assert_ne!(one, two, "each is good once");
    }
}
