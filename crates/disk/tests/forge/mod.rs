//! Small images built byte by byte from a seed, so that a test can break one field at a time.
#![allow(dead_code)] // each test uses what it needs

pub mod qcow2;
pub mod vhd;
pub mod vmdk;

/// Numbers into a file's bytes.
pub trait Put {
    fn be16(&mut self, at: usize, value: u16) -> &mut Self;
    fn be32(&mut self, at: usize, value: u32) -> &mut Self;
    fn be64(&mut self, at: usize, value: u64) -> &mut Self;
    fn le32(&mut self, at: usize, value: u32) -> &mut Self;
    fn le64(&mut self, at: usize, value: u64) -> &mut Self;
    fn text(&mut self, at: usize, text: &[u8]) -> &mut Self;
}

impl Put for Vec<u8> {
    fn be16(&mut self, at: usize, value: u16) -> &mut Self {
        self.text(at, &value.to_be_bytes())
    }

    fn be32(&mut self, at: usize, value: u32) -> &mut Self {
        self.text(at, &value.to_be_bytes())
    }

    fn be64(&mut self, at: usize, value: u64) -> &mut Self {
        self.text(at, &value.to_be_bytes())
    }

    fn le32(&mut self, at: usize, value: u32) -> &mut Self {
        self.text(at, &value.to_le_bytes())
    }

    fn le64(&mut self, at: usize, value: u64) -> &mut Self {
        self.text(at, &value.to_le_bytes())
    }

    fn text(&mut self, at: usize, text: &[u8]) -> &mut Self {
        self[at..at + text.len()].copy_from_slice(text);
        self
    }
}

/// A forged image and the disk it stands for.
pub struct Forged<Places> {
    pub bytes: Vec<u8>,
    pub disk: Vec<u8>,
    pub at: Places,
}

impl<Places: Clone> Forged<Places> {
    /// The bytes after `change`, which is told where things are.
    pub fn broken(&self, change: impl FnOnce(&mut Vec<u8>, Places)) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        change(&mut bytes, self.at.clone());
        bytes
    }
}
