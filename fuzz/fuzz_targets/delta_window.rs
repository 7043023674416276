//! Windows of parcels from the wire: as they are, and with their parts put into frames, or few would get past zstd.
//! Refusals are fine; panics, chunks out of order and large allocations are not.
#![no_main]

use delta::{CHUNK_BYTES, Chunks, Decoder, Unreadable};
use libfuzzer_sys::fuzz_target;

/// Every chunk is there and different, but for one in eight.
struct Half;

impl Chunks for Half {
    fn read(&mut self, number: u64, into: &mut [u8; CHUNK_BYTES]) -> Result<(), Unreadable> {
        if number % 8 == 5 {
            return Err(Unreadable { number, source: "rotten".into() });
        }
        into.fill(number as u8);
        Ok(())
    }
}

fn varint(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// One frame of one segment of raw blocks, with its size; of nothing, nothing.
fn blob(content: &[u8], out: &mut Vec<u8>) {
    if content.is_empty() {
        return out.push(0);
    }
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0xA0];
    frame.extend((content.len() as u32).to_le_bytes());
    let mut blocks = content.chunks(128 << 10).peekable();
    while let Some(block) = blocks.next() {
        let word = u32::from(blocks.peek().is_none()) | (block.len() as u32) << 3;
        frame.extend(&word.to_le_bytes()[..3]);
        frame.extend(block);
    }
    varint(frame.len(), out);
    out.extend(frame);
}

fn decode(window: &[u8], base: Option<&mut dyn Chunks>) {
    let mut decoder = Decoder::new((0..40).map(|want| want * 3).collect(), Some(100));
    decoder.skip_window(2);
    decoder.skip_window(2);
    let count = Decoder::count_of(window);
    let mut next = 4;
    let mut put = |ordinal: u32, _: &[u8; CHUNK_BYTES]| {
        assert_eq!(ordinal, next);
        next += 1;
    };
    match decoder.window(window, base, &mut Half, &mut put) {
        Ok(read) => {
            assert_eq!((read.first, Some(read.count)), (4, count.ok()));
            assert_eq!((4 + read.count, decoder.next()), (next, next));
        }
        Err(_) => assert_eq!(decoder.next(), 4),
    }
}

fuzz_target!(|bytes: &[u8]| {
    decode(bytes, Some(&mut Half));
    decode(bytes, None);
    // Names, kinds and arguments out of the same bytes; the literals are as many as another byte says.
    let [count, literals, names, kinds, rest @ ..] = bytes else { return };
    let (names, rest) = rest.split_at(usize::from(*names).min(rest.len()));
    let mut ops = Vec::new();
    varint(usize::from(*kinds).min(rest.len()), &mut ops);
    ops.extend(rest);
    let mut window = vec![1, 4, count % 36 + 1];
    blob(&ops, &mut window);
    blob(names, &mut window);
    blob(&vec![*count; usize::from(literals % 64) * 4_096], &mut window);
    decode(&window, Some(&mut Half));
});
