//! Who a device turned out to be, and the binding of device and patient: an explicit act, made durable before any value.
//! Not here: links (`devices`) and values (`readings`).
use crate::access::By;
use crate::audit::AuditAction;
use crate::commits::{After, Batch};
use crate::devices::{Purpose, SessionKey, Tracked};
use crate::event_loop::Console;
use crate::ports::PeripheralId;
use crate::records::{Binding, Changes, Connection};
use crate::request::RequestError;
use crate::snapshot::Mode;
use bedside_session::{Identified, Input, Now};
use bedside_vitals::{DeviceClock, DeviceDescription, DeviceId, PatientId};
use tokio::sync::oneshot;
use uuid::Uuid;

type Reply = oneshot::Sender<Result<(), RequestError>>;

/// Whether a device has only its address to be known by.
const fn is_unsaid(device: &DeviceDescription) -> bool {
    device.serial.is_none() && device.system_id.is_none()
}

impl Console {
    /// A person binds a device in reach.
    pub(crate) fn bind(&mut self, peripheral: PeripheralId, patient: PatientId, reply: Reply) {
        if self.unknown_patient(patient).is_none()
            && self.devices.by_peripheral(&peripheral).is_some_and(Tracked::is_free)
        {
            return self.bind_captured(&peripheral, patient, reply);
        }
        let refusal = match (self.devices.heard.get(&peripheral), self.devices.by_peripheral(&peripheral)) {
            (None, _) => Some(RequestError::NoSuchDevice),
            (_, Some(tracked)) if tracked.binding.as_ref().is_some_and(|binding| binding.patient == patient) => {
                let _ = reply.send(Ok(()));
                return;
            }
            (_, Some(tracked)) if tracked.purpose.patient == Some(patient) || tracked.binding.is_none() => {
                Some(RequestError::Busy)
            }
            (_, Some(_)) => Some(RequestError::BoundElsewhere),
            (Some(heard), None) if heard.advertisement.simulated != (self.mode == Mode::Demo) => {
                Some(RequestError::WrongMode)
            }
            (Some(_), None) => None,
        };
        if let Some(error) = refusal.or_else(|| self.unknown_patient(patient)) {
            let _ = reply.send(Err(error));
            return;
        }
        self.track(peripheral, Purpose { patient: Some(patient), device: None, by: self.by(), reply: Some(reply) });
    }

    /// A person binds an enrolled device, in reach or not.
    pub(crate) fn bind_known(&mut self, device: DeviceId, patient: PatientId) -> Result<(), RequestError> {
        let known = self.known.get(&device).cloned().ok_or(RequestError::NoSuchDevice)?;
        if let Some(error) = self.unknown_patient(patient) {
            return Err(error);
        }
        if let Some((key, tracked)) = self.devices.by_device(device) {
            if tracked.is_free() {
                tracked.purpose.patient = Some(patient);
                self.begin_binding(key, patient, self.by(), Changes::default(), Vec::new());
                return Ok(());
            }
            return match &tracked.binding {
                Some(binding) if binding.patient == patient => Ok(()),
                Some(_) => Err(RequestError::BoundElsewhere),
                None => Err(RequestError::Busy),
            };
        }
        self.devices.awaited.retain(|(awaited, _, _)| awaited.id != device);
        self.devices.awaited.push((known, patient, self.by()));
        Ok(())
    }

    /// A person binds a device that is recorded for nobody: from now on it is recorded for the patient.
    fn bind_captured(&mut self, peripheral: &PeripheralId, patient: PatientId, reply: Reply) {
        let Some(key) = self.devices.keys_of(peripheral).into_iter().next() else { return };
        let by = self.by();
        let Some(tracked) = self.devices.tracked.get_mut(&key) else { return };
        tracked.purpose.patient = Some(patient);
        tracked.purpose.by = by.clone();
        if tracked.device.is_none() {
            // It has not said yet who it is; the one who wanted it recorded is answered with the one who binds it.
            if let Some(before) = tracked.purpose.reply.replace(reply) {
                let _ = before.send(Ok(()));
            }
            return;
        }
        let after = vec![After::Reply(Box::new(move |result| drop(reply.send(result))))];
        self.begin_binding(key, patient, by, Changes::default(), after);
    }

    fn unknown_patient(&self, patient: PatientId) -> Option<RequestError> {
        (!self.patients.contains_key(&patient)).then_some(RequestError::NoSuchPatient)
    }

    /// A person ends a binding. Answered once that is durable.
    pub(crate) fn unbind(&mut self, device: DeviceId, reply: Reply) {
        let now = self.now();
        let awaited = self.devices.awaited.len();
        self.devices.awaited.retain(|(waiting, _, _)| waiting.id != device);
        let was_awaited = awaited != self.devices.awaited.len();
        match self.devices.by_device(device).map(|(key, _)| key) {
            Some(key) => {
                // The binding ends at once; what still arrives before the link is down belongs to nobody.
                if let Some(tracked) = self.devices.tracked.get_mut(&key) {
                    let binding = tracked.binding.take();
                    self.write_end(binding, self.by());
                }
                self.devices.feed(key, now, Input::Stop);
                self.commits.after_capture(After::Reply(Box::new(move |result| drop(reply.send(result)))));
            }
            None if was_awaited => drop(reply.send(Ok(()))),
            None => drop(reply.send(Err(RequestError::NoSuchDevice))),
        }
    }

    /// A session is over: so is its binding.
    pub(crate) fn end_binding(&mut self, tracked: Tracked) {
        self.write_end(tracked.binding, By::default());
    }

    fn write_end(&mut self, binding: Option<Binding>, by: By) {
        let Some(binding) = binding else { return };
        let at = self.ports.machine.wall();
        self.facts.binding_ended(&binding, at);
        let entry = self.entry_by(by, AuditAction::DeviceUnbound, Some(binding.patient), Some(binding.device));
        self.commits.capture(|changes| {
            changes.bindings.push(Binding { until: Some(at), ..binding });
            changes.audit.push(entry);
        });
    }

    /// A device said who it is. The session goes on once that is durable.
    pub(crate) fn identified(&mut self, key: SessionKey, identified: Identified, now: Now) {
        let Identified { persist, connection, device, clock } = identified;
        let mode_fits = device.simulated == (self.mode == Mode::Demo);
        let Some(tracked) = self.devices.tracked.get_mut(&key) else { return };
        // It hung up before it said who it is, and its values were kept under its address: now it says so.
        let unsaid = tracked.device.take_if(|before| is_unsaid(before) && !is_unsaid(&device));
        if unsaid.is_some() {
            let binding = tracked.binding.take();
            self.write_end(binding, By::default());
        }
        let Some(tracked) = self.devices.tracked.get_mut(&key) else { return };
        let expected = tracked.device.as_ref().map(|d| d.id).or(tracked.purpose.device);
        if !mode_fits || expected.is_some_and(|id| id != device.id) {
            let (code, error) = if mode_fits {
                ("IDENTITY-CHANGED", RequestError::NoSuchDevice)
            } else {
                ("WRONG-MODE", RequestError::WrongMode)
            };
            tracing::warn!(code, "a device is not the one that was bound; nothing of it is recorded");
            tracked.fault = Some(code);
            if let Some(reply) = tracked.purpose.reply.take() {
                let _ = reply.send(Err(error));
            }
            let by = tracked.purpose.by.clone();
            if let Some((wanted, patient, peripheral)) = tracked.mistaken() {
                // Another device of the same name: the one that is awaited is looked for on.
                self.devices.not_awaited.insert(peripheral);
                self.devices.awaited.extend(self.known.get(&wanted).cloned().map(|device| (device, patient, by)));
            }
            return self.devices.feed(key, now, Input::Stop);
        }
        tracked.clock_offset_ms = clock.filter(DeviceClock::shows_a_time).map(|clock| clock.offset_ms);
        tracked.kind = device.kind;
        tracked.name.clone_from(&device.name);
        tracked.device = Some(device.clone());
        tracked.identify_by = None;
        let bound = tracked.binding.is_some();
        let (patient, by, reply) = (tracked.purpose.patient, tracked.purpose.by.clone(), tracked.purpose.reply.take());
        let elsewhere = self
            .devices
            .tracked
            .iter()
            .any(|(other, t)| *other != key && t.device.as_ref().is_some_and(|d| d.id == device.id));
        if elsewhere {
            if let Some(reply) = reply {
                let _ = reply.send(Err(RequestError::BoundElsewhere));
            }
            return self.devices.feed(key, now, Input::Stop);
        }
        // Known before anything is durable, because the session asks for it as soon as it is.
        self.devices.feed(key, now, Input::Remembered(self.facts.of(device.id)));
        let mut changes = Changes::default();
        changes.connections.push(Connection { id: connection, device: device.id, at: now.wall, clock });
        self.clocks.keep(connection, clock);
        self.enrol(&mut changes, device.clone());
        changes.outbox.extend(self.charge_on(key, &device, connection));
        let mut after = vec![After::Persisted(key, persist)];
        after.extend(reply.map(|reply| After::Reply(Box::new(move |result| drop(reply.send(result))))));
        match patient.filter(|_| !bound) {
            Some(patient) => self.begin_binding(key, patient, by, changes, after),
            // Bound before, or recorded for nobody.
            None => {
                self.commits.capture(|all| all.append(changes));
                after.into_iter().for_each(|after| self.commits.after_capture(after));
            }
        }
    }

    /// The binding of an identified device begins, in one commit with what is known of it, as the act of whoever asked.
    fn begin_binding(&mut self, key: SessionKey, patient: PatientId, by: By, mut changes: Changes, after: Vec<After>) {
        let now = self.now();
        let Some(device) = self.devices.tracked.get(&key).and_then(|tracked| tracked.device.clone()) else { return };
        let id = Uuid::from_slice(&self.ports.machine.random()[..16]).unwrap_or_default();
        let since = now.wall;
        let not_before = self.facts.not_before(device.id, patient, since);
        let binding = Binding { id, device: device.id, patient, since, not_before, until: None, user_slot: None };
        changes.bindings.push(binding.clone());
        changes.audit.push(self.entry_by(by, AuditAction::DeviceBound, Some(patient), Some(device.id)));
        if let Some(tracked) = self.devices.tracked.get_mut(&key) {
            tracked.binding = Some(binding);
        }
        self.commits.request(Batch { changes, after });
    }

    fn enrol(&mut self, changes: &mut Changes, mut device: DeviceDescription) {
        // Not read on this connection, it is still the device's.
        if device.udi.is_none() {
            device.udi = self.known.get(&device.id).and_then(|known| known.udi.clone());
        }
        if self.known.get(&device.id) != Some(&device) {
            changes.outbox.extend(self.device_row(&device));
            self.known.insert(device.id, device.clone());
            changes.devices.push(device);
        }
    }
}
