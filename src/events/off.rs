//! A recorder of a build without events: nothing, and nothing is compiled of its calls.

use crate::credential::{Credential, PeerRequest};
use crate::error::{AlertDescription, Error, Stage};
use crate::wire::enums::{CipherSuite, NamedGroup};
use crate::x509::{PathFound, Search, Time};
use core::marker::PhantomData;

/// Where a connection writes what happens to it: nowhere.
#[derive(Clone, Copy)]
pub(crate) struct Recorder<'b>(PhantomData<&'b ()>);

#[allow(
    clippy::unused_self,
    clippy::needless_pass_by_ref_mut,
    clippy::trivially_copy_pass_by_ref,
    reason = "as with events"
)]
impl Recorder<'_> {
    pub(crate) const OFF: Self = Self(PhantomData);

    #[inline(always)]
    pub(crate) const fn message_begins(&mut self, _kind: u8, _len: usize) {}
    #[inline(always)]
    pub(crate) const fn message_ends(&mut self) {}
    #[inline(always)]
    pub(crate) const fn message_sent(&self, _message: &[u8], _len: usize) {}
    #[inline(always)]
    pub(crate) const fn alert_received(&self, _alert: AlertDescription) {}
    #[inline(always)]
    pub(crate) const fn alert_sent(&self, _alert: AlertDescription) {}
    #[inline(always)]
    pub(crate) const fn count(&mut self, _bytes: usize) {}
    #[inline(always)]
    pub(crate) const fn flight_sent(&mut self) {}
    #[inline(always)]
    pub(crate) const fn flight_received(&mut self) {}
    #[inline(always)]
    pub(crate) const fn retried(&self, _group: Option<NamedGroup>) {}
    #[inline(always)]
    pub(crate) const fn agreed(&self, _suite: CipherSuite, _group: NamedGroup) {}
    #[inline(always)]
    pub(crate) const fn asked(&self, _request: &PeerRequest<'_>, _late: bool) {}
    #[inline(always)]
    pub(crate) const fn server_name(&self, _name: Option<&str>) {}
    #[inline(always)]
    pub(crate) const fn shown(&mut self, _credential: Option<&Credential<'_>>) {}
    #[inline(always)]
    pub(crate) const fn judged(&self, _time: Time, _peer: &Search<'_, '_>) {}
    #[inline(always)]
    pub(crate) const fn path(&self, _path: &PathFound, _time: Time) {}
    #[inline(always)]
    pub(crate) const fn authorized(&self) {}
    #[inline(always)]
    pub(crate) const fn done(&self) {}
    #[inline(always)]
    pub(crate) const fn accepted(&self) {}
    #[inline(always)]
    pub(crate) const fn failed(&self, _stage: Stage, _error: Error) {}
}
