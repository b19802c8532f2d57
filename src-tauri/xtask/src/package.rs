//! `package`: the .deb and the .rpm, through the UI's own Tauri command line.
//! Signing and other systems' installers are the release workflow's business.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{capture, command, run as run_command, succeeds};
use crate::root::Root;
use crate::setup::{self, packages::Purpose};

/// Released builds carry SQLCipher with its own OpenSSL, so that they do not depend on the system's version.
const FEATURES: [&str; 4] = ["--features", "sqlcipher-vendored", "--", "--no-default-features"];

/// Builds both and prints where they are and how large.
///
/// # Errors
/// When the build fails or one of the two is missing after it.
pub(crate) fn run(root: &Root) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("these installers are built on Linux; the ones of Windows and macOS by the release workflow");
    }
    let node = setup::prepare(root, &[Purpose::Build, Purpose::Packaging])?;
    // The version in the lock file, never one from the network. It looks for `src-tauri` below where it is started.
    let mut tauri = node.program("node");
    tauri.current_dir(root.path()).arg(root.ui().join("node_modules/@tauri-apps/cli/tauri.js"));
    run_command(tauri.args(["build", "--bundles", "deb,rpm"]).args(FEATURES))?;
    let bundles = root.target().join("release/bundle");
    let (deb, rpm) = (newest(&bundles.join("deb"), "deb")?, newest(&bundles.join("rpm"), "rpm")?);
    for file in [&deb, &rpm] {
        let size = file.metadata().with_context(|| format!("cannot read {}", file.display()))?.len();
        println!("{:>6.1} MB  {}", size as f64 / 1e6, file.display());
    }
    if succeeds(command("dpkg-deb").arg("--version")) {
        print!("{}", capture(command("dpkg-deb").arg("--field").arg(&deb).args(["Package", "Version", "Depends"]))?);
    }
    Ok(())
}

/// The file of this kind that was written last.
fn newest(folder: &Path, extension: &str) -> Result<PathBuf> {
    std::fs::read_dir(folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .max_by_key(|path| path.metadata().and_then(|metadata| metadata.modified()).ok())
        .with_context(|| format!("the build left no .{extension} in {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_installer_is_an_error_that_says_where_it_was_sought() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("other.rpm"), "").unwrap();
        let error = newest(folder.path(), "deb").unwrap_err().to_string();
        assert!(error.contains(".deb"), "{error}");
    }
}
