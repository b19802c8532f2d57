//! The Secret Service: the one of the session, or a private one with a throw-away keyring.
//! There is never a file in place of a keyring: without a Secret Service the console does not open a vault.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::{Background, capture, command, wait_until};

const START: Duration = Duration::from_secs(30);
const SECRET_SERVICE: &str = "org.freedesktop.secrets";

/// True when the session has a Secret Service: one that runs, or, at a screen where it can ask
/// for its password, one that the bus would start.
pub(crate) fn has_secret_service(with_screen: bool) -> bool {
    if cfg!(any(target_os = "windows", target_os = "macos")) {
        return true;
    }
    let listed = |method: &str| {
        capture(bus_call(&mut command("dbus-send"), method)).is_ok_and(|answer| answer.contains(SECRET_SERVICE))
    };
    // Asking for an address first keeps dbus-send from starting a bus of its own.
    let has_bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some()
        || std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(&folder).join("bus").exists());
    has_bus && (listed("ListNames") || (with_screen && listed("ListActivatableNames")))
}

/// A session bus of our own with an unlocked gnome-keyring. Dropping it ends both and deletes the keyring.
pub(crate) struct PrivateSession {
    address: String,
    // Dropped in this order: the keyring before its bus, the files last.
    _keyring: Background,
    _bus: Background,
    _folder: ThrowAwayFolder,
}

impl PrivateSession {
    /// Starts both and waits until the Secret Service answers.
    ///
    /// # Errors
    /// When either does not start.
    pub(crate) fn start(parent: &Path) -> Result<Self> {
        let folder = ThrowAwayFolder::create(parent)?;
        // A socket's path is limited to about 100 bytes: it lies in the system's folder for such things.
        let mut bus = command("dbus-daemon");
        bus.args(["--session", "--nofork", "--print-address=1", "--address=unix:tmpdir=/tmp"]);
        folder.apply(&mut bus);
        let (bus, address) = Background::start_and_wait_for_line("dbus-daemon", &mut bus, START, |line| {
            line.starts_with("unix:").then(|| line.trim().to_owned())
        })?;

        let mut keyring = command("gnome-keyring-daemon");
        // In the foreground it stays our child; otherwise it would go on after the end.
        keyring.args(["--foreground", "--unlock", "--components=secrets"]).env("DBUS_SESSION_BUS_ADDRESS", &address);
        keyring.stdin(password()?).stdout(Stdio::null()).stderr(Stdio::null());
        folder.apply(&mut keyring);
        let keyring = Background::spawn("gnome-keyring-daemon", &mut keyring)?;

        wait_until("the private Secret Service answers", START, || {
            let mut call = command("dbus-send");
            call.env("DBUS_SESSION_BUS_ADDRESS", &address);
            capture(bus_call(&mut call, "ListNames")).is_ok_and(|names| names.contains(SECRET_SERVICE))
        })?;
        Ok(Self { address, _keyring: keyring, _bus: bus, _folder: folder })
    }

    /// Makes the command use this session's Secret Service.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address);
    }
}

/// A home that nobody else has and that goes at the end: nothing of the person's own is read or written.
pub(crate) struct ThrowAwayFolder(std::path::PathBuf);

impl ThrowAwayFolder {
    pub(crate) fn create(parent: &Path) -> Result<Self> {
        let folder = parent.join(format!("private-session-{}-{}", std::process::id(), hexadecimal(&random::<4>()?)));
        let runtime = folder.join("runtime");
        std::fs::create_dir_all(&runtime).with_context(|| format!("cannot create {}", runtime.display()))?;
        #[cfg(unix)]
        for private in [&folder, &runtime] {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(private, std::fs::Permissions::from_mode(0o700))
                .with_context(|| format!("cannot close {} to others", private.display()))?;
        }
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("HOME", &self.0).env("XDG_RUNTIME_DIR", self.0.join("runtime"));
        for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "DISPLAY", "WAYLAND_DISPLAY"] {
            command.env_remove(name);
        }
    }
}

impl Drop for ThrowAwayFolder {
    fn drop(&mut self) {
        // A folder that cannot be deleted holds a keyring whose password nobody knows.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A pipe that holds a random password: it never appears in a file, an argument or the environment.
fn password() -> Result<Stdio> {
    let (reader, mut writer) = std::io::pipe().context("cannot make a pipe")?;
    writeln!(writer, "{}", hexadecimal(&random::<16>()?)).context("cannot write to the pipe")?;
    Ok(Stdio::from(reader))
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let mut source = std::fs::File::open("/dev/urandom").context("the system has no source of random bytes")?;
    source.read_exact(&mut bytes).context("the system's source of random bytes ended")?;
    Ok(bytes)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bus_call<'a>(dbus_send: &'a mut Command, method: &str) -> &'a mut Command {
    dbus_send
        .args(["--session", "--print-reply", "--reply-timeout=2000", "--dest=org.freedesktop.DBus"])
        .arg("/org/freedesktop/DBus")
        .arg(format!("org.freedesktop.DBus.{method}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_session_keeps_a_secret_and_leaves_nothing_behind() {
        let there_is =
            |program: &str| crate::process::succeeds(command("sh").args(["-c", &format!("command -v {program}")]));
        if !there_is("gnome-keyring-daemon") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let session = PrivateSession::start(folder.path()).unwrap();
        // A tool that the product does not need: where it is missing, only start and end are tested.
        if there_is("secret-tool") {
            keep_and_look_up(&session);
        }

        drop(session);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    fn keep_and_look_up(session: &PrivateSession) {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"a test secret").unwrap();
        drop(writer);
        let mut store = command("secret-tool");
        store.args(["store", "--label=test", "purpose", "xtask-test"]).stdin(reader);
        session.apply(&mut store);
        crate::process::run(&mut store).unwrap();
        let mut look_up = command("secret-tool");
        look_up.args(["lookup", "purpose", "xtask-test"]);
        session.apply(&mut look_up);
        assert_eq!(capture(&mut look_up).unwrap(), "a test secret");
    }
}
