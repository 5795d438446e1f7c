//! The fuzz targets, for a moment: every seed as it is, and the same few hundred mutations each time.

use std::sync::{Arc, Mutex, PoisonError};

use manywire_interop::fuzz::{Mutator, Target, targets};

const MUTATIONS: usize = 200;

#[test]
fn nothing_that_a_peer_sends_makes_either_side_panic_or_wait_for_ever() {
    let panics = watch_panics();
    for target in targets() {
        for input in inputs(target) {
            (target.run)(&input);
            let said = panics.lock().unwrap_or_else(PoisonError::into_inner).clone();
            assert!(said.is_empty(), "{}: {said:?} by {}", target.name, input.escape_ascii());
        }
    }
}

fn inputs(target: &Target) -> impl Iterator<Item = Vec<u8>> {
    let seeds = (target.seeds)();
    let mut mutator = Mutator::new(1, seeds.clone());
    seeds.into_iter().chain(std::iter::repeat_with(move || mutator.next_input()).take(MUTATIONS))
}

/// What was said by panics, of tasks and methods too, which somebody catches.
fn watch_panics() -> Arc<Mutex<Vec<String>>> {
    let said = Arc::new(Mutex::new(Vec::new()));
    let (heard, before) = (said.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        // Other tests may fail at the same time.
        if panic.location().is_none_or(|at| !at.file().contains("tests/")) {
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(panic.to_string());
        }
        before(panic);
    }));
    said
}
