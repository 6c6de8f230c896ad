//! Stand-ins for `crontab` and `systemctl`, by which `status` learns what runs on this machine.

use super::Home;

/// Both lines of `examples/crontab`.
pub(crate) const CRONTAB: &str = "\
PATH=/usr/bin
*/15 * * * *        \"$HOME\"/.cargo/bin/aimharder refresh
13,28,43,58 * * * * \"$HOME\"/.cargo/bin/aimharder prebook run --horizon 16m
";

impl Home {
    /// A machine with this crontab and no timers, on which the program is where `cargo install` puts it.
    pub(crate) fn crontab(&self, text: &str) {
        let folder = self.path().join(".cargo/bin");
        std::fs::create_dir_all(&folder).unwrap();
        // it is there already if a test changes its crontab
        let _ =
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_aimharder"), folder.join("aimharder"));
        let crontab = self.write("crontab.txt", text);
        self.tool("crontab", &format!("exec cat '{}'", crontab.display()));
        self.tool("systemctl", "exit 0");
    }

    pub(crate) fn status(&self, args: &str) -> super::Run {
        self.run("status").args(args)
    }

    /// The codes of problems and hints that `status` finds without asking the server.
    pub(crate) fn findings(&self) -> (Vec<String>, Vec<String>) {
        let printed = self.status("--offline").json();
        let codes = |list: &str| {
            let found = printed[list].as_array().expect("a list").iter();
            found
                .map(|f| f["code"].as_str().unwrap().to_owned())
                .collect()
        };
        (codes("problems"), codes("hints"))
    }
}
