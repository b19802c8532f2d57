//! SQLite's memory: what it gives back is overwritten first, so that a closed vault leaves no page of the record behind.
//! Not here: keys, which SQLCipher keeps in a heap of its own that it locks and overwrites (`sqlcipher_malloc`).
//!
//! `PRAGMA cipher_memory_security` does the same and locks each piece as well (`mlock`), one call for every allocation.
//! Locks of pages do not nest: giving a piece back unlocks its whole page with all neighbours, those of the heap with the
//! keys among them. Decision record 0018.
#![allow(unsafe_code, reason = "SQLite knows an allocator as a table of C functions")]
use rusqlite::ffi;
use std::alloc::{Layout, alloc, dealloc};
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::slice;
use std::sync::OnceLock;

/// In front of every piece lies its size.
const FRONT: usize = 16;

/// Whether SQLite's memory is ours, asked for before the first opening of the process. It is not when somebody else started
/// SQLite before: then SQLCipher has to overwrite it.
pub(crate) fn memory_is_overwritten() -> bool {
    static SET: OnceLock<bool> = OnceLock::new();
    let methods = ffi::sqlite3_mem_methods {
        xMalloc: Some(allocate),
        xFree: Some(give_back),
        xRealloc: Some(allocate_anew),
        xSize: Some(size),
        xRoundup: Some(rounded_up),
        xInit: Some(begin),
        xShutdown: Some(end),
        pAppData: null_mut(),
    };
    // SAFETY: SQLite copies the table. It refuses (SQLITE_MISUSE) once it was started; two threads do not come here at once.
    *SET.get_or_init(|| unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const methods) == ffi::SQLITE_OK })
}

/// The layout of a piece with its front; `None` for a size that is no size.
fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(FRONT)?, FRONT).ok()
}

unsafe extern "C" fn allocate(size: c_int) -> *mut c_void {
    let Some((size, layout)) = usize::try_from(size).ok().and_then(|size| Some((size, layout(size)?))) else {
        return null_mut();
    };
    // SAFETY: the layout is never empty. The front has room for a size and its alignment; a null is passed on.
    unsafe {
        let front = alloc(layout);
        if front.is_null() {
            return null_mut();
        }
        front.cast::<usize>().write(size);
        front.add(FRONT).cast()
    }
}

/// Where a piece begins with its front, and its size.
///
/// # Safety
/// `allocate` gave `piece`, and it was not given back.
unsafe fn front_of(piece: *mut c_void) -> (*mut u8, usize) {
    // SAFETY: so `FRONT` octets lie before it, which begin with its size.
    unsafe {
        let front = piece.cast::<u8>().sub(FRONT);
        (front, front.cast::<usize>().read())
    }
}

unsafe extern "C" fn give_back(piece: *mut c_void) {
    if piece.is_null() {
        return;
    }
    // SAFETY: SQLite gives back what `allocate` gave, once. What is written there has the barrier as a reader, so that it is
    // not left out as useless.
    unsafe {
        let (front, size) = front_of(piece);
        let octets = piece.cast::<u8>();
        octets.write_bytes(0, size);
        zeroize::optimization_barrier(slice::from_raw_parts(octets, size));
        if let Some(layout) = layout(size) {
            dealloc(front, layout);
        }
    }
}

unsafe extern "C" fn allocate_anew(piece: *mut c_void, size: c_int) -> *mut c_void {
    // SAFETY: SQLite calls this with what `allocate` gave; both pieces have room for the smaller size.
    unsafe {
        let new = allocate(size);
        if !new.is_null() && !piece.is_null() {
            let both = front_of(piece).1.min(front_of(new).1);
            new.cast::<u8>().copy_from_nonoverlapping(piece.cast(), both);
            give_back(piece);
        }
        new
    }
}

unsafe extern "C" fn size(piece: *mut c_void) -> c_int {
    if piece.is_null() {
        return 0;
    }
    // SAFETY: SQLite asks of what `allocate` gave.
    c_int::try_from(unsafe { front_of(piece) }.1).unwrap_or(c_int::MAX)
}

unsafe extern "C" fn rounded_up(size: c_int) -> c_int {
    size.checked_add(7).map_or(size, |size| size & !7)
}

unsafe extern "C" fn begin(_: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn end(_: *mut c_void) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_keeps_its_octets_when_it_grows_or_shrinks() {
        // SAFETY: as SQLite would call them; no piece is used after it was given back.
        unsafe {
            let piece = allocate(8);
            piece.cast::<u8>().copy_from(b"abcdefgh".as_ptr(), 8);
            let longer = allocate_anew(piece, 4000);
            assert_eq!((size(longer), slice::from_raw_parts(longer.cast::<u8>(), 8)), (4000, &b"abcdefgh"[..]));
            let shorter = allocate_anew(longer, 3);
            assert_eq!((size(shorter), slice::from_raw_parts(shorter.cast::<u8>(), 3)), (3, &b"abc"[..]));
            assert_eq!(shorter.align_offset(8), 0);
            give_back(shorter);
        }
    }

    #[test]
    fn what_is_no_size_and_what_is_no_piece_are_borne() {
        // SAFETY: null is what SQLite gives for nothing.
        unsafe {
            assert!(allocate(-1).is_null());
            assert_eq!(size(null_mut()), 0);
            give_back(null_mut());
            let first = allocate_anew(null_mut(), 24);
            assert_eq!(size(first), 24);
            give_back(first);
        }
        // SAFETY: it touches no memory.
        let rounded = [0, 1, 8, 4090, c_int::MAX].map(|size| unsafe { rounded_up(size) });
        assert_eq!(rounded, [0, 8, 8, 4096, c_int::MAX]);
    }
}
