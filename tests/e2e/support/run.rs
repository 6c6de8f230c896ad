//! One run of the binary and its expected output. A stream of which nothing is expected must be empty, the exit status is
//! always asserted, and no run may take longer than its limit.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::check::{self, Expect};
use super::child::RawOutput;
use super::{ANA_PASSWORD, BEN_PASSWORD, SECRET, child, wait_for};

/// The variable that shortens pauses and limits.
const PAUSES: &str = "AIMHARDER_TEST_PAUSES";

/// A run before its start.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before one of `done`, `json`, `spawn`"]
pub(crate) struct Run {
    args: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    stdin: String,
    pub(super) status: i32,
    pub(super) stdout: Expect,
    pub(super) stderr: Expect,
    pub(super) error: Option<Vec<String>>,
    limit: Duration,
}

/// The exit status and the output of a run that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// A run under way.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdout: RawOutput,
    stderr: RawOutput,
    began: Instant,
    run: Run,
}

impl Run {
    /// With pauses of a quarter of their real length.
    pub(super) fn new(home: &Path, args: &str) -> Self {
        let path = format!("{}/tools:/usr/local/bin:/usr/bin:/bin", home.display());
        let envs = [
            ("HOME", home.as_os_str()),
            ("PATH", path.as_ref()),
            ("TZ", "UTC".as_ref()),
            (PAUSES, "25".as_ref()),
        ];
        Self {
            args: words(args),
            envs: envs.map(|(name, value)| (name.into(), value.into())).into(),
            stdin: String::new(),
            status: 0,
            stdout: Expect::Empty,
            stderr: Expect::Empty,
            error: None,
            limit: Duration::from_secs(60),
        }
    }

    /// One more argument, spaces and all.
    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// More arguments, as a shell would split them.
    pub(crate) fn args(mut self, args: &str) -> Self {
        self.args.extend(words(args));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.envs.push((name.into(), value.into()));
        self
    }

    /// With pauses and limits of this percentage of their real length (`src/clock.rs`).
    pub(crate) fn pauses(self, percent: u8) -> Self {
        self.env(PAUSES, percent.to_string())
    }

    /// With all pauses and limits of their real length, and a store that waits for the disk.
    pub(crate) fn in_real_time(self) -> Self {
        self.env(PAUSES, "")
    }

    pub(crate) fn stdin(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stdin);
        self
    }

    /// The expected exit status; 0 by default.
    pub(crate) fn status(mut self, code: i32) -> Self {
        self.status = code;
        self
    }

    pub(crate) fn stdout(mut self, text: &str) -> Self {
        self.stdout = Expect::Exactly(text.to_owned());
        self
    }

    pub(crate) fn stdout_has(mut self, words: &[&str]) -> Self {
        self.stdout = holding(words);
        self
    }

    pub(crate) fn any_stdout(mut self) -> Self {
        self.stdout = Expect::Anything;
        self
    }

    pub(crate) fn stderr_has(mut self, words: &[&str]) -> Self {
        self.stderr = holding(words);
        self
    }

    pub(crate) fn any_stderr(mut self) -> Self {
        self.stderr = Expect::Anything;
        self
    }

    /// The exit status and, on standard error, one line with these words that it must end with.
    pub(crate) fn fails_with(mut self, code: i32, words: &[&str]) -> Self {
        self.error = Some(words.iter().map(|&word| word.to_owned()).collect());
        self.status(code)
    }

    /// The longest it may take; 60 s by default.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Starts it. The caller waits for its end, or kills it.
    pub(crate) fn spawn(self) -> Running {
        let mut child = self
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start aimharder");
        let stdin = child.stdin.take();
        let text = self.stdin.clone();
        // a child that does not read its input must not stop us
        thread::spawn(move || stdin.map(|mut pipe| pipe.write_all(text.as_bytes())));
        Running {
            stdout: RawOutput::of(child.stdout.take()),
            stderr: RawOutput::of(child.stderr.take()),
            child,
            began: Instant::now(),
            run: self,
        }
    }

    /// The bare command, for tests that connect its streams themselves.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aimharder"));
        command.args(&self.args).env_clear();
        command.envs(self.envs.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it and checks all that was expected.
    pub(crate) fn done(self) -> Output {
        self.spawn().done()
    }

    /// Runs it: it must succeed, whatever it prints on standard output.
    pub(crate) fn succeeds(self) -> Output {
        self.any_stdout().done()
    }

    /// Runs it: it must end with this status, whatever it prints.
    pub(crate) fn ends(self, status: i32) -> Output {
        self.status(status).any_stdout().any_stderr().done()
    }

    /// Runs it: it must print these words.
    pub(crate) fn prints(self, words: &[&str]) -> Output {
        self.stdout_has(words).done()
    }

    /// Runs it: it must fail with this status and, on standard error, one line with these words.
    pub(crate) fn fails(self, code: i32, words: &[&str]) -> Output {
        self.fails_with(code, words).done()
    }

    /// Runs it: it must fail with 2 and these words, which may be on several lines.
    pub(crate) fn usage(self, words: &[&str]) -> Output {
        self.status(2).stderr_has(words).done()
    }

    /// Runs it: it must succeed, and print these words on standard error.
    pub(crate) fn warns(self, words: &[&str]) -> Output {
        self.any_stdout().stderr_has(words).done()
    }

    /// The bare command in a shell, after a line such as a limit of `ulimit`.
    pub(crate) fn after(&self, line: &str) -> Command {
        let inner = self.command();
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("{line}; exec \"$0\" \"$@\"")])
            .arg(inner.get_program())
            .args(inner.get_args())
            .env_clear()
            .envs(self.envs.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it and leaves status and streams to the test; they are still searched for passwords, panics and escapes.
    pub(crate) fn unchecked(self) -> Output {
        self.spawn().unchecked()
    }

    /// Runs it with `--json` and returns the one object that it printed. If it fails, the object has an error of the kind of
    /// its exit status, and standard error has the same message.
    pub(crate) fn json(self) -> Value {
        self.arg("--json").any_stdout().spawn().json()
    }

    /// The same of a run that must end with this status and may print more on standard error.
    pub(crate) fn ends_json(self, status: i32) -> Value {
        self.status(status).any_stderr().json()
    }
}

impl Output {
    /// The JSON on standard output.
    pub(crate) fn object(&self) -> Value {
        let object = serde_json::from_str(&self.stdout);
        object.unwrap_or_else(|e| panic!("no JSON ({e}): {self:?}"))
    }
}

/// The words of a command line, which may be quoted as for a shell.
fn words(line: &str) -> Vec<OsString> {
    let words = shlex::split(line).expect("quotes that are closed");
    words.into_iter().map(OsString::from).collect()
}

fn holding(words: &[&str]) -> Expect {
    Expect::Holding(words.iter().map(|&word| word.to_owned()).collect())
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has printed this on standard error.
    pub(crate) fn says(&self, words: &str) {
        wait_for(words, || self.stderr.so_far().contains(words));
    }

    /// `kill -9`, now.
    pub(crate) fn kill(mut self) {
        child::kill(&mut self.child);
    }

    /// Waits for its end and checks it.
    pub(crate) fn done(self) -> Output {
        self.end().0
    }

    /// Waits for its end and leaves status and streams to the test.
    pub(crate) fn unchecked(self) -> Output {
        self.output().0
    }

    /// The one object of a run that was started with `--json`.
    pub(crate) fn json(self) -> Value {
        let (output, run) = self.end();
        let object = output.object();
        assert!(object.is_object(), "not an object: {object}");
        let lines = output.stdout.matches('\n').count();
        assert!(
            lines == 1 && output.stdout.ends_with('\n'),
            "one line: {output:?}"
        );
        let kind = check::kind_of(run.status);
        assert_eq!(object["error"]["kind"].as_str(), kind, "{object}");
        if let Some(message) = object["error"]["message"].as_str() {
            let line = format!("error: {message}\n");
            assert!(output.stderr.ends_with(&line), "{output:?}");
        }
        object
    }

    fn end(self) -> (Output, Run) {
        let (output, run) = self.output();
        run.check(&output);
        (output, run)
    }

    fn output(mut self) -> (Output, Run) {
        let status = child::wait(&mut self.child, self.run.limit);
        let took = self.began.elapsed();
        if status.is_none() {
            child::kill(&mut self.child);
        }
        let output = Output {
            status: status.and_then(|status| status.code()),
            stdout: self.stdout.whole(),
            stderr: self.stderr.whole(),
            took,
        };
        let run = self.run;
        assert!(status.is_some(), "over its limit: {run:?}\n{output:?}");
        for text in [&output.stdout, &output.stderr] {
            let secrets = [ANA_PASSWORD, BEN_PASSWORD, SECRET];
            let shown = secrets.iter().any(|secret| text.contains(secret));
            assert!(!shown, "a secret: {output:?}");
            assert!(!text.contains("panicked"), "a panic: {output:?}");
            assert!(!text.contains('\u{1b}'), "an escape sequence: {output:?}");
        }
        (output, run)
    }
}
