//! Instants in the cloud's spelling, `2021-01-28 16:49:05` (contract 2). No source says of which zone; here it is UTC.

use model::Timestamp;

const FORM: &str = "%Y-%m-%d %H:%M:%S";
/// What filters by time are written in as well.
const OTHER_FORMS: [&str; 1] = ["%Y-%m-%dT%H:%M:%SZ"];

/// To the second. What lies outside the years -9999 to 9999 is spelled as the nearest that does not.
pub(super) fn written(instant: Timestamp) -> String {
    let nearest = if instant.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    let instant = jiff::Timestamp::from_millisecond(instant.0).unwrap_or(nearest);
    instant.strftime(FORM).to_string()
}

/// The instant of a spelling; none where a text is none.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let forms = [FORM].into_iter().chain(OTHER_FORMS);
    let mut read = forms.filter_map(|form| jiff::civil::DateTime::strptime(form, text).ok());
    let instant = read.next()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(instant.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_and_read() {
        assert_eq!(written(Timestamp(1_574_057_225_999)), "2019-11-18 06:07:05");
        assert_eq!(read("2019-11-18 06:07:05"), Some(Timestamp(1_574_057_225_000)));
        assert_eq!(read("2019-11-18T06:07:05Z"), Some(Timestamp(1_574_057_225_000)));
        for wrong in ["", "2019-11-18", "2019-13-18 06:07:05", "2019-11-18T06:07:05+08:00"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(written(Timestamp(i64::MAX)).len(), "9999-12-30 22:00:00".len());
    }
}
