//! As much HTML as four pages need: the start tags of one kind, their attributes, and the text inside.
//!
//! By hand, because these pages hold tokens and the usual parsers log every piece of what they parse. Must not log, and must
//! not be used for showing text: what is shown goes through `text::clean`.

/// Text inside an element is looked for this far, so that no page makes us read it once per tag.
const LONGEST_TEXT: usize = 2000;

/// A start tag.
pub(super) struct Tag<'a> {
    name: &'a str,
    attributes: &'a str,
    /// What follows: of a script its code, else the rest of the page.
    rest: &'a str,
}

/// All start tags with that name (in lower case; `*` is any) outside comments, scripts and styles.
pub(super) fn tags<'a>(page: &'a str, name: &str) -> Vec<Tag<'a>> {
    // same length, so offsets fit both
    let lower = page.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = lower[at..].find('<').map(|i| at + i) {
        if lower[start..].starts_with("<!--") {
            at = lower[start + 4..]
                .find("-->")
                .map_or(lower.len(), |i| start + 4 + i);
            continue;
        }
        let this = word(&lower[start + 1..]);
        let attributes = start + 1 + this.len();
        if this.is_empty() {
            at = start + 1;
            continue;
        }
        let Some(end) = tag_end(&lower[attributes..]).map(|i| attributes + i) else {
            break;
        };
        let code = matches!(this, "script" | "style");
        let close = if code {
            lower[end..].find(&format!("</{this}")).map(|i| end + i)
        } else {
            None
        };
        let close = close.unwrap_or(lower.len());
        if name == "*" || name == this {
            let name = &page[start + 1..attributes];
            found.push(Tag {
                name,
                attributes: &page[attributes..end],
                rest: &page[end + 1..close],
            });
        }
        at = if code { close } else { end };
    }
    found
}

impl Tag<'_> {
    /// The attribute's value, with `&amp;` undone; `Some("")` for one without a value.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| {
                c.is_ascii_whitespace() || matches!(c, '/' | '=' | '"' | '\'')
            });
            let end = rest
                .find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/'))
                .unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            let (this, after) = rest.split_at(end);
            let (value, after) = value(after);
            if this.eq_ignore_ascii_case(name) {
                return Some(value.replace("&amp;", "&").replace("&#38;", "&"));
            }
            rest = after;
        }
    }

    /// A script's code.
    pub(super) fn code(&self) -> &str {
        self.rest
    }

    /// The beginning of what is inside, up to the end tag, other tags included.
    pub(super) fn inside(&self) -> &str {
        let end = self
            .rest
            .char_indices()
            .nth(LONGEST_TEXT)
            .map_or(self.rest.len(), |(at, _)| at);
        let text = &self.rest[..end];
        let close = format!("</{}", self.name).to_ascii_lowercase();
        text.to_ascii_lowercase()
            .find(&close)
            .map_or(text, |end| &text[..end])
    }

    /// Whether the attribute has that value.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        self.attribute(name)
            .is_some_and(|v| v.eq_ignore_ascii_case(value))
    }
}

/// The name of a tag, or nothing for `</a>`, `<!doctype>` and a lone `<`.
fn word(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(text.len());
    &text[..end]
}

/// Where the `>` of a tag is; one in quotes is not it.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (None, '>') => return Some(at),
            // elsewhere a quote is a letter, as in <a title=it's>
            (None, '"' | '\'') if before == '=' => quote = Some(c),
            _ => {}
        }
        if !c.is_ascii_whitespace() {
            before = c;
        }
    }
    None
}

/// `="value"`, `= 'value'`, `=value` or nothing, and what follows.
fn value(text: &str) -> (&str, &str) {
    let Some(text) = text.trim_start().strip_prefix('=').map(str::trim_start) else {
        return ("", text);
    };
    let quoted = text
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\''))
        .and_then(|quote| text[1..].split_once(quote));
    let bare = || {
        text.split_at(
            text.find(|c: char| c.is_ascii_whitespace())
                .unwrap_or(text.len()),
        )
    };
    quoted.unwrap_or_else(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hrefs(page: &str) -> Vec<String> {
        tags(page, "a")
            .iter()
            .filter_map(|tag| tag.attribute("href"))
            .collect()
    }

    #[test]
    fn finds_attributes_in_every_style() {
        let table = [
            (r#"<a href="x">"#, "x"),
            ("<A class=b HREF = 'x' >", "x"),
            ("<a href=x>", "x"),
            ("<a disabled href=x/y target=_blank>", "x/y"),
            ("<a\nhref=\"x?a=1&amp;b=2\"\n>", "x?a=1&b=2"),
            ("<a title=\"a > b\" href=x>", "x"),
            ("<a title='it\"s' href=x>", "x"),
            ("<a title=it's href=x>", "x"),
            ("<a data-href=no href=x>", "x"),
            ("a < b <a href=x>", "x"),
            ("<a href>", ""),
        ];
        for (page, href) in table {
            assert_eq!(hrefs(page), [href], "{page}");
        }
    }

    #[test]
    fn skips_comments_scripts_and_what_is_broken() {
        let none = [
            "",
            "<",
            "<a",
            "<a href=\"x",
            "<!-- <a href=x> -->",
            "<!-- <a href=x>",
            "<script>'<a href=x>'</script>",
            "<style><a href=x></style>",
            "</a href=x>",
            "<abbr href=x>",
            "<a class=x>",
        ];
        for page in none {
            assert!(hrefs(page).is_empty(), "{page}");
        }
        assert_eq!(
            hrefs("<!-- --><a href=x><SCRIPT>1<2</Script><a href=y>"),
            ["x", "y"]
        );
    }

    #[test]
    fn gives_the_text_inside() {
        let page = "<p><span id=e> a <b>c</b></SPAN>d<script>x</script>";
        assert_eq!(tags(page, "script")[0].code(), "x");
        let tags = tags(page, "*");
        assert_eq!(
            tags.iter().find(|tag| tag.has("id", "E")).unwrap().inside(),
            " a <b>c</b>"
        );
    }

    #[test]
    fn a_hostile_page_costs_little() {
        for piece in [
            "<",
            "<a ",
            "<a>",
            "<p id=loginErrors>",
            "<script></script>",
            "<script>",
            "<!--",
            "<a href='",
            "=\"",
        ] {
            let page = piece.repeat(2 * 1024 * 1024 / piece.len());
            let begun = std::time::Instant::now();
            let _ = tags(&page, "*").len();
            assert!(
                begun.elapsed() < std::time::Duration::from_secs(5),
                "{piece}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*", page in "(<a |<!--|-->|href|=|\"|'|>|é|</a|<script>|/| ){0,30}") {
            for page in [text, page] {
                for tag in tags(&page, "*") {
                    let _ = (tag.attribute("href"), tag.inside(), tag.code());
                }
            }
        }
    }
}
