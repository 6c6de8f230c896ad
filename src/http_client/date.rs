//! The date format of HTTP headers.

use chrono::NaiveDateTime;

/// Parses `Sat, 21 Nov 2026 03:27:00 GMT` to Unix seconds. The name of the day is not checked: servers get it wrong.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (_, rest) = text.split_once(',')?;
    let date = NaiveDateTime::parse_from_str(rest.trim(), "%d %b %Y %H:%M:%S GMT").ok()?;
    Some(date.and_utc().timestamp())
}

/// The `Date` of an answer. Years outside 2020–2100 are a wrong clock's, and are `None`.
pub(crate) fn parse_plausible(text: &str) -> Option<i64> {
    parse(text).filter(|date| PLAUSIBLE.contains(date))
}

/// From 2020-01-01 to 2100-12-31.
const PLAUSIBLE: std::ops::Range<i64> = 1_577_836_800..4_133_980_800;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_http_dates_only() {
        assert_eq!(parse("Thu, 01 Jan 1970 00:01:00 GMT"), Some(60));
        assert_eq!(parse("Wed, 01 Jan 2027 00:00:00 GMT"), Some(1_798_761_600));
        for bad in [
            "",
            "now",
            "3",
            "Thu, 32 Jan 2026 00:00:00 GMT",
            "Thu, 01 Jan 2026",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn wrong_years_are_no_date() {
        for (text, is_date) in [
            ("Tue, 31 Dec 2019 23:59:59 GMT", false),
            ("Wed, 01 Jan 2020 00:00:00 GMT", true),
            ("Fri, 31 Dec 2100 23:59:59 GMT", true),
            ("Sat, 01 Jan 2101 00:00:00 GMT", false),
            ("Thu, 31 Dec +262142 23:59:59 GMT", false),
            ("Thu, 01 Jan -262143 00:00:00 GMT", false),
        ] {
            assert_eq!(parse_plausible(text).is_some(), is_date, "{text}");
        }
    }
}
