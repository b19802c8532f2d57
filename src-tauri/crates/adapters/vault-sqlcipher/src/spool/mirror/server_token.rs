//! What became of a token for the clinic's server while the vault was being locked, in the form in which a spool keeps
//! it.
//! Not here: what it is for (the console's `clinic_sign_in`).
use bedside_console::ports::RefreshToken;
use bedside_console::{ClinicianId, ServerToken, ServerTokenChange};
use bedside_vitals::WallTime;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A change of a token; without `kept` it is forgotten.
#[derive(Serialize, Deserialize)]
pub(in crate::spool) struct TokenChange {
    server: String,
    clinician: Option<Uuid>,
    kept: Option<Kept>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    endpoint: String,
    refresh: String,
    user: Option<String>,
    granted: WallTime,
}

impl From<&ServerTokenChange> for TokenChange {
    fn from(change: &ServerTokenChange) -> Self {
        match change {
            ServerTokenChange::Keep(token) => {
                let ServerToken { server, clinician, endpoint, refresh, user, granted } = token.clone();
                let kept = Kept { endpoint, refresh: refresh.reveal().to_owned(), user, granted };
                Self { server, clinician: clinician.map(|who| who.0), kept: Some(kept) }
            }
            ServerTokenChange::Forget { server, clinician } => {
                Self { server: server.clone(), clinician: clinician.map(|who| who.0), kept: None }
            }
        }
    }
}

impl From<TokenChange> for ServerTokenChange {
    fn from(TokenChange { server, clinician, kept }: TokenChange) -> Self {
        let clinician = clinician.map(ClinicianId);
        match kept {
            Some(Kept { endpoint, refresh, user, granted }) => {
                let refresh = RefreshToken::new(refresh);
                Self::Keep(ServerToken { server, clinician, endpoint, refresh, user, granted })
            }
            None => Self::Forget { server, clinician },
        }
    }
}
