//! Two network namespaces, and somebody who removes them whatever becomes of this process.

use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tun_rs::{DeviceBuilder, SyncDevice};

use crate::MTU_BYTES;
use crate::wan::{Side, WanError};

/// The name of the device in either namespace.
const DEVICE: &str = "wan";
/// Packets that may wait in the kernel until we read them, so that it drops none of its own.
const DEVICE_QUEUE: &str = "20000";
/// Waits until its input ends, which it does when this process ends, however it ends. Then it ends what still runs in the
/// namespaces and removes them.
const JANITOR: &str = "read _ || true
for name in \"$@\"; do
    ip netns pids \"$name\" 2>/dev/null | xargs -r kill -KILL 2>/dev/null
    ip netns del \"$name\" 2>/dev/null
done";

/// Namespaces made so far by this process.
static MADE: AtomicU64 = AtomicU64::new(0);

/// The two namespaces. Dropped, they are gone, with every process in them.
pub(crate) struct Namespaces {
    names: [String; 2],
    janitor: Child,
}

/// The address of a side. Namespaces do not meet, so each pair may have the same two.
pub(crate) fn address(side: Side) -> Ipv4Addr {
    match side {
        Side::Left => Ipv4Addr::new(10, 77, 0, 1),
        Side::Right => Ipv4Addr::new(10, 77, 0, 2),
    }
}

fn place(name: &str) -> PathBuf {
    Path::new("/run/netns").join(name)
}

/// Whether this machine and this user can have them.
pub(crate) fn available() -> Result<(), WanError> {
    let missing = |reason: &str| Err(WanError::Unavailable { reason: reason.to_owned() });
    if !rustix::process::geteuid().is_root() {
        return missing("only root can make network namespaces");
    }
    if let Err(error) = File::options().read(true).write(true).open("/dev/net/tun") {
        return missing(&format!("`/dev/net/tun` cannot be opened: {error}"));
    }
    for program in ["ip", "xargs", "sh"] {
        let found = std::env::var_os("PATH").is_some_and(|path| {
            std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
        });
        if !found {
            return missing(&format!("no `{program}` on this machine"));
        }
    }
    Ok(())
}

/// Runs `ip`, which must succeed.
fn ip(words: &[&str]) -> Result<(), WanError> {
    let doing = || format!("ip {}", words.join(" "));
    let output = Command::new("ip")
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| WanError::Failed { doing: doing(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    // Root without the right to do it, as in many containers.
    if said.contains("Operation not permitted") || said.contains("Permission denied") {
        return Err(WanError::Unavailable { reason: format!("`{}`: {said}", doing()) });
    }
    Err(WanError::Failed { doing: doing(), source: io::Error::other(said) })
}

impl Namespaces {
    /// Makes two, with nothing in them.
    pub fn make() -> Result<Namespaces, WanError> {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = |side| format!("wan-{}-{number}-{side}", std::process::id());
        let names = [name("left"), name("right")];
        // Before there is anything to remove, and out of reach of a terminal's Ctrl-C.
        let janitor = Command::new("sh")
            .args(["-c", JANITOR, "janitor"])
            .args(&names)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|source| WanError::Failed { doing: "start a janitor".to_owned(), source })?;
        let made = Namespaces { names, janitor };
        for name in &made.names {
            ip(&["netns", "add", name])?;
        }
        Ok(made)
    }

    pub fn name(&self, side: Side) -> &str {
        match side {
            Side::Left => &self.names[0],
            Side::Right => &self.names[1],
        }
    }

    /// Makes the device of a side. It exists until it is dropped.
    pub fn device(&self, side: Side) -> Result<SyncDevice, WanError> {
        let name = self.name(side);
        let device = self
            .inside(side, || -> io::Result<SyncDevice> {
                // Neighbour discovery would send packets of its own. A kernel without IPv6 has no such file.
                let _ = std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
                let device = DeviceBuilder::new().name(DEVICE).build_sync()?;
                device.set_nonblocking(true)?;
                Ok(device)
            })?
            .map_err(|source| match source.kind() {
                io::ErrorKind::PermissionDenied => {
                    WanError::Unavailable { reason: format!("no device may be made: {source}") }
                }
                _ => WanError::Failed { doing: format!("make a device in `{name}`"), source },
            })?;
        let other = match side {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        };
        let (mtu, here, there) =
            (MTU_BYTES.to_string(), address(side).to_string(), address(other).to_string());
        ip(&["-n", name, "link", "set", "lo", "up"])?;
        let queue = ["mtu", &mtu, "txqueuelen", DEVICE_QUEUE, "up"];
        ip(&[&["-n", name, "link", "set", DEVICE][..], &queue].concat())?;
        ip(&["-n", name, "address", "add", &here, "peer", &there, "dev", DEVICE])?;
        Ok(device)
    }

    /// Does something on a thread of its own that is in the namespace of a side.
    pub fn inside<T: Send>(
        &self,
        side: Side,
        act: impl FnOnce() -> T + Send,
    ) -> Result<T, WanError> {
        let name = self.name(side);
        let enter = || -> io::Result<()> {
            let file = File::open(place(name))?;
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
            Ok(())
        };
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| enter().map(|()| act()));
            let done = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            done.map_err(|source| WanError::Failed { doing: format!("enter `{name}`"), source })
        })
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take());
        // Nobody can be told if it is gone.
        let _ = self.janitor.wait();
    }
}
