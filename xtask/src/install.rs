//! What tests need from outside cargo, and how to get it on a Debian machine.

use std::process::Command;

use crate::failure::Failure;
use crate::{node, run, venv};

/// A program, or a file by its whole path, and the Debian package that has it.
struct Need {
    program: &'static str,
    package: &'static str,
}

/// For `cargo xtask test`, beside the browser.
const TESTS: [Need; 6] = [
    Need { program: "qemu-img", package: "qemu-utils" }, // referee of every export; makes the corpora
    Need { program: "mke2fs", package: "e2fsprogs" },    // file systems without mounting
    Need { program: "debootstrap", package: "debootstrap" }, // a real Debian
    Need { program: "strace", package: "strace" },       // injects failing system calls
    Need { program: "curl", package: "curl" },           // a client that is not ours
    Need { program: "python3", package: "python3-venv" }, // services and SDKs of the clouds, in target
];

/// For whoever looks at the console. The fonts make pictures of it the same on every machine: one for each language.
const BROWSER: [Need; 4] = [
    Need { program: "chromium", package: "chromium" },
    Need { program: "chromedriver", package: "chromium-driver" },
    Need {
        program: "/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF/Roboto-Regular.ttf",
        package: "fonts-roboto-unhinted",
    },
    Need {
        program: "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
        package: "fonts-wqy-microhei",
    },
];

/// For `cargo xtask bench`, beside the above: the peers, and what joins and measures them.
const BENCH: [Need; 12] = [
    Need { program: "nbdcopy", package: "libnbd-bin" }, // the fastest peer
    Need { program: "nbdkit", package: "nbdkit" },
    Need { program: "qemu-nbd", package: "qemu-utils" },
    Need { program: "rsync", package: "rsync" },
    Need { program: "restic", package: "restic" },
    Need { program: "borg", package: "borgbackup" },
    Need { program: "casync", package: "casync" },
    Need { program: "rclone", package: "rclone" },
    Need { program: "zstd", package: "zstd" },
    Need { program: "xdelta3", package: "xdelta3" },
    Need { program: "socat", package: "socat" }, // pipes over TCP
    Need { program: "ip", package: "iproute2" }, // hosts: network namespaces
];

/// Installs what tests lack, where this may be done; else names it and goes on.
pub fn for_tests() -> Result<(), Failure> {
    install(&TESTS)?;
    for_a_browser()?;
    venv::ensure()?;
    node::ensure()
}

/// What shows the console's pages.
pub fn for_a_browser() -> Result<(), Failure> {
    install(&BROWSER)
}

/// The same for benchmarks.
pub fn for_bench() -> Result<(), Failure> {
    install(&TESTS)?;
    install(&BENCH)
}

fn install(needs: &[Need]) -> Result<(), Failure> {
    // Debian's Python comes without what makes a venv: the program alone is not enough.
    let lacks_venv = |need: &Need| need.package == "python3-venv" && !venv::can_be_made();
    let is_missing = |need: &&Need| run::find(need.program).is_none() || lacks_venv(need);
    let missing: Vec<&Need> = needs.iter().filter(is_missing).collect();
    if missing.is_empty() {
        println!("nothing to install");
        return Ok(());
    }
    let mut packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    packages.sort_unstable();
    packages.dedup();
    if !rustix::process::geteuid().is_root() || run::find("apt-get").is_none() {
        for need in missing {
            println!("SKIP no `{}` here (package {})", need.program, need.package);
        }
        return Ok(());
    }
    // A broken third-party source makes `update` fail although Debian's own lists came: the install decides.
    if let Err(failure) = run::run(apt().arg("update").arg("-qq")) {
        println!("going on although {failure}");
    }
    let flags = ["install", "--no-remove", "--no-install-recommends", "-y", "-qq"];
    run::run(apt().args(flags).args(packages))
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C");
    command
}
