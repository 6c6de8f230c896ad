//! The rule that a booking suggests in place of a guess.

use chrono_tz::Europe::Madrid;

use super::{date, rows, rule, time, utc};
use crate::model::opening::{Opening, Source};

/// A class of Monday 18 January 2027 at 23:00 whose opening is guessed to be 23:00 of the 14th.
fn suggested(guess: Opening, at: &str, refused: Option<&str>) -> Option<String> {
    let (day, start) = (date("2027-01-18"), time("23:00"));
    let (at, refused) = (utc(at).with_timezone(&Madrid), refused.map(utc));
    guess.suggestion("boxdos", "Open Box", day, start, at, refused)
}

/// When the class was booked, when booking was last too early, and the suggested rule: `?` if its hour is unknown.
const BOOKINGS: &str = "
# refused at 06:46, booked at 07:01
2027-01-14T06:01:00Z 2027-01-14T05:46:00Z 4d@07:00
2027-01-14T06:00:00Z 2027-01-14T05:30:02Z 4d@07:00
2027-01-14T06:44:00Z 2027-01-14T05:59:59Z 4d@07:30
# its day begins
2027-01-13T23:00:00Z -                    4d@00:00
2027-01-13T23:00:01Z -                    4d@00:00
# no refusal, one long ago, and one after the half hour
2027-01-14T06:01:00Z -                    ?
2027-01-14T06:01:00Z 2027-01-13T23:00:00Z ?
2027-01-14T06:20:00Z 2027-01-14T06:05:00Z ?
2027-01-14T06:20:00Z 2027-01-14T06:00:00Z ?
# before its day, at the guess, and after it without having asked
2027-01-13T22:59:00Z -                    -
2027-01-14T22:00:00Z 2027-01-14T21:31:00Z -
2027-01-14T22:16:00Z 2027-01-14T21:46:00Z -
2027-01-15T06:01:00Z 2027-01-14T22:00:01Z -
# later than guessed
2027-01-14T22:31:00Z 2027-01-14T22:16:00Z 4d@23:30
";

#[test]
fn the_half_hour_after_a_refusal() {
    let guess = Opening::learned(rule("4d"));
    for [at, refused, rule] in rows(BOOKINGS) {
        let refused = Some(refused).filter(|at| *at != "-");
        let end = match rule {
            "-" => None,
            "?" => Some(", 4 days before the class; the hour of the opening is unknown, so runs try every half hour of that day \
                         until a rule is set: see `aimharder boxes set --help`".to_owned()),
            rule => Some(format!(": `aimharder boxes set boxdos --opens {rule} --class 'Open Box'`")),
        };
        let suggested = suggested(guess, at, refused);
        let is_expected = match (&suggested, &end) {
            (Some(suggested), Some(end)) => suggested.ends_with(end),
            (suggested, end) => suggested.is_none() && end.is_none(),
        };
        assert!(is_expected, "{at} {refused:?}: {suggested:?}");
    }
}

#[test]
fn a_rule_is_no_guess() {
    let given = Opening::given(rule("4d"), Source::Set);
    assert_eq!(
        suggested(given, "2027-01-14T06:01:00Z", Some("2027-01-14T05:46:00Z")),
        None
    );
}
