//! What the server says about signing in: `<base>/.well-known/smart-configuration` (SMART App Launch 2.2, section
//! 2.3.9).
//! Not here: using it.
use super::{Authorization, trusted};
use bedside_console::ports::{GrantFault, SignInKind};
use serde::Deserialize;
use url::Url;

/// Where to sign in.
#[derive(Debug)]
pub(crate) struct Endpoints {
    /// Who issues identity tokens.
    pub(crate) issuer: Option<String>,
    /// Where a person signs in; a server for computers alone has none.
    pub(crate) authorization: Option<Url>,
    /// Where tokens come from.
    pub(crate) token: Url,
    /// The keys of identity tokens.
    pub(crate) keys: Option<Url>,
}

#[derive(Deserialize)]
struct SmartConfiguration {
    issuer: Option<String>,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    jwks_uri: Option<String>,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_signing_alg_values_supported: Vec<String>,
}

impl Endpoints {
    pub(crate) async fn discover(asking: &Authorization) -> Result<Self, GrantFault> {
        let url = asking.base.join(".well-known/smart-configuration")?;
        let said = asking.document(url).await?.ok_or(GrantFault::NotOffered(".well-known/smart-configuration"))?;
        Self::read(said, asking.kind())
    }

    fn read(said: SmartConfiguration, kind: SignInKind) -> Result<Self, GrantFault> {
        let encrypted = |text: Option<String>, what| match text {
            None => Ok(None),
            Some(text) => trusted(&text).map(Some).ok_or(GrantFault::NotOffered(what)),
        };
        let token = encrypted(said.token_endpoint, "encrypted token endpoint")?;
        let token = token.ok_or(GrantFault::NotOffered("token endpoint"))?;
        let authorization = encrypted(said.authorization_endpoint, "encrypted authorization endpoint")?;
        let keys = encrypted(said.jwks_uri, "encrypted address of its keys")?;
        match kind {
            SignInKind::Person if authorization.is_none() => {
                return Err(GrantFault::NotOffered("authorization endpoint"));
            }
            SignInKind::Person if !said.code_challenge_methods_supported.iter().any(|method| method == "S256") => {
                return Err(GrantFault::NotOffered("PKCE with S256"));
            }
            SignInKind::Machine
                // One that names no methods may still take it; one that names others does not.
                if !said.token_endpoint_auth_signing_alg_values_supported.is_empty()
                    && !said.token_endpoint_auth_signing_alg_values_supported.iter().any(|name| name == "ES384") =>
            {
                return Err(GrantFault::NotOffered("client assertions signed with ES384"));
            }
            SignInKind::Person | SignInKind::Machine | SignInKind::NotNeeded => {}
        }
        Ok(Self { issuer: said.issuer, authorization, token, keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, kind: SignInKind) -> Result<Endpoints, GrantFault> {
        Endpoints::read(serde_json::from_str(json).unwrap(), kind)
    }

    #[test]
    fn a_person_needs_a_page_and_pkce_and_a_computer_neither() {
        let token = r#"{"token_endpoint":"https://sign-in.example/token"}"#;
        assert_eq!(read(token, SignInKind::Person).unwrap_err(), GrantFault::NotOffered("authorization endpoint"));
        assert!(read(token, SignInKind::Machine).is_ok());
        let page = r#"{"token_endpoint":"https://a.example/t","authorization_endpoint":"https://a.example/a",
            "code_challenge_methods_supported":["plain"]}"#;
        assert_eq!(read(page, SignInKind::Person).unwrap_err(), GrantFault::NotOffered("PKCE with S256"));
        let other =
            r#"{"token_endpoint":"https://a.example/t","token_endpoint_auth_signing_alg_values_supported":["RS384"]}"#;
        assert!(matches!(read(other, SignInKind::Machine), Err(GrantFault::NotOffered(_))));
    }

    #[test]
    fn an_address_that_is_not_encrypted_is_used_on_this_computer_only() {
        let at = |host: &str| format!(r#"{{"token_endpoint":"http://{host}/token"}}"#);
        assert!(matches!(read(&at("sign-in.example"), SignInKind::Machine), Err(GrantFault::NotOffered(_))));
        assert!(read(&at("127.0.0.1:9300"), SignInKind::Machine).is_ok());
    }
}
