//! The demo on a machine without a screen: sixty seconds at a simulated bedside, told in text and pictures.
//! The script itself (sign in, connect, record, score, sync) is the console's `--demo-seconds`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::clinic::Clinic;
use crate::display::VirtualDisplay;
use crate::process::{Background, capture, command, interrupted};
use crate::root::Root;
use crate::run::{CONTROL, WINDOW};
use crate::session_bus::PrivateSession;

/// How often the store is asked for new readings.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// How much longer than its script the console may take to start and end on a busy machine.
const SLACK: Duration = Duration::from_secs(90);
/// When pictures are taken, in parts of the script's length.
const PICTURES: [f64; 4] = [0.1, 0.35, 0.6, 0.85];

/// An empty data folder for a vault whose key lives in a throw-away keyring.
///
/// # Errors
/// When the old one cannot be removed or the new one not be created.
pub(crate) fn fresh_data_folder(root: &Root) -> Result<PathBuf> {
    let folder = root.demo().join("data");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Plays the script and prints each stored reading and what the clinic accepted.
///
/// # Errors
/// When the console fails, stores nothing, or the clinic accepts nothing.
pub(crate) fn play(
    root: &Root,
    mut window: Command,
    private: Option<&PrivateSession>,
    clinic: &Clinic,
    seconds: u64,
) -> Result<()> {
    let folder = root.demo();
    let data = fresh_data_folder(root)?;
    let display = VirtualDisplay::start()?;
    display.apply(&mut window);
    if let Some(session) = private {
        session.apply(&mut window);
    }
    let length = Duration::from_secs(seconds);
    window.arg("--data-dir").arg(&data).args(["--demo-seconds", &seconds.to_string()]);

    println!("no screen here: {seconds} seconds at a simulated bedside, pictures in {}", folder.display());
    let log = folder.join("console.log");
    let mut console = Background::start(WINDOW, &mut window, &log)?;
    let mut shown = BTreeSet::new();
    let mut pictures = PICTURES.iter().zip(1..).peekable();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = console.wait(Some(ASK_EVERY))? {
            break status;
        }
        if interrupted() {
            bail!("interrupted");
        }
        if began.elapsed() > length + SLACK {
            bail!("the console did not end its script in time, see {}", log.display());
        }
        while let Some((_, number)) = pictures.next_if(|(part, _)| began.elapsed() >= length.mul_f64(**part)) {
            display.photograph(&folder.join(format!("bedside-{number}.png")))?;
        }
        // Until the console has made its vault there is nothing to read; the last reading of the store below must work.
        if let Ok(readings) = stored_readings(root, &data, private) {
            show_new(&readings, &mut shown);
        }
    };
    if !status.success() {
        bail!("the console ended with {status}, see {}", log.display());
    }
    show_new(&stored_readings(root, &data, private)?, &mut shown);
    if shown.is_empty() {
        bail!("the console stored no reading, see {}", log.display());
    }
    println!("stored: {} readings", shown.len());
    report_clinic(clinic)
}

fn report_clinic(clinic: &Clinic) -> Result<()> {
    let accepted = clinic.accepted()?;
    println!("the clinic holds, by its own search:");
    for (what, count) in &accepted {
        println!("{count:>6}  {what}");
    }
    if !accepted.keys().any(|what| what.starts_with("Observation")) {
        bail!("the clinic holds no observation");
    }
    Ok(())
}

/// What the store holds, read by `bedsidectl` as anybody else would.
fn stored_readings(root: &Root, data: &Path, private: Option<&PrivateSession>) -> Result<Vec<Value>> {
    let mut control = command(root.debug_program(CONTROL));
    control.args(["--simulated", "--json", "--data-dir"]).arg(data).args(["readings", "list"]);
    if let Some(session) = private {
        session.apply(&mut control);
    }
    readings_of(&capture(&mut control)?)
}

/// The readings in one JSON array, in an object's `readings`, or one to a line.
fn readings_of(text: &str) -> Result<Vec<Value>> {
    let mut readings = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match document.context("bedsidectl printed something that is not JSON")? {
            Value::Array(array) => readings.extend(array),
            Value::Object(mut object) => match object.remove("readings") {
                Some(Value::Array(array)) => readings.extend(array),
                _ => readings.push(Value::Object(object)),
            },
            other => bail!("expected readings from bedsidectl, got {other}"),
        }
    }
    Ok(readings)
}

fn show_new(readings: &[Value], shown: &mut BTreeSet<String>) {
    for reading in readings {
        // A reading's age changes between two looks, its identity does not.
        let identity = reading.get("id").unwrap_or(reading).to_string();
        if shown.insert(identity) {
            println!("stored  {reading}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_found_in_an_array_an_object_and_lines() {
        for text in [r#"[{"id":1},{"id":2}]"#, r#"{"readings":[{"id":1},{"id":2}]}"#, "{\"id\":1}\n{\"id\":2}\n"] {
            assert_eq!(readings_of(text).unwrap().len(), 2, "{text}");
        }
        assert!(readings_of("").unwrap().is_empty());
        assert!(readings_of("no readings yet").is_err());
    }

    #[test]
    fn a_reading_is_shown_once_although_its_age_moves_on() {
        let mut shown = BTreeSet::new();
        show_new(&readings_of(r#"[{"id":1,"age_s":3}]"#).unwrap(), &mut shown);
        show_new(&readings_of(r#"[{"id":1,"age_s":8},{"id":2,"age_s":1}]"#).unwrap(), &mut shown);
        assert_eq!(shown.len(), 2);
    }

    #[test]
    fn the_data_folder_of_an_earlier_demo_is_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::at(folder.path());
        let data = fresh_data_folder(&root).unwrap();
        fs::write(data.join("vault"), "old").unwrap();
        assert_eq!(fs::read_dir(fresh_data_folder(&root).unwrap()).unwrap().count(), 0);
    }

    #[test]
    #[cfg(unix)]
    fn a_demo_reads_the_store_and_asks_the_clinic() {
        if !crate::process::succeeds(command("sh").args(["-c", "command -v Xvfb && command -v node && command -v npm"]))
        {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let root = Root::at(folder.path());
        let program = |path: PathBuf, text: &str| {
            use std::os::unix::fs::PermissionsExt as _;
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        program(root.debug_program(CONTROL), "#!/bin/sh\necho '[{\"id\":1}]'\n");
        program(root.debug_program(WINDOW), "#!/bin/sh\ntest -n \"$DISPLAY\"\n");
        let server = r#"
            import http from 'node:http';
            const held = { Observation: [{ resource: { code: { coding: [{ code: '8867-4' }] } } }] };
            http.createServer((request, response) => {
                const kind = request.url.split('/')[2].split('?')[0];
                response.end(JSON.stringify({ entry: held[kind] ?? [] }));
            }).listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready on loopback'));"#;
        program(root.clinic().join("demo-clinic.mjs"), server);

        let node = crate::setup::Node::find_or_fetch(&root).unwrap();
        let clinic = Clinic::start(&root, &node).unwrap();
        assert_eq!(clinic.accepted().unwrap(), [("Observation 8867-4".to_owned(), 1)].into());
        play(&root, command(root.debug_program(WINDOW)), None, &clinic, 10).unwrap();

        // A console that stores nothing is a failed demo, however well it ends.
        program(root.debug_program(CONTROL), "#!/bin/sh\necho '[]'\n");
        let error = play(&root, command(root.debug_program(WINDOW)), None, &clinic, 10).unwrap_err().to_string();
        assert!(error.contains("stored no reading"), "{error}");
    }
}
