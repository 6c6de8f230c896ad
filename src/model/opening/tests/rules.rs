//! Rules as people write them.

use crate::model::opening::Rule;

#[test]
fn rules_and_their_canonical_form() {
    for (input, canonical) in [
        ("4d", "4d"),
        (" 4D ", "4d"),
        ("04d", "4d"),
        ("0d@00:00", "0d@00:00"),
        ("0d", "0d"),
        ("366d", "366d"),
        ("4d@7:00", "4d@07:00"),
        ("4d @ 07:00:30", "4d@07:00:30"),
        ("4d@07:00:00", "4d@07:00"),
        ("46h", "46h"),
        ("1H", "1h"),
        ("8784h", "8784h"),
        ("SUN@20:00", "sun@20:00"),
        ("domingo@20:00", "sun@20:00"),
        ("dg@20:00:01", "sun@20:00:01"),
    ] {
        let rule: Rule = input.parse().unwrap();
        assert_eq!(rule.to_string(), canonical, "{input:?}");
        assert_eq!(
            serde_json::to_string(&rule).unwrap(),
            format!("\"{canonical}\"")
        );
        assert_eq!(
            serde_json::from_str::<Rule>(&format!("\"{canonical}\"")).unwrap(),
            rule
        );
    }
}

#[test]
fn no_rules() {
    for (input, wrong) in [
        ("", "\"\" is not an opening rule"),
        ("soon", "\"soon\" is not an opening rule"),
        ("4", "\"4\" has no unit"),
        ("d", "needs a time of day"),
        ("-4d", "is not an opening rule"),
        ("+4d", "is not an opening rule"),
        ("4.5d", "is not an opening rule"),
        ("4 d", "is not an opening rule"),
        ("4w", "is not an opening rule"),
        ("٤d", "is not an opening rule"),
        ("4d?", "\"4d?\" has a question mark"),
        ("367d", "has more than 366 days"),
        ("99999999999d", "has more than 366 days"),
        ("0h", "must have 1 to 8784 hours"),
        ("8785h", "must have 1 to 8784 hours"),
        ("46h@07:00", "has hours and a time of day"),
        ("4d@", "has no time of day after the @"),
        ("4d@24:00", "has no time of day after the @"),
        ("4d@07:00@08:00", "has no time of day after the @"),
        ("sun", "\"sun\" needs a time of day"),
        ("@20:00", "is not an opening rule"),
        ("xyz@20:00", "is not an opening rule"),
    ] {
        let error = input.parse::<Rule>().unwrap_err();
        assert!(error.contains(wrong), "{input:?}: {error}");
        assert!(
            error.ends_with("use 4d, 4d@07:00, 46h or sun@20:00"),
            "{error}"
        );
        assert!(serde_json::from_value::<Rule>(input.into()).is_err());
    }
}
