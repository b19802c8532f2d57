//! What a policy says about the way to the clinic's server: signing in, a client certificate, a proxy, a metered network.
//! Not here: the server's address (`server_url`), reading the files that are named, and signing in.
use crate::PolicyFault;
use crate::json::{Member, Object};
use crate::policy::{is_absolute_path, optional};
use crate::server_url;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How the program signs in to the clinic's server (OAuth 2.0, SMART App Launch 2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The client id under which the server knows Bedside.
    pub client_id: String,
    /// The scopes that are asked for, separated by spaces.
    pub scopes: String,
    /// The key of this computer (Backend Services); `None` = each person signs in, in a browser.
    pub machine_key: Option<MachineKey>,
}

/// The key by which a computer signs in itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineKey {
    /// The absolute path of its private key: EC P-384, PKCS #8 in PEM.
    pub file: String,
    /// Its id (`kid`) in the key set that the server knows.
    pub id: String,
}

impl SignIn {
    /// What is asked for where the policy names no scopes, for a person: to know who they are, to renew, and what sync needs.
    pub const SCOPES_OF_A_PERSON: &'static str = "openid fhirUser offline_access user/Patient.cruds user/Device.cruds \
        user/Observation.cruds user/Provenance.cruds user/MedicationRequest.rs user/ServiceRequest.rs user/Group.rs \
        user/List.rs user/Encounter.rs user/Location.rs";
    /// The same for a computer.
    pub const SCOPES_OF_A_MACHINE: &'static str = "system/Patient.cruds system/Device.cruds system/Observation.cruds \
        system/Provenance.cruds system/MedicationRequest.rs system/ServiceRequest.rs system/Group.rs system/List.rs \
        system/Encounter.rs system/Location.rs";
    /// What is asked for beside it where the policy sends the audit log: writing, and asking what arrived.
    const AUDIT_OF_A_PERSON: &'static str = " user/AuditEvent.crus";
    const AUDIT_OF_A_MACHINE: &'static str = " system/AuditEvent.crus";

    const MEMBERS: [&'static str; 4] = ["client_id", "scopes", "machine_key_file", "machine_key_id"];

    pub(crate) fn read(root: &Object<'_>, with_audit: bool, faults: &mut Vec<PolicyFault>) -> Option<Self> {
        root.member("sign_in").filter(|member| !member.is_null())?;
        let object = root.object("sign_in", &Self::MEMBERS, faults)?;
        let client_id = optional(&object, "client_id", CLIENT_ID, faults, |member| printable(member, 200));
        let scopes = optional(&object, "scopes", SCOPES, faults, |member| {
            member.text().filter(|text| are_scopes(text)).map(ToString::to_string)
        });
        let file = optional(&object, "machine_key_file", PEM_PATH, faults, path);
        let id =
            optional(&object, "machine_key_id", "the id of the key: 1 to 200 printable letters", faults, |member| {
                printable(member, 200)
            });
        if client_id.is_none() && object.member("client_id").is_none_or(|member| member.is_null()) {
            faults.push(PolicyFault::new(&object.path_of("client_id"), CLIENT_ID, "nothing"));
        }
        let both = "machine_key_file and machine_key_id, or neither";
        if file.is_some() != id.is_some() && !faults.iter().any(|fault| fault.path.contains("machine_key")) {
            faults.push(PolicyFault::new(&object.path_of("machine_key_file"), both, "one of them"));
        }
        let machine_key = file.zip(id).map(|(file, id)| MachineKey { file, id });
        let (usual, audit) = match machine_key {
            Some(_) => (Self::SCOPES_OF_A_MACHINE, Self::AUDIT_OF_A_MACHINE),
            None => (Self::SCOPES_OF_A_PERSON, Self::AUDIT_OF_A_PERSON),
        };
        let usual = || [usual, if with_audit { audit } else { "" }].concat();
        Some(Self { client_id: client_id?, scopes: scopes.unwrap_or_else(usual), machine_key })
    }
}

/// The certificate by which this computer shows itself to the server (mutual TLS).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The absolute path of its chain in PEM, its own certificate first.
    pub certificate_file: String,
    /// The absolute path of its private key in PEM.
    pub key_file: String,
}

impl ClientCertificate {
    const MEMBERS: [&'static str; 2] = ["certificate_file", "key_file"];

    pub(crate) fn read(root: &Object<'_>, faults: &mut Vec<PolicyFault>) -> Option<Self> {
        root.member("client_certificate").filter(|member| !member.is_null())?;
        let object = root.object("client_certificate", &Self::MEMBERS, faults)?;
        let mut file = |name| {
            let found = optional(&object, name, PEM_PATH, faults, path);
            if found.is_none() && object.member(name).is_none_or(|member| member.is_null()) {
                faults.push(PolicyFault::new(&object.path_of(name), PEM_PATH, "nothing"));
            }
            found
        };
        let (certificate_file, key_file) = (file("certificate_file"), file("key_file"));
        Some(Self { certificate_file: certificate_file?, key_file: key_file? })
    }
}

/// Through what the server is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// What the system says.
    #[default]
    OfSystem,
    /// Nothing, whatever the system says: `"none"`.
    Direct,
    /// This one, for example `http://proxy.clinic.example:3128`.
    At(String),
}

impl Proxy {
    const EXPECTED: &'static str = "the proxy's address such as http://proxy.clinic.example:3128, or none";

    pub(crate) fn read(root: &Object<'_>, faults: &mut Vec<PolicyFault>) -> Self {
        let proxy = optional(root, "proxy", Self::EXPECTED, faults, |member| {
            let text = member.text()?;
            if text == "none" {
                return Some(Self::Direct);
            }
            let authority = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"))?;
            let authority = authority.strip_suffix('/').unwrap_or(authority);
            server_url::is_authority(authority).then(|| Self::At(text.trim_end_matches('/').to_string()))
        });
        proxy.unwrap_or_default()
    }

    /// As the policy file names it; `None` for the system's.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::OfSystem => None,
            Self::Direct => Some("none"),
            Self::At(address) => Some(address),
        }
    }
}

const CLIENT_ID: &str = "the client id that the server gave Bedside: 1 to 200 printable letters";
const SCOPES: &str = "scopes separated by single spaces, such as openid fhirUser user/Observation.cruds";
const PEM_PATH: &str = "the absolute path of a PEM file";

fn path(member: &Member<'_>) -> Option<String> {
    member.text().filter(|text| is_absolute_path(text)).map(ToString::to_string)
}

fn printable(member: &Member<'_>, most: usize) -> Option<String> {
    let fine = |text: &&str| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    member.text().filter(fine).map(ToString::to_string)
}

/// RFC 6749, section 3.3, at most 2,000 octets.
fn are_scopes(text: &str) -> bool {
    let is_scope =
        |scope: &str| !scope.is_empty() && scope.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    text.len() <= 2000 && text.split(' ').all(is_scope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;

    fn faulty_paths(text: &str) -> Vec<String> {
        Policy::parse(text).unwrap_err().into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn a_client_without_a_key_is_for_people_and_asks_for_what_sync_needs() {
        let sign_in = Policy::parse(r#"{"sign_in":{"client_id":"bedside"}}"#).unwrap().sign_in.unwrap();
        assert_eq!((sign_in.client_id.as_str(), sign_in.machine_key), ("bedside", None));
        assert!(sign_in.scopes.contains("offline_access") && are_scopes(&sign_in.scopes));
        assert!(are_scopes(SignIn::SCOPES_OF_A_MACHINE) && !SignIn::SCOPES_OF_A_MACHINE.contains("user/"));
    }

    #[test]
    fn scopes_for_the_audit_log_are_asked_for_where_it_goes_to_the_server_and_the_policy_names_none() {
        let scopes = |text| Policy::parse(text).unwrap().sign_in.unwrap().scopes;
        assert!(!scopes(r#"{"sign_in":{"client_id":"b"}}"#).contains("AuditEvent"));
        let person = scopes(r#"{"sign_in":{"client_id":"b"},"audit_to_server":true}"#);
        assert!(person.split(' ').any(|scope| scope == "user/AuditEvent.crus") && are_scopes(&person));
        let key =
            r#"{"audit_to_server":true,"sign_in":{"client_id":"b","machine_key_file":"/k.pem","machine_key_id":"k1"}}"#;
        assert!(scopes(key).split(' ').any(|scope| scope == "system/AuditEvent.crus"));
        let named = scopes(r#"{"audit_to_server":true,"sign_in":{"client_id":"b","scopes":"user/Observation.cruds"}}"#);
        assert_eq!(named, "user/Observation.cruds", "what IT names is asked for and nothing else");
    }

    #[test]
    fn a_key_has_a_file_and_an_id_or_is_none() {
        let text = r#"{"sign_in":{"client_id":"b","machine_key_file":"/etc/bedside/key.pem","machine_key_id":"k1"}}"#;
        let key = Policy::parse(text).unwrap().sign_in.unwrap().machine_key.unwrap();
        assert_eq!((key.file.as_str(), key.id.as_str()), ("/etc/bedside/key.pem", "k1"));
        let half = r#"{"sign_in":{"client_id":"b","machine_key_id":"k1"}}"#;
        assert_eq!(faulty_paths(half), ["$.sign_in.machine_key_file"]);
    }

    #[test]
    fn a_sign_in_without_a_client_and_a_certificate_without_its_key_are_faults() {
        assert_eq!(faulty_paths(r#"{"sign_in":{}}"#), ["$.sign_in.client_id"]);
        assert_eq!(faulty_paths(r#"{"sign_in":{"client_id":"a b"}}"#), ["$.sign_in.client_id"]);
        assert_eq!(faulty_paths(r#"{"sign_in":{"client_id":"b","scopes":"a  b"}}"#), ["$.sign_in.scopes"]);
        let half = r#"{"client_certificate":{"certificate_file":"/a.pem"}}"#;
        assert_eq!(faulty_paths(half), ["$.client_certificate.key_file"]);
    }

    #[test]
    fn a_proxy_is_an_address_without_secrets_or_none() {
        let proxy = |text: &str| Policy::parse(&alloc::format!(r#"{{"proxy":"{text}"}}"#)).map(|policy| policy.proxy);
        assert_eq!(proxy("none"), Ok(Proxy::Direct));
        let at = |text: &str| Ok(Proxy::At(text.to_string()));
        assert_eq!(proxy("http://proxy.clinic.example:3128/"), at("http://proxy.clinic.example:3128"));
        for wrong in ["proxy.clinic.example", "http://nurse:secret@proxy", "socks5://proxy:1", "http://", "http://p/a"]
        {
            assert!(proxy(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Policy::default().proxy, Proxy::OfSystem);
    }
}
