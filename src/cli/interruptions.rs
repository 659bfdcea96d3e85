//! Ctrl-C, and whatever else politely asks the program to end.

use crate::client::Target;
use crate::console::Console;
use crate::exit_code::ExitCode;

/// The first Ctrl-C stops the run, and so does whoever ends the process politely; the second one ends the process at once. When this returns, both are heard.
pub(super) fn stop_on_ctrl_c(console: &Console, target: &Target) {
    let (stop, console) = (target.stop().clone(), console.clone());
    let ledger = target.ledger().map(|ledger| ledger.path().display().to_string());
    // Where they cannot be heard, the process ends as the system has it, and the ledger knows what is left.
    let Ok(mut interruptions) = Interruptions::listen() else { return };
    tokio::spawn(async move {
        interruptions.next().await;
        stop.throw();
        console.note("stopping: what was created is removed; Ctrl-C again stops at once\n");
        interruptions.next().await;
        if let Some(ledger) = ledger {
            console.note(&format!("stopped; what is left is in {ledger}, and `sweep` removes it\n"));
        }
        std::process::exit(i32::from(ExitCode::Incomplete as u8));
    });
}

/// Ctrl-C, the signal with which CI and `timeout` end a process, and that of a terminal that is closed.
#[cfg(unix)]
pub(super) struct Interruptions([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Interruptions {
    pub(super) fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?]))
    }

    pub(super) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Interruptions;

#[cfg(not(unix))]
impl Interruptions {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
