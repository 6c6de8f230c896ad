//! One value of the platform's JSON, of any type: a number may be a string, a flag `1`, `"1"` or `true`, and a missing value
//! `null`, absent, `""` or `false` (protocol.md §5, §8). Reading never fails: an unreadable value is `None`.

use serde_json::Value;

use crate::text;

/// A value of any type. An absent one equals `null`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loose<'v>(pub(super) &'v Value);

static NULL: Value = Value::Null;

impl<'v> Loose<'v> {
    /// Whether it is `null`, absent, or an empty string.
    pub(super) fn is_nothing(self) -> bool {
        match self.0 {
            Value::Null => true,
            Value::String(s) => s.trim().is_empty(),
            _ => false,
        }
    }

    /// A whole number: `12`, `12.0`, `"12"`, `" -1 "`, `true`.
    pub(super) fn int(self) -> Option<i64> {
        match self.0 {
            Value::Number(n) => n.as_i64().or_else(|| whole(n.as_f64()?)),
            Value::String(s) => s.trim().parse().ok(),
            Value::Bool(b) => Some(i64::from(*b)),
            _ => None,
        }
    }

    /// A number of people or places; `None` for a negative one.
    pub(super) fn count(self) -> Option<u32> {
        self.int().and_then(|n| u32::try_from(n).ok())
    }

    /// A flag: `1`, `"1"`, `true` and `"true"` are set; a missing one is not.
    pub(super) fn yes(self) -> bool {
        self.int().is_some_and(|n| n != 0)
            || self
                .0
                .as_str()
                .is_some_and(|s| s.trim().eq_ignore_ascii_case("true"))
    }

    /// Whether the `error` of a response reports one: a text, an object, or a flag.
    pub(super) fn is_error(self) -> bool {
        self.yes()
            || self
                .raw()
                .is_some_and(|text| !matches!(&*text, "0" | "false"))
            || self.0.as_object().is_some_and(|object| !object.is_empty())
    }

    /// A text or a number, unchanged except for surrounding spaces: for keys, hosts and times. Empty is `None`.
    pub(super) fn raw(self) -> Option<String> {
        match self.0 {
            Value::String(s) if !s.trim().is_empty() => Some(s.trim().to_owned()),
            Value::Number(n) => Some(n.to_string()),
            _ => None,
        }
    }

    /// A text for users, cleaned. Empty is `None`.
    pub(super) fn words(self) -> Option<String> {
        self.raw()
            .map(|s| text::clean(&s))
            .filter(|s| !s.is_empty())
    }

    /// An id of letters, digits, `-` and `_`, because it is sent in requests and printed. `0` is `None`.
    pub(super) fn id(self) -> Option<String> {
        let plain = |s: &String| {
            s.len() <= 40
                && s.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        self.raw().filter(plain).filter(|s| s != "0")
    }

    /// A member of an object.
    pub(super) fn get(self, key: &str) -> Loose<'v> {
        Loose(self.0.get(key).unwrap_or(&NULL))
    }

    /// The elements of a list; anything else has none.
    pub(super) fn items(self) -> impl ExactSizeIterator<Item = Loose<'v>> {
        let items = self.0.as_array().map_or(&[][..], Vec::as_slice);
        items.iter().map(Loose)
    }
}

// `as` truncates a float, so the result is compared with it
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::float_cmp
)]
fn whole(f: f64) -> Option<i64> {
    (f.abs() < 9.0e15 && f.trunc() == f).then_some(f as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_read_in_every_form() {
        let table = [
            (json!(12), Some(12)),
            (json!("12"), Some(12)),
            (json!(" -1 "), Some(-1)),
            (json!(12.0), Some(12)),
            (json!(true), Some(1)),
            (json!(12.5), None),
            (json!("x"), None),
            (json!(null), None),
            (json!([1]), None),
            (json!(1e300), None),
            (json!(u64::MAX), None),
            (json!(9.0e15), None),
        ];
        for (value, number) in table {
            assert_eq!(Loose(&value).int(), number, "{value}");
        }
    }

    #[test]
    fn flags_are_read_in_every_form() {
        for yes in [
            json!(1),
            json!("1"),
            json!(true),
            json!("true"),
            json!("True"),
        ] {
            assert!(Loose(&yes).yes(), "{yes}");
        }
        for no in [
            json!(0),
            json!("0"),
            json!(false),
            json!("false"),
            json!(null),
            json!(""),
            json!({}),
            json!([]),
        ] {
            assert!(!Loose(&no).yes(), "{no}");
        }
    }

    #[test]
    fn ids_are_plain() {
        assert_eq!(Loose(&json!(1_223_249)).id().as_deref(), Some("1223249"));
        assert_eq!(Loose(&json!("55501")).id().as_deref(), Some("55501"));
        let longest = "1".repeat(40);
        let id = Loose(&json!(longest)).id();
        assert_eq!(id, Some(longest));
        for bad in [
            json!(0),
            json!("0"),
            json!(""),
            json!(null),
            json!("1\u{1b}[2J"),
            json!("a&b=c"),
            json!("é"),
        ] {
            assert_eq!(Loose(&bad).id(), None, "{bad}");
        }
    }
}
