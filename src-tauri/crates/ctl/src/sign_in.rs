//! Who speaks on the command line: the user name of `--user`, and secrets as lines of standard input, never as arguments.
//! Not here: what they may do; the console decides that for a writer, and `reader` for what reads beside one.
use crate::failure::{BAD_DATA, Failure, NOT_PERMITTED, USAGE};
use bedside_assembly::{Place, Running, Start};
use bedside_console::UserName;
use bedside_console::ports::{Passphrase, Pin, VaultHeader, VaultPresence};
use std::io::BufRead;
use std::sync::OnceLock;
use zeroize::Zeroizing;

/// Whoever speaks.
pub(crate) struct Who {
    user: Option<UserName>,
    secret_stdin: bool,
    /// As read: a command may open the vault twice.
    passphrase: OnceLock<Passphrase>,
}

impl Who {
    pub(crate) fn new(user: Option<&str>, secret_stdin: bool) -> Result<Self, Failure> {
        let wrong = || Failure::new(USAGE, format!("--user: expected {}", UserName::EXPECTED));
        let user = user.map(|typed| UserName::new(typed).ok_or_else(wrong)).transpose()?;
        Ok(Self { user, secret_stdin, passphrase: OnceLock::new() })
    }

    /// Whether anybody was named.
    pub(crate) const fn is_named(&self) -> bool {
        self.user.is_some()
    }

    /// The name of `--user`.
    pub(crate) fn user(&self) -> Result<UserName, Failure> {
        let needed =
            "this needs --user NAME and --secret-stdin, with the passphrase as the first line of standard input";
        self.user.clone().ok_or_else(|| Failure::new(NOT_PERMITTED, needed))
    }

    /// The first line of standard input as a recovery kit. `--kit-stdin` counts as `--secret-stdin`.
    pub(crate) fn kit(&self) -> Result<Zeroizing<String>, Failure> {
        self.line("the recovery kit")
    }

    /// The next line of standard input as a passphrase.
    pub(crate) fn passphrase(&self, whose: &str) -> Result<Passphrase, Failure> {
        Ok(Passphrase::typed(std::mem::take(&mut *self.line(whose)?)))
    }

    /// The next line of standard input as a PIN.
    pub(crate) fn pin(&self) -> Result<Pin, Failure> {
        Ok(Pin::typed(std::mem::take(&mut *self.line("the PIN")?)))
    }

    /// The next line as a PIN, where there is one.
    pub(crate) fn pin_if_given(&self) -> Result<Option<Pin>, Failure> {
        let mut line = next_line(&mut std::io::stdin().lock()).map_err(|error| Failure::io(&error))?;
        Ok((!line.is_empty()).then(|| Pin::typed(std::mem::take(&mut *line))))
    }

    /// The name and the passphrase of whoever signs in.
    pub(crate) fn sign_in(&self) -> Result<(UserName, Passphrase), Failure> {
        let user = self.user()?;
        if let Some(known) = self.passphrase.get() {
            return Ok((user, known.clone()));
        }
        let passphrase = self.passphrase("the passphrase")?;
        Ok((user, self.passphrase.get_or_init(|| passphrase).clone()))
    }

    /// The next line of standard input.
    pub(crate) fn line(&self, what: &str) -> Result<Zeroizing<String>, Failure> {
        if !self.secret_stdin {
            let needed = format!("this needs {what} as a line of standard input; say --secret-stdin");
            return Err(Failure::new(NOT_PERMITTED, needed));
        }
        let line = next_line(&mut std::io::stdin().lock()).map_err(|error| Failure::io(&error))?;
        if line.is_empty() {
            return Err(Failure::new(BAD_DATA, format!("expected {what} as a line of standard input, got nothing")));
        }
        Ok(line)
    }
}

/// Starts the console as the vault's one writer and opens the vault for whoever speaks.
pub(crate) async fn open(place: &Place, who: &Who, start: Start) -> Result<Running, Failure> {
    place.prepare_demo_vault().await?;
    let by = if header(place).await?.device_slot { None } else { Some(who.sign_in()?) };
    let running = place.start(start).await?;
    let opened = match by {
        None => running.open_by_itself().await,
        Some((user, passphrase)) => running.console.sign_in(user, passphrase).await,
    };
    match opened {
        Ok(()) => Ok(running),
        Err(error) => {
            running.close().await;
            Err(error.into())
        }
    }
}

/// What can be known of a closed vault.
pub(crate) async fn header(place: &Place) -> Result<VaultHeader, Failure> {
    match place.vault().presence().await? {
        VaultPresence::Present(header) => Ok(header),
        VaultPresence::Missing => Err(bedside_console::ports::StoreFault::Missing.into()),
    }
}

/// A line without its end. The room is made before, so that no half of a secret stays where the text grew out of.
fn next_line(input: &mut impl BufRead) -> std::io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::with_capacity(LONGEST_LINE));
    input.read_line(&mut line)?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}

const LONGEST_LINE: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_keeps_its_spaces_and_loses_only_the_end_of_its_line() {
        let mut input = &b" a quiet river \r\n482913"[..];
        let lines: Vec<String> = (0..3).map(|_| next_line(&mut input).unwrap().to_string()).collect();
        assert_eq!(lines, [" a quiet river ", "482913", ""]);
    }

    #[test]
    fn nobody_named_and_no_secret_are_told_by_what_is_needed() {
        let nobody = Who::new(None, true).unwrap();
        assert!(nobody.user().is_err_and(|failure| failure.code == NOT_PERMITTED && failure.text.contains("--user")));
        let silent = Who::new(Some("RKaya"), false).unwrap();
        assert_eq!(silent.user().unwrap().as_str(), "rkaya");
        assert!(silent.passphrase("the passphrase").is_err_and(|failure| failure.text.contains("--secret-stdin")));
        assert!(Who::new(Some("r kaya"), true).is_err_and(|failure| failure.code == USAGE));
    }
}
