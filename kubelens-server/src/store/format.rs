//! The format of the whole store, and the way from older ones to this one.

use super::{Db, StoreError};

/// The format that this version writes.
pub(super) const FORMAT: u32 = 1;

const TREE: &str = "format";
const KEY: &[u8] = b"version";

/// A step from format N to N + 1; it must be harmless when it is run again after a crash.
type Migration = fn(&Db) -> Result<(), StoreError>;

/// The steps, the first one from format 1 to 2.
const MIGRATIONS: &[Migration] = &[];

/// Writes the format of a new store; migrates an older one; refuses a newer one.
pub(super) fn settle(db: &Db) -> Result<(), StoreError> {
    settle_with(db, FORMAT, MIGRATIONS)
}

fn settle_with(db: &Db, known: u32, migrations: &[Migration]) -> Result<(), StoreError> {
    let tree = db.open_tree(TREE).map_err(StoreError::Read)?;
    let write = |version: u32| {
        tree.insert(KEY, version.to_be_bytes().to_vec())
            .map_err(StoreError::Write)?;
        tree.flush().map_err(StoreError::Write)?;
        Ok(())
    };
    let Some(found) = tree.get(KEY).map_err(StoreError::Read)? else {
        return write(known);
    };
    let found = <[u8; 4]>::try_from(&*found).map_or(u32::MAX, u32::from_be_bytes);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    let done = usize::try_from(found.saturating_sub(1)).unwrap_or(usize::MAX);
    for (version, migrate) in (found + 1..).zip(migrations.iter().skip(done)) {
        migrate(db)?;
        db.flush().map_err(StoreError::Write)?;
        write(version)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> (tempfile::TempDir, Db) {
        let directory = tempfile::tempdir().unwrap();
        let db = sled::Config::new().path(directory.path()).open().unwrap();
        (directory, db)
    }

    #[test]
    fn an_older_store_is_migrated_step_by_step_and_only_once() {
        let step: Migration = |db| {
            let tree = db.open_tree("steps").map_err(StoreError::Read)?;
            let n = tree.len() as u64;
            tree.insert(n.to_be_bytes(), b"done")
                .map_err(StoreError::Write)?;
            Ok(())
        };
        let (_directory, db) = fresh();
        settle_with(&db, 1, &[]).unwrap();
        settle_with(&db, 3, &[step, step]).unwrap();
        settle_with(&db, 3, &[step, step]).unwrap();
        assert_eq!(db.open_tree("steps").unwrap().len(), 2);
    }

    #[test]
    fn a_newer_store_is_refused() {
        let (_directory, db) = fresh();
        settle_with(&db, 7, &[]).unwrap();
        let error = settle_with(&db, 1, &[]).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 7, known: 1 }));
    }
}
