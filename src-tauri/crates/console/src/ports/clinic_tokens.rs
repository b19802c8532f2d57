//! Signing in to the clinic's server (OAuth 2.0, SMART App Launch): tokens, what a grant brings, why there is none.
//! Not here: whose token is used for what, and when it is renewed (`clinic_sign_in`).
use super::clinic::ClinicFault;
use bedside_vitals::Sensitive;
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// How the clinic's server wants to be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignInKind {
    /// Without any token: the policy names no client.
    #[default]
    NotNeeded,
    /// By each person in the system's browser (SMART App Launch, standalone).
    Person,
    /// By this computer with the key that the policy names (SMART Backend Services).
    Machine,
}

macro_rules! token {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Sensitive<Zeroizing<String>>);

        impl $name {
            /// As the server gave it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(Sensitive::new(Zeroizing::new(text.into())))
            }

            /// For the server, and for the vault where it is kept there.
            pub fn reveal(&self) -> &str {
                self.0.reveal()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("▮")
            }
        }
    };
}

token! {
    /// What a request is authorized by. Never stored; overwritten when dropped.
    AccessToken
}
token! {
    /// What an access token is renewed with. Kept in the vault and nowhere else.
    RefreshToken
}

/// What the server granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// For requests.
    pub access: AccessToken,
    /// For how long, where the server says so.
    pub lasts: Option<Duration>,
    /// For the next grant; `None` after a renewal = the one that was used stays good.
    pub refresh: Option<RefreshToken>,
    /// Where it was granted: a refresh token goes to no other address.
    pub endpoint: String,
    /// Whom the server knows it by: the `fhirUser` of the identity token, else its subject. Of staff, never of
    /// patients.
    pub user: Option<String>,
    /// The scopes that were granted, separated by spaces, where the server says so.
    pub scopes: Option<String>,
}

/// Why there is no grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantFault {
    /// Nobody answered, or nothing that can be read: later it may be otherwise.
    #[error(transparent)]
    NoAnswer(#[from] ClinicFault),
    /// The refresh token is not good any more: a person has to sign in again.
    #[error("the clinic's server asks for a new sign-in")]
    SignInAgain,
    /// The server refuses this client, its key or its scopes.
    #[error("the clinic's server refuses the sign-in of this program: {0}")]
    Refused(String),
    /// The person, or the server on their behalf, said no in the browser.
    #[error("the sign-in was declined in the browser: {0}")]
    Declined(String),
    /// Nobody came back from the browser.
    #[error("nobody came back from the browser in time")]
    NobodyCame,
    /// The system opened no browser.
    #[error("no browser could be opened: {0}")]
    NoBrowser(String),
    /// The server does not offer what is needed.
    #[error("the clinic's server does not offer a sign-in that Bedside can use: it has no {0}")]
    NotOffered(&'static str),
    /// What came back does not belong to this sign-in.
    #[error("the answer to the sign-in was not accepted: {0}")]
    NotAccepted(&'static str),
    /// The server knows the person as somebody who is another clinician here.
    #[error("the clinic's server says that this is another clinician of this computer; sign in as yourself")]
    AnotherClinician,
    /// This computer is not set up for it.
    #[error("the sign-in of this computer is not set up: {0}")]
    NotSetUp(String),
}

impl GrantFault {
    /// A stable code for IT.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoAnswer(_) => "SERVER-UNREACHABLE",
            Self::SignInAgain => "SERVER-SIGN-IN",
            Self::Refused(_) => "SIGN-IN-REFUSED",
            Self::Declined(_) => "SIGN-IN-DECLINED",
            Self::NobodyCame => "SIGN-IN-TIMEOUT",
            Self::NoBrowser(_) => "SIGN-IN-NO-BROWSER",
            Self::NotOffered(_) => "SIGN-IN-NOT-OFFERED",
            Self::NotAccepted(_) => "SIGN-IN-NOT-ACCEPTED",
            Self::AnotherClinician => "SIGN-IN-OTHER-CLINICIAN",
            Self::NotSetUp(_) => "SIGN-IN-NOT-SET-UP",
        }
    }

    /// Whether the same may well succeed a little later, without anybody doing anything.
    pub const fn passes(&self) -> bool {
        matches!(self, Self::NoAnswer(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_is_ever_printed() {
        let grant = Grant {
            access: AccessToken::new("access-secret"),
            lasts: None,
            refresh: Some(RefreshToken::new("refresh-secret")),
            endpoint: "https://clinic.example/token".into(),
            user: None,
            scopes: None,
        };
        assert!(!format!("{grant:?}").contains("secret"), "{grant:?}");
    }
}
