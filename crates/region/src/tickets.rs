//! Tickets: opened by who wants a copy, decided by an operator. They live in the source's region.

use catalog::{AuditEntry, TicketFilter, TicketRow, TicketTargetRow, Tx, Updated};
use model::rules::{judge_decision, judge_opening, judge_targets, judge_until};
use model::{
    AccountId, Act, CopyId, ImageId, Profile, RegionId, Rejection, Remark, TicketId, TicketState,
    Timestamp, UserId,
};

use crate::audit::facts;
use crate::commands::{Caller, Cursor, Listed};
use crate::images::{next_cursor, page};
use crate::refused::{Refused, RegionFault};
use crate::region::Region;

/// Ask for an approval.
#[derive(Clone, Debug)]
pub struct OpenTicket {
    /// The image to be copied.
    pub image: ImageId,
    /// Where it is to go; each of them once.
    pub targets: Vec<RegionId>,
    /// Why.
    pub why: Remark,
}

/// Answer a ticket.
#[derive(Clone, Debug)]
pub enum DecideTicket {
    /// Each target may be copied to once.
    Approve {
        /// Until when a copy may begin; at most 90 days from now.
        until: Timestamp,
        /// In the operator's words.
        answer: Option<Remark>,
    },
    /// It may not.
    Refuse {
        /// Why not.
        answer: Remark,
    },
}

/// Whose tickets to list.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum TicketSelection {
    /// The caller's account's.
    #[default]
    Own,
    /// Every account's: for operators.
    Everyone,
}

/// Which tickets to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct TicketQuery {
    /// By account.
    pub selection: TicketSelection,
    /// By standing.
    pub state: Option<TicketState>,
    /// Behind this row.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: u32,
}

/// A target that a ticket covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketTarget {
    /// The region.
    pub target: RegionId,
    /// The copy that used the approval for it.
    pub copy: Option<CopyId>,
}

/// A ticket as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketView {
    /// Its id.
    pub id: TicketId,
    /// The region that has it: the image's.
    pub region: RegionId,
    /// Whose image it is.
    pub account: AccountId,
    /// Who of that account asks.
    pub asked_by: Option<UserId>,
    /// The image.
    pub image: ImageId,
    /// What it covers.
    pub targets: Vec<TicketTarget>,
    /// Why it asks.
    pub why: Remark,
    /// How it stands.
    pub state: TicketState,
    /// Who decided it.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided: Option<Timestamp>,
    /// What was answered.
    pub answer: Option<Remark>,
    /// Until when its approval counts.
    pub until: Option<Timestamp>,
    /// When it was opened.
    pub created: Timestamp,
}

impl Region {
    /// Asks for an approval to copy an image of the caller's. One question at a time for an image and a target.
    pub async fn open_ticket(
        &self,
        caller: &Caller,
        command: OpenTicket,
    ) -> Result<TicketView, Refused> {
        caller.must(Act::Change)?;
        judge_targets(&command.targets, &Profile::native())?;
        for target in &command.targets {
            self.peer(target)?;
        }
        let id = self.random_id(|random| TicketId::from_random(random))?;
        let mut tx = self.inner.catalog.begin().await?;
        self.own_image(&mut tx, caller, &command.image).await?;
        for target in &command.targets {
            judge_opening(&tx.tickets_covering(&caller.account, &command.image, target).await?)?;
        }
        let row = TicketRow {
            id: id.clone(),
            account: caller.account.clone(),
            asked_by: caller.user.clone(),
            image: command.image,
            why: command.why,
            state: TicketState::Open,
            decided: None,
            answer: None,
            until: None,
            created: self.inner.clock.now(),
            generation: 0,
        };
        tx.insert_ticket(&row, &command.targets).await?;
        let targets: Vec<&str> = command.targets.iter().map(RegionId::as_str).collect();
        let detail = facts(&[("image", row.image.to_string()), ("targets", targets.join(","))]);
        let entry = self.audit_entry(caller, "ticket.open", id.as_str());
        tx.record_audit(&AuditEntry { detail, after: standing(&row), ..entry }).await?;
        let targets = tx.ticket_targets(&id).await?;
        caller.commit(tx).await?;
        self.changed();
        Ok(self.ticket_view(row, targets))
    }

    /// Approves or refuses a ticket of any account. Each is decided once.
    pub async fn decide_ticket(
        &self,
        caller: &Caller,
        id: &TicketId,
        decision: DecideTicket,
    ) -> Result<TicketView, Refused> {
        caller.must(Act::Operate)?;
        let now = self.inner.clock.now();
        let (state, until, answer) = match decision {
            DecideTicket::Approve { until, answer } => {
                judge_until(until, now)?;
                (TicketState::Approved, Some(until), answer)
            }
            DecideTicket::Refuse { answer } => (TicketState::Refused, None, Some(answer)),
        };
        let mut tx = self.inner.catalog.begin().await?;
        let old = tx.ticket_unscoped(id).await?.ok_or_else(|| self.no_ticket(id))?;
        judge_decision(id, old.state)?;
        let decided = Some((caller.user.clone(), now));
        let row = TicketRow { state, decided, answer, until, ..old.clone() };
        if tx.decide_ticket(&row).await? == Updated::No {
            return Err(RegionFault::Contradiction {
                what: "a ticket was decided within a transaction",
            }
            .into());
        }
        let action = match state {
            TicketState::Approved => "ticket.approve",
            TicketState::Refused | TicketState::Open => "ticket.refuse",
        };
        let entry = self.audit_entry(caller, action, id.as_str());
        let detail =
            facts(&[("account", row.account.to_string()), ("image", row.image.to_string())]);
        let entry = AuditEntry { detail, before: standing(&old), after: standing(&row), ..entry };
        tx.record_audit(&entry).await?;
        let targets = tx.ticket_targets(id).await?;
        caller.commit(tx).await?;
        self.changed();
        Ok(self.ticket_view(row, targets))
    }

    /// Tickets of this region, newest first.
    pub async fn tickets(
        &self,
        caller: &Caller,
        query: TicketQuery,
    ) -> Result<Listed<TicketView>, Refused> {
        let account = match query.selection {
            TicketSelection::Own => {
                caller.must(Act::Read)?;
                Some(caller.account.clone())
            }
            TicketSelection::Everyone => {
                caller.must(Act::Operate)?;
                None
            }
        };
        let filter = TicketFilter { account, state: query.state };
        let mut tx = self.inner.catalog.read().await?;
        let rows = tx.list_tickets(&filter, &page(&query.after, query.limit)).await?;
        let next = next_cursor(&rows, query.limit, |row| Cursor {
            created: row.created,
            id: row.id.to_string(),
        });
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let targets = tx.ticket_targets(&row.id).await?;
            items.push(self.ticket_view(row, targets));
        }
        Ok(Listed { items, next })
    }

    /// One ticket: of the caller's account, or of any for an operator. Another's is as absent as one that never was (I12).
    pub async fn ticket(&self, caller: &Caller, id: &TicketId) -> Result<TicketView, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.inner.catalog.read().await?;
        let row = self.visible_ticket(&mut tx, caller, id).await?;
        let targets = tx.ticket_targets(id).await?;
        Ok(self.ticket_view(row, targets))
    }

    async fn visible_ticket(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        id: &TicketId,
    ) -> Result<TicketRow, Refused> {
        let row = if caller.role.may(Act::Operate) {
            tx.ticket_unscoped(id).await?
        } else {
            tx.ticket(&caller.account, id).await?
        };
        Ok(row.ok_or_else(|| self.no_ticket(id))?)
    }

    fn no_ticket(&self, ticket: &TicketId) -> Rejection {
        Rejection::TicketNotFound { ticket: ticket.clone(), region: self.id().clone() }
    }

    fn ticket_view(&self, row: TicketRow, targets: Vec<TicketTargetRow>) -> TicketView {
        let (decided_by, decided) = row.decided.map_or((None, None), |(by, at)| (by, Some(at)));
        let target = |row: TicketTargetRow| TicketTarget { target: row.target, copy: row.copy };
        TicketView {
            id: row.id,
            region: self.id().clone(),
            account: row.account,
            asked_by: row.asked_by,
            image: row.image,
            targets: targets.into_iter().map(target).collect(),
            why: row.why,
            state: row.state,
            decided_by,
            decided,
            answer: row.answer,
            until: row.until,
            created: row.created,
        }
    }
}

/// How a ticket stands, for the audit trail.
fn standing(row: &TicketRow) -> String {
    let mut known = vec![("state", row.state.to_string())];
    match row.state {
        TicketState::Open => known.push(("why", row.why.to_string())),
        TicketState::Approved | TicketState::Refused => {}
    }
    known.extend(row.until.map(|until| ("until", until.to_string())));
    known.extend(row.answer.as_ref().map(|answer| ("answer", answer.to_string())));
    facts(&known)
}
