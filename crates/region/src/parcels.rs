//! The source side of parcel sessions: whoever may fetch an account's chunks may have them as parcels, and nobody else.

use futures::StreamExt;
use transfer::{Opened, Parcel, ParcelFault, ParcelOffice, ParcelOrder, SourceFault, WindowAsk};

use crate::peer::{FetchScope, PeerFault, PeerParcel};
use crate::region::Region;
use crate::request::as_peer_fault;

impl Region {
    fn office(&self) -> Result<&ParcelOffice, PeerFault> {
        self.inner.parcels.as_ref().ok_or_else(|| self.no_parcels("it keeps no indexes of bases"))
    }

    fn no_parcels(&self, reason: impl Into<String>) -> PeerFault {
        PeerFault::Failed { region: self.id().clone(), reason: reason.into() }
    }

    /// Opens a session for a disk of the account that `scope` names.
    pub(crate) async fn open_parcels_for_peer(
        &self,
        scope: &FetchScope,
        order: ParcelOrder,
    ) -> Result<Opened, PeerFault> {
        let office = self.office()?;
        let domains = self.domains_for_peer(scope).await;
        let domains = domains.map_err(|fault| as_peer_fault(self.id(), fault))?;
        office.open(&domains, order).await.map_err(|fault| self.parcel_fault(&fault))
    }

    /// A window of a session or a part of it, if it is one of the account's: any other is as if it were not there.
    pub(crate) async fn parcel_for_peer(
        &self,
        scope: &FetchScope,
        ask: WindowAsk,
    ) -> Result<PeerParcel, PeerFault> {
        let office = self.office()?;
        // A key that was switched off meanwhile locks its domain, and so ends the session.
        let domains = self.domains_for_peer(scope).await;
        let domains = domains.map_err(|fault| as_peer_fault(self.id(), fault))?;
        let parcel = office.window(&domains, ask).await;
        Ok(match parcel.map_err(|fault| self.parcel_fault(&fault))? {
            Parcel::Window(pieces) => {
                let region = self.clone();
                let broken = move |fault: SourceFault| region.no_parcels(fault.to_string());
                PeerParcel::Window(pieces.map(move |piece| piece.map_err(&broken)).boxed())
            }
            Parcel::End => PeerParcel::End,
            Parcel::Gone => PeerParcel::Gone,
        })
    }

    fn parcel_fault(&self, fault: &ParcelFault) -> PeerFault {
        match fault {
            ParcelFault::BeyondDisk { .. } => {
                PeerFault::Protocol { region: self.id().clone(), reason: fault.to_string() }
            }
            ParcelFault::NoDisk { .. }
            | ParcelFault::Busy
            | ParcelFault::Store(_)
            | ParcelFault::Failed { .. }
            | ParcelFault::Late
            | ParcelFault::NoRandomness
            | ParcelFault::Stopped => self.no_parcels(fault.in_full()),
        }
    }
}
