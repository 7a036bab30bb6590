//! What the machine says: memory of a process, and how fast its disk commits.

use std::{fs, io::Write, path::Path, time::Duration};

use serde::Serialize;
use tokio::time::Instant;

/// How much memory a process holds, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Memory {
    pub pid: u32,
    /// Resident now.
    pub resident: u64,
    /// The most that ever was.
    pub peak: u64,
}

impl Memory {
    /// Of a process on this machine; none where there is no /proc.
    pub fn of(pid: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        Some(Self { pid, resident: kilobytes(&status, "VmRSS:")?, peak: kilobytes(&status, "VmHWM:")? })
    }
}

fn kilobytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok().map(|kilobytes: u64| kilobytes * 1_024)
}

/// How many times a second a page can be written and forced to the disk behind `folder`, one after
/// the other: what bids would cost if each had a commit of its own.
pub async fn syncs_per_second(folder: &Path, lasting: Duration) -> anyhow::Result<f64> {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut file = tempfile::tempfile_in(folder)?;
        let began = Instant::now();
        let mut syncs = 0_u32;
        while began.elapsed() < lasting {
            file.write_all(&[0x5a; 4_096])?;
            file.sync_data()?;
            syncs += 1;
        }
        Ok(f64::from(syncs) / began.elapsed().as_secs_f64())
    })
    .await?
}

/// Lets this process have as many sockets as it may.
#[cfg(unix)]
pub fn allow_many_sockets() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        // Where it is not allowed, connecting will say so in time.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}

#[cfg(not(unix))]
pub fn allow_many_sockets() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_counts_in_kilobytes() {
        let status = "Name:\tblytz\nVmHWM:\t   20480 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(kilobytes(status, "VmRSS:"), Some(1_048_576));
        assert_eq!(kilobytes(status, "VmHWM:"), Some(20_971_520));
        assert_eq!(kilobytes(status, "VmSwap:"), None);
    }
}
