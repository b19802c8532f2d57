//! A bedside that plays by itself for `--demo-seconds`: a patient, the devices of one bed, and an ordinary end.
//! Only in the demo vault. Not here: pictures and what is printed, which `cargo xtask run` does from outside.
use crate::start::Shell;
use bedside_console::ports::PeripheralId;
use bedside_console::{ConsoleHandle, NewPatient, RequestError};
use bedside_vitals::PatientId;
use std::time::Duration;
use tauri::{AppHandle, Manager, Runtime};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// The ward's first bed: one heart, so that strap, ECG and oximeter agree.
const DEVICES: [&str; 5] = ["strap-1", "ecg-1", "oximeter-1", "cuff-1", "thermometer-1"];
const PEOPLE: [(&str, &str, &str, &str, &str, &str); 4] = [
    ("TST 4410 0187", "ADEYEMI-TEST", "Rosa", "1951-03-14", "female", "12B"),
    ("TST 4410 0233", "ADEYEMI-TEST", "Ruth", "1948-07-02", "female", "12A"),
    ("TST 4410 0301", "BROADLEAF-TEST", "Ivo", "1962-11-30", "male", "13A"),
    ("TST 4410 0318", "CANDLEWICK-TEST", "Mina", "1990-02-19", "female", "13B"),
];
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const LONGEST_BIND: Duration = Duration::from_secs(30);

/// Plays, closes the console and ends the program; its exit code says whether the script could be played.
pub(crate) async fn play_and_exit<R: Runtime>(app: AppHandle<R>, console: ConsoleHandle, length: Duration) {
    let code = match play(console, length).await {
        Ok(()) => 0,
        Err(error) => {
            tracing::error!(code = "DEMO-SCRIPT", %error, "the demo could not be played to its end");
            1
        }
    };
    app.state::<Shell>().close().await;
    app.exit(code);
}

/// Plays until the time is over.
async fn play(console: ConsoleHandle, length: Duration) -> Result<(), RequestError> {
    let end = Instant::now() + length;
    let rosa = people(&console).await?;
    console.open_patient(Some(rosa)).await?;
    let mut waiting: Vec<&str> = DEVICES.to_vec();
    while !waiting.is_empty() && Instant::now() < end {
        console.search(5).await?;
        sleep(LOOK_AGAIN).await;
        let mut still = Vec::new();
        for device in waiting {
            let peripheral = PeripheralId(format!("sim:{device}"));
            match timeout(LONGEST_BIND, console.bind(peripheral, rosa)).await {
                Ok(Ok(())) => {}
                // A cuff is heard only after a measurement: it is looked for again.
                Ok(Err(RequestError::NoSuchDevice)) | Err(_) => still.push(device),
                Ok(Err(error)) => return Err(error),
            }
        }
        waiting = still;
    }
    sleep_until(end).await;
    console.sync_now().await.or_else(|error| if error == RequestError::NoServer { Ok(()) } else { Err(error) })
}

/// Adds the people of the script who are not there yet; the first of them.
async fn people(console: &ConsoleHandle) -> Result<PatientId, RequestError> {
    let mut first = None;
    for (record_number, family, given, birth_date, sex, bed) in PEOPLE {
        let known = console.patients().await?;
        let found = known.iter().find(|line| line.patient.record_number.reveal() == record_number);
        let id = match found {
            Some(line) => line.patient.id,
            None => {
                let [record_number, family, given, birth_date, sex, bed] =
                    [record_number, family, given, birth_date, sex, bed].map(str::to_owned);
                let new = NewPatient { record_number, family, given, birth_date, sex, bed };
                console.add_patient(new).await?.id
            }
        };
        first.get_or_insert(id);
    }
    first.ok_or(RequestError::NoSuchPatient)
}
