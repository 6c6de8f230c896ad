//! File systems that lack locks, shared memory or write access: the cause is named at once, and what only reads still works.

use std::path::PathBuf;
use std::time::Duration;

use crate::store::migration::store_of_schema_1;
use crate::support::{Home, Run, logged_in};

/// A library by which the store's file system lacks what `AIMHARDER_TEST_LACKS` names: `locks`, shared `memory`, `writing`, or write
/// access to the files whose names end so.
fn poor_file_system(home: &Home) -> PathBuf {
    home.library(
        "poor",
        r#"
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <stdarg.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/mman.h>
        #include <unistd.h>
        static int lacks(const char *what) {
            const char *lack = getenv("AIMHARDER_TEST_LACKS");
            return lack && !strcmp(lack, what);
        }
        #define FCNTL(name) \
            int name(int fd, int command, ...) { \
                va_list rest; va_start(rest, command); void *value = va_arg(rest, void *); va_end(rest); \
                if (lacks("locks") && (command == F_SETLK || command == F_SETLKW)) { errno = ENOLCK; return -1; } \
                return ((int (*)(int, int, ...))dlsym(RTLD_NEXT, #name))(fd, command, value); \
            }
        FCNTL(fcntl) FCNTL(fcntl64)
        #define MMAP(name) \
            void *name(void *at, size_t size, int prot, int flags, int fd, off_t offset) { \
                if (lacks("memory") && fd >= 0 && (flags & MAP_SHARED)) { errno = ENODEV; return MAP_FAILED; } \
                return ((void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, #name))(at, size, prot, flags, fd, offset); \
            }
        MMAP(mmap) MMAP(mmap64)
        static int refused(const char *path, int flags) {
            return lacks("writing") && strstr(path, "aimharder.db") && (flags & (O_CREAT | O_WRONLY | O_RDWR));
        }
        #define OPEN(name) \
            int name(const char *path, int flags, ...) { \
                va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
                if (refused(path, flags)) { errno = EROFS; return -1; } \
                return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name))(path, flags, mode); \
            }
        OPEN(open) OPEN(open64)
        #define OPENAT(name) \
            int name(int fd, const char *path, int flags, ...) { \
                va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
                if (refused(path, flags)) { errno = EROFS; return -1; } \
                return ((int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, #name))(fd, path, flags, mode); \
            }
        OPENAT(openat) OPENAT(openat64)
        int access(const char *path, int mode) {
            if (lacks("writing") && mode & W_OK) { errno = EROFS; return -1; }
            const char *end = getenv("AIMHARDER_TEST_LACKS");
            size_t skip = end && *end != 0 && strlen(path) > strlen(end) ? strlen(path) - strlen(end) : 0;
            if (skip && mode & W_OK && !strcmp(path + skip, end)) { errno = EACCES; return -1; }
            return ((int (*)(const char *, int))dlsym(RTLD_NEXT, "access"))(path, mode);
        }
        "#,
    )
}

/// Runs a command where the file system lacks `what`.
fn without(what: &str, home: &Home, args: &str) -> Run {
    home.run(args)
        .env("LD_PRELOAD", poor_file_system(home))
        .env("AIMHARDER_TEST_LACKS", what)
}

#[test]
fn missing_locks_are_named_at_once() {
    let (_sandbox, home) = logged_in();
    for args in ["sessions", "bookings", "refresh"] {
        let run = without("locks", &home, args);
        let ended = run.fails(1, &["has no working locks", "--store"]);
        assert!(ended.took < Duration::from_millis(900), "{ended:?}");
    }
}

#[test]
fn missing_shared_memory_is_named() {
    let (_sandbox, home) = logged_in();
    for args in ["sessions", "bookings"] {
        without("memory", &home, args).fails(1, &["has no shared memory", "--store"]);
    }
}

#[test]
fn a_read_only_file_system_still_allows_listings() {
    let (_sandbox, home) = logged_in();
    let sessions = home.run("sessions --json").json();
    let read_only = without("writing", &home, "sessions --json").json();
    assert_eq!(
        read_only["sessions"].as_array().unwrap().len(),
        sessions["sessions"].as_array().unwrap().len()
    );
    let boxes = without("writing", &home, "boxes --json").json();
    assert_eq!(boxes["boxes"][0]["box"], "crossfitdemo");
    let status = without("writing", &home, "status --offline --json").json();
    assert_eq!(status["store"]["usable"], true, "{status}");
    let problem = &status["problems"][0];
    assert_eq!(problem["code"], "store_read_only", "{status}");
    assert_eq!(problem["kind"], "internal");
    for args in ["sessions prune", "boxes set crossfitdemo --opens 4d"] {
        without("writing", &home, args)
            .any_stderr()
            .status(1)
            .done();
    }
}

/// As after a disk fault that made the kernel mount the file system read-only.
#[test]
fn a_store_on_a_read_only_file_system_can_be_copied() {
    let (_sandbox, home) = logged_in();
    let copy = home.path().join("copy.db");
    without("writing", &home, "store backup")
        .arg(&copy)
        .succeeds();
    let sessions = home.run("sessions --json --store").arg(&copy).json();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2);
    without("writing", &home, "store decrypt --forget-logins").fails(1, &["read-only"]);
}

/// With any of them read-only, no token is updated.
#[test]
fn a_read_only_file_beside_the_store_is_a_problem_of_status() {
    let (_sandbox, home) = logged_in();
    home.run("refresh --force").succeeds();
    let _open = home.db();
    home.run("boxes set crossfitdemo --opens 4d").succeeds();
    for file in [".db", ".db-wal", ".db-shm", ".db.lock", ".db.locks"] {
        let status = without(file, &home, "status --offline --json").json();
        let problem = &status["problems"][0];
        assert_eq!(problem["code"], "store_read_only", "{file}: {status}");
        let message = problem["message"].as_str().unwrap();
        assert!(
            message.ends_with(&format!("{file}: permission denied")),
            "{message}"
        );
    }
}

/// A change of the migrated copy in memory would be lost.
#[test]
fn an_older_store_on_a_read_only_file_system_is_not_changed() {
    let home = Home::nowhere();
    home.run("sessions").ends(0);
    for suffix in ["", "-wal", "-shm"] {
        let file = format!("{}{suffix}", home.store_path().display());
        let _ = std::fs::remove_file(file);
    }
    store_of_schema_1(&home.store_path());
    without("writing", &home, "sessions --json").succeeds();
    for args in ["set --fingerprint bg-d08dd5 --auto-refresh off", "prune"] {
        without("writing", &home, &format!("sessions {args}"))
            .fails(1, &["cannot be written", "read-only"]);
    }
}

#[test]
fn a_store_in_another_journal_mode_is_write_ahead_logged_again() {
    let (_sandbox, home) = logged_in();
    home.db()
        .execute_batch("PRAGMA journal_mode=DELETE")
        .unwrap();
    home.run("sessions").succeeds();
    assert_eq!(home.ask("PRAGMA journal_mode"), "wal");
}
