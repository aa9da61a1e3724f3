//! The status page: what its routes answer, and to whom.

#[cfg(target_os = "linux")]
mod browser;
mod metrics;
#[cfg(target_os = "linux")]
mod seen;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use connection_registry::{ConnectionManager, status_page, testing::FakeClient};
use connection_registry_tests::{CANARY, ProbeClient, canary_forms, manager};
use serde_json::{Value, json};
use tower::ServiceExt;

const ROUTES: [&str; 5] = ["/", "/healthz", "/readyz", "/connections", "/metrics"];

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: impl AsRef<str>) -> &str {
        self.headers.get(name.as_ref()).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    fn json(&self) -> Value {
        assert_eq!(self.header(header::CONTENT_TYPE), "application/json");
        serde_json::from_str(&self.body).unwrap()
    }
}

async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body).unwrap() }
}

async fn get(router: &Router, path: &str) -> Answer {
    ask(router, Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_route_can_be_read_and_nothing_can_be_changed() {
    let router = status_page::router(&manager("connections.a = { type = 'fake' }"));
    for path in ROUTES {
        for method in [Method::GET, Method::HEAD] {
            let answer = ask(&router, Request::builder().method(&method).uri(path).body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::OK, "{method} {path}");
            assert_eq!(answer.body.is_empty(), method == Method::HEAD, "{method} {path}");
        }
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = ask(&router, Request::builder().method(&method).uri(path).body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.header(header::ALLOW), "GET,HEAD");
        }
    }
    assert_eq!(get(&router, "/else").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn no_answer_is_kept_framed_or_taken_for_something_else() {
    let router = status_page::router(&manager(""));
    for path in ROUTES {
        let answer = get(&router, path).await;
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store", "{path}");
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(answer.header(header::REFERRER_POLICY), "no-referrer", "{path}");
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

#[tokio::test]
async fn it_can_be_nested_into_an_application_of_any_state() {
    let connections = manager("connections.a = { type = 'fake' }");
    let app: Router = Router::new().nest("/ops/internal", status_page::router(&connections)).with_state(5_u8);
    for path in &ROUTES[1..] {
        assert_eq!(get(&app, &format!("/ops/internal{path}")).await.status, StatusCode::OK, "{path}");
    }
    // Links are seen from the folder in which the page is.
    let page = get(&app, "/ops/internal").await;
    assert!(page.body.contains(r#"href="./internal/connections""#), "{}", page.body);
    let service: Router = Router::new().nest_service("/internal", status_page::router(&connections));
    assert!(get(&service, "/internal").await.body.contains(r#"href="./internal/connections""#));
    assert!(get(&service, "/internal/").await.body.contains(r#"href="connections""#));
    assert!(get(&status_page::router(&connections), "/").await.body.contains(r#"href="connections""#));
}

#[tokio::test]
async fn readiness_names_what_is_missing_and_no_cause() {
    let toml: String = (0..25)
        .map(|at| format!("connections.db{at:02} = {{ type = 'fake', connect = ['permanent', 'ok'], lifecycle.start = 'eager' }}\n"))
        .collect();
    let connections = manager(&toml);
    let router = status_page::router(&connections);
    connections.start().await.unwrap_err();
    let answer = get(&router, "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let missing: Vec<_> = (0..20).map(|at| format!("db{at:02}")).collect();
    assert_eq!(answer.json(), json!({ "ready": false, "closing": false, "missing": missing, "more": 5 }));
    for at in 0..25 {
        let name = format!("db{at:02}");
        connections.disconnect(&name).await.unwrap();
        connections.get::<FakeClient>(&name).await.unwrap();
    }
    let answer = get(&router, "/readyz").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json(), json!({ "ready": true, "closing": false, "missing": [], "more": 0 }));
    connections.shutdown(std::time::Duration::from_secs(5)).await;
    let answer = get(&router, "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json(), json!({ "ready": false, "closing": true, "missing": [], "more": 0 }));
    assert_eq!(get(&router, "/healthz").await.status, StatusCode::OK, "the process lives");
}

#[tokio::test(start_paused = true)]
async fn connections_are_the_status_as_json() {
    let connections = manager(
        "connections.web = { type = 'fake', needs = ['db'] }\n\
         connections.db = { type = 'fake', connect = ['permanent'] }",
    );
    connections.get::<FakeClient>("web").await.unwrap_err();
    let told = get(&status_page::router(&connections), "/connections").await.json();
    assert_eq!(told, serde_json::to_value(connections.status()).unwrap());
    assert_eq!(told["connections"][1]["depends_on"], json!(["db"]));
}

#[tokio::test(start_paused = true)]
async fn without_a_script_the_page_is_a_table_in_which_names_and_causes_are_text() {
    let connections = manager(
        "[connections.'<script>alert(1)</script>']\ntype = 'probe'\nrecord = 'page of scripts'\n\
         url = '<img src=x onerror=alert(2)>'\nconnect = ['leak']\n\
         lifecycle = { connect_timeout = '1ms', retry = { base = '1ms', max = '1ms' } }\n\
         [connections.off]\ntype = 'fake'\nenabled = false",
    );
    connections.get::<ProbeClient>("<script>alert(1)</script>").await.unwrap_err();
    let page = get(&status_page::router(&connections), "/").await;
    assert_eq!(page.header(header::CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(page.body.matches("<script>").count(), 1, "its own");
    assert!(page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the name");
    assert!(!page.body.contains("<img"), "the cause");
    assert!(page.body.contains(r#"<tr class="failed">"#) && page.body.contains(r#"<tr class="disabled">"#));
    assert!(page.body.contains("Not ready: &lt;script&gt;"), "what blocks readiness");
    assert!(!page.body.contains("{{"), "every mark is filled in");
}

#[tokio::test(start_paused = true)]
async fn no_answer_has_a_secret_in_it() {
    let toml = format!(
        "[connections.leak]\ntype = 'probe'\nrecord = 'page of secrets'\npassword = '{CANARY}'\n\
         url = 'probe://user:{CANARY}@host/path'\nconnect = ['leak']\n\
         lifecycle = {{ start = 'eager', connect_timeout = '1ms', retry = {{ base = '1ms', max = '1ms' }} }}\n\
         [connections.good]\ntype = 'probe'\nrecord = 'page of secrets 2'\npassword = '${{env:CANARY}}'\ndisconnect = 'leak'\n"
    );
    let connections = ConnectionManager::builder().toml(toml).environment([("CANARY", CANARY)]).build().unwrap();
    let router = status_page::router(&connections);
    connections.start().await.unwrap_err();
    connections.get::<ProbeClient>("good").await.unwrap();
    connections.disconnect("good").await.unwrap_err();
    for path in ROUTES {
        let answer = get(&router, path).await;
        for form in canary_forms() {
            let output = format!("{:?} {}", answer.headers, answer.body);
            assert!(!output.contains(&form), "{path}: `{form}` is in {output}");
        }
    }
    assert!(get(&router, "/connections").await.body.contains("no login at"), "the cause is there");
}
