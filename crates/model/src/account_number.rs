//! The number of an account: how clouds that know accounts by numbers call it.

use std::fmt;
use std::str::FromStr;

use crate::ids::InvalidId;

const SMALLEST: u64 = 1_000_000_000_000_000;
const LARGEST: u64 = 9_999_999_999_999_999;

/// The number of an account: 16 decimal digits, the first of them not 0 (`docs/formats.md` 8). Unique in a deployment.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountNumber(u64);

impl AccountNumber {
    /// The number, where it has 16 digits.
    pub fn new(number: u64) -> Option<Self> {
        (SMALLEST..=LARGEST).contains(&number).then_some(AccountNumber(number))
    }

    /// The number that a digest is reduced to: its first 16 bytes, the first of them the lowest, modulo how many numbers
    /// there are. Each is as likely as every other to within one part in 2^74.
    pub fn from_digest(digest: &[u8; 32]) -> Self {
        let first: [u8; 16] = digest[..16].try_into().expect("half of 32 bytes is 16");
        let numbers = u128::from(LARGEST - SMALLEST + 1);
        let below = u64::try_from(u128::from_le_bytes(first) % numbers)
            .expect("there are fewer than 2^64 numbers");
        AccountNumber(SMALLEST + below)
    }

    /// The number after this one; after the largest, the smallest.
    #[must_use]
    pub fn following(self) -> Self {
        AccountNumber(if self.0 == LARGEST { SMALLEST } else { self.0 + 1 })
    }

    /// The number.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for AccountNumber {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse().ok().and_then(AccountNumber::new) } else { None };
        number.ok_or_else(|| InvalidId::new(text, "an account number (16 digits, the first not 0)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_sixteen_digits_and_read_back_as_written() {
        for number in [SMALLEST, 1_234_567_890_123_456, LARGEST] {
            let number = AccountNumber::new(number).unwrap();
            assert_eq!(number.to_string().len(), 16);
            assert_eq!(number.to_string().parse(), Ok(number));
        }
        for wrong in [0, SMALLEST - 1, LARGEST + 1, u64::MAX] {
            assert_eq!(AccountNumber::new(wrong), None, "{wrong}");
        }
        for wrong in ["", "0999999999999999", "10000000000000000", "+100000000000000", "1e15"] {
            assert!(wrong.parse::<AccountNumber>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_digest_has_a_number_and_the_last_is_followed_by_the_first() {
        let mut digest = [0; 32];
        assert_eq!(AccountNumber::from_digest(&digest), AccountNumber(SMALLEST));
        digest[0] = 5;
        assert_eq!(AccountNumber::from_digest(&digest), AccountNumber(SMALLEST + 5));
        let all = AccountNumber::from_digest(&[0xff; 32]);
        assert!(AccountNumber::new(all.number()).is_some());
        assert_eq!(all.following().number(), all.number() + 1);
        assert_eq!(AccountNumber(LARGEST).following(), AccountNumber(SMALLEST));
    }
}
