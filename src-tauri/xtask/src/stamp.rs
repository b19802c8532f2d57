//! Stamps: a step that depends only on some files is skipped when they have not changed since it last ran.
//! What the steps are is written in the tasks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::root::Root;

/// A step's name and the state of what it depends on.
pub(crate) struct Stamp {
    file: PathBuf,
    state: String,
}

impl Stamp {
    /// The state of `inputs` (files, or folders with everything in them) and of `context`, such as a tool's version.
    /// An input that does not exist is part of the state, too.
    ///
    /// # Errors
    /// When an input cannot be read.
    pub(crate) fn of(root: &Root, name: &str, inputs: &[PathBuf], context: &str) -> Result<Self> {
        let mut hash = Sha256::new();
        hash.update(context.as_bytes());
        for input in inputs {
            add(&mut hash, input)?;
        }
        Ok(Self { file: root.cache().join("stamps").join(name), state: hexadecimal(&hash.finalize()) })
    }

    /// True when the step has run on exactly this state.
    pub(crate) fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|recorded| recorded == self.state)
    }

    /// Remembers that the step has run on this state.
    pub(crate) fn record(&self) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::write(&self.file, &self.state).with_context(|| format!("cannot write {}", self.file.display()))
    }
}

fn add(hash: &mut Sha256, path: &Path) -> Result<()> {
    hash.update(path.to_string_lossy().as_bytes());
    if path.is_dir() {
        let mut entries = fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>())
            .with_context(|| format!("cannot list {}", path.display()))?;
        entries.sort();
        for entry in entries.iter().filter(|entry| !entry.ends_with("node_modules")) {
            add(hash, entry)?;
        }
    } else if path.exists() {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        hash.update(bytes.len().to_le_bytes());
        hash.update(&bytes);
    }
    Ok(())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_deep_in_a_folder_makes_the_stamp_old() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::at(folder.path());
        let source = folder.path().join("source/deep");
        fs::create_dir_all(&source).unwrap();
        fs::write(source.join("a"), "1").unwrap();
        let inputs = [folder.path().join("source")];

        let stamp = Stamp::of(&root, "step", &inputs, "v1").unwrap();
        assert!(!stamp.is_current());
        stamp.record().unwrap();
        assert!(Stamp::of(&root, "step", &inputs, "v1").unwrap().is_current());
        assert!(!Stamp::of(&root, "step", &inputs, "v2").unwrap().is_current());
        fs::write(source.join("a"), "2").unwrap();
        assert!(!Stamp::of(&root, "step", &inputs, "v1").unwrap().is_current());
    }
}
