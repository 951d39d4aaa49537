//! The stories that the notebooks draw are those that are found here: `make stories` makes their
//! file anew.

use std::sync::OnceLock;

use serde::Serialize;
use serde_json::Value;

const PATH: &str = "../py/python/shadowvol/analysis/proof.json";

/// The item of a list whose field is that, as the file has it.
fn kept(list: &str, field: &str, name: &str) -> &'static Value {
    static FILE: OnceLock<Value> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH);
        let text = std::fs::read_to_string(&path);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).expect("an object")
    });
    let items = file[list].as_array().expect("a list");
    let item = items.iter().find(|item| item[field] == name);
    item.unwrap_or_else(|| panic!("{PATH} has no {name} among its {list}: run `make stories`"))
}

/// The report on a world, a rule or a set is the one in the file.
pub(crate) fn check(list: &str, field: &str, name: &str, report: &impl Serialize) {
    let report = serde_json::to_value(report).expect("data");
    let same = kept(list, field, name)["report"] == report;
    assert!(same, "{PATH} tells otherwise of {name}: run `make stories`");
}

/// A rule's story with the rule is the one in the file.
pub(crate) fn check_kept(rule: &str, retold: &impl Serialize) {
    let retold = serde_json::to_value(retold).expect("data");
    let same = kept("rules", "rule", rule)["kept"] == retold;
    assert!(same, "{PATH} tells {rule} otherwise: run `make stories`");
}
