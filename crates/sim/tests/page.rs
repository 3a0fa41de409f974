//! The report of a run as a page.

#![allow(missing_docs)]

use std::time::Duration;

use embedded_mtls_sim::timeline::Delivery;
use embedded_mtls_sim::{Flaw, Report, Scenario, Violation, run};
use roxmltree::{Document, Node};

const HOUR: Duration = Duration::from_secs(3600);

/// The page as a tree: it is also XML, apart from its first line.
fn with_tree(report: &Report, examine: impl FnOnce(&Document<'_>, &str)) {
    let page = report.to_html();
    let tree = page.strip_prefix("<!DOCTYPE html>\n").unwrap();
    examine(&Document::parse(tree).unwrap_or_else(|error| panic!("{error}\n{page}")), &page);
}

fn of_class<'t>(tree: &'t Document<'_>, class: &str) -> Vec<Node<'t, 't>> {
    tree.descendants().filter(|node| node.attribute("class") == Some(class)).collect()
}

#[test]
fn a_page_needs_nothing_from_elsewhere_and_has_no_scripts() {
    let report = run(&Scenario::storm(1, 4, HOUR)).unwrap();
    with_tree(&report, |tree, page| {
        for foreign in ["<script", "javascript:", "http:", "https:", "//", "@import", "url(", " src=", " on"] {
            // Words of sentences are no attributes.
            let found =
                page.match_indices(foreign).find(|(at, _)| foreign != " on" || page[*at..].starts_with(" on=\""));
            assert_eq!(found, None, "{foreign}");
        }
        let allowed = |node: &Node<'_, '_>| {
            node.attributes().all(|attribute| {
                let known = "aria-label charset class content cx cy height lang name points r role viewBox width x x1 x2 y y1 y2";
                known.split(' ').any(|name| name == attribute.name())
            })
        };
        assert!(tree.descendants().all(|node| allowed(&node)));
        for part in ["prefers-color-scheme: dark", "@media print", "<svg", "lang=\"en\""] {
            assert!(page.contains(part), "{part}");
        }
    });
}

#[test]
fn a_page_shows_each_order_attempt_and_outage() {
    let report = run(&Scenario::storm(2, 6, HOUR * 4)).unwrap();
    with_tree(&report, |tree, page| {
        let lines = of_class(tree, "waiting");
        assert_eq!(lines.len(), report.timeline.orders.len());
        let names: Vec<_> = lines.iter().filter_map(|line| line.first_element_child()?.text()).collect();
        assert!(report.timeline.orders.iter().all(|order| names.iter().any(|name| name.starts_with(&order.order))));
        let circles = tree.descendants().filter(|node| node.has_tag_name("circle")).count();
        assert_eq!(circles, report.timeline.attempts.len());
        let drawn: usize =
            of_class(tree, "outages").iter().map(|group| group.children().filter(Node::is_element).count()).sum();
        let of_gateways: usize = report.timeline.gateways.iter().map(Vec::len).sum();
        // Those of the supplier are in two charts.
        assert_eq!(drawn, of_gateways + 2 * report.timeline.supplier.len());
        assert!(page.contains("✓ Every order arrived once") && of_class(tree, "late").is_empty());
        let scenario = tree.descendants().find(|node| node.has_tag_name("pre")).unwrap().text().unwrap();
        assert_eq!(scenario.parse(), Ok(report.scenario.clone()));
    });
}

#[test]
fn a_page_lists_what_went_wrong() {
    let scenario = Scenario {
        interval: HOUR * 2,
        deadline: HOUR / 2,
        busy: 150_000,
        flaw: Some(Flaw::TriesOnce),
        ..Scenario::calm(1, 20, HOUR * 8)
    };
    let report = run(&scenario).unwrap();
    assert!(report.violations.len() > 3);
    with_tree(&report, |tree, page| {
        assert!(page.contains(&format!("✗ {} promises were broken.", report.violations.len())));
        assert_eq!(of_class(tree, "late").len(), report.violations.len());
        let rows = tree.descendants().filter(|node| node.has_tag_name("td") && node.text() == Some("late")).count();
        assert_eq!(rows, report.violations.len());
        assert!(page.contains("limit 30 min 0 s"));
    });
}

#[test]
fn no_text_of_a_run_becomes_a_part_of_the_page() {
    let attack = "\"'><img src=x onerror=alert(1)></title><script>&amp;\0";
    let mut report = run(&Scenario::calm(1, 1, HOUR)).unwrap();
    report.outcomes.insert(attack.into(), 1);
    report.violations = vec![
        Violation::Altered(attack.into()),
        Violation::Late { order: attack.into(), age: HOUR, deliverable: HOUR, limit: HOUR },
        Violation::Surrendered(1, attack.into()),
    ];
    report.timeline.orders.push(Delivery { order: attack.into(), gateway: 0, stored: HOUR, accepted: None });
    with_tree(&report, |tree, page| {
        assert!(!page.contains("<img") && !page.contains("<script"));
        let text = attack.replace('\0', "\u{fffd}");
        let found = tree.descendants().filter(|node| node.is_text() && node.text().unwrap().contains(&text)).count();
        assert_eq!(found, 5);
    });
}

#[test]
fn a_page_of_nothing_is_a_page() {
    with_tree(&run(&Scenario::calm(1, 0, Duration::ZERO)).unwrap(), |tree, _| {
        assert_eq!(tree.descendants().filter(|node| node.has_tag_name("svg")).count(), 4);
    });
}
