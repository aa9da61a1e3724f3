//! A browser, told what to do by the protocol WebDriver.

use base64::prelude::{BASE64_STANDARD, Engine};
use connection_registry_tests::service::{Chromium, Service};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// One window, which ends with its service.
pub(super) struct Browser {
    client: Client,
    session: String,
}

impl Browser {
    /// `None`, after a line on standard error, where Chromium is not installed.
    pub(super) async fn open() -> Option<(Self, Service)> {
        let service = Service::launch(Chromium).await?;
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let server = format!("http://{}/session", service.address());
        let mut browser = Self { client: Client::builder().no_proxy().build().unwrap(), session: server };
        let opened = browser.call(Method::POST, "", json!({ "capabilities": Chromium::capabilities(&service) })).await;
        browser.session = format!("{}/{}", browser.session, opened["sessionId"].as_str().unwrap());
        Some((browser, service))
    }

    pub(super) async fn go_to(&self, address: &str) {
        self.call(Method::POST, "/url", json!({ "url": address })).await;
    }

    /// What the body of a function gives, in the page; of a promise what it comes to.
    pub(super) async fn run(&self, script: &str) -> Value {
        self.call(Method::POST, "/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Waits until an expression is true in the page.
    pub(super) async fn wait_until(&self, expression: &str) {
        let script = format!(
            "const end = Date.now() + 20000;
            return new Promise(done => (function look() {{
                if ({expression}) done(true);
                else if (Date.now() > end) done(false);
                else setTimeout(look, 20);
            }})());"
        );
        if self.run(&script).await != true {
            panic!("not so: {expression}\n{}", self.run("return document.body.innerText").await);
        }
    }

    /// Presses and releases one key after the other.
    pub(super) async fn press(&self, keys: &[&str]) {
        let strokes = keys
            .iter()
            .flat_map(|key| [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]);
        let source = json!({ "type": "key", "id": "keyboard", "actions": strokes.collect::<Vec<_>>() });
        self.call(Method::POST, "/actions", json!({ "actions": [source] })).await;
    }

    /// Shows pages as a system in the mode `light` or `dark` has them.
    pub(super) async fn prefer(&self, mode: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": mode }]);
        self.tell("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Makes the window so high that the whole page is in it, or much of it.
    pub(super) async fn fit(&self) {
        let height = self.run("return Math.min(4000, Math.max(500, document.documentElement.scrollHeight))").await;
        let metrics = json!({ "width": 1280, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tell("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// A picture of the window, as PNG.
    pub(super) async fn picture(&self) -> Vec<u8> {
        let picture = self.call(Method::GET, "/screenshot", Value::Null).await;
        BASE64_STANDARD.decode(picture.as_str().unwrap()).unwrap()
    }

    /// How many colours a picture has.
    pub(super) async fn colours(&self, picture: &[u8]) -> u64 {
        let script = format!(
            "const image = new Image();
            image.src = 'data:image/png;base64,{}';
            return image.decode().then(() => {{
                const canvas = Object.assign(document.createElement('canvas'), {{ width: image.width, height: image.height }});
                const context = canvas.getContext('2d');
                context.drawImage(image, 0, 0);
                const data = context.getImageData(0, 0, image.width, image.height).data;
                return new Set(new Uint32Array(data.buffer)).size;
            }});",
            BASE64_STANDARD.encode(picture)
        );
        self.run(&script).await.as_u64().unwrap()
    }

    /// What was logged since the last time: `browser` for complaints, `performance` for what was asked for.
    pub(super) async fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.call(Method::POST, "/se/log", json!({ "type": kind })).await;
        log.as_array().unwrap().clone()
    }

    async fn tell(&self, command: &str, parameters: Value) {
        self.call(Method::POST, "/goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await;
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.client.request(method, format!("{}{path}", self.session));
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        let answer = request.send().await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer["value"]["error"].is_null(), "{path}: {answer}");
        answer["value"].clone()
    }
}

/// Keys that are no characters.
pub(super) const ENTER: &str = "\u{e007}";
pub(super) const ESCAPE: &str = "\u{e00c}";
