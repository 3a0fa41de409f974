//! HelloRetryRequest and the second ClientHello (RFC 9846 sections 4.2.2 and 4.2.4).

use super::answer::{constant_parts, first_question};
use super::{HelloStep, Selected};
use crate::crypto::CryptoProvider;
use crate::error::{ApiMisuse, PeerMisbehaved};
use crate::handshake::config::ServerConfig;
use crate::handshake::connection::{Connection, send};
use crate::handshake::hello::Hello;
use crate::handshake::{Next, Stop};
use crate::record::outbound::Written;
use crate::transcript::Transcript;
use crate::wire::client_hello::ClientHello;
use crate::wire::enums::HandshakeType;
use crate::wire::server_hello::{self, ServerHello};

/// Sends HelloRetryRequest (RFC 9846 section 4.2.4), without a cookie, since the state is kept here.
///
/// RFC 9846 section 4.2.1.
#[inline(never)]
pub(super) fn send_hello_retry_request<'b, P: CryptoProvider>(
    selected: &mut Selected,
    step: &mut HelloStep,
    cx: &mut Connection<'b, P>,
) -> Next<'b> {
    let hello = Hello::CLIENT.parse(&cx.rx, &cx.peer, ClientHello::parse)?;
    cx.transcript = Transcript::new(cx.provider, selected.hash)?;
    cx.transcript.update(Hello::CLIENT.message(&cx.rx, &cx.peer)?);
    cx.transcript.replace_by_message_hash()?;
    let retry = ServerHello {
        session_id: hello.session_id,
        cipher_suite: selected.suite,
        answer: server_hello::Answer::Retry { group: Some(selected.group), cookie: None },
    };
    let Connection { tx, transcript, events, .. } = cx;
    if send(tx, events, HandshakeType::SERVER_HELLO, &|w| retry.emit(w), &mut |part| transcript.update(part))?
        == Written::AfterTransmit
    {
        return Ok(Some(Stop::Transmit));
    }
    tx.flush()?;
    events.retried(Some(selected.group));
    cx.negotiated.retried = true;
    let first = constant_parts(cx.provider, &hello)?;
    Hello::CLIENT.consume(cx);
    // RFC 9846 appendix E.4: "immediately after its first handshake message".
    cx.tx.change_cipher_spec();
    selected.retried = true;
    *step = HelloStep::ExpectSecondClientHello(first);
    Ok(Some(Stop::Transmit))
}

// RFC 9846 section 4.3.10.
#[inline(never)]
pub(super) fn handle_second_client_hello<'b, P: CryptoProvider>(
    selected: Selected,
    step: &mut HelloStep,
    cx: &mut Connection<'b, P>,
    config: &ServerConfig<'_>,
) -> Next<'b> {
    let HelloStep::ExpectSecondClientHello(first) = step else { return Err(ApiMisuse::AnswerUnexpected.into()) };
    if !Hello::CLIENT.receive(cx)? {
        return Ok(Some(Stop::NeedInput));
    }
    let hello = Hello::CLIENT.parse(&cx.rx, &cx.peer, ClientHello::parse)?;
    Hello::CLIENT.last_message(&cx.rx, &cx.peer)?;
    // RFC 9846 section 4.2.2: apart from key_share, early_data, cookie, pre_shared_key and padding,
    // "the client MUST send the same ClientHello without modification".
    if constant_parts(cx.provider, &hello)?.as_bytes() != first.as_bytes()
        || hello.early_data
        || !hello.cipher_suites.contains(selected.suite.0)
    {
        return Err(PeerMisbehaved::SecondClientHelloDiffers.into());
    }
    // Section 4.2.2: key_share is replaced "with a list containing a single KeyShareEntry from the indicated group".
    let key_shares = hello.mandatory()?.key_shares;
    if key_shares.iter().count() != 1 || key_shares.iter().any(|share| share.group != selected.group) {
        return Err(PeerMisbehaved::KeyShareNotOffered.into());
    }
    *step = first_question(&hello, config)?;
    cx.rx.end_early_data();
    Ok(None)
}
