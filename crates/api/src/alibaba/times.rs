//! Instants in the cloud's spellings: to the second, or to the minute (contract 4).

use model::Timestamp;

/// To the second, as images and snapshots have it: `2019-11-15T06:07:05Z`.
pub(super) fn to_second(instant: Timestamp) -> String {
    spelled(instant, "%Y-%m-%dT%H:%M:%SZ")
}

/// To the minute, as tasks have it: `2020-11-24T12:50Z`.
pub(super) fn to_minute(instant: Timestamp) -> String {
    spelled(instant, "%Y-%m-%dT%H:%MZ")
}

/// What lies outside the years -9999 to 9999 is spelled as the nearest that does not.
fn spelled(instant: Timestamp, form: &str) -> String {
    let nearest = if instant.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    let instant = jiff::Timestamp::from_millisecond(instant.0).unwrap_or(nearest);
    instant.strftime(form).to_string()
}

/// The instant of either spelling; none where a text is neither.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let forms = ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"];
    let read = |form: &&str| jiff::civil::DateTime::strptime(form, text).ok();
    let civil = forms.iter().find_map(read)?;
    let instant = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(instant.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_and_read_in_both_spellings() {
        let instant = Timestamp(1_574_057_225_999);
        assert_eq!(to_second(instant), "2019-11-18T06:07:05Z");
        assert_eq!(to_minute(instant), "2019-11-18T06:07Z");
        assert_eq!(read("2019-11-18T06:07:05Z"), Some(Timestamp(1_574_057_225_000)));
        assert_eq!(read("2019-11-18T06:07Z"), Some(Timestamp(1_574_057_220_000)));
        for wrong in
            ["", "2019-11-18", "2019-11-18T06:07", "2019-13-18T06:07Z", "2019-11-18T06:07:05+01:00"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(to_second(Timestamp(i64::MAX)).len(), "9999-12-30T22:00:00Z".len());
    }
}
