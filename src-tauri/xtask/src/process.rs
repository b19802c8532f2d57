//! Running other programs: to their end, in the background, and stopping what was started.
//! What is run, and why, is the tasks' business.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a program that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(100);

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// A command without standard input: no task may wait for an answer that a build machine cannot give.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// Prints the command, runs it to its end, and fails when it failed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    println!("$ {shown}");
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Runs the command silently and returns what it printed on standard output.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command.stderr(Stdio::piped()).output().with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// True when the command can be started and ends well; its output is thrown away.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Runs the command, shows its output as it comes and returns it too (both streams, in no fixed order between them).
pub(crate) fn run_and_read(command: &mut Command) -> Result<(ExitStatus, String)> {
    let shown = shown(command);
    println!("$ {shown}");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{shown}`"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let text = std::thread::scope(|scope| {
        let first = scope.spawn(|| echo(stdout));
        let second = scope.spawn(|| echo(stderr));
        let mut text = first.join().unwrap_or_default();
        text.push_str(&second.join().unwrap_or_default());
        text
    });
    Ok((child.wait().with_context(|| format!("lost `{shown}`"))?, text))
}

/// A program in the background, in a process group of its own. Dropping it ends the whole group.
pub(crate) struct Background {
    name: String,
    child: Child,
}

impl Background {
    /// Starts the program with its output in `log`.
    pub(crate) fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        if let Some(folder) = log.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let copy = file.try_clone().context("cannot share the log file")?;
        Self::spawn(name, command.stdout(file).stderr(copy))
    }

    /// Starts the program and waits for its first line on standard output that `wanted` accepts. What it
    /// says on standard error is read only when it fails to start: daemons complain about much that is well.
    ///
    /// # Errors
    /// When it cannot start, ends early, or says nothing acceptable within `deadline`.
    pub(crate) fn start_and_wait_for_line<T: Send + 'static>(
        name: &str,
        command: &mut Command,
        deadline: Duration,
        wanted: impl Fn(&str) -> Option<T> + Send + 'static,
    ) -> Result<(Self, T)> {
        let mut started = Self::spawn(name, command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
        let stderr = started.child.stderr.take().with_context(|| format!("{name} has no error output"))?;
        let complaints = std::thread::spawn(move || read_lossy(stderr));
        let stdout = started.child.stdout.take().with_context(|| format!("{name} has no output"))?;
        let (found, waiting) = std::sync::mpsc::channel();
        // The thread goes on reading after the line was found, so that the program never blocks on a full pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(value) = wanted(&line) {
                    // Nobody waits any more after the first acceptable line.
                    let _ = found.send(value);
                }
            }
        });
        match waiting.recv_timeout(deadline) {
            Ok(value) => Ok((started, value)),
            Err(_) => {
                // Ending it closes its error output, which ends the reading.
                drop(started);
                let complaints = complaints.join().unwrap_or_default();
                bail!("{name} did not report that it is ready within {} s: {}", deadline.as_secs(), complaints.trim())
            }
        }
    }

    /// Starts the program with the output as the command has it.
    pub(crate) fn spawn(name: &str, command: &mut Command) -> Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command.spawn().with_context(|| format!("cannot start {name} (`{}`)", shown(command)))?;
        Ok(Self { name: name.to_owned(), child })
    }

    /// `None` while the program runs.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("lost sight of {}", self.name))
    }

    /// Waits until the program ends by itself, the person interrupts, or the deadline passes.
    pub(crate) fn wait(&mut self, deadline: Option<Duration>) -> Result<Option<ExitStatus>> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok(Some(status));
            }
            if interrupted() || deadline.is_some_and(|limit| began.elapsed() > limit) {
                return Ok(None);
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        end_group(&mut self.child);
    }
}

/// Ends the group gently, then firmly. The group is signalled even when its first process is gone, because
/// helper processes (a web process, a daemon's child) can outlive it, and the group keeps its number as long
/// as one of them lives.
#[cfg(unix)]
fn end_group(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
    // An error here means that the group is gone, which is what is wanted.
    let _ = kill_process_group(group, Signal::TERM);
    let began = Instant::now();
    while began.elapsed() < GRACE {
        if !matches!(child.try_wait(), Ok(None)) {
            break;
        }
        std::thread::sleep(POLL);
    }
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
}

#[cfg(not(unix))]
fn end_group(child: &mut Child) {
    let _ = (GRACE, child.kill());
    let _ = child.wait();
}

/// From now on Ctrl-C and a termination signal set a flag, so that what was started is stopped in order.
/// A second one ends the task at once.
pub(crate) fn watch_for_interrupts() {
    let flag = INTERRUPTED.get_or_init(|| Arc::new(AtomicBool::new(false)));
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // Without the handler a signal simply ends the task, as for any program.
        let _ = signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(flag));
        let _ = signal_hook::flag::register(signal, Arc::clone(flag));
    }
    #[cfg(not(unix))]
    let _ = flag;
}

/// True once the person has asked to stop.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.get().is_some_and(|flag| flag.load(Ordering::SeqCst))
}

/// Tries `condition` until it holds.
///
/// # Errors
/// When it does not hold within `deadline` or the person interrupts.
pub(crate) fn wait_until(what: &str, deadline: Duration, mut condition: impl FnMut() -> bool) -> Result<()> {
    let began = Instant::now();
    while !condition() {
        if interrupted() {
            bail!("interrupted while waiting until {what}");
        }
        if began.elapsed() > deadline {
            bail!("waited {} s until {what}, in vain", deadline.as_secs());
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

/// A TCP port on loopback that nobody listened on a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("cannot listen on loopback")?;
    Ok(listener.local_addr().context("the listener has no address")?.port())
}

fn echo(stream: Option<impl Read>) -> String {
    let mut text = String::new();
    let Some(stream) = stream else { return text };
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    // Bytes, not `lines()`: one odd byte in a test's output must not hide the summary after it.
    while matches!(reader.read_until(b'\n', &mut line), Ok(read) if read > 0) {
        let piece = String::from_utf8_lossy(&line);
        // A closed terminal must not stop the reading.
        let _ = std::io::stdout().lock().write_all(piece.as_bytes());
        text.push_str(&piece);
        line.clear();
    }
    text
}

fn read_lossy(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    // What was read before a fault is still worth showing.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        let _ = write!(text, " {}", argument.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = run(command("sh").args(["-c", "exit 3"])).unwrap_err().to_string();
        assert!(error.contains("sh -c exit 3") && error.contains('3'), "{error}");
    }

    #[test]
    fn both_streams_are_read_even_with_odd_bytes() {
        let (status, text) =
            run_and_read(command("sh").args(["-c", r"printf '\377one\n'; printf 'two\n' >&2; exit 1"])).unwrap();
        assert!(!status.success());
        assert!(text.contains("one") && text.contains("two"), "{text}");
    }

    #[test]
    fn dropping_a_background_program_ends_its_children_too() {
        let mut shell = command("sh");
        shell.args(["-c", "sleep 600 & echo $!; wait"]);
        let (running, grandchild) =
            Background::start_and_wait_for_line("shell", &mut shell, GRACE, |line| line.trim().parse::<u32>().ok())
                .unwrap();
        drop(running);
        // A killed orphan can stay a zombie for a moment until init reaps it; a zombie is not running.
        wait_until("the grandchild is gone", GRACE, || {
            std::fs::read_to_string(format!("/proc/{grandchild}/stat")).map_or(true, |stat| stat.contains(") Z "))
        })
        .unwrap();
    }

    #[test]
    fn a_program_that_never_reports_ready_is_an_error() {
        let mut shell = command("sh");
        shell.args(["-c", "echo nonsense; echo the reason >&2"]);
        let outcome = Background::start_and_wait_for_line("shell", &mut shell, GRACE, |line| line.parse::<u32>().ok());
        let error = outcome.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("shell did not report") && error.contains("the reason"), "{error}");
    }
}
