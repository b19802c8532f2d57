//! The running rig as a test sees it: the control socket of the virtual devices, and the system's Bluetooth switch.
//! Not here: starting it (`cargo xtask`), and the console under test.
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use zbus::zvariant::Value as BusValue;

/// Set by whoever started the rig: the path of its control socket.
const CONTROL: &str = "BEDSIDE_BLUETOOTH_CONTROL";
/// Set by a run that is to have a rig: a scenario that finds none then fails.
const REQUIRED: &str = "BEDSIDE_BLUETOOTH_REQUIRED";
/// An answer of the control socket comes at once, but a burst waits for the emulated machine.
const ANSWER: Duration = Duration::from_secs(120);

/// The virtual devices of a running rig.
pub(crate) struct Rig {
    control: RefCell<BufReader<UnixStream>>,
}

/// Runs a scenario on the rig and prints its name and time. Without a rig there is nothing to run it on, which is
/// said, and a failure where there was to be one.
pub(crate) fn scenario<F: Future<Output = ()>>(name: &str, body: impl FnOnce(Rig) -> F) {
    let Some(path) = std::env::var_os(CONTROL) else {
        assert!(std::env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, but {CONTROL} names no control socket");
        say(&format!("scenario {name}: skipped, {CONTROL} names no rig"));
        return;
    };
    let socket = UnixStream::connect(path).expect("the rig's control socket");
    socket.set_read_timeout(Some(ANSWER)).expect("a socket");
    let rig = Rig { control: RefCell::new(BufReader::new(socket)) };
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        // What an earlier scenario left behind, a failed one above all.
        rig.tell(json!({ "do": "reset_all" }));
        let system = System::connect().await;
        system.set_powered(true).await;
        system.forget_devices().await;
        body(rig).await;
    });
    say(&format!("scenario {name}: ok, {:.1} s", began.elapsed().as_secs_f64()));
}

/// Past the capture of the test runner, which shows the words of a passed test to nobody.
fn say(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).expect("standard error");
}

impl Rig {
    /// Gives a command and returns the answer.
    pub(crate) fn tell(&self, command: Value) -> Value {
        let mut control = self.control.borrow_mut();
        let mut line = command.to_string();
        line.push('\n');
        control.get_mut().write_all(line.as_bytes()).expect("the rig listens");
        let mut answer = String::new();
        control.read_line(&mut answer).expect("the rig answers");
        let answer: Value = serde_json::from_str(&answer).expect("the rig answers with an object");
        assert_eq!(answer["ok"], true, "{command} was refused: {answer}");
        answer
    }

    /// Gives a command without further words to one device.
    pub(crate) fn order(&self, device: &str, what: &str) -> Value {
        self.tell(json!({ "do": what, "device": device }))
    }

    /// Everything the device sent to somebody who listened, in order.
    pub(crate) fn ledger(&self, device: &str) -> Vec<Value> {
        self.order(device, "ledger")["ledger"].as_array().expect("a list").clone()
    }

    /// A fact of the device's status.
    pub(crate) fn status(&self, device: &str, fact: &str) -> Value {
        self.order(device, "status")[fact].clone()
    }
}

/// The system's Bluetooth, as its settings dialog would reach it: never through the console.
pub(crate) struct System {
    bus: zbus::Connection,
}

impl System {
    pub(crate) async fn connect() -> Self {
        Self { bus: zbus::Connection::system().await.expect("the rig's bus") }
    }

    pub(crate) async fn set_powered(&self, on: bool) {
        let adapter = self.adapter().await;
        adapter.set_property("Powered", BusValue::from(on)).await.expect("the adapter is switched");
    }

    pub(crate) async fn is_powered(&self) -> bool {
        self.adapter().await.get_property("Powered").await.expect("the adapter answers")
    }

    /// As a person does who removes devices in the settings: bonds and all.
    async fn forget_devices(&self) {
        let root = self.proxy("/", "org.freedesktop.DBus.ObjectManager").await;
        let objects: zbus::fdo::ManagedObjects =
            root.call("GetManagedObjects", &()).await.expect("BlueZ lists its objects");
        for (path, interfaces) in objects {
            if interfaces.keys().any(|interface| interface.as_str() == "org.bluez.Device1") {
                // One that is just going by itself need not be removed.
                let _ = self.adapter().await.call_method("RemoveDevice", &(path,)).await;
            }
        }
    }

    async fn adapter(&self) -> zbus::Proxy<'_> {
        self.proxy("/org/bluez/hci0", "org.bluez.Adapter1").await
    }

    async fn proxy(&self, path: &'static str, interface: &'static str) -> zbus::Proxy<'_> {
        let builder = zbus::proxy::Builder::<zbus::Proxy<'_>>::new(&self.bus);
        let named = builder.destination("org.bluez").and_then(|b| b.path(path)).and_then(|b| b.interface(interface));
        // Asked anew each time: what BlueZ says now is the point.
        let uncached = named.expect("well-formed names").cache_properties(zbus::proxy::CacheProperties::No);
        uncached.build().await.expect("a proxy")
    }
}
