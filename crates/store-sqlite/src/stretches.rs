//! Stretches of an environment's events, and what is counted of each: written with the books, read
//! by `lists`.
//!
//! Every delivery that changes has to be found in its stretch, so the writer knows the places of the
//! latest events by heart; those of older ones, which only retries and requests come back to, are
//! looked up.

use std::collections::{HashMap, VecDeque};

use herald_domain::{delivery::DeliveryState, event::Event, time::Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use crate::codec::count;

/// Deliveries after which the next event begins another stretch: few enough to be gone through for
/// a page, so many that a million make few stretches.
#[cfg(not(debug_assertions))]
const LENGTH: u64 = 32_768;

/// So short where it is tested that lists go along many, and most places are looked up.
#[cfg(debug_assertions)]
const LENGTH: u64 = 5;

/// The places of so many of the latest events are known by heart.
#[cfg(not(debug_assertions))]
const LATEST: usize = 16_384;

#[cfg(debug_assertions)]
const LATEST: usize = 4;

/// Where an event is counted, and its deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub env: i64,
    /// The first event of the stretch.
    pub first: i64,
    pub event_type: i64,
}

/// What the writer knows of stretches.
#[derive(Default)]
pub(crate) struct Places {
    /// The stretch that an environment's next event belongs to, by environment.
    open: HashMap<i64, Open>,
    /// The number of the first of the latest events.
    begin: i64,
    latest: VecDeque<Place>,
}

#[derive(Clone, Copy)]
struct Open {
    first: i64,
    filled: u64,
}

impl Places {
    /// How many environments' stretches are known.
    pub(crate) fn known(&self) -> usize {
        self.open.len()
    }

    /// Forgets the stretches of all environments. What was counted has to be written before.
    pub(crate) fn forget(&mut self) {
        self.open.clear();
    }

    /// The place of a new event.
    pub(crate) fn add(
        &mut self,
        connection: &Connection,
        (env, sequence): (i64, i64),
        event_type: i64,
    ) -> rusqlite::Result<Place> {
        let known = self.open.get(&env).copied();
        let open = match known {
            Some(open) => Some(open),
            None => last_stretch(connection, env)?,
        };
        let begun = Open { first: sequence, filled: 0 };
        let open = open.filter(|open| open.filled < LENGTH).unwrap_or(begun);
        self.open.insert(env, open);
        let place = Place { env, first: open.first, event_type };
        if self.begin + i64::try_from(self.latest.len()).unwrap_or(i64::MAX) != sequence {
            self.latest.clear();
            self.begin = sequence;
        }
        self.latest.push_back(place);
        if self.latest.len() > LATEST {
            self.latest.pop_front();
            self.begin += 1;
        }
        Ok(place)
    }

    /// The event that was added last has so many deliveries.
    pub(crate) fn fill(&mut self, env: i64, deliveries: u64) {
        if let Some(open) = self.open.get_mut(&env) {
            open.filled += deliveries.max(1);
        }
    }

    /// The place of a delivery.
    pub(crate) fn of(
        &self,
        connection: &Connection,
        (env, sequence, webhook): (i64, i64, i64),
    ) -> rusqlite::Result<Place> {
        let latest = usize::try_from(sequence - self.begin).ok();
        if let Some(place) = latest.and_then(|at| self.latest.get(at)) {
            return Ok(*place);
        }
        let sql = "SELECT type FROM delivery WHERE env = ?1 AND seq = ?2 AND webhook = ?3";
        let event_type = connection
            .prepare_cached(sql)?
            .query_row([env, sequence, webhook], |row| row.get("type"))?;
        place(connection, (env, sequence), event_type)
    }
}

/// The place of an event that is looked up.
pub(crate) fn place(
    connection: &Connection,
    (env, sequence): (i64, i64),
    event_type: i64,
) -> rusqlite::Result<Place> {
    let sql = "SELECT first FROM event_stretch WHERE env = ?1 AND first <= ?2
               ORDER BY first DESC LIMIT 1";
    let first =
        connection.prepare_cached(sql)?.query_row([env, sequence], |row| row.get(0)).optional()?;
    Ok(Place { env, first: first.unwrap_or(sequence), event_type })
}

fn last_stretch(connection: &Connection, env: i64) -> rusqlite::Result<Option<Open>> {
    let sql = "SELECT first, max(
                   (SELECT sum(count) FROM event_stretch AS s
                    WHERE s.env = e.env AND s.first = e.first),
                   (SELECT coalesce(sum(pending + delivered + exhausted + held + cancelled), 0)
                    FROM delivery_stretch AS s WHERE s.env = e.env AND s.first = e.first)) AS filled
               FROM event_stretch AS e WHERE env = ?1 ORDER BY first DESC LIMIT 1";
    connection
        .prepare_cached(sql)?
        .query_row([env], |row| {
            Ok(Open { first: row.get("first")?, filled: count(row, "filled")? })
        })
        .optional()
}

/// What a transaction changes in what is counted of stretches.
#[derive(Default)]
pub(crate) struct StretchTallies {
    events: HashMap<Place, Events>,
    deliveries: HashMap<(Place, i64), Deliveries>,
}

#[derive(Default)]
struct Events {
    by: i64,
    times: Option<(i64, i64)>,
    ids: Option<([u8; 12], [u8; 12])>,
    removed: bool,
}

struct Deliveries {
    states: [i64; 5],
    times: Option<(i64, i64)>,
    changed: i64,
    removed: bool,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self { states: [0; 5], times: None, changed: i64::MIN, removed: false }
    }
}

impl StretchTallies {
    /// An event was added.
    pub(crate) fn event(&mut self, place: Place, event: &Event) {
        let events = self.events.entry(place).or_default();
        events.by += 1;
        let (at, id) = (event.created_at.millis(), *event.id.as_bytes());
        events.times = Some(widened(events.times, at));
        events.ids = Some(widened(events.ids, id));
    }

    /// An event was removed.
    pub(crate) fn event_removed(&mut self, place: Place) {
        let events = self.events.entry(place).or_default();
        events.by -= 1;
        events.removed = true;
    }

    /// A delivery was made.
    pub(crate) fn accepted(
        &mut self,
        (place, webhook): (Place, i64),
        state: DeliveryState,
        at: Timestamp,
    ) {
        let deliveries = self.touched((place, webhook), at);
        deliveries.states[state as usize] += 1;
        deliveries.times = Some(widened(deliveries.times, at.millis()));
    }

    /// A delivery went from one state to another.
    pub(crate) fn moved(
        &mut self,
        of: (Place, i64),
        from: DeliveryState,
        to: DeliveryState,
        at: Timestamp,
    ) {
        let deliveries = self.touched(of, at);
        deliveries.states[from as usize] -= 1;
        deliveries.states[to as usize] += 1;
    }

    /// A delivery was removed.
    pub(crate) fn removed(&mut self, of: (Place, i64), state: DeliveryState) {
        let deliveries = self.deliveries.entry(of).or_default();
        deliveries.states[state as usize] -= 1;
        deliveries.removed = true;
    }

    /// Something happened to a delivery that did not change its state.
    pub(crate) fn noted(&mut self, of: (Place, i64), at: Timestamp) {
        self.touched(of, at);
    }

    fn touched(&mut self, of: (Place, i64), at: Timestamp) -> &mut Deliveries {
        let deliveries = self.deliveries.entry(of).or_default();
        deliveries.changed = deliveries.changed.max(at.millis());
        deliveries
    }

    /// Writes what was gathered, and gathers anew.
    pub(crate) fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for (Place { env, first, event_type }, events) in self.events.drain() {
            let (oldest, newest) = events.times.unwrap_or((i64::MAX, i64::MIN));
            let (first_id, last_id) = events.ids.unwrap_or(([u8::MAX; 12], [0; 12]));
            connection.prepare_cached(WRITE_EVENTS)?.execute(params![
                env, first, event_type, events.by, oldest, newest, first_id, last_id
            ])?;
            if events.removed {
                connection.prepare_cached(FORGET_EVENTS)?.execute([env, first, event_type])?;
            }
        }
        for ((Place { env, first, event_type }, webhook), deliveries) in self.deliveries.drain() {
            let [pending, delivered, exhausted, held, cancelled] = deliveries.states;
            let changed = deliveries.changed;
            let counts = params![
                env, first, webhook, event_type, pending, delivered, exhausted, held, cancelled,
                changed
            ];
            match deliveries.times {
                None => connection.prepare_cached(CHANGE_DELIVERIES)?.execute(counts)?,
                Some((oldest, newest)) => {
                    let times = params![oldest, newest];
                    connection
                        .prepare_cached(ADD_DELIVERIES)?
                        .execute(&*[counts, times].concat())?
                }
            };
            if deliveries.removed {
                let key = [env, first, webhook, event_type];
                connection.prepare_cached(FORGET_DELIVERIES)?.execute(key)?;
            }
        }
        Ok(())
    }
}

fn widened<T: Ord + Copy>(range: Option<(T, T)>, by: T) -> (T, T) {
    range.map_or((by, by), |(least, most)| (least.min(by), most.max(by)))
}

const WRITE_EVENTS: &str = "
    INSERT INTO event_stretch (env, first, type, count, oldest, newest, first_id, last_id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT DO UPDATE SET count = count + excluded.count,
        oldest = min(oldest, excluded.oldest), newest = max(newest, excluded.newest),
        first_id = min(first_id, excluded.first_id), last_id = max(last_id, excluded.last_id)";

const FORGET_EVENTS: &str =
    "DELETE FROM event_stretch WHERE env = ?1 AND first = ?2 AND type = ?3 AND count = 0";

/// Where nothing was added there is a row already, and nothing but the row is looked for.
const CHANGE_DELIVERIES: &str = "
    UPDATE delivery_stretch SET pending = pending + ?5, delivered = delivered + ?6,
        exhausted = exhausted + ?7, held = held + ?8, cancelled = cancelled + ?9,
        changed = max(changed, ?10)
    WHERE env = ?1 AND first = ?2 AND webhook = ?3 AND type = ?4";

const ADD_DELIVERIES: &str = "
    INSERT INTO delivery_stretch (env, first, webhook, type, pending, delivered, exhausted, held,
        cancelled, changed, oldest, newest)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
    ON CONFLICT DO UPDATE SET pending = pending + excluded.pending,
        delivered = delivered + excluded.delivered, exhausted = exhausted + excluded.exhausted,
        held = held + excluded.held, cancelled = cancelled + excluded.cancelled,
        oldest = min(oldest, excluded.oldest), newest = max(newest, excluded.newest),
        changed = max(changed, excluded.changed)";

const FORGET_DELIVERIES: &str = "
    DELETE FROM delivery_stretch WHERE env = ?1 AND first = ?2 AND webhook = ?3 AND type = ?4
        AND pending + delivered + exhausted + held + cancelled = 0";
