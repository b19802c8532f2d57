//! Who signed in, by the identity token (OpenID Connect Core 1.0, section 3.1.3.7): signed by the server, for us, for
//! this sign-in, now. Not here: which clinician that is.
use super::Authorization;
use super::discovery::Endpoints;
use bedside_console::ports::GrantFault;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

/// A computer's clock may be so far off before a sign-in fails on it; the screen warns earlier.
const LEEWAY_S: u64 = 300;
const ACCEPTED: [Algorithm; 4] = [Algorithm::ES256, Algorithm::ES384, Algorithm::RS256, Algorithm::RS384];

#[derive(Deserialize)]
struct Claims {
    sub: String,
    nonce: Option<String>,
    #[serde(rename = "fhirUser")]
    fhir_user: Option<String>,
}

/// The server's name for the person: `fhirUser` (a reference), else the subject.
pub(crate) async fn user(
    asking: &Authorization,
    endpoints: &Endpoints,
    token: &str,
    nonce: &str,
) -> Result<String, GrantFault> {
    let missing = || GrantFault::NotOffered("keys to check its identity tokens with");
    let keys = endpoints.keys.clone().ok_or_else(missing)?;
    let keys: JwkSet = asking.document(keys).await?.ok_or_else(missing)?;
    let issuer = endpoints.issuer.as_deref().ok_or(GrantFault::NotOffered("issuer of identity tokens"))?;
    checked(token, &keys, (issuer, &asking.options.client_id), nonce)
}

fn checked(token: &str, keys: &JwkSet, (issuer, audience): (&str, &str), nonce: &str) -> Result<String, GrantFault> {
    let unreadable = || GrantFault::NotAccepted("its identity token cannot be read");
    let header = decode_header(token).map_err(|_| unreadable())?;
    if !ACCEPTED.contains(&header.alg) {
        return Err(GrantFault::NotAccepted("its identity token is signed in a way that is not accepted"));
    }
    let unknown_key = || GrantFault::NotAccepted("its identity token is signed with a key that it does not publish");
    let key = match &header.kid {
        Some(id) => keys.find(id),
        // Without a name there must be no choice.
        None => keys.keys.first().filter(|_| keys.keys.len() == 1),
    };
    let key = DecodingKey::from_jwk(key.ok_or_else(unknown_key)?).map_err(|_| unknown_key())?;
    let mut validation = Validation::new(header.alg);
    validation.leeway = LEEWAY_S;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let claims = decode::<Claims>(token, &key, &validation).map_err(|error| {
        GrantFault::NotAccepted(match error.kind() {
            ErrorKind::InvalidSignature => "its identity token is not signed by it",
            ErrorKind::ExpiredSignature | ErrorKind::ImmatureSignature => {
                "its identity token is not of now: check this computer's clock"
            }
            ErrorKind::InvalidIssuer => "its identity token is from another server",
            ErrorKind::InvalidAudience => "its identity token is for another program",
            _ => "its identity token cannot be read",
        })
    })?;
    let claims = claims.claims;
    if claims.nonce.as_deref() != Some(nonce) {
        return Err(GrantFault::NotAccepted("its identity token is of another sign-in"));
    }
    let user = claims.fhir_user.unwrap_or(claims.sub);
    let fine = !user.is_empty() && user.len() <= 500 && !user.chars().any(char::is_control);
    if fine { Ok(user) } else { Err(unreadable()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
    use serde_json::{Value, json};

    struct Server {
        key: EncodingKey,
        keys: JwkSet,
    }

    fn server(id: &str) -> Server {
        super::super::cryptography::install();
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        // An uncompressed point: 04, x, y.
        let point = rcgen::PublicKeyData::der_bytes(&pair).to_vec();
        let encode = |octets: &[u8]| {
            use oauth2_free_base64::encode;
            encode(octets)
        };
        let key = json!({"kty": "EC", "crv": "P-384", "alg": "ES384", "use": "sig", "kid": id,
            "x": encode(&point[1..49]), "y": encode(&point[49..97])});
        let keys = serde_json::from_value(json!({ "keys": [key] })).unwrap();
        Server { key: EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap(), keys }
    }

    /// Base64 for URLs without padding, for the test's own keys.
    mod oauth2_free_base64 {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

        pub(super) fn encode(octets: &[u8]) -> String {
            let mut text = String::new();
            for three in octets.chunks(3) {
                let bits =
                    three.iter().fold(0u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - three.len()));
                for place in 0..=three.len() {
                    text.push(char::from(LETTERS[(bits >> (18 - 6 * place)) as usize & 63]));
                }
            }
            text
        }
    }

    fn claims() -> Value {
        json!({"iss": "https://sign-in.example", "aud": "bedside", "sub": "7", "nonce": "n",
            "fhirUser": "Practitioner/7", "exp": get_current_timestamp() + 60, "iat": get_current_timestamp()})
    }

    fn token(server: &Server, id: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = claims();
        change(&mut claims);
        let header = Header { kid: Some(id.into()), ..Header::new(Algorithm::ES384) };
        encode(&header, &claims, &server.key).unwrap()
    }

    fn check(server: &Server, token: &str) -> Result<String, GrantFault> {
        checked(token, &server.keys, ("https://sign-in.example", "bedside"), "n")
    }

    #[test]
    fn a_token_of_this_sign_in_names_the_person() {
        let server = server("k");
        assert_eq!(check(&server, &token(&server, "k", |_| {})), Ok("Practitioner/7".into()));
        let subject = token(&server, "k", |claims| drop(claims.as_object_mut().unwrap().remove("fhirUser")));
        assert_eq!(check(&server, &subject), Ok("7".into()));
    }

    #[test]
    fn a_token_of_another_sign_in_program_server_time_or_key_is_not_accepted() {
        let (right, other) = (server("k"), server("k"));
        for (what, wrong) in [
            ("nonce", token(&right, "k", |claims| claims["nonce"] = json!("other"))),
            ("aud", token(&right, "k", |claims| claims["aud"] = json!("another"))),
            ("iss", token(&right, "k", |claims| claims["iss"] = json!("https://evil.example"))),
            ("exp", token(&right, "k", |claims| claims["exp"] = json!(get_current_timestamp() - 3600))),
            ("key", token(&other, "k", |_| {})),
            ("kid", token(&right, "unknown", |_| {})),
            ("none", "eyJhbGciOiJub25lIn0.e30.".to_owned()),
        ] {
            assert!(matches!(check(&right, &wrong), Err(GrantFault::NotAccepted(_))), "{what}");
        }
    }
}
