//! The pairing side of the emulated BlueZ: its agents, what each device asks, and the bonds at both ends.
//! Not here: keys and the radio; a bond is an entry in the emulator's world.
use super::{BluezError, DeviceSpec, Emulator, device_path};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Notify;
use zbus::interface;
use zbus::message::Header;
use zbus::names::UniqueName;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, Value};

/// What a device asks when it is paired.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pairs {
    /// Nothing.
    JustWorks,
    /// The digits that it shows.
    ShowsPasskey(u32),
    /// That these digits are typed on it; a person there does so when the test says.
    TakesPasskey(u32),
    /// Whether both ends show this number.
    ShowsNumber(u32),
}

/// The agents that BlueZ knows.
#[derive(Debug, Default)]
pub(crate) struct Agents {
    /// By the bus name of who registered it.
    pub(crate) known: BTreeMap<String, String>,
    /// How often one was registered, and asked to be the default one.
    pub(crate) registered: usize,
    pub(crate) asked_to_be_default: usize,
    /// Somebody typed the digits on the device.
    pub(crate) typed: Arc<Notify>,
    /// The pairing is done by the time that it is called off.
    pub(crate) calls_off_too_late: bool,
    /// The client called the pairing off.
    pub(crate) cancelled: Arc<Notify>,
}

pub(super) struct AgentManagerObject {
    emulator: Emulator,
}

impl AgentManagerObject {
    pub(super) fn of(emulator: Emulator) -> Self {
        Self { emulator }
    }
}

#[interface(name = "org.bluez.AgentManager1")]
impl AgentManagerObject {
    fn register_agent(
        &self,
        agent: OwnedObjectPath,
        capability: String,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), BluezError> {
        assert_eq!(capability, "KeyboardDisplay");
        let owner = header.sender().map(ToString::to_string).unwrap_or_default();
        let agents = &mut self.emulator.world().agents;
        if agents.known.contains_key(&owner) {
            return Err(BluezError::AlreadyExists("Already Exists".into()));
        }
        agents.known.insert(owner, agent.to_string());
        agents.registered += 1;
        Ok(())
    }

    fn unregister_agent(&self, _agent: OwnedObjectPath, #[zbus(header)] header: Header<'_>) {
        let owner = header.sender().map(ToString::to_string).unwrap_or_default();
        self.emulator.world().agents.known.remove(&owner);
    }

    fn request_default_agent(&self, _agent: OwnedObjectPath) {
        self.emulator.world().agents.asked_to_be_default += 1;
    }
}

impl Emulator {
    /// BlueZ lets its agents go, and tells them.
    pub(crate) async fn release_agents(&self) {
        let agents = std::mem::take(&mut self.world().agents.known);
        for (owner, agent) in agents {
            self.ask(&owner, &agent, "Release", &()).await.expect("the agent is there");
        }
    }

    /// `Device1.Pair`: asks the agent of whoever called.
    pub(super) async fn pair(&self, device: &DeviceSpec, asker: &str) -> Result<(), BluezError> {
        let agent = { self.world().agents.known.get(asker).cloned() };
        let path = ObjectPath::try_from(device_path(device)).expect("a path");
        let agree = match (device.pairs, agent) {
            (Pairs::JustWorks, _) => true,
            (_, None) => return Err(BluezError::AuthenticationFailed("No agent available".into())),
            (Pairs::ShowsPasskey(shown), Some(agent)) => {
                let answer = self.ask(asker, &agent, "RequestPasskey", &(path,)).await?;
                answer.body().deserialize::<u32>().is_ok_and(|typed| typed == shown)
            }
            (Pairs::ShowsNumber(number), Some(agent)) => {
                self.ask(asker, &agent, "RequestConfirmation", &(path, number)).await.map(|_| true)?
            }
            (Pairs::TakesPasskey(digits), Some(agent)) => {
                let (typed, cancelled) = {
                    let agents = &self.world().agents;
                    (Arc::clone(&agents.typed), Arc::clone(&agents.cancelled))
                };
                let (typed, cancelled) = (typed.notified(), cancelled.notified());
                // BlueZ says it again with each key that is typed.
                for entered in 0..2_u16 {
                    self.ask(asker, &agent, "DisplayPasskey", &(path.clone(), digits, entered)).await?;
                }
                tokio::select! {
                    () = typed => true,
                    () = cancelled => {
                        if !self.world().agents.calls_off_too_late {
                            return Err(BluezError::AuthenticationCanceled("Authentication Canceled".into()));
                        }
                        true
                    }
                }
            }
        };
        if !agree {
            return Err(BluezError::AuthenticationFailed("Authentication Failed".into()));
        }
        {
            let mut world = self.world();
            world.bonded.insert(device.address.into());
            world.bonded_there.insert(device.address.into());
        }
        let path = device_path(device);
        self.changed(&path, "org.bluez.Device1", "Paired", Value::from(true)).await.map_err(BluezError::from)
    }

    /// What BlueZ does when a protected value is read. Without a bond it asks an agent, whoever that belongs to; a no is
    /// never passed on to the reader.
    pub(super) async fn encrypt(&self, address: &str) -> Result<(), BluezError> {
        let (here, there, agent) = {
            let world = self.world();
            let agent = world.agents.known.iter().next().map(|(owner, path)| (owner.clone(), path.clone()));
            (world.bonded.contains(address), world.bonded_there.contains(address), agent)
        };
        match (here, there) {
            (true, true) => Ok(()),
            (true, false) => Err(BluezError::Failed("Operation failed with ATT error: 0x05".into())),
            (false, _) => {
                let device = self.devices.iter().find(|device| device.address == address).expect("a device");
                let path = ObjectPath::try_from(device_path(device)).expect("a path");
                if let Some((owner, agent)) = agent {
                    let answer = self.ask(&owner, &agent, "RequestAuthorization", &(path,)).await;
                    assert!(answer.is_err(), "nobody allowed a bond");
                }
                std::future::pending().await
            }
        }
    }

    async fn ask<B>(&self, owner: &str, agent: &str, method: &str, body: &B) -> Result<zbus::Message, BluezError>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        let owner = UniqueName::try_from(owner).expect("a bus name");
        let answer = self.bus.call_method(Some(owner), agent, Some("org.bluez.Agent1"), method, body).await;
        answer.map_err(|error| match &error {
            zbus::Error::MethodError(name, ..) if name.as_str() == "org.bluez.Error.Canceled" => {
                BluezError::AuthenticationCanceled("Authentication Canceled".into())
            }
            zbus::Error::MethodError(..) => BluezError::AuthenticationRejected("Authentication Rejected".into()),
            _ => BluezError::ZBus(error),
        })
    }
}
