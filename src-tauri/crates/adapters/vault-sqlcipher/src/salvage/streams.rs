//! Bringing over what is packed: samples, minute medians and raw frames. The backup may hold the same values packed
//! otherwise, so they are compared one by one. Not here: how they are packed.
use super::source::Source;
use crate::fault::Fault;
use crate::samples::Samples;
use crate::tables::by_hand::{FRAME, SERIES};
use crate::tables::{chunk, frame_chunk, frame_stream, rows, tail};
use bedside_series::{EvenBlock, Frame, decode_frames};
use bedside_vitals::WallTime;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use std::collections::{BTreeMap, BTreeSet};

/// Brings them over.
pub(crate) fn bring_over(source: &mut Source, target: &Connection) -> Result<(), Fault> {
    let series = matched_series(source, target)?;
    for (&old, &(new, hertz)) in &series {
        for row in source.by_key("chunk", "start, octets", &format!("series = {old} AND level = 0"), "start")? {
            if let [Value::Integer(start), Value::Blob(octets)] = row.as_slice()
                && !is_readable(add_missing_samples(target, new, hertz, octets))?
            {
                source.note("chunk", *start, Some(*start));
            }
        }
        let insert = "INSERT OR IGNORE INTO minute_median (series, minute, mantissa, samples) VALUES (?4, ?1, ?2, ?3)";
        let which = format!("series = {old}");
        for mut row in source.by_key("minute_median", "minute, mantissa, samples", &which, "minute")? {
            row.push(Value::Integer(new));
            target.prepare_cached(insert)?.execute(params_from_iter(&row))?;
        }
    }
    let mut unreadable = Vec::new();
    source.each("tail", "series, octets", |id, row| {
        if let [Value::Integer(old), Value::Blob(octets)] = row.as_slice()
            && let Some(&(new, hertz)) = series.get(old)
            && !is_readable(add_missing_samples(target, new, hertz, octets))?
        {
            unreadable.push(id);
        }
        Ok(())
    })?;
    unreadable.into_iter().for_each(|id| source.note("tail", id, Some(id)));
    frames(source, target)
}

/// A blob that is not what a version of ours packs is one more that cannot be read.
fn is_readable(done: Result<(), Fault>) -> Result<bool, Fault> {
    match done {
        Ok(()) => Ok(true),
        Err(Fault::Series(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// The series of the damaged file by their numbers there: their numbers in the target, and their pace. One whose row
/// cannot be read has the number that it had when the backup was made.
fn matched_series(source: &mut Source, target: &Connection) -> Result<BTreeMap<i64, (i64, u16)>, Fault> {
    let mut matched: BTreeMap<i64, (i64, u16)> =
        rows(target, "SELECT id, hertz FROM series", [], |row| Ok((row.get(0)?, (row.get(0)?, row.get(1)?))))?
            .into_iter()
            .collect();
    let find = "SELECT id FROM series WHERE series = ?1 AND unit = ?2 AND exponent = ?3 AND hertz = ?4";
    let insert = "INSERT INTO series (series, device, patient, parameter, unit, exponent, hertz, samples)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)";
    source.each("series", "series, device, patient, parameter, unit, exponent, hertz", |old, row| {
        let named = [&row[0], &row[4], &row[5], &row[6]];
        let known: Option<i64> = target.prepare_cached(find)?.query_row(named, |row| row.get(0)).optional()?;
        let new = match known {
            Some(new) => new,
            None => {
                let new = target.prepare_cached(insert)?.insert(params_from_iter(&row))?;
                SERIES.came(target, new)?;
                new
            }
        };
        if let Some(Value::Integer(hertz)) = row.get(6) {
            matched.insert(old, (new, u16::try_from(*hertz).map_err(|_| Fault::Column("series.hertz"))?));
        }
        Ok(())
    })?;
    Ok(matched)
}

/// Adds those samples of a blob that the series has not, as fresh ones: tidying up moves them to their place.
fn add_missing_samples(target: &Connection, id: i64, hertz: u16, blob: &[u8]) -> Result<(), Fault> {
    let mut found = Samples::none(hertz);
    found.add_blob(blob)?;
    let Some((first, last)) = found.reach() else { return Ok(()) };
    let range = (first, last.plus_millis(1));
    let mut held = Samples::none(hertz);
    chunk::each_between(target, id, range, |blob| held.add_blob(blob))?;
    tail::each_between(target, id, range, |blob| held.add_blob(blob))?;
    let mut known = BTreeSet::new();
    held.each(|at, step| {
        known.insert((at, step));
    });
    let mut missing = Vec::new();
    found.each(|at, step| {
        if !known.contains(&(at, step)) {
            missing.push((at, step));
        }
    });
    tail::add_all(target, id, only(found, missing))
}

/// Only these samples of what was found, in blocks where the pace is even.
fn only(found: Samples, missing: Vec<(WallTime, i32)>) -> Samples {
    let Samples::Even(hertz, blocks) = found else { return Samples::Timed(missing) };
    let missing: BTreeSet<(WallTime, i32)> = missing.into_iter().collect();
    let mut all = Vec::new();
    for block in blocks {
        let mut open: Option<EvenBlock> = None;
        for (place, step) in block.samples.iter().enumerate() {
            let at = block.time_of(place, hertz);
            if missing.contains(&(at, *step)) {
                open.get_or_insert_with(|| EvenBlock { start: at, samples: Vec::new() }).samples.push(*step);
            } else {
                all.extend(open.take());
            }
        }
        all.extend(open);
    }
    Samples::Even(hertz, all)
}

/// Frames by connection, characteristic and index.
fn frames(source: &mut Source, target: &Connection) -> Result<(), Fault> {
    let mut streams: BTreeMap<i64, i64> = rows(target, "SELECT id FROM frame_stream", [], |row| Ok(row.get(0)?))?
        .into_iter()
        .map(|id: i64| (id, id))
        .collect();
    let find = "SELECT id FROM frame_stream WHERE connection = ?1 AND characteristic = ?2 AND device = ?3";
    source.each("frame_stream", "connection, characteristic, device", |old, row| {
        let known: Option<i64> =
            target.prepare_cached(find)?.query_row(params_from_iter(&row), |row| row.get(0)).optional()?;
        let new = match known {
            Some(new) => new,
            None => frame_stream::add(target, params_from_iter(&row))?,
        };
        streams.insert(old, new);
        Ok(())
    })?;
    let mut known: BTreeMap<i64, BTreeSet<u64>> = BTreeMap::new();
    let mut put = |old: i64, frame: Frame, rejection: Option<&str>| -> Result<(), Fault> {
        let Some(&stream) = streams.get(&old) else { return Ok(()) };
        if let std::collections::btree_map::Entry::Vacant(vacant) = known.entry(stream) {
            vacant.insert(indices(target, stream)?);
        }
        if known.get_mut(&stream).is_some_and(|known| known.insert(frame.index)) {
            let sql = "INSERT INTO frame (stream, place, received, octets, rejection) VALUES (?, ?, ?, ?, ?)";
            let values = params![stream, frame.index.cast_signed(), frame.received.0, frame.octets, rejection];
            let id = target.prepare_cached(sql)?.insert(values)?;
            FRAME.came(target, id)?;
            frame_stream::count(target, stream, 1, i64::from(rejection.is_some()))?;
        }
        Ok(())
    };
    let mut unreadable = Vec::new();
    source.each("frame_chunk", "stream, octets", |id, row| {
        let [Value::Integer(stream), Value::Blob(octets)] = row.as_slice() else { return Ok(()) };
        match decode_frames(octets) {
            Ok(frames) => frames.into_iter().try_for_each(|frame| put(*stream, frame, None)),
            Err(_) => {
                unreadable.push(id);
                Ok(())
            }
        }
    })?;
    unreadable.into_iter().for_each(|id| source.note("frame_chunk", id, Some(id)));
    source.each("frame", "stream, place, received, octets, rejection", |_, row| {
        let [Value::Integer(stream), Value::Integer(place), Value::Integer(at), Value::Blob(octets), rejection] =
            row.as_slice()
        else {
            return Ok(());
        };
        let rejection = match rejection {
            Value::Text(reason) => Some(reason.as_str()),
            _ => None,
        };
        let frame = Frame { index: place.cast_unsigned(), received: WallTime(*at), octets: octets.clone() };
        put(*stream, frame, rejection)
    })
}

/// The indices of all frames of a stream.
fn indices(target: &Connection, stream: i64) -> Result<BTreeSet<u64>, Fault> {
    let mut all: BTreeSet<u64> = rows(target, "SELECT place FROM frame WHERE stream = ?", [stream], |row| {
        Ok(row.get::<_, i64>(0)?.cast_unsigned())
    })?
    .into_iter()
    .collect();
    frame_chunk::walk(target, stream, |_, blob| {
        all.extend(decode_frames(blob)?.into_iter().map(|frame| frame.index));
        Ok(true)
    })?;
    Ok(all)
}
