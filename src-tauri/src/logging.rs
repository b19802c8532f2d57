//! The log: one file, turned over when it is full, with a list of the fields that may enter it.
//! Health data never enter: names are `Sensitive` in every crate, and a field that is not on the list is left out.
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tracing::Level;
use tracing::field::Field;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

/// The size at which a file is turned over.
const FULL: u64 = 10 * 1024 * 1024;
/// How many files are kept, the present one included.
const KEPT: u32 = 5;
/// What may be logged besides an event's own words, which are fixed in the code.
const FIELDS: &[&str] = &[
    "message", "code", "fault", "error", "reason", "detail", "why", "version", "demo", "location", "count", "seconds",
];

/// Begins to log into `bedside.log` of this folder.
pub(crate) fn begin(folder: &Path) -> io::Result<()> {
    let file = RotatingFile::open(folder, FULL)?;
    let begun = tracing_subscriber::fmt()
        .with_max_level(Level::INFO)
        .with_ansi(false)
        .with_target(true)
        .fmt_fields(debug_fn(write_field))
        .with_writer(Mutex::new(file))
        .try_init();
    log_panics();
    begun.map_err(io::Error::other)
}

fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn std::fmt::Debug) -> std::fmt::Result {
    match field.name() {
        "message" => write!(writer, "{value:?} "),
        name if FIELDS.contains(&name) => write!(writer, "{name}={value:?} "),
        _ => Ok(()),
    }
}

/// Where it happened, and nothing of what was in hand.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(code = "PANIC", location, "a fault of ours");
    }));
}

/// `bedside.log`, and behind it `bedside.1.log` to `bedside.4.log`, the newest first.
struct RotatingFile {
    folder: PathBuf,
    file: File,
    written: u64,
    full: u64,
}

impl RotatingFile {
    fn open(folder: &Path, full: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let file = OpenOptions::new().create(true).append(true).open(path(folder, 0))?;
        let written = file.metadata()?.len();
        Ok(Self { folder: folder.to_owned(), file, written, full })
    }

    fn turn_over(&mut self) -> io::Result<()> {
        for number in (0..KEPT - 1).rev() {
            let from = path(&self.folder, number);
            if from.exists() {
                std::fs::rename(from, path(&self.folder, number + 1))?;
            }
        }
        *self = Self::open(&self.folder, self.full)?;
        Ok(())
    }
}

impl Write for RotatingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written >= self.full {
            // A file that cannot be turned over goes on growing: better than a log that is lost.
            let _ = self.turn_over();
        }
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(if number == 0 { "bedside.log".to_owned() } else { format!("bedside.{number}.log") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_full_log_is_turned_over_and_the_oldest_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = RotatingFile::open(folder.path(), 4).unwrap();
        for number in 0..9 {
            log.write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        let read = |number| std::fs::read_to_string(path(folder.path(), number)).unwrap();
        assert_eq!(read(0), "line 8\n");
        assert_eq!(read(KEPT - 1), "line 4\n");
        assert!(!path(folder.path(), KEPT).exists());
    }

    #[derive(Clone, Default)]
    struct Recorder(Arc<Mutex<Vec<u8>>>);

    impl Write for Recorder {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_field_that_is_not_on_the_list_stays_out_of_the_log() {
        let recorder = Recorder::default();
        let writer = recorder.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(debug_fn(write_field))
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(code = "X-1", patient_name = "ADEYEMI", "something happened");
        });
        let log = String::from_utf8(recorder.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("something happened") && log.contains("X-1"), "{log}");
        assert!(!log.contains("ADEYEMI"), "{log}");
    }
}
