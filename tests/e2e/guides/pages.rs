//! Command lines of the README and the chapters run against the sandbox and print what the pages show; the recording of the
//! demo is up to date.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use regex::Regex;

use crate::support::{ANA, ANA_PASSWORD, CRONTAB, Home, Sandbox, side_by_side, today};

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// First words, after assignments, of lines that would change the machine, take too long, or are run by a test of their own.
const NOT_RUN: [&str; 11] = [
    ".ci/package",
    "cargo",
    "crontab",
    "examples/demo.sh",
    "examples/record.sh",
    "journalctl",
    "loginctl",
    "sudo",
    "systemctl",
    "systemd/install.sh",
    "target/release/examples/bench",
];

/// A line as it is typed, and the lines of output that the page shows below it.
#[derive(Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) line: String,
    shown: Option<Vec<String>>,
}

/// The steps of a page's blocks of shell: each line of `sh`, each line after `$ ` of `console`.
pub(crate) fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in page.split("```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap();
        let text = text.replace("\\\n", " ");
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        match language {
            "sh" => steps.extend(lines.map(|line| Step {
                line: line.to_owned(),
                shown: None,
            })),
            "console" => {
                for line in lines {
                    if let Some(line) = line.strip_prefix("$ ") {
                        steps.push(Step {
                            line: line.to_owned(),
                            shown: Some(vec![]),
                        });
                    } else {
                        let shown = steps.last_mut().and_then(|step| step.shown.as_mut());
                        shown.unwrap().push(line.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    steps
}

/// What differs between two runs, as one placeholder: names of days and months, numbers, the random part of a path.
fn words(text: &str) -> Vec<String> {
    static VARYING: LazyLock<Regex> = LazyLock::new(|| {
        let day = "mon(day)?|tue(sday)?|wed(nesday)?|thu(rsday)?|fri(day)?|sat(urday)?|sun(day)?";
        let month = "jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(tember)?\
            |oct(ober)?|nov(ember)?|dec(ember)?";
        Regex::new(&format!(r"(?i)\b({day}|{month})\b|[+-]?\d[\d.:]*")).unwrap()
    });
    static HOME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"/tmp/(tmp\.|aimharder-e2e-)\w+(/home)?").unwrap());
    let text = HOME.replace_all(text, "/home/ana");
    let text = VARYING.replace_all(&text, "N");
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn steps_and_words_are_found() {
    let page =
        "x\n```sh\na \\\n  b\nc\n```\ny\n```console\n$ d\none\n\ntwo\n$ e\n```\n```json\n{}\n```";
    let step = |line: &str, shown: Option<&[&str]>| Step {
        line: line.to_owned(),
        shown: shown.map(|lines| lines.iter().map(ToString::to_string).collect()),
    };
    let expected = [
        step("a    b", None),
        step("c", None),
        step("d", Some(&["one", "two"])),
        step("e", Some(&[])),
    ];
    assert_eq!(steps(page), expected);
    let text = "Tue  1 Dec 18:30, +2.7 ms: /tmp/tmp.x/home/a";
    assert_eq!(
        words(text),
        ["N", "N", "N", "N,", "N", "ms:", "/home/ana/a"]
    );
}

/// A line whose class may be over today is for the same weekday of next week.
fn not_today(line: &str) -> String {
    let name = today().format("%a").to_string().to_lowercase();
    let spanish = [
        "lunes",
        "martes",
        "miércoles",
        "jueves",
        "viernes",
        "sábado",
        "domingo",
    ];
    let spanish = spanish[chrono::Datelike::weekday(&today()).num_days_from_monday() as usize];
    let words = line.split(' ').map(|word| match word {
        word if word == name || word == spanish => "+7",
        word => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Runs a line as a user would type it. A password that is prompted for comes from standard input instead.
fn type_in(home: &Home, line: &str) -> Output {
    let mut line = not_today(line);
    if line.contains("aimharder login") && !line.contains("--password-stdin") {
        line = format!("echo {ANA_PASSWORD} | {line} --password-stdin");
    }
    let (tools, bin) = (home.path().join("tools"), home.path().join(".cargo/bin"));
    Command::new("sh")
        .args(["-c", &line])
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env(
            "PATH",
            format!("{}:{}:/usr/bin:/bin", tools.display(), bin.display()),
        )
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Compares the output with what the page shows. A shown `…` stands for any further lines.
fn check(name: &str, step: &Step, output: &Output) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let printed = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{name}: {}: {printed}", step.line);
    let Some(shown) = &step.shown else { return };
    let shown = shown
        .iter()
        .filter(|line| !line.starts_with("Password for "));
    let shown = words(&shown.map(String::as_str).collect::<Vec<_>>().join("\n"));
    let printed = words(&printed);
    match shown.split_last() {
        Some((last, before)) if last == "…" => {
            assert!(printed.starts_with(before), "{name}: {}", step.line);
        }
        _ => assert_eq!(shown, printed, "{name}: {}", step.line),
    }
}

#[test]
fn command_lines_of_the_pages_run_and_print_what_is_shown() {
    let chapters = fs::read_dir(Path::new(REPOSITORY).join("src/docs")).unwrap();
    let chapters = chapters.map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = chapters
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.push(Path::new(REPOSITORY).join("README.md"));
    pages.push(Path::new(REPOSITORY).join("examples/README.md"));
    side_by_side(&pages, |path| {
        let name = path.display().to_string();
        let sandbox = Sandbox::start();
        let home = Home::new(&sandbox);
        home.crontab(CRONTAB);
        home.tool(
            "pass",
            &format!("case $1 in insert) cat >~/pass ;; *) cat ~/pass 2>/dev/null || echo {ANA_PASSWORD} ;; esac"),
        );
        for folder in ["examples", "systemd"] {
            symlink(Path::new(REPOSITORY).join(folder), home.path().join(folder)).unwrap();
        }
        let is_readme = path.ends_with("README.md");
        if !is_readme {
            home.log_in(ANA, ANA_PASSWORD); // a chapter is read by someone who has logged in
        }
        for step in steps(&fs::read_to_string(path).unwrap()) {
            let mut words = step.line.split(' ');
            let first = words.find(|word| !word.contains('=')).unwrap();
            if !NOT_RUN.contains(&first) {
                check(&name, &step, &type_in(&home, &step.line));
            }
        }
    });
}

// --- the demo ----------------------------------------------------------------------------------------

/// The lines of the recording, each with its class.
fn recorded() -> Vec<(String, String)> {
    let svg = fs::read_to_string(Path::new(REPOSITORY).join("examples/demo.svg")).unwrap();
    let line = Regex::new(r#"<text class="(\w+)"[^>]*>(.*)</text>"#).unwrap();
    let lines = line.captures_iter(&svg).map(|found| {
        let text = found[2].replace("&lt;", "<").replace("&gt;", ">");
        (found[1].to_owned(), text.replace("&amp;", "&"))
    });
    lines.collect()
}

/// If it fails, `examples/record.sh` makes the recording anew.
#[test]
fn the_recording_shows_what_the_demo_prints() {
    let folder = Path::new(env!("CARGO_BIN_EXE_aimharder")).parent().unwrap();
    let script = Path::new(REPOSITORY).join("examples/demo.sh");
    let output = Command::new(&script)
        .env("AIMHARDER_PROGRAMS", folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.ends_with("\n    aimharder login ana@example.org\n"),
        "{printed}"
    );

    let result = printed
        .lines()
        .find(|line| line.starts_with("booked: 22:00"));
    let result = words(result.unwrap()).join(" ");
    let readme = fs::read_to_string(Path::new(REPOSITORY).join("README.md")).unwrap();
    assert!(
        words(&readme).join(" ").contains(&result),
        "README: {result}"
    );

    let blocks = printed.split("\n\n").map(words);
    let mut blocks = blocks.filter(|block| block.first().is_some_and(|word| word == "$"));
    let lines = recorded();
    let (remarks, rest): (Vec<_>, Vec<_>) = lines.iter().partition(|(class, _)| class == "remark");
    let rest = rest.iter().map(|(_, text)| text.as_str());
    let rest = rest.collect::<Vec<_>>().join("\n");
    let mut steps = 0;
    for step in rest.split("$ ").skip(1) {
        let step = words(&format!("$ {step}"));
        assert!(blocks.any(|block| block == step), "out of date: {step:?}");
        steps += 1;
    }
    assert!(steps >= 8, "{steps}");
    let script = words(&fs::read_to_string(script).unwrap()).join(" ");
    let remarks = remarks
        .iter()
        .map(|(_, text)| text.trim_start_matches("# "));
    let remarks = remarks.collect::<Vec<_>>().join(" ");
    for remark in remarks.split(". ").flat_map(|remark| remark.split("? ")) {
        let remark = words(remark).join(" ");
        assert!(script.contains(&remark), "out of date: {remark}");
    }
}
