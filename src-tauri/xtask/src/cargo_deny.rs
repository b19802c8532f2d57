//! cargo-deny: the machine's own or one built into the cache, and the checks that need no network.
//! Advisories change without a commit, so they are checked by the scheduled workflow only.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::{command, run, succeeds};
use crate::root::Root;

const VERSION: &str = "0.20.2";

/// Checks bans, licences and sources as `deny.toml` says.
///
/// # Errors
/// When one is broken, or cargo-deny can neither be found nor built.
pub(crate) fn check(root: &Root) -> Result<()> {
    let program = find_or_build(root)?;
    let mut deny = command(program);
    deny.current_dir(root.path()).args(["--all-features", "check", "--hide-inclusion-graph"]);
    run(deny.args(["bans", "licenses", "sources"]))
}

fn find_or_build(root: &Root) -> Result<PathBuf> {
    let cached = root.cache().join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    for program in [PathBuf::from("cargo-deny"), cached.clone()] {
        if succeeds(command(&program).arg("--version")) {
            return Ok(program);
        }
    }
    println!("lint: building cargo-deny {VERSION} once, about a minute");
    // Unoptimised and without debug symbols: it runs for seconds, so building it fast is what counts.
    let mut install = command("cargo");
    install.args(["install", "cargo-deny", "--version", VERSION, "--locked", "--debug", "--root"]);
    run(install.arg(root.cache()).env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    Ok(cached)
}
