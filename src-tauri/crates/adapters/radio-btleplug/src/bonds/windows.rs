//! Bonds through WinRT: `DeviceInformationCustomPairing` asks us, and we ask the person.
//! Not here: what is asked, which is the same on every system.
use super::Limits;
use crate::fault::safe_text;
use bedside_console::OpenQuestions;
use bedside_console::ports::{Bond, BondSource, BondState, PairingQuestion, Passkey, PeripheralId};
use bedside_session::{PairingFault, RadioFault};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use windows::Devices::Bluetooth::BluetoothLEDevice;
use windows::Devices::Enumeration::{
    DeviceInformationCustomPairing, DeviceInformationPairing, DevicePairingKinds, DevicePairingRequestedEventArgs,
    DevicePairingResultStatus, DeviceUnpairingResultStatus,
};
use windows::Foundation::TypedEventHandler;
use windows::core::HSTRING;

/// The bonds that Windows keeps.
#[derive(Debug)]
pub(crate) struct Bonds {
    questions: Arc<OpenQuestions>,
    limits: Limits,
}

/// Windows asks whoever pairs; nothing has to be registered before.
#[derive(Debug)]
pub(crate) struct AgentLease;

/// Why a person's part of a pairing failed.
#[derive(Debug, Default)]
struct SaidHere {
    why: Mutex<Option<PairingFault>>,
    no: Notify,
}

impl SaidHere {
    fn say(&self, fault: PairingFault) {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        self.no.notify_one();
    }

    fn why(&self) -> Option<PairingFault> {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bonds {
    pub(crate) fn new(questions: Arc<OpenQuestions>, limits: Limits) -> Arc<Self> {
        Arc::new(Self { questions, limits })
    }

    pub(crate) async fn lease(self: &Arc<Self>) -> Option<AgentLease> {
        None
    }

    pub(crate) async fn bond(&self, id: &PeripheralId) -> Result<Bond, RadioFault> {
        let pairing = self.pairing(id).await?;
        let state = if pairing.IsPaired().map_err(system)? { BondState::Bonded } else { BondState::NotBonded };
        Ok(Bond { state, source: BondSource::Windows })
    }

    pub(crate) async fn pair(self: &Arc<Self>, id: &PeripheralId) -> Result<(), RadioFault> {
        let pairing = self.pairing(id).await?;
        if pairing.IsPaired().map_err(system)? {
            return Ok(());
        }
        self.questions.ask(id, PairingQuestion::MayBond).await?;
        let custom = pairing.Custom().map_err(system)?;
        let said_here = Arc::new(SaidHere::default());
        let token = self.answer_questions(&custom, id, &said_here)?;
        let kinds = DevicePairingKinds::ConfirmOnly
            | DevicePairingKinds::DisplayPin
            | DevicePairingKinds::ProvidePin
            | DevicePairingKinds::ConfirmPinMatch;
        let result = self.run(&custom, kinds, &said_here).await;
        self.questions.withdraw(id);
        // The handler goes with the object if this fails.
        let _ = custom.RemovePairingRequested(token);
        // What a person said goes before what Windows made of it.
        let fault = match (said_here.why(), result) {
            (Some(fault), _) => fault.into(),
            (None, Err(fault)) => fault,
            (None, Ok(DevicePairingResultStatus::Paired | DevicePairingResultStatus::AlreadyPaired)) => return Ok(()),
            (None, Ok(status)) => fault_of(status),
        };
        // Windows may have been finishing all the same: no bond is kept that was refused or given up.
        if self.bond(id).await.is_ok_and(|bond| bond.state == BondState::Bonded) {
            let kept = |fault: &RadioFault| tracing::warn!(code = "PAIRING", %fault, "a refused bond was kept");
            let _ = self.forget(id).await.inspect_err(kept);
        }
        Err(fault)
    }

    /// Pairs until Windows is done, a person says no, or the time is over; the last two call it off.
    async fn run(
        &self,
        custom: &DeviceInformationCustomPairing,
        kinds: DevicePairingKinds,
        said_here: &SaidHere,
    ) -> Result<DevicePairingResultStatus, RadioFault> {
        let operation = custom.PairAsync(kinds).map_err(system)?;
        let fault = tokio::select! {
            biased;
            result = operation.clone().into_future() => {
                return result.and_then(|result| result.Status()).map_err(system);
            }
            () = said_here.no.notified() => PairingFault::Declined,
            () = tokio::time::sleep(self.limits.pair) => PairingFault::TimedOut,
        };
        // One that has ended meanwhile cannot be called off, and need not.
        let _ = operation.Cancel();
        Err(fault.into())
    }

    pub(crate) async fn forget(&self, id: &PeripheralId) -> Result<(), RadioFault> {
        let pairing = self.pairing(id).await?;
        let unpairing = pairing.UnpairAsync().map_err(system)?;
        let result = tokio::time::timeout(self.limits.other, unpairing).await.map_err(|_| self.late("forget it"))?;
        match result.and_then(|result| result.Status()).map_err(system)? {
            DeviceUnpairingResultStatus::Unpaired | DeviceUnpairingResultStatus::AlreadyUnpaired => Ok(()),
            DeviceUnpairingResultStatus::AccessDenied => Err(RadioFault::NotPermitted("unpairing was denied".into())),
            status => Err(RadioFault::System(format!("unpairing ended with status {}", status.0))),
        }
    }

    /// Windows pairs by itself when it must, with its own question; a call waits for that.
    pub(crate) async fn asked_by_system(&self, _id: &PeripheralId) {
        std::future::pending().await
    }

    async fn pairing(&self, id: &PeripheralId) -> Result<DeviceInformationPairing, RadioFault> {
        let address = address(id).ok_or(RadioFault::OutOfReach)?;
        let finding = BluetoothLEDevice::FromBluetoothAddressAsync(address).map_err(system)?;
        let found = tokio::time::timeout(self.limits.other, finding).await.map_err(|_| self.late("find the device"))?;
        // Windows answers with nothing when it does not know the address (any more).
        let device = found.map_err(|_| RadioFault::OutOfReach)?;
        device.DeviceInformation().and_then(|information| information.Pairing()).map_err(system)
    }

    /// Lets Windows ask its questions through ours; gives the token to end that.
    fn answer_questions(
        self: &Arc<Self>,
        custom: &DeviceInformationCustomPairing,
        id: &PeripheralId,
        said_here: &Arc<SaidHere>,
    ) -> Result<i64, RadioFault> {
        let runtime = tokio::runtime::Handle::current();
        let (bonds, id, said_here) = (Arc::clone(self), id.clone(), Arc::clone(said_here));
        let handler = TypedEventHandler::<DeviceInformationCustomPairing, DevicePairingRequestedEventArgs>::new(
            move |_, asked| {
                if let Some(asked) = asked.as_ref() {
                    let (bonds, id, said_here, asked) =
                        (Arc::clone(&bonds), id.clone(), Arc::clone(&said_here), asked.clone());
                    let deferral = asked.GetDeferral()?;
                    runtime.spawn(async move {
                        if let Err(fault) = bonds.answer(&id, &asked).await {
                            said_here.say(fault);
                        }
                        // Not accepted means declined.
                        let _ = deferral.Complete();
                    });
                }
                Ok(())
            },
        );
        custom.PairingRequested(&handler).map_err(system)
    }

    async fn answer(&self, id: &PeripheralId, asked: &DevicePairingRequestedEventArgs) -> Result<(), PairingFault> {
        let unreadable = |_| PairingFault::Failed;
        let shown = || {
            let text = asked.Pin().map_err(unreadable)?;
            Passkey::parse(&text.to_string_lossy()).ok_or(PairingFault::Failed)
        };
        match asked.PairingKind().map_err(unreadable)? {
            DevicePairingKinds::ConfirmOnly => {}
            DevicePairingKinds::ProvidePin => {
                let typed = self.questions.ask(id, PairingQuestion::EnterPasskey).await?;
                let typed = typed.ok_or(PairingFault::Declined)?.to_string();
                return asked.AcceptWithPin(&HSTRING::from(typed)).map_err(unreadable);
            }
            DevicePairingKinds::ConfirmPinMatch => {
                self.questions.ask(id, PairingQuestion::CompareNumbers(shown()?)).await?;
            }
            DevicePairingKinds::DisplayPin => {
                // Windows goes on as soon as this is accepted; the digits stay on show until the pairing is over.
                let digits = shown()?;
                asked.Accept().map_err(unreadable)?;
                return match self.questions.ask(id, PairingQuestion::ShowPasskey(digits)).await {
                    Ok(_) | Err(PairingFault::Cancelled) => Ok(()),
                    Err(fault) => Err(fault),
                };
            }
            _ => return Err(PairingFault::Failed),
        }
        asked.Accept().map_err(unreadable)
    }

    fn late(&self, step: &'static str) -> RadioFault {
        RadioFault::Deadline { step, seconds: self.limits.other.as_secs().max(1) }
    }
}

fn fault_of(status: DevicePairingResultStatus) -> RadioFault {
    let fault = match status {
        DevicePairingResultStatus::AuthenticationFailure | DevicePairingResultStatus::ProtectionLevelCouldNotBeMet => {
            PairingFault::Failed
        }
        DevicePairingResultStatus::AuthenticationTimeout => PairingFault::TimedOut,
        DevicePairingResultStatus::NotReadyToPair
        | DevicePairingResultStatus::ConnectionRejected
        | DevicePairingResultStatus::RejectedByHandler => PairingFault::Rejected,
        DevicePairingResultStatus::PairingCanceled => PairingFault::Cancelled,
        DevicePairingResultStatus::AccessDenied => return RadioFault::NotPermitted("pairing was denied".into()),
        DevicePairingResultStatus::HardwareFailure => return RadioFault::OutOfReach,
        status => return RadioFault::System(format!("pairing ended with status {}", status.0)),
    };
    fault.into()
}

/// The library prints a device as its address, "F0:00:00:00:00:01".
fn address(id: &PeripheralId) -> Option<u64> {
    let digits: String = id.0.chars().filter(|c| *c != ':').collect();
    if digits.len() == 12 { u64::from_str_radix(&digits, 16).ok() } else { None }
}

fn system(error: windows::core::Error) -> RadioFault {
    RadioFault::System(safe_text(&error.message()))
}
