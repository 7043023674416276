//! Flips one bit of an IP packet.

use crate::settings::{Checksum, Flips};

/// Protocol number, length of its header up to the payload, place of the checksum in it.
const TCP: u8 = 6;
const TCP_CHECKSUM: usize = 16;
const UDP: u8 = 17;
const UDP_CHECKSUM: usize = 6;

/// A TCP or UDP packet over IPv4, by offsets.
struct Segment {
    start: usize,
    payload: usize,
    end: usize,
    checksum: usize,
}

fn segment(packet: &[u8]) -> Option<Segment> {
    let first = *packet.first()?;
    if first >> 4 != 4 {
        return None;
    }
    let start = usize::from(first & 15) * 4;
    let end = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
    let (payload, checksum) = match *packet.get(9)? {
        TCP => (start + usize::from(packet.get(start + 12)? >> 4) * 4, start + TCP_CHECKSUM),
        UDP => (start + 8, start + UDP_CHECKSUM),
        _ => return None,
    };
    let fits = end <= packet.len() && payload <= end && checksum + 2 <= end;
    fits.then_some(Segment { start, payload, end, checksum })
}

/// Flips one bit, if the packet is one of those that may be hit; tells whether it did.
pub(crate) fn flip(packet: &mut [u8], flips: &Flips, random: &mut fastrand::Rng) -> bool {
    let Some(segment) = segment(packet) else { return false };
    if segment.end - segment.payload < flips.least_payload_bytes.max(1) {
        return false;
    }
    match flips.checksum {
        Checksum::Stays => {
            let at = random.usize(segment.start..segment.end);
            packet[at] ^= 1 << random.u8(..8);
        }
        Checksum::Repaired => {
            let at = random.usize(segment.payload..segment.end);
            flip_unseen(packet, &segment, at, 1 << random.u8(..8));
        }
    }
    true
}

/// Flips bits of a byte and updates the checksum (RFC 1624, equation 3).
fn flip_unseen(packet: &mut [u8], segment: &Segment, at: usize, bits: u8) {
    // Words count from the beginning of the segment; a last odd byte is filled up with zero.
    let is_high = (at - segment.start).is_multiple_of(2);
    let word = |byte: u8| if is_high { u16::from(byte) << 8 } else { u16::from(byte) };
    let (old, new) = (word(packet[at]), word(packet[at] ^ bits));
    packet[at] ^= bits;
    let place = segment.checksum;
    let sum = u16::from_be_bytes([packet[place], packet[place + 1]]);
    let mut updated = u32::from(!sum) + u32::from(!old) + u32::from(new);
    while updated > 0xffff {
        updated = (updated & 0xffff) + (updated >> 16);
    }
    let updated = !(updated as u16);
    packet[place..place + 2].copy_from_slice(&updated.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum that a receiver makes over pseudo header and segment; 0xffff if nothing is wrong.
    fn sum(packet: &[u8]) -> u16 {
        let segment = segment(packet).unwrap();
        let mut bytes = packet[12..20].to_vec();
        bytes.extend([0, packet[9]]);
        bytes.extend(((segment.end - segment.start) as u16).to_be_bytes());
        bytes.extend(&packet[segment.start..segment.end]);
        if bytes.len() % 2 == 1 {
            bytes.push(0);
        }
        let total: u32 = bytes.chunks(2).map(|w| u32::from(u16::from_be_bytes([w[0], w[1]]))).sum();
        let total = (total & 0xffff) + (total >> 16);
        ((total & 0xffff) + (total >> 16)) as u16
    }

    fn packet(payload: usize, random: &mut fastrand::Rng) -> Vec<u8> {
        let mut packet = vec![0; 40 + payload];
        packet[0] = 0x45;
        packet[2..4].copy_from_slice(&(40 + payload as u16).to_be_bytes());
        packet[9] = TCP;
        packet[12..20].copy_from_slice(&[10, 77, 0, 1, 10, 77, 0, 2]);
        packet[32] = 5 << 4;
        random.fill(&mut packet[40..]);
        let right = !sum(&packet);
        packet[36..38].copy_from_slice(&right.to_be_bytes());
        packet
    }

    #[test]
    fn a_repaired_flip_is_unseen_and_another_is_seen() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..2_000 {
            let length = random.usize(1..1_460);
            let packet = packet(length, &mut random);
            assert_eq!(sum(&packet), 0xffff);
            for (checksum, seen) in [(Checksum::Repaired, false), (Checksum::Stays, true)] {
                let mut hit = packet.clone();
                let flips = Flips { share: 1.0, checksum, least_payload_bytes: 1 };
                assert!(flip(&mut hit, &flips, &mut random));
                let bits = |from: usize| -> u32 {
                    hit[from..].iter().zip(&packet[from..]).map(|(a, b)| (a ^ b).count_ones()).sum()
                };
                assert_eq!(bits(if seen { 20 } else { 40 }), 1);
                assert_eq!(sum(&hit) != 0xffff, seen);
            }
        }
    }

    #[test]
    fn what_has_no_payload_or_is_no_segment_stays() {
        let mut random = fastrand::Rng::with_seed(2);
        let flips = Flips { share: 1.0, checksum: Checksum::Repaired, least_payload_bytes: 512 };
        for mut bytes in [vec![], vec![0x60; 60], vec![0x45; 9], packet(511, &mut random)] {
            let before = bytes.clone();
            assert!(!flip(&mut bytes, &flips, &mut random));
            assert_eq!(bytes, before);
        }
    }
}
