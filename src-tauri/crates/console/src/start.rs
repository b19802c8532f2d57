//! Making a vault, and a running loop on a closed one.
//! A key is made only when there is no vault (security finding 1). Not here: which adapters, and
//! opening (`access`).
use crate::access::{Access, clinicians};
use crate::audit::{AuditAction, AuditEntry, Purpose};
use crate::clinic_sign_in::ClinicTokens;
use crate::event_loop::{self, Console, Ports};
use crate::live::Live;
use crate::minutes::Minutes;
use crate::ports::*;
use crate::procedures::DeviceFacts;
use crate::records::{Changes, Run};
use crate::request::{ConsoleHandle, NewClinician, RequestError};
use crate::snapshot::Mode;
use crate::strips::Strips;
use crate::sync::Sync;
use crate::vigil::Vigil;
use bedside_charts::Advances;
use bedside_fhir::FilingContext;
use bedside_policy::Policy;
use bedside_session::Now;
use futures::stream::FuturesUnordered;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What the console is told besides its ports.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Demo vault or real one.
    pub mode: Mode,
    /// The policy.
    pub policy: Policy,
    /// The identifier system of record numbers, when the policy names none.
    pub record_number_system: String,
    /// The bundled font's widths.
    pub advances: Advances,
}

/// Why the vault is not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenFault {
    /// The keyring.
    #[error(transparent)]
    Keys(#[from] KeyFault),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The first clinician's passphrase or PIN.
    #[error(transparent)]
    Weak(#[from] WeakSecret),
    /// The first clinician's particulars.
    #[error("expected {0}")]
    InvalidClinician(&'static str),
}

/// A vault that was made.
#[derive(Debug)]
pub struct Created {
    /// Its id.
    pub vault: VaultId,
    /// The private key of its recovery kit, where the policy names no key of IT's: to be printed, and nowhere else.
    pub kit: Option<RecoveryKey>,
}

/// Makes a new vault with a new secret and closes it again. A first run is concluded only when no vault exists and a
/// write-read-delete probe of the keyring succeeded. `first: None` makes a vault that the device secret alone opens:
/// the demo vault, which needs no recovery.
pub async fn create_vault(
    store: &dyn RecordStore,
    keys: &dyn KeyStore,
    machine: &dyn Machine,
    first: Option<NewClinician>,
    recovery: Option<RecoveryPublicKey>,
) -> Result<Created, OpenFault> {
    if store.presence().await? != VaultPresence::Missing {
        return Err(StoreFault::AlreadyThere.into());
    }
    if let Some(first) = &first {
        clinicians::valid(first).map_err(invalid)?;
    }
    keys.probe().await?;
    let kit = (first.is_some() && recovery.is_none()).then(|| RecoveryKey::new(machine.random()));
    let recovery = recovery.or_else(|| kit.as_ref().map(RecoveryKey::public));
    let vault = VaultId(Uuid::from_slice(&machine.random()[..16]).unwrap_or_default());
    let secret = DeviceSecret::new(machine.random());
    keys.create(vault, &secret).await?;
    let wall = machine.wall();
    let row = first.as_ref().map(|first| clinicians::administrator(first, &[], machine.random(), wall));
    let (passphrase, pin) = first.map_or((None, None), |first| (Some(first.passphrase), first.pin));
    let slot = row.as_ref().zip(passphrase).map(|(row, passphrase)| clinicians::slot(row, passphrase));
    if let Err(fault) = store.create(NewVault { id: vault, secret, first: slot, recovery }).await {
        // The secret opens nothing: leave no trace of it. If that fails too, an unused entry stays in the keyring.
        let _ = keys.forget(vault).await;
        return Err(fault.into());
    }
    let by = |action| AuditEntry {
        actor: row.as_ref().map(|row| row.id),
        clinician: row.as_ref().map(|row| row.id),
        purpose: Purpose::Operations,
        origin: crate::auditing::origin(machine, None),
        roles: row.as_ref().map(|row| row.roles.clone()).unwrap_or_default(),
        ..AuditEntry::new(wall, action)
    };
    let mut audit = vec![by(AuditAction::VaultCreated)];
    let changes = match &row {
        Some(row) => {
            audit.push(by(AuditAction::ClinicianAdded));
            clinicians::enrolment(row, pin, audit)
        }
        None => Changes { audit, ..Changes::default() },
    };
    let begun = store.commit(changes).await;
    // What follows can be made up for at any opening: it keeps nobody from the kit, which is not shown again.
    if begun.is_ok() && crate::anchoring::write(store, keys, vault, wall).await {
        let _ = store.commit(Changes { anchor_kept: true, ..Changes::default() }).await;
    }
    if let Err(fault) = store.close().await {
        tracing::warn!(code = "STORE-CLOSE", %fault, "a vault that was just made could not be closed");
    }
    // Without the first clinician's row nobody gets the kit; the first sign-in by their slot makes up for the row.
    begun?;
    Ok(Created { vault, kit })
}

fn invalid(error: RequestError) -> OpenFault {
    match error {
        RequestError::WeakSecret(weak) => OpenFault::Weak(weak),
        RequestError::InvalidClinician(expected) => OpenFault::InvalidClinician(expected),
        // The check gives no other.
        _ => OpenFault::InvalidClinician("a clinician who can be enrolled"),
    }
}

/// Opens a vault that has a device slot: the demo vault, or one of an earlier version. For programs that read beside a
/// console; the console itself opens by `ConsoleHandle::open_with_device_secret`. Never makes a key.
pub async fn open_vault(store: &dyn RecordStore, keys: &dyn KeyStore, mode: OpenMode) -> Result<VaultId, OpenFault> {
    let Some(vault) = store.presence().await?.id() else { return Err(StoreFault::Missing.into()) };
    let secret = keys.load(vault).await?;
    store.open(Unlock::Device(secret), mode).await?;
    Ok(vault)
}

/// Starts the console on a closed vault, as its one writer: devices can be recorded at once, into the spool; signing in
/// opens the vault. The future is the loop: spawn it; it ends after `ConsoleHandle::close`.
pub async fn start(
    ports: Ports,
    settings: Settings,
    vault: VaultId,
) -> Result<(ConsoleHandle, impl Future<Output = ()> + Send + 'static), StoreFault> {
    let Settings { mode, policy, record_number_system, advances } = settings;
    let wall = ports.machine.wall();
    let now = Now { boot: ports.machine.boot(), wall, zone_offset_ms: ports.machine.zone_offset_ms(wall) };
    let context = FilingContext {
        record_number_system: policy.patient_identifier_system.clone().unwrap_or(record_number_system),
        gateway: Uuid::new_v5(&vault.0, b"gateway"),
        test_data: mode == Mode::Demo,
    };
    ports.store.stand_by().await?;
    let header = ports.store.presence().await?.header();
    let run_id = Uuid::from_slice(&ports.machine.random()[..16]).unwrap_or_default();
    let tokens = ClinicTokens::new(ports.clinic.as_ref());
    let sync = Sync::new(context, ports.clinic.is_some());
    let policy_id = policy_id(&policy);
    let console = Console {
        vault,
        access: Access::closed(header, now.boot),
        auditing: Default::default(),
        anchoring: Default::default(),
        safeguards: Default::default(),
        epoch: Default::default(),
        policy,
        mode,
        work: FuturesUnordered::new(),
        patients: Default::default(),
        known: Default::default(),
        devices: Default::default(),
        pairings: Default::default(),
        facts: DeviceFacts::default(),
        clocks: crate::clocks::Clocks::default(),
        commits: Default::default(),
        filing: Default::default(),
        held_back: Default::default(),
        minutes: Minutes::default(),
        live: Live::default(),
        strips: Strips::new(advances),
        sync,
        audit_filing: Default::default(),
        tokens,
        clinic_said: Default::default(),
        download: Default::default(),
        vigil: Vigil::new(now),
        run: Run { id: run_id, started: wall, last_alive: wall, recording: 0, ended: false, policy: Some(policy_id) },
        interrupted: None,
        broken_off: None,
        open: None,
        adapter: AdapterState::Missing,
        radio: Diagnosis::default(),
        adapter_known: false,
        unassigned: 0,
        opened_before: BTreeSet::new(),
        under_review: Default::default(),
        snapshots: 0,
        inhibitor: None,
        asked_to_stay_awake: false,
        maintained: None,
        maintaining: false,
        closing: None,
        changed: true,
        asked: false,
        shown: None,
        ports,
    };
    let (handle, requests) = event_loop::handle(mode);
    Ok((handle, console.run(requests)))
}

/// Names a policy by what is in it.
fn policy_id(policy: &bedside_policy::Policy) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("bedside policy {policy:?}").as_bytes())
}
