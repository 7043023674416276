//! Instances: small records that say an image is used. Ferry runs no machines.

use std::collections::BTreeSet;

use catalog::{AuditEntry, InstanceFilter, InstanceRow, TokenClaim, TokenRow, Tx};
use model::{
    Act, ClientToken, Family, Field, FieldRefusal, ImageId, InstanceId, Name, NamePattern,
    Rejection, Tagged, Tags, Timestamp, wanted_tags,
};

use crate::audit::{facts, tags_told};
use crate::commands::{Caller, Cursor, Found, Intent, PageOf};
use crate::refused::{Refused, RegionFault};
use crate::region::Region;
use crate::request::digest_of;
use crate::tags::within;
use crate::views::InstanceView;

const TOKEN_ACTION: &str = "instances";
/// The most instances that one request makes: as many as a cloud makes in one.
pub const MAX_INSTANCES: u32 = 100;

/// Register several instances of one image.
#[derive(Clone, Debug)]
pub struct RunInstances {
    /// The image.
    pub image: ImageId,
    /// The name that each of them has.
    pub name: Name,
    /// How many: 1 to [`MAX_INSTANCES`].
    pub count: u32,
    /// The tags that each of them has.
    pub tags: Tags,
    /// Makes the request safe to repeat.
    pub token: Option<ClientToken>,
}

/// Which instances to search, newest first.
#[derive(Clone, Debug, Default)]
pub struct InstanceSearch {
    /// Only these ids; all where empty.
    pub ids: Vec<InstanceId>,
    /// Only those whose disk was made from this image.
    pub image: Option<ImageId>,
    /// Only those with such a name.
    pub name: Option<NamePattern>,
    /// Only those that have all of these keys, each with this value or any.
    pub tags: Vec<(String, Option<String>)>,
    /// Behind this row. How many there are is told of those before it too.
    pub after: Option<Cursor>,
    /// Which part.
    pub page: PageOf,
}

impl Region {
    /// Registers instances of an available image: an own one, one shared with the account, a published one; deprecated or not
    /// (R000-12, R001-7, R003-9). All of them or none. A token gives the first answer again, whatever became of them since.
    pub async fn run_instances(
        &self,
        caller: &Caller,
        command: RunInstances,
    ) -> Result<Vec<InstanceView>, Refused> {
        caller.must(Act::Change)?;
        if !(1..=MAX_INSTANCES).contains(&command.count) {
            let (value, max) = (u64::from(command.count), u64::from(MAX_INSTANCES));
            let refusal = FieldRefusal::OutOfRange { value, min: 1, max };
            return Err(Rejection::field(Field::Count, refusal).into());
        }
        let mut tx = self.inner.catalog.begin().await?;
        let rows = self.rows_to_run(caller, &command)?;
        if let Some(first) = self.claim_instances_token(&mut tx, &command, &rows).await? {
            return match caller.intent {
                Intent::Act => Ok(self.views_of(first, &command.tags)),
                Intent::Rehearse => Err(Refused::Rehearsed),
            };
        }
        self.usable_image(&mut tx, caller, &command.image).await?;
        for row in &rows {
            tx.insert_instance(row, &command.tags).await?;
            let entry = self.audit_entry(caller, "instance.create", row.id.as_str());
            let after = told(row, &command.tags);
            tx.record_audit(&AuditEntry { after, ..entry }).await?;
        }
        caller.commit(tx).await?;
        Ok(self.views_of(rows, &command.tags))
    }

    /// The image that is meant by a family: the newest of the caller's own that is available and not deprecated. Images of others
    /// are never meant, so that nobody is led to a foreign image by the name of a family.
    pub async fn newest_of_family(
        &self,
        caller: &Caller,
        family: &Family,
    ) -> Result<ImageId, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.inner.catalog.read().await?;
        let newest = tx.newest_of_family(&caller.account, family).await?;
        let (family, region) = (family.clone(), self.id().clone());
        Ok(newest.ok_or(Rejection::FamilyEmpty { family, region })?)
    }

    fn rows_to_run(
        &self,
        caller: &Caller,
        command: &RunInstances,
    ) -> Result<Vec<InstanceRow>, RegionFault> {
        let created = self.inner.clock.now();
        let row = |_| {
            let id = self.random_id(|random| InstanceId::from_random(random))?;
            Ok(instance_row(caller, command, (id, created)))
        };
        (0..command.count).map(row).collect()
    }

    /// The instances of the first request, where the token was used for the same one before.
    async fn claim_instances_token(
        &self,
        tx: &mut Tx,
        command: &RunInstances,
        rows: &[InstanceRow],
    ) -> Result<Option<Vec<InstanceRow>>, Refused> {
        let (Some(token), Some(row)) = (&command.token, rows.first()) else { return Ok(None) };
        let ids: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
        let claim = TokenRow {
            account: row.account.clone(),
            action: TOKEN_ACTION.to_owned(),
            token: token.clone(),
            fingerprint: fingerprint(command),
            answer: ids.join(" "),
            created: row.created,
        };
        let first = match tx.claim_token(&claim).await? {
            TokenClaim::New => return Ok(None),
            TokenClaim::Other => return Err(Rejection::TokenReused.into()),
            TokenClaim::Same(first) => first,
        };
        let ids: Result<Vec<InstanceId>, _> = first.answer.split(' ').map(str::parse).collect();
        let ids = ids.map_err(|_| RegionFault::Contradiction {
            what: "the answer to a token names no instances",
        })?;
        let created = first.created;
        Ok(Some(ids.into_iter().map(|id| InstanceRow { id, created, ..row.clone() }).collect()))
    }

    /// Registers one instance without tags: see [`Region::run_instances`].
    pub async fn create_instance(
        &self,
        caller: &Caller,
        name: Name,
        image: &ImageId,
    ) -> Result<InstanceView, Refused> {
        let (image, tags) = (image.clone(), Tags::default());
        let command = RunInstances { image, name, count: 1, tags, token: None };
        let made = self.run_instances(caller, command).await?.pop();
        let none = RegionFault::Contradiction { what: "one instance was made and none is there" };
        Ok(made.ok_or(none)?)
    }

    /// The caller's instances here.
    pub async fn instances(&self, caller: &Caller) -> Result<Vec<InstanceView>, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.inner.catalog.read().await?;
        let rows = tx.list_instances(&caller.account).await?;
        Ok(self.instance_views(&mut tx, rows).await?)
    }

    /// The caller's instances here that are wanted, newest first.
    pub async fn search_instances(
        &self,
        caller: &Caller,
        search: InstanceSearch,
    ) -> Result<Found<InstanceView>, Refused> {
        caller.must(Act::Read)?;
        let InstanceSearch { ids, image, name, tags, after, page } = search;
        let (name, tags) = (name.map(|name| name.normalised()), wanted_tags(&tags)?);
        let after = after.map(|row| (row.created, row.id));
        let filter = InstanceFilter { ids, image, name, tags, after };
        let mut tx = self.inner.catalog.read().await?;
        let found = tx.search_instances(&caller.account, &filter, within(page)).await?;
        let (rows, total) = found;
        Ok(Found { items: self.instance_views(&mut tx, rows).await?, total })
    }

    /// One instance.
    pub async fn instance(
        &self,
        caller: &Caller,
        instance: &InstanceId,
    ) -> Result<InstanceView, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.inner.catalog.read().await?;
        let row = self.own_instance(&mut tx, caller, instance).await?;
        let tags = tx.tags_on(&Tagged::Instance(instance.clone())).await?;
        Ok(self.instance_view(row, tags))
    }

    /// Makes an instance's system disk anew from another available image.
    pub async fn change_instance_disk(
        &self,
        caller: &Caller,
        instance: &InstanceId,
        image: &ImageId,
    ) -> Result<InstanceView, Refused> {
        caller.must(Act::Change)?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = self.own_instance(&mut tx, caller, instance).await?;
        self.usable_image(&mut tx, caller, image).await?;
        tx.set_instance_image(instance, image).await?;
        let tags = tx.tags_on(&Tagged::Instance(instance.clone())).await?;
        let changed = InstanceRow { image: image.clone(), ..row.clone() };
        let entry = self.audit_entry(caller, "instance.change_disk", instance.as_str());
        let (before, after) = (told(&row, &tags), told(&changed, &tags));
        tx.record_audit(&AuditEntry { before, after, ..entry }).await?;
        caller.commit(tx).await?;
        Ok(self.instance_view(changed, tags))
    }

    /// Forgets an instance.
    pub async fn delete_instance(
        &self,
        caller: &Caller,
        instance: &InstanceId,
    ) -> Result<(), Refused> {
        self.delete_instances(caller, std::slice::from_ref(instance)).await
    }

    /// Forgets several instances with their tags: all of them or none. One that is named twice is forgotten once.
    pub async fn delete_instances(
        &self,
        caller: &Caller,
        instances: &[InstanceId],
    ) -> Result<(), Refused> {
        caller.must(Act::Change)?;
        let mut tx = self.inner.catalog.begin().await?;
        for instance in instances.iter().collect::<BTreeSet<_>>() {
            let row = self.own_instance(&mut tx, caller, instance).await?;
            let tags = tx.tags_on(&Tagged::Instance(instance.clone())).await?;
            tx.delete_instance(instance).await?;
            let entry = self.audit_entry(caller, "instance.delete", instance.as_str());
            tx.record_audit(&AuditEntry { before: told(&row, &tags), ..entry }).await?;
        }
        caller.commit(tx).await
    }

    /// An instance of the caller's; any other is as absent as one that never was (I12).
    async fn own_instance(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        instance: &InstanceId,
    ) -> Result<InstanceRow, Refused> {
        let row = tx.instance(&caller.account, instance).await?;
        Ok(row.ok_or_else(|| self.no_instance(instance))?)
    }

    async fn instance_views(
        &self,
        tx: &mut Tx,
        rows: Vec<InstanceRow>,
    ) -> Result<Vec<InstanceView>, RegionFault> {
        let ids: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
        let mut tags = tx.instance_tags_of(&ids).await?;
        let view = |row: InstanceRow| {
            let tags = tags.remove(&row.id).unwrap_or_default();
            self.instance_view(row, tags)
        };
        Ok(rows.into_iter().map(view).collect())
    }

    fn views_of(&self, rows: Vec<InstanceRow>, tags: &Tags) -> Vec<InstanceView> {
        rows.into_iter().map(|row| self.instance_view(row, tags.clone())).collect()
    }

    fn instance_view(&self, row: InstanceRow, tags: Tags) -> InstanceView {
        InstanceView {
            id: row.id,
            region: self.id().clone(),
            name: row.name,
            image: row.image,
            tags,
            created: row.created,
        }
    }

    pub(crate) fn no_instance(&self, instance: &InstanceId) -> Rejection {
        Rejection::InstanceNotFound { instance: instance.clone(), region: self.id().clone() }
    }
}

fn instance_row(
    caller: &Caller,
    command: &RunInstances,
    (id, created): (InstanceId, Timestamp),
) -> InstanceRow {
    InstanceRow {
        id,
        account: caller.account.clone(),
        name: command.name.clone(),
        image: command.image.clone(),
        created,
    }
}

/// Names what a token was used for.
fn fingerprint(command: &RunInstances) -> [u8; 32] {
    let RunInstances { image, name, count, tags, token: _ } = command;
    let mut parts = vec![image.to_string(), name.to_string(), count.to_string()];
    parts.extend(tags.iter().flat_map(|(key, value)| [key.to_owned(), value.to_owned()]));
    digest_of(parts)
}

fn told(row: &InstanceRow, tags: &Tags) -> String {
    facts(&[
        ("name", row.name.to_string()),
        ("image", row.image.to_string()),
        ("tags", tags_told(tags)),
    ])
}
