//! Cleaning, comparison and quoting of texts, by tables and properties.

use super::{clean, fit, fold, quote, shell_word, similar};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

#[test]
fn similar_names() {
    let names = ["wod", "book", "bookings", "crossfitdemo"];
    for (word, expected) in [
        ("wdo", Some("wod")),
        ("boo", Some("book")),
        ("boook", Some("book")),
        ("crossfitdmo", Some("crossfitdemo")),
        ("cat", None),
        ("", None),
    ] {
        assert_eq!(similar(word, names), expected, "{word}");
    }
}

#[test]
fn cleaned_texts() {
    for (raw, expected) in [
        ("", ""),
        (
            "  No puedes\n reservar\t clases ",
            "No puedes reservar clases",
        ),
        ("<b>Clase</b> llena", "Clase llena"),
        ("WO<i>D</i>", "WOD"),
        (
            "Lleno<STYLE>p{color:red}</style >hoy<script src=x>alert('ñ<b>')</SCRIPT>!",
            "Lleno hoy !",
        ),
        ("Lleno <script>alert(1)", "Lleno"),
        ("<scripted>Lleno", "Lleno"),
        (
            "una<br/>dos<BR>tres<p class='x'>cuatro</p>",
            "una dos tres cuatro",
        ),
        ("5 < 6 y 7 > 3", "5 < 6 y 7 > 3"),
        ("Open <3 WOD>", "Open <3 WOD>"),
        ("a <!-- nada --> b<?php x ?>", "a b"),
        ("<<b>script>alert(1)<</b>/script>", "alert(1)"),
        ("<b < > x", "x"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "alert(1)"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("&l<b></b>t;i&gt;x", "x"),
        ("<\u{0}script>x", "x"),
        ("<\u{200b}script>x", "x"),
        ("d&#39;antelaci&oacute;", "d'antelació"),
        ("d&#8217;antelaci&#xf3;", "d’antelació"),
        ("d&#146;antelaci&#XF3;", "d’antelació"),
        (
            "&iexcl;Ma&ntilde;ana!&nbsp;&nbsp;10&euro; 1&ordf; col&middot;legi",
            "¡Mañana! 10€ 1ª col·legi",
        ),
        (
            "Tom & Jerry & &unknown; &; &#; &#x; &#99999999; &#xd800;",
            "Tom & Jerry & &unknown; &; &#; &#x; \u{fffd} \u{fffd}",
        ),
        ("&#+65; &amp", "&#+65; &amp"),
        ("&#27;[31mred\u{9b}1m\u{1b}]0;title\u{7}", "red"),
        // browsers read it as Windows-1252
        ("&#x9b;1m", "›1m"),
        ("a?b=1&region=2&copy=3", "a?b=1&region=2&copy=3"),
        ("\u{1b}[1;38;5;196mWOD\u{1b}[0m", "WOD"),
        ("\u{9b}2JWOD\u{9d}0;x\u{9c}!", "WOD!"),
        (
            "\u{1b}]8;;http://a.test\u{1b}\\WOD\u{1b}]8;;\u{1b}\\",
            "WOD",
        ),
        ("\u{1b}P1$r0m\u{1b}\\a\u{1b}_x\u{7}b\u{1b}(0c", "abc"),
        ("a\u{1b}]0;no end\nb\u{1b}]2;c", "a b"),
        ("\u{1b}Pilates \u{1b}ñ \u{1b}\u{1b}[31mx", "Pilates ñ x"),
        ("\u{1b}[31ñ \u{1b}[", "ñ"),
        (
            "a\u{202e}b\u{2066}c\u{feff}d\u{200f}e\u{2028}f\u{7f}g\u{85}h\u{ad}i",
            "abcdefghi",
        ),
        ("\u{a0}a\u{3000}b\r\n", "a b"),
        ("<", "<"),
        ("a <b", "a <b"),
    ] {
        assert_eq!(clean(raw), expected, "{raw:?}");
    }
}

#[test]
fn a_long_text_is_cut() {
    assert_eq!(clean(&"ñ".repeat(500)), "ñ".repeat(500));
    assert_eq!(clean(&"ñ".repeat(501)), format!("{}…", "ñ".repeat(499)));
    let cut = clean(&"a ".repeat(10_000));
    assert!(cut.ends_with("a…") && cut.chars().count() <= 500, "{cut}");
}

#[test]
fn nested_tags_take_linear_time() {
    let hostile = format!("{}{}", "<a".repeat(100_000), ">".repeat(200_000));
    assert_eq!(clean(&hostile), format!("{}…", ">".repeat(499)));
}

#[test]
fn sequences_without_end_take_linear_time() {
    let hostile = "\u{1b}Pa\u{1b}]b\n".repeat(100_000);
    assert!(clean(&hostile).starts_with("Pa Pa"));
}

#[test]
fn folded_names() {
    for (raw, expected) in [
        ("  Halterofília   NIÑOS ", "halterofilia ninos"),
        ("d’antelació", "d'antelacio"),
        ("d´antelacio\u{301}", "d'antelacio"),
        ("D`ANTELACIÓ", "d'antelacio"),
        ("ＷＯＤ ①", "wod 1"),
        ("Col·legi", "col·legi"),
        ("İstanbul", "istanbul"),
        ("", ""),
    ] {
        assert_eq!(fold(raw), expected, "{raw:?}");
    }
}

#[test]
fn texts_are_cut_to_columns() {
    for (s, width, fitted) in [
        ("WOD", 5, "WOD"),
        ("WOD", 3, "WOD"),
        ("WOD", 2, "W…"),
        ("WOD", 1, "…"),
        ("WOD", 0, ""),
        ("Ñandú", 4, "Ñan…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("日本語", 8, "日本語"),
    ] {
        assert_eq!(fit(s, width), fitted, "{s:?} {width}");
    }
}

#[test]
fn quotes() {
    assert_eq!(quote("mañana"), "\"mañana\"");
    assert_eq!(quote("a\nb\u{1b}\u{202e}"), "\"a\\nb\\u{1b}\\u{202e}\"");
    assert_eq!(quote(&"x".repeat(99)), format!("\"{}…\"", "x".repeat(59)));
}

#[test]
fn words_of_a_shell() {
    for (s, word) in [
        ("wod", "wod"),
        ("ana+gym@example.org", "ana+gym@example.org"),
        ("/srv/gym.db", "/srv/gym.db"),
        ("Gimnàstica", "Gimnàstica"),
        ("Open Box", "'Open Box'"),
        ("d'hivern", r"'d'\''hivern'"),
        ("$(reboot)", "'$(reboot)'"),
        ("a!", "'a!'"),
        ("~", "'~'"),
        ("", "''"),
    ] {
        assert_eq!(shell_word(s), word);
    }
}

fn holds_a_tag(s: &str) -> bool {
    s.match_indices('<').any(|(at, _)| {
        let tail = &s[at + 1..];
        tail.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
            && tail.contains('>')
    })
}

proptest! {
    #[test]
    fn cleaned_text_is_safe(raw in "(?s).{0,200}|[<>a/!&;# ltgx06\n\u{1b}\u{200b}]{0,200}") {
        let text = clean(&raw);
        prop_assert!(!text.chars().any(char::is_control));
        let invisible = text.contains(['\u{202e}', '\u{2066}', '\u{feff}', '\u{200b}', '\u{2028}']);
        prop_assert!(!invisible);
        prop_assert!(!holds_a_tag(&text), "{:?}", text);
        prop_assert!(!text.contains("  ") && text.trim() == text && text.chars().count() <= 500);
    }

    #[test]
    fn a_control_sequence_leaves_nothing(inner in "[0-?]{0,8}", end in "[@-~]") {
        prop_assert_eq!(clean(&format!("a\u{1b}[{inner}{end}b")), "ab");
        prop_assert_eq!(clean(&format!("a&#27;[{inner}{end}b")), "ab");
    }

    #[test]
    fn folding_twice_changes_nothing(raw in "(?s).{0,60}") {
        let once = fold(&raw);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn upper_case_folds_alike(raw in "[a-zñçáéíóúàèòïü ']{0,40}") {
        prop_assert_eq!(fold(&raw.to_uppercase()), fold(&raw));
    }

    #[test]
    fn a_fitted_text_fits(raw in "(?s).{0,60}", width in 0usize..30) {
        prop_assert!(fit(&raw, width).width() <= width);
    }
}
