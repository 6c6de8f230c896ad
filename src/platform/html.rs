//! A web page as a sequence of tokens, without a tree.
//!
//! A page may come from a proxy, a captive portal or an attacker. Reading it takes time in proportion to its length and little
//! memory beyond it, whatever its elements contain and however deeply they are nested.

use std::iter;

use html5gum::{HtmlString, StartTag, State, Token, Tokenizer};

/// The tags and texts of a page in order. The text of a script or a style sheet, which is neither markup nor shown, has the
/// name of its element. All other elements can contain markup: an `iframe` or `noscript` without an end does not hide what
/// follows it.
pub(super) fn tokens(page: &str) -> impl Iterator<Item = (Option<&'static str>, Token)> {
    let mut tokens = Tokenizer::new(page);
    let mut hidden = None;
    iter::from_fn(move || {
        loop {
            let Ok(token) = tokens.next()?;
            match &token {
                Token::StartTag(tag) if is(&tag.name, "script") => {
                    hidden = Some("script");
                    tokens.set_state(State::ScriptData);
                }
                Token::StartTag(tag) if is(&tag.name, "style") => {
                    hidden = Some("style");
                    tokens.set_state(State::RawText);
                }
                Token::StartTag(_) | Token::EndTag(_) => hidden = None,
                Token::String(_) => {}
                _ => continue,
            }
            return Some((hidden, token));
        }
    })
}

/// Whether a name of the page, which is in lower case, is this one.
pub(super) fn is(name: &HtmlString, known: &str) -> bool {
    ***name == *known.as_bytes()
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The value of an attribute; empty for an attribute without a value.
pub(super) fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    let value = tag.attributes.get(name.as_bytes())?;
    Some(text(value))
}

/// The values of an attribute of all elements of one name.
pub(super) fn attributes<'p>(
    page: &'p str,
    element: &'p str,
    name: &'p str,
) -> impl Iterator<Item = String> + 'p {
    tokens(page).filter_map(move |(_, token)| match token {
        Token::StartTag(tag) if is(&tag.name, element) => attribute(&tag, name),
        _ => None,
    })
}

/// The texts of all scripts.
pub(super) fn scripts(page: &str) -> impl Iterator<Item = String> {
    tokens(page).filter_map(|token| match token {
        (Some("script"), Token::String(script)) => Some(text(&script)),
        _ => None,
    })
}

/// The text of all elements with this `id`; that of an element without an end goes to the end of the page.
pub(super) fn text_by_id(page: &str, id: &str) -> String {
    let mut found = String::new();
    let mut open: Option<(HtmlString, usize)> = None;
    for (hidden, token) in tokens(page) {
        match (token, &mut open) {
            (Token::StartTag(tag), None) if attribute(&tag, "id").is_some_and(|it| it == id) => {
                open = Some((tag.name, 1));
            }
            (Token::StartTag(tag), Some((name, depth))) if tag.name == *name => *depth += 1,
            (Token::EndTag(tag), Some((name, depth))) if tag.name == *name => {
                *depth -= 1;
                if *depth == 0 {
                    open = None;
                    found.push(' ');
                }
            }
            (Token::String(part), Some(_)) if hidden.is_none() => found.push_str(&text(&part)),
            _ => {}
        }
    }
    found.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `<name` of a start tag, `/name` of an end tag, or the text.
    fn words(page: &str) -> Vec<String> {
        let word = |(_, token)| match token {
            Token::StartTag(tag) => format!("<{}", text(&tag.name)),
            Token::EndTag(tag) => format!("/{}", text(&tag.name)),
            Token::String(part) => text(&part),
            other => panic!("{other:?}"),
        };
        tokens(page).map(word).collect()
    }

    #[test]
    fn pages_are_split_into_tags_and_text() {
        let table: [(&str, &[&str]); 15] = [
            ("", &[]),
            ("a<b>c</b >d", &["a", "<b", "c", "/b", "d"]),
            ("<!DOCTYPE html><?x?><p/>", &["<p"]),
            ("<!-- <a> -->x<!-- <b>", &["x"]),
            ("1 < 2 <3", &["1 < 2 <3"]),
            (
                "<script>if (a<b) '</p>'</SCRIPT>x",
                &["<script", "if (a<b) '</p>'", "/script", "x"],
            ),
            (
                "<script></script><style>a{}",
                &["<script", "/script", "<style", "a{}"],
            ),
            ("<script>a</scripted>", &["<script", "a</scripted>"]),
            ("<style>a<b", &["<style", "a<b"]),
            ("<iframe src=/x><p>a", &["<iframe", "<p", "a"]),
            (
                "<noscript><img></noscript><p>",
                &["<noscript", "<img", "/noscript", "<p"],
            ),
            ("<a title='>'>x", &["<a", "x"]),
            ("<a title = \">\" b>x", &["<a", "x"]),
            ("<a it's>x", &["<a", "x"]),
            ("x<a href='", &["x"]),
        ];
        for (page, expected) in table {
            assert_eq!(words(page), expected, "{page}");
        }
    }

    #[test]
    fn attributes_are_read_in_every_spelling() {
        let table = [
            ("<a href=\"x y\">", Some("x y")),
            ("<A HREF='a&amp;b'>", Some("a&b")),
            ("<a href=x/y>", Some("x/y")),
            ("<a b c=d href = x>", Some("x")),
            ("<a/href=x>", Some("x")),
            ("<a data-href=y href=x href=z>", Some("x")),
            ("<a href>", Some("")),
            ("<a title='href=x'>", None),
            ("<a title=\"", None),
            ("<a =href=x>", None),
            ("<a>", None),
            ("<b href=x>", None),
        ];
        for (page, expected) in table {
            let found = attributes(page, "a", "href").next();
            assert_eq!(found.as_deref(), expected, "{page}");
        }
    }

    #[test]
    fn the_text_of_an_element_has_that_of_its_children() {
        let table = [
            ("<p id=x>a &amp; <b>b</b><p>c</p></p>d", "a & bc"),
            ("<P ID='x'>a</p><i>no</i><p id=\"x\"> b", "a  b"),
            ("<p id=x><script>code()</script> </p>", ""),
            ("<p id=x><style>a{}</style> </p>", ""),
            ("<p id=x><iframe src='a'><b>x</iframe>", "x"),
            ("<iframe><noscript><p id=x>a", "a"),
            ("<p id=x>&nbsp;</p>", ""),
            ("<p id=y>a</p>", ""),
        ];
        for (page, expected) in table {
            assert_eq!(text_by_id(page, "x"), expected, "{page}");
        }
    }
    /// The number of tokens of a page, and the bytes of all their names, values and texts.
    fn size(page: &str) -> (usize, usize) {
        let bytes = |token| match token {
            Token::StartTag(tag) => {
                let values = tag.attributes.iter();
                tag.name.len()
                    + values
                        .map(|(key, value)| key.len() + value.len())
                        .sum::<usize>()
            }
            Token::EndTag(tag) => tag.name.len(),
            Token::String(text) => text.len(),
            other => panic!("{other:?}"),
        };
        let sizes = tokens(page).map(|(_, token)| (1, bytes(token)));
        sizes.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    #[test]
    fn a_page_costs_in_proportion_to_its_length() {
        let parts = [
            "<div id=x>",
            "<p id=x><b><i><u><a><font>",
            "<iframe id=x>",
            "<noscript><textarea id=x>",
            "<script id=x>",
            "<style><",
            "</p>",
            "text ",
            "&amp;&",
            "<",
            "<!--",
            "<![CDATA[",
            "<!DOCTYPE x",
            "<a x='",
            "<a x=\"y\" ",
            "</script",
        ];
        for part in parts {
            for start in [
                "",
                "<span id=x>",
                "<script>",
                "<style>",
                "<!-- ",
                "<a href='",
                "<a ",
            ] {
                let page = |count: usize| format!("{start}{}", part.repeat(count));
                let (once, twice) = (page(500), page(1000));
                let (count, bytes) = size(&twice);
                assert!(count <= 2 * size(&once).0.max(1), "{start} {part}");
                assert!(bytes <= twice.len(), "{start} {part}");
                assert!(
                    text_by_id(&twice, "x").len() <= twice.len(),
                    "{start} {part}"
                );
            }
        }
    }
}
