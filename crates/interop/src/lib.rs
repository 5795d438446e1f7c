//! What the tests against foreign peers share, and the bench's floors. The README beside this crate's manifest is its map.

pub mod answers;
pub mod build;
pub mod floor;
pub mod fuzz;
pub mod peer;
