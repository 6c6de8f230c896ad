//! A web page as a sequence of tokens, without a tree.
//!
//! A page may come from a proxy, a captive portal or an attacker. Reading it takes time in proportion to its length and little
//! memory beyond it, whatever its elements contain and however deeply they are nested.

use html5gum::{DefaultEmitter, HtmlString, StartTag, Token, Tokenizer};

/// Elements whose text is neither markup nor shown.
const HIDDEN: [&str; 7] = [
    "iframe", "noembed", "noframe", "noscript", "script", "style", "xmp",
];

/// The tags and texts of a page in order. A text inside one of the [`HIDDEN`] elements has its name.
pub(super) fn tokens(page: &str) -> impl Iterator<Item = (Option<&'static str>, Token)> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let tokens = Tokenizer::new_with_emitter(page, emitter).flatten();
    let mut hidden = None;
    tokens.filter_map(move |token| {
        match &token {
            Token::StartTag(tag) => hidden = HIDDEN.into_iter().find(|name| is(&tag.name, name)),
            Token::EndTag(_) => hidden = None,
            Token::String(_) => {}
            _ => return None,
        }
        Some((hidden, token))
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
        let table: [(&str, &[&str]); 12] = [
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
            ("<p id=x><iframe src='a'><b>x</iframe>", ""),
            ("<p id=x>&nbsp;</p>", ""),
            ("<p id=y>a</p>", ""),
        ];
        for (page, expected) in table {
            assert_eq!(text_by_id(page, "x"), expected, "{page}");
        }
    }
}
