//! In which order a search lists images, and what a typed text finds. Every value is bound.

use model::{Direction, ImageId, ImageSearch, ImageSort};

use crate::image_condition::Sql;
use crate::image_search::{Question, Seen};

const SIZE: &str = ", (SELECT coalesce(sum(sized.size_bytes), 0) FROM image_disk AS sized \
    WHERE sized.image = image.id) AS sorted ";
const HELD: &str = ", (SELECT coalesce(sum(rest.places), 0) FROM image_disk AS sized \
    CROSS JOIN snapshot AS rest ON rest.id = sized.snapshot WHERE sized.image = image.id) AS sorted ";

impl Question<'_> {
    /// What images are sorted by, as a column behind the id and the creation; none where it is the creation.
    pub(crate) fn push_sorted_by(&self, sql: &mut Sql) {
        match self.search.order.by {
            ImageSort::Created => {}
            ImageSort::Name => {
                sql.push(", lower(image.name) AS sorted ");
            }
            // The places of `Standing::ALL`.
            ImageSort::Status => {
                sql.push(", CASE image.status WHEN 'creating' THEN (CASE WHEN ");
                self.push_waits(sql);
                sql.push(" THEN 0 ELSE 1 END) WHEN 'available' THEN (CASE WHEN image.deprecated IS NULL ");
                sql.push("THEN 2 ELSE 3 END) ELSE 4 END AS sorted ");
            }
            ImageSort::Size => {
                sql.push(SIZE);
            }
            ImageSort::Held => {
                sql.push(HELD);
            }
        }
    }

    /// Every order ends with the id, so that of two images one is always first and no page has what another has.
    pub(crate) fn push_order(&self, sql: &mut Sql) {
        let order = self.search.order;
        sql.push(match (order.by, order.direction) {
            (ImageSort::Created, Direction::Descending) => " ORDER BY created DESC, id DESC",
            (ImageSort::Created, Direction::Ascending) => " ORDER BY created, id",
            (
                ImageSort::Name | ImageSort::Status | ImageSort::Size | ImageSort::Held,
                Direction::Descending,
            ) => " ORDER BY sorted DESC, created DESC, id DESC",
            (
                ImageSort::Name | ImageSort::Status | ImageSort::Size | ImageSort::Held,
                Direction::Ascending,
            ) => " ORDER BY sorted, created DESC, id DESC",
        });
    }

    pub(crate) fn text_is_too_long(&self) -> bool {
        let text = self.search.folded_text().unwrap_or_default();
        text.chars().count() > ImageSearch::LONGEST_TEXT
    }

    /// What somebody typed. Another's tags are never looked at.
    pub(crate) fn push_text(&self, sql: &mut Sql, seen: Seen) {
        let Some(text) = self.search.folded_text().filter(|text| !text.is_empty()) else { return };
        sql.push(" AND (instr(lower(image.name), ").push_bind(text.clone()).push(") > 0");
        sql.push(" OR lower(image.family) = ").push_bind(text.clone());
        if let Some(beginning) = beginning_of_id(&text) {
            sql.push(" OR instr(image.id, ").push_bind(beginning).push(") = 1");
        }
        match seen {
            Seen::Own => {
                sql.push(
                    " OR +EXISTS (SELECT 1 FROM image_tag AS told WHERE told.image = image.id \
                    AND (instr(lower(told.key), ",
                );
                sql.push_bind(text.clone()).push(") > 0 OR instr(lower(told.value), ");
                sql.push_bind(text.clone())
                    .push(") > 0 OR lower(told.key) || '=' || lower(told.value) = ");
                sql.push_bind(text).push("))");
            }
            Seen::Shared | Seen::Published(_) => {}
        }
        sql.push(")");
    }
}

/// The native id, or its characters without what stands before them, as far as they were typed; none where no id begins so.
fn beginning_of_id(text: &str) -> Option<String> {
    let characters = text.strip_prefix(ImageId::PREFIX).unwrap_or(text);
    let is_legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = !characters.is_empty() && characters.bytes().all(is_legal);
    fits.then(|| format!("{}{characters}", ImageId::PREFIX))
}
