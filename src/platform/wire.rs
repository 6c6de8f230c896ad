//! The JSON of the platform with its own names. Reading never fails because of a missing field or a field of another type
//! (protocol.md).

use serde::Deserialize;
use serde_json::Value;

use super::Error;
use super::lenient::Loose;

/// A row of `bookings` (protocol.md §5).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WireRow {
    pub(super) id: Loose,
    pub(super) time: Loose,
    pub(super) class_name: Loose,
    pub(super) class_length: Loose,
    pub(super) coach_name: Loose,
    pub(super) enabled: Loose,
    pub(super) hidden: Loose,
    pub(super) resadmin: Loose,
    pub(super) cancelled_id: Loose,
    pub(super) book_state: Loose,
    pub(super) idres: Loose,
    pub(super) limit: Loose,
    pub(super) limitc: Loose,
    pub(super) ocupation: Loose,
    pub(super) waitlist: Loose,
}

impl WireRow {
    /// Reads a row; one that is no object is empty.
    pub(super) fn read(value: &Value) -> WireRow {
        WireRow::deserialize(value).unwrap_or_default()
    }
}

/// An element of `nextClasses` or `history` (protocol.md §5).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WireNext {
    pub(super) day: Loose,
    pub(super) time: Loose,
    pub(super) class_name: Loose,
    pub(super) book_state: Loose,
    pub(super) assist: Loose,
    pub(super) late_cancel: Loose,
}

impl WireNext {
    pub(super) fn read(value: &Value) -> WireNext {
        WireNext::deserialize(value).unwrap_or_default()
    }
}

/// The response of `book` or `cancelBook` (protocol.md §6, §7).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WireVerdict {
    pub(super) book_state: Loose,
    pub(super) cancel_state: Loose,
    pub(super) id: Loose,
    pub(super) error_mssg: Loose,
    pub(super) error_msg: Loose,
    pub(super) error: Loose,
    pub(super) message: Loose,
    pub(super) error_mssg_lang: Loose,
}

impl WireVerdict {
    pub(super) fn read(value: &Value) -> WireVerdict {
        WireVerdict::deserialize(value).unwrap_or_default()
    }

    /// The fields that may hold a text or a key, in the order of their value. `error` may be an object.
    pub(super) fn texts(&self) -> [Option<String>; 6] {
        [
            self.error_mssg_lang.raw(),
            self.error_mssg.raw(),
            self.error_msg.raw(),
            self.error.get("message").raw(),
            self.error.raw(),
            self.message.raw(),
        ]
    }

    /// An `error` object with a 5xx code: the server failed, which is not a refusal (protocol.md §6).
    ///
    /// # Errors
    /// [`Error::Busy`] with that code.
    pub(super) fn served(self) -> Result<WireVerdict, Error> {
        let code = self.error.get("code").int();
        match code.and_then(|code| u16::try_from(code).ok()) {
            Some(status @ 500..600) => Err(Error::Busy {
                status,
                retry_after: None,
            }),
            _ => Ok(self),
        }
    }

    /// Whether `error` is a flag or an object: a failure without a text.
    pub(super) fn is_wrong(&self) -> bool {
        self.error.yes() || self.error.0.as_object().is_some_and(|o| !o.is_empty())
    }
}

/// A `roles` entry of the login or `whoami` (protocol.md §2a, §4).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireRole {
    pub(super) boid: Loose,
    pub(super) gym: Loose,
    pub(super) centre_url: Loose,
}

impl WireRole {
    pub(super) fn read(value: &Value) -> WireRole {
        WireRole::deserialize(value).unwrap_or_default()
    }
}
