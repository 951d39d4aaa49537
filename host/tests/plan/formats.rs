//! Traces as the tools print them, and as they come out when something is wrong.
//!
//! The samples are what blkparse 1.2.0 and fio 3.33 have printed; version 2 of fio's logs is as its
//! manual has it. Each format is found by its content. What is wrong is told with its line and with
//! what should be there; no bytes make a parser panic.

use std::io::{Cursor, Write};

use proptest::prelude::*;
use shadowvol_host::trace::{
    Action, Change, Column, Columns, Event, Trace, TraceError, TraceFormat, TraceOptions,
};

use super::support::{events, open};

const BLKPARSE: &str = include_str!("samples/blkparse.txt");
const FIO2: &str = include_str!("samples/fio2.log");
const FIO3: &str = include_str!("samples/fio3.log");
const NAMED: &str = include_str!("samples/named.csv");
const FILETIME: &str = include_str!("samples/filetime.csv");

const MICRO: u64 = 1_000;
const SECOND: u64 = 1_000_000_000;

fn write(at: u64, offset: u64, length: u64) -> Event {
    Event { at, change: Change::Write { offset, length } }
}

fn discard(at: u64, offset: u64, length: u64) -> Event {
    Event { at, change: Change::Discard { offset, length } }
}

fn flush(at: u64) -> Event {
    Event { at, change: Change::Flush }
}

fn read(text: &str, options: &TraceOptions) -> Vec<Event> {
    events(open(text, options))
}

/// The error that a trace ends with.
fn refused(text: impl Into<Vec<u8>>, options: &TraceOptions) -> String {
    let mut trace = match Trace::of(Cursor::new(text.into()), 0, options) {
        Ok(trace) => trace,
        Err(error) => return error.to_string(),
    };
    loop {
        match trace.advance() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("nothing was wrong with it"),
            Err(error) => return error.to_string(),
        }
    }
}

fn named() -> TraceOptions {
    let column = |name: &str| Column::Name(name.into());
    let columns = Columns {
        time: column("Seconds"),
        offset: column("LBA"),
        offset_unit: 512,
        length: column("Sectors"),
        length_unit: 512,
        kind: Some(column("Op")),
        ..Columns::default()
    };
    TraceOptions { columns: Some(columns), ..TraceOptions::default() }
}

fn filetime(device: Option<&str>) -> TraceOptions {
    let columns = Columns {
        time: Column::Number(1),
        time_unit: 100,
        offset: Column::Number(5),
        length: Column::Number(6),
        kind: Some(Column::Number(4)),
        device: Some(Column::Number(3)),
        ..Columns::default()
    };
    let device = device.map(Into::into);
    TraceOptions { columns: Some(columns), device, ..TraceOptions::default() }
}

#[test]
fn blkparse_by_each_action() {
    let of = |action| read(BLKPARSE, &TraceOptions { action, ..TraceOptions::default() });
    let first = 200;
    assert_eq!(
        of(Action::Queued),
        [
            write(0, 223_490 * 512, 4096),
            discard(349_999_000 - first, 4096 * 512, 1 << 20),
            flush(399_999_000 - first),
            write(1_499_999_000 - first, 223_498 * 512, 8192),
        ]
    );
    assert_eq!(of(Action::Issued), [write(0, 223_490 * 512, 4096)]);
    assert_eq!(of(Action::Completed), [write(0, 223_490 * 512, 4096)]);
}

/// Behind the events blkparse prints totals. Whoever asked for another event after the last one got
/// an error about them.
#[test]
fn a_trace_that_is_over_stays_over() {
    let mut trace = open(BLKPARSE, &TraceOptions::default());
    while trace.advance().expect("a sound trace").is_some() {}
    assert_eq!(trace.advance().expect("no totals"), None);
    let mut trace =
        open("fio version 3 iolog\n1 /d write\n1 /d sync 0 0\n", &TraceOptions::default());
    trace.advance().expect_err("no place");
    assert_eq!(trace.advance().expect("nothing behind an error"), None);
}

#[test]
fn fio_of_both_versions() {
    assert_eq!(
        read(FIO2, &TraceOptions::default()),
        [
            write(0, 0, 4096),
            write(103_600 * MICRO, 45_056, 4096),
            flush(207_600 * MICRO),
            discard(207_600 * MICRO, 53_248, 8192),
        ]
    );
    assert_eq!(
        read(FIO3, &TraceOptions::default()),
        [
            write(0, 0, 4096),
            write((103_788 - 152) * MICRO, 45_056, 4096),
            flush((207_872 - 152) * MICRO),
            write((216_035 - 152) * MICRO, 53_248, 4096),
            write((316_072 - 152) * MICRO, 28_672, 4096),
        ]
    );
}

#[test]
fn tables_with_and_without_names() {
    assert_eq!(
        read(NAMED, &named()),
        [write(0, 4096, 4096), discard(SECOND / 2, 8192, 1 << 20), flush(SECOND + SECOND / 2 + 1),]
    );
    let first = 128_166_372_013_061_630;
    assert_eq!(
        read(FILETIME, &filetime(Some("0"))),
        [
            write(0, 2_822_144, 4096),
            write((128_166_372_023_061_630 - first) * 100, 2_826_240, 8192),
        ]
    );
    assert_eq!(read(FILETIME, &filetime(Some("1"))), [write(0, 0, 512)]);
}

#[test]
fn compressed_traces() {
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(FIO3.as_bytes()).expect("memory");
        encoder.finish().expect("memory")
    };
    let zstd = zstd::encode_all(FIO3.as_bytes(), 1).expect("memory");
    for bytes in [gzip, zstd] {
        let events = events(open(bytes, &TraceOptions::default()));
        assert_eq!(events, read(FIO3, &TraceOptions::default()));
    }
}

#[test]
fn time_does_not_go_back() {
    let text = "fio version 3 iolog\n50 /d write 0 1\n40 /d write 1 1\n60 /d write 2 1\n";
    let mut trace = open(text, &TraceOptions::default());
    let mut times = Vec::new();
    while let Some(event) = trace.advance().expect("a sound trace") {
        times.push(event.at);
    }
    assert_eq!(times, [0, 0, 10 * MICRO]);
    assert_eq!((trace.disordered(), trace.span()), (1, 10 * MICRO));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let any = TraceOptions::default;
    let of = |format| TraceOptions { format: Some(format), ..any() };
    let cases: Vec<(&[u8], TraceOptions, &[&str])> = vec![
        (b"", any(), &["empty"]),
        (b"\n \n", any(), &["empty"]),
        (b"what is this?\n", any(), &["what is this?", "blkparse, fio, shadowvol, or csv"]),
        (b"fio version 1 iolog\n", any(), &["line 1", "version 2 or 3"]),
        (b"fio version 3 iolog\n/d write 0 1\n", any(), &["line 2", "\"/d\"", "microseconds"]),
        (b"fio version 3 iolog\n1 /d write 0\n", any(), &["line 2", "offset and length"]),
        (b"fio version 3 iolog\n1 /d write x 1\n", any(), &["line 2", "offset and length"]),
        (b"fio version 3 iolog\n1 /d wait 5 0\n", any(), &["line 2", "\"wait\"", "action"]),
        (b"fio version 3 iolog\n1 /d\n", any(), &["line 2", "name and an action"]),
        (
            b"fio version 3 iolog\n1 /a write 0 1\n1 /b write 0 1\n",
            any(),
            &["\"/a\" and \"/b\"", "choose one device"],
        ),
        (b"8,0 1 2 oops 4 Q W 0 + 8 [x]\n", of(TraceFormat::Blkparse), &["line 1", "seconds"]),
        (b"8,0 1 2 0.1 4 Q W 0 8 [x]\n", of(TraceFormat::Blkparse), &["line 1", "223490 + 8"]),
        (b"8,0 1 2\n", of(TraceFormat::Blkparse), &["line 1", "no time"]),
        (b"nonsense\n", of(TraceFormat::Blkparse), &["line 1", "8,0"]),
        (
            b"8,0 1 2 0.1 4 Q W 0 + 8 [x]\n8,16 1 2 0.1 4 Q W 0 + 8 [x]\n",
            any(),
            &["\"8,0\" and \"8,16\""],
        ),
        (b"time,offset,length\n1,2,3\n", any(), &["no column \"kind\"", "time, offset, length"]),
        (b"time,offset\n1,2\n", of(TraceFormat::Csv), &["no column \"length\"", "time, offset"]),
        (b"time,offset,length,kind\n1,2,3,?\n", of(TraceFormat::Csv), &["line 2", "write (w)"]),
        (b"time,offset,length,kind\n1,2,-3,w\n", of(TraceFormat::Csv), &["line 2", "a length"]),
        (b"time,offset,length,kind\n1,2.5,3,w\n", of(TraceFormat::Csv), &["line 2", "an offset"]),
        (b"time,offset,length,kind\nx,2,3,w\n", of(TraceFormat::Csv), &["line 2", "a time"]),
        (b"time,offset,length,kind\n1,2\n", of(TraceFormat::Csv), &["line 2", "no column 4"]),
        (
            b"time,offset,length,kind\n1,1125899906842624,1,w\n",
            of(TraceFormat::Csv),
            &["line 2", "1125899906842625", "in the unit"],
        ),
        (b"{\"shadowvol\":\"trace\",\"version\":2}\n", any(), &["version 2", "version 1"]),
        (b"{\"shadowvol\":\"trace\",\"version\":1}\n", any(), &["first line"]),
    ];
    for (bytes, options, words) in cases {
        let error = refused(bytes, &options);
        for word in words {
            assert!(error.contains(word), "{error} lacks {word}");
        }
    }
    let sized = TraceOptions { size: Some(49_151), ..any() };
    let error = refused(FIO3, &sized);
    assert!(error.contains("line 5") && error.contains("49152"), "{error}");
}

#[test]
fn why_there_is_nothing_to_plan_with() {
    use shadowvol_host::Error;
    use shadowvol_host::plan::{PlanOptions, plan_trace};
    let why = |text: &str, options: TraceOptions| {
        let error = plan_trace(open(text, &options), &PlanOptions::default()).expect_err("useless");
        assert!(matches!(error, Error::Trace { error: TraceError::NoEvents { .. }, .. }));
        error.to_string()
    };
    let issued = BLKPARSE.replace("  Q ", "  I ");
    assert!(
        why(&issued, TraceOptions::default())
            .contains("no writes of action Q, but some of action D")
    );
    let device = Some("8,3".into());
    let other = why(BLKPARSE, TraceOptions { device, ..TraceOptions::default() });
    assert!(other.contains("no write to \"8,3\", but 8,0"), "{other}");
    let reads = "fio version 3 iolog\n1 /d read 0 1\n";
    assert!(why(reads, TraceOptions::default()).contains("no write and no trim"));
    assert!(why(FIO3, TraceOptions::default()).contains("no shadow copies"));
}

#[test]
fn a_time_in_the_wrong_unit_is_noticed() {
    let options = super::support::single(
        shadowvol::ChunkSize::MIN,
        60 * SECOND,
        shadowvol_host::plan::Keep::Copies(2),
    );
    let text = "time,offset,length,kind\n0,0,1,w\n17000000000,0,1,w\n";
    let trace = open(text, &TraceOptions { format: Some(TraceFormat::Csv), ..Default::default() });
    let error = shadowvol_host::plan::plan_trace(trace, &options).expect_err("540 years");
    assert!(error.to_string().contains("is the time in the unit that was given?"), "{error}");
}

fn samples() -> impl Strategy<Value = (&'static str, TraceOptions)> {
    prop_oneof![
        Just((BLKPARSE, TraceOptions::default())),
        Just((FIO2, TraceOptions::default())),
        Just((FIO3, TraceOptions::default())),
        Just((NAMED, named())),
        Just((FILETIME, filetime(Some("0")))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_traces_end_in_an_error_or_well(
        (text, options) in samples(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        format in prop_oneof![
            3 => Just(None),
            1 => Just(Some(TraceFormat::Blkparse)),
            1 => Just(Some(TraceFormat::Fio)),
            1 => Just(Some(TraceFormat::Csv)),
            1 => Just(Some(TraceFormat::Shadowvol)),
        ],
    ) {
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte) in damage {
            bytes[at.index(text.len())] = byte;
        }
        bytes.truncate(cut.index(text.len()) + 1);
        let options = TraceOptions { format: format.or(options.format), ..options };
        let Ok(mut trace) = Trace::of(Cursor::new(bytes), 0, &options) else { return Ok(()) };
        let mut last = 0;
        while let Ok(Some(event)) = trace.advance() {
            prop_assert!(event.at >= last);
            last = event.at;
        }
    }
}
