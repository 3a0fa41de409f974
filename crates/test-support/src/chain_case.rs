//! A question about a chain, and what is expected of the answer.

use crate::pki::{Issued, NOW, Role, SERVER_NAME};
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::x509::{PathFound, Rules, ServerName, Time, TrustAnchor, UnixTime, Validator};
use embedded_mtls::{CertificateError, CertificateProblem, Error};

/// One question to the validator. Starts as the client's question about `supplier.example.com`, today.
pub struct Case {
    pub chain: Vec<Vec<u8>>,
    pub anchors: Vec<Vec<u8>>,
    pub role: Role,
    pub name: &'static str,
    pub time: Time,
    pub max_depth: u8,
}

impl Case {
    pub fn new(chain: &[&Issued], anchors: &[&Issued]) -> Self {
        let ders = |list: &[&Issued]| list.iter().map(|issued| issued.der.clone()).collect();
        Self::of(ders(chain), ders(anchors), Role::Server)
    }

    pub fn of(chain: Vec<Vec<u8>>, anchors: Vec<Vec<u8>>, role: Role) -> Self {
        let time = Time::Trusted(UnixTime(NOW));
        Self { chain, anchors, role, name: SERVER_NAME, time, max_depth: 10 }
    }

    pub fn client(self) -> Self {
        Self { role: Role::Client, ..self }
    }

    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    pub fn at(self, time: Time) -> Self {
        Self { time, ..self }
    }

    pub fn depth(self, max_depth: u8) -> Self {
        Self { max_depth, ..self }
    }

    pub fn run(&self) -> Result<PathFound, Error> {
        self.run_in(&mut vec![0; 64 * 1024])
    }

    pub fn run_in(&self, memory: &mut [u8]) -> Result<PathFound, Error> {
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
            validator.push(RustCrypto, certificate)?;
        }
        Ok(validator.validate(RustCrypto, rules)?.found)
    }

    #[track_caller]
    pub fn accepted(&self) -> (u8, u8) {
        let path = self.run().unwrap_or_else(|error| panic!("{error}"));
        (path.depth, path.anchor.expect("nothing was waived"))
    }

    #[track_caller]
    pub fn refused(&self, index: u8, problem: CertificateProblem) {
        assert_eq!(self.run(), Err(Error::Certificate(CertificateError { index, problem })));
    }
}
