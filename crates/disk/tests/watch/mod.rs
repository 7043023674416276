//! Notices every opening of a file in a folder.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};

/// An inotify watch on one folder.
pub struct Watch {
    descriptor: OwnedFd,
}

impl Watch {
    pub fn on(folder: &Path) -> Watch {
        let descriptor = inotify::init(CreateFlags::NONBLOCK).unwrap();
        let flags = WatchFlags::OPEN | WatchFlags::ACCESS;
        inotify::add_watch(&descriptor, folder, flags).unwrap();
        Watch { descriptor }
    }

    /// How often something was opened or read since the last question.
    pub fn events(&self) -> usize {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&self.descriptor, &mut buffer);
        let mut events = 0;
        while reader.next().is_ok() {
            events += 1;
        }
        events
    }
}
