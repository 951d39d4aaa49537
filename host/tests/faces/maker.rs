//! Makes the questions of a trace from a seed.

use serde_json::{Value, json};

const SIZE: u64 = 300_001;
const CHUNK: u64 = 4096;
/// Room for some hundred chunks beside what the journal keeps: full in the end, not at once.
const LIMIT: u64 = 900 * CHUNK;
const ROUNDS: u64 = 300;

/// Numbers that look random and are the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % end
    }

    fn range(&mut self) -> (u64, u64) {
        let offset = self.below(SIZE);
        let most = [1, 513, 4096, 9000, 40_000][self.below(5) as usize];
        (offset, self.below(most + 1).min(SIZE - offset))
    }
}

/// Everything that can be asked, with every error that needs no broken medium.
pub(crate) fn trace(seed: u64, on_full: &str) -> Vec<Value> {
    let mut random = Random(seed);
    let create = |chunk_size: u64| {
        json!({"do": "create", "size": SIZE, "chunk_size": chunk_size, "limit": LIMIT,
            "on_full": on_full})
    };
    let mut trace = vec![create(5000), create(CHUNK)];
    for _ in 0..6 {
        trace.push(json!({"do": "take", "label": "early", "times": 1}));
        trace.push(json!({"do": "write", "offset": random.range().0, "length": 1, "seed": 1}));
    }
    for _ in 0..ROUNDS {
        trace.push(question(&mut random));
    }
    trace.extend(errors());
    fill(&mut trace);
    trace.extend([
        json!({"do": "all"}),
        json!({"do": "usurp"}),
        json!({"do": "all"}),
        json!({"do": "reopen"}),
        json!({"do": "all"}),
        json!({"do": "close"}),
        json!({"do": "close"}),
        json!({"do": "media"}),
    ]);
    for asked in ["read", "write", "take", "delete", "copies", "flush", "compact"] {
        trace.push(json!({"do": asked, "offset": 0, "length": 1, "seed": 1, "copy": 1,
            "label": "late", "times": 1}));
    }
    trace
}

fn question(random: &mut Random) -> Value {
    let (offset, length) = random.range();
    // Live ones, deleted ones, and some that nobody took.
    let copy = 1 + random.below(32);
    match random.below(40) {
        0..12 => {
            let seed = random.below(9);
            json!({"do": "write", "offset": offset, "length": length, "seed": seed})
        }
        12..15 => json!({"do": "discard", "offset": offset, "length": length}),
        15..18 => json!({"do": "read", "offset": offset, "length": length}),
        18..23 => {
            let label = ["", "nightly", "vor der Änderung ✓"][random.below(3) as usize];
            json!({"do": "take", "label": label, "times": 1})
        }
        23..26 => json!({"do": "delete", "copy": copy}),
        26..32 => json!({"do": "read-copy", "copy": copy, "offset": offset, "length": length}),
        32 | 33 => {
            let until = (random.below(3) > 0).then(|| 1 + random.below(32));
            json!({"do": "changes", "since": copy, "until": until})
        }
        34 => json!({"do": "copies"}),
        35 => json!({"do": "revert", "copy": copy}),
        36 => {
            let word = ["flush", "compact"][random.below(2) as usize];
            json!({"do": word})
        }
        37 => json!({"do": "dropped"}),
        38 => json!({"do": "all"}),
        _ => json!({"do": "reopen"}),
    }
}

fn errors() -> Vec<Value> {
    let beyond = [(SIZE, 1), (SIZE - 1, 2), (1 << 62, 1), (SIZE, 0)];
    let mut asked = Vec::new();
    for (offset, length) in beyond {
        for what in ["read", "write", "discard"] {
            asked.push(json!({"do": what, "offset": offset, "length": length, "seed": 3}));
        }
    }
    asked.push(json!({"do": "take", "label": "long ", "times": 300}));
    asked.push(json!({"do": "take", "label": "x", "times": 1024}));
    asked.push(json!({"do": "take", "label": "kept", "times": 1}));
    for copy in [1, 1_000_000] {
        asked.push(json!({"do": "delete", "copy": copy}));
        asked.push(json!({"do": "revert", "copy": copy}));
        asked.push(json!({"do": "changes", "since": copy, "until": null}));
        for (offset, length) in [(0, 1), (SIZE, 1)] {
            asked
                .push(json!({"do": "read-copy", "copy": copy, "offset": offset, "length": length}));
        }
    }
    asked
}

/// Until there is no room, and then until there is some again.
fn fill(trace: &mut Vec<Value>) {
    for round in 0..12 {
        trace.push(json!({"do": "take", "label": "full", "times": 1}));
        trace.push(json!({"do": "write", "offset": 0, "length": SIZE, "seed": round + 10}));
        trace.push(json!({"do": "dropped"}));
        trace.push(json!({"do": "copies"}));
    }
    trace.push(json!({"do": "write", "offset": 7, "length": 9000, "seed": 5}));
    trace.push(json!({"do": "all"}));
    for copy in 1..60 {
        trace.push(json!({"do": "delete", "copy": copy}));
    }
    trace.push(json!({"do": "write", "offset": 7, "length": 90_000, "seed": 6}));
    trace.push(json!({"do": "take", "label": "after", "times": 1}));
    trace.push(json!({"do": "write", "offset": 7, "length": 90_000, "seed": 7}));
}
