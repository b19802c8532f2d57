//! No image of this program's memory on the disk: a core dump would hold keys and patients.
//! Not here: what other systems' error reports are told by policy.
use std::io;

/// Forbids the system to write this program's memory into a file when it crashes, and other programs of the same user to
/// read it. To be called first of all; children that are started later decide for themselves.
///
/// | Linux | other Unix | Windows |
/// |---|---|---|
/// | `RLIMIT_CORE` 0, and not dumpable: neither a file nor a dump handler, no debugger | `RLIMIT_CORE` 0 | no error report dialog; dumps are off by the policy of Windows Error Reporting |
///
/// # Errors
/// What the system says; the program may go on, and should say so.
pub fn forbid_core_dumps() -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    }
    // A handler that the kernel pipes dumps to does not ask for the limit.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    #[cfg(windows)]
    crate::sys::no_error_report();
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn after_the_call_no_core_is_dumped_and_nobody_may_look() {
        forbid_core_dumps().unwrap();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        forbid_core_dumps().unwrap();
    }
}
