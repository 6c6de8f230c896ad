//! The date format of HTTP headers. Must not look at a clock.

use chrono::NaiveDateTime;

/// `Sat, 21 Nov 2026 03:27:00 GMT` → unix seconds. The name of the day is not checked: servers get it wrong.
pub(super) fn parse(text: &str) -> Option<i64> {
    let (_, rest) = text.split_once(',')?;
    let date = NaiveDateTime::parse_from_str(rest.trim(), "%d %b %Y %H:%M:%S GMT").ok()?;
    Some(date.and_utc().timestamp())
}

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
}
