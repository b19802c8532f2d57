//! Recovery kits: printed once, or written into a new file that only its owner reads.
//! They go to standard output or that file and nowhere else.
use super::readings::new_private_file;
use crate::arguments::KitFile;
use crate::failure::Failure;
use crate::output::Output;
use bedside_console::ports::RecoveryKey;
use std::fs::File;
use std::io::Write;

/// Where the kit goes. Made before the key is, so that a kit never has nowhere to go.
pub(crate) enum Paper {
    Output,
    File(File),
}

impl Paper {
    pub(crate) fn new(to: &KitFile) -> Result<Self, Failure> {
        match &to.recovery_kit {
            None => Ok(Self::Output),
            Some(path) => new_private_file(path).map(Self::File).map_err(|error| Failure::io(&error)),
        }
    }

    /// Prints the kit; what stands in the JSON beside it, if anything.
    pub(crate) fn print(self, key: &RecoveryKey, output: &Output) -> Result<Option<String>, Failure> {
        let kit = key.to_kit();
        match self {
            Self::File(mut file) => {
                let written = writeln!(file, "{}", kit.as_str()).and_then(|()| file.sync_all());
                written.map_err(|error| Failure::io(&error))?;
                output.note("the recovery kit is written; lock it away and delete the file");
                Ok(None)
            }
            Self::Output => {
                output.note("This recovery kit opens the vault without the keyring. It is shown once: lock it away.");
                if output.is_json() {
                    return Ok(Some(kit.to_string()));
                }
                output.line(&kit);
                Ok(None)
            }
        }
    }
}
