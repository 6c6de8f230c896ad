//! The order of the modules: imports go down only.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::path;

/// From the top down. A module imports modules of lower lines and of its own line.
const ORDER: [&[&str]; 14] = [
    &["lib", "main", "cli"],
    &["commands", "completions"],
    &["ui"],
    &["diagnostics"],
    &["prebook"],
    &["booking"],
    &["sessions"],
    &["notify"],
    &["alerts"],
    &["platform", "http_client"],
    &["store"],
    &["password", "store_key", "config", "process"],
    &["model"],
    &[
        "error",
        "clock",
        "signals",
        "logs",
        "secret",
        "text",
        "private_files",
        "docs",
    ],
];

/// Imports that go back for now. None may be added.
const EXCEPTIONS: [(&str, &str); 1] = [("commands", "cli")];

fn rank(module: &str) -> usize {
    let line = ORDER.iter().position(|line| line.contains(&module));
    line.unwrap_or_else(|| panic!("{module} has no place in the order"))
}

/// Files of production code; modules of tests are in files and folders with "test" in their names.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().contains("test") {
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn imports_go_down_only() {
    let single = Regex::new(r"\bcrate::([a-z_]+)").unwrap();
    let group = Regex::new(r"\bcrate::\{([^;]*)\};").unwrap();
    let nested = Regex::new(r"\{[^{}]*\}").unwrap();
    let source = path("src");
    let mut found = Vec::new();
    files(&source, &mut found);
    let mut back = BTreeSet::new();
    for file in found {
        let name = file.strip_prefix(&source).unwrap().components().next();
        let module = name.unwrap().as_os_str().to_string_lossy();
        let module = module.trim_end_matches(".rs");
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let code = code.collect::<Vec<_>>().join("\n");
        let names = single.captures_iter(&code).map(|found| found[1].to_owned());
        let mut imports: Vec<String> = names.collect();
        for found in group.captures_iter(&code) {
            let flat = nested.replace_all(&found[1], "").into_owned();
            let names = flat.split(',').map(|name| name.trim().split("::").next());
            imports.extend(
                names
                    .flatten()
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned),
            );
        }
        for import in imports {
            if import != module && rank(&import) < rank(module) {
                back.insert((module.to_owned(), import));
            }
        }
    }
    back.retain(|(from, to)| !EXCEPTIONS.contains(&(from, to)));
    assert!(back.is_empty(), "these imports go back: {back:?}");
}
