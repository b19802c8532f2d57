//! Moves what is short-lived to where it stays, tails into chunks and tiles, single frames into packed ones; and removes
//! raw frames whose time is over. Not here: deciding when and which; the console calls in idle moments.
//!
//! Each step is one transaction, so a crash leaves a sample either in its tail or in its chunk and tiles, never in both,
//! and every frame either there and counted or gone and not counted.
//! Between steps the writer is free for commits.
use crate::fault::Fault;
use crate::samples::{Samples, levels};
use crate::tables::{chunk, digest, frame, frame_chunk, frame_stream, series, tail};
use bedside_console::Maintenance;
use bedside_series::{Bin, Packed, decode_frames, decode_tile, encode_tiles, pack_frames};
use bedside_vitals::WallTime;
use rusqlite::{Connection, TransactionBehavior};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What is younger stays in its tail, so that late neighbours join it cheaply.
const REST_MS: i64 = 10_000;

/// A series or stream is touched only when its oldest tail is older than this: its last chunk is written anew each time.
const OLDEST_MS: i64 = 300_000;

/// Rows that one step moves at most.
const ROWS_A_STEP: usize = 4_000;

/// Packs of frames that one step removes at most.
const CHUNKS_A_STEP: usize = 16;

/// How long one transaction may gather work while commits wait.
const LONGEST_STEP: Duration = Duration::from_millis(20);

/// What is left to do in a round of maintenance.
#[derive(Debug)]
pub(crate) struct Round {
    before: WallTime,
    remove_before: Option<WallTime>,
    series: Vec<i64>,
    streams: Vec<i64>,
}

impl Round {
    /// Looks for work. Frames received before `keep_frames_since` are to go.
    pub(crate) fn plan(db: &Connection, now: WallTime, keep_frames_since: Option<WallTime>) -> Result<Self, Fault> {
        let oldest = now.plus_millis(-OLDEST_MS);
        let remove_before = match keep_frames_since {
            Some(since) if frame::any_before(db, since)? || frame_chunk::any_before(db, since)? => Some(since),
            Some(_) | None => None,
        };
        Ok(Self {
            before: now.plus_millis(-REST_MS),
            remove_before,
            series: tail::series_to_move(db, oldest)?,
            streams: frame::streams_to_pack(db, oldest)?,
        })
    }

    /// Whether nothing is left.
    pub(crate) fn is_done(&self) -> bool {
        self.remove_before.is_none() && self.series.is_empty() && self.streams.is_empty()
    }

    /// One transaction of work, after which a commit may have its turn.
    pub(crate) fn step(&mut self, db: &mut Connection, done: &mut Maintenance) -> Result<(), Fault> {
        let begin = Instant::now();
        let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut made = Maintenance::default();
        let mut remove_before = self.remove_before;
        let (mut series, mut streams) = (self.series.clone(), self.streams.clone());
        loop {
            // What goes first, so that it is not packed before.
            let left = if let Some(since) = remove_before {
                let removed = remove_frames(&step, since)?;
                made.frames_removed += removed;
                if removed == 0 {
                    remove_before = None;
                }
                true
            } else if let Some(&id) = series.last() {
                let (rows, samples) = move_tails(&step, id, self.before)?;
                made.samples_compacted += samples;
                if rows < ROWS_A_STEP {
                    series.pop();
                }
                true
            } else if let Some(&id) = streams.last() {
                let packed = pack_stream(&step, id, self.before)?;
                made.frames_packed += packed as u64;
                if packed < ROWS_A_STEP {
                    streams.pop();
                }
                true
            } else {
                false
            };
            if !left || begin.elapsed() >= LONGEST_STEP {
                break;
            }
        }
        digest::commit(step)?;
        // Only now has it happened.
        (self.remove_before, self.series, self.streams) = (remove_before, series, streams);
        done.samples_compacted += made.samples_compacted;
        done.frames_packed += made.frames_packed;
        done.frames_removed += made.frames_removed;
        Ok(())
    }
}

/// Removes some frames received before `since`, single ones and packs of nothing else; tells how many.
fn remove_frames(db: &Connection, since: WallTime) -> Result<u64, Fault> {
    let mut removed: BTreeMap<i64, (usize, usize)> = BTreeMap::new();
    for (stream, rejected) in frame::remove_before(db, since, ROWS_A_STEP)? {
        let (frames, rejections) = removed.entry(stream).or_default();
        *frames += 1;
        *rejections += usize::from(rejected);
    }
    for (stream, blob) in frame_chunk::remove_before(db, since, CHUNKS_A_STEP)? {
        removed.entry(stream).or_default().0 += decode_frames(&blob)?.len();
    }
    for (stream, (frames, rejected)) in &removed {
        frame_stream::count_out(db, *stream, *frames, *rejected)?;
    }
    Ok(removed.values().map(|(frames, _)| *frames as u64).sum())
}

/// Moves tails of one series; tells how many rows and samples.
fn move_tails(db: &Connection, id: i64, before: WallTime) -> Result<(usize, u64), Fault> {
    let hertz = series::by_id(db, id)?.key.hertz;
    let tails = tail::to_move(db, id, before, ROWS_A_STEP)?;
    let mut fresh = Samples::none(hertz);
    for (row, blob) in &tails {
        fresh.add_blob(blob)?;
        tail::remove(db, *row)?;
    }
    let Some(reach) = fresh.reach() else { return Ok((tails.len(), 0)) };
    for level in levels(hertz) {
        let mut tiles: BTreeMap<WallTime, BTreeMap<WallTime, Bin>> = BTreeMap::new();
        for (start, bin) in fresh.bins(*level) {
            tiles.entry(level.tile_of(start)).or_default().insert(start, bin);
        }
        for (tile, mut bins) in tiles {
            let end = tile.plus_millis(level.tile_ms());
            for blob in chunk::take_tile(db, id, level.number, (tile, end))? {
                for (start, bin) in decode_tile(&blob)? {
                    bins.entry(start).and_modify(|held| *held = held.and(bin)).or_insert(bin);
                }
            }
            let bins: Vec<(WallTime, Bin)> = bins.into_iter().collect();
            chunk::put(db, id, level.number, &encode_tiles(&bins, level.width_ms))?;
        }
    }
    let mut all = Samples::none(hertz);
    for blob in chunk::take_neighbours(db, id, reach)? {
        all.add_blob(&blob)?;
    }
    let moved = fresh.count() as u64;
    for (_, blob) in &tails {
        all.add_blob(blob)?;
    }
    all.sort();
    chunk::put(db, id, 0, &all.pack()?)?;
    Ok((tails.len(), moved))
}

/// Packs frames of one stream behind those that are packed already; tells how many.
fn pack_stream(db: &Connection, stream: i64, before: WallTime) -> Result<usize, Fault> {
    let rows = frame::to_pack(db, stream, before, ROWS_A_STEP)?;
    let latest = frame_chunk::latest(db, stream)?;
    // The latest chunk is packed anew with what follows; if it is full it comes out as it was.
    let (mut row, mut frames) = match latest {
        Some((row, blob)) => (Some(row), decode_frames(&blob)?),
        None => (None, Vec::new()),
    };
    for (id, frame) in &rows {
        frames.push(frame.clone());
        frame::remove(db, *id)?;
    }
    let packed: Vec<Packed> = pack_frames(&frames);
    for blob in &packed {
        frame_chunk::put(db, row.take(), stream, blob)?;
    }
    Ok(rows.len())
}

#[cfg(test)]
mod tests;
