//! The behaviour of the stacks that our programs talk to.

use crate::scripted::Stack;
use embedded_mtls::{AlertDescription as Alert, Diagnosis};

/// The behaviour of one stack.
pub(crate) struct Manners {
    /// The refusals of our credentials, in the order of the cases.
    pub(crate) refusals: [Refusal; 10],
    /// The certificates that it has but does not send.
    pub(crate) withholds: &'static [&'static str],
    /// The cases tried with its groups.
    pub(crate) groups: Groups,
    /// Whether its server keeps to `max_fragment_length`.
    pub(crate) limits_records: bool,
    /// The exit code of the gateway after its order was accepted.
    pub(crate) exit: u8,
}

/// The cases that can be tried with the groups of a stack.
#[derive(Clone, Copy)]
pub(crate) enum Groups {
    /// We request a group without a share.
    Usual,
    /// We take another group than its first: it sends shares of both.
    BothShared,
    /// The peer can be configured with one, too.
    ByOption,
    /// The same, and its client does not answer a HelloRetryRequest as it must.
    StrangeRetry,
}

/// It sends its certificate, and answers in cXML.
const fn usual(refusals: [Refusal; 10]) -> Manners {
    Manners { refusals, withholds: &[], groups: Groups::Usual, limits_records: false, exit: 0 }
}

/// A refusal of ours by a stack.
pub(crate) struct Refusal {
    /// The alert that it sends, if it sends one.
    pub(crate) alert: Option<Alert>,
    /// Its words, if it does not report the alert.
    pub(crate) reason: Option<&'static str>,
    /// Our diagnosis.
    pub(crate) diagnosis: Diagnosis,
}

/// It reports the alert.
const fn sends(alert: Alert, diagnosis: Diagnosis) -> Refusal {
    Refusal { alert: Some(alert), reason: None, diagnosis }
}

/// It reports the reason.
const fn says(reason: &'static str, alert: Alert, diagnosis: Diagnosis) -> Refusal {
    Refusal { alert: Some(alert), reason: Some(reason), diagnosis }
}

/// It reports the reason, and only closes the connection.
const fn closes(reason: &'static str, diagnosis: Diagnosis) -> Refusal {
    Refusal { alert: None, reason: Some(reason), diagnosis }
}

impl Stack {
    pub(crate) const fn manners(self) -> &'static Manners {
        match self {
            Self::Go => &GO,
            Self::Java => &JAVA,
            Self::MbedTls => &MBED_TLS,
            Self::Node => &NODE,
            Self::Python => &PYTHON,
            Self::WolfSsl => &WOLFSSL,
        }
    }
}

const GO: Manners = Manners {
    groups: Groups::ByOption,
    ..usual([
        says("tls: client didn't provide a certificate", Alert::CERTIFICATE_REQUIRED, Diagnosis::OursMissing),
        says("tls: client didn't provide a certificate", Alert::CERTIFICATE_REQUIRED, Diagnosis::OursMissing),
        says(
            "tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of \
         \"x509: ECDSA verification failure\" while trying to verify candidate authority certificate \"Example Root\")",
            Alert::UNKNOWN_CA,
            Diagnosis::OursNotTrusted,
        ),
        says(
            "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
            Alert::CERTIFICATE_EXPIRED,
            Diagnosis::OursExpired,
        ),
        says(
            "tls: failed to verify certificate: x509: certificate specifies an incompatible key usage",
            Alert::BAD_CERTIFICATE,
            Diagnosis::OursWrongPurpose,
        ),
        says("tls: client offered only unsupported versions: [304]", Alert::PROTOCOL_VERSION, Diagnosis::Tls12Only),
        // Its clients have one alert for all.
        says(
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            Alert::BAD_CERTIFICATE,
            Diagnosis::OursRefusedByClient,
        ),
        says(
            "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
            Alert::BAD_CERTIFICATE,
            Diagnosis::OursExpired,
        ),
        says(
            "tls: failed to verify certificate: x509: certificate is valid for other.example.com, not supplier.example.com",
            Alert::BAD_CERTIFICATE,
            Diagnosis::OursRefusedByClient,
        ),
        says(
            "tls: failed to verify certificate: x509: certificate specifies an incompatible key usage",
            Alert::BAD_CERTIFICATE,
            Diagnosis::OursWrongPurpose,
        ),
    ])
};

/// It has one alert for every fault of a certificate, and sends none whose issuer we do not name.
const JAVA: Manners = Manners {
    withholds: &["client-of-other-root"],
    groups: Groups::BothShared,
    limits_records: true,
    ..usual([
        sends(Alert::BAD_CERTIFICATE, Diagnosis::OursMissing),
        sends(Alert::BAD_CERTIFICATE, Diagnosis::OursMissing),
        sends(Alert::CERTIFICATE_UNKNOWN, Diagnosis::OursRefused),
        sends(Alert::CERTIFICATE_UNKNOWN, Diagnosis::OursExpired),
        sends(Alert::CERTIFICATE_UNKNOWN, Diagnosis::OursWrongPurpose),
        sends(Alert::PROTOCOL_VERSION, Diagnosis::Tls12Only),
        sends(Alert::CERTIFICATE_UNKNOWN, Diagnosis::OursRefusedByClient),
        sends(Alert::CERTIFICATE_UNKNOWN, Diagnosis::OursExpired),
        sends(Alert::CERTIFICATE_UNKNOWN, Diagnosis::OursRefusedByClient),
        sends(Alert::CERTIFICATE_UNKNOWN, Diagnosis::OursWrongPurpose),
    ])
};

/// A side without a certificate gets the alert that SSL 3 had for it. A server looks at the purpose of its own certificate, too.
const MBED_TLS: Manners = Manners {
    withholds: &["server-for-clients"],
    groups: Groups::ByOption,
    ..usual([
        says(
            "SSL - No client certification received from the client, but required by the authentication mode",
            Alert::NO_CERTIFICATE,
            Diagnosis::OursMissing,
        ),
        says(NOT_SIGNED, Alert::UNKNOWN_CA, Diagnosis::OursNotTrusted),
        says(NOT_SIGNED, Alert::UNKNOWN_CA, Diagnosis::OursNotTrusted),
        says("The certificate validity has expired", Alert::CERTIFICATE_EXPIRED, Diagnosis::OursExpired),
        says(
            "SSL - Processing of the Certificate handshake message failed",
            Alert::UNSUPPORTED_CERTIFICATE,
            Diagnosis::OursWrongPurpose,
        ),
        says("SSL - The handshake negotiation failed", Alert::HANDSHAKE_FAILURE, Diagnosis::NoCommonGround),
        says(NOT_SIGNED, Alert::UNKNOWN_CA, Diagnosis::OursNotTrusted),
        says("The certificate validity has expired", Alert::CERTIFICATE_EXPIRED, Diagnosis::OursExpired),
        says(
            "The certificate Common Name (CN) does not match with the expected CN",
            Alert::BAD_CERTIFICATE,
            Diagnosis::OursRefusedByClient,
        ),
        says(
            "SSL - Processing of the Certificate handshake message failed",
            Alert::UNSUPPORTED_CERTIFICATE,
            Diagnosis::OursWrongPurpose,
        ),
    ])
};

/// A server that withholds its certificate has none; of these stacks that is Mbed TLS.
pub(crate) const NOTHING_TO_SHOW: Refusal =
    says("SSL - The handshake negotiation failed", Alert::HANDSHAKE_FAILURE, Diagnosis::NoCommonGround);

const NOT_SIGNED: &str = "The certificate is not correctly signed by the trusted CA";

/// It validates certificates when the handshake is over, and then only closes the connection, in both roles.
const NODE: Manners = Manners {
    limits_records: true,
    ..usual([
        says("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", Alert::CERTIFICATE_REQUIRED, Diagnosis::OursMissing),
        says("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", Alert::CERTIFICATE_REQUIRED, Diagnosis::OursMissing),
        closes("closed without an alert", Diagnosis::ClosedOnOurs),
        closes("closed without an alert", Diagnosis::OursExpired),
        closes("closed without an alert", Diagnosis::OursWrongPurpose),
        says("ERR_SSL_UNSUPPORTED_PROTOCOL", Alert::PROTOCOL_VERSION, Diagnosis::Tls12Only),
        closes("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", Diagnosis::ClosedOnOurs),
        closes("CERT_HAS_EXPIRED", Diagnosis::OursExpired),
        closes("ERR_TLS_CERT_ALTNAME_INVALID", Diagnosis::ClosedOnOurs),
        closes("INVALID_PURPOSE", Diagnosis::OursWrongPurpose),
    ])
};

/// OpenSSL's alerts name the fault. It names no CAs, so we send it any certificate.
const PYTHON: Manners = Manners {
    limits_records: true,
    ..usual([
        sends(Alert::CERTIFICATE_REQUIRED, Diagnosis::OursMissing),
        sends(Alert::UNKNOWN_CA, Diagnosis::OursNotTrusted),
        sends(Alert::UNKNOWN_CA, Diagnosis::OursNotTrusted),
        sends(Alert::CERTIFICATE_EXPIRED, Diagnosis::OursExpired),
        sends(Alert::UNSUPPORTED_CERTIFICATE, Diagnosis::OursWrongPurpose),
        sends(Alert::PROTOCOL_VERSION, Diagnosis::Tls12Only),
        sends(Alert::UNKNOWN_CA, Diagnosis::OursNotTrusted),
        sends(Alert::CERTIFICATE_EXPIRED, Diagnosis::OursExpired),
        sends(Alert::BAD_CERTIFICATE, Diagnosis::OursRefusedByClient),
        sends(Alert::UNSUPPORTED_CERTIFICATE, Diagnosis::OursWrongPurpose),
    ])
};

/// It names no CAs either, and compares suites before versions.
const WOLFSSL: Manners = Manners {
    groups: Groups::StrangeRetry,
    limits_records: true,
    ..usual([
        sends(Alert::CERTIFICATE_REQUIRED, Diagnosis::OursMissing),
        sends(Alert::UNKNOWN_CA, Diagnosis::OursNotTrusted),
        sends(Alert::UNKNOWN_CA, Diagnosis::OursNotTrusted),
        sends(Alert::CERTIFICATE_EXPIRED, Diagnosis::OursExpired),
        sends(Alert::BAD_CERTIFICATE, Diagnosis::OursWrongPurpose),
        sends(Alert::HANDSHAKE_FAILURE, Diagnosis::NoCommonGround),
        sends(Alert::UNKNOWN_CA, Diagnosis::OursNotTrusted),
        sends(Alert::CERTIFICATE_EXPIRED, Diagnosis::OursExpired),
        sends(Alert::BAD_CERTIFICATE, Diagnosis::OursRefusedByClient),
        sends(Alert::BAD_CERTIFICATE, Diagnosis::OursWrongPurpose),
    ])
};

/// It sends no server certificate as a client, and `selfserv` does not answer in XML.
pub(crate) const NSS: Manners = Manners {
    withholds: &["server"],
    exit: 42,
    ..usual([
        says("SSL_ERROR_NO_CERTIFICATE", Alert::CERTIFICATE_REQUIRED, Diagnosis::OursMissing),
        says("SSL_ERROR_NO_CERTIFICATE", Alert::CERTIFICATE_REQUIRED, Diagnosis::OursMissing),
        says("SEC_ERROR_UNKNOWN_ISSUER", Alert::UNKNOWN_CA, Diagnosis::OursNotTrusted),
        says("SEC_ERROR_EXPIRED_CERTIFICATE", Alert::CERTIFICATE_EXPIRED, Diagnosis::OursExpired),
        says("SEC_ERROR_INADEQUATE_CERT_TYPE", Alert::CERTIFICATE_UNKNOWN, Diagnosis::OursWrongPurpose),
        says("SSL_ERROR_UNSUPPORTED_VERSION", Alert::PROTOCOL_VERSION, Diagnosis::Tls12Only),
        says("SEC_ERROR_UNKNOWN_ISSUER", Alert::UNKNOWN_CA, Diagnosis::OursNotTrusted),
        says("SEC_ERROR_EXPIRED_CERTIFICATE", Alert::CERTIFICATE_EXPIRED, Diagnosis::OursExpired),
        says("SSL_ERROR_BAD_CERT_DOMAIN", Alert::BAD_CERTIFICATE, Diagnosis::OursRefusedByClient),
        says("SEC_ERROR_INADEQUATE_CERT_TYPE", Alert::CERTIFICATE_UNKNOWN, Diagnosis::OursWrongPurpose),
    ])
};
