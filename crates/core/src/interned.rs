//! Names that are learnt while the program runs, as texts that live as long as it does: serde takes the names of a type's
//! fields as such.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::{ErrorKind, RpcError};

/// Bytes of names that are kept, all together. They are never given back, and a server may make up new ones each time that it
/// is asked.
const MOST: usize = 16 << 20;

/// A text that is kept costs so much beside its letters.
const EACH: usize = 48;

#[derive(Default)]
struct Kept {
    names: HashSet<&'static str>,
    lists: HashSet<&'static [&'static str]>,
    bytes: usize,
}

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

impl Kept {
    fn make_room(&mut self, bytes: usize) -> Result<(), RpcError> {
        let whole = self.bytes.saturating_add(bytes + EACH);
        if whole > MOST {
            let message = format!("the names that servers have told of take more than {} MiB", MOST >> 20);
            return Err(RpcError::new(ErrorKind::ResourceExhausted, message));
        }
        self.bytes = whole;
        Ok(())
    }
}

/// The same name for as long as the program runs; each is kept once.
pub(crate) fn name(name: &str) -> Result<&'static str, RpcError> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.names.get(name) {
        return Ok(known);
    }
    kept.make_room(name.len())?;
    let name: &'static str = Box::leak(name.into());
    kept.names.insert(name);
    Ok(name)
}

/// The same list of names for as long as the program runs.
pub(crate) fn list(names: &[&'static str]) -> Result<&'static [&'static str], RpcError> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.lists.get(names) {
        return Ok(known);
    }
    kept.make_room(size_of_val(names))?;
    let names: &'static [&'static str] = Box::leak(names.into());
    kept.lists.insert(names);
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once() {
        let (one, other) = (name("interned").unwrap(), name(&String::from("interned")).unwrap());
        assert!(std::ptr::eq(one, other));
        let (one, other) = (list(&[one]).unwrap(), list(&[other]).unwrap());
        assert!(std::ptr::eq(one, other));
    }

    #[test]
    fn names_without_end_are_refused() {
        let mut kept = Kept { bytes: MOST - 100, ..Kept::default() };
        kept.make_room(10).unwrap();
        assert_eq!(kept.make_room(10).unwrap_err().kind(), ErrorKind::ResourceExhausted);
    }
}
