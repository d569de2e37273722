//! A row that needs no Herald, measured for a second by the real program.

use std::process::Command;

#[test]
fn bare_posts_arrive_and_are_counted_over_plain_http_and_tls() {
    let bench = env!("CARGO_BIN_EXE_herald-bench");
    for (more, name) in [(&[][..], "L0"), (&["--tls"], "L0 (TLS)")] {
        let output = Command::new(bench)
            .args(["--seconds", "1", "--rows", "l0", "--herald", bench])
            .args(["--data", env!("CARGO_TARGET_TMPDIR")])
            .args(more)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let row = said.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        let rate = row[24..33].trim().parse::<f64>();
        assert!(rate.is_ok_and(|rate| rate > 100.0), "{said}");
    }
}
