//! From the output of a run to the text of a snapshot.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use crate::support::{Output, Run};

/// What differs between two runs, and its placeholder, in the order in which they are replaced.
static FILTERS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let day = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
    let month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
    let filters = [
        (r#"[^\s"'=]*/aimharder-e2e-\w+"#.to_owned(), "[HOME]"),
        (
            r#"[^\s"'=]*/(?:debug|release)/aimharder\b"#.to_owned(),
            "[BIN]",
        ),
        (r"127\.0\.0\.1:\d+".to_owned(), "127.0.0.1:[PORT]"),
        (
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)".to_owned(),
            "[INSTANT]",
        ),
        (r"\d{4}-\d\d-\d\d".to_owned(), "[DATE]"),
        (r"\d{8}T\d{6}Z?".to_owned(), "[STAMP]"),
        (
            format!(r"{day}\w* +\d{{1,2}} {month}\w*(?: \d{{4}})?"),
            "[DATE]",
        ),
        (r"\[DATE\] {2,}".to_owned(), "[DATE]  "),
        (r"[+-]\d+\.\d ms".to_owned(), "[N] ms"),
        (r"\b\d+ d \d+ h\b".to_owned(), "[N] d"),
        (r"\b[0-9a-f]{64}\b".to_owned(), "[KEY]"),
        (r"\b[0-9a-z]{50}\b".to_owned(), "[FP]"),
        (r"(device  +)\b[0-9a-z]{10}\b".to_owned(), "$1[FP]"),
        (r"(device session )\b[0-9a-z]{10}\b".to_owned(), "$1[FP]"),
        (r"\d\d:\d\d:\d\d(?:\.\d+)?".to_owned(), "[TIME]"),
        (format!(r"\({day} \[TIME\] here\)"), "([TIME] here)"),
        (r"(device  +)[0-9a-z]{7}…".to_owned(), "$1[FP]…"),
        (r"opens in [^,\n]+, ".to_owned(), "opens in [N], "),
        (r"\bin \d+ (min|d)\b".to_owned(), "in [N] $1"),
        (r"\b\d s +".to_owned(), "[AGE]  "),
        (
            r#"("(?:token_age_seconds|clock_offset_ms|lateness_ms|schema)":)-?[\d.]+"#.to_owned(),
            "$1[N]",
        ),
        (r#"("(?:free|size)_bytes":)\d+"#.to_owned(), "$1[N]"),
        (
            format!(r#"("version":"|version="){}""#, env!("CARGO_PKG_VERSION")),
            "$1[VERSION]\"",
        ),
        (r"responds in \d+ ms".to_owned(), "responds in [N] ms"),
        (
            r"\d+ [KMGT]iB, schema \d+(.*) \d+ [KMGT]iB free".to_owned(),
            "[SIZE], schema [N]$1 [SIZE] free",
        ),
        (
            r"(aimharder_\w+_(?:seconds|bytes|schema)(?:\{.*\})?) [\d.]+".to_owned(),
            "$1 [N]",
        ),
        (
            r#"(kind="device",fingerprint=")[0-9a-z]{10}"#.to_owned(),
            "$1[FP]",
        ),
        (r"UID:[0-9a-f]{32}".to_owned(), "UID:[UID]"),
    ];
    let filters = filters.into_iter();
    filters
        .map(|(pattern, name)| (Regex::new(&pattern).unwrap(), name))
        .collect()
});

/// Exit code and both streams of a run.
pub(crate) fn shot(run: Run) -> String {
    let output = run.unchecked();
    let stdout = output.stdout.clone();
    render(&output, &stdout)
}

/// The same with `--json`: the object is one line, and is broken into lines here.
pub(crate) fn shot_json(run: Run) -> String {
    let output = run.arg("--json").unchecked();
    let line = output.stdout.strip_suffix('\n').expect("a line of JSON");
    assert!(!line.contains('\n'), "more than one line: {line}");
    let _: serde_json::Value = serde_json::from_str(line).expect("JSON");
    render(&output, &broken(&with_sorted_results(line)))
}

/// The line with the results of `prebook run` in the order of their ids: those of one run end in any order.
fn with_sorted_results(line: &str) -> String {
    let Some((before, rest)) = line.split_once("\"results\":[{") else {
        return line.to_owned();
    };
    let (results, after) = rest.split_once("}]").expect("the end of the results");
    let mut results: Vec<&str> = results.split("},{\"id\"").collect();
    results[0] = results[0].strip_prefix("\"id\"").expect("an id");
    results.sort_unstable();
    let results = results.join("},{\"id\"");
    format!("{before}\"results\":[{{\"id\"{results}}}]{after}")
}

fn render(output: &Output, stdout: &str) -> String {
    let status = output.status.expect("an exit code");
    let mut text = format!("exit: {status}\n");
    for (name, stream) in [("stdout", stdout), ("stderr", output.stderr.as_str())] {
        if !stream.is_empty() {
            let stream = clean(stream);
            text.extend(["--- ", name, "\n", stream.trim_end_matches('\n'), "\n"]);
        }
    }
    text
}

/// The text with placeholders.
pub(crate) fn clean(text: &str) -> String {
    let filtered = FILTERS
        .iter()
        .fold(Cow::from(text), |text, (pattern, name)| {
            Cow::from(pattern.replace_all(&text, *name).into_owned())
        });
    filtered.into_owned()
}

/// One line of JSON with a line for each key of the object and each element of its lists. A class is one line everywhere.
fn broken(line: &str) -> String {
    let (mut text, mut depth, mut quoted, mut escaped) = (String::new(), 0usize, false, false);
    let mut in_class = false;
    for c in line.chars() {
        if !quoted && matches!(c, '}' | ']') {
            depth -= 1;
            if depth == 0 || (depth == 1 && c == ']' && !text.ends_with('[')) {
                text.push('\n');
                text.push_str(&"  ".repeat(depth));
            }
        }
        text.push(c);
        if quoted {
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        quoted = c == '"';
        if matches!(c, '{' | '[') {
            depth += 1;
            in_class = text.ends_with("\"class\":{");
        }
        let breaks = match c {
            ',' => depth == 1 || (depth == 2 && !in_class),
            '{' => depth == 1,
            _ => false,
        };
        if breaks {
            text.push('\n');
            text.push_str(&"  ".repeat(depth));
        }
    }
    text
}
