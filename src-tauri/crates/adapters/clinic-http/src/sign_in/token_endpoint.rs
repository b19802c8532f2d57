//! What is asked of the authorization server, and what its answers mean (RFC 6749, 7523, 7636).
//! Its words are not repeated: an error code is, where it is one; a description may hold anything.
use super::discovery::Endpoints;
use super::{LARGEST_DOCUMENT, unexpected};
use crate::address::ServerAddress;
use crate::body;
use crate::fault;
use crate::options::SignInOptions;
use bedside_console::ports::{AccessToken, ClinicFault, Grant, GrantFault, RefreshToken};
use futures::future::BoxFuture;
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AuthUrl, AuthorizationCode, Client, ClientId, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What OpenID Connect adds to an answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct WithIdentity {
    id_token: Option<String>,
}

impl ExtraTokenFields for WithIdentity {}

type Tokens = StandardTokenResponse<WithIdentity, BasicTokenType>;
type OAuth = Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointMaybeSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// One authorization server, asked by our client.
pub(crate) struct TokenEndpoint<'a> {
    http: &'a reqwest::Client,
    oauth: OAuth,
    scopes: Vec<Scope>,
    endpoint: &'a Url,
}

impl<'a> TokenEndpoint<'a> {
    pub(crate) fn new(
        http: &'a reqwest::Client,
        endpoints: &'a Endpoints,
        options: &SignInOptions,
    ) -> Result<Self, GrantFault> {
        let oauth = Client::new(ClientId::new(options.client_id.clone()))
            .set_auth_uri_option(endpoints.authorization.clone().map(AuthUrl::from_url))
            .set_token_uri(TokenUrl::from_url(endpoints.token.clone()));
        let scopes = options.scopes.split_whitespace().map(|scope| Scope::new(scope.to_owned())).collect();
        Ok(Self { http, oauth, scopes, endpoint: &endpoints.token })
    }

    /// Where a person signs in. They are asked who they are even if the browser remembers somebody: on a shared
    /// computer that may be somebody else.
    pub(crate) fn authorization_address(
        &self,
        redirect: &str,
        base: &ServerAddress,
        (state, nonce): (&CsrfToken, &CsrfToken),
        challenge: PkceCodeChallenge,
    ) -> Result<Url, GrantFault> {
        let redirect = RedirectUrl::new(redirect.to_owned()).map_err(|_| GrantFault::NotAccepted("no way back"))?;
        let oauth = self.oauth.clone().set_redirect_uri(redirect);
        let no_page = |_| GrantFault::NotOffered("authorization endpoint");
        let state = state.clone();
        let request = oauth.authorize_url(|| state).map_err(no_page)?;
        let (address, _) = request
            .add_scopes(self.scopes.iter().cloned())
            .set_pkce_challenge(challenge)
            .add_extra_param("aud", base.as_str())
            .add_extra_param("nonce", nonce.secret())
            .add_extra_param("prompt", "login consent")
            .url();
        Ok(address)
    }

    /// The grant of a code, and the identity token that came with it.
    pub(crate) async fn by_code(
        &self,
        code: String,
        redirect: String,
        verifier: PkceCodeVerifier,
    ) -> Result<(Grant, Option<Zeroizing<String>>), GrantFault> {
        let redirect = RedirectUrl::new(redirect).map_err(|_| GrantFault::NotAccepted("no way back"))?;
        let oauth = self.oauth.clone().set_redirect_uri(redirect);
        let request = oauth.exchange_code(AuthorizationCode::new(code)).set_pkce_verifier(verifier);
        let tokens = request.request_async(&self.caller()).await.map_err(|error| match error {
            // Of a code it means something else than of a refresh token: nobody has to ask again for what came late.
            RequestTokenError::ServerResponse(said) if *said.error() == BasicErrorResponseType::InvalidGrant => {
                GrantFault::Refused("invalid_grant".to_owned())
            }
            other => fault_of(other),
        })?;
        let identity = tokens.extra_fields().id_token.clone().map(Zeroizing::new);
        Ok((self.grant(&tokens)?, identity))
    }

    /// The grant of a refresh token.
    pub(crate) async fn by_refresh(&self, refresh: &RefreshToken) -> Result<Grant, GrantFault> {
        let refresh = oauth2::RefreshToken::new(refresh.reveal().to_owned());
        let request = self.oauth.exchange_refresh_token(&refresh);
        let tokens = request.request_async(&self.caller()).await.map_err(fault_of)?;
        self.grant(&tokens)
    }

    /// The grant of a client assertion.
    pub(crate) async fn by_assertion(&self, assertion: Zeroizing<String>) -> Result<Grant, GrantFault> {
        let request = self
            .oauth
            .exchange_client_credentials()
            .add_scopes(self.scopes.iter().cloned())
            .add_extra_param("client_assertion_type", ASSERTION_TYPE)
            .add_extra_param("client_assertion", assertion.as_str());
        let tokens = request.request_async(&self.caller()).await.map_err(|error| {
            let fault = fault_of(error);
            // There is nobody to sign in again.
            if fault == GrantFault::SignInAgain { GrantFault::Refused("invalid_grant".to_owned()) } else { fault }
        })?;
        self.grant(&tokens)
    }

    /// Our client as the OAuth library calls one.
    fn caller(&self) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, ClinicFault>> + Send + Sync {
        let http = self.http.clone();
        move |request| Box::pin(call(http.clone(), request))
    }

    fn grant(&self, tokens: &Tokens) -> Result<Grant, GrantFault> {
        if *tokens.token_type() != BasicTokenType::Bearer {
            return Err(GrantFault::NotOffered("bearer tokens"));
        }
        let scopes = tokens.scopes().map(|all| all.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "));
        Ok(Grant {
            access: AccessToken::new(tokens.access_token().secret().as_str()),
            lasts: tokens.expires_in(),
            refresh: tokens.refresh_token().map(|token| RefreshToken::new(token.secret().as_str())),
            endpoint: self.endpoint.as_str().to_owned(),
            user: None,
            scopes,
        })
    }
}

/// An error code as OAuth writes one; anything else is not repeated.
pub(super) fn word(error: &str) -> String {
    let is_code = !error.is_empty() && error.len() <= 60 && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if is_code { error.to_owned() } else { "another reason".to_owned() }
}

fn fault_of(error: RequestTokenError<ClinicFault, BasicErrorResponse>) -> GrantFault {
    match error {
        RequestTokenError::Request(fault) => GrantFault::NoAnswer(fault),
        RequestTokenError::ServerResponse(said) if *said.error() == BasicErrorResponseType::InvalidGrant => {
            GrantFault::SignInAgain
        }
        RequestTokenError::ServerResponse(said) => GrantFault::Refused(word(said.error().as_ref())),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            GrantFault::NoAnswer(ClinicFault::Ambiguous("the sign-in server gave no token".to_owned()))
        }
    }
}

/// One request of the OAuth library over our client.
async fn call(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, ClinicFault> {
    let no_request = || ClinicFault::NotTrusted("the request could not be made".to_owned());
    let request = reqwest::Request::try_from(request).map_err(|_| no_request())?;
    let response = client.execute(request).await.map_err(|error| fault::of_request(&error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    if matches!(status.as_u16(), 408 | 429 | 500..=599) {
        return Err(unexpected(status.as_u16()));
    }
    let text = body::whole(response, LARGEST_DOCUMENT).await?;
    let mut answer = HttpResponse::new(text.into_bytes());
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_an_error_code_is_repeated() {
        assert_eq!(word("invalid_client"), "invalid_client");
        for other in ["", "Patient Example", "a\nb", &"a".repeat(61)] {
            assert_eq!(word(other), "another reason");
        }
    }
}
