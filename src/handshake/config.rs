//! Configuration: the parameters that many handshakes share.

use crate::crypto::{AeadAlgorithm, CryptoProvider, HashAlgorithm, SignatureAlgorithm};
use crate::error::{ApiMisuse, Error};
use crate::limits::{DEFAULT_DEPTH, MAX_ANCHORS, MAX_AUTHORITIES, MAX_LIST, MAX_OFFERED_SHARES};
use crate::wire::enums::{CipherSuite, NamedGroup, SignatureScheme};
use crate::x509::{CommonName, Name, ServerName, TrustAnchor, Waivers};
#[cfg(feature = "resumption")]
use crate::{
    handshake::ticket::keys::TicketKeys,
    limits::{DEFAULT_PROOF_AGE, MAX_TICKET_LIFETIME},
};

/// The configuration common to both roles. An empty list means everything that the provider supports, in its order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameters<'a> {
    alpn: &'a [&'a [u8]],
    cipher_suites: &'a [CipherSuite],
    groups: &'a [NamedGroup],
    signature_schemes: &'a [SignatureScheme],
    pub(crate) max_depth: u8,
    pub(crate) max_validity_days: Option<u16>,
    pub(crate) strict_profile: bool,
    /// The number of bytes of which the length of each TLSInnerPlaintext is a multiple.
    pub(crate) padding: u16,
    pub(crate) waivers: Waivers,
    /// The age of the peer's proof, in seconds, after which no session is resumed.
    #[cfg(feature = "resumption")]
    pub(crate) max_proof_age: u32,
}

/// Configuration of a client.
#[derive(Clone, Copy, Debug)]
pub struct ClientConfig<'a> {
    pub(crate) server_name: ServerName<'a>,
    pub(crate) common_name: Option<CommonName<'a>>,
    pub(crate) anchors: &'a [TrustAnchor<'a>],
    pub(crate) parameters: Parameters<'a>,
    pub(crate) compatibility: bool,
    /// The name to send, unless it is an address.
    sent_server_name: Option<ServerName<'a>>,
    /// The groups of the key shares, if not just the first group.
    key_shares: Option<&'a [NamedGroup]>,
    /// Only the feature `post-handshake-auth` sets this.
    pub(crate) post_handshake_auth: bool,
    #[cfg(feature = "resumption")]
    pub(crate) resumption: bool,
}

/// Configuration of a server.
#[derive(Clone, Copy, Debug)]
pub struct ServerConfig<'a> {
    pub(crate) client_auth: ClientAuth<'a>,
    /// The names that a CertificateRequest lists, if not those of the anchors.
    names: Option<&'a [Name<'a>]>,
    pub(crate) parameters: Parameters<'a>,
    pub(crate) retry_for_preferred_group: bool,
    /// The keys of tickets, and the seconds for which tickets are valid.
    #[cfg(feature = "resumption")]
    pub(crate) tickets: Option<(&'a TicketKeys, u32)>,
    /// Further trust anchors on which tickets may depend.
    #[cfg(all(feature = "resumption", feature = "post-handshake-auth"))]
    pub(crate) post_handshake_anchors: &'a [TrustAnchor<'a>],
}

/// The authentication of clients by a server, with 1 to 255 trust anchors for their certificates. CertificateRequest
/// contains the names of the anchors, unless that is switched off or one of them is a pin.
#[derive(Clone, Copy, Debug)]
pub enum ClientAuth<'a> {
    /// The server requests no certificate.
    None,
    /// The server requests a certificate, accepts a client without one, and rejects a client with an invalid one.
    Optional(&'a [TrustAnchor<'a>]),
    /// The server requests a certificate and rejects a client without one with `certificate_required` (116).
    Required(&'a [TrustAnchor<'a>]),
}

impl<'a> ClientConfig<'a> {
    /// Creates the configuration of a client that connects to `server_name` and trusts only `anchors`, 1 to 255 of
    /// them.
    pub const fn new(server_name: ServerName<'a>, anchors: &'a [TrustAnchor<'a>]) -> Self {
        Self {
            server_name,
            common_name: None,
            anchors,
            parameters: Parameters::new(),
            compatibility: true,
            sent_server_name: Some(server_name),
            key_shares: None,
            post_handshake_auth: false,
            #[cfg(feature = "resumption")]
            resumption: false,
        }
    }

    /// Sends this name as SNI (RFC 6066 section 3), or none, instead of the name that is checked: for a server that is
    /// reached under one name and has a certificate for another, or whose name must not be sent in plaintext. An
    /// address is never sent.
    #[must_use]
    pub const fn with_sent_server_name(mut self, name: Option<ServerName<'a>>) -> Self {
        self.sent_server_name = name;
        self
    }

    /// Sends key shares of these groups in the first ClientHello: none, one or two different groups of
    /// [`with_groups`](Self::with_groups), in the order they have there. By default one share, of the first group. Each
    /// costs a public-key operation; if the share that the server needs is missing, a HelloRetryRequest costs a round
    /// trip.
    #[must_use]
    pub const fn with_key_shares(mut self, groups: &'a [NamedGroup]) -> Self {
        self.key_shares = Some(groups);
        self
    }

    /// Returns the name to send as SNI. RFC 6066 section 3: "Literal IPv4 and IPv6 addresses are not permitted in
    /// '`HostName`'."
    ///
    /// RFC 9846 section 9.2.
    pub(crate) fn sent_server_name(&self) -> Option<&'a str> {
        match self.sent_server_name {
            Some(ServerName::Dns(name)) => Some(name.as_str()),
            Some(ServerName::Ip(_)) | None => None,
        }
    }

    /// Returns the groups of the key shares of the first ClientHello.
    pub(crate) fn shared_groups<C: CryptoProvider>(&self) -> [Option<NamedGroup>; MAX_OFFERED_SHARES] {
        let first = self.parameters.groups::<C>().get(..1).unwrap_or_default();
        let mut groups = self.key_shares.unwrap_or(first).iter().copied();
        [groups.next(), groups.next()]
    }

    /// Rejects settings that can never work, before the first byte is sent.
    pub(crate) fn check<C: CryptoProvider>(&self) -> Result<(), Error> {
        self.parameters.check::<C>()?;
        let shares = self.key_shares.unwrap_or_default();
        let mut groups = self.parameters.groups::<C>().iter();
        // RFC 9846 section 4.3.8: each share "MUST correspond to a group offered in the 'supported_groups' extension and
        // MUST appear in the same order".
        let are_in_order = shares.iter().all(|share| groups.any(|group| group == share));
        if shares.len() > MAX_OFFERED_SHARES || !are_in_order {
            return Err(ApiMisuse::KeySharesUnusable.into());
        }
        check_anchors(self.anchors)
    }

    /// Sets middlebox compatibility mode (RFC 9846 appendix E.4): the client sends a session ID, and a
    /// `change_cipher_spec` record before its second flight, like a resuming TLS 1.2 client, so that middleboxes that
    /// know only TLS 1.2 let the connection pass. Costs 76 bytes on the wire, 38 in each direction.
    ///
    /// On by default. The records that a server sends in this mode are always tolerated.
    #[must_use]
    pub const fn with_middlebox_compatibility(mut self, on: bool) -> Self {
        self.compatibility = on;
        self
    }

    /// Offers to authenticate after the handshake as well (RFC 9846 section 4.3.6), for servers that request a
    /// certificate only for some of their resources, as web servers can be configured to. The request arrives as
    /// [`Event::Credential`](crate::Event::Credential). Off by default.
    #[cfg(feature = "post-handshake-auth")]
    #[must_use]
    pub const fn with_post_handshake_auth(mut self, offer: bool) -> Self {
        self.post_handshake_auth = offer;
        self
    }

    /// Requests tickets from servers, with which later connections [resume](crate::Handshake::resume) this session:
    /// [`Session::take_ticket`](crate::Session::take_ticket) returns them. Off by default; a connection that resumes a
    /// session always requests the next ticket.
    #[cfg(feature = "resumption")]
    #[must_use]
    pub const fn with_resumption(mut self, on: bool) -> Self {
        self.resumption = on;
        self
    }

    /// Requires this common name **instead of** the server name among the subject alternative names. The server name is
    /// still sent as SNI (RFC 6066 section 3). Off by default: [`CommonName`] explains the consequences.
    #[must_use]
    pub const fn with_common_name(mut self, name: CommonName<'a>) -> Self {
        self.common_name = Some(name);
        self
    }
}

impl<'a> ServerConfig<'a> {
    /// Creates the configuration of a server that authenticates clients according to `client_auth`.
    pub const fn new(client_auth: ClientAuth<'a>) -> Self {
        Self {
            client_auth,
            names: None,
            parameters: Parameters::new(),
            retry_for_preferred_group: false,
            #[cfg(feature = "resumption")]
            tickets: None,
            #[cfg(all(feature = "resumption", feature = "post-handshake-auth"))]
            post_handshake_anchors: &[],
        }
    }

    /// Names these issuers in CertificateRequest (RFC 9846 section 4.3.4) instead of the trust anchors: for anchors that
    /// are pins, or for clients with certificates of a CA below the trusted one. With an empty list none are named.
    ///
    /// By default all anchors are named, which allows a client with several certificates to choose the right one. If
    /// one of them is a pin, none are: a pin has no issuer to name, and a list of the others would make the pinned
    /// client withhold its certificate.
    #[must_use]
    pub const fn with_authority_names(mut self, names: &'a [Name<'a>]) -> Self {
        self.names = Some(names);
        self
    }

    /// Requests, with HelloRetryRequest, a share of the first of our groups that the client supports, even if it has
    /// sent a share of a later group. Off by default, since it costs a round trip, and clients that write their second
    /// ClientHello differently from the first (wolfSSL 5.5 reorders its extensions) cannot connect.
    #[must_use]
    pub const fn with_retry_for_preferred_group(mut self, on: bool) -> Self {
        self.retry_for_preferred_group = on;
        self
    }

    /// Issues tickets to clients that request them, valid for `lifetime` seconds but at most 7 days (RFC 9846 section
    /// 4.7.1), and resumes the sessions of tickets from this server and from all that share its keys. Off by default.
    ///
    /// A session is resumed only under the client authentication, anchors, rules and server name of the first one, only
    /// while the client's path is valid, and only if the time is [trusted](crate::x509::Time::Trusted). In all other
    /// cases there is a full handshake.
    #[cfg(feature = "resumption")]
    #[must_use]
    pub const fn with_tickets(mut self, keys: &'a TicketKeys, lifetime: u32) -> Self {
        let lifetime = if lifetime < MAX_TICKET_LIFETIME { lifetime } else { MAX_TICKET_LIFETIME };
        self.tickets = Some((keys, lifetime));
        self
    }

    /// Names the trust anchors of requests [after the handshake](crate::Session::request_certificate) on which tickets
    /// may depend, besides those of the handshake. A session whose client has authenticated itself under any others
    /// issues no more tickets, since removing one of them would not end these. None by default.
    #[cfg(all(feature = "resumption", feature = "post-handshake-auth"))]
    #[must_use]
    pub const fn with_post_handshake_anchors(mut self, anchors: &'a [TrustAnchor<'a>]) -> Self {
        self.post_handshake_anchors = anchors;
        self
    }

    /// Returns the names that a CertificateRequest with this `client_auth` lists.
    pub(crate) fn authorities(&self, client_auth: &ClientAuth<'a>) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let anchors = if self.names.is_none() { client_auth.named_anchors() } else { &[] };
        let names = anchors.iter().filter_map(TrustAnchor::subject);
        names.chain(self.names.unwrap_or_default().iter().copied()).map(|name| name.as_der())
    }

    /// Rejects settings that can never work, before the first byte is sent.
    pub(crate) fn check<C: CryptoProvider>(&self) -> Result<(), Error> {
        self.parameters.check::<C>()?;
        check_names(self.names.unwrap_or_default().iter().copied())?;
        self.client_auth.anchors().map_or(Ok(()), check_anchors)
    }
}

/// The options that both configurations have.
macro_rules! common_options {
    ($config:ident) => {
        impl<'a> $config<'a> {
            /// Sets the application protocols in order of preference (RFC 7301), for example `b"http/1.1"`. A client
            /// offers them; a server with protocols rejects a client that offers only others. None by default.
            #[must_use]
            pub const fn with_alpn(mut self, protocols: &'a [&'a [u8]]) -> Self {
                self.parameters.alpn = protocols;
                self
            }

            /// Pads every protected record that we send with zeros to a multiple of this length, content type included
            /// (RFC 9846 section 5.4), so that its length reveals less about its content. By default there is no
            /// padding.
            ///
            /// Costs half of `multiple` per record on average, on the wire and to encrypt. A record grows no further
            /// than the limit of the peer and the room in `tx` allow; padding hides neither how many records there are
            /// nor when they are sent.
            #[must_use]
            pub const fn with_padding(mut self, multiple: u16) -> Self {
                self.parameters.padding = multiple;
                self
            }

            /// Sets the cipher suites in order of preference, at most 64. By default, or if empty, those of the
            /// provider.
            #[must_use]
            pub const fn with_cipher_suites(mut self, suites: &'a [CipherSuite]) -> Self {
                self.parameters.cipher_suites = suites;
                self
            }

            /// Sets the key exchange groups in order of preference, at most 64. By default, or if empty, those of the
            /// provider. A client sends a key share of the first. A server uses the first group for which the client
            /// has sent a share; if there is none, it requests, with HelloRetryRequest, a share of the first group that
            /// the client supports. A list that names a
            /// group twice is refused with [`ApiMisuse::GroupsRepeated`] (RFC 9846 section 4.3.7).
            #[must_use]
            pub const fn with_groups(mut self, groups: &'a [NamedGroup]) -> Self {
                self.parameters.groups = groups;
                self
            }

            /// Sets the signature schemes accepted in the peer's CertificateVerify, in order of preference. By default
            /// those of the provider. Certificates may use all schemes of the provider, regardless of this setting.
            #[must_use]
            pub const fn with_signature_schemes(mut self, schemes: &'a [SignatureScheme]) -> Self {
                self.parameters.signature_schemes = schemes;
                self
            }

            /// Limits the CA certificates above the peer's certificate, the trust anchor among them, counted as in
            /// [`Rules`](crate::x509::Rules). By default 4; values above 10 count as 10, and 0 accepts only pinned
            /// certificates.
            #[must_use]
            pub const fn with_max_depth(mut self, depth: u8) -> Self {
                self.parameters.max_depth = depth;
                self
            }

            /// Limits the validity of the peer's certificate to this many days, for example 398 as public authorities
            /// do. No limit by default, since private authorities issue certificates for longer; 0 is rejected.
            #[must_use]
            pub const fn with_max_validity_days(mut self, days: u16) -> Self {
                self.parameters.max_validity_days = Some(days);
                self
            }

            /// Sets whether to reject also certificates that RFC 5280 forbids CAs to issue but path validation accepts,
            /// as with [`Rules::strict_profile`](crate::x509::Rules::strict_profile). Off by default.
            #[must_use]
            pub const fn with_strict_profile(mut self, on: bool) -> Self {
                self.parameters.strict_profile = on;
                self
            }

            /// Limits the age in seconds of the peer's proof that it has the key of its certificate, for sessions that
            /// resume another one. It counts from the last full handshake, or the last authentication after it. The
            /// default is a day; with 0 no session is resumed.
            #[cfg(feature = "resumption")]
            #[must_use]
            pub const fn with_max_proof_age(mut self, seconds: u32) -> Self {
                self.parameters.max_proof_age = seconds;
                self
            }

            /// Removes all waivers of checks. Without the feature `dangerous-waivers` there are none. Call it last: waivers
            /// that are set afterwards stay.
            #[must_use]
            pub const fn without_waivers(mut self) -> Self {
                self.parameters.waivers = Waivers::NONE;
                self
            }

            /// **Dangerous**: accepts a path that is invalid for these causes. What was waived is reported in
            /// [`PathFound::waived`](crate::x509::PathFound::waived), and the peer is accepted only by
            /// [`AuthorizeRequest::dangerous_accept_waived`](crate::AuthorizeRequest::dangerous_accept_waived). Hosts
            /// of the drivers do not call it by default.
            ///
            /// Never waived: the required name (host name, address or common name), CertificateVerify and Finished, so
            /// the peer always holds the key of the certificate that it sends.
            #[cfg(feature = "dangerous-waivers")]
            #[must_use]
            pub const fn dangerous_with_waivers(mut self, waivers: Waivers) -> Self {
                self.parameters.waivers = waivers;
                self
            }
        }
    };
}

common_options!(ClientConfig);
common_options!(ServerConfig);

impl<'a> ClientAuth<'a> {
    /// Returns the anchors that a CertificateRequest names. None if one of them is a pin: RFC 9846 section 4.3.4 lets
    /// the list guide the client's choice, and it would make the pinned client withhold its certificate.
    fn named_anchors(&self) -> &'a [TrustAnchor<'a>] {
        let anchors = self.anchors().unwrap_or(&[]);
        if anchors.iter().all(|anchor| anchor.subject().is_some()) { anchors } else { &[] }
    }

    /// Returns the trust anchors for clients, if a certificate is requested.
    pub(crate) const fn anchors(&self) -> Option<&'a [TrustAnchor<'a>]> {
        match *self {
            Self::None => None,
            Self::Optional(anchors) | Self::Required(anchors) => Some(anchors),
        }
    }
}

impl<'a> Parameters<'a> {
    const fn new() -> Self {
        Self {
            alpn: &[],
            cipher_suites: &[],
            groups: &[],
            signature_schemes: &[],
            max_depth: DEFAULT_DEPTH,
            max_validity_days: None,
            strict_profile: false,
            padding: 1,
            waivers: Waivers::NONE,
            #[cfg(feature = "resumption")]
            max_proof_age: DEFAULT_PROOF_AGE,
        }
    }

    pub(crate) const fn alpn(&self) -> &'a [&'a [u8]] {
        self.alpn
    }

    pub(crate) fn cipher_suites<C: CryptoProvider>(&self) -> &'a [CipherSuite] {
        if self.cipher_suites.is_empty() { C::CIPHER_SUITES } else { self.cipher_suites }
    }

    pub(crate) fn groups<C: CryptoProvider>(&self) -> &'a [NamedGroup] {
        if self.groups.is_empty() { C::NAMED_GROUPS } else { self.groups }
    }

    pub(crate) fn signature_schemes<C: CryptoProvider>(&self) -> &'a [SignatureScheme] {
        if self.signature_schemes.is_empty() { C::SIGNATURE_SCHEMES } else { self.signature_schemes }
    }

    /// Returns the schemes for certificates if they differ from those for CertificateVerify; otherwise empty, since
    /// without `signature_algorithms_cert`, `signature_algorithms` applies to certificates as well (RFC 9846 section
    /// 4.3.3).
    pub(crate) fn certificate_schemes<C: CryptoProvider>(&self) -> &'static [SignatureScheme] {
        if C::CERTIFICATE_SCHEMES == self.signature_schemes::<C>() { &[] } else { C::CERTIFICATE_SCHEMES }
    }

    /// Rejects settings that can never work, before the first byte is sent.
    ///
    /// RFC 9846 section 9.3.
    pub(crate) fn check<C: CryptoProvider>(&self) -> Result<(), Error> {
        if self.alpn.len() > MAX_LIST || self.alpn.iter().any(|name| !(1..=255).contains(&name.len())) {
            return Err(ApiMisuse::AlpnNameLength.into());
        }
        if self.max_validity_days == Some(0) {
            return Err(ApiMisuse::ValidityLimitZero.into());
        }
        let suites = self.cipher_suites::<C>();
        let groups = self.groups::<C>();
        let schemes = self.signature_schemes::<C>();
        let supported = suites.iter().all(|&suite| {
            C::CIPHER_SUITES.contains(&suite)
                && AeadAlgorithm::of(suite).is_some()
                && HashAlgorithm::of(suite).is_some()
        }) && groups.iter().all(|group| C::NAMED_GROUPS.contains(group))
            && schemes.iter().all(|&scheme| C::SIGNATURE_SCHEMES.contains(&scheme))
            && schemes.iter().any(|&scheme| SignatureAlgorithm::of(scheme).is_some());
        // RFC 9846 section 4.3.7: a list of groups "MUST NOT contain any duplicate entries".
        if groups.iter().any(|group| groups.iter().filter(|other| *other == group).count() > 1) {
            return Err(ApiMisuse::GroupsRepeated.into());
        }
        let lengths = [suites.len(), groups.len(), schemes.len(), C::CERTIFICATE_SCHEMES.len()];
        if !supported || lengths.iter().any(|len| !(1..=MAX_LIST).contains(len)) {
            return Err(ApiMisuse::AlgorithmUnsupported.into());
        }
        Ok(())
    }
}

/// Rejects a set of trust anchors that is empty, has more anchors than can be searched, or has names that do not fit
/// into a CertificateRequest.
pub(super) fn check_anchors(anchors: &[TrustAnchor<'_>]) -> Result<(), Error> {
    if anchors.is_empty() {
        return Err(ApiMisuse::NoTrustAnchors.into());
    }
    if anchors.len() > MAX_ANCHORS {
        return Err(ApiMisuse::AuthoritiesTooLong.into());
    }
    check_names(anchors.iter().filter_map(TrustAnchor::subject))
}

fn check_names<'n>(names: impl Iterator<Item = Name<'n>>) -> Result<(), Error> {
    let len = names.fold(0_usize, |sum, name| sum.saturating_add(name.as_der().len()).saturating_add(2));
    if len > MAX_AUTHORITIES { Err(ApiMisuse::AuthoritiesTooLong.into()) } else { Ok(()) }
}
