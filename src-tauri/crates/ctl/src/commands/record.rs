//! `record`: binds devices to a patient and prints each value once it is durable.
//! Not here: the radio, decoding, storing.
use super::storm::{self, Figures, Storm};
use super::{inbox, pairing, words};
use crate::arguments::Record;
use crate::failure::{Failure, NOT_FOUND};
use crate::output::Output;
use crate::screen::{Screen, Snapshots, Values};
use crate::sign_in::{self, Who};
use bedside_assembly::{Place, Running, Start};
use bedside_console::ports::{Machine, PeripheralId};
use bedside_console::{Nearby, Recorded, RequestError};
use bedside_vitals::{DeviceId, DeviceKind, PatientId};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, sleep_until, timeout};

/// How long devices are looked for before the command says that there are none.
const LOOK_FOR: Duration = Duration::from_secs(15);
/// Binding waits for the identity of the device, over the radio, and for a person where the device is to be paired.
const BIND_WITHIN: Duration = Duration::from_secs(300);
/// A device whose link is lost meanwhile is tried again so often, …
const TRIES: u32 = 3;
/// … after so long.
const BEFORE_NEXT_TRY: Duration = Duration::from_secs(1);

pub(crate) async fn run(place: &Place, who: &Who, arguments: &Record, output: &Output) -> Result<(), Failure> {
    let storm = storm::watch(place);
    let (screen, values, snapshots) = Screen::new();
    let start = Start { clinic: arguments.clinic.clone(), display: screen, ledger: arguments.ledger.clone() };
    let running = sign_in::open(place, who, start).await?;
    let questions = tokio::spawn(pairing::answer_at_terminal(running.console.clone(), snapshots.clone()));
    let mut recorder = Recorder {
        running: &running,
        arguments,
        output,
        values,
        snapshots,
        tried: BTreeSet::new(),
        asked: BTreeSet::new(),
        binding: JoinSet::new(),
        recorded: 0,
    };
    let began = place.machine().wall();
    let result = recorder.run(storm.as_ref()).await;
    drop(recorder);
    questions.abort();
    running.close().await;
    let (recorded, figures) = result?;
    if let Some((storm, figures)) = storm.zip(figures) {
        storm.say(figures, output).await;
    }
    recorder_note(recorded, output);
    inbox::say_new(place, who, began, output).await
}

fn recorder_note(recorded: u64, output: &Output) {
    output.note(&format!("{recorded} values recorded"));
}

struct Recorder<'a> {
    running: &'a Running,
    arguments: &'a Record,
    output: &'a Output,
    values: Values,
    snapshots: Snapshots,
    tried: BTreeSet<PeripheralId>,
    /// User slots that a device asked about, told once.
    asked: BTreeSet<(DeviceId, u8)>,
    /// Bindings under way: a device that is slow to say who it is holds up no other.
    binding: JoinSet<(PeripheralId, Result<(), RequestError>)>,
    recorded: u64,
}

impl Recorder<'_> {
    /// Until the time is over or a person interrupts; how many values became durable, and the figures of a storm.
    async fn run(&mut self, storm: Option<&Storm>) -> Result<(u64, Option<Figures>), Failure> {
        let patient = self.patient().await?;
        // Its devices, and what they ask, are in the snapshots.
        self.running.console.open_patient(Some(patient)).await?;
        let started = Instant::now();
        let end = self.arguments.seconds.map(|seconds| started + Duration::from_secs(u64::from(seconds)));
        let mut look = interval(Duration::from_secs(1));
        let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
        loop {
            tokio::select! {
                Some(value) = self.values.recv() => self.print(&value),
                _ = look.tick() => {
                    // Whoever started this sits at the terminal: nothing locks while it runs.
                    self.running.console.activity().await;
                    if let Err(error) = self.running.console.search(5).await {
                        // The adapter may come back; what was recorded so far goes on being recorded.
                        self.output.note(&error.to_string());
                    }
                    self.bind_new(patient, started.elapsed() > LOOK_FOR)?;
                    self.confirm_user_slots().await?;
                }
                Some(Ok((peripheral, bound))) = self.binding.join_next() => self.bound(&peripheral, bound)?,
                () = sleep_until(end.unwrap_or(started)), if end.is_some() => break,
                _ = &mut interrupted => break,
            }
        }
        self.binding.shutdown().await;
        let figures = match storm {
            Some(storm) => Some(storm.figures(self.running).await?),
            None => None,
        };
        // What is on its way to the disk now is printed too: closing the console waits for it.
        let _ = self.running.console.close().await;
        while let Ok(value) = self.values.try_recv() {
            self.print(&value);
        }
        Ok((self.recorded, figures))
    }

    async fn patient(&self) -> Result<PatientId, Failure> {
        let lines = self.running.console.patients().await?;
        let found = lines.iter().find(|line| line.patient.record_number.reveal() == self.arguments.patient);
        let missing =
            || Failure::new(NOT_FOUND, "there is no patient with this record number; add one with `patients add`");
        found.map(|line| line.patient.id).ok_or_else(missing)
    }

    /// Starts to bind what is in reach and was asked for.
    fn bind_new(&mut self, patient: PatientId, give_up: bool) -> Result<(), Failure> {
        let nearby = self.snapshots.borrow().as_ref().map(|s| s.nearby.clone()).unwrap_or_default();
        let wanted: Vec<PeripheralId> = nearby
            .iter()
            .filter(|device| device.kind != DeviceKind::Unknown && device.patient.is_none())
            .filter(|device| self.is_wanted(device) && !self.tried.contains(&device.peripheral))
            .map(|device| device.peripheral.clone())
            .collect();
        for peripheral in wanted {
            self.bind(peripheral, patient);
        }
        if give_up && self.tried.is_empty() {
            return Err(Failure::new(NOT_FOUND, "no device in reach that was asked for; is it on, worn and awake?"));
        }
        Ok(())
    }

    fn bind(&mut self, peripheral: PeripheralId, patient: PatientId) {
        self.tried.insert(peripheral.clone());
        let console = self.running.console.clone();
        self.binding.spawn(async move {
            let mut last = Err(RequestError::NoAnswer);
            for _ in 0..TRIES {
                last = match timeout(BIND_WITHIN, console.bind(peripheral.clone(), patient)).await {
                    Ok(bound) => bound,
                    Err(_) => Err(RequestError::NoAnswer),
                };
                if matches!(last, Ok(()) | Err(RequestError::Store(_))) {
                    break;
                }
                sleep(BEFORE_NEXT_TRY).await;
            }
            (peripheral, last)
        });
    }

    /// A device that fails is left to the others' good; a store that fails ends the recording.
    fn bound(&self, peripheral: &PeripheralId, bound: Result<(), RequestError>) -> Result<(), Failure> {
        match bound {
            Ok(()) => self.output.note(&format!("recording {peripheral}")),
            Err(error @ RequestError::Store(_)) => return Err(error.into()),
            Err(error) => self.output.note(&format!("{peripheral}: {error}")),
        }
        Ok(())
    }

    /// A reading that names a user slot is the patient's only when somebody said so.
    async fn confirm_user_slots(&mut self) -> Result<(), Failure> {
        let bedside = self.snapshots.borrow().as_ref().and_then(|snapshot| snapshot.bedside.clone());
        for device in bedside.map(|bedside| bedside.devices).unwrap_or_default() {
            let Some(asked) = device.procedures.user_slot_asked else { continue };
            if self.arguments.user_slot == Some(asked) {
                self.running.console.confirm_user_slot(device.device, asked).await?;
            } else if self.asked.insert((device.device, asked)) {
                let name = &device.name;
                self.output.note(&format!(
                    "{name}: readings of user slot {asked} stay unassigned; if it is the patient's, say --user-slot {asked}"
                ));
            }
        }
        Ok(())
    }

    fn is_wanted(&self, device: &Nearby) -> bool {
        let named = |wanted: &String| device.name.as_ref() == Some(wanted) || device.peripheral.0 == *wanted;
        self.arguments.device.is_empty() || self.arguments.device.iter().any(named)
    }

    fn print(&mut self, value: &Recorded) {
        self.recorded += 1;
        let Recorded { device, device_name, measurement, reading, .. } = value;
        let mut json = words::measurement_json(measurement);
        json["device"] = json!(device.to_string());
        json["device_name"] = json!(device_name);
        json["reading"] = json!(reading.map(|id| id.to_string()));
        let (at, parameter) = (measurement.time.at, measurement.parameter);
        let human = format!("{at}  {parameter:<22} {:<24} {device_name}", words::value_text(&measurement.value));
        self.output.say(&human, &json);
    }
}
