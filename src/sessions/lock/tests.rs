//! Locks that are held and shared.

use super::*;

#[test]
fn alone_is_alone_and_shared_is_shared() {
    let home = tempfile::tempdir().unwrap();
    let locks = Locks::beside(&home.path().join("s.db"), "test one");
    let (account, print) = (
        "ana@example.org".parse().unwrap(),
        Fingerprint::new_device().unwrap(),
    );
    assert!(!locks.is_busy(&account, &print));
    assert!(locks.all_free());

    let held = locks.alone(&account, &print, locks.timeout()).unwrap();
    assert!(locks.is_busy(&account, &print));
    assert!(!locks.all_free());
    assert!(locks.if_free(&account, &print).unwrap().is_none());
    let limit = Duration::from_millis(20);
    let Err(Error::LockBusy { holder, waited }) = locks.shared(&account, &print, limit) else {
        panic!("the lock was given twice");
    };
    assert!(holder.starts_with("test one, process "), "{holder}");
    assert!(waited >= limit && waited < locks.timeout(), "{waited:?}");
    drop(held);

    let one = locks.shared(&account, &print, locks.timeout()).unwrap();
    let two = locks.shared(&account, &print, locks.timeout()).unwrap();
    assert!(locks.if_free(&account, &print).unwrap().is_none());
    drop((one, two));
    assert!(locks.all_free());
    assert!(locks.if_free(&account, &print).unwrap().is_some());
}
