//! Questions about pairings at the terminal: asked on standard error, answered by a line of standard input.
//! Whatever is not clearly a yes is a no, and so are the end of the input and silence.
use crate::screen::Snapshots;
use bedside_console::ports::{PairingAnswer, PairingQuestion, Passkey, PromptId};
use bedside_console::{ConsoleHandle, PairingAsked};
use std::io::{BufRead, Write};
use tokio::sync::mpsc;

/// Asks what is open, the oldest first, until the console is gone.
pub(crate) async fn answer_at_terminal(console: ConsoleHandle, mut snapshots: Snapshots) {
    let mut lines = Lines::default();
    while snapshots.changed().await.is_ok() {
        let Some(asked) = first_question(&snapshots) else { continue };
        say(&question(&asked));
        let line = tokio::select! {
            line = lines.next(asked.prompt) => line,
            () = over(&mut snapshots, asked.prompt) => {
                say("This question is over.");
                continue;
            }
        };
        let answer = line.map_or(PairingAnswer::Reject, |line| answer(asked.question, &line));
        if let Err(error) = console.answer_pairing(asked.prompt, answer).await {
            say(&error.to_string());
        }
        over(&mut snapshots, asked.prompt).await;
    }
}

fn first_question(snapshots: &Snapshots) -> Option<PairingAsked> {
    snapshots.borrow().as_ref().and_then(|snapshot| snapshot.pairing.first().cloned())
}

/// Ends when the question is not open any more.
async fn over(snapshots: &mut Snapshots, prompt: PromptId) {
    let closed = snapshots.wait_for(|snapshot| {
        snapshot.as_ref().is_none_or(|snapshot| snapshot.pairing.iter().all(|asked| asked.prompt != prompt))
    });
    // Without a console there is no question either.
    let _ = closed.await;
}

fn question(asked: &PairingAsked) -> String {
    let who = who(asked);
    match asked.question {
        PairingQuestion::MayBond => format!(
            "{who} asks to be paired with this computer. Some devices keep one pairing only: the one with the patient's \
             own phone or app may end. Pair it? [y/N]"
        ),
        PairingQuestion::EnterPasskey => {
            format!("Type the passkey that {who} shows, or that is printed on it; an empty line cancels:")
        }
        PairingQuestion::ShowPasskey(digits) => {
            format!("Type {digits} on {who}. \"y\" hides this, anything else calls the pairing off. [y/N]")
        }
        PairingQuestion::CompareNumbers(digits) => format!("Does {who} show {digits}? [y/N]"),
    }
}

/// Which of several alike it is: the end of its address, and the bed of the patient it is bound to.
fn who(asked: &PairingAsked) -> String {
    let name = asked.name.as_deref().unwrap_or("A device without a name");
    match &asked.bed {
        Some(bed) => format!("{name} ({}, bed {})", asked.short_address, bed.reveal()),
        None => format!("{name} ({})", asked.short_address),
    }
}

fn answer(question: PairingQuestion, line: &str) -> PairingAnswer {
    let line = line.trim();
    match question {
        PairingQuestion::EnterPasskey => Passkey::parse(line).map_or(PairingAnswer::Reject, PairingAnswer::Passkey),
        PairingQuestion::MayBond | PairingQuestion::ShowPasskey(_) | PairingQuestion::CompareNumbers(_) => {
            let yes = line.eq_ignore_ascii_case("y") || line.eq_ignore_ascii_case("yes");
            if yes { PairingAnswer::Accept } else { PairingAnswer::Reject }
        }
    }
}

fn say(text: &str) {
    // A terminal that is gone answers nothing, which is a no.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Wishes for a line go to the thread that reads; each line comes back with the question it was read under.
type Reader = (std::sync::mpsc::Sender<PromptId>, mpsc::UnboundedReceiver<(PromptId, Option<String>)>);

/// Lines of standard input, each read for one question: a line that was waited for under another one answers nothing.
#[derive(Default)]
struct Lines {
    reader: Option<Reader>,
    /// The question under which the reader began to wait.
    waiting: Option<PromptId>,
}

impl Lines {
    /// The next line; `None` when there will be none.
    async fn next(&mut self, prompt: PromptId) -> Option<String> {
        let (wanted, lines) = self.reader.get_or_insert_with(read_on_a_thread);
        loop {
            if self.waiting.is_none() {
                wanted.send(prompt).ok()?;
                self.waiting = Some(prompt);
            }
            let (under, line) = lines.recv().await?;
            self.waiting = None;
            if under == prompt {
                return line;
            }
        }
    }
}

/// Reading a terminal cannot be given up: the thread stays in it until the program ends.
fn read_on_a_thread() -> Reader {
    let (wanted, wishes) = std::sync::mpsc::channel::<PromptId>();
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Ok(prompt) = wishes.recv() {
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            let line = read.is_ok_and(|octets| octets > 0).then_some(line);
            if sender.send((prompt, line)).is_err() {
                return;
            }
        }
    });
    (wanted, lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        for yes in ["y", "Y\n", " yes "] {
            assert_eq!(answer(PairingQuestion::MayBond, yes), PairingAnswer::Accept, "{yes:?}");
        }
        for no in ["", "\n", "n", "yeah", "482913"] {
            assert_eq!(answer(PairingQuestion::MayBond, no), PairingAnswer::Reject, "{no:?}");
        }
    }

    #[test]
    fn a_question_says_which_device_it_is_and_at_whose_bed() {
        let mut asked = PairingAsked {
            prompt: PromptId(1),
            peripheral: bedside_console::ports::PeripheralId("hci0/dev_F0_00_00_00_00_01".into()),
            name: Some("HR-1".into()),
            kind: bedside_vitals::DeviceKind::Unknown,
            short_address: "00:00:01".into(),
            bed: None,
            question: PairingQuestion::MayBond,
            until: bedside_vitals::WallTime(0),
        };
        assert!(question(&asked).starts_with("HR-1 (00:00:01) asks to be paired"));
        asked.bed = Some(bedside_vitals::Sensitive::new("12".into()));
        assert!(question(&asked).starts_with("HR-1 (00:00:01, bed 12) asks to be paired"));
    }

    #[test]
    fn a_passkey_is_digits_and_anything_else_cancels() {
        let key = Passkey::new(482_913).map(PairingAnswer::Passkey);
        assert_eq!(Some(answer(PairingQuestion::EnterPasskey, "482 913\n")), key);
        for no in ["", "y", "1234567"] {
            assert_eq!(answer(PairingQuestion::EnterPasskey, no), PairingAnswer::Reject, "{no:?}");
        }
    }
}
