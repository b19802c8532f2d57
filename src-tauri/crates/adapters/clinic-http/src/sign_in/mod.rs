//! Signing in: a person in the system's browser (SMART standalone launch with PKCE), this computer with its key (SMART
//! Backend Services), and renewing. Not here: keeping tokens and choosing whose is used, which the console does.
mod assertion;
mod cryptography;
mod discovery;
mod identity;
mod redirect;
mod token_endpoint;

use crate::address::ServerAddress;
use crate::body;
use crate::fault;
use crate::options::SignInOptions;
use bedside_console::ports::{ClinicFault, Grant, GrantFault, RefreshToken, SignInKind};
use discovery::Endpoints;
use oauth2::{CsrfToken, PkceCodeChallenge};
use redirect::Redirect;
use reqwest::Client;
use reqwest::header::ACCEPT;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use token_endpoint::TokenEndpoint;
use tokio::sync::Mutex;
use url::Url;

/// Documents about signing in are small.
const LARGEST_DOCUMENT: usize = 1024 * 1024;

/// Signs in to one server.
#[derive(Debug)]
pub(crate) struct Authorization {
    client: Client,
    base: ServerAddress,
    options: SignInOptions,
    /// What the server said of itself; asked again after a fault.
    endpoints: Mutex<Option<Arc<Endpoints>>>,
}

impl Authorization {
    pub(crate) fn new(client: Client, base: ServerAddress, options: SignInOptions) -> Self {
        cryptography::install();
        Self { client, base, options, endpoints: Mutex::default() }
    }

    pub(crate) fn kind(&self) -> SignInKind {
        if self.options.machine_key.is_some() { SignInKind::Machine } else { SignInKind::Person }
    }

    /// A person signs in (SMART App Launch 2.2, standalone; RFC 8252, RFC 7636, RFC 9207).
    pub(crate) async fn of_person(&self) -> Result<Grant, GrantFault> {
        let result = self.person().await;
        self.ask_again_after(&result).await;
        result
    }

    async fn person(&self) -> Result<Grant, GrantFault> {
        let endpoints = self.endpoints().await?;
        let redirect = Redirect::bind().await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (state, nonce) = (CsrfToken::new_random_len(32), CsrfToken::new_random_len(32));
        let tokens = TokenEndpoint::new(&self.client, &endpoints, &self.options)?;
        let uri = redirect.uri();
        let address = tokens.authorization_address(&uri, &self.base, (&state, &nonce), challenge)?;
        self.open(address).await?;
        let answer = redirect.answer(state.secret(), self.options.patience).await?;
        if let (Some(said), Some(issuer)) = (&answer.issuer, &endpoints.issuer)
            && said != issuer
        {
            return Err(GrantFault::NotAccepted("it names another authorization server"));
        }
        let (grant, identity) = tokens.by_code(answer.code, uri, verifier).await?;
        let user = match identity {
            Some(token) => Some(identity::user(self, &endpoints, &token, nonce.secret()).await?),
            None => None,
        };
        Ok(Grant { user, ..grant })
    }

    /// This computer signs in (SMART Backend Services; RFC 7523).
    pub(crate) async fn of_machine(&self) -> Result<Grant, GrantFault> {
        let result = self.machine().await;
        self.ask_again_after(&result).await;
        result
    }

    async fn machine(&self) -> Result<Grant, GrantFault> {
        let Some((file, id)) = &self.options.machine_key else {
            return Err(GrantFault::NotSetUp("the policy names no key".to_owned()));
        };
        let endpoints = self.endpoints().await?;
        let assertion = assertion::signed(file, id, &self.options.client_id, endpoints.token.as_str())?;
        TokenEndpoint::new(&self.client, &endpoints, &self.options)?.by_assertion(assertion).await
    }

    /// A new access token (RFC 6749, section 6). The refresh token goes only where it was granted.
    pub(crate) async fn renew(&self, refresh: &RefreshToken, endpoint: &str) -> Result<Grant, GrantFault> {
        let result = self.renewed(refresh, endpoint).await;
        self.ask_again_after(&result).await;
        result
    }

    async fn renewed(&self, refresh: &RefreshToken, endpoint: &str) -> Result<Grant, GrantFault> {
        let endpoints = self.endpoints().await?;
        if endpoints.token.as_str() != endpoint {
            // Another authorization server since: it knows nothing of this token, and shall not learn it.
            return Err(GrantFault::SignInAgain);
        }
        TokenEndpoint::new(&self.client, &endpoints, &self.options)?.by_refresh(refresh).await
    }

    async fn endpoints(&self) -> Result<Arc<Endpoints>, GrantFault> {
        let mut known = self.endpoints.lock().await;
        if let Some(endpoints) = known.as_ref() {
            return Ok(Arc::clone(endpoints));
        }
        let found = Arc::new(Endpoints::discover(self).await?);
        *known = Some(Arc::clone(&found));
        Ok(found)
    }

    async fn ask_again_after(&self, result: &Result<Grant, GrantFault>) {
        if result.is_err() {
            *self.endpoints.lock().await = None;
        }
    }

    async fn open(&self, address: Url) -> Result<(), GrantFault> {
        let browser = self.options.browser.clone();
        let opened = tokio::task::spawn_blocking(move || browser.open(&address)).await;
        let no_browser = |why: String| GrantFault::NoBrowser(why);
        match opened {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(no_browser(error.kind().to_string())),
            Err(_) => Err(no_browser("it ended before it began".to_owned())),
        }
    }

    /// A JSON document of a fixed address; `None` where there is none.
    async fn document<T: DeserializeOwned>(&self, url: Url) -> Result<Option<T>, ClinicFault> {
        let request = self.client.get(url).header(ACCEPT, "application/json");
        let response = request.send().await.map_err(|error| fault::of_request(&error))?;
        match response.status().as_u16() {
            200 => {}
            401 | 403 | 404 | 410 => return Ok(None),
            status => return Err(unexpected(status)),
        }
        let text = body::whole(response, LARGEST_DOCUMENT).await?;
        let other = || ClinicFault::Ambiguous("a document about signing in is not what it must be".to_owned());
        serde_json::from_str(&text).map(Some).map_err(|_| other())
    }
}

fn unexpected(status: u16) -> ClinicFault {
    ClinicFault::Ambiguous(format!("the sign-in server answered {status}"))
}

/// An address that a server names is used only where it is encrypted, or on this computer.
fn trusted(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let mut place = url.clone();
    place.set_query(None);
    ServerAddress::new(place.as_str()).ok()?;
    Some(url)
}
