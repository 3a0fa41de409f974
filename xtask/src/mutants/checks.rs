//! Checks of security, each with code that breaks it and the test that has to fail then: `cargo xtask mutants --checks`.

use super::copy::Tree;
use super::scan::{Edit, Mutant, Scanned};
use super::trial::{Program, Verdict};
use crate::run::{Failure, Result};

/// A check of the core, and the code that stands in for it when it is broken.
pub(super) struct Check {
    /// The rule that no longer holds.
    pub(super) rule: &'static str,
    pub(super) file: &'static str,
    /// An expression that the file has once.
    code: &'static str,
    broken: &'static str,
    /// The file below `tests` and the name of the test.
    pub(super) test: (&'static str, &'static str),
}

pub(super) const CHECKS: [Check; 22] = [
    Check {
        rule: "A change_cipher_spec is one byte and not inside a message (section 5)",
        file: "src/record/inbound.rs",
        code: "fragment.of(self.buffer) != [1] || self.inside_message()",
        broken: "false",
        test: ("records", "compatibility_records_are_dropped_twice_and_only_where_they_may_be"),
    },
    Check {
        rule: "No other record comes between the parts of a message (section 5.1)",
        file: "src/record/inbound.rs",
        code: "inside && content_type != ContentType::HANDSHAKE && content_type != ContentType::ALERT",
        broken: "false",
        test: ("records", "other_records_between_the_parts_of_a_message_are_rejected"),
    },
    Check {
        rule: "The verify_data of Finished is the expected one (section 4.5.3)",
        file: "src/key_schedule.rs",
        code: "finished(provider, secret, hash.as_bytes())?",
        broken: "Digest::new(received)?",
        test: ("refusals_client", "a_client_rejects_a_bad_finished"),
    },
    Check {
        rule: "The binder of a ticket is the expected one (section 4.3.11)",
        file: "src/key_schedule.rs",
        code: "self.binder(hash)?",
        broken: "Digest::new(received)?",
        test: ("resumption_refusals", "every_bit_of_a_binder_counts"),
    },
    Check {
        rule: "A peer proves with CertificateVerify that it has the private key (section 4.5.2)",
        file: "src/handshake/authenticate.rs",
        code: "key.verify(cx.provider, verify.scheme, content.as_bytes(), verify.signature)?",
        broken: "_ = (key, content)",
        test: ("refusals_server", "a_server_rejects_a_bad_certificate_verify"),
    },
    Check {
        rule: "A signature has a scheme that was offered (section 4.5.2)",
        file: "src/handshake/authenticate.rs",
        code: "!expectation.parameters.signature_schemes::<P>().contains(&verify.scheme)",
        broken: "false",
        test: ("algorithms", "a_scheme_that_is_known_and_not_offered_is_rejected_by_both_sides"),
    },
    Check {
        rule: "A server echoes the session ID (section 4.2.3)",
        file: "src/handshake/client/mod.rs",
        code: "server_hello.session_id != session_id(entropy, config)",
        broken: "false",
        test: ("refusals_client", "a_client_rejects_a_bad_server_hello"),
    },
    Check {
        rule: "A server selects a cipher suite that was offered (section 4.2.3)",
        file: "src/handshake/client/mod.rs",
        code: "!config.parameters.cipher_suites::<P>().contains(&suite)",
        broken: "false",
        test: ("refusals_client", "a_client_rejects_a_suite_that_it_knows_and_did_not_offer"),
    },
    Check {
        rule: "There is one HelloRetryRequest in a connection (section 4.2.4)",
        file: "src/handshake/client/retry.rs",
        code: "shares.retried.is_some()",
        broken: "false",
        test: ("refusals_client", "a_client_rejects_a_bad_hello_retry_request"),
    },
    Check {
        rule: "A server sends no extension that was not offered (section 4.3)",
        file: "src/handshake/client/flight.rs",
        code: "extensions.server_name && config.sent_server_name().is_none()",
        broken: "false",
        test: ("refusals_client", "a_client_rejects_answers_to_extensions_that_it_did_not_send"),
    },
    Check {
        rule: "The second ClientHello changes only what it may (section 4.2.2)",
        file: "src/handshake/server/retry.rs",
        code: "constant_parts(cx.provider, &hello)?.as_bytes() != first.as_bytes()",
        broken: "false",
        test: ("refusals_server", "a_server_rejects_a_second_hello_that_changes_what_it_must_not"),
    },
    Check {
        rule: "The context of a late request is used once (section 4.4.2)",
        file: "src/handshake/client/late.rs",
        code: "self.recent.contains(&digest)",
        broken: "false",
        test: (
            "post_handshake_refusals",
            "a_client_rejects_what_it_did_not_offer_what_comes_twice_and_what_never_ends",
        ),
    },
    Check {
        rule: "The signature of each certificate is verified (section 6.1.3 (a)(1))",
        file: "src/x509/path/search.rs",
        code: "(verified, issuer)",
        broken: "(verified.or(Ok(())), issuer)",
        test: ("x509_chains", "a_forged_signature_anywhere_is_found"),
    },
    Check {
        rule: "Each certificate is valid now (section 6.1.3 (a)(2))",
        file: "src/x509/path/checks.rs",
        code: "self.rules.time.check(certificate.not_before, certificate.not_after).map(drop)",
        broken: "Ok(())",
        test: ("x509_rules", "each_certificate_of_the_path_has_to_be_valid_now"),
    },
    Check {
        rule: "An issuer is a certificate authority (section 6.1.4 (k))",
        file: "src/x509/path/checks.rs",
        code: "judge.allow(ca.extensions.basic_constraints.check_ca())?",
        broken: "()",
        test: ("x509_chains", "each_of_the_ten_bad_chains_is_rejected_for_its_own_reason_in_both_roles"),
    },
    Check {
        rule: "An issuer has a key that may sign certificates (section 6.1.4 (n))",
        file: "src/x509/path/checks.rs",
        code: "judge.allow(KeyUsage::check_cert_sign(ca.extensions.key_usage))?",
        broken: "()",
        test: ("x509_cases", "each_case_is_answered_as_its_line_says"),
    },
    Check {
        rule: "A path has no more authorities than one of them allows (section 6.1.4 (m))",
        file: "src/x509/path/checks.rs",
        code: "cas_left == Some(0)",
        broken: "false",
        test: ("x509_rules", "a_path_length_counts_what_is_not_self_issued"),
    },
    Check {
        rule: "The purposes of an issuer include the one asked for (section 4.2.1.12)",
        file: "src/x509/path/checks.rs",
        code: "judge.allow(Purposes::check(ca.extensions.extended_key_usage, self.rules.role))?",
        broken: "()",
        test: ("x509_rules", "purposes_are_required_of_intermediates_and_anchors_too"),
    },
    Check {
        rule: "The names below an authority are those that it permits (section 6.1.3 (b), (c))",
        file: "src/x509/path/checks.rs",
        code: "constraints.check(name, budget).map_err(Some)",
        broken: "Ok(())",
        test: ("x509_rules", "name_constraints_hold_for_all_below"),
    },
    Check {
        rule: "Name constraints bind a leaf even if it is self-issued (section 6.1.3 (b))",
        file: "src/x509/path/checks.rs",
        code: "level == 0 || !found.is_self_issued",
        broken: "!found.is_self_issued",
        test: ("x509_cases", "each_case_is_answered_as_its_line_says"),
    },
    Check {
        rule: "A critical extension that is not understood is refused (section 6.1.4 (o))",
        file: "src/x509/path/checks.rs",
        code: "ca.extensions.unknown_critical.is_some()",
        broken: "false",
        test: ("x509_rules", "a_critical_extension_matters_only_on_the_path"),
    },
    Check {
        rule: "The name of the server is among those of its certificate (RFC 9525 section 6)",
        file: "src/x509/path/rules.rs",
        code: "!leaf.extensions.subject_alt_name.is_some_and(|names| wanted.is_among(names))",
        broken: "false",
        test: ("x509_rules", "server_names_are_searched_only_in_the_alternative_names"),
    },
];

impl Check {
    /// Puts the broken code behind a switch.
    pub(super) fn add(&self, file: &mut Scanned, number: u32) -> Result<()> {
        let mut places = file.source.match_indices(self.code).map(|(at, _)| at);
        let (Some(at), None) = (places.next(), places.next()) else {
            return Err(Failure::new(format!("{} does not have this code once: {}", self.file, self.code)));
        };
        let end = at + self.code.len();
        let open = format!("(if crate::mutant::on({number}) {{ {} }} else {{ ", self.broken);
        let edits = vec![
            Edit { range: at..at, text: open, closes: false },
            Edit { range: end..end, text: " })".into(), closes: true },
        ];
        let name = format!("{}: check: {}", self.file, self.code);
        // Before the mutants of the same code, so that its edits are around theirs.
        file.mutants.insert(0, Mutant { number, name, constant: None, edits });
        Ok(())
    }
}

/// Runs the test of each check with the check broken, where it has to fail, and whole.
pub(super) fn run(copy: &Tree, programs: &[Program]) -> Result<()> {
    for (check, number) in CHECKS.iter().zip(copy.first_check..) {
        let (file, test) = check.test;
        let known = programs.iter().find(|program| program.is_of(file));
        let program = known.ok_or_else(|| Failure::new(format!("there is no program of tests/{file}")))?;
        let tests = [test];
        if copy.rejected.contains(&number) {
            return Err(Failure::new(format!("what stands in for this check does not compile: {}", check.broken)));
        }
        let broken = program.run(Some(number), &tests)?;
        println!("  {broken:?} by {test}: {}", check.rule);
        if broken != Verdict::Found {
            return Err(Failure::new(format!("{test} does not find this check broken ({broken:?}): {}", check.code)));
        }
        if program.run(None, &tests)? != Verdict::Survived {
            return Err(Failure::new(format!("{test} does not pass as it is")));
        }
    }
    Ok(())
}
