//! Box names: one DNS label each (protocol.md §1), checked before a name becomes part of a host.

/// Whether `name` is a box name: `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`.
pub fn is_label(name: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|&b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|&b| b == b'-' || edge(Some(&b)))
}

#[cfg(test)]
mod tests {
    use super::is_label;
    use proptest::prelude::*;

    #[test]
    fn box_names() {
        let longest = "a".repeat(63);
        let longer = "a".repeat(64);
        for (name, expected) in [
            ("crossfitdemo", true),
            ("a", true),
            ("7", true),
            ("a-b--c", true),
            (longest.as_str(), true),
            (longer.as_str(), false),
            ("", false),
            ("-a", false),
            ("a-", false),
            ("-", false),
            ("CrossFit", false),
            ("a.b", false),
            ("a_b", false),
            ("a b", false),
            ("a/b", false),
            ("caña", false),
            ("evil.example.org#", false),
        ] {
            assert_eq!(is_label(name), expected, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn every_label_is_safe_in_a_host(name in "\\PC{0,70}") {
            if is_label(&name) {
                prop_assert!(name.len() <= 63 && !name.contains(['.', '/', '@', ':', '#', '?', ' ']));
            }
        }

        #[test]
        fn the_documented_pattern_is_accepted(name in "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?") {
            prop_assert!(is_label(&name));
        }
    }
}
