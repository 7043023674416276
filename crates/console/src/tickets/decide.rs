//! How an operator answers a ticket: approves it until a day, or refuses it with a reason.

use askama::Template;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::rules::MAX_APPROVAL_DAYS;
use model::{Field, Rejection, Remark, TicketId, Timestamp};
use region::{DecideTicket, TicketView};

use super::list::link_of;
use super::one::page;
use crate::form::Form;
use crate::page::Done;
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

/// How long an approval counts where the operator types no other day.
const USUAL_DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;

/// What the operator typed.
#[derive(Default)]
pub(super) struct Typed {
    /// The last day of the approval.
    until: String,
    /// What is said to an approval.
    answer: String,
    /// What is said to a refusal.
    reason: String,
    /// Whether it is the refusal that was sent.
    refuses: bool,
}

#[derive(Template)]
#[template(path = "tickets/decide.html")]
pub(super) struct Forms<'a> {
    visit: &'a Visit,
    words: Words,
    path: String,
    until: String,
    earliest: String,
    latest: String,
    days: u64,
    typed: &'a Typed,
    problem: Option<Problem>,
}

impl Forms<'_> {
    fn is_wrong(&self, field: Field) -> bool {
        self.problem.as_ref().is_some_and(|problem| problem.field == Some(field))
    }
}

/// What is said where there is nothing to decide any more.
#[derive(Template)]
#[template(source = r#"<p class="problem" role="alert">{{ problem.text }}</p>"#, ext = "html")]
pub(super) struct Refused {
    pub(super) problem: Problem,
}

/// The forms of both answers.
pub(super) fn forms<'a>(
    visit: &'a Visit,
    ticket: &TicketView,
    (typed, problem): (&'a Typed, Option<Problem>),
) -> Forms<'a> {
    let now = visit.now();
    let last = MAX_APPROVAL_DAYS as i64 - 1;
    let until = match typed.until.as_str() {
        "" => day(now.plus_ms(USUAL_DAYS * DAY_MS)),
        typed => typed.to_owned(),
    };
    Forms {
        visit,
        words: visit.words,
        path: link_of(ticket),
        until,
        earliest: day(now),
        latest: day(now.plus_ms(last * DAY_MS)),
        days: MAX_APPROVAL_DAYS,
        typed,
        problem,
    }
}

/// Answers it.
pub(crate) async fn act(visit: Visit, sent: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    let id: TicketId = visit.id("ticket")?;
    let ticket = region.ticket(&visit.caller, &id).await?;
    let words = visit.words;
    let typed = Typed {
        until: sent.text("until").to_owned(),
        answer: sent.text("answer").to_owned(),
        reason: sent.text("reason").to_owned(),
        refuses: sent.text("do") == "refuse",
    };
    let decision = match decision(&typed, words) {
        Ok(decision) => decision,
        Err(problem) => {
            return Ok(page(&visit, &region, ticket, (&typed, Some(problem))).await?.into());
        }
    };
    match region.decide_ticket(&visit.caller, &id, decision).await {
        Ok(ticket) => {
            let notice = words.say(if typed.refuses {
                "tickets-now-refused"
            } else {
                "tickets-now-approved"
            });
            Ok(visit.done(link_of(&ticket), &notice))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            let ticket = region.ticket(&visit.caller, &id).await?;
            Ok(page(&visit, &region, ticket, (&typed, Some(problem))).await?.into())
        }
    }
}

fn decision(typed: &Typed, words: Words) -> Result<DecideTicket, Problem> {
    let wrong = |rejection: Rejection| Problem::of_rejection(&rejection, words);
    if typed.refuses {
        if typed.reason.is_empty() {
            let said = words.say("tickets-why-not");
            return Err(Problem { field: Some(Field::Why), ..Problem::said(&said) });
        }
        return Ok(DecideTicket::Refuse { answer: Remark::new(&typed.reason).map_err(wrong)? });
    }
    let Some(until) = end_of(&typed.until) else {
        let said = words.say("tickets-no-day");
        return Err(Problem { field: Some(Field::Until), ..Problem::said(&said) });
    };
    let answer = Some(typed.answer.as_str()).filter(|answer| !answer.is_empty());
    let answer = answer.map(Remark::new).transpose().map_err(wrong)?;
    Ok(DecideTicket::Approve { until, answer })
}

/// The end of a day in UTC, as a form writes the day: `2026-11-22`.
fn end_of(day: &str) -> Option<Timestamp> {
    let next = day.parse::<Date>().ok()?.tomorrow().ok()?;
    let midnight = next.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp(midnight.timestamp().as_millisecond()))
}

/// The day of an instant in UTC, as a form writes it.
fn day(moment: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(moment.0);
    moment.map_or_else(|_| String::new(), |moment| moment.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_counts_to_the_end_of_its_day() {
        let end = end_of("2023-12-01").unwrap();
        assert_eq!(end.to_string(), "2023-12-02T00:00:00Z");
        assert_eq!((day(end), day(end.plus_ms(-1))), ("2023-12-02".into(), "2023-12-01".into()));
        for nothing in ["", "tomorrow", "2023-02-30", "9999-12-31", "01.12.2023"] {
            assert_eq!(end_of(nothing), None, "{nothing}");
        }
    }
}
