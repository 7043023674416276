//! Windows by hand, good and bad.
#![allow(dead_code)]

pub fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// A frame whose header says anything: `descriptor`, then `more`, then raw blocks of `content`.
pub fn frame(descriptor: u8, more: &[u8], content: &[u8]) -> Vec<u8> {
    let mut out = vec![0x28, 0xB5, 0x2F, 0xFD, descriptor];
    out.extend(more);
    let mut blocks = content.chunks(128 << 10).peekable();
    while let Some(block) = blocks.next() {
        let word = u32::from(blocks.peek().is_none()) | (block.len() as u32) << 3;
        out.extend(&word.to_le_bytes()[..3]);
        out.extend(block);
    }
    out
}

/// A good frame: one segment, with its content size in 4 bytes, not compressed.
pub fn raw(content: &[u8]) -> Vec<u8> {
    frame(0xA0, &(content.len() as u32).to_le_bytes(), content)
}

pub fn blob(frame: &[u8]) -> Vec<u8> {
    [varint(frame.len() as u64), frame.to_vec()].concat()
}

/// A window in parts. What is empty becomes an empty blob.
#[derive(Clone, Default)]
pub struct Parts {
    pub first: u64,
    pub count: u64,
    pub ops: Vec<u8>,
    pub names: Vec<u8>,
    pub literals: Vec<u8>,
}

impl Parts {
    /// Runs of (kind, pages), and their arguments.
    pub fn with_ops(count: u64, runs: &[(u64, u64)], arguments: &[i64]) -> Parts {
        let kinds: Vec<u8> =
            runs.iter().flat_map(|(kind, pages)| varint((pages - 1) << 3 | kind)).collect();
        let zigzag = |value: &i64| varint(((value << 1) ^ (value >> 63)) as u64);
        let arguments: Vec<u8> = arguments.iter().flat_map(zigzag).collect();
        let ops = [varint(kinds.len() as u64), kinds, arguments].concat();
        Parts { count, ops, ..Parts::default() }
    }

    pub fn window(&self) -> Vec<u8> {
        let [ops, names, literals] = [&self.ops, &self.names, &self.literals]
            .map(|content| if content.is_empty() { vec![0] } else { blob(&raw(content)) });
        [self.head(), ops, names, literals].concat()
    }

    pub fn head(&self) -> Vec<u8> {
        [vec![1], varint(self.first), varint(self.count)].concat()
    }
}
