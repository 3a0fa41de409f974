//! A sample order. Your gateway puts its own into its [`Settings`](crate::Settings).

use mtls_order::cxml::{Line, Order, Party};

/// Spare parts of a bottling line.
pub const ORDER: Order<'static> = Order {
    number: "PO-2026-004711",
    from: Party { domain: "DUNS", identity: "079928354" },
    to: Party { domain: "DUNS", identity: "316554408" },
    sender: Party { domain: "NetworkId", identity: "gateway-0042.plant.example" },
    currency: "EUR",
    bill_to: "Example Bottling, Plant 7",
    lines: &[
        Line {
            quantity: 4,
            part: "SEAL-80",
            description: "Shaft seal, 80 mm",
            unit_price: 3_815,
            classification: "31181700",
        },
        Line {
            quantity: 2,
            part: "BRG-6206",
            description: "Ball bearing 6206, C3 & sealed",
            unit_price: 1_240,
            classification: "31171504",
        },
    ],
};
