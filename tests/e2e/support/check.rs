//! Compares the output of a run with what is expected.

use super::run::{Output, Run};

/// The expected content of a stream.
#[derive(Clone, Debug, Default)]
pub(super) enum Expect {
    #[default]
    Empty,
    Exactly(String),
    Holding(Vec<String>),
    Anything,
}

impl Run {
    /// Checks exit status and output.
    pub(super) fn check(&self, output: &Output) {
        assert_eq!(
            output.status,
            Some(self.status),
            "exit status of {self:?}\n{output:?}"
        );
        self.check_stream("stdout", &self.stdout, &output.stdout);
        match &self.error {
            Some(words) => self.check_error(words, &output.stderr),
            None => self.check_stream("stderr", &self.stderr, &output.stderr),
        }
    }

    fn check_error(&self, words: &[String], stderr: &str) {
        let line = stderr.strip_prefix("error: ").unwrap_or_default();
        let one = line.matches('\n').count() == 1 && line.ends_with('\n');
        assert!(one, "one error line: {self:?}\n{stderr:?}");
        self.check_stream("stderr", &Expect::Holding(words.to_owned()), stderr);
    }

    fn check_stream(&self, name: &str, expected: &Expect, found: &str) {
        match expected {
            Expect::Empty => assert_eq!(found, "", "{name} of {self:?}"),
            Expect::Exactly(text) => assert_eq!(found, text, "{name} of {self:?}"),
            Expect::Holding(words) => {
                for word in words {
                    assert!(
                        found.contains(word),
                        "{name} without {word:?}: {found}\n{self:?}"
                    );
                }
            }
            Expect::Anything => {}
        }
    }
}

/// The kinds of exit codes as in `scripting.md`, independent of the product's table on purpose.
pub(crate) fn kind_of(status: i32) -> Option<&'static str> {
    Some(match status {
        1 => "internal",
        2 => "usage",
        3 => "login_required",
        4 => "refused",
        5 => "unreachable",
        6 => "not_found",
        7 => "partial",
        8 => "unknown_outcome",
        9 => "too_early",
        129..=131 | 143 => "interrupted",
        _ => return None,
    })
}
