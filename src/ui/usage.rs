//! What clap says of a wrong command line, on one line: cause and tip, then where help is.

/// Clap's error as one line.
pub(super) fn one_line(error: &str) -> String {
    let mut words = String::new();
    for line in error.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(usage) = line.strip_prefix("Usage: ") {
            let command = command(usage);
            return format!("{words}; see `{command} --help`");
        }
        if line.starts_with("For more information") {
            break;
        }
        if let Some(names) = line.strip_prefix("[subcommands: ") {
            let names = names.trim_end_matches(']').trim_end_matches(", help");
            words = format!("{words} ({names})");
            continue;
        }
        let line = line.trim_start_matches("error: ");
        let joint = match words.chars().last() {
            None => "",
            Some(':') => " ",
            _ if line.starts_with(['-', '<', '[']) => ", ",
            Some(_) => "; ",
        };
        words.push_str(joint);
        words.push_str(line);
    }
    words
}

/// The command in a usage line: the part before the first flag or value.
fn command(usage: &str) -> String {
    let names = usage
        .split_whitespace()
        .take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
    names.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_with_tip_and_where_help_is() {
        let table = [
            (
                "error: unexpected argument '--dai' found\n\n  tip: a similar argument exists: '--day'\n\nUsage: aimharder book --day <DAY> <--time <TIME>|--id <ID>>\n\nFor more information, try '--help'.\n",
                "unexpected argument '--dai' found; tip: a similar argument exists: '--day'; see `aimharder book --help`",
            ),
            (
                "error: the following required arguments were not provided:\n  --day <DAY>\n  <--time <TIME>|--id <ID>>\n\nUsage: aimharder book --day <DAY>\n",
                "the following required arguments were not provided: --day <DAY>, <--time <TIME>|--id <ID>>; see `aimharder book --help`",
            ),
            (
                "error: 'aimharder prebook' requires a subcommand but one was not provided\n  [subcommands: add, list, help]\n\nUsage: aimharder prebook [OPTIONS] <COMMAND>\n",
                "'aimharder prebook' requires a subcommand but one was not provided (add, list); see `aimharder prebook --help`",
            ),
            (
                "error: invalid value 'x' for '--days <N>': \"x\" is not a whole number\n\nFor more information, try '--help'.\n",
                "invalid value 'x' for '--days <N>': \"x\" is not a whole number",
            ),
            ("error: words of our own\n", "words of our own"),
        ];
        for (error, expected) in table {
            assert_eq!(one_line(error), expected);
        }
    }
}
