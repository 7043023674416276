//! Instants as text.

use model::Timestamp;

/// RFC 3339 in UTC with milliseconds, as `2026-01-31T08:00:00.000Z`. What lies outside the years -9999 to 9999 is shown
/// as the nearest that does not.
pub fn rfc3339(instant: Timestamp) -> String {
    let nearest = if instant.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    let instant = jiff::Timestamp::from_millisecond(instant.0).unwrap_or(nearest);
    format!("{instant:.3}")
}

/// The instant of an RFC 3339 text, to the millisecond.
pub fn from_rfc3339(text: &str) -> Result<Timestamp, jiff::Error> {
    let instant: jiff::Timestamp = text.parse()?;
    Ok(Timestamp(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_are_in_utc() {
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(Timestamp(1_767_225_599_007)), "2025-12-31T23:59:59.007Z");
        assert_eq!(from_rfc3339("1970-01-01T01:00:00.5+01:00").unwrap(), Timestamp(500));
        assert!(from_rfc3339("tomorrow").is_err());
        assert_eq!(rfc3339(Timestamp(i64::MAX)), "9999-12-30T22:00:00.999Z");
    }
}
