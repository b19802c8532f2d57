//! Where the browser comes back to: one answer on a port of this computer that nobody knew before (RFC 8252,
//! section 7.3). Whatever does not belong to this sign-in is turned away and waited past.
//! Not here: what the answer is good for.
use bedside_console::ports::GrantFault;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// A browser says what it wants in far less.
const LARGEST_HEAD: usize = 16 * 1024;
/// A connection that a browser opens in advance says nothing for long.
const LONGEST_TALK: Duration = Duration::from_secs(10);
const PATH: &str = "/callback";

/// A place to come back to.
#[derive(Debug)]
pub(crate) struct Redirect {
    listener: TcpListener,
    port: u16,
}

/// What the browser brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) code: String,
    pub(crate) issuer: Option<String>,
}

impl Redirect {
    /// Takes a free port.
    pub(crate) async fn bind() -> Result<Self, GrantFault> {
        let failed = |error: io::Error| GrantFault::NoBrowser(format!("no port to come back to: {}", error.kind()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        Ok(Self { listener, port })
    }

    /// What the server is told.
    pub(crate) fn uri(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits for the answer to this sign-in. Nobody is listened to afterwards.
    pub(crate) async fn answer(self, state: &str, patience: Duration) -> Result<Answer, GrantFault> {
        timeout(patience, self.first(state)).await.unwrap_or(Err(GrantFault::NobodyCame))
    }

    async fn first(self, state: &str) -> Result<Answer, GrantFault> {
        let mut talks = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(heard) = talks.next(), if !talks.is_empty() => {
                    if let Some(answer) = heard {
                        return answer;
                    }
                }
                accepted = self.listener.accept() => {
                    // A connection that broke while it was accepted is none.
                    if let Ok((stream, _)) = accepted {
                        talks.push(self.talk(stream, state));
                    }
                }
            }
        }
    }

    async fn talk(&self, mut stream: TcpStream, state: &str) -> Option<Result<Answer, GrantFault>> {
        let head = timeout(LONGEST_TALK, head(&mut stream)).await.ok()??;
        let heard = heard(&head, self.port, state);
        let (status, text) = match &heard {
            Heard::Other => ("404 Not Found", "There is nothing here."),
            Heard::Foreign => ("400 Bad Request", "This page does not belong to a sign-in that Bedside waits for."),
            Heard::Answer(Ok(_)) => ("200 OK", "The sign-in is on its way to Bedside. You can close this page."),
            Heard::Answer(Err(_)) => ("200 OK", "Bedside was not signed in. You can close this page."),
        };
        let page = page(status, text);
        // Whoever does not wait for the page has said what they came to say.
        let _ = timeout(LONGEST_TALK, async {
            stream.write_all(page.as_bytes()).await?;
            stream.shutdown().await
        })
        .await;
        match heard {
            Heard::Answer(answer) => Some(answer),
            Heard::Other | Heard::Foreign => None,
        }
    }
}

enum Heard {
    Answer(Result<Answer, GrantFault>),
    /// Something else that browsers ask for.
    Other,
    /// The right place, and not this sign-in.
    Foreign,
}

fn heard(head: &str, port: u16, state: &str) -> Heard {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let mut hosts = lines.filter_map(|line| line.split_once(':')).filter(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = hosts.next().map(|(_, host)| host.trim());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if method != "GET" || path != PATH {
        return Heard::Other;
    }
    // A page elsewhere that leads a name of its own to this computer is not the server.
    if host != Some(format!("127.0.0.1:{port}").as_str()) || hosts.next().is_some() {
        return Heard::Foreign;
    }
    let all: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let one = |name: &str| {
        let mut found = all.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone());
        found.next().filter(|_| found.next().is_none())
    };
    if one("state").as_deref() != Some(state) {
        return Heard::Foreign;
    }
    Heard::Answer(match (one("error"), one("code")) {
        (Some(error), _) => Err(GrantFault::Declined(super::token_endpoint::word(&error))),
        (None, Some(code)) => Ok(Answer { code, issuer: one("iss") }),
        (None, None) => Err(GrantFault::NotAccepted("it brings neither a code nor a reason")),
    })
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut part = [0; 2048];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let length = stream.read(&mut part).await.ok().filter(|length| *length > 0)?;
        head.extend_from_slice(&part[..length]);
        if head.len() > LARGEST_HEAD {
            return None;
        }
    }
    String::from_utf8(head).ok()
}

/// A page of nothing but a sentence: no script, nothing from elsewhere, not kept, and its address goes nowhere.
fn page(status: &str, text: &str) -> String {
    let body =
        format!("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Bedside</title><p>{text}</p></html>");
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\
         Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(target: &str, host: &str) -> Option<Result<Answer, GrantFault>> {
        match heard(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"), 5000, "right") {
            Heard::Answer(answer) => Some(answer),
            Heard::Other | Heard::Foreign => None,
        }
    }

    #[test]
    fn only_the_answer_with_this_state_at_this_address_is_taken() {
        let code = Answer { code: "a b".into(), issuer: Some("https://x.example".into()) };
        let good = "/callback?state=right&code=a%20b&iss=https%3A%2F%2Fx.example";
        assert_eq!(answer(good, "127.0.0.1:5000"), Some(Ok(code)));
        for (target, host) in [
            (good, "evil.example:5000"),
            (good, "127.0.0.1:5001"),
            ("/callback?code=c", "127.0.0.1:5000"),
            ("/callback?state=wrong&code=c", "127.0.0.1:5000"),
            ("/callback?state=right&state=wrong&code=c", "127.0.0.1:5000"),
            ("/callback?state=wrong&error=access_denied", "127.0.0.1:5000"),
            ("/favicon.ico", "127.0.0.1:5000"),
        ] {
            assert_eq!(answer(target, host), None, "{target} {host}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_word_and_nothing_else_of_it() {
        let refused = |query: &str| answer(&format!("/callback?state=right&{query}"), "127.0.0.1:5000");
        let declined = |word: &str| Some(Err(GrantFault::Declined(word.into())));
        assert_eq!(refused("error=access_denied&error_description=Mr%20Example"), declined("access_denied"));
        assert_eq!(refused("error=%3Cscript%3E"), declined("another reason"));
        assert!(matches!(refused("nothing=here"), Some(Err(GrantFault::NotAccepted(_)))));
    }
}
