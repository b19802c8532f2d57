//! Whether this system can have the appliance, and installing what the appliance is made of where it can.
//! Its parts are Debian's packages for a PC; elsewhere it is left out, with the reason.

use std::fmt;
use std::path::Path;

use anyhow::Result;

use super::artefacts::downloads;
use super::kernel::{self, Kernel};
use crate::process::{command, succeeds};
use crate::root::Root;
use crate::setup::packages::{Purpose, install_missing, lists_are_empty, refresh_lists};

/// Where Debian has it since version 12; the build script and the machine's first program name it, too.
const BLUETOOTHD: &str = "/usr/libexec/bluetooth/bluetoothd";

/// Why this system cannot have the appliance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// Its kernel is one for a PC.
    OtherMachine,
    /// Its parts are packages.
    WithoutApt,
    /// Nothing can be said about what apt offers.
    EmptyLists,
    /// Other distributions name their kernels otherwise and split them otherwise.
    OtherKernels,
    /// Other releases have it elsewhere.
    OtherBluetoothd,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it needs Debian 12 or newer on a 64-bit PC, and ")?;
        match self {
            Self::OtherMachine => f.write_str("this is no Linux on such a PC"),
            Self::WithoutApt => f.write_str("there is no apt-get or no dpkg-deb"),
            Self::EmptyLists => f.write_str("apt's package lists are empty: run `apt-get update` as the superuser"),
            Self::OtherKernels => write!(f, "apt offers no {}", kernel::NEWEST),
            Self::OtherBluetoothd => write!(f, "the package bluez brought no {BLUETOOTHD}"),
        }
    }
}

/// Installs what is missing; or says why nothing was installed, or why that was not enough.
///
/// # Errors
/// When the system can have the appliance, but packages are missing and cannot be installed.
pub(crate) fn set_up(root: &Root) -> Result<Option<Obstacle>> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Some(Obstacle::OtherMachine));
    }
    if !["apt-get", "dpkg-deb"].iter().all(|program| succeeds(command(program).arg("--version"))) {
        return Ok(Some(Obstacle::WithoutApt));
    }
    if let Some(obstacle) = without_kernel(root) {
        return Ok(Some(obstacle));
    }
    install_missing(&[Purpose::BluetoothAppliance])?;
    Ok((!Path::new(BLUETOOTHD).is_file()).then_some(Obstacle::OtherBluetoothd))
}

/// A kernel that was fetched before is as good as an offered one.
fn without_kernel(root: &Root) -> Option<Obstacle> {
    let can_be_had = || kernel::is_kept(&downloads(root)) || Kernel::offered().is_some();
    if can_be_had() {
        return None;
    }
    if lists_are_empty()
        && let Err(error) = refresh_lists()
    {
        println!("set-up: {error:#}");
        return Some(Obstacle::EmptyLists);
    }
    (!can_be_had()).then_some(Obstacle::OtherKernels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_and_the_machine_name_the_same_bluetoothd() {
        for file in [
            include_str!("../../../../tests/rigs/bluetooth/build-appliance.sh"),
            include_str!("../../../../tests/rigs/bluetooth/guest/init"),
        ] {
            assert!(file.contains(BLUETOOTHD), "{BLUETOOTHD} is not named");
        }
    }

    #[test]
    fn an_obstacle_names_what_is_missing_and_what_is_needed() {
        let text = Obstacle::OtherKernels.to_string();
        assert!(text.contains("linux-image-amd64") && text.contains("Debian 12"), "{text}");
    }
}
