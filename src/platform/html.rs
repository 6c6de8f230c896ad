//! A linear scan of a web page into tags and text, without a tree.
//!
//! A page may come from a proxy, a captive portal or an attacker, so reading it takes time in proportion to its length and
//! no memory beyond it, whatever its elements contain and however deeply they are nested. What does not end (a comment, a
//! quoted value, a script) extends to the end of the page, as in a browser.

use crate::text;

/// Elements in whose content no tag begins but their own end.
const RAW_TEXT: [&str; 5] = ["script", "style", "textarea", "title", "xmp"];

/// A part of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A start tag.
    Start(Tag<'a>),
    /// The name in an end tag.
    End(&'a str),
    /// Text between tags, with its character references.
    Text(&'a str),
    /// The name of an element whose content is no markup, and that content.
    Raw(&'static str, &'a str),
}

/// A start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    name: &'a str,
    /// What follows the name, without the `>`.
    attributes: &'a str,
}

impl Tag<'_> {
    /// Whether it is the start tag of an element called `name`, in any case.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value of the first attribute called `name`, unescaped; empty for an attribute without a value.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| is_space(c) || c == '/');
            let key_len = rest.find(|c| is_space(c) || matches!(c, '/' | '='));
            let (key, after) = rest.split_at(key_len.filter(|at| *at > 0).unwrap_or(rest.len()));
            if key.is_empty() {
                return None;
            }
            let value;
            (value, rest) = match after.trim_start_matches(is_space).strip_prefix('=') {
                Some(after) => value_of(after.trim_start_matches(is_space)),
                None => ("", after),
            };
            if key.eq_ignore_ascii_case(name) {
                return Some(text::unescape(value));
            }
        }
    }
}

/// An attribute's value, with or without quotes, and what follows it.
fn value_of(text: &str) -> (&str, &str) {
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => text[1..].split_once(quote).unwrap_or((&text[1..], "")),
        _ => text.split_at(text.find(is_space).unwrap_or(text.len())),
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

/// The pieces of a page in order. Comments and declarations are left out.
pub(super) fn pieces(page: &str) -> Pieces<'_> {
    Pieces {
        rest: page,
        raw: None,
    }
}

/// The iterator of [`pieces`].
#[derive(Debug)]
pub(super) struct Pieces<'a> {
    rest: &'a str,
    /// The element whose text comes next.
    raw: Option<&'static str>,
}

impl<'a> Pieces<'a> {
    fn take(&mut self, len: usize) -> &'a str {
        let (piece, rest) = self.rest.split_at(len);
        self.rest = rest;
        piece
    }

    /// The text of a raw text element, up to its end tag.
    fn raw_text(&mut self, name: &str) -> &'a str {
        let is_end = |at: &usize| {
            let tail = &self.rest.as_bytes()[at + 2..];
            tail.get(..name.len())
                .is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
                && !tail.get(name.len()).is_some_and(u8::is_ascii_alphanumeric)
        };
        let end = self.rest.match_indices("</").map(|(at, _)| at).find(is_end);
        self.take(end.unwrap_or(self.rest.len()))
    }

    /// Skips a comment or a declaration such as `<!DOCTYPE html>`.
    fn skip_declaration(&mut self) {
        let end = if self.rest.starts_with("<!--") {
            "-->"
        } else {
            ">"
        };
        let len = self.rest[2..]
            .find(end)
            .map_or(self.rest.len(), |at| 2 + at + end.len());
        self.take(len);
    }

    /// A start or end tag; `None` if it does not end before the page.
    fn tag(&mut self) -> Option<Piece<'a>> {
        let mut quote = None;
        let mut before = ' ';
        let end = self.rest.char_indices().find(|&(_, c)| {
            let is_end = quote.is_none() && c == '>';
            match quote {
                Some(open) if c == open => quote = None,
                // a quote begins a value only after an equals sign
                None if before == '=' && matches!(c, '"' | '\'') => quote = Some(c),
                _ => {}
            }
            if !is_space(c) {
                before = c;
            }
            is_end
        });
        let Some((end, _)) = end else {
            self.take(self.rest.len());
            return None;
        };
        let tag = self.take(end + 1);
        let inner = &tag[1..end];
        if let Some(name) = inner.strip_prefix('/') {
            return Some(Piece::End(name_of(name).0));
        }
        let (name, attributes) = name_of(inner);
        let is_name = |raw: &&&str| raw.eq_ignore_ascii_case(name);
        self.raw = RAW_TEXT.iter().find(is_name).copied();
        Some(Piece::Start(Tag { name, attributes }))
    }
}

/// The text of all elements with this `id`, unescaped; that of an element without an end goes to the end of the page.
pub(super) fn text_by_id(page: &str, id: &str) -> String {
    let mut found = String::new();
    let mut open: Option<(&str, usize)> = None;
    for piece in pieces(page) {
        match (piece, &mut open) {
            (Piece::Start(tag), None) if tag.attribute("id").is_some_and(|it| it == id) => {
                open = Some((tag.name, 1));
            }
            (Piece::Start(tag), Some((name, depth))) if tag.is(name) => *depth += 1,
            (Piece::End(end), Some((name, depth))) if end.eq_ignore_ascii_case(name) => {
                *depth -= 1;
                if *depth == 0 {
                    open = None;
                    found.push(' ');
                }
            }
            (Piece::Text(text), Some(_)) => found.push_str(text),
            _ => {}
        }
    }
    text::unescape(&found).trim().to_owned()
}

fn name_of(inner: &str) -> (&str, &str) {
    inner.split_at(
        inner
            .find(|c| is_space(c) || c == '/')
            .unwrap_or(inner.len()),
    )
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if let Some(name) = self.raw.take() {
            let text = self.raw_text(name);
            if !text.is_empty() {
                return Some(Piece::Raw(name, text));
            }
        }
        while !self.rest.is_empty() {
            let after = self
                .rest
                .strip_prefix('<')
                .and_then(|rest| rest.chars().next());
            match after {
                Some('!' | '?') => self.skip_declaration(),
                Some(c) if c.is_ascii_alphabetic() || c == '/' => {
                    if let Some(piece) = self.tag() {
                        return Some(piece);
                    }
                }
                _ => {
                    // a `<` that begins no tag belongs to the text
                    let end = self
                        .rest
                        .match_indices('<')
                        .map(|(at, _)| at)
                        .find(|at| *at > 0);
                    return Some(Piece::Text(self.take(end.unwrap_or(self.rest.len()))));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `<name` of a start tag, `/name` of an end tag, or the text.
    fn words(page: &str) -> Vec<String> {
        let word = |piece| match piece {
            Piece::Start(tag) => format!("<{}", tag.name),
            Piece::End(name) => format!("/{name}"),
            Piece::Text(text) | Piece::Raw(_, text) => text.to_owned(),
        };
        pieces(page).map(word).collect()
    }

    #[test]
    fn pages_are_split_into_tags_and_text() {
        let table: [(&str, &[&str]); 12] = [
            ("", &[]),
            ("a<b>c</b >d", &["a", "<b", "c", "/b", "d"]),
            ("<!DOCTYPE html><?x?><p/>", &["<p"]),
            ("<!-- <a> -->x<!-- <b>", &["x"]),
            ("1 < 2 <3", &["1 ", "< 2 ", "<3"]),
            (
                "<script>if (a<b) '</p>'</SCRIPT>x",
                &["<script", "if (a<b) '</p>'", "/SCRIPT", "x"],
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
            ("<a HREF='a&amp;b'>", Some("a&b")),
            ("<a href=x/y>", Some("x/y")),
            ("<a b c=d href = x>", Some("x")),
            ("<a/href=x>", Some("x")),
            ("<a data-href=y href=x href=z>", Some("x")),
            ("<a href>", Some("")),
            ("<a title='href=x'>", None),
            ("<a title=\"", None),
            ("<a =href=x>", None),
            ("<a>", None),
        ];
        for (page, expected) in table {
            let found = pieces(page).find_map(|piece| match piece {
                Piece::Start(tag) => tag.attribute("href"),
                _ => None,
            });
            assert_eq!(found.as_deref(), expected, "{page}");
        }
    }

    #[test]
    fn the_text_of_an_element_has_that_of_its_children() {
        let table = [
            ("<p id=x>a &amp; <b>b</b><p>c</p></p>d", "a & bc"),
            ("<P ID='x'>a</p><i>no</i><p id=\"x\"> b", "a  b"),
            ("<p id=x><script>code()</script> </p>", ""),
            ("<p id=x>&nbsp;</p>", ""),
            ("<p id=y>a</p>", ""),
        ];
        for (page, expected) in table {
            assert_eq!(text_by_id(page, "x"), expected, "{page}");
        }
    }

    /// Every piece is a part of the page and none overlaps another, so that no input makes it longer.
    #[test]
    fn deep_long_and_unfinished_pages_take_one_pass() {
        let parts = [
            "<b>", "<a x='", "<!--", "<script>", "</script", "<a b ", "</", "<i><p>", "&amp;", "'",
            "<",
        ];
        for part in parts {
            let page = part.repeat(2 * 1024 * 1024 / part.len());
            let length = |piece| match piece {
                Piece::Start(tag) => {
                    assert!(
                        tag.attribute("href")
                            .is_none_or(|value| value.len() <= page.len())
                    );
                    tag.name.len() + tag.attributes.len()
                }
                Piece::End(text) | Piece::Text(text) | Piece::Raw(_, text) => text.len(),
            };
            assert!(
                pieces(&page).map(length).sum::<usize>() <= page.len(),
                "{part}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(page in "(\\PC|[<>/!=\"' a-]|script|<!--){0,60}") {
            for piece in pieces(&page) {
                if let Piece::Start(tag) = piece {
                    let _ = tag.attribute("href");
                }
            }
        }
    }
}
