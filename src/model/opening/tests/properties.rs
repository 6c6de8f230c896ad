//! What holds for every input.

use super::{date, rule};
use crate::model::opening::{Opening, Rule, is_too_early_text, learn};
use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Tz;
use proptest::prelude::*;

fn any_rule() -> impl Strategy<Value = Rule> {
    let at =
        (0u32..86_400).prop_map(|s| NaiveTime::from_num_seconds_from_midnight_opt(s, 0).unwrap());
    prop_oneof![
        (0u16..=366, proptest::option::of(at.clone()))
            .prop_map(|(days, at)| Rule::Days { days, at }),
        (1u16..=8784).prop_map(Rule::Hours),
        (0u8..7, at).prop_map(|(day, at)| Rule::Weekly {
            day: chrono::Weekday::try_from(day).unwrap(),
            at
        }),
    ]
}

proptest! {
    #[test]
    fn rules_come_back(rule in any_rule()) {
        prop_assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule));
    }

    #[test]
    fn what_was_learned_comes_back(days in 0u16..=366, hours in 1u16..=8784) {
        let (days_before, hours_before) = (rule(&format!("{days}d")), rule(&format!("{hours}h")));
        let learned = [days_before, hours_before].map(Opening::learned);
        for learned in learned {
            prop_assert_eq!(Opening::from_learned_text(&learned.to_string()), Ok(learned));
        }
        let spanish = format!("No puedes reservar clases con más de {days} días de antelación");
        prop_assert_eq!(learn(None, Some(&spanish)), Some(learned[0]));
        let english = format!("You can't book more than {hours} hours in advance");
        prop_assert_eq!(learn(None, Some(&english)), Some(learned[1]));
    }

    #[test]
    fn never_panics(text in "(?s).{0,60}|[0-9dh@:? ]{0,12}|(más de |[0-9]{0,6} ?|dias |horas |antelacion|[.,-]){0,8}") {
        let _ = (text.parse::<Rule>(), Opening::from_learned_text(&text), is_too_early_text(&text));
        let _ = (learn(None, Some(&text)), learn(Some("ERROR_ANTELACION_CLIENTE"), Some(&text)));
    }

    #[test]
    fn tries_go_forward(day in 0u64..36_000, second in 0u32..86_400, ahead in 0i64..20_000_000, days in 0u16..=366) {
        let day = date("2001-06-01") + chrono::Days::new(day);
        let start = NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap();
        let guess = Opening::learned(rule(&format!("{days}d")));
        let first = guess.first_try(day, start, Tz::Europe__Madrid);
        prop_assert!(first <= guess.opens_at(day, start, Tz::Europe__Madrid));
        let now = first.to_utc() - TimeDelta::hours(1) + TimeDelta::milliseconds(ahead);
        let next = guess.next_half_hour_try(now, day, start, Tz::Europe__Madrid).unwrap();
        prop_assert!(next > now && (next >= first) && (next - now.with_timezone(&next.timezone()) <= TimeDelta::hours(1)));
    }
}
