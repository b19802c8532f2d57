//! npm: installing exactly what a lock file says, and building the screen; each skipped when nothing has changed.
//! Which Node does it is decided next door.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use super::node::Node;
use crate::process::run;
use crate::root::Root;
use crate::stamp::Stamp;

/// What npm itself records of an installation, inside `node_modules`; it is written last.
const INSTALLED: &str = "node_modules/.package-lock.json";

/// Installs the packages of the lock file in `folder`.
pub(super) fn install_packages(root: &Root, node: &Node, folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    if !lock.exists() {
        bail!("{} is missing: the checkout is incomplete", lock.display());
    }
    let name = folder.strip_prefix(root.path()).unwrap_or(folder).to_string_lossy().replace(['/', '\\'], "-");
    let inputs = [folder.join("package.json"), lock];
    let stamp = Stamp::of(root, &format!("npm-{name}"), &inputs, node.version())?;
    if stamp.is_current() && folder.join(INSTALLED).exists() {
        return Ok(());
    }
    println!("set-up: npm packages of {name}");
    clean_install(node, folder)?;
    stamp.record()
}

/// `npm ci`; and where that objects to the lock file alone, an ordinary installation that is then held against it.
///
/// npm 11 refuses a lock file without the entries of other systems' optional binaries, which is what npm writes
/// where an index does not carry those. Nothing of them would be installed here anyway.
fn clean_install(node: &Node, folder: &Path) -> Result<()> {
    let ended = node
        .program("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(folder)
        .stdin(std::process::Stdio::null())
        .output()
        .context("cannot start npm")?;
    if ended.status.success() {
        return Ok(());
    }
    let output = [ended.stdout, ended.stderr].concat();
    let output = String::from_utf8_lossy(&output);
    if !output.contains("from lock file") {
        bail!("`npm ci` ended with {} in {}:\n{output}", ended.status, folder.display());
    }
    println!("set-up: this npm wants entries for other systems; installing what the lock file has, and checking it");
    run(node.program("npm").args(["install", "--no-save", "--no-audit", "--no-fund"]).current_dir(folder))?;
    let locked = packages_of(&folder.join("package-lock.json"))?;
    let installed = packages_of(&folder.join(INSTALLED))?;
    let strangers = strangers(&locked, &installed);
    if !strangers.is_empty() {
        bail!("npm installed what the lock file does not have: {}", strangers.join(", "));
    }
    Ok(())
}

fn packages_of(lock_file: &Path) -> Result<Map<String, Value>> {
    let text = fs::read_to_string(lock_file).with_context(|| format!("cannot read {}", lock_file.display()))?;
    let mut lock: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", lock_file.display()))?;
    match lock.get_mut("packages").map(Value::take) {
        Some(Value::Object(packages)) => Ok(packages),
        _ => bail!("{} lists no packages", lock_file.display()),
    }
}

/// Installed packages that the lock file lacks or has with another version or another hash.
fn strangers(locked: &Map<String, Value>, installed: &Map<String, Value>) -> Vec<String> {
    let same = |path: &String, package: &Value| {
        let expected = locked.get(path);
        let equal = |key: &str| expected.and_then(|expected| expected.get(key)) == package.get(key);
        expected.is_some() && equal("version") && equal("integrity")
    };
    installed.iter().filter(|(path, package)| !same(path, package)).map(|(path, _)| path.clone()).collect()
}

/// `npm run build` in `ui/`.
pub(super) fn build_screen(root: &Root, node: &Node) -> Result<()> {
    let ui = root.ui();
    let inputs: Vec<_> = [
        "src",
        "public",
        "static",
        "index.html",
        "package.json",
        "package-lock.json",
        "vite.config.ts",
        "svelte.config.js",
        "tsconfig.json",
    ]
    .iter()
    .map(|name| ui.join(name))
    .chain([root.path().join("assets")])
    .collect();
    let stamp = Stamp::of(root, "screen", &inputs, node.version())?;
    if stamp.is_current() && ui.join("dist/index.html").exists() {
        return Ok(());
    }
    run(node.program("npm").args(["run", "build"]).current_dir(&ui))?;
    stamp.record()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_installed_package_that_differs_from_the_lock_file_is_a_stranger() {
        let locked = packages(
            r#"{"node_modules/a": {"version": "1", "integrity": "x"}, "node_modules/b": {"version": "1", "integrity": "y"},
                "node_modules/other-system": {"version": "1", "integrity": "z"}}"#,
        );
        let good = packages(r#"{"node_modules/a": {"version": "1", "integrity": "x"}}"#);
        assert!(strangers(&locked, &good).is_empty());
        let bad = packages(
            r#"{"node_modules/a": {"version": "2", "integrity": "x"}, "node_modules/b": {"version": "1", "integrity": "!"},
                "node_modules/c": {"version": "1"}}"#,
        );
        assert_eq!(strangers(&locked, &bad), ["node_modules/a", "node_modules/b", "node_modules/c"]);
    }
}
