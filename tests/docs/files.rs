//! Messages that the troubleshooting chapter explains exist, links lead to files, scripts can be run.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::{PAGES, path, text};

/// All source texts with string continuations joined, as the compiler sees them.
fn sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap().path();
        if entry.is_dir() {
            sources(&entry, into);
        } else if entry.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&entry).unwrap();
            for (n, part) in text.split("\\\n").enumerate() {
                into.push_str(if n == 0 { part } else { part.trim_start() });
            }
        }
    }
}

#[test]
fn messages_that_troubleshooting_explains_exist() {
    let page = text("src/docs/troubleshooting.md");
    let (_, table) = page.split_once("| message contains |").unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let mut code = String::new();
    sources(&path("src"), &mut code);
    let mut seen = 0;
    for row in rows {
        let cell = row.split('|').nth(1).unwrap();
        for message in cell.split('`').skip(1).step_by(2) {
            // words in capitals stand for a value
            for part in message.split("EMAIL").map(str::trim) {
                assert!(code.contains(part), "no message has {part:?}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 15, "{seen}");
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    let headings = headings.map(|heading| {
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    });
    headings.collect()
}

#[test]
fn links_lead_to_files_and_headings() {
    for name in PAGES {
        let page = text(name);
        let folder = Path::new(name).parent().unwrap();
        let links = page
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("https://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = match file {
                "" => path(name),
                file => path(folder.join(file).to_str().unwrap()),
            };
            assert!(file.exists(), "{name}: {link}");
            if !anchor.is_empty() {
                let page = fs::read_to_string(file).unwrap();
                assert!(anchors(&page).contains(anchor), "{name}: {link}");
            }
        }
    }
}

#[test]
fn the_readme_is_one_page() {
    let readme = text("README.md");
    assert!(readme.lines().count() <= 150);
    for line in readme.lines() {
        assert!(line.chars().count() <= 120, "{line}");
    }
}

#[test]
fn the_changelog_knows_this_version() {
    let heading = format!("\n## [{}] - ", env!("CARGO_PKG_VERSION"));
    assert!(text("CHANGELOG.md").contains(&heading), "no {heading:?}");
}

#[test]
fn scripts_can_be_run() {
    let mut scripts = vec![
        path(".ci/run"),
        path(".ci/package"),
        path(".ci/package-test"),
        path(".ci/fresh"),
        path(".ci/shape"),
        path(".ci/systemd"),
        path(".ci/systemd-test"),
        path("fuzz/run"),
    ];
    for folder in ["examples", "systemd", "systemd/debian"] {
        let files = fs::read_dir(path(folder)).unwrap();
        scripts.extend(files.map(|file| file.unwrap().path()).filter(|file| {
            file.is_file() && fs::read_to_string(file).is_ok_and(|text| text.starts_with("#!"))
        }));
    }
    assert!(scripts.len() >= 15, "{scripts:?}");
    for script in scripts {
        let mode = fs::metadata(&script).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{}: mode {mode:o}", script.display());
    }
}
