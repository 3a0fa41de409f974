//! The progress of client authentication, from the request in the handshake to the last answer after it.

/// The status of client authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ClientAuthStatus {
    /// The server has accepted a certificate of the client. On the client: the server's messages prove that it did, see
    /// [`Session::client_auth`](crate::Session::client_auth).
    Accepted,
    /// The server requested a certificate, and the client sent none.
    Declined,
    /// The server did not request a certificate.
    NotRequested,
    /// On the client only: it has sent a certificate, and nothing yet proves that the server accepts it (RFC 9846
    /// appendix F.1.2: a client learns of a rejection when it next reads).
    Presented,
}

/// The progress of client authentication, as seen by either side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAuthProgress {
    status: ClientAuthStatus,
    /// The client's last answer was an empty Certificate, and nothing yet proves that the server accepts it.
    declined_last: bool,
    /// A request after the handshake was answered. Another request may have been sent before that answer was seen.
    #[cfg(feature = "post-handshake-auth")]
    answered_late: bool,
}

impl ClientAuthProgress {
    /// The start of every handshake.
    pub(crate) const NOT_REQUESTED: Self = Self {
        status: ClientAuthStatus::NotRequested,
        declined_last: false,
        #[cfg(feature = "post-handshake-auth")]
        answered_late: false,
    };

    pub(crate) const fn status(self) -> ClientAuthStatus {
        self.status
    }

    /// Returns the last answer, unless a message has proved that the server accepts it.
    pub(crate) const fn unconfirmed(self) -> Option<ClientAuthStatus> {
        // An earlier certificate was already accepted.
        if self.declined_last {
            return Some(ClientAuthStatus::Declined);
        }
        match self.status {
            ClientAuthStatus::Declined | ClientAuthStatus::Presented => Some(self.status),
            ClientAuthStatus::Accepted | ClientAuthStatus::NotRequested => None,
        }
    }

    /// Records on a client that it answers with a certificate.
    pub(crate) const fn presented(&mut self) {
        self.declined_last = false;
        self.status = ClientAuthStatus::Presented;
    }

    /// Records that the client answers without a certificate. An earlier certificate still counts.
    pub(crate) const fn declined(&mut self) {
        self.declined_last = true;
        if matches!(self.status, ClientAuthStatus::NotRequested) {
            self.status = ClientAuthStatus::Declined;
        }
    }

    /// Records on a server that the client is authenticated.
    pub(crate) const fn authenticated(&mut self) {
        self.declined_last = false;
        self.status = ClientAuthStatus::Accepted;
    }

    /// Records on a client that the server resumes a session in which it had accepted our certificate.
    #[cfg(feature = "resumption")]
    pub(crate) const fn resumed(&mut self) {
        self.authenticated();
    }

    /// Records on a client that an answer after the handshake has been sent.
    #[cfg(feature = "post-handshake-auth")]
    pub(crate) const fn answered_late(&mut self) {
        self.answered_late = true;
    }

    /// Records application data from the peer; `is_response` means that we have sent some since our last answer.
    /// Returns whether it proves that the server accepts our certificate.
    ///
    /// Data that arrives before we have sent any proves nothing (RFC 9846 section 4.5.3): "Servers MAY send data after
    /// sending their first flight".
    pub(crate) const fn data_received(&mut self, is_response: bool) -> bool {
        is_response && self.confirm()
    }

    /// Records a NewSessionTicket. Returns whether it proves that the server accepts our certificate: servers send one
    /// after they have checked the answer.
    pub(crate) const fn ticket_received(&mut self) -> bool {
        self.confirm()
    }

    /// Records a request after the handshake. Returns whether it proves that the server accepts our certificate: the
    /// first one does, but a second one may have been sent before our answer to the first was received (RFC 9846
    /// section 4.7.2).
    #[cfg(feature = "post-handshake-auth")]
    pub(crate) const fn requested_again(&mut self) -> bool {
        !self.answered_late && self.confirm()
    }

    const fn confirm(&mut self) -> bool {
        self.declined_last = false;
        let confirmed = matches!(self.status, ClientAuthStatus::Presented);
        if confirmed {
            self.status = ClientAuthStatus::Accepted;
        }
        confirmed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_proves_acceptance_only_after_ours() {
        let mut progress = ClientAuthProgress::NOT_REQUESTED;
        progress.presented();
        assert!(!progress.data_received(false));
        assert_eq!(progress.unconfirmed(), Some(ClientAuthStatus::Presented));
        assert!(progress.data_received(true));
        assert_eq!((progress.status(), progress.unconfirmed()), (ClientAuthStatus::Accepted, None));
        assert!(!progress.data_received(true), "it is proved once");
    }

    #[test]
    fn a_ticket_proves_nothing_of_a_client_that_was_not_asked() {
        let mut progress = ClientAuthProgress::NOT_REQUESTED;
        assert!(!progress.ticket_received());
        assert_eq!(progress.status(), ClientAuthStatus::NotRequested);
    }

    #[cfg(feature = "post-handshake-auth")]
    #[test]
    fn a_second_late_request_proves_nothing() {
        let mut progress = ClientAuthProgress::NOT_REQUESTED;
        progress.presented();
        progress.answered_late();
        assert!(!progress.requested_again() && !progress.data_received(false));
        assert!(progress.data_received(true));
    }

    #[test]
    fn a_certificate_sent_before_still_counts_when_the_client_declines() {
        let mut progress = ClientAuthProgress::NOT_REQUESTED;
        progress.presented();
        assert!(progress.ticket_received());
        progress.declined();
        assert_eq!(
            (progress.status(), progress.unconfirmed()),
            (ClientAuthStatus::Accepted, Some(ClientAuthStatus::Declined))
        );
    }
}
