//! Certificate paths, through the public validator.

mod common;

use common::pki::{BadChain, Defect, Issued, NOW, Pki, Role, SERVER_NAME, Template};
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::x509::{PathFound, Rules, ServerName, Time, TrustAnchor, UnixTime, Validator};
use embedded_mtls::{CertificateError, CertificateProblem, Error};

/// One question to the validator. Starts as the client's question about `supplier.example.com`, today.
struct Case {
    chain: Vec<Vec<u8>>,
    anchors: Vec<Vec<u8>>,
    role: Role,
    name: &'static str,
    time: Time,
    max_depth: u8,
}

impl Case {
    fn new(chain: &[&Issued], anchors: &[&Issued]) -> Self {
        let ders = |list: &[&Issued]| list.iter().map(|issued| issued.der.clone()).collect();
        Self::of(ders(chain), ders(anchors), Role::Server)
    }

    fn of(chain: Vec<Vec<u8>>, anchors: Vec<Vec<u8>>, role: Role) -> Self {
        let time = Time::Trusted(UnixTime::from_seconds(NOW));
        Self { chain, anchors, role, name: SERVER_NAME, time, max_depth: 10 }
    }

    fn client(self) -> Self {
        Self { role: Role::Client, ..self }
    }

    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    fn at(self, time: Time) -> Self {
        Self { time, ..self }
    }

    fn depth(self, max_depth: u8) -> Self {
        Self { max_depth, ..self }
    }

    fn run(&self) -> Result<PathFound, Error> {
        self.run_in(&mut [0; 64 * 1024])
    }

    fn run_in(&self, memory: &mut [u8]) -> Result<PathFound, Error> {
        let anchors = self.anchors.iter().map(|der| TrustAnchor::from_certificate(der));
        let anchors: Vec<_> = anchors.collect::<Result<_, _>>()?;
        let name = ServerName::parse(self.name)?;
        let mut rules = match self.role {
            Role::Server => Rules::server(&anchors, &name, self.time),
            Role::Client => Rules::client(&anchors, self.time),
        };
        rules.max_depth = self.max_depth;
        let mut validator = Validator::new(memory);
        for certificate in &self.chain {
            validator.push::<RustCrypto>(certificate)?;
        }
        validator.validate::<RustCrypto>(&rules)
    }

    #[track_caller]
    fn accepted(&self) -> (u8, u8) {
        let path = self.run().unwrap_or_else(|error| panic!("{error}"));
        (path.depth, path.anchor)
    }

    #[track_caller]
    fn refused(&self, index: u8, problem: CertificateProblem) {
        assert_eq!(self.run(), Err(Error::Certificate(CertificateError { index, problem })));
    }
}

#[test]
fn a_good_chain_is_accepted_in_both_roles() {
    let pki = Pki::new();
    for role in Role::ALL {
        let case = Case::of(pki.chain(role), vec![pki.root.der.clone()], role);
        assert_eq!(case.accepted(), (2, 0));
    }
}

#[test]
fn each_of_the_ten_bad_chains_is_refused_for_its_own_reason_in_both_roles() {
    for role in Role::ALL {
        let mut seen = Vec::new();
        for defect in Defect::ALL {
            let bad = BadChain::new(defect, role);
            let case = Case::of(bad.chain, vec![bad.anchor], role);
            println!("{role:?} {defect:?}: {}", case.run().unwrap_err());
            case.refused(bad.index, bad.problem);
            assert!(!seen.contains(&bad.problem), "{:?} is said twice", bad.problem);
            seen.push(bad.problem);
        }
    }
}
