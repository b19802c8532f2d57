//! A FHIR server that asks for a token, with its authorization server, in memory: it rotates as real ones do, so an old
//! refresh token ends the whole sign-in. Not here: what the console does with it (`clinic_sign_in`).
use crate::sync::Server;
use async_trait::async_trait;
use bedside_console::Clinician;
use bedside_console::ports::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ENDPOINT: &str = "https://sign-in.clinic.example/token";

/// A FHIR server that asks for a token, and its authorization server.
pub(crate) struct Clinic {
    pub(crate) fhir: Arc<Server>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    /// Who signs in at the browser; nobody comes back otherwise.
    pub(crate) at_browser: Option<&'static str>,
    pub(crate) granted: u32,
    /// Access tokens that are good, and whose.
    pub(crate) access: BTreeMap<String, String>,
    /// The refresh token of each person that is good.
    pub(crate) refresh: BTreeMap<String, String>,
    /// Each refresh token that was asked with, in order.
    pub(crate) asked: Vec<String>,
    /// What came with a good token: whose, and the body.
    pub(crate) sent: Vec<(String, String)>,
    /// Requests with a token that is not good.
    pub(crate) turned_away: u32,
    /// Every batch is answered well, and every entry of it as if the token were not good.
    pub(crate) refuses_entries: bool,
    /// Every other of these entries as if it were good for something else.
    pub(crate) permits_none: bool,
    /// Nobody answers at the token endpoint.
    pub(crate) is_away: bool,
    /// The person says no in the browser.
    pub(crate) declines: bool,
    /// How long access tokens are said to live, where that is not a minute.
    pub(crate) lasts: Option<Duration>,
    /// How long the token endpoint takes to say what it did at once.
    pub(crate) slow: Duration,
}

impl Clinic {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { fhir: Server::with_moods(&[]), state: Mutex::default() })
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    fn grant(&self, user: &str) -> Grant {
        self.with(|state| {
            state.granted += 1;
            let (access, refresh) = (format!("access-{}", state.granted), format!("refresh-{}", state.granted));
            state.access.insert(access.clone(), user.to_owned());
            state.refresh.insert(user.to_owned(), refresh.clone());
            Grant {
                access: AccessToken::new(access),
                lasts: Some(state.lasts.unwrap_or(Duration::from_secs(60))),
                refresh: Some(RefreshToken::new(refresh)),
                endpoint: ENDPOINT.to_owned(),
                user: Some(format!("Practitioner/{user}")),
                scopes: None,
            }
        })
    }

    /// Every access token is good for nothing from now on.
    pub(crate) fn end_access(&self) {
        self.with(|state| state.access.clear());
    }

    /// Every sign-in is over.
    pub(crate) fn end_all(&self) {
        self.with(|state| {
            state.access.clear();
            state.refresh.clear();
        });
    }

    /// How often it was asked for another token, each time with another refresh token.
    pub(crate) fn renewals(&self) -> usize {
        let asked = self.with(|state| state.asked.clone());
        assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), asked.len(), "one was used twice: {asked:?}");
        asked.len()
    }

    /// What names this clinician, and by whose token it came.
    pub(crate) fn carried(&self, who: &Clinician) -> Vec<String> {
        let id = who.id.0.to_string();
        self.with(|state| {
            let about = state.sent.iter().filter(|(_, body)| body.contains(&id));
            about.map(|(user, _)| user.clone()).collect()
        })
    }
}

#[async_trait]
impl ClinicServer for Clinic {
    async fn send(&self, _: ClinicRequest) -> Result<ClinicAnswer, ClinicFault> {
        self.with(|state| state.turned_away += 1);
        Ok(ClinicAnswer { status: 401, content_type: None, retry_after: None, server_time: None, body: String::new() })
    }

    async fn send_as(&self, token: &AccessToken, request: ClinicRequest) -> Result<ClinicAnswer, ClinicFault> {
        let user = self.with(|state| state.access.get(token.reveal()).cloned());
        let Some(user) = user else { return self.send(request).await };
        if let Some(body) = &request.body {
            self.with(|state| state.sent.push((user, body.clone())));
            if self.with(|state| state.refuses_entries) {
                return Ok(each_entry_turned_away(body, self.with(|state| state.permits_none)));
            }
        }
        self.fhir.send(request).await
    }

    fn sign_in_kind(&self) -> SignInKind {
        SignInKind::Person
    }

    fn address(&self) -> String {
        "https://fhir.clinic.example/r4".to_owned()
    }

    async fn sign_in(&self) -> Result<Grant, GrantFault> {
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            if self.with(|state| state.declines) {
                return Err(GrantFault::Declined("access_denied".into()));
            }
            if let Some(user) = self.with(|state| state.at_browser) {
                return Ok(self.grant(user));
            }
        }
    }

    async fn renew(&self, refresh: &RefreshToken, endpoint: &str) -> Result<Grant, GrantFault> {
        assert_eq!(endpoint, ENDPOINT);
        tokio::time::sleep(Duration::from_millis(80)).await;
        let (good, slow) = self.with(|state| {
            state.asked.push(refresh.reveal().to_owned());
            let whose = state.refresh.iter().find(|(_, token)| *token == refresh.reveal());
            let whose = whose.map(|(user, _)| user.clone());
            if whose.is_none() && !state.is_away {
                // A token that was used already: whoever has it may have stolen it.
                state.refresh.clear();
            }
            (whose.filter(|_| !state.is_away).ok_or(state.is_away), state.slow)
        });
        let result = match good {
            Ok(user) => Ok(self.grant(&user)),
            Err(true) => Err(GrantFault::NoAnswer(ClinicFault::Unreachable("no route".into()))),
            Err(false) => Err(GrantFault::SignInAgain),
        };
        tokio::time::sleep(slow).await;
        result
    }
}

fn each_entry_turned_away(body: &str, permits_none: bool) -> ClinicAnswer {
    let bundle: serde_json::Value = serde_json::from_str(body).unwrap();
    let status = |n: usize| if permits_none && n % 2 == 1 { "403" } else { "401" };
    let entry = |n| serde_json::json!({ "response": { "status": status(n) } });
    let entries: Vec<_> = (0..bundle["entry"].as_array().unwrap().len()).map(entry).collect();
    let body = serde_json::json!({ "resourceType": "Bundle", "type": "batch-response", "entry": entries }).to_string();
    let content_type = Some("application/fhir+json".into());
    ClinicAnswer { status: 200, content_type, retry_after: None, server_time: None, body }
}
