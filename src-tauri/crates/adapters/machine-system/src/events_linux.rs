//! What the system does to whoever sits before it: logind's sleep and its lock of the session, and the desktop's screen saver.
//! A bus that this computer does not have is left out; one that is slow or lost is looked for again. Not here: what follows.
use bedside_console::ports::MachineEvent;
use futures::StreamExt;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use zbus::zvariant::OwnedObjectPath;
use zbus::{Connection, Error, MatchRule, MessageStream, Result, message};

/// How long a bus may take to open, and each of its answers.
const DEADLINE: Duration = Duration::from_secs(5);
/// What failed is tried again after so long, then after twice as long each time,
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A bus that stays open for so long is no longer one that comes and goes.
const STEADY: Duration = Duration::from_secs(10);

const LOGIND: &str = "org.freedesktop.login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";

/// Where signals come from.
#[derive(Clone, Copy, Debug)]
enum Bus {
    System,
    Session,
}

/// One signal of one interface.
struct Signal {
    /// Only from the owner of this name; `None` = from anybody.
    sender: Option<&'static str>,
    interface: &'static str,
    member: &'static str,
    of: Object,
    /// What its boolean, or a network's state, means when it is true and false; a signal without either means the
    /// first.
    means: (Option<MachineEvent>, Option<MachineEvent>),
}

/// Whose signal is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Object {
    Any,
    /// logind's object of the session that this program belongs to.
    OwnSession,
}

/// Listens for as long as somebody takes what is heard.
pub(crate) async fn listen(events: UnboundedSender<MachineEvent>) {
    futures::join!(keep_listening(Bus::System, &events), keep_listening(Bus::Session, &events));
}

/// Ends where the system has no such bus, or when nobody takes what is heard. Trouble is told once, however often the bus
/// comes and goes, until it has stayed.
async fn keep_listening(bus: Bus, events: &UnboundedSender<MachineEvent>) {
    let (mut first_look, mut troubled, mut wait) = (true, false, FIRST_WAIT);
    loop {
        match opened(bus).await {
            Ok(connection) => {
                let heard = AtomicBool::new(false);
                let mut following = pin!(follow(&connection, signals(bus), &heard, events));
                tokio::select! {
                    () = &mut following => {}
                    () = tokio::time::sleep(STEADY) => {
                        if troubled {
                            tracing::info!(code = "SYSTEM-BUS", ?bus, "the system's locks and sleep are heard again");
                        }
                        (troubled, wait) = (false, FIRST_WAIT);
                        following.await;
                    }
                }
                if heard.load(Ordering::Relaxed) {
                    wait = FIRST_WAIT;
                }
                if !events.is_closed() && !troubled {
                    tracing::warn!(code = "SYSTEM-BUS", ?bus, "the bus was lost; it is looked for again");
                }
            }
            Err(error) if first_look && is_absent(&error) => {
                let why = "there is no such bus: its locks and sleep are not heard";
                return tracing::info!(code = "SYSTEM-BUS", ?bus, %error, "{why}");
            }
            Err(error) if !troubled => {
                let why = "the bus does not open: its locks and sleep are not heard; it is looked for again";
                tracing::warn!(code = "SYSTEM-BUS", ?bus, %error, "{why}");
            }
            Err(_) => {}
        }
        (first_look, troubled) = (false, true);
        if !waited(&mut wait, events).await {
            return;
        }
    }
}

/// Waits, the next time for longer; `false` when nobody takes what is heard any more.
async fn waited(wait: &mut Duration, events: &UnboundedSender<MachineEvent>) -> bool {
    let now = *wait;
    *wait = (now * 2).min(LONGEST_WAIT);
    tokio::select! {
        () = tokio::time::sleep(now) => true,
        () = events.closed() => false,
    }
}

async fn opened(bus: Bus) -> Result<Connection> {
    in_time(async {
        match bus {
            Bus::System => Connection::system().await,
            Bus::Session => Connection::session().await,
        }
    })
    .await
}

async fn in_time<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| Err(Error::Failure(format!("expected an answer within {DEADLINE:?}, got none")));
    tokio::time::timeout(DEADLINE, answer).await.unwrap_or_else(late)
}

/// No address, or nothing at it. A bus that is there and refuses or is silent is only busy, as while a desktop starts.
fn is_absent(error: &Error) -> bool {
    match error {
        Error::Address(_) | Error::Unsupported => true,
        Error::Connection(error, _) => error.kind() == ErrorKind::NotFound,
        _ => false,
    }
}

/// NetworkManager's state from which on something can be reached (`NM_STATE_CONNECTED_LOCAL`).
const CONNECTED: u32 = 50;

fn signals(bus: Bus) -> Vec<Signal> {
    let locks = (Some(MachineEvent::ScreenLocked), None);
    match bus {
        Bus::System => vec![
            Signal {
                sender: Some(LOGIND),
                interface: MANAGER,
                member: "PrepareForSleep",
                of: Object::Any,
                means: (Some(MachineEvent::GoesToSleep), Some(MachineEvent::WokeUp)),
            },
            Signal {
                sender: Some(LOGIND),
                interface: "org.freedesktop.login1.Session",
                member: "Lock",
                of: Object::OwnSession,
                means: locks,
            },
            Signal {
                sender: Some("org.freedesktop.NetworkManager"),
                interface: "org.freedesktop.NetworkManager",
                member: "StateChanged",
                of: Object::Any,
                means: (Some(MachineEvent::NetworkReturned), None),
            },
        ],
        Bus::Session => ["org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver"]
            .map(|interface| Signal { sender: None, interface, member: "ActiveChanged", of: Object::Any, means: locks })
            .into(),
    }
}

/// Ends when the bus is gone, or when nobody takes what is heard any more.
async fn follow(bus: &Connection, signals: Vec<Signal>, heard: &AtomicBool, events: &UnboundedSender<MachineEvent>) {
    let streams = signals.into_iter().map(|signal| Box::pin(one(bus, signal, heard, events)));
    futures::future::select_all(streams).await;
}

async fn one(bus: &Connection, signal: Signal, heard: &AtomicBool, events: &UnboundedSender<MachineEvent>) {
    let Some(mut messages) = kept_subscribing(bus, &signal, events).await else { return };
    loop {
        tokio::select! {
            message = messages.next() => match message {
                Some(Ok(message)) => {
                    heard.store(true, Ordering::Relaxed);
                    // A signal without a boolean, as logind's Lock, means that it is so.
                    let body = message.body();
                    let network = || body.deserialize::<u32>().map(|state| state >= CONNECTED);
                    let so = body.deserialize::<bool>().or_else(|_| network()).unwrap_or(true);
                    let event = if so { signal.means.0 } else { signal.means.1 };
                    if event.is_some_and(|event| events.send(event).is_err()) {
                        return;
                    }
                }
                Some(Err(_)) => {}
                None => return,
            },
            () = events.closed() => return,
        }
    }
}

/// Asks for a signal until the bus lets it be heard: a logind that is still starting is asked again, and which signal is not
/// heard is told once. `None` when the bus is gone, or when nobody takes what is heard any more.
async fn kept_subscribing(
    bus: &Connection,
    signal: &Signal,
    events: &UnboundedSender<MachineEvent>,
) -> Option<MessageStream> {
    let (mut told, mut wait) = (false, FIRST_WAIT);
    loop {
        let error = match in_time(subscribed(bus, signal)).await {
            Ok(messages) => {
                if told {
                    tracing::info!(code = "SYSTEM-SIGNAL", signal = signal.member, "the signal is heard now");
                }
                return Some(messages);
            }
            Err(Error::InputOutput(_)) => return None,
            Err(error) => error,
        };
        if has_no_session(&error) {
            // As in a service: nobody's screen is ours.
            tracing::info!(
                code = "SYSTEM-SIGNAL",
                signal = signal.member,
                "this program is in no session that is locked"
            );
            events.closed().await;
            return None;
        }
        if !told {
            let why = "the signal is not heard; it is asked for again";
            tracing::warn!(code = "SYSTEM-SIGNAL", signal = signal.member, interface = signal.interface, %error, "{why}");
            told = true;
        }
        if !waited(&mut wait, events).await {
            return None;
        }
    }
}

async fn subscribed(bus: &Connection, signal: &Signal) -> Result<MessageStream> {
    let path = match signal.of {
        Object::Any => None,
        Object::OwnSession => Some(own_session(bus).await?),
    };
    MessageStream::for_match_rule(rule(signal, path.as_ref())?, bus, None).await
}

/// The session of this process, or the one at the screen of its user: a desktop may start programs outside the session, and
/// only a logind since version 243 knows `auto`.
async fn own_session(bus: &Connection) -> Result<OwnedObjectPath> {
    let (process, manager) = (std::process::id(), "/org/freedesktop/login1");
    let found = match bus.call_method(Some(LOGIND), manager, Some(MANAGER), "GetSession", &"auto").await {
        Ok(found) => found,
        Err(_) => bus.call_method(Some(LOGIND), manager, Some(MANAGER), "GetSessionByPID", &process).await?,
    };
    found.body().deserialize()
}

/// logind's own word that there is none, and not that it could not say.
fn has_no_session(error: &Error) -> bool {
    let Error::MethodError(name, ..) = error else { return false };
    matches!(name.as_str(), "org.freedesktop.login1.NoSessionForPID" | "org.freedesktop.login1.NoSuchSession")
}

fn rule<'a>(signal: &Signal, path: Option<&'a OwnedObjectPath>) -> Result<MatchRule<'a>> {
    let mut rule =
        MatchRule::builder().msg_type(message::Type::Signal).interface(signal.interface)?.member(signal.member)?;
    if let Some(sender) = signal.sender {
        rule = rule.sender(sender)?;
    }
    if let Some(path) = path {
        rule = rule.path(path.as_ref())?;
    }
    Ok(rule.build())
}
