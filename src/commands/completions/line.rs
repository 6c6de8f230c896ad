//! A command line up to the cursor: its words, and the text by which bash replaces what it takes for the current word. That is
//! a part of the word: it begins after the last of COMP_WORDBREAKS (`@`, `=`, `:` …) or after an open quote. bash quotes
//! nothing by itself.

/// Breaks that belong to what bash replaces (`rl_special_prefixes`).
const REPLACED_TOO: [char; 2] = ['$', '@'];

/// A line up to the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// The program's name first. Without quotes; the last one is unfinished and may be empty.
    pub words: Vec<String>,
    /// The quote that is open at the cursor.
    quote: Option<char>,
    /// The part of the last word that bash keeps, as it was typed.
    kept: String,
}

impl Line {
    /// The line of a shell that separates the words itself.
    pub(super) fn of(words: Vec<String>) -> Self {
        Self {
            words,
            ..Self::default()
        }
    }

    /// Separates the words of a line of bash. `breaks` is COMP_WORDBREAKS.
    pub(super) fn read(line: &str, breaks: &str) -> Self {
        let mut read = Self::default();
        let (mut word, mut typed) = (String::new(), String::new());
        let mut begun = false;
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            typed.push(c);
            match (read.quote, c) {
                (Some(quote), c) if c == quote => read.quote = None,
                (None, '\'' | '"') => {
                    read.quote = Some(c);
                    read.kept.clone_from(&typed);
                }
                (None | Some('"'), '\\') => {
                    if let Some(next) = chars.next() {
                        typed.push(next);
                        word.push(next);
                    }
                }
                (None, ' ' | '\t' | '\n') => {
                    if begun {
                        read.words.push(std::mem::take(&mut word));
                    }
                    typed.clear();
                    read.kept.clear();
                    begun = false;
                    continue;
                }
                (quote, c) => {
                    word.push(c);
                    if quote.is_none() && breaks.contains(c) {
                        read.kept.clone_from(&typed);
                        if REPLACED_TOO.contains(&c) {
                            read.kept.pop();
                        }
                    }
                }
            }
            begun = true;
        }
        read.words.push(word);
        read
    }

    /// The finished words.
    pub(super) fn before(&self) -> &[String] {
        self.words.split_last().map_or(&[], |(_, before)| before)
    }

    /// The value of a flag before the cursor: `--box NAME` or `--box=NAME`.
    pub(super) fn value_of(&self, flag: &str) -> Option<String> {
        let apart = self.before().windows(2).rev().find(|pair| pair[0] == flag);
        if let Some(pair) = apart {
            return Some(pair[1].clone());
        }
        let joined = |word: &String| Some(word.strip_prefix(flag)?.strip_prefix('=')?.to_owned());
        self.before().iter().rev().find_map(joined)
    }

    /// The text for bash. `None` if the candidate does not continue the kept part.
    pub(super) fn replacement(&self, candidate: &str) -> Option<String> {
        let whole = match self.quote {
            Some(quote) => format!("{quote}{}", escaped(candidate, Some(quote))?),
            None => escaped(candidate, None)?,
        };
        let same = whole.get(..self.kept.len())?;
        let fits = same.eq_ignore_ascii_case(&self.kept);
        fits.then(|| whole[self.kept.len()..].to_owned())
    }
}

fn escaped(text: &str, quote: Option<char>) -> Option<String> {
    let special: &str = match quote {
        Some('\'') => return (!text.contains('\'')).then(|| text.to_owned()),
        // bash would expand history there, and keep a backslash
        Some(_) if text.contains('!') => return None,
        Some(_) => "\"\\$`",
        None => " \t\"'\\$`|&;()<>*?[]{}!#~",
    };
    let mut out = String::new();
    for c in text.chars() {
        if special.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BREAKS: &str = " \t\n\"'@><=;|&(:";

    #[test]
    fn words_and_replacements() {
        let table = [
            ("aimharder ", vec!["aimharder", ""], "book", Some("book")),
            (
                "aimharder bo",
                vec!["aimharder", "bo"],
                "book",
                Some("book"),
            ),
            (
                "a --class op",
                vec!["a", "--class", "op"],
                "Open Box",
                Some("Open\\ Box"),
            ),
            (
                "a --class \"Op",
                vec!["a", "--class", "Op"],
                "Open Box",
                Some("Open Box"),
            ),
            (
                "a --class 'Op",
                vec!["a", "--class", "Op"],
                "Open Box",
                Some("Open Box"),
            ),
            ("a --class 'D", vec!["a", "--class", "D"], "D'hier", None),
            (
                "a --class Open\\ B",
                vec!["a", "--class", "Open B"],
                "Open Box",
                Some("Open\\ Box"),
            ),
            (
                "a --class=W",
                vec!["a", "--class=W"],
                "--class=WOD",
                Some("WOD"),
            ),
            (
                "a --account ana@e",
                vec!["a", "--account", "ana@e"],
                "ana@example.org",
                Some("@example.org"),
            ),
            (
                "a --account ana@e",
                vec!["a", "--account", "ana@e"],
                "ben@example.org",
                None,
            ),
            (
                "a --class 'A b' ",
                vec!["a", "--class", "A b", ""],
                "x",
                Some("x"),
            ),
            (
                "a --class ",
                vec!["a", "--class", ""],
                "$(x)`y`;!z",
                Some("\\$\\(x\\)\\`y\\`\\;\\!z"),
            ),
            (
                "a --class \"",
                vec!["a", "--class", ""],
                "$(x)`y`",
                Some("\\$(x)\\`y\\`"),
            ),
            ("a --class \"", vec!["a", "--class", ""], "WOD!", None),
            ("a \"\" ", vec!["a", "", ""], "x", Some("x")),
        ];
        for (text, words, candidate, expected) in table {
            let line = Line::read(text, BREAKS);
            assert_eq!(line.words, words, "{text}");
            assert_eq!(line.replacement(candidate).as_deref(), expected, "{text}");
        }
    }
}
