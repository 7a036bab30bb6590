//! Answers of any length, read as they arrive.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;

use crate::error::{Error, TransportError};

/// The body of an answer on its way here.
///
/// ```no_run
/// # async fn example(client: blytz_client::Client, id: blytz_core::AuctionId) -> Result<(), Box<dyn std::error::Error>> {
/// let mut proof = client.auctions().proof_download(id).await?;
/// let mut file = std::fs::File::create_new("proof.json")?;
/// while let Some(piece) = proof.next_piece().await? {
///     std::io::Write::write_all(&mut file, &piece)?;
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Download {
    request: String,
    response: Response,
    patience: Duration,
}

impl Download {
    pub(crate) const fn new(request: String, response: Response, patience: Duration) -> Self {
        Self { request, response, patience }
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// When the connection breaks, or nothing comes for as long as the client waits for an answer.
    /// What came before is then not all.
    pub async fn next_piece(&mut self) -> Result<Option<Bytes>, Error> {
        match tokio::time::timeout(self.patience, self.response.chunk()).await {
            Ok(piece) => Ok(piece.map_err(|error| TransportError::from_http(&self.request, error, true))?),
            Err(_) => Err(TransportError::late(&self.request, true).into()),
        }
    }
}
