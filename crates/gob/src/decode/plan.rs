//! Which field of a peer's struct goes into which of ours: found once for a pair of them, and kept.

use hashbrown::HashMap;

use super::types::{Fields, Types};
use crate::names::exported;

/// A field of ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) ours: u32,
    /// The number of the same field in the peer's struct, if it has one.
    pub(super) theirs: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Plan {
    /// All fields of ours, those of the peer's among them in the order in which the peer sends them.
    pub(super) steps: Vec<Step>,
    /// That is our order too.
    pub(super) is_in_order: bool,
    /// The peer's struct has some of our fields.
    pub(super) has_any: bool,
}

impl Plan {
    /// A name of ours matches itself, or else what it would be in Go.
    fn new(types: &Types, fields: Fields, names: &[&str]) -> Self {
        let mut steps: Vec<Step> = Vec::with_capacity(names.len());
        for (ours, name) in (0..).zip(names) {
            let found = types.find_field(fields, name).or_else(|| types.find_field(fields, &exported(name)));
            // Two of ours may be one in Go; it is the first's.
            let theirs = found.filter(|found| steps.iter().all(|step| step.theirs != Some(*found)));
            steps.push(Step { ours, theirs });
        }
        let is_in_order = steps.iter().filter_map(|step| step.theirs).is_sorted();
        if !is_in_order {
            steps.sort_by_key(|step| step.theirs.map_or(u32::MAX, |theirs| theirs));
        }
        let has_any = steps.iter().any(|step| step.theirs.is_some());
        Self { steps, is_in_order, has_any }
    }

    fn held(&self) -> usize {
        size_of::<Self>() + self.steps.capacity() * size_of::<Step>()
    }
}

/// A struct of the peer's, and where the names of our fields lie: these live as long as the program.
type Pair = (u32, usize, usize);

#[derive(Debug, Default)]
pub(super) struct Plans {
    list: Vec<Plan>,
    by_pair: HashMap<Pair, usize>,
    last: Option<(Pair, usize)>,
    held: usize,
}

/// So many are kept. A plan takes as long to make as our struct has fields, whatever the peer's has.
const MOST: usize = 1024;

impl Plans {
    /// The number of the plan for these two structs.
    #[inline]
    pub(super) fn find(
        &mut self,
        types: &Types,
        index: u32,
        fields: Fields,
        names: &'static [&'static str],
    ) -> usize {
        let pair = (index, names.as_ptr() as usize, names.len());
        match self.last {
            Some((last, plan)) if last == pair => plan,
            _ => self.look_up(types, pair, fields, names),
        }
    }

    fn look_up(&mut self, types: &Types, pair: Pair, fields: Fields, names: &[&str]) -> usize {
        let plan = match self.by_pair.get(&pair) {
            Some(plan) => *plan,
            None => {
                let plan = Plan::new(types, fields, names);
                self.held += plan.held();
                self.list.push(plan);
                self.by_pair.insert(pair, self.list.len() - 1);
                self.list.len() - 1
            }
        };
        self.last = Some((pair, plan));
        plan
    }

    pub(super) fn get(&self, plan: usize) -> &Plan {
        &self.list[plan]
    }

    /// Forgets all, where they have become many; no value may be half read.
    pub(super) fn tidy(&mut self) {
        if self.list.len() > MOST {
            *self = Self::default();
        }
    }

    /// Memory that they take.
    pub(super) fn held(&self) -> usize {
        self.held + self.by_pair.allocation_size()
    }
}
