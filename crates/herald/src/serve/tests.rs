//! The address that people are told.

use super::*;

fn told(public: Option<&str>, listening: &str) -> String {
    let config = Config { public_url: public.map(String::from), ..Config::default() };
    public_url(&config, listening.parse().unwrap())
}

#[test]
fn people_are_told_an_address_that_they_can_reach() {
    assert_eq!(told(None, "127.0.0.1:8400"), "http://127.0.0.1:8400");
    assert_eq!(told(None, "0.0.0.0:80"), "http://127.0.0.1:80");
    assert_eq!(told(None, "[::]:80"), "http://[::1]:80");
    assert_eq!(told(Some("https://hooks.example.com"), "0.0.0.0:80"), "https://hooks.example.com");
}
