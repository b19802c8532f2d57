//! What the system does to whoever sits before it: logind's sleep and its lock of the session, and the desktop's screen saver.
//! Each source that is missing is left out quietly: what it would say is then not known. Not here: what follows from it.
use bedside_console::ports::MachineEvent;
use futures::StreamExt;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use zbus::zvariant::OwnedObjectPath;
use zbus::{Connection, MatchRule, MessageStream, Result, message};

/// How long a bus may take to open.
const DEADLINE: Duration = Duration::from_secs(5);
const LOGIND: &str = "org.freedesktop.login1";

/// One signal of one interface.
struct Signal {
    interface: &'static str,
    member: &'static str,
    /// Only of this object; `None` = of any.
    path: Option<String>,
    /// What its boolean means when it is true and false; a signal without one means the first.
    means: (Option<MachineEvent>, Option<MachineEvent>),
}

/// Listens for as long as somebody takes what is heard.
pub(crate) async fn listen(events: UnboundedSender<MachineEvent>) {
    let of_system = async {
        let Some(bus) = opened(Connection::system()).await else { return };
        let mut signals = vec![Signal {
            interface: "org.freedesktop.login1.Manager",
            member: "PrepareForSleep",
            path: None,
            means: (Some(MachineEvent::GoesToSleep), Some(MachineEvent::WokeUp)),
        }];
        // Without a session of our own, as in a service, nobody's screen is ours.
        if let Ok(session) = own_session(&bus).await {
            signals.push(Signal {
                interface: "org.freedesktop.login1.Session",
                member: "Lock",
                path: Some(session.to_string()),
                means: (Some(MachineEvent::ScreenLocked), None),
            });
        }
        follow(&bus, signals, &events).await;
    };
    let of_session = async {
        let Some(bus) = opened(Connection::session()).await else { return };
        let signals = ["org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver"].map(|interface| Signal {
            interface,
            member: "ActiveChanged",
            path: None,
            means: (Some(MachineEvent::ScreenLocked), None),
        });
        follow(&bus, signals.into(), &events).await;
    };
    futures::join!(of_system, of_session);
}

async fn opened(bus: impl Future<Output = Result<Connection>>) -> Option<Connection> {
    tokio::time::timeout(DEADLINE, bus).await.ok()?.ok()
}

async fn own_session(bus: &Connection) -> Result<OwnedObjectPath> {
    let manager = "org.freedesktop.login1.Manager";
    let process = std::process::id();
    let call = bus.call_method(Some(LOGIND), "/org/freedesktop/login1", Some(manager), "GetSessionByPID", &process);
    let reply = tokio::time::timeout(DEADLINE, call).await.map_err(|_| zbus::Error::InvalidReply)??;
    reply.body().deserialize()
}

async fn follow(bus: &Connection, signals: Vec<Signal>, events: &UnboundedSender<MachineEvent>) {
    let streams = signals.into_iter().map(|signal| one(bus, signal, events));
    futures::future::join_all(streams).await;
}

async fn one(bus: &Connection, signal: Signal, events: &UnboundedSender<MachineEvent>) {
    let Ok(rule) = rule(&signal) else { return };
    let Ok(mut heard) = MessageStream::for_match_rule(rule, bus, None).await else { return };
    loop {
        tokio::select! {
            message = heard.next() => match message {
                Some(Ok(message)) => {
                    // A signal without a boolean, as logind's Lock, means that it is so.
                    let so = message.body().deserialize::<bool>().unwrap_or(true);
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

fn rule(signal: &Signal) -> Result<MatchRule<'_>> {
    let rule =
        MatchRule::builder().msg_type(message::Type::Signal).interface(signal.interface)?.member(signal.member)?;
    Ok(match &signal.path {
        Some(path) => rule.path(path.as_str())?,
        None => rule,
    }
    .build())
}
