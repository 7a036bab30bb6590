//! Pulling the plug: the process is killed under load, again and again, and nothing that was
//! acknowledged is lost, nothing happens twice, and whoever watched saw every event once.

use std::{net::TcpListener, path::Path, process::Stdio};

use serde_json::json;

use crate::{
    bidding::{
        Bidder, Crowd,
        books::{self, agree, are_bought},
        lots,
        watchers::Watcher,
    },
    house::{PASSWORD, Person, needs_a_file},
    program::{Program, program},
};

const KILLS: usize = 25;
const BIDDERS: usize = 8;
const LOTS: usize = 3;

/// A server on a port of its own, to be killed and started again over the same data.
struct Plug<'a> {
    listen: String,
    data: &'a Path,
    /// Where its PostgreSQL is; none if the data is a file.
    database: Option<String>,
}

impl<'a> Plug<'a> {
    fn of(data: &'a Path, database: Option<String>) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        Self { listen: free.local_addr().expect("its address").to_string(), data, database }
    }

    fn start(&self) -> Program {
        let mut command = program(self.data);
        command.args(["--listen", &self.listen, "--rate-limits", "off"]);
        command.env("BLYTZ_ADMIN_EMAIL", "admin@example.com").env("BLYTZ_ADMIN_PASSWORD", PASSWORD);
        match &self.database {
            Some(url) => command.env("BLYTZ_DATABASE_URL", url),
            None => command.env_remove("BLYTZ_DATABASE_URL"),
        };
        Program::start(command.stderr(Stdio::null()))
    }
}

async fn seller(nobody: &Person) -> Person {
    let admin = nobody.log_in("admin@example.com", PASSWORD).await.person(200);
    let seller = nobody.sign_up("seller@example.com", PASSWORD, "seller").await.person(201);
    admin.give_roles(&seller.id, json!(["seller"])).await.expect(200);
    seller
}

/// Bids at one server or at several of one house, which are killed in turn.
async fn nothing_is_lost(plugs: &[Plug<'_>], kills: usize) {
    let mut processes: Vec<_> = plugs.iter().map(|plug| Some(plug.start())).collect();
    let nobody: Vec<_> = processes.iter().flatten().map(|process| process.nobody.clone()).collect();
    let nobody: Vec<_> = nobody.iter().collect();
    let open = lots(&seller(nobody[0]).await, LOTS).await;
    let watchers: Vec<_> = (0..3).map(|n| Watcher::start(nobody[n % nobody.len()], &open)).collect();
    let mut crowd = Crowd::start(Bidder::sign_up(BIDDERS, &nobody).await, &open);
    // Killed after a random number of answers, while others are on their way.
    for (kill, plug) in plugs.iter().enumerate().cycle().take(kills) {
        crowd.bids(1 + rand::random_range(0..60)).await;
        processes[kill].take().expect("it runs").kill();
        processes[kill] = Some(plug.start());
    }
    crowd.goes_on(5).await;
    let (bidders, told, counts) = crowd.end().await;
    assert!(counts.all_accepted() > kills, "there was load: {counts:?}");

    let logs = books::logs(&open).await;
    agree(&logs, &told, &bidders).await;
    for watcher in watchers {
        watcher.saw(&logs).await;
    }
    are_bought(&open, bidders[0].person()).await;
    println!("{kills} kills, {} bids accepted: {counts:?}", counts.all_accepted());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "slow: kills the program 25 times under load"]
async fn killed_under_load_nothing_is_lost_and_nothing_happens_twice() {
    if needs_a_file() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    nothing_is_lost(&[Plug::of(folder.path(), None)], KILLS).await;
}

/// The same over PostgreSQL, on whichever database all other tests run.
mod postgres {
    use super::{KILLS, Plug, nothing_is_lost};
    use crate::cluster::{Cluster, Durability, left_out};

    /// Kills servers, of which there may be several, over one PostgreSQL.
    async fn nothing_is_lost_by(servers: usize, kills: usize) {
        if left_out() {
            return;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cluster = Cluster::start(Durability::On);
        cluster.create_database("shop", None);
        let plugs: Vec<_> = (0..servers).map(|_| Plug::of(folder.path(), Some(cluster.url("shop")))).collect();
        nothing_is_lost(&plugs, kills).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn killed_under_load_nothing_is_lost_and_nothing_happens_twice() {
        nothing_is_lost_by(1, 3).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "slow: kills the program 25 times under load"]
    async fn killed_again_and_again_nothing_is_lost_and_nothing_happens_twice() {
        nothing_is_lost_by(1, KILLS).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "slow: kills two programs 25 times under load"]
    async fn of_two_servers_killed_in_turn_nothing_is_lost_and_nothing_happens_twice() {
        nothing_is_lost_by(2, KILLS).await;
    }
}
