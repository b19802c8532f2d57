//! What the appliance is made of: a kernel, a RAM disk and a Python with the peripherals' packages.
//! Each lies in the person's cache folder under the hash of what it is made from, and is made when it is not there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::kernel;
use crate::process::{capture, command, run};
use crate::root::Root;

/// The Python that Debian's `python3-venv` belongs to.
const PYTHON: &str = "/usr/bin/python3";
/// Artefacts of other versions of the scripts are removed when nobody has made use of them for so long.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Where the parts of a current appliance lie.
pub(super) struct Artefacts {
    appliance: PathBuf,
    python: PathBuf,
}

/// Where fetched packages are kept.
pub(super) fn downloads(root: &Root) -> PathBuf {
    cache(root).join("downloads")
}

/// The scripts of the appliance and the sources of the virtual devices.
pub(super) fn sources(root: &Root) -> PathBuf {
    root.path().join("tests/rigs/bluetooth")
}

impl Artefacts {
    /// Makes what is missing.
    ///
    /// # Errors
    /// When a package cannot be fetched or the build fails.
    pub(super) fn prepare(root: &Root) -> Result<Self> {
        let (cache, downloads) = (cache(root), downloads(root));
        fs::create_dir_all(&downloads).with_context(|| format!("cannot create {}", downloads.display()))?;
        let sources = sources(root);

        let kernel = kernel::fetch(&downloads)?;
        let script = sources.join("build-appliance.sh");
        // Its programs and every library they are linked to, by their contents: another one is another appliance.
        let programs = capture(command(&script).arg("inputs"))?;
        let inputs = ["build-appliance.sh", "guest/init", "guest/main.conf", "guest/dbus.conf"];
        let key = key(&sources, &inputs, &[file_name(&kernel), &programs])?;
        let appliance = made(&cache, "appliance", &key, |folder| {
            println!("set-up: building the Bluetooth appliance");
            run(command(&script).arg("build").arg(folder).arg(&kernel))
        })?;

        let version = capture(command(PYTHON).arg("--version")).context("Python 3 is missing")?;
        let key = self::key(&sources, &["requirements.txt"], &[&version])?;
        let python = made(&cache, "python", &key, |folder| {
            println!("set-up: fetching the Python packages of the virtual Bluetooth devices");
            run(command(PYTHON).args(["-m", "venv"]).arg(folder))?;
            // Exactly the listed packages and no scripts of anybody: wheels only, nothing looked for beyond the list.
            run(command(folder.join("bin/python"))
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"])
                .args(["--only-binary=:all:", "--requirement"])
                .arg(sources.join("requirements.txt")))
        })?;
        Ok(Self { appliance, python })
    }

    pub(super) fn kernel(&self) -> PathBuf {
        self.appliance.join("vmlinuz")
    }

    pub(super) fn ram_disk(&self) -> PathBuf {
        self.appliance.join("initrd.gz")
    }

    pub(super) fn python(&self) -> PathBuf {
        self.python.join("bin/python")
    }
}

/// The folder of this kind and key, made by `make` when it is not there. It is made under another name and gets its own
/// when it is whole, so that an interrupted build is never taken for a finished one, nor two at once for one.
fn made(cache: &Path, kind: &str, key: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = cache.join(format!("{kind}-{key}"));
    if !folder.exists() {
        remove_forgotten(cache, kind);
        let unfinished = tempfile::Builder::new().prefix(&format!("new-{kind}-")).tempdir_in(cache);
        let unfinished = unfinished.with_context(|| format!("cannot write to {}", cache.display()))?;
        make(unfinished.path())?;
        let finished = unfinished.keep();
        // Another task may have been faster; then its folder is as good as ours.
        if let Err(error) = fs::rename(&finished, &folder) {
            let _ = fs::remove_dir_all(&finished);
            if !folder.exists() {
                return Err(error).with_context(|| format!("cannot create {}", folder.display()));
            }
        }
    }
    // The time of the folder says when it was last of use. Where it cannot be set, a rebuild some day is all it costs.
    let _ = fs::File::open(&folder).and_then(|file| file.set_modified(SystemTime::now()));
    Ok(folder)
}

fn remove_forgotten(cache: &Path, kind: &str) {
    let now = SystemTime::now();
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_ours = name
            .to_str()
            .is_some_and(|name| name.starts_with(&format!("{kind}-")) || name.starts_with(&format!("new-{kind}-")));
        let used = entry.metadata().and_then(|metadata| metadata.modified()).unwrap_or(now);
        if is_ours && now.duration_since(used).is_ok_and(|age| age > KEPT) {
            // A folder that stays costs room and nothing else.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Artefacts outlive a cleaned checkout.
fn cache(root: &Root) -> PathBuf {
    root.outside().join("bluetooth")
}

/// A kernel's file is named by package and version.
fn file_name(file: &Path) -> &str {
    file.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// A short hash of these files' names and contents and of the `context`.
fn key(folder: &Path, files: &[&str], context: &[&str]) -> Result<String> {
    let mut hash = Sha256::new();
    for words in context {
        hash.update(words.len().to_le_bytes());
        hash.update(words.as_bytes());
    }
    for file in files {
        let bytes = fs::read(folder.join(file)).with_context(|| format!("cannot read {file} of the appliance"))?;
        hash.update(file.as_bytes());
        hash.update(bytes.len().to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn a_key_changes_with_a_file_with_the_kernel_and_with_a_library() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| fs::write(folder.path().join("init"), text).unwrap();
        let key = |kernel, libraries| super::key(folder.path(), &["init"], &[kernel, libraries]).unwrap();
        write("one");
        let first = key("6.1.192-2", "aa libc.so.6");
        assert_eq!(first, key("6.1.192-2", "aa libc.so.6"));
        assert_ne!(first, key("6.1.193-1", "aa libc.so.6"));
        assert_ne!(first, key("6.1.192-2", "bb libc.so.6"));
        write("two");
        assert_ne!(first, key("6.1.192-2", "aa libc.so.6"));
    }

    #[test]
    fn what_is_there_is_not_made_again_and_a_failed_build_leaves_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let failed = made(cache.path(), "python", "k", |folder| {
            fs::write(folder.join("half"), "").unwrap();
            bail!("no network")
        });
        assert_eq!(failed.unwrap_err().to_string(), "no network");
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);

        let folder = made(cache.path(), "python", "k", |folder| Ok(fs::write(folder.join("whole"), "")?)).unwrap();
        assert!(folder.join("whole").exists());
        let again = made(cache.path(), "python", "k", |_| bail!("made twice")).unwrap();
        assert_eq!(again, folder);
    }
}
