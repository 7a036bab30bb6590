use blytz_server::{Config, Running, Server};

async fn start(data: &str) -> anyhow::Result<Running> {
    let running = Server::builder().config(Config::in_folder(data)).launch().await?;
    println!("listening on {}", running.url()); // a free port, unless the configuration names one
    Ok(running) // until `running.stop().await`
}
