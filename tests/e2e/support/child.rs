//! Child processes that end with their test and do not block it.

use std::io::Read;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::Signal;

/// Lets children receive the signals that this process ignores, as tests do that a shell script runs in the background: a
/// child ignores an ignored signal too, whereas a signal with a handler has its default effect in a child.
pub(super) fn accept_signals() {
    static ACCEPTED: Once = Once::new();
    ACCEPTED.call_once(|| {
        let status =
            std::fs::read_to_string("/proc/self/status").expect("the state of this process");
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = u64::from_str_radix(mask.expect("a mask").trim(), 16).expect("hexadecimal");
        for signal in [Signal::INT, Signal::QUIT, Signal::HUP].map(Signal::as_raw) {
            if mask & (1 << (signal - 1)) != 0 {
                signal_hook::flag::register(signal, Arc::default()).expect("a handler");
            }
        }
    });
}

/// The status of a child, or `None` if it has not ended within the limit.
pub(super) fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let until = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().expect("wait for a child") {
            return Some(status);
        }
        if Instant::now() >= until {
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Kills a child and waits for its end.
pub(super) fn kill(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// A pipe that a thread reads.
#[derive(Debug)]
pub(super) struct RawOutput {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl RawOutput {
    pub(super) fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let Some(mut pipe) = pipe else { return };
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = pipe.read(&mut chunk) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&chunk[..read]);
            }
        });
        Self { bytes, reader }
    }

    pub(super) fn so_far(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits for the pipe's end.
    pub(super) fn whole(self) -> String {
        self.reader.join().expect("the reader of a pipe");
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).expect("output that is UTF-8")
    }
}
