//! What can be told without a server. The rest is in `tests/tests/services/http.rs`.

use reqwest::{Method, StatusCode, Url};

#[cfg(feature = "ssh-tunnel")]
use super::Http;
use super::{client::join, options::Check};
#[cfg(feature = "ssh-tunnel")]
use crate::Connection as _;
use crate::connectors::shared::{failure::Reason, problems, web};

#[test]
fn a_path_stays_below_the_base_url() {
    let joined = |base: &str, path: &str| {
        let url = join(&Url::parse(base).expect("it is a URL"), path);
        url.map_or_else(|| "refused".to_owned(), |url| url.to_string())
    };
    #[track_caller]
    fn check(joined: impl AsRef<str>, expected: &str) {
        assert_eq!(joined.as_ref(), expected);
    }
    for base in ["https://h/v1", "https://h/v1/"] {
        check(joined(base, "users/7"), "https://h/v1/users/7");
        check(joined(base, "/users?page=2#x"), "https://h/v1/users?page=2#x".replace('#', "%23").as_str());
        check(joined(base, "//evil.example/x"), "https://h/v1/evil.example/x");
        check(joined(base, "https://evil.example/x"), "https://h/v1/https://evil.example/x");
        check(joined(base, "\\\\evil.example"), "https://h/v1/evil.example");
        check(joined(base, "@evil.example:1"), "https://h/v1/@evil.example:1");
        check(joined(base, "a/../b"), "https://h/v1/b");
        for path in ["..", "../v2", "/a/../../x", "%2e%2e/x", ".%2E/x", "..\\x", ".\t./x"] {
            check(joined(base, path), "refused");
        }
    }
    check(joined("https://h/v1", ""), "https://h/v1");
    check(joined("https://h/v1", "?a=b"), "https://h/v1?a=b");
    check(joined("http://h", "x"), "http://h/x");
}

#[test]
fn an_endpoint_has_the_port_of_its_scheme() {
    let of = |url: &str| web::endpoint(&Url::parse(url).expect("it is a URL"));
    assert_eq!([of("https://h/v1"), of("http://u:p@h"), of("http://[::1]:81")], ["h:443", "h:80", "[::1]:81"]);
}

#[test]
fn an_answer_is_judged_by_what_was_asked_for() {
    #[track_caller]
    fn check(asked: &Check, has_credentials: bool, answers: &[(u16, Option<Reason>)]) {
        for (status, expected) in answers {
            let answer = StatusCode::from_u16(*status).expect("it is a status");
            let judged = asked.judge(answer, has_credentials).err().map(|(reason, _)| reason);
            assert_eq!(judged, *expected, "{asked:?} {status}");
        }
    }
    let (refused, down) = (Some(Reason::Credentials), Some(Reason::Unavailable));
    let base = asking("");
    check(&base, false, &[(200, None), (301, None), (401, None), (404, None), (500, down), (501, None), (503, down)]);
    check(&base, true, &[(200, None), (401, refused), (403, refused), (404, None), (502, down)]);
    let path = asking("path = 'health'");
    check(&path, false, &[(204, None), (301, down), (401, refused), (404, down), (429, down), (501, down)]);
    let status = asking("path = 'health'\nstatus = 403");
    check(&status, true, &[(403, None), (401, refused), (200, down)]);
    assert_eq!((base.method(), path.method()), (Method::HEAD, Method::GET));
}

fn asking(fields: &str) -> Check {
    toml::from_str(fields).expect("they are good")
}

#[test]
fn who_asks_is_said_in_one_way_only() {
    check("base_url = 'https://h'\nauth.bearer = 'c4nary'", &[]);
    check(
        "base_url = 'https://h'\nauth = { bearer = 'c4nary', basic = { user = 'u', password = 'c4nary' } }",
        &["CR018 5 `auth.bearer` and `auth.basic` exclude each other"],
    );
    check("base_url = 'https://h'\nauth = {}", &["CR006 2 missing key `auth.bearer`"]);
    check(
        "base_url = 'https://u:c4nary@h'\nauth.bearer = 'c4nary'",
        &["CR008 4 `base_url` must have no user and password beside `auth`"],
    );
    check(
        "base_url = 'https://h'\nauth.bearer = 'c4nary'\nheaders = { authorization = 'c4nary' }",
        &["CR018 6 `headers` and `auth` exclude each other"],
    );
}

#[test]
fn a_header_with_a_credential_is_not_sent_on() {
    check(
        "base_url = 'https://h'\nredirects = 'any'\nauth.header = { name = 'x-key', value = 'c4nary' }",
        &["CR008 5 `redirects` must not be `any` with `auth.header`, which would be sent to the other server"],
    );
    check("base_url = 'https://h'\nredirects = 'any'\nauth.bearer = 'c4nary'", &[]);
}

#[test]
fn a_wrong_value_has_a_place_and_is_not_repeated() {
    for url in ["c4nary", "ftp://h", "https://", "https://h/?key=c4nary", "h:80"] {
        check(&format!("base_url = '{url}'"), &[WRONG_URL]);
    }
    check(
        "base_url = 'https://h'\nheaders = { 'x y' = 'c4nary' }",
        &["CR008 5 `headers` must have names and values that HTTP allows"],
    );
    check(
        "base_url = 'https://h'\nauth.bearer = \"c4\\nnary\"",
        &["CR008 5 `auth.bearer` must be a value that HTTP allows"],
    );
    check("base_url = 'https://h'\ncheck.path = '../x'", &["CR008 5 `check.path` must not lead out of the base URL"]);
    check(
        "base_url = 'https://h'\ncheck.status = 42",
        &["CR008 5 `check.status` must be the status of an answer, from 200 to 599"],
    );
    check("base_url = 'https://h'\nproxy = 'socks5://u:c4nary@p'", &[WRONG_PROXY]);
}

#[test]
fn a_url_that_a_password_has_torn_is_refused() {
    for special in ['/', '?', '#', '\\'] {
        let url = format!("https://u:12{special}c4nary@h");
        check(&format!("base_url = '{url}'"), &[WRONG_URL]);
        check(&format!("base_url = 'https://h'\nproxy = '{url}'"), &[WRONG_PROXY]);
    }
    check("base_url = 'https:/u:12/c4nary@h'", &[WRONG_URL]);
    check("base_url = 'https://u:12%2Fc4nary@h/%40me'\nproxy = 'http://u:12%2Fc4nary@p:1'", &[]);
}

#[test]
fn nothing_can_be_done_in_no_time() {
    for key in ["request_timeout", "connect_timeout"] {
        check(
            &format!("base_url = 'https://h'\n{key} = '0s'"),
            &[&format!("CR008 5 `{key}` must be longer than zero")],
        );
    }
}

#[test]
fn encryption_goes_with_the_scheme() {
    check(
        "base_url = 'http://h'\ntls.ca = 'ca.pem'",
        &["CR008 4 `base_url` must begin with `https://`, since there is a table `tls`"],
    );
    check(
        "base_url = 'https://h'\ntls.mode = 'disable'",
        &["CR008 5 `tls.mode` must not be `disable` with a base URL that begins with `https://`"],
    );
    check(
        "base_url = 'https://h'\ntls.mode = 'require'",
        &["CR008 5 `tls.mode` must be `disable` or `verify-full`: the driver always verifies"],
    );
    check("base_url = 'http://h'\ntls = { mode = 'disable', ca = 'ca.pem', certificate = 'c.pem' }", &[]);
    check("base_url = 'https://h'\ntls.certificate = 'c.pem'", &["CR006 2 missing key `tls.key`"]);
    check("base_url = '${env:BASE_URL}'\ntls.ca = 'ca.pem'\nauth.bearer = '${env:TOKEN}'", &[]);
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn a_tunnel_leads_to_the_api_alone() {
    let bastion = "\n[connections.bastion]\ntype = 'ssh-tunnel'\nhost = 'h'\nuser = 'u'\npassword = 'p'";
    let behind = |fields: &str, expected: &[&str]| check(&format!("{fields}\ntunnel = 'bastion'{bastion}"), expected);
    behind("base_url = 'https://h/v1'\nredirects = 'same-origin'\ntls.mode = 'verify-full'", &[]);
    behind("base_url = 'http://[::1]:81'", &[]);
    behind("base_url = 'https://h'\nproxy = 'http://p:1'", &["CR018 5 `proxy` and `tunnel` exclude each other"]);
    behind(
        "base_url = 'https://h'\nredirects = 'any'",
        &["CR008 5 `redirects` must not be `any` with `tunnel`, which leads to one server"],
    );
    behind(
        "base_url = 'https://[::1]'",
        &["CR008 4 `base_url` must not have an IPv6 address through a tunnel: the driver cannot verify it there"],
    );
    let http: Http = toml::from_str("base_url = 'https://u:c4nary@h/v1'\ntunnel = 'bastion'").expect("they are good");
    assert_eq!(http.endpoint().as_deref(), Some("h:443 through bastion"));
}

const WRONG_URL: &str = "CR008 4 `base_url` must be a URL such as `https://host/path`, without a query, and with special \
                         characters of a password, and an `@` of the path, percent-encoded";

const WRONG_PROXY: &str = "CR008 5 `proxy` must be a URL such as `http://user:password@host:3128`, with special characters \
                           of the password percent-encoded";

/// The problems as `code line message`, of a connection whose header stands on line 2.
#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("http", fields, expected);
}
