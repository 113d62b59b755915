//! Every definition that is shipped loads, and is the same after it was stored and read.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is the test's failure")]

use sealflow_core::{Definition, load};

const SHIPPED: &[(&str, &str)] = &[
    ("supplier_purchase", include_str!("../../../workflows/supplier_purchase.yaml")),
    ("nda_parallel", include_str!("../../../workflows/nda_parallel.yaml")),
    ("micro_deposit", include_str!("../../../workflows/micro_deposit.yaml")),
];

#[test]
fn loads_and_keeps_its_hash() {
    for (name, source) in SHIPPED {
        let loaded = load(source, name).unwrap_or_else(|faults| {
            panic!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        });
        let definition = loaded.definition;
        assert_eq!(definition.name(), *name);
        let stored = serde_json::to_string(&definition).unwrap();
        let read: Definition = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.hash(), definition.hash());
        assert_eq!(serde_json::to_string(&read).unwrap(), stored);
        assert_eq!(definition.contract_type().is_some(), loaded.contract_type.is_some());
    }
}
