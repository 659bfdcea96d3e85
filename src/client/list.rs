//! Everything that the list call tells, query by query and page by page; or why it is not known.
//!
//! A list counts only as a whole. Where a page is missing, unreadable or leads away from the endpoint, nothing is known of what is not in it.

mod size;
mod unlisted;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::RawValue;
use url::Url;

pub use unlisted::Unlisted;

use self::size::{Kept, Size};
use super::{Purpose, Target};
use crate::contract::{Listing, Operation};
use crate::exchange::{Request, Response, id_text};
use crate::json::{each_item, raw_at, value_of};
use crate::progress::Notice;

/// One thing that the list call tells, as it stands there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'a> {
    raw: &'a RawValue,
    /// Whether its page was JSON as it came; otherwise a `null` may stand for anything.
    is_json: bool,
}

/// What could be read of one thing that the list call tells.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub id: String,
    /// Nothing where it is longer than anything that a run creates.
    pub value: Value,
    /// Whether that is all of it.
    pub is_whole: bool,
}

/// So many pages of a list are read.
const MOST_PAGES: usize = 2000;

/// After so many pages in a row that hold nothing, none is to come that does.
const MOST_EMPTY: usize = 100;

/// A link that is longer leads nowhere: no server takes such an address.
const LONGEST_LINK: usize = 8 * 1024;

/// An item longer than this is none that a run created, so that nothing but its id matters.
const LONGEST_ITEM: usize = 64 * 1024;

/// What the name of a field holds that tells of further pages, in one API or another.
const PAGING: [&str; 6] = ["next", "link", "truncated", "more", "cursor", "continu"];

/// What the name of a field holds that tells how many there are.
const TOTALS: [&str; 2] = ["total", "count"];

/// Where a page leads.
enum Next {
    Page(String),
    End,
}

impl Item<'_> {
    /// A text of the item that holds this one.
    pub(crate) fn text_with(self, part: &str) -> Option<String> {
        // Most items hold it nowhere, not even in a spelling with escapes, so that they need not be read.
        let may_hold = self.raw.get().contains(part) || self.raw.get().contains('\\');
        may_hold.then(|| text_with(&self.value()?, part)).flatten()
    }

    /// What can be read of the item; nothing where it is longer than anything that a run creates.
    fn value(self) -> Option<Value> {
        let is_short = self.raw.get().len() <= LONGEST_ITEM;
        is_short.then(|| value_of(self.raw.get().as_bytes())).flatten()
    }

    /// Reads it all.
    pub(crate) fn read(self, id: &str) -> Listed {
        let value = self.value();
        let mut listed = Listed { id: id.to_owned(), is_whole: value.is_some(), value: value.unwrap_or_default() };
        if let (false, Value::Object(fields)) = (self.is_json, &mut listed.value) {
            let before = fields.len();
            fields.retain(|_, value| !holds_null(value));
            listed.is_whole = fields.len() == before;
        }
        listed
    }
}

/// A text within a value that holds this one.
pub(super) fn text_with(value: &Value, part: &str) -> Option<String> {
    match value {
        Value::String(text) => text.contains(part).then(|| text.clone()),
        Value::Array(items) => items.iter().find_map(|item| text_with(item, part)),
        Value::Object(fields) => fields.values().find_map(|value| text_with(value, part)),
        _ => None,
    }
}

impl Target {
    /// What `pick` takes of each thing that the list call tells, by its id; of one that is told several times, what it took last.
    pub(crate) async fn inventory<T>(
        &self,
        purpose: Purpose,
        mut pick: impl FnMut(&str, Item<'_>) -> Option<T>,
    ) -> Result<IndexMap<String, T>, Unlisted> {
        let (mut found, mut kept) = (IndexMap::new(), Kept::default());
        self.each_item(purpose, |id, item| {
            let Some(picked) = pick(id, item) else { return Ok(()) };
            found.insert(id.to_owned(), picked);
            kept.note(item.raw.get().len())
        })
        .await?;
        Ok(found)
    }

    /// Hands over each thing that the list call tells, perhaps more than once. Only where the result is no error was that everything. A list that is too large
    /// to be read is not read again.
    pub(crate) async fn each_item(
        &self,
        purpose: Purpose,
        mut take: impl FnMut(&str, Item<'_>) -> Result<(), Unlisted>,
    ) -> Result<(), Unlisted> {
        if self.stock.shown.is_disproved() {
            return Err(Unlisted::Incomplete);
        }
        if let Some(why) = self.cannot_list() {
            return Err(why);
        }
        if let Some(why) = self.stock.too_large.get() {
            return Err(*why);
        }
        let operations = self.contract().operations.iter();
        let mut lists = operations.filter_map(|operation| Some((operation, operation.listing()?)));
        let (operation, listing) = lists.next().ok_or(Unlisted::NoCall)?;
        let mut size = Size::default();
        for query in &listing.queries {
            let listed = self.each_item_of(operation, listing, query, purpose, &mut size, &mut take).await;
            if let Err(why @ (Unlisted::TooLarge | Unlisted::Endless)) = listed {
                let _ = self.stock.too_large.set(why);
            }
            listed?;
        }
        Ok(())
    }

    async fn each_item_of(
        &self,
        operation: &Operation,
        listing: &Listing,
        query: &str,
        purpose: Purpose,
        size: &mut Size,
        take: &mut impl FnMut(&str, Item<'_>) -> Result<(), Unlisted>,
    ) -> Result<(), Unlisted> {
        let mut path = operation.path.as_str().to_owned();
        if !query.is_empty() {
            path = format!("{path}?{query}");
        }
        let (mut seen, mut count, mut empty) = (HashSet::new(), 0, 0);
        while seen.insert(path.clone()) && seen.len() <= MOST_PAGES {
            let credential = self.usual_credential();
            let method = operation.method.clone();
            let request = Request { method, path: path.clone(), headers: Vec::new(), body: None, credential };
            let response = self.send_as(purpose, request).await.outcome.map_err(Unlisted::SendError)?;
            // A part of a list is no list.
            if response.status != 200 {
                return Err(Unlisted::Status(response.status));
            }
            size.note_page(response.body.len())?;
            let before = count;
            let mut take = |id: &str, item: Item<'_>| {
                count += 1;
                size.note_id(id)?;
                take(id, item)
            };
            let text = response.nearly_json().ok_or(Unlisted::Unreadable)?;
            let is_json = matches!(text, Cow::Borrowed(_));
            let next = self.page(listing, &path, &text, is_json, &mut take)?;
            empty = if count > before { 0 } else { empty + 1 };
            match next {
                Next::Page(_) if empty > MOST_EMPTY => return Err(Unlisted::Endless),
                Next::Page(next) => {
                    path = next;
                    self.progress.tell(Notice::Listing(count));
                }
                Next::End if says_more(listing, &response, &text, count) => return Err(Unlisted::More),
                Next::End => return Ok(()),
            }
        }
        Err(Unlisted::Endless)
    }

    /// Reads one page, which is JSON now, and where it leads.
    fn page(
        &self,
        listing: &Listing,
        path: &str,
        text: &str,
        is_json: bool,
        take: &mut impl FnMut(&str, Item<'_>) -> Result<(), Unlisted>,
    ) -> Result<Next, Unlisted> {
        let items = raw_at(text, &listing.items).ok_or(Unlisted::Unreadable)?;
        let id = &self.contract().creation.lifecycle.id;
        let mut error = Unlisted::Unreadable;
        let read = each_item(items.get(), |raw| {
            let Some(id) = raw_at(raw.get(), id).and_then(|id| id_text(&serde_json::from_str(id.get()).ok()?)) else {
                return false;
            };
            let taken = take(&id, Item { raw, is_json });
            if let Err(why) = taken {
                error = why;
            }
            taken.is_ok()
        });
        read.map_err(|_| error)?;
        let next = listing.next.as_deref().and_then(|next| raw_at(text, next));
        match next.map(|next| serde_json::from_str::<Value>(next.get())) {
            None | Some(Ok(Value::Null)) => Ok(Next::End),
            Some(Ok(Value::String(next))) => self.next_path(path, &next).map(Next::Page).ok_or(Unlisted::Elsewhere),
            Some(_) => Err(Unlisted::Elsewhere),
        }
    }

    /// The path that a link on a page leads to, as RFC 3986 resolves it; `None` unless it is a page of the same list at the endpoint.
    fn next_path(&self, path: &str, next: &str) -> Option<String> {
        if next.len() > LONGEST_LINK {
            return None;
        }
        let page = self.endpoint().join(path)?;
        // Some services give the path from the root of their API, with or without the slash and without the prefix that a proxy adds.
        let from_root = || self.endpoint().join(&format!("/{}", next.trim_start_matches('/')));
        let candidates = [page.join(next).ok(), from_root()];
        let is_page = |url: &Url| is_same_place(url, &page) && without_slash(url) == without_slash(&page);
        let url = candidates.into_iter().flatten().find(is_page)?;
        let bare = path.split('?').next().unwrap_or_default();
        Some(url.query().map_or_else(|| bare.to_owned(), |query| format!("{bare}?{query}")))
    }
}

/// Whether an answer that leads to no further page says all the same that there is one: in a header, or in a field that the contract does not name.
fn says_more(listing: &Listing, response: &Response, text: &str, count: usize) -> bool {
    let is_next = |value: &str| value.to_ascii_lowercase().contains("next");
    if response.header("link").is_some_and(is_next) {
        return true;
    }
    // Only short values are read: a number, a link, an empty array. What is longer is not empty, whatever it is.
    let fields = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(text).unwrap_or_default();
    let is_named =
        |name: &str| listing.next.iter().chain([&listing.items]).any(|pointer| pointer.strip_prefix('/') == Some(name));
    let says_so = |(name, raw): (&Cow<'_, str>, &&RawValue)| {
        let name = name.to_ascii_lowercase();
        let value = Some(raw.get()).filter(|text| text.len() <= LONGEST_LINK);
        let value = value.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Bool(true));
        let is_empty = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::Bool(true) | Value::Number(_) => false,
        };
        let exceeds = value.as_u64().is_some_and(|total| total > count as u64);
        (!is_empty && !value.is_number() && PAGING.iter().any(|word| name.contains(word)))
            || (exceeds && TOTALS.iter().any(|word| name.contains(word)))
    };
    fields.iter().filter(|(name, _)| !is_named(name)).any(says_so)
}

/// Whether two addresses are of one server. Behind a proxy that speaks TLS for it, a service may take itself for one without.
fn is_same_place(one: &Url, other: &Url) -> bool {
    let has_usual_ports = one.port().is_none() && other.port().is_none();
    let has_same_port = one.scheme() == other.scheme() && one.port() == other.port();
    let schemes = [one.scheme(), other.scheme()];
    let is_web = schemes.iter().all(|scheme| matches!(*scheme, "http" | "https"));
    one.host() == other.host() && (has_same_port || (has_usual_ports && is_web))
}

fn without_slash(url: &Url) -> &str {
    url.path().trim_end_matches('/')
}

fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(holds_null),
        Value::Object(fields) => fields.values().any(holds_null),
        _ => false,
    }
}
