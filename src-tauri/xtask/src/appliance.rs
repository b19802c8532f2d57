//! The Bluetooth appliance: a small emulated Linux machine with BlueZ, and virtual devices on a virtual air.
//! What the devices measure is written in `tests/rigs/bluetooth`; what is expected of the console, in the tests.

mod artefacts;
mod kernel;
mod system;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use tempfile::TempDir;

use crate::process::{Background, command, free_port, interrupted, wait_until};
use crate::root::Root;
use artefacts::Artefacts;
pub(crate) use system::set_up;

/// Software emulation beside a build takes the better part of a minute; this is for worse days.
const START: Duration = Duration::from_secs(240);
/// Importing the peripherals' packages.
const PERIPHERALS_START: Duration = Duration::from_secs(120);
/// What the machine prints once every daemon runs.
const DAEMONS_RUN: &str = "APPLIANCE bluetoothd";
/// Where a Unix socket may lie: its path is limited to about a hundred octets.
const SHORT_FOLDER: &str = "/tmp";

#[derive(Args)]
pub(crate) struct ApplianceArguments {
    /// Starts with every device off; they are switched on over the control socket.
    #[arg(long)]
    off: bool,
    /// Builds what is missing and stops there.
    #[arg(long)]
    build_only: bool,
}

/// Which devices can be heard from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Devices {
    /// All of them, the event-driven ones with a reading.
    All,
    /// None: whoever holds the control socket switches them on.
    Off,
}

/// Builds and starts the appliance for use by hand, until it is interrupted.
///
/// # Errors
/// When this system cannot run it, or it does not start or ends by itself.
pub(crate) fn run(root: &Root, options: &ApplianceArguments) -> Result<()> {
    if let Some(obstacle) = set_up(root)? {
        bail!("the Bluetooth appliance cannot run here: {obstacle}");
    }
    if options.build_only {
        return Artefacts::prepare(root).map(drop);
    }
    let mut appliance = Appliance::start(root, if options.off { Devices::Off } else { Devices::All })?;
    println!("DBUS_SYSTEM_BUS_ADDRESS={}", appliance.bus);
    println!("control socket: {}", appliance.control().display());
    println!("a program with this variable in its environment finds the devices there; Ctrl-C ends them");
    appliance.wait()
}

/// A running appliance; dropping it ends the machine and the devices.
pub(crate) struct Appliance {
    bus: String,
    // Dropped in this order: the machine before the devices, the sockets last.
    machine: Background,
    peripherals: Background,
    folder: TempDir,
}

impl Appliance {
    /// Builds what is missing, starts the devices and the machine, and waits until its Bluetooth is powered.
    ///
    /// # Errors
    /// When something cannot be built or does not start; the text ends with what the machine said.
    pub(crate) fn start(root: &Root, devices: Devices) -> Result<Self> {
        let artefacts = Artefacts::prepare(root)?;
        let began = Instant::now();
        let folder = tempfile::Builder::new().prefix("bedside-rig-").tempdir_in(SHORT_FOLDER);
        let folder = folder.context("cannot make a folder for the sockets")?;
        let logs = Logs::new(root);
        let peripherals = start_peripherals(root, &artefacts, devices, folder.path(), &logs)?;
        let port = free_port()?;
        let machine = start_machine(&artefacts, port, folder.path(), &logs)?;
        let bus = format!("tcp:host=127.0.0.1,port={port},family=ipv4");
        let mut appliance = Self { bus, machine, peripherals, folder };
        if let Err(error) = appliance.wait_until_powered(&logs) {
            bail!("{error:#}\n{}", logs.last_lines());
        }
        let seconds = began.elapsed().as_secs_f64();
        println!("Bluetooth appliance: ready after {seconds:.1} s ({})", acceleration().name());
        Ok(appliance)
    }

    /// Makes a command's system bus the machine's, and tells it where the devices are steered.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("DBUS_SYSTEM_BUS_ADDRESS", &self.bus).env("BEDSIDE_BLUETOOTH_CONTROL", self.control());
    }

    fn control(&self) -> PathBuf {
        self.folder.path().join("control")
    }

    /// Until a person interrupts.
    fn wait(&mut self) -> Result<()> {
        match self.machine.wait(None)? {
            Some(status) => bail!("the machine ended by itself with {status}"),
            None => Ok(()),
        }
    }

    /// The emulator accepts connections before anybody listens in the machine, and a client that comes too early hangs:
    /// the machine's own words are waited for first.
    fn wait_until_powered(&mut self, logs: &Logs) -> Result<()> {
        let began = Instant::now();
        wait_until("the Bluetooth appliance has started", START, || {
            self.has_ended() || logs.machine_said(DAEMONS_RUN)
        })?;
        let left = START.saturating_sub(began.elapsed());
        wait_until("its Bluetooth adapter is on", left, || self.has_ended() || self.is_powered())?;
        if self.has_ended() && !interrupted() {
            bail!("the Bluetooth appliance ended while it was starting");
        }
        Ok(())
    }

    fn has_ended(&mut self) -> bool {
        [&mut self.machine, &mut self.peripherals].into_iter().any(|part| !matches!(part.ended(), Ok(None)))
    }

    fn is_powered(&self) -> bool {
        let mut ask = command("timeout");
        ask.args(["5", "dbus-send", "--system", "--print-reply", "--dest=org.bluez", "/org/bluez/hci0"]);
        ask.args(["org.freedesktop.DBus.Properties.Get", "string:org.bluez.Adapter1", "string:Powered"]);
        ask.env("DBUS_SYSTEM_BUS_ADDRESS", &self.bus);
        crate::process::capture(&mut ask).is_ok_and(|answer| answer.contains("boolean true"))
    }
}

/// What the parts of the last run said; kept for whoever looks for a fault.
struct Logs {
    machine: PathBuf,
    emulator: PathBuf,
    peripherals: PathBuf,
}

impl Logs {
    fn new(root: &Root) -> Self {
        let log = |name: &str| root.cache().join(format!("bluetooth-{name}.log"));
        let logs = Self { machine: log("machine"), emulator: log("emulator"), peripherals: log("peripherals") };
        // What an earlier machine said must not be taken for this one's; where nothing is, nothing has to go.
        let _ = std::fs::remove_file(&logs.machine);
        logs
    }

    fn machine_said(&self, words: &str) -> bool {
        said(&self.machine).contains(words)
    }

    fn last_lines(&self) -> String {
        let mut text = String::new();
        for (name, file) in
            [("machine", &self.machine), ("emulator", &self.emulator), ("peripherals", &self.peripherals)]
        {
            let said = said(file);
            let lines: Vec<&str> = said.lines().collect();
            let last = lines[lines.len().saturating_sub(20)..].join("\n");
            text.push_str(&format!("--- {name}: {}\n{last}\n", file.display()));
        }
        text
    }
}

fn said(file: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned()
}

fn start_peripherals(
    root: &Root,
    artefacts: &Artefacts,
    devices: Devices,
    sockets: &Path,
    logs: &Logs,
) -> Result<Background> {
    let mut python = ends_with_us(&artefacts.python());
    // No byte code: the peripherals' sources lie in the checkout, where only sources belong.
    python.args(["-B", "-u", "-m", "peripherals"]).current_dir(artefacts::sources(root));
    python.arg(sockets.join("hci")).arg(sockets.join("control"));
    if devices == Devices::All {
        python.arg("--all");
    }
    let mut peripherals = Background::start("the virtual devices", &mut python, &logs.peripherals)?;
    let mut ended = false;
    wait_until("the virtual devices are ready", PERIPHERALS_START, || {
        ended = !matches!(peripherals.ended(), Ok(None));
        ended || said(&logs.peripherals).lines().any(|line| line == "ready")
    })?;
    if ended {
        bail!("the virtual devices do not start: {}", said(&logs.peripherals).trim());
    }
    Ok(peripherals)
}

/// One processor, no disk, no picture, no way to a network: a serial line for its log, a virtio console to its
/// Bluetooth controller, and one port of the host's loopback to its bus.
fn start_machine(artefacts: &Artefacts, port: u16, sockets: &Path, logs: &Logs) -> Result<Background> {
    let mut qemu = ends_with_us(Path::new("qemu-system-x86_64"));
    qemu.args(acceleration().arguments());
    qemu.args(["-smp", "1", "-m", "256", "-machine", "q35", "-nodefaults", "-no-user-config", "-display", "none"]);
    qemu.arg("-no-reboot").arg("-serial").arg(format!("file:{}", logs.machine.display()));
    qemu.arg("-kernel").arg(artefacts.kernel()).arg("-initrd").arg(artefacts.ram_disk());
    // The kernel's tests of its own cryptography take seconds under emulation and say nothing about us.
    qemu.args(["-append", "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off cryptomgr.notests"]);
    qemu.arg("-device").arg("virtio-serial-pci");
    qemu.arg("-chardev").arg(format!("socket,id=hci,path={}", sockets.join("hci").display()));
    qemu.args(["-device", "virtconsole,chardev=hci"]);
    qemu.arg("-netdev").arg(format!("user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:5555"));
    qemu.args(["-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-rng-pci"]);
    Background::start("the emulated machine", &mut qemu, &logs.emulator)
}

/// A command that the system ends when this task ends, even when the task is killed and can end nothing itself.
fn ends_with_us(program: &Path) -> Command {
    let mut guarded = command("setpriv");
    guarded.args(["--pdeathsig", "KILL", "--"]).arg(program);
    guarded
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Acceleration {
    Hardware,
    Software,
}

impl Acceleration {
    const fn name(self) -> &'static str {
        match self {
            Self::Hardware => "kvm",
            Self::Software => "software emulation",
        }
    }

    const fn arguments(self) -> [&'static str; 4] {
        match self {
            Self::Hardware => ["-accel", "kvm", "-cpu", "host"],
            Self::Software => ["-accel", "tcg,thread=multi", "-cpu", "Nehalem"],
        }
    }
}

/// Hardware only where the processor really has it: there are hosts whose `/dev/kvm` opens and accepts a machine that
/// then never gets beyond its first instructions.
fn acceleration() -> Acceleration {
    let opens = std::fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok();
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    if opens && has_virtualisation(&processor) { Acceleration::Hardware } else { Acceleration::Software }
}

fn has_virtualisation(processor: &str) -> bool {
    processor.split_whitespace().any(|flag| matches!(flag, "vmx" | "svm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_emulation_is_taken_only_from_a_processor_that_names_it() {
        assert!(has_virtualisation("flags\t\t: fpu vme vmx ssse3\n"));
        assert!(has_virtualisation("flags\t\t: fpu svm\n"));
        assert!(!has_virtualisation("flags\t\t: fpu vme svm_lock nvmx\nmodel name : vmxless\n"));
    }

    #[test]
    fn the_last_words_of_every_part_are_shown_when_it_does_not_start() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::new(&Root::at(folder.path()));
        std::fs::create_dir_all(logs.machine.parent().unwrap()).unwrap();
        std::fs::write(&logs.machine, "first\n".to_owned() + &"x\n".repeat(30) + "no hci0\n").unwrap();
        let shown = logs.last_lines();
        assert!(shown.contains("no hci0") && !shown.contains("first"), "{shown}");
        assert!(logs.machine_said("no hci0"));
    }
}
