//! What operators changed, at run time, of the links into this region.

use std::collections::HashSet;

use crate::statement::Row;
use crate::statement::query;
use model::{LinkLimit, LinkSetting, Pause, RegionId, Schedule, Timestamp};

use crate::fault::CatalogFault;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// A link that was changed at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSettingRow {
    /// From where it comes.
    pub source: RegionId,
    /// What was set of it.
    pub setting: LinkSetting,
    /// When it was changed last.
    pub changed: Timestamp,
}

pub(crate) const LIST: &str = "SELECT * FROM link_setting ORDER BY source_region";
pub(crate) const ONE: &str = "SELECT * FROM link_setting WHERE source_region = ?";

impl Tx {
    /// Records what is set of a link, in place of what was.
    pub async fn put_link_setting(&mut self, row: &LinkSettingRow) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO link_setting (source_region, limit_set, limit_bytes_per_sec, copies_at_once, is_paused, schedule, changed) \
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source_region) DO UPDATE SET limit_set = excluded.limit_set, \
            limit_bytes_per_sec = excluded.limit_bytes_per_sec, copies_at_once = excluded.copies_at_once, \
            is_paused = excluded.is_paused, schedule = excluded.schedule, changed = excluded.changed";
        let LinkSetting { limit, copies_at_once, pause, schedule } = &row.setting;
        let (limit_set, limit) = match *limit {
            LinkLimit::AsConfigured => (0, None),
            LinkLimit::Set(limit) => (1, limit),
        };
        let limit = limit.map(|limit| signed("limit_bytes_per_sec", limit)).transpose()?;
        let put = query(sql)
            .bind(row.source.as_str())
            .bind(limit_set)
            .bind(limit)
            .bind(*copies_at_once)
            .bind(match pause {
                Pause::Paused => 1,
                Pause::Running => 0,
            })
            .bind(schedule.to_string())
            .bind(row.changed.0);
        self.run("record a link's settings", put).await.map(|_| ())
    }

    /// What was set of the link from `source`; none where nothing ever was.
    pub async fn link_setting(
        &mut self,
        source: &RegionId,
    ) -> Result<Option<LinkSettingRow>, CatalogFault> {
        let find = query(ONE).bind(source.as_str());
        self.one("find a link's settings", find).await?.as_ref().map(setting_row).transpose()
    }

    /// Every link that was changed, by its source.
    pub async fn link_settings(&mut self) -> Result<Vec<LinkSettingRow>, CatalogFault> {
        self.all("list the links' settings", query(LIST)).await?.iter().map(setting_row).collect()
    }

    /// The links that are paused at an instant, by an operator or by a window.
    pub async fn paused_links(&mut self, at: Timestamp) -> Result<PausedLinks, CatalogFault> {
        Ok(PausedLinks::among(&self.link_settings().await?, at))
    }
}

/// Links on which nothing moves.
#[derive(Clone, Debug)]
pub struct PausedLinks {
    sources: HashSet<RegionId>,
    /// The same as a statement reads it.
    json: String,
}

impl PausedLinks {
    /// Those that are paused at an instant.
    pub fn among(settings: &[LinkSettingRow], at: Timestamp) -> PausedLinks {
        let is_paused = |row: &&LinkSettingRow| row.setting.at(at, None).pause == Pause::Paused;
        let sources: HashSet<RegionId> =
            settings.iter().filter(is_paused).map(|row| row.source.clone()).collect();
        // A region's name has no character that JSON would escape.
        let names: Vec<_> = sources.iter().map(|source| format!("\"{source}\"")).collect();
        PausedLinks { json: format!("[{}]", names.join(",")), sources }
    }

    /// Whether the link from there is.
    pub fn contains(&self, source: &RegionId) -> bool {
        self.sources.contains(source)
    }

    pub(crate) fn json(&self) -> &str {
        &self.json
    }
}

fn setting_row(row: &Row) -> Result<LinkSettingRow, CatalogFault> {
    let stored = Stored { table: "link_setting", row };
    let limit =
        match (stored.number("limit_set")?, stored.get::<Option<i64>>("limit_bytes_per_sec")?) {
            (0_u8, _) => LinkLimit::AsConfigured,
            (_, None) => LinkLimit::Set(None),
            (_, Some(_)) => LinkLimit::Set(Some(stored.number("limit_bytes_per_sec")?)),
        };
    let copies_at_once = match stored.get::<Option<i64>>("copies_at_once")? {
        None => None,
        Some(_) => Some(stored.number("copies_at_once")?),
    };
    let pause = match stored.number("is_paused")? {
        0_u8 => Pause::Running,
        _ => Pause::Paused,
    };
    let schedule: Schedule = stored.word("schedule")?;
    let setting = LinkSetting { limit, copies_at_once, pause, schedule };
    let (source, changed) = (stored.word("source_region")?, stored.time("changed")?);
    Ok(LinkSettingRow { source, setting, changed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::catalog;
    use model::{MAX_LINK_LIMIT, MIN_LINK_LIMIT};

    fn row(source: &str, setting: LinkSetting, changed: i64) -> LinkSettingRow {
        LinkSettingRow { source: source.parse().unwrap(), setting, changed: Timestamp(changed) }
    }

    /// `0011_links`: each of a link's settings reads back as written, *no limit* and *as configured* apart.
    #[tokio::test]
    async fn settings_of_links_read_back_as_written_each_link_once() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let as_configured = LinkSetting::default();
        let rows = [
            row("east", LinkSetting { pause: Pause::Paused, ..as_configured.clone() }, 1),
            row("north", LinkSetting { limit: LinkLimit::Set(None), ..as_configured }, 2),
            row(
                "west",
                LinkSetting {
                    limit: LinkLimit::Set(Some(MAX_LINK_LIMIT)),
                    copies_at_once: Some(u32::MAX),
                    pause: Pause::Running,
                    schedule: "mon-fri 08:00-18:00 2MB; sat-sun pause".parse().unwrap(),
                },
                3,
            ),
        ];
        for row in rows.iter().rev() {
            tx.put_link_setting(row).await.unwrap();
        }
        assert_eq!(tx.link_settings().await.unwrap(), rows);
        let again = LinkSetting {
            limit: LinkLimit::Set(Some(MIN_LINK_LIMIT)),
            copies_at_once: Some(1),
            ..LinkSetting::default()
        };
        let again = row("east", again, 9);
        tx.put_link_setting(&again).await.unwrap();
        assert_eq!(tx.link_setting(&again.source).await.unwrap(), Some(again));
        assert_eq!(tx.link_setting(&"south".parse().unwrap()).await.unwrap(), None);
        assert_eq!(tx.link_settings().await.unwrap().len(), 3);
    }

    #[tokio::test]
    async fn a_limit_that_is_none_of_the_kinds_is_not_stored() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        for (limit, copies_at_once) in [(Some(MIN_LINK_LIMIT - 1), None), (None, Some(0))] {
            let limit = LinkLimit::Set(limit);
            let setting = LinkSetting { limit, copies_at_once, ..LinkSetting::default() };
            tx.put_link_setting(&row("north", setting, 1)).await.unwrap_err();
        }
        assert_eq!(tx.link_settings().await.unwrap(), []);
    }
}
