use super::*;

fn fresh() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("state")).unwrap();
    (directory, store)
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let (directory, store) = fresh();
    store.put(Shelf::Sessions, b"one", b"1").unwrap();
    store.put(Shelf::Records, b"one", b"other shelf").unwrap();
    drop(store);
    let store = Store::open(&directory.path().join("state")).unwrap();
    assert_eq!(store.get(Shelf::Sessions, b"one").unwrap().unwrap(), b"1");
    assert_eq!(store.get(Shelf::Sessions, b"two").unwrap(), None);
}

#[test]
fn one_process_a_directory() {
    let (directory, _store) = fresh();
    let error = Store::open(&directory.path().join("state")).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
}

#[test]
fn compare_and_swap_changes_only_what_it_expected() {
    let (_directory, store) = fresh();
    let swap = |old, new| {
        store
            .compare_and_swap(Shelf::Records, b"k", old, new)
            .unwrap()
    };
    assert!(swap(None, Some(b"a")));
    assert!(!swap(None, Some(b"b")));
    assert!(swap(Some(b"a"), Some(b"c")));
    assert_eq!(store.get(Shelf::Records, b"k").unwrap().unwrap(), b"c");
}

#[test]
fn damage_is_an_error_that_names_the_record() {
    let (_directory, store) = fresh();
    store.put(Shelf::Audit, b"one", b"payload").unwrap();
    let mut framed = store.raw(Shelf::Audit, b"one");
    // A record under another key is damage too.
    store.spoil(Shelf::Audit, b"moved", &framed);
    *framed.last_mut().unwrap() ^= 1;
    store.spoil(Shelf::Audit, b"one", &framed);
    for key in [&b"one"[..], b"moved"] {
        let error = store.get(Shelf::Audit, key).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
    assert!(store.check().is_err());
}

#[test]
fn a_backup_restores_to_the_same_records() {
    let (directory, store) = fresh();
    for (shelf, count) in [(Shelf::Audit, 1_300_u32), (Shelf::Sessions, 3)] {
        let record = |n: u32| (n.to_be_bytes().to_vec(), Some(vec![7; n as usize % 90]));
        store
            .write(shelf, (0..count).map(record).collect())
            .unwrap();
    }
    let mut lines = Vec::new();
    let census = store.backup(&mut lines).unwrap();
    let copy = Store::restore(&directory.path().join("copy"), &mut &lines[..]).unwrap();
    assert_eq!(copy.check().unwrap(), census);
    let mut again = Vec::new();
    copy.backup(&mut again).unwrap();
    assert_eq!(again, lines);
}

#[test]
fn a_cut_backup_is_refused() {
    let (directory, store) = fresh();
    store.put(Shelf::Records, b"one", b"1").unwrap();
    let mut lines = Vec::new();
    store.backup(&mut lines).unwrap();
    let text = String::from_utf8(lines).unwrap();
    let cut: String = text
        .lines()
        .take(2)
        .map(|line| format!("{line}\n"))
        .collect();
    let target = directory.path().join("copy");
    let error = Store::restore(&target, &mut cut.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("cut"), "{error}");
    // Nothing of it is there, and a whole one can follow.
    let missing = Store::open_existing(&target).unwrap_err();
    assert!(matches!(missing, StoreError::Missing { .. }), "{missing}");
    Store::restore(&target, &mut text.as_bytes()).unwrap();
}

#[test]
fn a_changed_backup_is_refused() {
    let (directory, store) = fresh();
    store.put(Shelf::Records, b"one", b"1").unwrap();
    let mut lines = Vec::new();
    store.backup(&mut lines).unwrap();
    let text = String::from_utf8(lines).unwrap();
    // Another value of the same length.
    let changed = text.replace("\"MQ==\"", "\"Mg==\"");
    assert_ne!(changed, text);
    let target = directory.path().join("copy");
    let error = Store::restore(&target, &mut changed.as_bytes()).unwrap_err();
    assert!(
        matches!(&error, StoreError::Backup { line: 3, .. }),
        "{error}"
    );
}

#[test]
fn a_restore_leaves_a_store_alone_that_is_there() {
    let (directory, store) = fresh();
    let mut lines = Vec::new();
    store.backup(&mut lines).unwrap();
    drop(store);
    let there = directory.path().join("state");
    let error = Store::restore(&there, &mut &lines[..]).unwrap_err();
    assert!(matches!(error, StoreError::NotEmpty { .. }), "{error}");
}
