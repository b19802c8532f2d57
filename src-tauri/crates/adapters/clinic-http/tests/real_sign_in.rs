//! Both flows against a real authorization server and a FHIR server that checks its tokens (`tests/clinic`, started
//! through node). Skipped, loudly, where they are not installed. What goes wrong is in `sign_in`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "a test fails by panicking")]
use bedside_clinic_http::{Browser, ClinicHttp, ClinicHttpOptions, SignInOptions};
use bedside_console::ports::{AccessToken, ClinicRequest, ClinicServer, Grant, GrantFault, Method, RefreshToken};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What the FHIR server's tokens are good for, here.
const AUDIENCE: &str = "http://127.0.0.1/fhir";
const SCOPES: &str = "openid fhirUser offline_access user/Observation.cruds user/Patient.cruds";

/// Both servers, for the length of a test.
struct Rig {
    issuer: String,
    base: String,
    key: PathBuf,
    _running: [Child; 2],
    _folder: tempfile::TempDir,
}

impl Rig {
    async fn start() -> Option<Self> {
        if !scripts().join("node_modules/oidc-provider").is_dir() {
            assert!(node().is_none(), "`cargo xtask test` said that the authorization server is there");
            eprintln!("SKIPPED: no authorization server; run `npm ci` in tests/clinic");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key.pem");
        let key_text = key.to_str().unwrap();
        let (oidc, issuer) =
            started(&["smart-oidc.mjs", "0", "--fhir-base", AUDIENCE, "--backend-key", key_text]).await;
        let (clinic, base) = started(&["demo-clinic.mjs", "0", "--issuer", &issuer, "--audience", AUDIENCE]).await;
        Some(Self { issuer, base, key, _running: [oidc, clinic], _folder: folder })
    }

    fn person(&self, arguments: &'static [&'static str]) -> ClinicHttp {
        let browser = Browser::new(move |url| {
            let mut browser = std::process::Command::new(node().unwrap_or_else(|| "node".into()));
            browser.arg("smart-browser.mjs").arg(url.as_str()).args(arguments);
            let mut running = browser.current_dir(scripts()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
            std::thread::spawn(move || running.wait());
            Ok(())
        });
        self.client(SignInOptions { browser, ..SignInOptions::new("clinician-console", SCOPES) })
    }

    fn machine(&self, key: &Path, id: &str) -> ClinicHttp {
        let machine_key = Some((key.to_owned(), id.to_owned()));
        self.client(SignInOptions { machine_key, ..SignInOptions::new("console-backend", "system/*.cruds") })
    }

    fn client(&self, sign_in: SignInOptions) -> ClinicHttp {
        ClinicHttp::new(&ClinicHttpOptions { sign_in: Some(sign_in), ..ClinicHttpOptions::new(&self.base) }).unwrap()
    }

    /// What the token endpoint granted and refused, by kind.
    async fn seen(&self) -> Value {
        serde_json::from_str(&self.control("seen").await).unwrap()
    }

    async fn control(&self, what: &str) -> String {
        let test = ClinicHttp::new(&ClinicHttpOptions::new(format!("{}/test", self.issuer))).unwrap();
        let get = ClinicRequest { method: Method::Get, path: what.to_owned(), body: None };
        test.send(get).await.unwrap().body
    }
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../tests/clinic")
}

fn node() -> Option<std::ffi::OsString> {
    std::env::var_os("BEDSIDE_NODE")
}

async fn started(arguments: &[&str]) -> (Child, String) {
    let mut child = Command::new(node().unwrap_or_else(|| "node".into()))
        .args(arguments)
        .arg("--until-stdin-closes")
        .current_dir(scripts())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().expect("the server says where it is");
    (child, line.strip_prefix("ready on ").expect("ready on URL").to_owned())
}

async fn status(clinic: &ClinicHttp, token: Option<&AccessToken>) -> u16 {
    let request = ClinicRequest { method: Method::Get, path: "Observation?_count=1".to_owned(), body: None };
    let answer = match token {
        Some(token) => clinic.send_as(token, request).await,
        None => clinic.send(request).await,
    };
    answer.unwrap().status
}

async fn renewed(clinic: &ClinicHttp, grant: &Grant) -> Result<Grant, GrantFault> {
    clinic.renew(grant.refresh.as_ref().unwrap(), &grant.endpoint).await
}

#[tokio::test]
async fn a_clinician_signs_in_in_a_browser_and_the_token_opens_the_server() {
    let Some(rig) = Rig::start().await else { return };
    let clinic = rig.person(&["--login", "o.berg"]);
    assert_eq!(status(&clinic, None).await, 401);
    let grant = clinic.sign_in().await.unwrap();
    assert_eq!(grant.user.as_deref(), Some("Practitioner/o.berg"));
    assert_eq!(status(&clinic, Some(&grant.access)).await, 200);
    assert_eq!(status(&clinic, Some(&AccessToken::new("forged"))).await, 401);
}

#[tokio::test]
async fn a_renewal_replaces_the_refresh_token_and_the_old_one_ends_the_whole_sign_in() {
    let Some(rig) = Rig::start().await else { return };
    let clinic = rig.person(&[]);
    let first = clinic.sign_in().await.unwrap();
    let second = renewed(&clinic, &first).await.unwrap();
    assert!(second.refresh.is_some() && second.refresh != first.refresh);
    assert_eq!(status(&clinic, Some(&second.access)).await, 200);
    assert_eq!(renewed(&clinic, &first).await.unwrap_err(), GrantFault::SignInAgain, "the old one");
    assert_eq!(renewed(&clinic, &second).await.unwrap_err(), GrantFault::SignInAgain, "and so the new one, too");
}

#[tokio::test]
async fn grants_that_were_ended_at_the_server_ask_for_a_sign_in() {
    let Some(rig) = Rig::start().await else { return };
    let clinic = rig.person(&[]);
    let grant = clinic.sign_in().await.unwrap();
    rig.control("end-grants").await;
    assert_eq!(renewed(&clinic, &grant).await.unwrap_err(), GrantFault::SignInAgain);
    assert!(clinic.sign_in().await.is_ok());
}

#[tokio::test]
async fn a_person_who_does_not_agree_grants_nothing() {
    let Some(rig) = Rig::start().await else { return };
    let fault = rig.person(&["--deny"]).sign_in().await.unwrap_err();
    assert_eq!(fault, GrantFault::Declined("access_denied".to_owned()));
    assert_eq!(rig.seen().await["granted"], serde_json::json!({}));
}

#[tokio::test]
async fn this_computer_signs_in_with_its_key_and_with_no_other() {
    let Some(rig) = Rig::start().await else { return };
    let clinic = rig.machine(&rig.key, "console-1");
    let grant = clinic.sign_in_as_machine().await.unwrap();
    assert_eq!((grant.refresh.as_ref(), grant.user.as_ref()), (None, None));
    assert_eq!(status(&clinic, Some(&grant.access)).await, 200);
    assert!(clinic.sign_in_as_machine().await.is_ok(), "each assertion is another one");
    let other = rig.key.with_file_name("other.pem");
    std::fs::write(&other, rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap().serialize_pem())
        .unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let fault = rig.machine(&other, "console-1").sign_in_as_machine().await.unwrap_err();
    assert_eq!(fault, GrantFault::Refused("invalid_client".to_owned()));
}

#[tokio::test]
async fn a_token_that_nobody_gave_renews_nothing() {
    let Some(rig) = Rig::start().await else { return };
    let clinic = rig.person(&[]);
    let grant = clinic.sign_in().await.unwrap();
    let fault = clinic.renew(&RefreshToken::new("forged"), &grant.endpoint).await.unwrap_err();
    assert_eq!(fault, GrantFault::SignInAgain);
}
