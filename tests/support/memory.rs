//! How much memory a process takes, as Linux tells it; other systems tell nothing.

/// The most that a process which is still there has taken so far, in kB; `None` where nobody tells.
pub(crate) fn peak_of(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse().ok()
}
