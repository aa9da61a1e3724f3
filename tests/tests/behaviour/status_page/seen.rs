//! The page as a browser shows it.

use std::{path::Path, sync::Arc};

use axum::{Router, serve};
use connection_registry::{
    ConnectionManager, status_page,
    testing::{FakeClient, conformance::Server},
};
use connection_registry_tests::{manager, service::InProcess};
use serde_json::{Value, json};

use super::browser::{Browser, ENTER, ESCAPE};

/// The pages of several managers, each below its own name.
fn launch(managers: &[(&str, &ConnectionManager)]) -> Arc<InProcess> {
    let pages = managers.iter().map(|(name, connections)| (format!("/{name}"), status_page::router(connections)));
    let app = pages.fold(Router::new(), |app, (path, page): (_, Router)| app.nest(&path, page));
    InProcess::launch(move |listener| {
        let app = app.clone();
        async move { serve(listener, app).await.expect("it goes on for ever") }
    })
}

/// In order, without what is below a row.
const NAMES: &str = "[...document.querySelectorAll('#rows tr:not(.more) .name')].map(name => name.textContent)";

/// A connection in each state, where that can be had without waiting.
async fn in_all_states(journal: &str) -> ConnectionManager {
    let connections = manager(&format!(
        "[connections.primary_db]\ntype = 'fake'\nlifecycle = {{ start = 'eager', check_interval = '1h' }}\n\
         [connections.cache]\ntype = 'fake-pool'\ncheck = ['error', 'error', 'ok']\njournal = '{journal}'\n\
         lifecycle = {{ start = 'eager', required = false, check_interval = '1h', check_fall = 1, check_rise = 1 }}\n\
         [connections.search]\ntype = 'fake'\nneeds = ['primary_db', 'cache']\nconnect = ['permanent']\n\
         [connections.slow]\ntype = 'fake'\nconnect = ['never']\nlifecycle.connect_timeout = '1h'\n\
         [connections.closed]\ntype = 'fake'\n\
         [connections.leaving]\ntype = 'fake'\ndisconnect = ['never']\nlifecycle.disconnect_timeout = '1h'\n\
         [connections.declared]\ntype = 'fake'\nneeds = ['primary_db']\n\
         [connections.off]\ntype = 'fake'\nenabled = false\n\
         [connections.'<script>document.title = 1</script>']\ntype = 'fake'\nconnect = ['permanent']",
    ));
    connections.start().await.unwrap();
    connections.get::<FakeClient>("search").await.unwrap_err();
    connections.get::<FakeClient>("<script>document.title = 1</script>").await.unwrap_err();
    connections.get::<FakeClient>("closed").await.unwrap();
    connections.disconnect("closed").await.unwrap();
    connections.get::<FakeClient>("leaving").await.unwrap();
    for name in ["slow", "leaving"] {
        let connections = connections.clone();
        tokio::spawn(async move {
            if name == "slow" {
                drop(connections.get::<FakeClient>("slow").await);
            } else {
                drop(connections.disconnect("leaving").await);
            }
        });
    }
    connections
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_follows_what_happens_and_is_used_by_keyboard() {
    let Some((browser, _service)) = Browser::open().await else { return };
    let connections = in_all_states("page by keyboard").await;
    let server = launch(&[("internal", &connections)]);
    browser.go_to(&format!("http://{}/internal", server.address())).await;
    browser.wait_until("document.getElementById('fresh').textContent === 'Live'").await;

    // Problems first, then by name; names are text.
    browser.wait_until(&format!("{NAMES}.length === 9")).await;
    let names = browser.run(&format!("return {NAMES}")).await;
    assert_eq!(names[0], "<script>document.title = 1</script>");
    assert_eq!((&names[1], &names[8]), (&json!("search"), &json!("off")));
    let pill = browser.run("return document.getElementById('ready').innerText").await;
    assert_eq!(pill, "Not ready: <script>document.title = 1</script>, search");
    assert_eq!(browser.run("return document.title").await, "(2) Connections");
    let states = "[...document.querySelectorAll('#rows .state')].map(state => state.innerText)";
    for state in ["failed", "connecting", "draining", "connected", "closed", "declared", "disabled"] {
        browser.wait_until(&format!("{states}.includes('{state}')")).await;
    }

    // The page follows, and tells those who listen.
    connections.check("cache").await.unwrap_err();
    browser.wait_until("document.querySelector('tr.degraded .name')?.textContent === 'cache'").await;
    browser.wait_until("document.getElementById('news').textContent.includes('cache is degraded')").await;

    // Sorting by a heading, and back.
    let heading = "document.querySelector('[data-sort=name]')";
    browser.run(&format!("{heading}.focus()")).await;
    browser.press(&[ENTER]).await;
    browser.wait_until(&format!("{heading}.parentElement.ariaSort === 'ascending'")).await;
    let sorted = browser.run(&format!("return {NAMES}")).await;
    assert_eq!((&sorted[1], &sorted[8]), (&json!("cache"), &json!("slow")));
    browser.press(&[ENTER]).await;
    browser.wait_until(&format!("{heading}.parentElement.ariaSort === 'descending' && {NAMES}[0] === 'slow'")).await;

    // Details stay open and keep the focus while the page goes on.
    browser.run("[...document.querySelectorAll('button.name')].find(b => b.textContent === 'search').focus()").await;
    browser.press(&[ENTER]).await;
    browser.wait_until("document.querySelector('.detail')?.innerText.includes('primary_db')").await;
    let details = browser.run("return document.querySelector('.detail').innerText").await;
    for part in ["the script says", "<text>:", "lazy, required", "cache, primary_db"] {
        assert!(details.as_str().unwrap().contains(part), "{part} is not in {details}");
    }
    connections.check("cache").await.unwrap_err();
    connections.check("cache").await.unwrap();
    browser.wait_until("!document.querySelector('tr.degraded')").await;
    assert_eq!(browser.run("return document.activeElement.textContent").await, "search");

    // Filtering, and all of them again.
    browser.press(&["/", "c", "a", "c", "h", "e"]).await;
    browser.wait_until(&format!("{NAMES}.join() === 'cache'")).await;
    browser.press(&[ESCAPE]).await;
    browser.wait_until(&format!("{NAMES}.length === 9")).await;

    assert_nothing_was_amiss(&browser, &server).await;
    stands_an_outage(&browser, &server).await;
}

/// No complaint, and no request to anybody else.
async fn assert_nothing_was_amiss(browser: &Browser, server: &InProcess) {
    assert_eq!(browser.log("browser").await, Vec::<Value>::new(), "the console");
    let own = format!("http://{}/internal", server.address());
    let mut asked = Vec::new();
    for entry in browser.log("performance").await {
        let entry: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
        let (message, parameters) = (&entry["message"], &entry["message"]["params"]);
        // A browser begins with a page of its own.
        if message["method"] == "Network.requestWillBeSent" && parameters["documentURL"] == own {
            asked.push(parameters["request"]["url"].as_str().unwrap().to_owned());
        }
    }
    assert!(asked.len() > 2, "{asked:?}");
    let is_own =
        |address: &String| *address == own || *address == format!("{own}/connections") || address.starts_with("data:");
    assert!(asked.iter().all(is_own), "{asked:?}");
}

/// It says that the server is gone, and goes on when it is back. A page that nobody looks at asks nothing.
async fn stands_an_outage(browser: &Browser, server: &Arc<InProcess>) {
    server.kill().await.unwrap();
    browser.wait_until("!document.getElementById('trouble').hidden").await;
    let trouble = browser.run("return document.getElementById('trouble').innerText").await;
    assert!(trouble.as_str().unwrap().starts_with("The server does not answer. The table shows"), "{trouble}");
    server.start().await.unwrap();
    browser.wait_until("document.getElementById('trouble').hidden").await;

    browser.run("Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })").await;
    browser.wait_until("!isAsking").await;
    let asked = "performance.getEntriesByType('resource').length";
    let before = browser.run(&format!("return {asked}")).await;
    let after = browser.run(&format!("return ask().then(() => {asked})")).await;
    assert_eq!(before, after, "nobody looks at it");
    browser.run("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))").await;
    browser.wait_until(&format!("{asked} > {before}")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_can_be_read_in_light_and_dark_and_draws_few_and_many() {
    let Some((browser, service)) = Browser::open().await else { return };
    let (states, none, one) =
        (in_all_states("page of pictures").await, manager(""), manager("connections.only = { type = 'fake' }"));
    states.check("cache").await.unwrap_err();
    let (fifty, thousand) = (tree(50), tree(1000));
    let server =
        launch(&[("none", &none), ("one", &one), ("states", &states), ("fifty", &fifty), ("thousand", &thousand)]);
    for (name, count, drawn, note) in [
        ("none", 0, 0, "No connection refers to another."),
        ("one", 1, 0, "No connection refers to another."),
        ("states", 9, 4, "4 connections, 3 references. Each points to what it refers to."),
        ("fifty", 50, 50, "50 connections, 49 references. Each points to what it refers to."),
        ("thousand", 1000, 0, "1000 connections, 999 references: too many to draw."),
    ] {
        browser.go_to(&format!("http://{}/{name}", server.address())).await;
        browser.wait_until("document.getElementById('fresh').textContent === 'Live'").await;
        browser.wait_until(&format!("{NAMES}.length === {count}")).await;
        let nodes = browser.run("return document.querySelectorAll('#graph g').length").await;
        assert_eq!(nodes, drawn, "{name}");
        let told = browser.run("return document.getElementById('graph-note').innerText").await;
        assert!(told.as_str().unwrap().starts_with(note), "{name}: {told}");
        browser.run("document.querySelector('.cause ~ * .name, .name')?.click()").await;
        for mode in ["light", "dark"] {
            browser.prefer(mode).await;
            let (least, of) = least_contrast(&browser).await;
            assert!(least >= 4.5, "{name} {mode}: {least} of {of}");
            browser.fit().await;
            keep(&browser, &service.folder().join(format!("{name}-{mode}.png"))).await;
        }
    }
    assert_eq!(browser.log("browser").await, Vec::<Value>::new(), "the console");
}

/// Each but the first refers to one before it.
fn tree(size: usize) -> ConnectionManager {
    let toml: String = (0..size)
        .map(|at| {
            let needs = if at == 0 { String::new() } else { format!(", needs = ['c{:04}']", at / 4) };
            format!("connections.c{at:04} = {{ type = 'fake'{needs} }}\n")
        })
        .collect();
    manager(&toml)
}

/// The least contrast of a text with what is behind it, by the formula of WCAG 2, and the text.
async fn least_contrast(browser: &Browser) -> (f64, String) {
    let found = browser.run(CONTRAST).await;
    (found[0].as_f64().unwrap(), found[1].to_string())
}

/// Writes a picture, which must not be blank; into the folder `STATUS_PAGE_PICTURES` too, where that is set.
async fn keep(browser: &Browser, file: &Path) {
    let picture = browser.picture().await;
    std::fs::write(file, &picture).unwrap();
    if let Some(folder) = std::env::var_os("STATUS_PAGE_PICTURES") {
        std::fs::copy(file, Path::new(&folder).join(file.file_name().unwrap())).unwrap();
    }
    let colours = browser.colours(&picture).await;
    assert!(colours > 20, "{} has {colours} colours", file.display());
}

const CONTRAST: &str = r"
const parse = text => text.match(/[\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
const behind = element => {
    for (let e = element; e; e = e.parentElement) {
        if (e instanceof SVGElement) { const r = e.querySelector?.('rect'); if (r) return parse(getComputedStyle(r).fill); }
        const [r, g, b, a = 1] = parse(getComputedStyle(e).backgroundColor);
        if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
};
let worst = [99, ''];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility() || element.closest('script, title, .unseen, .skip')) continue;
    const style = getComputedStyle(element);
    const front = light(parse(element instanceof SVGElement ? style.fill : style.color)), back = light(behind(element));
    const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (contrast < worst[0]) worst = [contrast, text];
}
return worst;
";
