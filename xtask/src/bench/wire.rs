//! Hosts for the two ends of a copy: network namespaces that are joined by a wire whose bytes the kernel counts.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use wan::Wan;

use crate::failure::Failure;
use crate::run;

/// What is around the payload of a TCP segment on Ethernet: frame 14, IPv4 20, TCP with timestamps 32.
const ETHERNET_HEADERS: u64 = 66;
/// The same without a frame: packets of the emulated wide area network.
const IP_HEADERS: u64 = 52;

/// One host: a network namespace with one device and one address.
#[derive(Clone, Debug)]
pub struct Side {
    /// As `ip netns` names it.
    pub namespace: String,
    /// Its address on the wire.
    pub address: Ipv4Addr,
    /// Its device on the wire.
    pub device: String,
    /// What each packet of its device has around the payload, in bytes.
    pub header_bytes: u64,
}

/// What a device has carried since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes received, headers and all.
    pub received_bytes: u64,
    /// Packets received. A packet may be larger than the wire's where the kernel cuts it late.
    pub received_packets: u64,
    /// Bytes sent, headers and all.
    pub sent_bytes: u64,
    /// Packets sent.
    pub sent_packets: u64,
}

impl Counters {
    /// What came since `before`.
    pub fn since(self, before: Counters) -> Counters {
        Counters {
            received_bytes: self.received_bytes - before.received_bytes,
            received_packets: self.received_packets - before.received_packets,
            sent_bytes: self.sent_bytes - before.sent_bytes,
            sent_packets: self.sent_packets - before.sent_packets,
        }
    }
}

impl Side {
    /// A program on this host.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace]).arg(program.as_ref());
        command
    }

    /// A line of shell on this host.
    pub fn shell(&self, line: &str) -> Command {
        let mut command = self.command("bash");
        command.args(["-o", "pipefail", "-ec", line]);
        command
    }

    /// An address of this host.
    pub fn at(&self, port: u16) -> SocketAddr {
        SocketAddr::from((self.address, port))
    }

    /// What its device has carried.
    pub fn counters(&self) -> Result<Counters, Failure> {
        let table = self.within(|| fs::read_to_string("/proc/thread-self/net/dev"))?;
        let table = table.map_err(Failure::file("read", Path::new("/proc/thread-self/net/dev")))?;
        counted(&table, &self.device).ok_or_else(|| Failure::Measured {
            what: format!("`{}` has no device `{}`", self.namespace, self.device),
        })
    }

    /// Waits until somebody listens there.
    pub fn wait_for(&self, address: SocketAddr, what: &str) -> Result<(), Failure> {
        let begun = Instant::now();
        while begun.elapsed().as_secs() < 10 {
            let timeout = Duration::from_secs(1);
            if self.within(|| TcpStream::connect_timeout(&address, timeout).is_ok())? {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(Failure::NotReady { what: what.to_owned(), secs: 10 })
    }

    /// Does this on a thread that stands on this host.
    pub fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
        let file = PathBuf::from("/run/netns").join(&self.namespace);
        let namespace = File::open(&file).map_err(Failure::file("open", &file))?;
        thread::scope(|scope| {
            let there = scope.spawn(|| {
                use std::os::fd::AsFd as _;
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
                    .map_err(|error| Failure::file("enter", &file)(error.into()))?;
                Ok(work())
            });
            there.join().expect("nothing in here panics")
        })
    }

    /// How TCP behaves on this host unless a socket says otherwise.
    pub fn set_congestion(&self, algorithm: &str) -> Result<(), Failure> {
        run::quietly(
            &mut self
                .shell(&format!("echo {algorithm} >/proc/sys/net/ipv4/tcp_congestion_control")),
        )
    }
}

fn counted(table: &str, device: &str) -> Option<Counters> {
    let row = table.lines().find_map(|line| line.trim().strip_prefix(device)?.strip_prefix(':'))?;
    let numbers: Vec<u64> = row.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    Some(Counters {
        received_bytes: *numbers.first()?,
        received_packets: *numbers.get(1)?,
        sent_bytes: *numbers.get(8)?,
        sent_packets: *numbers.get(9)?,
    })
}

/// Hosts on one wire; gone when dropped. The first is where copies start from.
pub struct Wire {
    /// The hosts.
    pub sides: Vec<Side>,
    /// Bytes a second that the wire lets through one way; `None` is as fast as the machine.
    pub bytes_per_sec: Option<u64>,
    made: Vec<String>,
    wan: Option<Wan>,
}

impl Wire {
    /// Two hosts joined by a pair of virtual Ethernet devices.
    pub fn lan() -> Result<Wire, Failure> {
        let wire = Wire::hosts(2)?;
        let [source, target] = [&wire.sides[0], &wire.sides[1]];
        let (one, other) = (&source.namespace, &target.namespace);
        ip(&format!("link add eth0 netns {one} type veth peer name eth0 netns {other}"))?;
        wire.raise()?;
        Ok(wire)
    }

    /// Several hosts on one switch.
    pub fn switched(count: usize) -> Result<Wire, Failure> {
        let mut wire = Wire::hosts(count)?;
        let switch = named("w");
        ip(&format!("netns add {switch}"))?;
        wire.made.push(switch.clone());
        ip(&format!("-n {switch} link add hub type bridge"))?;
        ip(&format!("-n {switch} link set hub up"))?;
        for (number, side) in wire.sides.iter().enumerate() {
            let host = &side.namespace;
            ip(&format!(
                "link add eth0 netns {host} type veth peer name p{number} netns {switch}"
            ))?;
            ip(&format!("-n {switch} link set p{number} master hub up"))?;
        }
        wire.raise()?;
        Ok(wire)
    }

    /// Two hosts joined by the emulated wide area network of crate `wan`, with this rate and this delay each way.
    pub fn wan(bits_per_sec: u64, delay: Duration) -> Result<Wire, Failure> {
        let settings = wan::Settings::new(bits_per_sec, delay);
        let wan = Wan::start(&settings, 7).map_err(|error| Failure::Wan(Box::new(error)))?;
        let side = |side| Side {
            namespace: wan.namespace(side).to_owned(),
            address: wan.address(side),
            device: "wan".into(),
            header_bytes: IP_HEADERS,
        };
        let sides = vec![side(wan::Side::Left), side(wan::Side::Right)];
        let bytes_per_sec = Some(bits_per_sec / 8);
        Ok(Wire { sides, bytes_per_sec, made: Vec::new(), wan: Some(wan) })
    }

    /// From now on loses this share of the packets each way by chance. Nothing to a wire that is no emulated one.
    pub fn lose(&self, share: f64) {
        for way in [wan::Way::ToRight, wan::Way::ToLeft] {
            if let Some(wan) = &self.wan {
                wan.set(way, wan::Settings { loss: share, ..wan.settings(way) });
            }
        }
    }

    /// What the emulated network says of the packets from the source so far: lost, too late to be true.
    pub fn told(&self) -> String {
        self.wan.as_ref().map_or(String::new(), |wan| wan.counts(wan::Way::ToRight).to_string())
    }

    /// Namespaces alone, with no device but their own loopback.
    fn hosts(count: usize) -> Result<Wire, Failure> {
        if !rustix::process::geteuid().is_root() || run::find("ip").is_none() {
            let what = "hosts are network namespaces: this needs root and `ip` (iproute2)".into();
            return Err(Failure::Measured { what });
        }
        remove_left_over()?;
        let mut wire = Wire { sides: Vec::new(), bytes_per_sec: None, made: Vec::new(), wan: None };
        for number in 0..count {
            let namespace = named(&format!("h{number}"));
            ip(&format!("netns add {namespace}"))?;
            wire.made.push(namespace.clone());
            let last = u8::try_from(number + 1).expect("few hosts");
            wire.sides.push(Side {
                namespace: namespace.clone(),
                address: Ipv4Addr::new(10, 77, 0, last),
                device: "eth0".into(),
                header_bytes: ETHERNET_HEADERS,
            });
            ip(&format!("-n {namespace} link set lo up"))?;
        }
        Ok(wire)
    }

    fn raise(&self) -> Result<(), Failure> {
        for side in &self.sides {
            let Side { namespace, address, device, .. } = side;
            ip(&format!("-n {namespace} addr add {address}/24 dev {device}"))?;
            ip(&format!("-n {namespace} link set {device} up"))?;
        }
        Ok(())
    }

    /// Where copies start from.
    pub fn source(&self) -> &Side {
        &self.sides[0]
    }

    /// Where they go to; the first of several.
    pub fn target(&self) -> &Side {
        &self.sides[1]
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for namespace in &self.made {
            // Their devices go with them. Fails only if somebody removed it meanwhile.
            drop(ip(&format!("netns delete {namespace}")));
        }
    }
}

/// Removes hosts of runs that were killed and could not.
fn remove_left_over() -> Result<(), Failure> {
    for name in run::read(Command::new("ip").args(["netns", "list"]))?.lines() {
        let name = name.split_whitespace().next().unwrap_or_default();
        if owner(name).is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            ip(&format!("netns delete {name}"))?;
        }
    }
    Ok(())
}

/// Whose host this is, where it is one of ours.
fn owner(name: &str) -> Option<u32> {
    name.strip_prefix("ferry-")?.split('-').next()?.parse().ok()
}

/// A name that no other run on this machine has.
fn named(what: &str) -> String {
    format!("ferry-{}-{what}", std::process::id())
}

/// `ip` with these words.
fn ip(words: &str) -> Result<(), Failure> {
    run::quietly(Command::new("ip").args(words.split_whitespace()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_tell_whose_they_are() {
        assert_eq!(owner(&named("h0")), Some(std::process::id()));
        assert_eq!(owner("wan-17-0-left"), None);
        assert_eq!(owner("ferry-x-h0"), None);
    }

    #[test]
    fn counters_are_read_from_the_kernels_table() {
        let table = "Inter-|   Receive                |  Transmit\n face |bytes packets errs\n\
                     \x20   lo:       1       2    0    0    0     0          0         0        3       4    0    0    0     0       0          0\n\
                     \x20 eth0: 1000 20    0    0    0     0          0         0  3000 40    0    0    0     0       0          0\n";
        let found = counted(table, "eth0").unwrap();
        assert_eq!((found.received_bytes, found.received_packets), (1_000, 20));
        assert_eq!((found.sent_bytes, found.sent_packets), (3_000, 40));
        assert_eq!(counted(table, "eth1"), None);
        let before = Counters { sent_bytes: 1_000, ..Counters::default() };
        assert_eq!(found.since(before).sent_bytes, 2_000);
    }
}
