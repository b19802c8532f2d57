//! The port: one request, one whole answer within deadlines and limits, by a token where there is one.
//! Not here: the client's security (`client`), and signing in (`sign_in`).
use crate::address::{InvalidServer, ServerAddress};
use crate::answer;
use crate::body::{self, Gzip};
use crate::client::client;
use crate::fault;
use crate::options::ClinicHttpOptions;
use crate::sign_in::Authorization;
use async_trait::async_trait;
use bedside_console::ports::{
    AccessToken, ClinicAnswer, ClinicFault, ClinicRequest, ClinicServer, Grant, GrantFault, Method, RefreshToken,
    SignInKind,
};
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, Response};
use std::sync::Arc;
use std::time::SystemTime;

const FHIR_JSON: &str = "application/fhir+json";

/// The clinic's server over HTTPS.
#[derive(Clone, Debug)]
pub struct ClinicHttp {
    client: Client,
    address: ServerAddress,
    largest_answer: usize,
    gzip: Arc<Gzip>,
    authorization: Option<Arc<Authorization>>,
}

impl ClinicHttp {
    /// Checks the options and makes a client. Nothing is sent.
    pub fn new(options: &ClinicHttpOptions) -> Result<Self, InvalidServer> {
        let address = ServerAddress::new(&options.base_url)?;
        let client = client(options, &address)?;
        let authorization = options
            .sign_in
            .clone()
            .map(|sign_in| Arc::new(Authorization::new(client.clone(), address.clone(), sign_in)));
        Ok(Self { client, address, largest_answer: options.largest_answer, gzip: Arc::default(), authorization })
    }

    /// Where the server is.
    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    async fn exchange(
        &self,
        token: Option<&AccessToken>,
        request: &ClinicRequest,
    ) -> Result<ClinicAnswer, ClinicFault> {
        let Some(text) = &request.body else {
            return self.whole_answer(sent(self.request(token, request)?).await?).await;
        };
        let unpacked = |builder: RequestBuilder| builder.body(text.clone());
        let Some(packed) = self.gzip.pack(text) else {
            return self.whole_answer(sent(unpacked(self.request(token, request)?)).await?).await;
        };
        let builder = self.request(token, request)?.header(CONTENT_ENCODING, "gzip").body(packed);
        let response = sent(builder).await?;
        if !self.gzip.again_unpacked(response.status().as_u16()) {
            return self.whole_answer(response).await;
        }
        let answer = self.whole_answer(sent(unpacked(self.request(token, request)?)).await?).await?;
        if (200..300).contains(&answer.status) {
            self.gzip.unpacked_was_taken();
        }
        Ok(answer)
    }

    /// All but the body.
    fn request(&self, token: Option<&AccessToken>, request: &ClinicRequest) -> Result<RequestBuilder, ClinicFault> {
        let url = self.address.join(&request.path)?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
        };
        let mut builder = self.client.request(method, url).header(ACCEPT, FHIR_JSON);
        if let Some(token) = token {
            builder = builder.bearer_auth(token.reveal());
        }
        if request.body.is_some() {
            // Outcomes are enough: what was sent is known here.
            builder = builder.header(CONTENT_TYPE, FHIR_JSON).header("Prefer", "return=minimal");
        }
        Ok(builder)
    }

    async fn whole_answer(&self, response: Response) -> Result<ClinicAnswer, ClinicFault> {
        let headers = response.headers();
        let content_type = answer::content_type(headers);
        let retry_after = answer::retry_after(headers, SystemTime::now());
        let server_time = answer::server_time(headers);
        let status = response.status().as_u16();
        let body = body::whole(response, self.largest_answer).await?;
        Ok(ClinicAnswer { status, content_type, retry_after, server_time, body })
    }

    fn authorization(&self) -> Result<&Authorization, GrantFault> {
        self.authorization.as_deref().ok_or_else(|| GrantFault::NotSetUp("the policy names no client".to_owned()))
    }
}

async fn sent(builder: RequestBuilder) -> Result<Response, ClinicFault> {
    builder.send().await.map_err(|error| fault::of_request(&error))
}

#[async_trait]
impl ClinicServer for ClinicHttp {
    async fn send(&self, request: ClinicRequest) -> Result<ClinicAnswer, ClinicFault> {
        self.exchange(None, &request).await
    }

    async fn send_as(&self, token: &AccessToken, request: ClinicRequest) -> Result<ClinicAnswer, ClinicFault> {
        self.exchange(Some(token), &request).await
    }

    fn path_behind(&self, link: &str) -> Option<String> {
        self.address.behind(link)
    }

    fn sign_in_kind(&self) -> SignInKind {
        self.authorization.as_ref().map_or(SignInKind::NotNeeded, |authorization| authorization.kind())
    }

    fn address(&self) -> String {
        self.address.as_str().to_owned()
    }

    async fn sign_in(&self) -> Result<Grant, GrantFault> {
        self.authorization()?.of_person().await
    }

    async fn sign_in_as_machine(&self) -> Result<Grant, GrantFault> {
        self.authorization()?.of_machine().await
    }

    async fn renew(&self, refresh: &RefreshToken, endpoint: &str) -> Result<Grant, GrantFault> {
        self.authorization()?.renew(refresh, endpoint).await
    }

    async fn capability(&self) -> Result<ClinicAnswer, ClinicFault> {
        self.exchange(None, &ClinicRequest { method: Method::Get, path: "metadata".to_owned(), body: None }).await
    }

    fn takes_gzip(&self) -> Option<bool> {
        self.gzip.known()
    }
}
