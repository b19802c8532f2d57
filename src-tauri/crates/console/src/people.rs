//! What a person asks: patients, searching, strips, sync, closing. Each request gets exactly one answer.
//! Not here: binding (`binding`) and what follows from the answers.
use crate::audit::AuditAction;
use crate::commits::{After, Batch};
use crate::event_loop::{Console, Done};
use crate::ports::{Answer, Query};
use crate::records::{Changes, PatientActivity};
use crate::request::{NewPatient, PatientLine, RequestError};
use crate::requests::{Reply, Request};
use bedside_session::Input;
use bedside_vitals::{BirthDate, Patient, PatientId, RecordNumber, Sex};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::oneshot;
use uuid::Uuid;

impl Console {
    pub(crate) fn request(&mut self, request: Request) {
        self.changed = true;
        if let Some(error) = self.refusal(&request) {
            tracing::info!(code = "REFUSED", request = ?request.kind(), %error, "a request is not carried out");
            self.note_refusal(&request, &error);
            return request.refuse(error);
        }
        let request = self.answered_now_or_not(request);
        let request = self.failures_noted(request);
        match request {
            Request::Bind { reply, .. } | Request::BindKnown { reply, .. } if self.closing.is_some() => {
                answer(reply, Err(RequestError::ConsoleGone));
            }
            Request::ListPatients { reply } => self.list_patients(reply),
            Request::AddPatient { new, reply } => self.add_patient(&new, reply),
            Request::OpenPatient { patient, reply } => self.open_patient(patient, reply),
            Request::Search { seconds, reply } => answer(reply, self.search(seconds)),
            Request::Bind { peripheral, patient, reply } => self.bind(peripheral, patient, reply),
            Request::BindKnown { device, patient, reply } => answer(reply, self.bind_known(device, patient)),
            Request::Unbind { device, reply } => self.unbind(device, reply),
            Request::Pair { peripheral, reply } => self.pair(peripheral, reply),
            Request::PairAnew { peripheral, reply } => self.pair_anew(peripheral, reply),
            Request::Forget { peripheral, reply } => self.forget(peripheral, reply),
            Request::AnswerPairing { prompt, answer, reply } => self.answer_pairing(prompt, answer, reply),
            Request::ConfirmUserSlot { device, slot, reply } => self.confirm_user_slot(device, slot, reply),
            Request::GiveConsent { device, consent, reply } => self.give_consent(device, consent, reply),
            Request::FetchRecords { device, reply } => answer(reply, self.tell_session(device, Input::FetchRecords)),
            Request::AbortRecords { device, reply } => answer(reply, self.tell_session(device, Input::AbortRecords)),
            Request::Inbox { reply } => self.inbox(reply),
            Request::Charted { patient, limit, reply } => self.charted(patient, limit, reply),
            Request::Assign { readings, patient, reply } => self.assign(readings, patient, reply),
            Request::DecodeRejected { device, reply } => self.decode_rejected(device, reply),
            Request::AcknowledgeInterruption { bind_again, reply } => {
                self.acknowledge_interruption(bind_again, reply);
            }
            Request::Query { query, reply } => self.query(query, reply),
            Request::SetStrips { strips, reply } => {
                self.strips.set(strips);
                self.draw_all_strips();
                answer(reply, Ok(()));
            }
            Request::TrendChart { trend, reply } => self.trend_chart(trend, reply),
            Request::PullPatients { reply } => self.pull_patients(reply),
            Request::Orders { patient, reply } => self.orders(patient, reply),
            Request::IdentityQuestions { reply } => self.identity_questions(reply),
            Request::DecideIdentity { id, shown, choice, reply } => self.decide_identity(id, shown, choice, reply),
            Request::SyncNow { reply } => answer(reply, self.sync_now()),
            Request::SyncUntilQuiet { reply } => self.sync_until_quiet(reply),
            Request::OutboxRows { states, reply } => {
                let (store, entry) = (self.ports.store.clone(), self.entry(AuditAction::OutboxSeen, None, None));
                self.audited(entry, reply, async move {
                    match store.read(Query::OutboxRows { states, limit: 500 }).await? {
                        Answer::OutboxRows(rows) => Ok((rows.len(), rows)),
                        _ => Ok((0, Vec::new())),
                    }
                });
            }
            Request::SyncRows { states, limit, reply } => self.sync_rows(states, limit, reply),
            Request::SyncReceipt { row, reply } => self.sync_receipt(row, reply),
            Request::ExportRecord { row, reply } => self.export_record(row, reply),
            Request::Retry { row, reply } => self.retry(row, reply),
            Request::Discard { row, reason, dependants, reply } => self.discard(row, &reason, dependants, reply),
            Request::Conflict { row, reply } => self.conflict(row, reply),
            Request::KeepTheirs { row, their_id, their_version, reply } => {
                self.keep_theirs(row, their_id, their_version, reply);
            }
            Request::SendOurs { row, their_id, their_version, reply } => {
                self.send_ours(row, &their_id, &their_version, reply);
            }
            Request::SetMetered { metered, reply } => self.set_metered(metered, reply),
            Request::ClinicSignIn { reply } => self.clinic_sign_in(reply),
            Request::CancelClinicSignIn { reply } => self.cancel_clinic_sign_in(reply),
            Request::SignIn { user, passphrase, reply } => self.sign_in(user, passphrase, reply),
            Request::OpenWithDeviceSecret { reply } => self.open_with_device_secret(reply),
            Request::Recover { key, new, reply } => self.recover(key, new, reply),
            Request::EnrolFirst { new, reply } => self.enrol_first(new, reply),
            Request::LockScreen { why, reply } => {
                self.lock_screen(why);
                answer(reply, Ok(()));
            }
            Request::LockVault { why, reply } => self.lock_vault(why, Some(reply)),
            Request::UnlockScreen { user, pin, reply } => self.unlock_screen(user, pin, reply),
            Request::Activity { reply } => {
                self.touched();
                answer(reply, Ok(()));
            }
            Request::BreakGlass { reason, reply } => self.begin_emergency(&reason, reply),
            Request::EndBreakGlass { reply } => {
                self.end_emergency();
                answer(reply, Ok(()));
            }
            Request::Clinicians { reply } => answer(reply, Ok(self.colleagues())),
            Request::AddClinician { new, reply } => self.add_clinician(new, reply),
            Request::ChangeClinician { who, display_name, roles, reply } => {
                self.change_clinician(who, display_name, roles, reply);
            }
            Request::DisableClinician { who, reply } => self.disable_clinician(who, reply),
            Request::ChangePassphrase { old, new, reply } => self.change_passphrase(old, new, reply),
            Request::ResetPassphrase { who, new, reply } => self.reset_passphrase(who, new, reply),
            Request::ChangePin { passphrase, pin, reply } => self.change_pin(passphrase, pin, reply),
            Request::NewRecoveryKey { reply } => self.new_recovery_key(reply),
            Request::Capture { peripheral, reply } => self.capture(peripheral, reply),
            Request::BackUp { reply } => self.back_up(Some(reply)),
            Request::Backups { reply } => self.list_backups(reply),
            Request::Check { reply } => self.check(Some(reply)),
            Request::Restore { backup, by, reply } => self.restore(backup, by, reply),
            Request::Rekey { reply } => self.rekey(reply),
            Request::MarkStrip { patient, strip, seconds, reply } => {
                self.mark_strip(patient, strip, seconds, reply);
            }
            Request::CorrectReading { reading, value, reason, reply } => {
                self.correct_reading(reading, value, reason, reply);
            }
            Request::RejectReading { reading, reason, reply } => self.reject_reading(reading, reason, reply),
            Request::ConfirmReading { reading, reply } => self.confirm_reading(reading, reply),
            Request::Audit { patient, limit, reply } => self.audit_log(patient, limit, reply),
            Request::VerifyAudit { reply } => self.verify_audit(reply),
            Request::Close { reply } => self.close(Some(reply)),
        }
    }

    fn list_patients(&mut self, reply: oneshot::Sender<Result<Vec<PatientLine>, RequestError>>) {
        let lower = |name: &bedside_vitals::Sensitive<String>| name.reveal().to_lowercase();
        let mut families: BTreeMap<String, u32> = BTreeMap::new();
        for patient in self.patients.values() {
            *families.entry(lower(&patient.family)).or_default() += 1;
        }
        let mut stands = self.all_at_clinic();
        let mut patients: Vec<PatientLine> = self
            .patients
            .values()
            .map(|patient| PatientLine {
                name_alert: families.get(&lower(&patient.family)).is_some_and(|of_name| *of_name > 1),
                activity: PatientActivity { patient: patient.id, last_value: self.live.latest(patient.id), unsent: 0 },
                at_clinic: stands.remove(&patient.id).unwrap_or_default(),
                patient: patient.clone(),
            })
            .collect();
        patients.sort_by_cached_key(|PatientLine { patient, .. }| {
            (lower(&patient.family), lower(&patient.given), patient.id)
        });
        let (store, entry) = (self.ports.store.clone(), self.entry(AuditAction::PatientsListed, None, None));
        self.audited(entry, reply, async move {
            let activity = match store.read(Query::PatientActivity).await? {
                Answer::PatientActivity(activity) => activity,
                _ => Vec::new(),
            };
            let mut stored: BTreeMap<PatientId, PatientActivity> =
                activity.into_iter().map(|one| (one.patient, one)).collect();
            for line in &mut patients {
                if let Some(stored) = stored.remove(&line.patient.id) {
                    let last_value = stored.last_value.max(line.activity.last_value);
                    line.activity = PatientActivity { last_value, ..stored };
                }
            }
            Ok((patients.len(), patients))
        });
    }

    /// Another patient has the same family name, whatever the case.
    pub(crate) fn has_name_alert(&self, patient: &Patient) -> bool {
        let family = patient.family.reveal().to_lowercase();
        self.patients.values().any(|other| other.id != patient.id && other.family.reveal().to_lowercase() == family)
    }

    fn add_patient(&mut self, new: &NewPatient, reply: oneshot::Sender<Result<Patient, RequestError>>) {
        let patient = match self.checked(new) {
            Ok(patient) => patient,
            Err(error) => return answer(reply, Err(error)),
        };
        let mut changes = Changes::default();
        changes.outbox.extend(self.patient_row(&patient));
        let entry = self.entry(AuditAction::PatientAdded, Some(patient.id), None);
        changes.audit.push(entry);
        changes.patients.push(patient.clone());
        // In memory at once, so that nobody takes the record number meanwhile; a failed commit takes it out again.
        self.patients.insert(patient.id, patient.clone());
        let id = patient.id;
        let finish = After::PatientAdded(
            id,
            Box::new(move |result: Result<(), RequestError>| answer(reply, result.map(|()| patient))),
        );
        self.commits.request(Batch { changes, after: vec![finish] });
    }

    fn checked(&self, new: &NewPatient) -> Result<Patient, RequestError> {
        let record_number = RecordNumber::new(&new.record_number)?;
        if self.patients.values().any(|patient| patient.record_number == record_number) {
            return Err(RequestError::RecordNumberTaken);
        }
        let sex = if new.sex.is_empty() { Sex::Unknown } else { new.sex.parse()? };
        Ok(Patient {
            id: PatientId(Uuid::new_v5(&self.run.id, record_number.reveal().as_bytes())),
            record_number,
            family: Patient::name("family name", &new.family)?,
            given: Patient::name("given name", &new.given)?,
            birth_date: BirthDate::new(&new.birth_date, self.ports.machine.wall())?,
            sex,
            bed: Patient::bed(&new.bed)?,
        })
    }

    pub(crate) fn open_patient(&mut self, patient: Option<PatientId>, reply: Reply<()>) {
        let Some(id) = patient.filter(|_| patient != self.open) else {
            if patient.is_none() {
                self.show_patient(None);
            }
            return answer(reply, Ok(()));
        };
        if !self.patients.contains_key(&id) {
            return answer(reply, Err(RequestError::NoSuchPatient));
        }
        // Nothing of the patient is shown before the entry about it is durable, or after the screen was locked meanwhile.
        let (entry, moment) = (self.entry(AuditAction::PatientOpened, Some(id), None), self.epoch.moment());
        self.after_durable(entry, move |console, durable| {
            let opened = moment.let_through(durable);
            if opened.is_ok() {
                console.show_patient(Some(id));
            }
            answer(reply, opened);
        });
    }

    /// The bedside of a patient, or of none. That it is seen has been noted.
    pub(crate) fn show_patient(&mut self, patient: Option<PatientId>) {
        if patient == self.open {
            return;
        }
        if let Some(id) = patient
            && self.opened_before.insert(id)
        {
            let store = self.ports.store.clone();
            self.start_work(async move { Done::LastValues(id, store.read(Query::LastValues(id)).await) });
        }
        self.open = patient;
        self.strips.forget();
        // Nothing of the patient before stays on a canvas.
        self.draw_all_strips();
    }

    fn search(&mut self, seconds: u32) -> Result<(), RequestError> {
        use crate::ports::AdapterState;
        use bedside_session::RadioFault;
        if seconds == 0 {
            self.devices.search_until = None;
            return Ok(());
        }
        match self.adapter {
            AdapterState::On => {}
            // It has not answered yet: the search begins when it does.
            AdapterState::Missing if !self.adapter_known => {}
            AdapterState::Off | AdapterState::Missing | AdapterState::Unplugged | AdapterState::NotPermitted => {
                self.ask_adapter();
                return Err(RequestError::Radio(match self.adapter {
                    AdapterState::Off => RadioFault::AdapterOff,
                    AdapterState::NotPermitted => {
                        RadioFault::NotPermitted("see the system's Bluetooth settings".into())
                    }
                    AdapterState::On | AdapterState::Missing | AdapterState::Unplugged => RadioFault::NoAdapter,
                }));
            }
        }
        let now = self.now();
        let length = Duration::from_secs(u64::from(seconds));
        self.devices.search_until = Some((now.boot.plus(length), now.wall.plus_millis(i64::from(seconds) * 1_000)));
        self.keep_listening(now);
        Ok(())
    }

    /// Ends links and minutes, and then the loop, once everything is durable.
    pub(crate) fn close(&mut self, reply: Option<oneshot::Sender<Result<(), RequestError>>>) {
        if self.closing.is_some() {
            return;
        }
        // Without a reply every front is gone: the channel's other end is dropped, and the loop ends all the same.
        self.closing = Some((reply.unwrap_or_else(|| oneshot::channel().0), tokio::time::Instant::now()));
        let now = self.now();
        let keys: Vec<_> = self.devices.tracked.keys().copied().collect();
        for key in keys {
            self.devices.feed(key, now, Input::Stop);
        }
        self.devices.awaited.clear();
        self.close_minutes(now.wall);
    }
}

pub(crate) fn answer<T>(reply: oneshot::Sender<Result<T, RequestError>>, result: Result<T, RequestError>) {
    // Whoever asked may be gone; that changes nothing.
    let _ = reply.send(result);
}
