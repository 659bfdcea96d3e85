//! The books of a run: what is used up, what may be, and what keeps a further cost from being admitted.

use crate::client::limits::{Cost, Limits, Spent};

/// What a run has cost so far, and what is under way.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// Requests that were sent.
    pub requests: u64,
    /// Resources that were, or may have been, created.
    pub created: u64,
    /// Those of them that are, or may be, still there.
    pub alive: u64,
    /// Requests since the last stock-taking that may have created more than their answers told of.
    pub doubtful: u64,
    /// Those of them whose answers told of a creation.
    pub doubtful_creations: u64,
    /// Whether stock was taken after a creation.
    pub is_tried: bool,
    /// The most things that one request has created beside what it was asked for.
    pub unasked: u64,
    /// Whether stock cannot be taken, so that only the target's own answers count.
    pub is_blind: bool,
    /// What the probes under way may cost at most.
    pub under_way: Cost,
    /// Requests that are kept for the end of the run.
    pub set_aside: u64,
}

/// So many doubtful requests are remembered until stock is taken.
const MOST_DOUBTFUL: u64 = 1000;

impl Books {
    /// All that keeps this cost from being admitted.
    pub(super) fn hindrances(&self, limits: &Limits, cost: Cost) -> Vec<Hindrance> {
        let needs = self.needs(limits, cost).into_iter().filter(|need| need.cost > 0);
        needs.filter_map(Need::hindrance).chain(self.caution(limits, cost)).collect()
    }

    /// What a cost needs of each limit. Once a request has created more than it was asked for, each may.
    fn needs(&self, limits: &Limits, cost: Cost) -> [Need; 3] {
        let doubtful = if self.is_blind { 0 } else { self.doubtful };
        let requests = Need {
            spent: Spent::Requests,
            limit: limits.requests,
            used: self.requests + self.set_aside,
            doubtful: 0,
            under_way: self.under_way.requests,
            cost: cost.requests,
        };
        let creation = |spent, limit, used| Need {
            spent,
            limit,
            used,
            doubtful,
            under_way: self.under_way.created * self.share(),
            cost: cost.created * self.share(),
        };
        let created = creation(Spent::Created, limits.created, self.created);
        let alive = creation(Spent::Alive, limits.alive, self.alive);
        [requests, created, alive]
    }

    /// What else keeps a creation from being admitted, as a request may create more than it was asked for: as long as none was looked at, each may create
    /// two, and once one did create more, each is looked at before the next.
    fn caution(&self, limits: &Limits, cost: Cost) -> Option<Hindrance> {
        let is_bounded = limits.created.is_some() || limits.alive.is_some();
        if !is_bounded || self.is_blind || cost.created == 0 {
            return None;
        }
        let must_look =
            if self.unasked > 0 { self.doubtful > 0 } else { !self.is_tried && self.doubtful_creations > 0 };
        if must_look || self.doubtful >= MOST_DOUBTFUL {
            return Some(Hindrance::Doubt);
        }
        let twice = self.doubtful + 2 * (self.under_way.created + cost.created);
        let exceeds = |limit: Option<u64>, used: u64| limit.is_some_and(|limit| used + twice > limit);
        let may_exceed = exceeds(limits.created, self.created) || exceeds(limits.alive, self.alive);
        let must_wait = self.unasked > 0 || (!self.is_tried && may_exceed);
        (must_wait && self.under_way.created > 0).then_some(Hindrance::UnderWay)
    }

    /// How many things a request may create, as far as this run has seen.
    fn share(&self) -> u64 {
        1 + self.unasked
    }
}

/// What a cost needs of one limit.
struct Need {
    spent: Spent,
    limit: Option<u64>,
    /// What is used up.
    used: u64,
    /// What may be used up beyond that, as stock would tell.
    doubtful: u64,
    /// What the probes under way may use.
    pub under_way: u64,
    cost: u64,
}

/// What keeps a cost from being admitted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// What is used up.
    Never(Spent),
    /// What requests may have created without telling it: stock must be taken.
    Doubt,
    /// What the probes under way may use.
    UnderWay,
}

impl Need {
    fn hindrance(self) -> Option<Hindrance> {
        let limit = self.limit?;
        let proven = self.used + self.cost;
        if proven > limit && (self.under_way == 0 || self.spent != Spent::Alive) {
            Some(Hindrance::Never(self.spent))
        } else if proven + self.under_way > limit {
            Some(Hindrance::UnderWay)
        } else if proven + self.under_way + self.doubtful > limit {
            Some(Hindrance::Doubt)
        } else {
            None
        }
    }
}
