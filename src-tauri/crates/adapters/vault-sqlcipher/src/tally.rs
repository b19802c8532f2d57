//! What the rows that a connection wrote since its last commit change in the digests: counted in memory, written once.
//! Not here: the table of the digests and when it is settled (`tables::digest`), and the keys (`keyed`).
//!
//! A transaction that would end without having settled is undone by the commit hook, so no digest can be forgotten.
use crate::fault::Fault;
use crate::tables::by_hand;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::hooks::Action;
use rusqlite::types::{Null, ValueRef};
use rusqlite::{Connection, Error};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is not yet in the table of the digests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    pending: BTreeMap<String, Pending>,
    /// How many digests of new and of old rows the tables that are counted by hand still owe, each less what it counted.
    owed: BTreeMap<&'static str, (i64, i64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Pending {
    rows: i64,
    sum: [u8; 32],
}

impl Tally {
    /// The tally of a connection, empty, and the SQL functions that settle it: `digest_touched(name)`,
    /// `digest_rows(name, rows)`, `digest_sum(name, sum)`, `digest_settled()` and `digest_forgotten()`.
    pub(crate) fn of(db: &Connection) -> Result<Self, Fault> {
        let tally = Self::default();
        let flags = FunctionFlags::SQLITE_UTF8;
        let one = tally.clone();
        db.create_scalar_function("digest_touched", 1, flags, move |values| {
            Ok(one.open().pending.contains_key(text(values)?))
        })?;
        let one = tally.clone();
        db.create_scalar_function("digest_rows", 2, flags, move |values| {
            Ok(number(values)?.wrapping_add(one.get(text(values)?).rows))
        })?;
        let one = tally.clone();
        db.create_scalar_function("digest_sum", 2, flags, move |values| {
            let sum = values.get_raw(1).as_blob().ok().and_then(|blob| blob.try_into().ok());
            Ok(add(sum.ok_or_else(|| expected("a digest of 32 octets"))?, one.get(text(values)?).sum))
        })?;
        let one = tally.clone();
        db.create_scalar_function("digest_settled", 0, flags, move |_| one.open().settled())?;
        let one = tally.clone();
        db.create_scalar_function("digest_forgotten", 0, flags, move |_| {
            *one.open() = Open::default();
            Ok(Null)
        })?;
        Ok(tally)
    }

    /// Lets no transaction end that has not settled or changed a row that nobody counted, and forgets what is rolled
    /// back.
    pub(crate) fn guard(&self, db: &mut Connection) -> Result<(), Fault> {
        let (at_change, at_commit, at_rollback) = (self.clone(), self.clone(), self.clone());
        db.update_hook(Some(move |action, _: &str, table: &str, _| at_change.open().changed(action, table)))?;
        db.commit_hook(Some(move || !at_commit.open().is_settled()))?;
        db.rollback_hook(Some(move || *at_rollback.open() = Open::default()))?;
        Ok(())
    }

    pub(crate) fn count_in(&self, table: &str, digest: &[u8; 32]) {
        let mut open = self.open();
        open.change(table, |pending| {
            pending.rows += 1;
            pending.sum = add(pending.sum, *digest);
        });
        open.owe(table, -1, 0);
    }

    pub(crate) fn count_out(&self, table: &str, digest: &[u8; 32]) {
        let mut open = self.open();
        open.change(table, |pending| {
            pending.rows -= 1;
            pending.sum = subtract(pending.sum, *digest);
        });
        open.owe(table, 0, -1);
    }

    fn get(&self, table: &str) -> Pending {
        self.open().pending.get(table).copied().unwrap_or_default()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn change(&mut self, table: &str, change: impl FnOnce(&mut Pending)) {
        match self.pending.get_mut(table) {
            Some(pending) => change(pending),
            None => change(self.pending.entry(table.to_owned()).or_default()),
        }
    }

    fn changed(&mut self, action: Action, table: &str) {
        match action {
            Action::SQLITE_INSERT => self.owe(table, 1, 0),
            Action::SQLITE_DELETE => self.owe(table, 0, 1),
            // An update; of a kind that is not known, it is told as not counted.
            _ => self.owe(table, 1, 1),
        }
    }

    fn owe(&mut self, table: &str, new: i64, old: i64) {
        let Some(table) = by_hand::ALL.iter().find(|one| one.name == table) else { return };
        let owed = self.owed.entry(table.name).or_default();
        *owed = (owed.0 + new, owed.1 + old);
    }

    fn settled(&mut self) -> Result<Null, Error> {
        match self.owed.iter().find(|(_, owed)| **owed != (0, 0)) {
            None => {
                *self = Self::default();
                Ok(Null)
            }
            Some((table, (new, old))) => {
                let told = format!("rows of {table} were changed that were not counted: {new} new, {old} old");
                Err(Error::UserFunctionError(told.into()))
            }
        }
    }

    fn is_settled(&self) -> bool {
        self.pending.is_empty() && self.owed.values().all(|owed| *owed == (0, 0))
    }
}

/// The sum of two 256-bit numbers, the overflow left out.
pub(crate) fn add(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let (mut sum, mut carry) = ([0; 32], 0);
    for i in (0..32).rev() {
        let all = u16::from(a[i]) + u16::from(b[i]) + carry;
        sum[i] = (all & 0xff) as u8;
        carry = all >> 8;
    }
    sum
}

fn subtract(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let one = std::array::from_fn(|i| u8::from(i == 31));
    add(a, add(b.map(|octet| !octet), one))
}

fn text<'a>(values: &'a Context<'_>) -> Result<&'a str, Error> {
    values.get_raw(0).as_str().map_err(|_| expected("the name of a table"))
}

fn number(values: &Context<'_>) -> Result<i64, Error> {
    match values.get_raw(1) {
        ValueRef::Integer(number) => Ok(number),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => Err(expected("a number of rows")),
    }
}

fn expected(what: &str) -> Error {
    Error::UserFunctionError(format!("expected {what}").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_added_can_be_taken_away_in_any_order(a: [u8; 32], b: [u8; 32], c: [u8; 32]) {
            prop_assert_eq!(subtract(add(add(a, b), c), b), add(a, c));
            prop_assert_eq!(add(a, b), add(b, a));
        }
    }
}
