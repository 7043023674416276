//! Tickets: asked at the source region, decided once, spent on one copy for each target.

use crate::statement::Row;
use crate::statement::query;
use model::{
    AccountId, CopyId, ImageId, RegionId, Remark, TicketFacts, TicketId, TicketState, Timestamp,
    UserId,
};

use crate::fault::CatalogFault;
use crate::outcome::Updated;
use crate::page::Page;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// A ticket. Its targets have rows of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketRow {
    /// Its id.
    pub id: TicketId,
    /// Whose image it is for.
    pub account: AccountId,
    /// Who of that account asks; none where the account itself does.
    pub asked_by: Option<UserId>,
    /// The image, of this region.
    pub image: ImageId,
    /// Why it should be copied.
    pub why: Remark,
    /// How the ticket stands.
    pub state: TicketState,
    /// Who decided it, and when; none while it is open.
    pub decided: Option<(Option<UserId>, Timestamp)>,
    /// What was answered.
    pub answer: Option<Remark>,
    /// Until when its approval counts; only where it is approved.
    pub until: Option<Timestamp>,
    /// When it was opened.
    pub created: Timestamp,
    /// Grows by one with each update.
    pub generation: u64,
}

/// A target that a ticket covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketTargetRow {
    /// The region.
    pub target: RegionId,
    /// The copy that the approval for it was spent on.
    pub copy: Option<CopyId>,
}

/// Which tickets are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// Of this account; else of all.
    pub account: Option<AccountId>,
    /// In this state.
    pub state: Option<TicketState>,
}

/// An approval and the copy it was or is spent on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpentTicket {
    /// The ticket.
    pub ticket: TicketId,
    /// The target it covers.
    pub target: RegionId,
    /// The copy.
    pub copy: CopyId,
}

pub(crate) const LIST: &str = "SELECT * FROM ticket \
    WHERE (created, id) < (?1, ?2) ORDER BY created DESC, id DESC LIMIT ?3";
pub(crate) const LIST_OF_ACCOUNT: &str = "SELECT * FROM ticket \
    WHERE account = ?4 AND (created, id) < (?1, ?2) ORDER BY created DESC, id DESC LIMIT ?3";
pub(crate) const LIST_BY_STATE: &str = "SELECT * FROM ticket \
    WHERE state = ?4 AND (created, id) < (?1, ?2) ORDER BY created DESC, id DESC LIMIT ?3";
pub(crate) const LIST_OF_ACCOUNT_BY_STATE: &str = "SELECT * FROM ticket \
    WHERE account = ?4 AND state = ?5 AND (created, id) < (?1, ?2) ORDER BY created DESC, id DESC LIMIT ?3";
pub(crate) const COVERING: &str = "SELECT ticket.*, covered.target, covered.copy FROM ticket \
    JOIN ticket_target AS covered ON covered.ticket = ticket.id AND covered.target = ?3 \
    WHERE ticket.account = ?1 AND ticket.image = ?2 ORDER BY ticket.created DESC, ticket.id DESC";
pub(crate) const TARGETS: &str = "SELECT * FROM ticket_target WHERE ticket = ? ORDER BY target";
pub(crate) const OF_COPY: &str = "SELECT * FROM ticket_target WHERE copy = ?";
pub(crate) const SPENT: &str =
    "SELECT * FROM ticket_target WHERE copy IS NOT NULL AND copy > ?1 ORDER BY copy LIMIT ?2";

impl Tx {
    /// Records a new, open ticket with its targets.
    pub async fn insert_ticket(
        &mut self,
        ticket: &TicketRow,
        targets: &[RegionId],
    ) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO ticket (id, account, asked_by, image, why, state, answer, created, generation) \
            VALUES (?, ?, ?, ?, ?, 'open', '', ?, ?)";
        let insert = query(sql)
            .bind(ticket.id.as_str())
            .bind(ticket.account.as_str())
            .bind(ticket.asked_by.as_ref().map_or("", UserId::as_str))
            .bind(ticket.image.as_str())
            .bind(ticket.why.as_str())
            .bind(ticket.created.0)
            .bind(signed("generation", ticket.generation)?);
        self.run("record a ticket", insert).await?;
        for target in targets {
            let insert = query("INSERT INTO ticket_target (ticket, target) VALUES (?, ?)");
            let insert = insert.bind(ticket.id.as_str()).bind(target.as_str());
            self.run("record a ticket's target", insert).await?;
        }
        Ok(())
    }

    /// A ticket of an account. Another account's is as absent as one that never was (I12).
    pub async fn ticket(
        &mut self,
        account: &AccountId,
        id: &TicketId,
    ) -> Result<Option<TicketRow>, CatalogFault> {
        let found = self.ticket_unscoped(id).await?;
        Ok(found.filter(|ticket| ticket.account == *account))
    }

    /// A ticket of any account: for those who decide.
    pub async fn ticket_unscoped(
        &mut self,
        id: &TicketId,
    ) -> Result<Option<TicketRow>, CatalogFault> {
        let find = query("SELECT * FROM ticket WHERE id = ?").bind(id.as_str());
        self.one("find a ticket", find).await?.as_ref().map(ticket_from).transpose()
    }

    /// What a ticket covers, by the targets' names.
    pub async fn ticket_targets(
        &mut self,
        id: &TicketId,
    ) -> Result<Vec<TicketTargetRow>, CatalogFault> {
        let rows = self.all("find a ticket's targets", query(TARGETS).bind(id.as_str())).await?;
        let read = |row| {
            let stored = Stored { table: "ticket_target", row };
            Ok(TicketTargetRow {
                target: stored.word("target")?,
                copy: stored.optional_word("copy")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Tickets, the newest first.
    pub async fn list_tickets(
        &mut self,
        filter: &TicketFilter,
        page: &Page,
    ) -> Result<Vec<TicketRow>, CatalogFault> {
        let (created, id) = page.below();
        let bounded = |sql: &'static str| query(sql).bind(created).bind(id).bind(page.limit);
        let list = match (&filter.account, filter.state) {
            (None, None) => bounded(LIST),
            (Some(account), None) => bounded(LIST_OF_ACCOUNT).bind(account.as_str()),
            (None, Some(state)) => bounded(LIST_BY_STATE).bind(state.as_str()),
            (Some(account), Some(state)) => {
                bounded(LIST_OF_ACCOUNT_BY_STATE).bind(account.as_str()).bind(state.as_str())
            }
        };
        self.all("list tickets", list).await?.iter().map(ticket_from).collect()
    }

    /// The tickets of an account that cover an image and a target, the newest first.
    pub async fn tickets_covering(
        &mut self,
        account: &AccountId,
        image: &ImageId,
        target: &RegionId,
    ) -> Result<Vec<TicketFacts>, CatalogFault> {
        let find = query(COVERING).bind(account.as_str()).bind(image.as_str());
        let rows = self.all("find tickets for a copy", find.bind(target.as_str())).await?;
        let read = |row| {
            let stored = Stored { table: "ticket", row };
            Ok(TicketFacts {
                ticket: stored.word("id")?,
                state: stored.word("state")?,
                until: stored.optional_time("until")?,
                spent_on: stored.optional_word("copy")?,
                target: stored.word("target")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Records the decision, if the ticket is open and still has this generation; that is one more after.
    pub async fn decide_ticket(&mut self, ticket: &TicketRow) -> Result<Updated, CatalogFault> {
        let sql = "UPDATE ticket SET state = ?, decided_by = ?, decided = ?, answer = ?, until = ?, \
            generation = generation + 1 WHERE id = ? AND generation = ? AND state = 'open'";
        let decided = ticket.decided.as_ref();
        let update = query(sql)
            .bind(ticket.state.as_str())
            .bind(decided.map(|(by, _)| by.as_ref().map_or("", UserId::as_str)))
            .bind(decided.map(|(_, at)| at.0))
            .bind(ticket.answer.as_ref().map_or("", Remark::as_str))
            .bind(ticket.until.map(|until| until.0))
            .bind(ticket.id.as_str())
            .bind(signed("generation", ticket.generation)?);
        self.run("decide a ticket", update).await.map(Updated::from_rows)
    }

    /// Spends the approval for a target on a copy. [`Updated::No`] where it was spent, has run out or was never given.
    pub async fn spend_ticket(
        &mut self,
        spent: &SpentTicket,
        now: Timestamp,
    ) -> Result<Updated, CatalogFault> {
        let sql = "UPDATE ticket_target SET copy = ?1 WHERE ticket = ?2 AND target = ?3 AND copy IS NULL \
            AND EXISTS (SELECT 1 FROM ticket WHERE id = ?2 AND state = 'approved' AND until > ?4)";
        let update = query(sql)
            .bind(spent.copy.as_str())
            .bind(spent.ticket.as_str())
            .bind(spent.target.as_str())
            .bind(now.0);
        self.run("spend an approval", update).await.map(Updated::from_rows)
    }

    /// What was spent on a copy.
    pub async fn ticket_of_copy(
        &mut self,
        copy: &CopyId,
    ) -> Result<Option<SpentTicket>, CatalogFault> {
        let found = self.one("find a copy's approval", query(OF_COPY).bind(copy.as_str())).await?;
        found.as_ref().map(|row| spent_from("ticket_target", row)).transpose()
    }

    /// Gives the approval of a copy that was never accepted back, and remembers that: see [`Tx::returned_ticket`].
    pub async fn return_ticket(
        &mut self,
        spent: &SpentTicket,
        now: Timestamp,
    ) -> Result<Updated, CatalogFault> {
        let free = query("UPDATE ticket_target SET copy = NULL WHERE copy = ?");
        let freed = self.run("give back an approval", free.bind(spent.copy.as_str())).await?;
        if freed == 0 {
            return Ok(Updated::No);
        }
        let sql = "INSERT INTO ticket_return (copy, ticket, target, returned) VALUES (?, ?, ?, ?) \
            ON CONFLICT (copy) DO UPDATE SET returned = excluded.returned";
        let remember = query(sql)
            .bind(spent.copy.as_str())
            .bind(spent.ticket.as_str())
            .bind(spent.target.as_str())
            .bind(now.0);
        self.run("remember an approval given back", remember).await?;
        Ok(Updated::Yes)
    }

    /// The approval that a copy had and that was given back: should the copy be accepted after all, it needs it again.
    pub async fn returned_ticket(
        &mut self,
        copy: &CopyId,
    ) -> Result<Option<SpentTicket>, CatalogFault> {
        let find = query("SELECT * FROM ticket_return WHERE copy = ?").bind(copy.as_str());
        let found = self.one("find an approval given back", find).await?;
        found.as_ref().map(|row| spent_from("ticket_return", row)).transpose()
    }

    /// What has been spent, by the copies' ids, behind `after`.
    pub async fn spent_tickets(
        &mut self,
        after: Option<&CopyId>,
        limit: u32,
    ) -> Result<Vec<SpentTicket>, CatalogFault> {
        let list = query(SPENT).bind(after.map_or("", CopyId::as_str)).bind(limit);
        let rows = self.all("list spent approvals", list).await?;
        rows.iter().map(|row| spent_from("ticket_target", row)).collect()
    }
}

fn spent_from(table: &'static str, row: &Row) -> Result<SpentTicket, CatalogFault> {
    let stored = Stored { table, row };
    Ok(SpentTicket {
        ticket: stored.word("ticket")?,
        target: stored.word("target")?,
        copy: stored.word("copy")?,
    })
}

/// A text that is empty where there is none.
fn given<T>(
    stored: &Stored<'_>,
    column: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, CatalogFault> {
    let text = stored.text(column)?;
    if text.is_empty() {
        return Ok(None);
    }
    read(&text).map(Some).ok_or_else(|| stored.corrupt(column, &text))
}

fn ticket_from(row: &Row) -> Result<TicketRow, CatalogFault> {
    let stored = Stored { table: "ticket", row };
    let decided = match stored.optional_time("decided")? {
        None => None,
        Some(at) => Some((given(&stored, "decided_by", |text| text.parse().ok())?, at)),
    };
    Ok(TicketRow {
        id: stored.word("id")?,
        account: stored.word("account")?,
        asked_by: given(&stored, "asked_by", |text| text.parse().ok())?,
        image: stored.word("image")?,
        why: stored.checked("why", Remark::new)?,
        state: stored.word("state")?,
        decided,
        answer: given(&stored, "answer", |text| Remark::new(text).ok())?,
        until: stored.optional_time("until")?,
        created: stored.time("created")?,
        generation: stored.number("generation")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{account, bytes, catalog, image};

    fn ticket(n: u64, of: u64) -> TicketRow {
        TicketRow {
            id: TicketId::from_random(bytes(n)),
            account: account(of),
            asked_by: Some(UserId::from_random(bytes(n))),
            image: image(1, 1).id,
            why: Remark::new("the 'move' of 字").unwrap(),
            state: TicketState::Open,
            decided: None,
            answer: None,
            until: None,
            created: Timestamp(1_000 + n as i64),
            generation: 0,
        }
    }

    fn approved(open: TicketRow) -> TicketRow {
        TicketRow {
            state: TicketState::Approved,
            decided: Some((None, Timestamp(2_000))),
            until: Some(Timestamp(9_000)),
            ..open
        }
    }

    fn targets() -> Vec<RegionId> {
        vec!["south".parse().unwrap(), "west".parse().unwrap()]
    }

    fn spent(n: u64, copy: u64) -> SpentTicket {
        let copy = CopyId::from_random(bytes(copy));
        SpentTicket { ticket: ticket(n, 1).id, target: "south".parse().unwrap(), copy }
    }

    #[tokio::test]
    async fn tickets_read_back_as_written_and_are_listed_in_each_way() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let by_nobody = TicketRow { asked_by: None, ..ticket(2, 2) };
        for row in [&ticket(1, 1), &by_nobody, &ticket(3, 1)] {
            tx.insert_ticket(row, &targets()).await.unwrap();
        }
        assert_eq!(tx.ticket(&account(1), &ticket(1, 1).id).await.unwrap(), Some(ticket(1, 1)));
        assert_eq!(tx.ticket(&account(1), &by_nobody.id).await.unwrap(), None, "i12");
        assert_eq!(tx.ticket_unscoped(&by_nobody.id).await.unwrap(), Some(by_nobody.clone()));
        let covered = tx.ticket_targets(&ticket(1, 1).id).await.unwrap();
        assert_eq!(covered.iter().map(|row| row.target.clone()).collect::<Vec<_>>(), targets());
        let refused = TicketRow {
            state: TicketState::Refused,
            decided: Some((Some(UserId::from_random(bytes(8))), Timestamp(2_000))),
            answer: Some(Remark::new("no").unwrap()),
            ..ticket(3, 1)
        };
        assert_eq!(tx.decide_ticket(&refused).await.unwrap(), Updated::Yes);
        assert_eq!(tx.decide_ticket(&refused).await.unwrap(), Updated::No);
        let refused = TicketRow { generation: 1, ..refused };
        let table = [
            (None, None, vec![refused.clone(), by_nobody.clone(), ticket(1, 1)]),
            (Some(account(1)), None, vec![refused.clone(), ticket(1, 1)]),
            (None, Some(TicketState::Open), vec![by_nobody, ticket(1, 1)]),
            (Some(account(1)), Some(TicketState::Refused), vec![refused]),
            (Some(account(2)), Some(TicketState::Approved), vec![]),
        ];
        for (account, state, wanted) in table {
            let filter = TicketFilter { account, state };
            let (mut found, mut page) = (Vec::new(), Page::first(1));
            while let Some(row) = tx.list_tickets(&filter, &page).await.unwrap().pop() {
                page.after = Some((row.created, row.id.to_string()));
                found.push(row);
            }
            assert_eq!(found, wanted, "{filter:?}");
        }
    }

    /// R000-7: an approval is spent once, only while it counts, and what is given back can be spent again.
    #[tokio::test]
    async fn r000_7_an_approval_is_spent_once() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        tx.insert_ticket(&ticket(1, 1), &targets()).await.unwrap();
        let (first, second) = (spent(1, 10), spent(1, 11));
        let now = Timestamp(5_000);
        assert_eq!(tx.spend_ticket(&first, now).await.unwrap(), Updated::No, "not decided");
        assert_eq!(tx.decide_ticket(&approved(ticket(1, 1))).await.unwrap(), Updated::Yes);
        assert_eq!(tx.spend_ticket(&first, Timestamp(9_000)).await.unwrap(), Updated::No, "over");
        assert_eq!(tx.spend_ticket(&first, now).await.unwrap(), Updated::Yes);
        assert_eq!(tx.spend_ticket(&second, now).await.unwrap(), Updated::No, "spent");
        assert_eq!(tx.ticket_of_copy(&first.copy).await.unwrap(), Some(first.clone()));
        assert_eq!(tx.spent_tickets(None, 10).await.unwrap(), std::slice::from_ref(&first));
        assert!(tx.spent_tickets(Some(&first.copy), 10).await.unwrap().is_empty());
        let covering = |image: ImageId, target: &str| (account(1), image, target.parse().unwrap());
        let (owner, image, south) = covering(ticket(1, 1).image, "south");
        let facts = tx.tickets_covering(&owner, &image, &south).await.unwrap();
        assert_eq!(facts[0].spent_on, Some(first.copy.clone()));
        assert_eq!(facts[0].until, Some(Timestamp(9_000)));
        let west = tx.tickets_covering(&owner, &image, &targets()[1]).await.unwrap();
        assert_eq!(west[0].spent_on, None, "each target has its own");
        let (owner, image, north) = covering(ticket(1, 1).image, "north");
        assert!(tx.tickets_covering(&owner, &image, &north).await.unwrap().is_empty());
        assert_eq!(tx.returned_ticket(&first.copy).await.unwrap(), None);
        assert_eq!(tx.return_ticket(&first, now).await.unwrap(), Updated::Yes);
        assert_eq!(tx.return_ticket(&first, now).await.unwrap(), Updated::No);
        assert_eq!(tx.returned_ticket(&first.copy).await.unwrap(), Some(first));
        assert_eq!(tx.spend_ticket(&second, now).await.unwrap(), Updated::Yes);
    }

    #[tokio::test]
    async fn the_newest_ticket_for_a_copy_comes_first() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        for row in [ticket(1, 1), ticket(2, 1), ticket(3, 2)] {
            tx.insert_ticket(&row, &targets()).await.unwrap();
        }
        let (owner, image) = (account(1), ticket(1, 1).image);
        let found = tx.tickets_covering(&owner, &image, &targets()[0]).await.unwrap();
        let ids: Vec<_> = found.into_iter().map(|facts| facts.ticket).collect();
        assert_eq!(ids, [ticket(2, 1).id, ticket(1, 1).id]);
    }
}
