//! Manual pages, checked by mandoc and groff.

use crate::program;
use crate::support::Home;

#[test]
fn all_pages_are_clean() {
    let home = Home::nowhere();
    let folder = home.path().join("share/man1");
    let written = home.run("man --dir").arg(&folder).succeeds().stdout;
    let pages: Vec<&str> = written.lines().collect();
    for name in ["aimharder.1", "aimharder-book.1", "aimharder-prebook-add.1"] {
        assert!(
            pages.iter().any(|page| page.ends_with(name)),
            "{name}: {written}"
        );
    }
    assert!(
        !written.contains("__complete") && !written.contains("help"),
        "{written}"
    );
    for page in &pages {
        lint(page);
        groff(page);
        let text = std::fs::read_to_string(page).unwrap();
        for part in [
            "NAME",
            "SYNOPSIS",
            "EXAMPLES",
            "\"EXIT STATUS\"",
            "ENVIRONMENT",
            "FILES",
        ] {
            assert!(text.contains(&format!(".SH {part}\n")), "{page}: {part}");
        }
    }
    assert!(!home.store_path().exists());
}

/// The only finding of mandoc is the missing date: a page that is generated at any time has none.
fn lint(page: &str) {
    let out = program("mandoc")
        .args(["-T", "lint", "-W", "warning", page])
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&out.stdout).into_owned();
    let faults: Vec<&str> = printed
        .lines()
        .filter(|line| !line.contains("missing date"))
        .collect();
    assert_eq!(faults, [""; 0]);
}

fn groff(page: &str) {
    let out = program("groff")
        .args(["-man", "-ww", "-k", "-Tutf8", "-z", page])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stderr), "", "{page}");
}
