//! What can go wrong inside, and how it is reduced to what a person can do. Messages name codes and tables, never
//! values: a value is health data. Not here: the words of the port, which are `StoreFault`'s.
use bedside_console::ports::StoreFault;
use bedside_series::SeriesError;
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// A fault of the database, of a row, or one that is final already.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// SQLite or SQLCipher.
    #[error("database")]
    Database(#[from] rusqlite::Error),
    /// A packed column.
    #[error("packed values: {0}")]
    Series(#[from] SeriesError),
    /// A stored value that this version cannot have written: which column.
    #[error("table column {0} holds an unknown value")]
    Column(&'static str),
    /// Decided where it happened.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

impl From<Fault> for StoreFault {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(fault) => fault,
            Fault::Series(error) => Self::Damaged(format!("packed values: {error}")),
            Fault::Column(column) => Self::Damaged(format!("column {column} holds an unknown value")),
            Fault::Database(error) => of_database(&error),
        }
    }
}

/// What the system says of a file, with the path left out: a user's name may be in it.
pub(crate) fn of_file(doing: &str, error: &std::io::Error) -> StoreFault {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreFault::DiskFull,
        kind => StoreFault::Io(format!("{doing}: {kind}")),
    }
}

/// The same for a commit: what a row's own values cause is that row's fault, and not one of the whole vault.
pub(crate) fn of_commit(fault: Fault) -> StoreFault {
    match fault {
        Fault::Series(error) => StoreFault::Refused(format!("packed values: {error}")),
        Fault::Database(rusqlite::Error::ToSqlConversionFailure(_) | rusqlite::Error::IntegralValueOutOfRange(..)) => {
            StoreFault::Refused("a number that no column takes".into())
        }
        other => other.into(),
    }
}

/// Whether a commit was refused for the sake of a row's own values.
pub(crate) fn is_refusal(fault: &Fault) -> bool {
    match fault {
        Fault::Series(_) | Fault::Store(StoreFault::Refused(_)) => true,
        Fault::Database(rusqlite::Error::ToSqlConversionFailure(_) | rusqlite::Error::IntegralValueOutOfRange(..)) => {
            true
        }
        Fault::Database(rusqlite::Error::SqliteFailure(failure, _)) => {
            matches!(failure.code, ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch)
        }
        Fault::Database(_) | Fault::Column(_) | Fault::Store(_) => false,
    }
}

fn of_database(error: &rusqlite::Error) -> StoreFault {
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        // A column of another type than was written, or a missing row: the file is not what this version wrote.
        return match error {
            rusqlite::Error::SqlInputError { error, .. } => {
                StoreFault::Damaged(ffi::code_to_str(error.extended_code).into())
            }
            _ => StoreFault::Damaged("a row has another shape than this version writes".into()),
        };
    };
    let said = ffi::code_to_str(failure.extended_code);
    // A full disk while the shared memory of the write-ahead log grows is reported as an input/output error.
    if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE {
        return StoreFault::DiskFull;
    }
    match failure.code {
        ErrorCode::DiskFull => StoreFault::DiskFull,
        ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => StoreFault::Damaged(said.into()),
        ErrorCode::ReadOnly => StoreFault::ReadOnly,
        ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch => {
            StoreFault::Refused(said.into())
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            StoreFault::Held { holder: "another program that keeps the database busy".into() }
        }
        _ => StoreFault::Io(format!("{said} (SQLite code {})", failure.extended_code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(code: i32) -> StoreFault {
        Fault::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some("ADEYEMI".into()))).into()
    }

    #[test]
    fn codes_become_what_a_person_can_do() {
        assert_eq!(fault(ffi::SQLITE_FULL), StoreFault::DiskFull);
        assert_eq!(fault(ffi::SQLITE_IOERR_SHMSIZE), StoreFault::DiskFull);
        assert_eq!(fault(ffi::SQLITE_READONLY), StoreFault::ReadOnly);
        assert!(matches!(fault(ffi::SQLITE_CORRUPT), StoreFault::Damaged(_)));
        assert!(matches!(fault(ffi::SQLITE_NOTADB), StoreFault::Damaged(_)));
        assert!(matches!(fault(ffi::SQLITE_BUSY), StoreFault::Held { .. }));
        assert!(matches!(fault(ffi::SQLITE_IOERR_READ), StoreFault::Io(_)));
    }

    #[test]
    fn the_database_s_own_message_is_never_repeated() {
        for code in [ffi::SQLITE_CONSTRAINT, ffi::SQLITE_CORRUPT, ffi::SQLITE_IOERR, ffi::SQLITE_ERROR] {
            assert!(!fault(code).to_string().contains("ADEYEMI"));
        }
    }
}
