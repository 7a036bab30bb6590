//! Every path of the server, what wraps a request, and the description of it all.

use axum::{Router, middleware};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::App;
use crate::{
    http::{self, openapi},
    live,
    service::Service,
    services::{auction, auth, chat, product},
};

const ABOUT: &str = "Live auctions: catalogue, shows, bids, chat. Every error is a problem document \
    (RFC 9457) with a stable `code`. The live connection is a WebSocket at `/ws`, subprotocol `blytz.v1`.";

/// Every path of the server, with everything that wraps a request. Nests in other axum apps.
///
/// The address that requests came from is taken from [`axum::extract::ConnectInfo`], which a host
/// app provides by serving with `into_make_service_with_connect_info`.
pub fn router(app: App) -> Router {
    let (routes, document) = described();
    let routes = http::inside(routes.merge(http::docs::router(&document)), &app.platform);
    let counted = routes.layer(middleware::from_fn_with_state(app.accounts.clone(), auth::count));
    http::outside(counted, &app.platform).with_state(app)
}

/// The description of the whole server.
pub fn document() -> OpenApi {
    described().1
}

/// The description of one service, with what every process answers.
pub fn service_document(service: Service) -> OpenApi {
    let document = routes(service).merge(http::process::router()).into_openapi();
    openapi::finish(document, &format!("Blytz: {}", service.name()), ABOUT)
}

fn described() -> (Router<App>, OpenApi) {
    let all = Service::ALL.into_iter().fold(OpenApiRouter::new(), |all, service| all.merge(routes(service)));
    let (router, document) = all.merge(http::process::router()).split_for_parts();
    (router, openapi::finish(document, "Blytz", ABOUT))
}

fn routes(service: Service) -> OpenApiRouter<App> {
    match service {
        Service::Auth => auth::router(),
        Service::Product => product::router(),
        // Whoever serves auctions serves the live connection.
        Service::Auction => auction::router().merge(live::router()),
        Service::Chat => chat::router(),
    }
}
