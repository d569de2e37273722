//! A real browser: Debian's Chromium, driven over WebDriver as its users drive it, by clicks and
//! keys.

use std::{
    io::{Read as _, Write as _},
    net::SocketAddr,
    process::Stdio,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use super::{
    PATIENCE,
    api::{Api, text},
    eventually,
};

/// How WebDriver names the reference to an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with a profile of its own. It ends with the test.
pub(crate) struct Browser {
    driver: Api,
    address: SocketAddr,
    session: String,
    _process: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        let profile = tempfile::tempdir().expect("a test can make a folder");
        let (process, address) = start_driver().await;
        let driver = Api::new(address, "none");
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--force-prefers-reduced-motion",
            "--hide-scrollbars",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let made = driver.post("/session", &wanted).await.good();
        let session = text(&made["value"]["sessionId"]);
        Self { driver, address, session, _process: process, _profile: profile }
    }

    async fn tell(&self, what: &str, body: &Value) -> Value {
        let path = format!("/session/{}/{what}", self.session);
        self.driver.post(&path, body).await.good()["value"].clone()
    }

    /// Goes to an address, and waits until the page is there.
    pub(crate) async fn open(&self, url: &str) {
        self.tell("url", &json!({ "url": url })).await;
    }

    /// Where it is.
    pub(crate) async fn url(&self) -> String {
        text(&self.run("return location.href").await)
    }

    /// Runs a script of the test's in the page.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.tell("execute/sync", &json!({ "script": script, "args": [] })).await
    }

    /// Runs a script that answers later, by calling `done`.
    pub(crate) async fn wait_for(&self, script: &str) -> Value {
        let script = format!("const done = arguments[0]; {script}");
        self.tell("execute/async", &json!({ "script": script, "args": [] })).await
    }

    /// Whether something like this is on the page.
    pub(crate) async fn has(&self, css: &str) -> bool {
        let found = self.run(&format!("return document.querySelectorAll({css:?}).length")).await;
        found.as_u64() > Some(0)
    }

    /// The text of the page, as people read it.
    pub(crate) async fn reads(&self) -> String {
        text(&self.run("return document.body.innerText").await)
    }

    /// Waits until the page reads so, without loading it again.
    pub(crate) async fn shows(&self, what: &str) {
        self.waits_for(what, async || self.reads().await.contains(what)).await;
    }

    /// Waits until something like this is on the page, without loading it again.
    pub(crate) async fn appears(&self, css: &str) {
        self.waits_for(css, async || self.has(css).await).await;
    }

    /// Waits until it holds; if it never does, says what there is instead.
    async fn waits_for(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let patient = eventually(what, async || holds().await.then_some(()));
        if tokio::time::timeout(PATIENCE * 9 / 10, patient).await.is_ok() {
            return;
        }
        let state = "return [location.href, document.readyState, document.visibilityState,
            [...document.querySelectorAll('[data-connection]')].map(one => one.dataset.connection),
            performance.getEntriesByType('resource').map(one =>
                [one.name, one.responseStatus, one.startTime, one.responseEnd]),
            performance.now(), document.body.innerText]";
        let (state, complaints) = (self.run(state).await, self.complaints().await);
        panic!("{what:?} has not come: {state:#} {complaints:?}");
    }

    /// The window that is driven.
    pub(crate) async fn window(&self) -> String {
        let path = format!("/session/{}/window", self.session);
        text(&self.driver.get(&path).await.good()["value"])
    }

    /// Opens another window at an address, and drives that.
    pub(crate) async fn open_window(&self, url: &str) {
        let made = self.tell("window/new", &json!({ "type": "window" })).await;
        self.switch_to(&text(&made["handle"])).await;
        self.open(url).await;
    }

    /// Drives another window, and has it before the others: pages behind them rest.
    pub(crate) async fn switch_to(&self, window: &str) {
        self.tell("window", &json!({ "handle": window })).await;
        let front = json!({ "cmd": "Page.bringToFront", "params": {} });
        self.tell("goog/cdp/execute", &front).await;
    }

    /// Closes the window that is driven; another one has to be chosen then.
    pub(crate) async fn close_window(&self) {
        let path = format!("/session/{}/window", self.session);
        self.driver.delete(&path).await;
    }

    async fn element(&self, css: &str) -> String {
        let wanted = json!({ "using": "css selector", "value": css });
        text(&self.tell("element", &wanted).await[ELEMENT])
    }

    /// Clicks on what leads to another page, and waits until that is there. Meanwhile there may be
    /// no page that could answer.
    pub(crate) async fn follow(&self, css: &str) {
        self.run("window.isLeft = true").await;
        self.click(css).await;
        self.has_left().await;
    }

    /// The same by a key, on what has the focus.
    pub(crate) async fn follow_by(&self, key: &str) {
        self.run("window.isLeft = true").await;
        self.press(key).await;
        self.has_left().await;
    }

    /// Presses keys, whatever has the focus.
    pub(crate) async fn press(&self, keys: &str) {
        let press = |key: char| {
            let key = key.to_string();
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
        };
        let actions: Vec<Value> = keys.chars().flat_map(press).collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.tell("actions", &json!({ "actions": [keyboard] })).await;
    }

    /// Runs no script of any page from now on. Those of the test are run apart.
    pub(crate) async fn without_scripts(&self) {
        let off = json!({ "cmd": "Emulation.setScriptExecutionDisabled",
            "params": { "value": true } });
        self.tell("goog/cdp/execute", &off).await;
    }

    /// Clicks on what leads to another page, and waits until that reads so. It needs no script.
    pub(crate) async fn submit(&self, css: &str, then: &str) {
        self.click(css).await;
        self.shows(then).await;
    }

    async fn has_left(&self) {
        let path = format!("/session/{}/execute/sync", self.session);
        let script = "return document.readyState === 'complete' && !window.isLeft";
        let question = json!({ "script": script, "args": [] });
        eventually("the click leads to another page", async || {
            let answer = self.driver.post(&path, &question).await;
            (answer.body["value"] == true).then_some(())
        })
        .await;
    }

    /// Clicks on it.
    pub(crate) async fn click(&self, css: &str) {
        let element = self.element(css).await;
        self.tell(&format!("element/{element}/click"), &json!({})).await;
    }

    /// Types into it.
    pub(crate) async fn fill(&self, css: &str, what: &str) {
        let element = self.element(css).await;
        self.tell(&format!("element/{element}/value"), &json!({ "text": what })).await;
    }

    /// Makes the window so wide, and as high as the page.
    pub(crate) async fn fit(&self, width: u32) {
        // High once, so that what depends on the height has its own.
        self.metrics(width, 860).await;
        let height = self.run("return document.documentElement.scrollHeight").await;
        let height = height.as_u64().and_then(|height| u32::try_from(height).ok());
        self.metrics(width, height.unwrap_or(860).clamp(860, 6_000)).await;
    }

    async fn metrics(&self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": size });
        self.tell("goog/cdp/execute", &command).await;
    }

    /// What the window shows, as PNG.
    pub(crate) async fn picture(&self) -> Vec<u8> {
        let path = format!("/session/{}/screenshot", self.session);
        let picture = self.driver.get(&path).await.good();
        BASE64.decode(text(&picture["value"])).expect("WebDriver gives base64")
    }

    /// What the browser complained of since the last question, such as breaches of the policy.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.tell("se/log", &json!({ "type": "browser" })).await;
        let entries = log.as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| text(&entry["message"])).collect()
    }
}

impl Drop for Browser {
    /// Closes it, also when its test has failed: the driver's end alone would leave it running.
    fn drop(&mut self) {
        let request = format!(
            "DELETE /session/{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.session, self.address
        );
        let close = || {
            let mut stream = std::net::TcpStream::connect(self.address)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(request.as_bytes())?;
            // Its processes are gone when the answer is there.
            stream.read(&mut [0; 1024])
        };
        // A driver that is gone has nothing left to close.
        let _closed: std::io::Result<usize> = close();
    }
}

/// Starts the driver on a free port.
async fn start_driver() -> (Child, SocketAddr) {
    let mut process = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("chromedriver is there: ./test installs it (apt: chromium chromium-driver)");
    let out = process.stdout.take().expect("standard output is piped");
    let mut lines = BufReader::new(out).lines();
    let starting = async {
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                return port.trim_end_matches('.').parse::<u16>().ok();
            }
        }
        None
    };
    let port = tokio::time::timeout(PATIENCE, starting).await.expect("it starts in time");
    (process, SocketAddr::from(([127, 0, 0, 1], port.expect("it says its port"))))
}
