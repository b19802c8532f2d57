//! A file system under SQLite that fails, alters or records on command: it stands in front of the system's own one (VFS,
//! sqlite.org/vfs.html) and is the default of the whole process. Not here: what a vault must do then.
//!
//! One test at a time may use it: its orders are for every file of the process.
#![allow(unsafe_code, reason = "SQLite knows a file system as a table of C functions")]
use rusqlite::ffi;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::{offset_of, size_of};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

/// What a call asks of the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    Open,
    Delete,
    Access,
    Read,
    Write,
    Truncate,
    Sync,
    Size,
    Memory,
}

/// What shall happen to the calls whose numbers, counted from 1, lie in a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// They fail.
    Fails { first: u64, last: u64 },
    /// What was read has one other bit. Only reads are counted.
    Alters { first: u64, last: u64 },
}

/// A change of a file, in the order in which they came.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Write {
        file: PathBuf,
        offset: u64,
        octets: Vec<u8>,
    },
    Truncate {
        file: PathBuf,
        size: u64,
    },
    Sync {
        file: PathBuf,
    },
    Delete {
        file: PathBuf,
    },
    /// What the test said in between.
    Mark(u64),
}

struct Orders {
    calls: u64,
    fault: Option<Fault>,
    struck: Option<Call>,
    tape: Option<Vec<Deed>>,
    sync_takes: Duration,
}

static ORDERS: Mutex<Orders> =
    Mutex::new(Orders { calls: 0, fault: None, struck: None, tape: None, sync_takes: Duration::ZERO });

fn orders() -> MutexGuard<'static, Orders> {
    ORDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to count calls; `fault` strikes until `obey` is called again.
pub(crate) fn obey(fault: Option<Fault>) {
    let mut orders = orders();
    (orders.calls, orders.fault, orders.struck) = (0, fault, None);
}

/// How many calls came since `obey`, and which was the first that the fault struck.
pub(crate) fn seen() -> (u64, Option<Call>) {
    let orders = orders();
    (orders.calls, orders.struck)
}

/// Each sync takes so much longer from now on, as on another disk.
pub(crate) fn sync_takes(time: Duration) {
    orders().sync_takes = time;
}

/// Begins to record changes.
pub(crate) fn record() {
    orders().tape = Some(Vec::new());
}

/// Puts a word of the test between the changes.
pub(crate) fn mark(number: u64) {
    keep(|| Deed::Mark(number));
}

/// Ends the recording.
pub(crate) fn recorded() -> Vec<Deed> {
    orders().tape.take().unwrap_or_default()
}

fn keep(deed: impl FnOnce() -> Deed) {
    if let Some(tape) = &mut orders().tape {
        tape.push(deed());
    }
}

/// Whether this call is struck.
fn strikes(call: Call) -> bool {
    let mut orders = orders();
    let (first, last) = match orders.fault {
        Some(Fault::Alters { .. }) => return false,
        Some(Fault::Fails { first, last }) => (first, last),
        None => (0, 0),
    };
    orders.calls += 1;
    let struck = (first..=last).contains(&orders.calls);
    if struck {
        orders.struck.get_or_insert(call);
    }
    struck
}

fn alters() -> bool {
    let mut orders = orders();
    let Some(Fault::Alters { first, last }) = orders.fault else { return false };
    orders.calls += 1;
    let struck = (first..=last).contains(&orders.calls);
    if struck {
        orders.struck.get_or_insert(Call::Read);
    }
    struck
}

/// The system's own file system, found once.
static mut SYSTEM: *mut ffi::sqlite3_vfs = std::ptr::null_mut();

/// Stands in front of the system's file system from now on.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // As in use, the library's first start is the vault's own, done alone and before: its memory is then as it says.
        let first = std::thread::spawn(|| {
            let folder = tempfile::tempdir().unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(crate::support::new_vault(folder.path()));
        });
        first.join().unwrap();
        // SAFETY: `sqlite3_vfs_find(NULL)` gives the default, which lives as long as the process. The copy is leaked, so it
        // lives as long. Its functions that stay as they are use of their first argument only `pAppData` and `mxPathname`,
        // which are copied. `SYSTEM` is written once, before any other thread can come through the copy.
        let result = unsafe {
            SYSTEM = ffi::sqlite3_vfs_find(std::ptr::null());
            let mut front = *SYSTEM;
            front.zName = c"front".as_ptr();
            front.pNext = std::ptr::null_mut();
            front.szOsFile += c_int::try_from(size_of::<Front>()).unwrap();
            front.xOpen = Some(open);
            front.xDelete = Some(delete);
            front.xAccess = Some(access);
            ffi::sqlite3_vfs_register(Box::leak(Box::new(front)), 1)
        };
        assert_eq!(result, ffi::SQLITE_OK);
    });
}

/// What SQLite holds of an open file: ours, and behind it the system's.
#[repr(C)]
struct Front {
    base: ffi::sqlite3_file,
    name: *mut PathBuf,
    inner: [u64; 0],
}

/// No `xFetch`: mapped memory would go around us.
static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(is_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(map_memory),
    xShmLock: Some(lock_memory),
    xShmBarrier: Some(barrier),
    xShmUnmap: Some(unmap_memory),
    xFetch: None,
    xUnfetch: None,
};

/// The system's file behind ours.
///
/// # Safety
/// `file` was opened by `open`.
unsafe fn inner(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: SQLite gives `szOsFile` octets to a file, which are ours and then the system's.
    unsafe { file.cast::<u8>().add(offset_of!(Front, inner)).cast() }
}

/// # Safety
/// `file` was opened by `open` and is not closed.
unsafe fn name(file: *mut ffi::sqlite3_file) -> PathBuf {
    // SAFETY: `open` put a box there, `close` alone takes it away.
    unsafe { (*(*file.cast::<Front>()).name).clone() }
}

/// Calls the method of the system's file behind ours.
macro_rules! pass {
    ($file:ident . $method:ident ( $($argument:expr),* )) => {{
        // SAFETY: SQLite calls methods only of a file that `open` opened, with arguments that are valid for its table; the
        // system's file has the same table, of version 2 or later, so that every method is there.
        unsafe {
            let inner = inner($file);
            (*(*inner).pMethods).$method.unwrap_unchecked()(inner $(, $argument)*)
        }
    }};
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives room for `szOsFile` octets and a path that ends with 0, or none for a file of no name.
    // `pMethods` stays null unless the file is open: then SQLite calls nothing of it, `xClose` neither.
    unsafe {
        (*file).pMethods = std::ptr::null();
        if strikes(Call::Open) {
            return ffi::SQLITE_CANTOPEN;
        }
        let result = (*SYSTEM).xOpen.unwrap_unchecked()(SYSTEM, path, inner(file), flags, flags_out);
        if result == ffi::SQLITE_OK {
            let path = if path.is_null() { PathBuf::new() } else { path_of(path) };
            (*file.cast::<Front>()).name = Box::into_raw(Box::new(path));
            (*file).pMethods = &raw const METHODS;
        } else if !(*inner(file)).pMethods.is_null() {
            // Opened in part: the system's file is to be closed all the same, and SQLite sees only ours.
            (*(*inner(file)).pMethods).xClose.unwrap_unchecked()(inner(file));
        }
        result
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, path: *const c_char, sync_folder: c_int) -> c_int {
    if strikes(Call::Delete) {
        return ffi::SQLITE_IOERR_DELETE;
    }
    // SAFETY: SQLite gives a path that ends with 0; `SYSTEM` was set before we were registered.
    unsafe {
        keep(|| Deed::Delete { file: path_of(path) });
        (*SYSTEM).xDelete.unwrap_unchecked()(SYSTEM, path, sync_folder)
    }
}

unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, path: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    if strikes(Call::Access) {
        return ffi::SQLITE_IOERR_ACCESS;
    }
    // SAFETY: as for `delete`; `out` is where SQLite wants the answer.
    unsafe { (*SYSTEM).xAccess.unwrap_unchecked()(SYSTEM, path, flags, out) }
}

/// # Safety
/// `path` ends with 0.
unsafe fn path_of(path: *const c_char) -> PathBuf {
    // SAFETY: what the caller promises.
    unsafe { CStr::from_ptr(path) }.to_string_lossy().into_owned().into()
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let result = pass!(file.xClose());
    // SAFETY: `open` made the box; SQLite closes a file once.
    drop(unsafe { Box::from_raw((*file.cast::<Front>()).name) });
    result
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, to: *mut c_void, count: c_int, offset: i64) -> c_int {
    if strikes(Call::Read) {
        return ffi::SQLITE_IOERR_READ;
    }
    let result = pass!(file.xRead(to, count, offset));
    if count > 0 && alters() {
        // SAFETY: SQLite gives room for `count` octets, and the read has filled it.
        unsafe { *to.cast::<u8>().add(usize::try_from(count).unwrap_or(0) / 2) ^= 0x10 };
    }
    result
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, count: c_int, offset: i64) -> c_int {
    if strikes(Call::Write) {
        return ffi::SQLITE_IOERR_WRITE;
    }
    keep(|| {
        // SAFETY: SQLite gives `count` octets to write to a file that `open` opened.
        let (octets, file) =
            unsafe { (std::slice::from_raw_parts(from.cast::<u8>(), usize::try_from(count).unwrap_or(0)), name(file)) };
        Deed::Write { file, offset: u64::try_from(offset).unwrap_or(0), octets: octets.to_vec() }
    });
    pass!(file.xWrite(from, count, offset))
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    if strikes(Call::Truncate) {
        return ffi::SQLITE_IOERR_TRUNCATE;
    }
    // SAFETY: `open` opened the file.
    keep(|| Deed::Truncate { file: unsafe { name(file) }, size: u64::try_from(size).unwrap_or(0) });
    pass!(file.xTruncate(size))
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    if strikes(Call::Sync) {
        return ffi::SQLITE_IOERR_FSYNC;
    }
    // SAFETY: `open` opened the file.
    keep(|| Deed::Sync { file: unsafe { name(file) } });
    let longer = orders().sync_takes;
    if !longer.is_zero() {
        std::thread::sleep(longer);
    }
    pass!(file.xSync(flags))
}

unsafe extern "C" fn size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    if strikes(Call::Size) {
        return ffi::SQLITE_IOERR_FSTAT;
    }
    pass!(file.xFileSize(out))
}

unsafe extern "C" fn map_memory(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    if strikes(Call::Memory) {
        return ffi::SQLITE_IOERR_SHMMAP;
    }
    pass!(file.xShmMap(page, size, extend, out))
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file.xLock(level))
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file.xUnlock(level))
}

unsafe extern "C" fn is_reserved(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    pass!(file.xCheckReservedLock(out))
}

unsafe extern "C" fn control(file: *mut ffi::sqlite3_file, operation: c_int, argument: *mut c_void) -> c_int {
    pass!(file.xFileControl(operation, argument))
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file.xSectorSize())
}

unsafe extern "C" fn characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file.xDeviceCharacteristics())
}

unsafe extern "C" fn lock_memory(file: *mut ffi::sqlite3_file, offset: c_int, count: c_int, flags: c_int) -> c_int {
    pass!(file.xShmLock(offset, count, flags))
}

unsafe extern "C" fn barrier(file: *mut ffi::sqlite3_file) {
    pass!(file.xShmBarrier())
}

unsafe extern "C" fn unmap_memory(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    pass!(file.xShmUnmap(delete))
}
