//! System packages: which ones the project needs and why, and installing them through apt.
//! On a system without apt this only says what to install.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::process::{capture, command, run, succeeds};

/// What a package is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Compiling the console.
    Build,
    /// A screen and a Secret Service of our own, on a machine without them.
    Headless,
    /// Driving the window from a test.
    WindowTests,
    /// The encoder by another hand, which tests hold the codec against.
    IndependentEncoder,
    /// Building and running the Bluetooth appliance.
    BluetoothAppliance,
    /// Fetching Node from the Python package index.
    FetchNode,
    /// Making and looking into the installers.
    Packaging,
}

/// The purposes of everything that `lint`, `test` and `run` do everywhere. An emulator and a Bluetooth daemon are not
/// among them: only `test` and `appliance` want those, and only where the appliance can run.
pub(crate) const EVERYTHING_BUT_PACKAGING: &[Purpose] =
    &[Purpose::Build, Purpose::Headless, Purpose::WindowTests, Purpose::IndependentEncoder];

/// A need, with the Debian and Ubuntu packages that meet it: any one will do, the first that exists is installed.
struct Need {
    purpose: Purpose,
    any_of: &'static [&'static str],
}

const NEEDS: &[Need] = &[
    need(Purpose::Build, &["build-essential"]),
    need(Purpose::Build, &["ca-certificates"]),
    // Debian 12's `pkg-config` is an empty package that brings `pkgconf`.
    need(Purpose::Build, &["pkg-config", "pkgconf"]),
    need(Purpose::Build, &["libssl-dev"]),
    need(Purpose::Build, &["libdbus-1-dev"]),
    need(Purpose::Build, &["librsvg2-dev"]),
    need(Purpose::Build, &["libwebkit2gtk-4.1-dev"]),
    need(Purpose::Headless, &["xvfb"]),
    need(Purpose::Headless, &["imagemagick"]),
    need(Purpose::Headless, &["gnome-keyring"]),
    // Older releases have the bus daemon and its tools in one package.
    need(Purpose::Headless, &["dbus-daemon", "dbus"]),
    need(Purpose::Headless, &["dbus-bin", "dbus"]),
    need(Purpose::WindowTests, &["webkit2gtk-driver"]),
    // `xwininfo`: the titles of windows as any other program sees them.
    need(Purpose::WindowTests, &["x11-utils"]),
    // A stranger to our keys: tests prove that it cannot open a vault.
    need(Purpose::WindowTests, &["sqlite3"]),
    need(Purpose::IndependentEncoder, &["python3"]),
    need(Purpose::BluetoothAppliance, &["qemu-system-x86"]),
    need(Purpose::BluetoothAppliance, &["bluez"]),
    need(Purpose::BluetoothAppliance, &["busybox-static"]),
    need(Purpose::BluetoothAppliance, &["kmod"]),
    need(Purpose::BluetoothAppliance, &["cpio"]),
    need(Purpose::BluetoothAppliance, &["python3-venv"]),
    need(Purpose::BluetoothAppliance, &["dbus-daemon", "dbus"]),
    need(Purpose::BluetoothAppliance, &["dbus-bin", "dbus"]),
    need(Purpose::FetchNode, &["python3-pip"]),
    need(Purpose::Packaging, &["rpm"]),
    // The installers' build takes SQLCipher with its own OpenSSL, whose configure script is Perl.
    need(Purpose::Packaging, &["perl"]),
];

const fn need(purpose: Purpose, any_of: &'static [&'static str]) -> Need {
    Need { purpose, any_of }
}

/// Installs the packages that these purposes still lack.
///
/// # Errors
/// When a package is missing and cannot be installed: the system has no apt, or the person may not install.
pub(crate) fn install_missing(purposes: &[Purpose]) -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("set-up: on this system the native tools are not installed by this task, see README.md");
        return Ok(());
    }
    if !succeeds(command("dpkg-query").arg("--version")) || !succeeds(command("apt-get").arg("--version")) {
        return without_apt(purposes);
    }
    let missing = missing(purposes, &installed());
    if missing.is_empty() {
        return Ok(());
    }
    // Package lists are empty or old on a fresh machine: a dry run tells, before anything is asked of sudo.
    if !can_be_installed(&first_choices(&missing)) {
        refresh_lists()?;
    }
    let chosen: Vec<&str> = missing.iter().map(|need| choose(need, |package| can_be_installed(&[package]))).collect();
    println!("set-up: installing {} packages: {}", chosen.len(), chosen.join(" "));
    let quietly = ["apt-get", "-qq", "--option=Dpkg::Use-Pty=0", "install", "--yes", "--no-install-recommends"];
    let mut install = as_root(&quietly)?;
    run(install.args(&chosen).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Asks the archives anew what they have.
///
/// # Errors
/// When an archive does not answer, or the person may not do this.
pub(crate) fn refresh_lists() -> Result<()> {
    println!("set-up: refreshing the package lists");
    run(as_root(&["apt-get", "-qq", "update"])?.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Whether apt has no list of any archive's packages, as on a machine that was just made.
pub(crate) fn lists_are_empty() -> bool {
    let mut ask = command("apt-get");
    ask.args(["indextargets", "--format", "$(FILENAME)", "Created-By: Packages"]);
    capture(&mut ask).is_ok_and(|files| files.trim().is_empty())
}

/// Every system library and tool is probed by what it is, because the packages' names are the distribution's own.
fn without_apt(purposes: &[Purpose]) -> Result<()> {
    let mut lacking = Vec::new();
    for (purpose, what, probe) in [
        (Purpose::Build, "a C compiler", &["cc", "--version"][..]),
        (Purpose::Build, "pkg-config", &["pkg-config", "--version"]),
        (Purpose::Build, "OpenSSL with headers (pkg-config: openssl)", &["pkg-config", "--exists", "openssl"]),
        (Purpose::Build, "D-Bus with headers (pkg-config: dbus-1)", &["pkg-config", "--exists", "dbus-1"]),
        (Purpose::Build, "librsvg with headers (pkg-config: librsvg-2.0)", &["pkg-config", "--exists", "librsvg-2.0"]),
        (
            Purpose::Build,
            "WebKitGTK 4.1 with headers (pkg-config: webkit2gtk-4.1)",
            &["pkg-config", "--exists", "webkit2gtk-4.1"],
        ),
        (Purpose::Headless, "Xvfb", &["sh", "-c", "command -v Xvfb"]),
        (Purpose::Headless, "ImageMagick's `import`", &["sh", "-c", "command -v import"]),
        (Purpose::Headless, "gnome-keyring", &["sh", "-c", "command -v gnome-keyring-daemon"]),
        (
            Purpose::Headless,
            "dbus-daemon and dbus-send",
            &["sh", "-c", "command -v dbus-daemon && command -v dbus-send"],
        ),
        (Purpose::WindowTests, "WebKitWebDriver", &["sh", "-c", "command -v WebKitWebDriver"]),
        (Purpose::WindowTests, "xwininfo", &["sh", "-c", "command -v xwininfo"]),
        (Purpose::IndependentEncoder, "Python 3", &["python3", "--version"]),
        (Purpose::FetchNode, "pip for Python 3", &["python3", "-m", "pip", "--version"]),
        (Purpose::Packaging, "rpm", &["rpm", "--version"]),
    ] {
        if purposes.contains(&purpose) && !succeeds(command(probe[0]).args(&probe[1..])) {
            lacking.push(what);
        }
    }
    if lacking.is_empty() {
        return Ok(());
    }
    bail!(
        "this system has no apt, so please install these with its own package manager, then run the task again:\n  - {}",
        lacking.join("\n  - ")
    )
}

/// The needs of these purposes that no installed package meets.
fn missing<'a>(purposes: &[Purpose], installed: &BTreeSet<String>) -> Vec<&'a Need> {
    NEEDS
        .iter()
        .filter(|need| purposes.contains(&need.purpose))
        .filter(|need| !need.any_of.iter().any(|package| installed.contains(*package)))
        .collect()
}

/// The packages of `NEEDS` that dpkg has fully installed.
fn installed() -> BTreeSet<String> {
    let mut query = command("dpkg-query");
    query.args(["--show", "--showformat=${Package} ${db:Status-Status}\\n"]);
    query.args(NEEDS.iter().flat_map(|need| need.any_of));
    // A package that dpkg has never heard of makes the exit code 1; the lines of the others are still right.
    let output = query.stderr(Stdio::null()).output().map(|output| output.stdout).unwrap_or_default();
    installed_of(&String::from_utf8_lossy(&output))
}

fn installed_of(dpkg_lines: &str) -> BTreeSet<String> {
    dpkg_lines
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(_, status)| *status == "installed")
        .map(|(package, _)| package.to_owned())
        .collect()
}

fn first_choices(needs: &[&Need]) -> Vec<&'static str> {
    needs.iter().map(|need| need.any_of[0]).collect()
}

/// The first package of the need that apt offers; when it offers none, the first, so that apt's own message names it.
fn choose(need: &Need, mut offered: impl FnMut(&str) -> bool) -> &'static str {
    need.any_of.iter().copied().find(|package| offered(package)).unwrap_or(need.any_of[0])
}

fn can_be_installed(packages: &[&str]) -> bool {
    succeeds(command("apt-get").args(["install", "--simulate", "--no-install-recommends"]).args(packages))
}

/// The command as the superuser: directly, or through sudo. Sudo may ask for a password only at a terminal.
fn as_root(words: &[&str]) -> Result<Command> {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|metadata| owner(&metadata) == 0);
    if is_root {
        let mut direct = command(words[0]);
        direct.args(&words[1..]);
        return Ok(direct);
    }
    if !succeeds(command("sudo").arg("--version")) {
        bail!("system packages are missing and there is no sudo: please run as root `{} …`", words.join(" "));
    }
    let mut sudo = command("sudo");
    if std::io::stdin().is_terminal() {
        sudo.stdin(Stdio::inherit());
    } else {
        sudo.arg("--non-interactive");
    }
    // sudo drops the environment, and debconf must not ask.
    sudo.arg("DEBIAN_FRONTEND=noninteractive").args(words);
    Ok(sudo)
}

#[cfg(unix)]
fn owner(metadata: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(metadata)
}

#[cfg(not(unix))]
fn owner(_: &std::fs::Metadata) -> u32 {
    u32::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_package_with_its_settings_left_behind_is_not_installed() {
        let installed = installed_of("xvfb installed\nimagemagick config-files\nrpm not-installed\n");
        assert_eq!(installed, BTreeSet::from(["xvfb".to_owned()]));
    }

    #[test]
    fn a_need_is_met_by_any_of_its_packages() {
        let installed = BTreeSet::from(["dbus".to_owned(), "xvfb".to_owned(), "imagemagick".to_owned()]);
        let lacking = first_choices(&missing(&[Purpose::Headless], &installed));
        assert_eq!(lacking, ["gnome-keyring"]);
    }

    #[test]
    fn the_first_package_that_apt_offers_is_chosen() {
        let need = need(Purpose::Headless, &["dbus-daemon", "dbus"]);
        assert_eq!(choose(&need, |package| package == "dbus"), "dbus");
        assert_eq!(choose(&need, |_| true), "dbus-daemon");
        assert_eq!(choose(&need, |_| false), "dbus-daemon");
    }

    #[test]
    fn an_emulator_and_a_bluetooth_daemon_are_installed_for_the_appliance_alone() {
        let everywhere = first_choices(&missing(EVERYTHING_BUT_PACKAGING, &BTreeSet::new()));
        assert!(!everywhere.contains(&"qemu-system-x86") && !everywhere.contains(&"bluez"), "{everywhere:?}");
        let appliance = first_choices(&missing(&[Purpose::BluetoothAppliance], &BTreeSet::new()));
        assert!(appliance.contains(&"qemu-system-x86") && appliance.contains(&"bluez"), "{appliance:?}");
    }

    #[test]
    fn the_encoder_of_the_codecs_test_vectors_can_run_everywhere() {
        assert!(first_choices(&missing(EVERYTHING_BUT_PACKAGING, &BTreeSet::new())).contains(&"python3"));
    }

    #[test]
    fn packaging_tools_are_not_asked_for_by_the_other_tasks() {
        let lacking = first_choices(&missing(EVERYTHING_BUT_PACKAGING, &BTreeSet::new()));
        assert!(lacking.contains(&"libwebkit2gtk-4.1-dev") && !lacking.contains(&"rpm"), "{lacking:?}");
    }
}
