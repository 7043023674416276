//! Instances: small records that say an image is used. Ferry runs no machines.

use catalog::{AuditEntry, InstanceRow};
use model::{Act, ImageId, InstanceId, Name, Rejection};

use crate::audit::facts;
use crate::commands::Caller;
use crate::refused::Refused;
use crate::region::Region;
use crate::views::InstanceView;

impl Region {
    /// Registers an instance of an available image: an own one, one shared with the account, a published one (R000-12, R001-7,
    /// R003-9).
    pub async fn create_instance(
        &self,
        caller: &Caller,
        name: Name,
        image: &ImageId,
    ) -> Result<InstanceView, Refused> {
        caller.must(Act::Change)?;
        let mut tx = self.inner.catalog.begin().await?;
        self.usable_image(&mut tx, caller, image).await?;
        let row = InstanceRow {
            id: self.random_id(|random| InstanceId::from_random(random))?,
            account: caller.account.clone(),
            name,
            image: image.clone(),
            created: self.inner.clock.now(),
        };
        tx.insert_instance(&row).await?;
        let entry = self.audit_entry(caller, "instance.create", row.id.as_str());
        tx.record_audit(&AuditEntry { after: told(&row), ..entry }).await?;
        caller.commit(tx).await?;
        Ok(self.instance_view(row))
    }

    /// The caller's instances here.
    pub async fn instances(&self, caller: &Caller) -> Result<Vec<InstanceView>, Refused> {
        caller.must(Act::Read)?;
        let rows = self.inner.catalog.read().await?.list_instances(&caller.account).await?;
        Ok(rows.into_iter().map(|row| self.instance_view(row)).collect())
    }

    /// One instance.
    pub async fn instance(
        &self,
        caller: &Caller,
        instance: &InstanceId,
    ) -> Result<InstanceView, Refused> {
        caller.must(Act::Read)?;
        let row = self.inner.catalog.read().await?.instance(&caller.account, instance).await?;
        Ok(self.instance_view(row.ok_or_else(|| self.no_instance(instance))?))
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
        let row = tx
            .instance(&caller.account, instance)
            .await?
            .ok_or_else(|| self.no_instance(instance))?;
        self.usable_image(&mut tx, caller, image).await?;
        tx.set_instance_image(instance, image).await?;
        let changed = InstanceRow { image: image.clone(), ..row.clone() };
        let entry = self.audit_entry(caller, "instance.change_disk", instance.as_str());
        tx.record_audit(&AuditEntry { before: told(&row), after: told(&changed), ..entry }).await?;
        caller.commit(tx).await?;
        Ok(self.instance_view(changed))
    }

    /// Forgets an instance.
    pub async fn delete_instance(
        &self,
        caller: &Caller,
        instance: &InstanceId,
    ) -> Result<(), Refused> {
        caller.must(Act::Change)?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = tx
            .instance(&caller.account, instance)
            .await?
            .ok_or_else(|| self.no_instance(instance))?;
        tx.delete_instance(instance).await?;
        let entry = self.audit_entry(caller, "instance.delete", instance.as_str());
        tx.record_audit(&AuditEntry { before: told(&row), ..entry }).await?;
        caller.commit(tx).await?;
        Ok(())
    }

    fn instance_view(&self, row: InstanceRow) -> InstanceView {
        InstanceView {
            id: row.id,
            region: self.id().clone(),
            name: row.name,
            image: row.image,
            created: row.created,
        }
    }

    fn no_instance(&self, instance: &InstanceId) -> Rejection {
        Rejection::InstanceNotFound { instance: instance.clone(), region: self.id().clone() }
    }
}

fn told(row: &InstanceRow) -> String {
    facts(&[("name", row.name.to_string()), ("image", row.image.to_string())])
}
