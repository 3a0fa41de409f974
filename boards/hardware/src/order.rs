//! What is ordered: a sample. A gateway of your own puts here what its machine has run out of.

use gateway::cxml::{Line, Order, Party};

/// The sample.
pub(crate) const ORDER: Order<'static> = Order {
    number: "PO-1042",
    from: Party { domain: "DUNS", identity: "942888711" },
    to: Party { domain: "DUNS", identity: "942888722" },
    sender: Party { domain: "NetworkId", identity: "gateway-0042.plant.example" },
    currency: "EUR",
    bill_to: "Example Bottling",
    lines: &[
        Line {
            quantity: 40,
            part: "CAP-28-BL",
            description: "Screw cap 28 mm, blue",
            unit_price: 12,
            classification: "24122004",
        },
        Line {
            quantity: 2,
            part: "SEAL-KIT-7",
            description: "Seal kit for filler valve 7",
            unit_price: 4850,
            classification: "31181506",
        },
    ],
};
