//! Searching images by all their conditions at once: what an account sees of them, a page by its place, and how many there are.
//!
//! The statement is put together of what is asked for; every value is bound. What an account sees is found in up to four ways
//! ([`Seen`]), each along an index in the order in which images are shown, and merged by the database. No image is found twice:
//! a custom image of another account is shared, and a published one is no longer custom.

use std::collections::HashMap;

use crate::statement::query;
use model::{
    AccountId, Copying, ImageId, ImageKind, ImageSearch, ImageStatus, NamePattern, PageOf, Sharing,
    Standing, TagWanted, Timestamp, Usage,
};

use crate::fault::CatalogFault;
use crate::image::{ImageRow, image_from, json_ids};
use crate::image_condition::{
    LONGEST_NAME, LONGEST_PLATFORM, Sql, has_one_key, is_exact, is_longer, push_any, push_values,
    says_something,
};
use crate::image_tally::is_counted;
use crate::stored::Stored;
use crate::tx::Tx;

/// What is not in the rows and yet says how images stand.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Leases that end by then are over.
    pub now: Timestamp,
    /// Images that are being made of files just now; the others that are to be made of files wait.
    pub importing: Vec<ImageId>,
}

/// Why an account sees an image.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It is its own.
    Own,
    /// Another shares it.
    Shared,
    /// Another published it as this kind.
    Published(ImageKind),
}

const ALL_SEEN: [Seen; 4] = [
    Seen::Own,
    Seen::Shared,
    Seen::Published(ImageKind::Public),
    Seen::Published(ImageKind::Marketplace),
];

/// What an account's own images are found by: what leaves the fewest to look at, as far as that can be told from the search.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum By {
    /// By their ids, or those of a snapshot: so are other accounts' images then.
    Ids,
    /// By their exact names.
    Name,
    /// By the holds of the copies that leave: there are about as many as copies that run from here.
    Copies,
    /// By a tag with a known key.
    Tag,
    /// By what one of several tags says.
    SomeTag,
    /// By their family.
    Family,
    /// By a status that few images have for long.
    Status(ImageStatus),
    /// All of them, in order, in an index that has what most searches look at.
    Order,
}

/// Chunks of an account's available images, along the index that a listing of them walks.
pub(crate) const PLACES_OF_ACCOUNT: &str = "SELECT coalesce(sum(rest.places), 0) \
    FROM image INDEXED BY image_searched CROSS JOIN image_disk AS disk ON disk.image = image.id \
    CROSS JOIN snapshot AS rest ON rest.id = disk.snapshot \
    WHERE image.account = ? AND image.purpose = 'image' AND image.status = 'available'";
pub(crate) const FOUND: &str = "SELECT * FROM image WHERE id IN (SELECT value FROM json_each(?))";
/// Followed by the rest, which takes the moment and the ids of the images that are being made of files.
const HAS_WAITING_COPY: &str = "EXISTS (SELECT 1 FROM copy WHERE copy.target_image = image.id \
    AND copy.state IN ('queued', 'held') AND copy.lease_until <= ";
const HAS_WAITING_IMPORT: &str = "EXISTS (SELECT 1 FROM import WHERE import.image = image.id \
    AND (import.source_image IS NOT NULL OR import.task IS NOT NULL) \
    AND import.image NOT IN (SELECT value FROM json_each(";
impl Tx {
    /// The images of a page, in the order asked for, of those that the account sees and that fit; and how many those are.
    pub async fn search_images(
        &mut self,
        viewer: &AccountId,
        search: &ImageSearch,
        moment: &Moment,
    ) -> Result<(Vec<ImageRow>, u64), CatalogFault> {
        let question = Question { viewer, search, moment };
        if question.seen().is_empty() {
            return Ok((Vec::new(), 0));
        }
        let PageOf { offset, limit } = search.page;
        let start = self.start_of_page(&question).await?;
        let page = Question { search: start.as_ref().unwrap_or(search), ..question };
        let found = match limit {
            0 => Vec::new(),
            _ => self.all("search images", page.page().build()).await?,
        };
        let is_last = found.len() < limit as usize && (offset == 0 || !found.is_empty());
        let total = match is_last {
            true => offset + found.len() as u64,
            false => self.count("count images", question.count().build()).await?,
        };
        let id = |row| Stored { table: "image", row }.word::<ImageId>("id");
        let ids = found.iter().map(id).collect::<Result<Vec<_>, _>>()?;
        let rows = self.all("find images", query(FOUND).bind(json_ids(&ids))).await?;
        let mut images = rows.iter().map(image_from).collect::<Result<Vec<_>, _>>()?;
        let places: HashMap<&ImageId, usize> = ids.iter().zip(0..).collect();
        images.sort_by_cached_key(|image| places.get(&image.id).copied());
        Ok((images, total))
    }

    /// The chunks that are not zero of all disks of an account's available images, each image for itself.
    pub async fn places_of_account(&mut self, account: &AccountId) -> Result<u64, CatalogFault> {
        let count = query(PLACES_OF_ACCOUNT).bind(account.as_str());
        self.count("count the chunks of an account's images", count).await
    }
}

/// A search, by whom and when.
///
/// A plus stands before each `EXISTS`: without it SQLite makes a join of it, and 3.51.3 then gives a row, where others are
/// skipped before the page, as often as the join has matches.
#[derive(Copy, Clone)]
pub(crate) struct Question<'a> {
    pub(crate) viewer: &'a AccountId,
    pub(crate) search: &'a ImageSearch,
    pub(crate) moment: &'a Moment,
}

impl Question<'_> {
    /// How many images fit.
    pub(crate) fn count(&self) -> Sql {
        self.count_of(&self.seen())
    }

    /// How many of those that are seen in these ways.
    pub(crate) fn count_of(&self, seen: &[Seen]) -> Sql {
        let mut sql = Sql::new("SELECT ");
        for (place, seen) in seen.iter().enumerate() {
            sql.push(if place == 0 { "" } else { " + " });
            if *seen == Seen::Own && is_counted(self.search) {
                self.push_own_tally(&mut sql);
                continue;
            }
            sql.push("(SELECT count(*) ");
            self.push_seen(&mut sql, *seen);
            sql.push(")");
        }
        sql
    }

    /// The ids of those on the page, in order.
    pub(crate) fn page(&self) -> Sql {
        let mut sql = Sql::new("");
        for (place, seen) in self.seen().into_iter().enumerate() {
            sql.push(if place == 0 { "" } else { " UNION ALL " });
            sql.push("SELECT image.id AS id, image.created AS created ");
            self.push_sorted_by(&mut sql);
            self.push_seen(&mut sql, seen);
        }
        let page = self.search.page;
        self.push_order(&mut sql);
        sql.push(" LIMIT ").push_bind(page.limit);
        sql.push(" OFFSET ").push_bind(i64::try_from(page.offset).unwrap_or(i64::MAX));
        sql
    }

    /// The ways in which images may be seen that fit.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let search = self.search;
        // What the viewer does not see of another's image, no image of another's has.
        let is_own = !search.tags.is_empty()
            || !search.particulars.is_empty()
            || search.sharing.is_some()
            || search.copying == Some(Copying::Leaving)
            || search.usage == Some(Usage::Used);
        let wanted = |kind| search.seen_as.is_empty() || search.seen_as.contains(&kind);
        let fits = |seen: &Seen| match (seen, &search.owner) {
            (Seen::Own, Some(owner)) if owner != self.viewer => false,
            (Seen::Shared | Seen::Published(_), Some(owner)) if owner == self.viewer => false,
            (Seen::Own, _) => {
                let kinds = [ImageKind::Custom, ImageKind::Public, ImageKind::Marketplace];
                kinds.into_iter().any(wanted)
            }
            (Seen::Shared, _) => !is_own && wanted(ImageKind::Shared),
            (Seen::Published(kind), _) => !is_own && wanted(*kind),
        };
        let is_too_long = |name: &NamePattern| is_longer(name, LONGEST_NAME);
        let no_name_fits = !search.names.is_empty() && search.names.iter().all(is_too_long);
        let is_no_platform = |one: &NamePattern| is_longer(one, LONGEST_PLATFORM);
        let no_platform_fits =
            !search.platforms.is_empty() && search.platforms.iter().all(is_no_platform);
        if no_name_fits || no_platform_fits || self.text_is_too_long() {
            return Vec::new();
        }
        ALL_SEEN.into_iter().filter(fits).collect()
    }

    fn by(&self) -> By {
        let search = self.search;
        let is_being_made =
            |standing: &Standing| matches!(standing, Standing::Waiting | Standing::Creating);
        if !search.ids.is_empty() || search.snapshot.is_some() {
            By::Ids
        } else if !search.names.is_empty() && search.names.iter().all(is_exact) {
            By::Name
        } else if search.copying == Some(Copying::Leaving) {
            By::Copies
        } else if search.tags.iter().any(has_one_key) {
            By::Tag
        } else if search.tags.iter().any(says_something) {
            By::SomeTag
        } else if search.family.is_some() {
            By::Family
        } else if search.standings.is_empty() {
            By::Order
        } else if search.standings.iter().all(is_being_made) {
            By::Status(ImageStatus::Creating)
        } else if search.standings.iter().all(|standing| *standing == Standing::CreateFailed) {
            By::Status(ImageStatus::CreateFailed)
        } else {
            By::Order
        }
    }

    fn push_seen(&self, sql: &mut Sql, seen: Seen) {
        match seen {
            Seen::Own => self.push_own(sql),
            Seen::Shared => self.push_shared(sql),
            Seen::Published(kind) => self.push_published(sql, kind),
        }
        if seen != Seen::Own {
            sql.push(" AND image.account <> ").push_bind(self.viewer.as_str().to_owned());
        }
        sql.push(" AND image.purpose = 'image'");
        self.push_conditions(sql);
        self.push_text(sql, seen);
        self.push_standings(sql);
        self.push_probes(sql, seen);
    }

    /// A plus before a column keeps the database from looking for an index on it.
    fn push_own(&self, sql: &mut Sql) {
        let by = self.by();
        sql.push(match by {
            By::Ids | By::Copies | By::SomeTag => "FROM image WHERE +image.account = ",
            By::Name => "FROM image INDEXED BY image_listed_by_name WHERE image.account = ",
            By::Tag => {
                "FROM image_tag AS tag INDEXED BY image_tag_found CROSS JOIN image ON image.id = tag.image \
                WHERE +image.account = "
            }
            By::Family => "FROM image INDEXED BY image_of_family WHERE image.account = ",
            By::Status(_) => "FROM image INDEXED BY image_listed_by_status WHERE image.account = ",
            By::Order => "FROM image INDEXED BY image_searched WHERE image.account = ",
        });
        sql.push_bind(self.viewer.as_str().to_owned());
        match by {
            By::Copies => {
                sql.push(" AND image.id IN (SELECT hold.image FROM hold)");
            }
            By::Tag => {
                if let Some(tag) = self.search.tags.iter().find(|tag| has_one_key(tag)) {
                    push_values(sql, "tag.key", &tag.keys);
                    push_values(sql, "tag.value", &tag.values);
                }
            }
            By::SomeTag => {
                if let Some(tag) = self.search.tags.iter().find(|tag| says_something(tag)) {
                    sql.push(" AND image.id IN (SELECT tag.image FROM image_tag AS tag WHERE 1");
                    push_values(sql, "tag.key", &tag.keys);
                    push_values(sql, "tag.value", &tag.values);
                    sql.push(")");
                }
            }
            By::Status(status) => {
                sql.push(" AND image.status = ").push_bind(status.as_str());
            }
            By::Ids | By::Name | By::Family | By::Order => {}
        }
        if !self.search.seen_as.is_empty() {
            sql.push(" AND image.kind IN (");
            sql.push_list(self.search.seen_as.iter().map(|kind| kind.as_str()));
            sql.push(")");
        }
    }

    fn push_shared(&self, sql: &mut Sql) {
        sql.push(match self.by() {
            By::Ids => {
                "FROM image WHERE +image.kind = 'custom' AND +EXISTS (SELECT 1 FROM image_share AS share \
                WHERE share.image = image.id AND share.account = "
            }
            By::Name
            | By::Copies
            | By::Tag
            | By::SomeTag
            | By::Family
            | By::Status(_)
            | By::Order => {
                "FROM image_share AS share INDEXED BY image_share_received \
                CROSS JOIN image ON image.id = share.image \
                WHERE image.kind = 'custom' AND (share.account = "
            }
        });
        sql.push_bind(self.viewer.as_str().to_owned()).push(")");
    }

    fn push_published(&self, sql: &mut Sql, kind: ImageKind) {
        sql.push(match self.by() {
            By::Ids => "FROM image WHERE +image.kind = ",
            By::Name
            | By::Copies
            | By::Tag
            | By::SomeTag
            | By::Family
            | By::Status(_)
            | By::Order => {
                "FROM image INDEXED BY image_published WHERE image.kind <> 'custom' AND image.kind = "
            }
        });
        sql.push_bind(kind.as_str());
    }

    fn push_conditions(&self, sql: &mut Sql) {
        let search = self.search;
        if !search.ids.is_empty() {
            sql.push(" AND image.id IN (SELECT value FROM json_each(");
            sql.push_bind(json_ids(&search.ids)).push("))");
        }
        if let Some(snapshot) = &search.snapshot {
            sql.push(
                " AND image.id IN (SELECT disk.image FROM image_disk AS disk \
                WHERE disk.snapshot IS NOT NULL AND disk.snapshot = ",
            );
            sql.push_bind(snapshot.as_str().to_owned()).push(")");
        }
        push_any(sql, ("image.name", LONGEST_NAME), &search.names);
        self.push_machine(sql);
        if let Some(owner) = &search.owner {
            sql.push(" AND +image.account = ").push_bind(owner.as_str().to_owned());
        }
        if let Some(from) = search.created_from {
            sql.push(" AND image.created >= ").push_bind(from.0);
        }
        if let Some(until) = search.created_until {
            sql.push(" AND image.created <= ").push_bind(until.0);
        }
    }

    fn push_machine(&self, sql: &mut Sql) {
        let search = self.search;
        if let Some(family) = &search.family {
            sql.push(" AND image.family = ").push_bind(family.as_str().to_owned());
        }
        if let Some(architecture) = search.architecture {
            sql.push(" AND image.architecture = ").push_bind(architecture.as_str());
        }
        if let Some(os_type) = search.os_type {
            sql.push(" AND image.os_type = ").push_bind(os_type.as_str());
        }
        push_any(sql, ("image.platform", LONGEST_PLATFORM), &search.platforms);
        if let Some(boot_mode) = search.boot_mode {
            sql.push(" AND image.boot_mode = ").push_bind(boot_mode.as_str());
        }
        if let Some(storage) = search.storage {
            sql.push(" AND image.storage = ").push_bind(storage.as_str());
        }
    }

    /// What is looked up for each image that fits so far.
    fn push_probes(&self, sql: &mut Sql, seen: Seen) {
        let search = self.search;
        for TagWanted { keys, values } in &search.tags {
            sql.push(" AND +EXISTS (SELECT 1 FROM image_tag AS has WHERE has.image = image.id");
            push_values(sql, "has.key", keys);
            push_values(sql, "has.value", values);
            sql.push(")");
        }
        match (search.usage, seen) {
            (Some(Usage::Used), Seen::Own) => {
                sql.push(" AND +EXISTS (SELECT 1 FROM instance WHERE instance.image = image.id)");
            }
            (Some(Usage::Unused), Seen::Own) => {
                sql.push(" AND image.id NOT IN (SELECT instance.image FROM instance)");
            }
            // Of another's image the viewer sees no use, and is asked here for no used one.
            (Some(Usage::Used | Usage::Unused), Seen::Shared | Seen::Published(_)) | (None, _) => {}
        }
        match (search.copying, seen) {
            (Some(Copying::Leaving), Seen::Own) => {
                sql.push(" AND +EXISTS (SELECT 1 FROM hold WHERE hold.image = image.id)");
            }
            (Some(Copying::Still), Seen::Own) => {
                sql.push(" AND image.id NOT IN (SELECT hold.image FROM hold)");
            }
            // Nor does it see the copies of another's.
            (Some(Copying::Leaving | Copying::Still), Seen::Shared | Seen::Published(_))
            | (None, _) => {}
        }
        // Asked of own images alone.
        match search.sharing {
            Some(Sharing::Some) => {
                sql.push(" AND +image.id IN (SELECT given.image FROM image_share AS given)");
            }
            Some(Sharing::Nobody) => {
                sql.push(" AND image.id NOT IN (SELECT given.image FROM image_share AS given)");
            }
            None => {}
        }
        for (key, value) in &search.particulars {
            sql.push(
                " AND +EXISTS (SELECT 1 FROM json_each(image.particulars) AS kept WHERE kept.key = ",
            );
            sql.push_bind(key.clone())
                .push(" AND kept.value = ")
                .push_bind(value.clone())
                .push(")");
        }
    }

    /// The rule of [`model::rules::standing`], in the database.
    fn push_standings(&self, sql: &mut Sql) {
        if self.search.standings.is_empty() {
            return;
        }
        sql.push(" AND (0");
        for standing in &self.search.standings {
            match standing {
                Standing::Waiting => {
                    sql.push(" OR (image.status = 'creating' AND ");
                    self.push_waits(sql);
                    sql.push(")");
                }
                Standing::Creating => {
                    sql.push(" OR (image.status = 'creating' AND NOT ");
                    self.push_waits(sql);
                    sql.push(")");
                }
                Standing::Available => {
                    sql.push(" OR (image.status = 'available' AND image.deprecated IS NULL)");
                }
                Standing::Deprecated => {
                    sql.push(" OR (image.status = 'available' AND image.deprecated IS NOT NULL)");
                }
                Standing::CreateFailed => {
                    sql.push(" OR image.status = 'create_failed'");
                }
            }
        }
        sql.push(")");
    }

    /// Whether what makes the image is in the queue or between two attempts.
    pub(crate) fn push_waits(&self, sql: &mut Sql) {
        sql.push("(").push(HAS_WAITING_COPY).push_bind(self.moment.now.0);
        sql.push(") OR ").push(HAS_WAITING_IMPORT).push_bind(json_ids(&self.moment.importing));
        sql.push("))))");
    }
}
