//! The order of the modules: imports go down only.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::path;

/// From the top down. A module imports modules of lower lines and of its own line.
const ORDER: [&[&str]; 14] = [
    &["lib", "main", "cli"],
    &["commands"],
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
        "terminal",
        "logs",
        "secret",
        "text",
        "private_files",
        "docs",
    ],
];

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

/// The code of a file without its comments and its tests.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// The path of a file's module: `store/open.rs` is `["store", "open"]`.
fn module_path(file: &Path) -> Vec<String> {
    let path = file.with_extension("");
    let names = path
        .components()
        .map(|name| name.as_os_str().to_string_lossy().into_owned());
    names.filter(|name| name != "mod").collect()
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
        let code = code_of(&file);
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
    assert!(back.is_empty(), "these imports go back: {back:?}");
}

/// Each file or folder of a module imports only those of its siblings that do not lead back to it.
#[test]
fn no_module_has_a_circle_inside() {
    let import = Regex::new(r"\b(crate::|(?:super::)+)(\{[^;]*\};|[a-z_]+(?:::[a-z_]+)?)").unwrap();
    let nested = Regex::new(r"::\{[^{}]*\}").unwrap();
    let source = path("src");
    let mut found = Vec::new();
    files(&source, &mut found);
    let paths: Vec<(PathBuf, Vec<String>)> = found
        .into_iter()
        .map(|file| {
            (
                file.clone(),
                module_path(file.strip_prefix(&source).unwrap()),
            )
        })
        .collect();
    let parts: BTreeSet<Vec<String>> = paths
        .iter()
        .filter_map(|(_, path)| path.get(..2).map(<[String]>::to_vec))
        .collect();
    let mut imports: BTreeSet<(Vec<String>, Vec<String>)> = BTreeSet::new();
    for (file, own) in paths.iter().filter(|(_, own)| own.len() >= 2) {
        for found in import.captures_iter(&code_of(file)) {
            let up = found[1].matches("super").count();
            let base = if up == 0 {
                0
            } else {
                own.len().saturating_sub(up)
            };
            let mut names = found[2].trim_matches(['{', '}', ';']).to_owned();
            while nested.is_match(&names) {
                names = nested.replace_all(&names, "").into_owned();
            }
            for name in names.split(',') {
                let name = name.trim().split("::").map(str::to_owned);
                let path: Vec<String> = own[..base].iter().cloned().chain(name).collect();
                let to = path.get(..2).unwrap_or_default().to_vec();
                if parts.contains(&to) && to[0] == own[0] && to[1] != own[1] {
                    imports.insert((own[..2].to_vec(), to));
                }
            }
        }
    }
    assert!(imports.len() > 100, "{imports:?}");
    // what imports nothing that is left, or is imported by nothing, is in no circle
    loop {
        let before = imports.len();
        let (from, to): (BTreeSet<_>, BTreeSet<_>) = imports.iter().cloned().unzip();
        imports.retain(|edge| to.contains(&edge.0) && from.contains(&edge.1));
        if imports.len() == before {
            break;
        }
    }
    assert!(
        imports.is_empty(),
        "these imports lead in a circle: {imports:?}"
    );
}
