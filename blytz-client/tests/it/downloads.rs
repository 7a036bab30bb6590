//! Answers that are read while they arrive.

use std::time::Duration;

use axum::body::Body;
use blytz_client::{Client, Error, RetryKind, wire::ErrorCode};
use blytz_core::AuctionId;
use futures_util::{StreamExt, stream};
use uuid::Uuid;

use crate::fake::{self, AT_ONCE, always, problem};

/// A server whose proofs consist of these pieces; after the last one the line is cut, or stays open.
async fn telling(pieces: usize, then: Then) -> String {
    let piece = bytes::Bytes::from(vec![b' '; 1 << 20]);
    let router = axum::Router::new().fallback(move || {
        let pieces = stream::iter(vec![piece.clone(); pieces]).map(Ok::<_, std::io::Error>);
        let body = match then {
            Then::End => Body::from_stream(pieces),
            Then::Cut => Body::from_stream(pieces.chain(stream::iter([Err(std::io::Error::other("it broke"))]))),
            Then::Nothing => Body::from_stream(pieces.chain(stream::pending())),
        };
        std::future::ready(body)
    });
    fake::serve(router).await
}

#[derive(Clone, Copy)]
enum Then {
    End,
    Cut,
    Nothing,
}

async fn downloaded(client: &Client) -> (usize, Result<(), Error>) {
    let mut download = client.auctions().proof_download(AuctionId(Uuid::nil())).await.expect("it begins");
    let mut bytes = 0;
    loop {
        match download.next_piece().await {
            Ok(Some(piece)) => bytes += piece.len(),
            Ok(None) => return (bytes, Ok(())),
            Err(error) => return (bytes, Err(error)),
        }
    }
}

#[tokio::test]
async fn an_answer_of_any_length_can_be_read_as_it_arrives() {
    let client = Client::builder(telling(65, Then::End).await).retry(AT_ONCE).build().expect("a client");
    let (bytes, end) = downloaded(&client).await;
    assert_eq!(bytes, 65 << 20);
    end.expect("all of it");

    let kept = client.auctions().proof(AuctionId(Uuid::nil())).await.expect_err("too long to be kept");
    assert!(matches!(kept, Error::TooLarge { .. }) && !kept.is_unreachable(), "{kept}");
    assert_eq!(kept.retry_kind(), RetryKind::Never);
    assert!(kept.to_string().contains("longer than 64 MiB"), "{kept}");
}

#[tokio::test]
async fn a_download_that_ends_early_says_so() {
    for then in [Then::Cut, Then::Nothing] {
        let client = Client::builder(telling(2, then).await).timeout(Duration::from_millis(300));
        let (_, end) = downloaded(&client.retry(AT_ONCE).build().expect("a client")).await;
        assert!(end.expect_err("a part of it").is_unreachable());
    }
}

#[tokio::test]
async fn a_download_that_is_refused_says_why_and_asks_again_when_told_to() {
    let (fake, client) = always(|| problem(ErrorCode::AuctionLive)).await;
    let refused = client.auctions().proof_download(AuctionId(Uuid::nil())).await.expect_err("live");
    assert_eq!((refused.code(), fake.asked().len()), (Some(ErrorCode::AuctionLive), 1));

    let (fake, client) = always(|| problem(ErrorCode::Unavailable)).await;
    client.auctions().proof_download(AuctionId(Uuid::nil())).await.expect_err("not now");
    assert_eq!(fake.asked().len(), 4);
}
