//! A text that must not be seen: passwords, tokens, cookies (promise 8).
//!
//! Wiped when dropped, without `Display`, and its `Debug` says nothing: who wants the content must call [`Secret::expose`],
//! and that word is easy to search for. Must not grow conversions that hide the exposure.

use std::fmt;

use zeroize::Zeroize;

/// A secret text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over. A `String` is moved, not copied.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for the one place that sends or stores it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_says_nothing_and_expose_says_all() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            format!("{secret:?} {:?}", Some(secret.clone())),
            "Secret(…) Some(Secret(…))"
        );
        assert_eq!(secret.expose(), "hunter2");
        assert!(!secret.is_empty() && Secret::new("").is_empty());
    }
}
