//! Room for connections, in all and from one address. When there is none, a connection leaves.
//!
//! It is one of the address that has the most: a crowd pushes out itself, and never the newcomers of other addresses. Of
//! that address first goes who has made no call, then who was idle for longest. A connection with a call under way stays.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use manywire_core::Activity;
use tokio::sync::Notify;

/// Calls end without a word to who waits for room, so it is looked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// One search finds a 64th of the connections, so that a flood does not have all of them searched for each newcomer.
const FOUND_AT_ONCE: usize = 64;

/// The connections of some listeners, and how many there may be.
pub(crate) struct Room {
    limit: usize,
    per_address: usize,
    table: Mutex<Table>,
    freed: Notify,
}

/// One connection has this place until it drops it.
pub(crate) struct Seat {
    room: Arc<Room>,
    number: u64,
    occupant: Arc<Occupant>,
    /// Whom the occupant wakes when it is to leave.
    told: Option<Waker>,
}

/// What the table knows of a connection.
struct Occupant {
    address: IpAddr,
    activity: Activity,
    /// Whether the peer is to take bytes that it has not taken.
    is_sending: AtomicBool,
    is_leaving: AtomicBool,
    reader: AtomicWaker,
}

/// Why there is no room.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// Every connection has a call under way.
    Everywhere,
    /// Every connection from this address has.
    From(IpAddr),
}

impl Room {
    /// Room for so many connections, and for so many of one address.
    pub(crate) fn new(limit: usize, per_address: Option<usize>) -> Arc<Self> {
        let per_address = per_address.unwrap_or(usize::MAX);
        Arc::new(Self { limit, per_address, table: Mutex::default(), freed: Notify::new() })
    }

    /// A place for a connection from this address; waits where every connection has a call under way, and is none where
    /// those of the address have.
    pub(crate) async fn seat(self: &Arc<Self>, from: IpAddr, activity: &Activity) -> Option<Seat> {
        loop {
            let freed = self.freed.notified();
            match self.try_seat(from, activity) {
                Ok(seat) => return Some(seat),
                Err(Full::From(_)) => return None,
                // Either way it is tried again.
                Err(Full::Everywhere) => drop(tokio::time::timeout(LOOK_AGAIN, freed).await),
            }
        }
    }

    fn try_seat(self: &Arc<Self>, from: IpAddr, activity: &Activity) -> Result<Seat, Full> {
        let occupant = Arc::new(Occupant {
            address: neighbourhood(from),
            activity: activity.clone(),
            is_sending: AtomicBool::new(false),
            is_leaving: AtomicBool::new(false),
            reader: AtomicWaker::new(),
        });
        let mut table = self.table();
        let mut leaving = Vec::new();
        if table.from(occupant.address).len() >= self.per_address {
            let idlest = table.idlest_from(occupant.address);
            leaving.extend(idlest.and_then(|number| table.remove(number)));
            if leaving.is_empty() {
                return Err(Full::From(occupant.address));
            }
        }
        if table.occupants.len() >= self.limit {
            leaving.extend(table.idlest().and_then(|number| table.remove(number)));
        }
        let is_full = table.occupants.len() >= self.limit;
        let number = (!is_full).then(|| table.insert(occupant.clone()));
        drop(table);
        leaving.iter().for_each(|occupant| occupant.leave());
        let number = number.ok_or(Full::Everywhere)?;
        Ok(Seat { room: self.clone(), number, occupant, told: None })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Bytes came from the peer. Those of small calls tell nothing that the calls do not.
    pub(crate) fn received(&self, bytes: usize) {
        const MANY: usize = 1024;
        let activity = &self.occupant.activity;
        if bytes >= MANY || bytes > 0 && !activity.has_called() {
            activity.seen(Instant::now());
        }
    }

    /// Whether the peer keeps us waiting with bytes for it.
    pub(crate) fn is_sending(&self, is_sending: bool) {
        if self.occupant.is_sending.load(Ordering::Relaxed) != is_sending {
            self.occupant.is_sending.store(is_sending, Ordering::Relaxed);
            self.occupant.activity.seen(Instant::now());
        }
    }

    /// Resolves when the connection has to leave.
    pub(crate) fn poll_leave(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.told.as_ref().is_some_and(|told| told.will_wake(cx.waker())) {
            self.occupant.reader.register(cx.waker());
            self.told = Some(cx.waker().clone());
        }
        if self.occupant.is_leaving.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // One that was made to leave is gone from the table already.
        if self.room.table().remove(self.number).is_some() {
            self.room.freed.notify_waiters();
        }
    }
}

impl Occupant {
    fn leave(&self) {
        self.is_leaving.store(true, Ordering::Release);
        self.reader.wake();
    }

    fn is_busy(&self) -> bool {
        self.activity.is_busy() || self.is_sending.load(Ordering::Relaxed)
    }
}

/// Who is there.
#[derive(Default)]
struct Table {
    next: u64,
    occupants: HashMap<u64, Arc<Occupant>>,
    by_address: HashMap<IpAddr, HashSet<u64>>,
    /// Those found by the last search and not gone since; who is to leave first is the last.
    found: Vec<(Rank, u64)>,
}

/// Who leaves first: who has the most neighbours, then who has made no call, then who has been silent for longest.
type Rank = (Reverse<usize>, bool, Instant);

impl Table {
    fn insert(&mut self, occupant: Arc<Occupant>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.by_address.entry(occupant.address).or_default().insert(number);
        self.occupants.insert(number, occupant);
        number
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Occupant>> {
        let occupant = self.occupants.remove(&number)?;
        if let Some(neighbours) = self.by_address.get_mut(&occupant.address) {
            neighbours.remove(&number);
            if neighbours.is_empty() {
                self.by_address.remove(&occupant.address);
            }
        }
        Some(occupant)
    }

    fn from(&self, address: IpAddr) -> impl ExactSizeIterator<Item = u64> {
        self.by_address.get(&address).map(HashSet::iter).unwrap_or_default().copied()
    }

    /// None for who stays, whoever comes.
    fn rank(&self, occupant: &Occupant) -> Option<Rank> {
        let Occupant { address, activity, .. } = occupant;
        let rank = (Reverse(self.from(*address).len()), activity.has_called(), activity.last());
        (!occupant.is_busy()).then_some(rank)
    }

    /// Who is to leave for a newcomer from the same address.
    fn idlest_from(&self, address: IpAddr) -> Option<u64> {
        let rank = |number| Some((self.rank(self.occupants.get(&number)?)?, number));
        self.from(address).filter_map(rank).min().map(|(_, number)| number)
    }

    /// Who is to leave for a newcomer from anywhere, or nearly.
    fn idlest(&mut self) -> Option<u64> {
        self.next_found().or_else(|| {
            self.search();
            self.next_found()
        })
    }

    fn next_found(&mut self) -> Option<u64> {
        loop {
            let (found, number) = self.found.pop()?;
            let now = self.occupants.get(&number).and_then(|occupant| self.rank(occupant));
            if now.is_some_and(|now| is_still(found, now)) {
                return Some(number);
            }
        }
    }

    fn search(&mut self) {
        let rank = |(number, occupant): (&u64, &Arc<Occupant>)| Some((self.rank(occupant)?, *number));
        let mut found: Vec<(Rank, u64)> = self.occupants.iter().filter_map(rank).collect();
        let enough = self.occupants.len().div_ceil(FOUND_AT_ONCE);
        if found.len() > enough {
            found.select_nth_unstable(enough);
            found.truncate(enough);
        }
        found.sort_unstable_by_key(|ranked| Reverse(*ranked));
        self.found = found;
    }
}

/// Whether a connection that was found is still one to leave: its neighbours may have left, and it may have called.
fn is_still(found: Rank, now: Rank) -> bool {
    let (Reverse(before), (Reverse(neighbours), has_called, last)) = (found.0, now);
    // Bytes without a call are worth nothing.
    let is_as_idle = !has_called || (has_called, last) == (found.1, found.2);
    is_as_idle && neighbours >= before - before / 8
}

/// What one peer may have as many addresses of as it likes: in IPv6 a network of 64 bits.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    /// A connection with this last sign of life, counted from a moment that all share.
    fn seated(room: &Arc<Room>, from: u8, last: u64, has_called: bool) -> Result<Seat, Full> {
        static EPOCH: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        let epoch = *EPOCH.get_or_init(Instant::now);
        let activity = Activity::new();
        let seat = room.try_seat(address(from), &activity)?;
        let at = epoch + Duration::from_secs(3600 + last);
        if has_called {
            activity.called(at);
        } else {
            activity.seen(at);
        }
        Ok(seat)
    }

    fn is_leaving(seat: &Seat) -> bool {
        seat.occupant.is_leaving.load(Ordering::Acquire)
    }

    #[test]
    fn who_has_made_no_call_leaves_before_who_has() {
        let room = Room::new(3, None);
        let caller = seated(&room, 1, 0, true).unwrap();
        let (fresh, idle) = (seated(&room, 1, 9, false).unwrap(), seated(&room, 1, 5, false).unwrap());
        let newcomer = seated(&room, 1, 10, false).unwrap();
        assert_eq!([&caller, &fresh, &idle, &newcomer].map(is_leaving), [false, false, true, false]);
        drop(idle);
        assert_eq!(room.table().occupants.len(), 3, "who has left is not counted twice");
    }

    #[test]
    fn a_crowd_pushes_out_itself_and_no_newcomer_of_another_address() {
        let room = Room::new(5, None);
        let alone = [true, false].map(|has_called| seated(&room, 1, 0, has_called).unwrap());
        let crowd = [5, 3, 8].map(|last| seated(&room, 2, last, true).unwrap());
        let newcomer = seated(&room, 2, 10, true).unwrap();
        assert_eq!(alone.each_ref().map(is_leaving), [false, false]);
        assert_eq!(crowd.each_ref().map(is_leaving), [false, true, false]);
        let calls = [&crowd[0], &crowd[2], &newcomer].map(|seat| seat.occupant.activity.begin());
        let _other = seated(&room, 3, 11, true).unwrap();
        assert!(is_leaving(&alone[1]), "who is busy stays, so another address has to make room");
        drop(calls);
    }

    #[test]
    fn a_call_under_way_and_an_answer_being_taken_keep_their_places() {
        let room = Room::new(2, None);
        let (calling, sending) = (seated(&room, 1, 0, true).unwrap(), seated(&room, 1, 1, true).unwrap());
        let call = calling.occupant.activity.begin();
        sending.is_sending(true);
        assert_eq!(seated(&room, 2, 2, false).err(), Some(Full::Everywhere));
        drop(call);
        let _newcomer = seated(&room, 2, 2, false).unwrap();
        assert!(is_leaving(&calling) && !is_leaving(&sending));
    }

    #[test]
    fn an_address_makes_room_for_itself() {
        let room = Room::new(10, Some(2));
        let other = seated(&room, 2, 0, false).unwrap();
        let own = [3, 2].map(|last| seated(&room, 1, last, true).unwrap());
        let newcomer = seated(&room, 1, 4, true).unwrap();
        assert_eq!([&other, &own[0], &own[1]].map(is_leaving), [false, false, true]);
        let _calls = [&own[0], &newcomer].map(|seat| seat.occupant.activity.begin());
        assert_eq!(seated(&room, 1, 5, true).err(), Some(Full::From(address(1))));
        assert!(seated(&room, 3, 5, true).is_ok());
    }

    #[test]
    fn who_did_something_since_the_search_stays() {
        let room = Room::new(200, None);
        let seats: Vec<Seat> = (0..200).map(|last| seated(&room, 1, last, true).unwrap()).collect();
        let first = seated(&room, 2, 1000, true).unwrap();
        assert!(is_leaving(&seats[0]));
        // A search finds four of two hundred.
        seats[1].occupant.activity.called(Instant::now() + Duration::from_secs(9000));
        let second = seated(&room, 2, 1001, true).unwrap();
        assert!(!is_leaving(&seats[1]) && is_leaving(&seats[2]));
        drop((first, second));
        assert_eq!(room.table().occupants.len(), 198);
    }

    #[test]
    fn who_was_found_stays_when_its_neighbours_have_left() {
        let room = Room::new(192, None);
        let crowd: Vec<Seat> = (0..100).map(|last| seated(&room, 1, last, true).unwrap()).collect();
        let other: Vec<Seat> = (0..92).map(|last| seated(&room, 2, last, true).unwrap()).collect();
        let _first = seated(&room, 3, 1000, true).unwrap();
        assert!(is_leaving(&crowd[0]));
        let (stay, leave) = crowd.split_at(20);
        leave.iter().for_each(|seat| drop(room.table().remove(seat.number)));
        let _filling: Vec<Seat> = (0..80).map(|at| seated(&room, 100 + at, 2000, true).unwrap()).collect();
        let _second = seated(&room, 3, 1001, true).unwrap();
        assert!(is_leaving(&other[0]) && !stay[1..].iter().any(is_leaving));
    }

    #[test]
    fn a_reader_is_woken_to_leave() {
        struct Count(AtomicUsize);
        impl Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let room = Room::new(1, None);
        let mut seat = seated(&room, 1, 0, false).unwrap();
        let woken = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(woken.clone());
        let cx = &mut Context::from_waker(&waker);
        assert!(seat.poll_leave(cx).is_pending());
        let _newcomer = seated(&room, 1, 1, false).unwrap();
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert!(seat.poll_leave(cx).is_ready());
    }

    #[test]
    fn a_network_of_ipv6_is_one_neighbour() {
        let [one, other, far] = ["2001:db8::1", "2001:db8::ffff:0:0:2", "2001:db8:0:1::1"]
            .map(|text| neighbourhood(text.parse().unwrap()));
        assert!(one == other && one != far);
        assert_eq!(neighbourhood("::ffff:192.0.2.7".parse().unwrap()), address(7));
    }
}
