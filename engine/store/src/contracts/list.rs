//! The list of contracts as one person sees it, with its views and their counts.

use sealflow_core::ids::{ContractId, PersonId};
use sqlx::{Row as _, any::AnyRow};

use crate::{
    db::{Conn, Error},
    rows,
    text_enum::text_enum,
};

/// The most contracts on one page.
pub const PAGE_SIZE_MAX: u32 = 100;

text_enum! {
    /// A tab of the list. Each contract is in `all` and in exactly one other.
    View ("view of contracts") {
        /// Everything.
        All = "all",
        /// Waits for this person.
        AwaitingMe = "awaiting_me",
        /// Waits for somebody else.
        AwaitingOthers = "awaiting_others",
        /// Everybody signed.
        Completed = "completed",
        /// The deadline passed.
        Expired = "expired",
        /// The sender took it back.
        Withdrawn = "withdrawn",
        /// A recipient refused.
        Declined = "declined",
        /// Not sent.
        Draft = "draft",
    }
}

/// Which contracts to list.
#[derive(Debug, Clone)]
pub struct Filter<'a> {
    /// Which tab.
    pub view: View,
    /// Part of the title or of a recipient's name; empty: any.
    pub query: &'a str,
    /// Not made before.
    pub from_ms: Option<i64>,
    /// Made before.
    pub to_ms: Option<i64>,
}

/// A contract in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: ContractId,
    /// As the sender wrote it.
    pub title: String,
    /// `draft`, or the instance's status.
    pub status: String,
    /// The tab that it is in.
    pub view: View,
    /// Who sends it.
    pub organization_name: String,
    /// When the draft was made.
    pub created_at_ms: i64,
    /// When it was sent.
    pub sent_at_ms: Option<i64>,
    /// Until when it must be signed.
    pub deadline_at_ms: Option<i64>,
    /// The recipient for whom the person has something to do, as text.
    pub my_recipient_id: Option<String>,
    /// The names of the parties in routing order: a person's, or an organization's.
    pub recipient_names: Vec<String>,
}

/// One page, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its contracts.
    pub items: Vec<Summary>,
    /// How many there are on all pages.
    pub total: i64,
}

/// The contracts that person $1 may see, each with its tab. The same rule as in [`super::seen_by`].
macro_rules! of_seen {
    ($($rest:expr),+) => {
        concat!(
            "with seen as (
                select c.id, c.title, c.created_at_ms, c.sent_at_ms, c.deadline_at_ms, c.organization_id,
                       coalesce(i.status, 'draft') as status,
                       t.item as my_recipient_id,
                       case when c.instance_id is null then 'draft'
                            when t.item is not null then 'awaiting_me'
                            when i.status = 'in_progress' then 'awaiting_others'
                            else i.status end as view
                from contracts c
                left join instances i on i.id = c.instance_id
                left join (select instance_id, min(item) as item from tasks where assignee = $1
                           group by instance_id) t on t.instance_id = c.instance_id
                where c.sender_id = $1
                   or (c.instance_id is not null and exists (
                       select 1 from member_roles m where m.organization_id = c.organization_id
                       and m.person_id = $1 and m.role in ('org_admin', 'sender')))
                   or exists (select 1 from recipients r where r.contract_id = c.id and r.person_id = $1
                              and r.turn_at_ms is not null)
            ) ",
            $($rest),+
        )
    };
}

/// The filter: $2 view, $3 and $4 times, $5 pattern.
macro_rules! filter {
    () => {
        "where ($2 = 'all' or s.view = $2)
           and s.created_at_ms >= $3 and s.created_at_ms < $4
           and ($5 = '' or lower(s.title) like $5 escape '!' or exists (
               select 1 from recipients r left join organizations ro on ro.id = r.organization_id
               where r.contract_id = s.id
               and (lower(r.name) like $5 escape '!' or lower(ro.name) like $5 escape '!'))) "
    };
}

const COUNTS: &str = of_seen!("select view, count(*) as n from seen group by view");
const TOTAL: &str = of_seen!("select count(*) as n from seen s ", filter!());
const LIST: &str = of_seen!(
    "select s.id, s.title, s.status, s.view, s.created_at_ms, s.sent_at_ms, s.deadline_at_ms, s.my_recipient_id,
            o.name as organization_name
     from seen s join organizations o on o.id = s.organization_id ",
    filter!(),
    "order by s.created_at_ms desc, s.id desc limit $6 offset $7"
);

fn read(row: &AnyRow) -> Result<Summary, Error> {
    Ok(Summary {
        id: rows::id(row, "id")?,
        title: row.try_get("title")?,
        status: row.try_get("status")?,
        view: rows::id(row, "view")?,
        organization_name: row.try_get("organization_name")?,
        created_at_ms: row.try_get("created_at_ms")?,
        sent_at_ms: row.try_get("sent_at_ms")?,
        deadline_at_ms: row.try_get("deadline_at_ms")?,
        my_recipient_id: row.try_get("my_recipient_id")?,
        recipient_names: Vec::new(),
    })
}

/// How many contracts each tab has, whatever is searched for. Tabs without any are left out.
///
/// # Errors
/// The database's.
pub async fn counts(conn: &mut Conn, person: PersonId) -> Result<Vec<(View, i64)>, Error> {
    let found = sqlx::query(COUNTS).bind(person.to_string()).fetch_all(conn).await?;
    let mut counts = Vec::with_capacity(View::ALL.len());
    let mut all = 0;
    for row in &found {
        let n: i64 = row.try_get("n")?;
        all += n;
        counts.push((rows::id(row, "view")?, n));
    }
    counts.push((View::All, all));
    Ok(counts)
}

/// A page of contracts, the newest first; pages count from 1.
///
/// # Errors
/// The database's.
pub async fn list(
    conn: &mut Conn,
    person: PersonId,
    filter: &Filter<'_>,
    page: u32,
    page_size: u32,
) -> Result<Page, Error> {
    let pattern = pattern(filter.query);
    let (from_ms, to_ms) = (filter.from_ms.unwrap_or(0), filter.to_ms.unwrap_or(i64::MAX));
    let total: i64 = sqlx::query_scalar(TOTAL)
        .bind(person.to_string())
        .bind(filter.view.as_str())
        .bind(from_ms)
        .bind(to_ms)
        .bind(&pattern)
        .fetch_one(&mut *conn)
        .await?;
    let page_size = i64::from(page_size.clamp(1, PAGE_SIZE_MAX));
    let found = sqlx::query(LIST)
        .bind(person.to_string())
        .bind(filter.view.as_str())
        .bind(from_ms)
        .bind(to_ms)
        .bind(&pattern)
        .bind(page_size)
        .bind(i64::from(page.max(1) - 1).saturating_mul(page_size))
        .fetch_all(&mut *conn)
        .await?;
    let mut items = found.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    add_names(conn, &mut items).await?;
    Ok(Page { items, total })
}

/// Fills in the parties' names, in one look for the whole page.
async fn add_names(conn: &mut Conn, items: &mut [Summary]) -> Result<(), Error> {
    if items.is_empty() {
        return Ok(());
    }
    let places: Vec<String> = (1..=items.len()).map(|n| format!("${n}")).collect();
    let statement = format!(
        "select r.contract_id, coalesce(o.name, r.name) as name
         from recipients r left join organizations o on o.id = r.organization_id
         where r.contract_id in ({}) order by r.contract_id, r.position",
        places.join(", ")
    );
    // Only place holders are written into it.
    let mut query = sqlx::query(sqlx::AssertSqlSafe(statement));
    for item in items.iter() {
        query = query.bind(item.id.to_string());
    }
    for row in &query.fetch_all(conn).await? {
        let contract: ContractId = rows::id(row, "contract_id")?;
        let name: String = row.try_get("name")?;
        if let Some(item) = items.iter_mut().find(|item| item.id == contract) {
            item.recipient_names.push(name);
        }
    }
    Ok(())
}

/// The pattern for LIKE that finds the text anywhere; empty for an empty text.
fn pattern(query: &str) -> String {
    let query = query.trim().to_lowercase();
    if query.is_empty() {
        return String::new();
    }
    let mut pattern = String::from("%");
    for c in query.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn what_like_would_read_as_a_wildcard_is_a_character() {
        assert_eq!(pattern("  "), "");
        assert_eq!(pattern("采购"), "%采购%");
        assert_eq!(pattern("50%_!A"), "%50!%!_!!a%");
    }
}
