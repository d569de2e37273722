//! A running Herald with a browser in front of it: every page that a test comes past is looked at by
//! machine (policy, accessibility, width), and kept as a picture (`target/screenshots`).

use std::{fs, path::PathBuf};

use serde_json::Value;

use super::{
    api::text,
    browser::Browser,
    program::run,
    world::{Running, World},
};

/// The repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// A running Herald with a browser in front of it.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) running: Running,
    pub(crate) browser: Browser,
    axe: String,
    /// Serious findings, by page.
    findings: Vec<String>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// One with more variables.
    pub(crate) async fn with(more: &[(&'static str, &str)]) -> Self {
        let world = World::with(more).await;
        let running = world.first_start().await;
        let axe = root().join("tests/browser/node_modules/axe-core/axe.min.js");
        let axe = fs::read_to_string(axe).expect("./test installs it (npm ci in tests/browser)");
        let browser = Browser::start().await;
        Self { world, running, browser, axe, findings: Vec::new() }
    }

    /// A link, as the operator makes one on the machine.
    pub(crate) async fn link(&self, role: &str) -> String {
        let account = &self.running.keys.account;
        let arguments = ["portal-link", "--account", account, "--role", role];
        let mut command = self.world.herald(&arguments);
        command.env("HERALD_LISTEN", self.running.server.address.to_string());
        let said = run(command).await;
        assert!(said.status.success(), "{said:?}");
        said.out.trim().to_owned()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.server.address)
    }

    pub(crate) async fn open(&self, path: &str) {
        self.browser.open(&self.url(path)).await;
    }

    /// Looks at the page as it is: in both themes if it has a choice, by eye and by machine.
    pub(crate) async fn look(&mut self, name: &str) {
        for theme in ["light", "dark"] {
            let choose = format!("document.documentElement.dataset.theme = '{theme}'");
            self.browser.run(&choose).await;
            self.check(&format!("{name}-{theme}")).await;
            self.keep(&format!("{name}-{theme}"), 1280).await;
        }
        self.keep(&format!("{name}-narrow"), 400).await;
    }

    async fn keep(&self, name: &str, width: u32) {
        self.browser.fit(width).await;
        let folder = root().join("target/screenshots");
        fs::create_dir_all(&folder).expect("target is ours");
        let picture = self.browser.picture().await;
        fs::write(folder.join(format!("{name}.png")), picture).expect("target is ours");
        let wide = self.browser.run("return document.documentElement.scrollWidth").await;
        assert!(wide.as_u64() <= Some(width.into()), "{name} is {wide} wide instead of {width}");
    }

    async fn check(&mut self, name: &str) {
        self.browser.fit(1280).await;
        self.browser.run(&self.axe).await;
        let report = self
            .browser
            .wait_for(
                "axe.run(document, { resultTypes: ['violations'] }).then(
                     report => done(report.violations), error => done(String(error)))",
            )
            .await;
        let violations = report.as_array().unwrap_or_else(|| panic!("axe: {report}"));
        let serious = |v: &&Value| v["impact"] == "serious" || v["impact"] == "critical";
        for found in violations.iter().filter(serious) {
            let nodes = found["nodes"].as_array().into_iter().flatten();
            let places: Vec<_> = nodes.map(|node| node["html"].to_string()).collect();
            self.findings.push(format!("{name}: {} {places:?}", found["help"]));
        }
    }

    /// No page was found wanting, and the browser had nothing to complain of.
    pub(crate) async fn assert_well(&self) {
        assert!(self.findings.is_empty(), "{}", self.findings.join("\n"));
        let complaints = self.browser.complaints().await;
        assert!(complaints.is_empty(), "{complaints:#?}");
    }

    /// Adds a webhook on everything by the form.
    pub(crate) async fn add_webhook(&self, url: &str, description: &str) {
        self.open("/portal/test/webhooks/new").await;
        self.browser.fill("#url", url).await;
        self.browser.fill("#description", description).await;
        self.browser.click("input[value='*']").await;
        self.browser.follow("main button[type=submit]").await;
        let page = self.browser.reads().await;
        assert!(page.contains("Copy the signing secret now"), "{page}");
        let secret = self.browser.run("return document.querySelector('#secret').value").await;
        assert_eq!(text(&secret).len(), 32, "the secret is shown once");
    }
}
