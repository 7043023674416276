//! qemu-img as maker and referee. Where it is absent, tests say so and stop.
#![allow(dead_code)] // each test uses what it needs

use std::path::Path;
use std::process::Command;

use disk::Format;

/// Proof that qemu-img is there.
pub struct Qemu;

/// What qemu-img is to make: format, `-o` options and other flags.
#[derive(Clone, Copy)]
pub struct Subformat<'a> {
    pub format: Format,
    pub options: &'a str,
    pub flags: &'a [&'a str],
}

fn driver(format: Format) -> &'static str {
    match format {
        Format::Raw => "raw",
        Format::Qcow2 => "qcow2",
        Format::Vmdk => "vmdk",
        Format::Vhd => "vpc",
    }
}

impl Qemu {
    pub fn find() -> Option<Qemu> {
        let answer = Command::new("qemu-img").arg("--version").output();
        if answer.is_err() {
            println!("SKIP qemu-img is not installed");
        }
        answer.ok().map(|_| Qemu)
    }

    pub fn run(&self, arguments: &[&str]) {
        let output = Command::new("qemu-img").args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "qemu-img {arguments:?}: {text}");
    }

    /// Makes `target` out of the raw file `source`.
    pub fn convert(&self, source: &Path, target: &Path, subformat: Subformat<'_>) {
        let (source, target) = (source.to_str().unwrap(), target.to_str().unwrap());
        let Subformat { format, options, flags } = subformat;
        let mut arguments = vec!["convert", "-f", "raw", "-O", driver(format), "-o", options];
        arguments.extend(flags);
        arguments.extend([source, target]);
        self.run(&arguments);
    }

    /// The disk in `image` equals the raw file.
    pub fn compare(&self, raw: &Path, image: &Path, format: Format) {
        let (raw, image) = (raw.to_str().unwrap(), image.to_str().unwrap());
        self.run(&["compare", "-f", "raw", "-F", driver(format), raw, image]);
    }

    /// No error and no leak in a qcow2.
    pub fn check(&self, image: &Path) {
        self.run(&["check", "-f", "qcow2", image.to_str().unwrap()]);
    }
}
