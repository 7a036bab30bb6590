//! What the server says about its commits, on `/metrics`.

use blytz_client::Client;
use serde::Serialize;

/// Commits between two looks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Commits {
    pub count: f64,
    pub per_second: f64,
    /// Events that shared a commit, on average.
    pub events_each: f64,
    pub mean_ms: f64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counters {
    commits: f64,
    seconds: f64,
    events: f64,
}

impl Counters {
    /// Reads them; none where they can't be read, which is no reason to fail.
    pub async fn read(client: &Client) -> Option<Self> {
        parse(&client.process().metrics().await.ok()?)
    }

    /// What happened since.
    pub fn since(self, before: Self, elapsed: f64) -> Option<Commits> {
        let count = self.commits - before.commits;
        (count > 0.0 && elapsed > 0.0).then(|| Commits {
            count,
            per_second: count / elapsed,
            events_each: (self.events - before.events) / count,
            mean_ms: (self.seconds - before.seconds) / count * 1_000.0,
        })
    }
}

fn parse(text: &str) -> Option<Counters> {
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("{kind=\"auction\"} "))?;
        line.trim().parse::<f64>().ok()
    };
    Some(Counters {
        commits: value("blytz_commit_seconds_count")?,
        seconds: value("blytz_commit_seconds_sum")?,
        events: value("blytz_commit_events_sum")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_counts() {
        let text = "# TYPE blytz_commit_seconds histogram\nblytz_commit_seconds_bucket{kind=\"auction\",le=\"0.5\"} 4\n\
                    blytz_commit_seconds_sum{kind=\"auction\"} 0.02\nblytz_commit_seconds_count{kind=\"chat\"} 9\n\
                    blytz_commit_seconds_count{kind=\"auction\"} 4\nblytz_commit_events_sum{kind=\"auction\"} 40\n";
        let after = parse(text).expect("counters");
        let commits = after.since(Counters::default(), 2.0).expect("commits");
        assert_eq!(commits, Commits { count: 4.0, per_second: 2.0, events_each: 10.0, mean_ms: 5.0 });
        assert_eq!(after.since(after, 2.0), None);
        assert_eq!(parse("blytz_commit_seconds_count{kind=\"auction\"} 1\n"), None);
    }
}
