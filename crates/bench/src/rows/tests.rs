//! A row that needs no Herald, measured for a moment.

use std::time::Duration;

use super::*;
use crate::measure::Plan;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bare_posts_arrive_and_are_counted_over_plain_http_and_tls() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan::of(Duration::from_millis(200));
    let mut bench = Bench::anywhere(folder.path().into(), plan);
    for tls in [false, true] {
        if tls {
            bench = bench.over_tls().unwrap();
        }
        let row = run(Kind::L0, &bench).await.unwrap().remove(0);
        assert_eq!(row.tls, tls);
        assert!(row.rate.unwrap() > 100.0, "{row:?}");
    }
}
