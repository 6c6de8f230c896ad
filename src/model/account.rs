//! The e-mail address of an account. It has one spelling everywhere, trimmed and in lower case
//! (`scripting.md`, "Everywhere"), whether it is stored, shown or sent.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An account's e-mail address, trimmed and lower-cased.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Account(String);

impl Account {
    /// The address as it is stored, shown and sent: trimmed, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An address from the store, which contains only checked ones.
    pub(crate) fn stored(address: String) -> Self {
        Self(address)
    }
}

impl FromStr for Account {
    type Err = String;

    /// # Errors
    /// A text that cannot be an address. The check is deliberately loose (`something@something`): the platform decides
    /// what is a real address. The error does not quote the text, because people type passwords where addresses belong.
    fn from_str(raw: &str) -> Result<Self, String> {
        let address = raw.trim().to_lowercase();
        let shaped = address.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@')
        });
        let plain = !address.chars().any(|c| c.is_whitespace() || c.is_control());
        if shaped && plain && address.len() <= 254 {
            Ok(Self(address))
        } else {
            Err("that is not a valid e-mail address, for example ana@example.org".to_owned())
        }
    }
}

impl TryFrom<String> for Account {
    type Error = String;

    fn try_from(raw: String) -> Result<Self, String> {
        raw.parse()
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        let account: Account = "  Ana@Example.ORG ".parse().unwrap();
        assert_eq!(account.as_str(), "ana@example.org");
    }

    #[test]
    fn invalid_addresses() {
        for bad in [
            "",
            "ana",
            "@example.org",
            "ana@",
            "a b@example.org",
            "a@b@c",
            "a\u{7}@b",
        ] {
            let why = bad.parse::<Account>().unwrap_err();
            assert_eq!(
                why, "that is not a valid e-mail address, for example ana@example.org",
                "{bad:?}"
            );
        }
    }
}
