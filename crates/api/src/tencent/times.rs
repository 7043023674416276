//! Instants in the cloud's spellings, always of UTC (contract 2).

use model::Timestamp;

/// As images have it: `2019-11-15T06:07:05Z`.
pub(super) fn of_image(instant: Timestamp) -> String {
    spelled(instant, "%Y-%m-%dT%H:%M:%SZ")
}

/// As snapshots have it: `2019-11-15 06:07:05`.
pub(super) fn of_snapshot(instant: Timestamp) -> String {
    spelled(instant, "%Y-%m-%d %H:%M:%S")
}

/// What lies outside the years -9999 to 9999 is spelled as the nearest that does not.
fn spelled(instant: Timestamp, form: &str) -> String {
    let nearest = if instant.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    let instant = jiff::Timestamp::from_millisecond(instant.0).unwrap_or(nearest);
    instant.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_the_clouds_two_spellings() {
        let instant = Timestamp(1_574_057_225_999);
        assert_eq!(of_image(instant), "2019-11-18T06:07:05Z");
        assert_eq!(of_snapshot(instant), "2019-11-18 06:07:05");
        assert_eq!(of_image(Timestamp(i64::MAX)).len(), "9999-12-30T22:00:00Z".len());
    }
}
