//! `record`: binds devices to a patient and prints each value once it is durable.
//! Not here: the radio, decoding, storing.
use super::words;
use crate::arguments::Record;
use crate::failure::{Failure, NOT_FOUND};
use crate::output::Output;
use crate::screen::{Screen, Snapshots, Values};
use bedside_assembly::{Place, Running, Start};
use bedside_console::ports::PeripheralId;
use bedside_console::{Nearby, Recorded, RequestError};
use bedside_vitals::{DeviceKind, PatientId};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{Instant, interval, sleep_until};

/// How long devices are looked for before the command says that there are none.
const LOOK_FOR: Duration = Duration::from_secs(15);
/// Binding waits for the identity of the device, over the radio.
const BIND_WITHIN: Duration = Duration::from_secs(60);

pub(crate) async fn run(place: &Place, arguments: &Record, output: &Output) -> Result<(), Failure> {
    place.prepare_demo_vault().await?;
    let (screen, values, snapshots) = Screen::new();
    let start = Start { clinic: arguments.clinic.clone(), display: screen, ledger: arguments.ledger.clone() };
    let running = place.start(start).await?;
    let mut recorder =
        Recorder { running: &running, arguments, output, values, snapshots, tried: BTreeSet::new(), recorded: 0 };
    let result = recorder.run().await;
    running.close().await;
    recorder_note(result?, output);
    Ok(())
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
    recorded: u64,
}

impl Recorder<'_> {
    /// Until the time is over or a person interrupts; how many values became durable.
    async fn run(&mut self) -> Result<u64, Failure> {
        let patient = self.patient().await?;
        let started = Instant::now();
        let end = self.arguments.seconds.map(|seconds| started + Duration::from_secs(u64::from(seconds)));
        let mut look = interval(Duration::from_secs(1));
        let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
        loop {
            tokio::select! {
                Some(value) = self.values.recv() => self.print(&value),
                _ = look.tick() => {
                    if let Err(error) = self.running.console.search(5).await {
                        // The adapter may come back; what was recorded so far goes on being recorded.
                        self.output.note(&error.to_string());
                    }
                    self.bind_new(patient, started.elapsed() > LOOK_FOR).await?;
                }
                () = sleep_until(end.unwrap_or(started)), if end.is_some() => break,
                _ = &mut interrupted => break,
            }
        }
        // What is on its way to the disk now is printed too: closing the console waits for it.
        let _ = self.running.console.close().await;
        while let Ok(value) = self.values.try_recv() {
            self.print(&value);
        }
        Ok(self.recorded)
    }

    async fn patient(&self) -> Result<PatientId, Failure> {
        let lines = self.running.console.patients().await?;
        let found = lines.iter().find(|line| line.patient.record_number.reveal() == self.arguments.patient);
        let missing =
            || Failure::new(NOT_FOUND, "there is no patient with this record number; add one with `patients add`");
        found.map(|line| line.patient.id).ok_or_else(missing)
    }

    /// Binds what is in reach and was asked for. A device that fails is left to the others' good.
    async fn bind_new(&mut self, patient: PatientId, give_up: bool) -> Result<(), Failure> {
        let nearby = self.snapshots.borrow().as_ref().map(|s| s.nearby.clone()).unwrap_or_default();
        let wanted: Vec<PeripheralId> = nearby
            .iter()
            .filter(|device| device.kind != DeviceKind::Unknown && device.patient.is_none())
            .filter(|device| self.is_wanted(device) && !self.tried.contains(&device.peripheral))
            .map(|device| device.peripheral.clone())
            .collect();
        for peripheral in wanted {
            self.tried.insert(peripheral.clone());
            let (console, note) = (self.running.console.clone(), self.output);
            let bound = tokio::time::timeout(BIND_WITHIN, console.bind(peripheral.clone(), patient));
            match bound.await {
                Ok(Ok(())) => note.note(&format!("recording {peripheral}")),
                Ok(Err(error @ RequestError::Store(_))) => return Err(error.into()),
                Ok(Err(error)) => note.note(&format!("{peripheral}: {error}")),
                Err(_) => note.note(&format!("{peripheral}: it did not say who it is within a minute")),
            }
        }
        if give_up && self.tried.is_empty() {
            return Err(Failure::new(NOT_FOUND, "no device in reach that was asked for; is it on, worn and awake?"));
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
