//! The statistics page as a service in the process: which requests it answers, who may see it, and its answers' heads.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use locum_model::proxy::StatsPage;
use locum_runtime::{
    http::message::{Head, Version},
    live::Live,
    plan::{Plan, Proxy, ProxyId},
    rules::reply::LocalReply,
    sample::view::View,
    vocab::Now,
};

use super::{
    columns::Selection,
    csv::{self, Shape},
    html, typed,
};

/// What the page shows.
#[derive(Clone, Copy)]
pub struct PageView<'a> {
    /// The moment.
    pub now: Now,
    /// The configuration.
    pub plan: &'a Plan,
    /// Numbers.
    pub live: &'a Live,
    /// The proxy whose page it is.
    pub proxy: ProxyId,
}

/// Whether a request is for the page: its target begins with `stats uri`.
pub fn matches(page: &StatsPage, request: &Head) -> bool {
    request.target().path_and_query().starts_with(&page.uri)
}

/// The row of the vocabulary: answers the view's request.
pub fn serve(view: &View<'_>, page: &StatsPage) -> LocalReply {
    let page_view = PageView {
        now: view.now,
        plan: view.plan,
        live: view.live,
        proxy: view.proxy,
    };
    match view.request {
        Some(request) => respond(page_view, page, request),
        None => unauthorized(page),
    }
}

/// Answers a request for the page.
pub fn respond(view: PageView<'_>, page: &StatsPage, request: &Head) -> LocalReply {
    if !is_authorized(page, request) {
        return unauthorized(page);
    }
    match request.method() {
        b"GET" | b"HEAD" => {}
        // Changes by the page are an operation of `stats admin`, which nobody was granted.
        _ => return see_other(page, "DENY"),
    }
    let wish = Wish::of(page, request);
    let selection = Selection {
        only_up: wish.only_up,
        ..Selection::ALL
    };
    let shown = |proxy: &Proxy| is_in_scope(view, page, proxy) && wish.shows(proxy);
    let (kind, body) = if wish.schema {
        ("application/json", typed::SCHEMA.to_owned())
    } else if wish.csv {
        let wanted = (Shape::Csv, selection);
        let table = csv::table(view.plan, view.live, view.now, wanted, shown);
        ("text/plain", table)
    } else if wish.json {
        let wanted = (Shape::Json, selection);
        let table = csv::table(view.plan, view.live, view.now, wanted, shown);
        ("application/json", table)
    } else {
        let text = html::page(view, page, &wish, selection, shown);
        ("text/html", text)
    };
    let mut head = Head::response(Version::HTTP_11, 200, b"OK");
    head.add(b"cache-control", b"no-cache");
    head.add(b"content-type", kind.as_bytes());
    if let (Some(refresh), false) = (page.refresh, wish.no_refresh) {
        head.add(b"refresh", refresh.as_secs().to_string().as_bytes());
    }
    if request.method() == b"HEAD" {
        return LocalReply {
            status: 200,
            head,
            body: Bytes::new(),
        };
    }
    // The reference makes the page while it sends it and never knows its length.
    head.add(b"transfer-encoding", b"chunked");
    head.facts.chunked = true;
    LocalReply {
        status: 200,
        head,
        body: body.into(),
    }
}

/// What the words behind the page's address ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// `;csv`
    pub csv: bool,
    /// `;json`
    pub json: bool,
    /// `;json-schema`: what the JSON is made of.
    pub schema: bool,
    /// `;up`: only servers that are up.
    pub only_up: bool,
    /// `;norefresh`
    pub no_refresh: bool,
    /// `scope=…`: only proxies with this in their names.
    pub scope: String,
}

impl Wish {
    fn of(page: &StatsPage, request: &Head) -> Self {
        let target = request.target().path_and_query();
        let rest = target.get(page.uri.len()..).unwrap_or_default();
        let rest = String::from_utf8_lossy(rest);
        let (words, query) = rest.split_once('?').unwrap_or((&rest, ""));
        let said = |word: &str| words.split(';').any(|w| w == word);
        let scope = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("scope="))
            .unwrap_or_default();
        // As long as the page's own field takes, and nothing that would need to be escaped.
        let plain = |c: &char| c.is_ascii_alphanumeric() || "-_.:".contains(*c);
        Self {
            csv: said("csv"),
            json: said("json"),
            schema: said("json-schema"),
            only_up: said("up"),
            no_refresh: said("norefresh"),
            scope: scope.chars().filter(plain).take(20).collect(),
        }
    }

    fn shows(&self, proxy: &Proxy) -> bool {
        self.scope.is_empty() || proxy.name.contains(&self.scope)
    }
}

/// `stats scope`: the proxies named; `.` is the page's own.
fn is_in_scope(view: PageView<'_>, page: &StatsPage, proxy: &Proxy) -> bool {
    page.scope.is_empty()
        || page.scope.iter().any(|name| match name.as_str() {
            "." => proxy.id == view.proxy,
            name => *proxy.name == *name,
        })
}

fn is_authorized(page: &StatsPage, request: &Head) -> bool {
    if page.auth.is_empty() {
        return true;
    }
    let Some(given) = request.first(b"authorization") else {
        return false;
    };
    let Some((scheme, encoded)) = given.split_at_checked(6) else {
        return false;
    };
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return false;
    }
    let Ok(given) = STANDARD.decode(encoded.trim_ascii()) else {
        return false;
    };
    // All are compared, in constant time each: nothing tells which user exists.
    page.auth.iter().fold(false, |found, (user, password)| {
        found | same(format!("{user}:{password}").as_bytes(), &given)
    })
}

fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |acc, (x, y)| acc | (x ^ y)) == 0
}

const UNAUTHORIZED: &str = "<html><body><h1>401 Unauthorized</h1>\n\
    You need a valid user and password to access this content.\n</body></html>\n";

fn unauthorized(page: &StatsPage) -> LocalReply {
    let mut head = Head::response(Version::HTTP_11, 401, b"Unauthorized");
    head.add(b"content-length", UNAUTHORIZED.len().to_string().as_bytes());
    head.add(b"cache-control", b"no-cache");
    head.add(b"content-type", b"text/html");
    let realm = String::from_utf8_lossy(&page.realm);
    let challenge = format!("Basic realm=\"{realm}\"");
    head.add(b"www-authenticate", challenge.as_bytes());
    head.facts.content_length = Some(UNAUTHORIZED.len() as u64);
    LocalReply {
        // The reference logs and counts this page as a bad request.
        status: 400,
        head,
        body: Bytes::from_static(UNAUTHORIZED.as_bytes()),
    }
}

fn see_other(page: &StatsPage, state: &str) -> LocalReply {
    let mut head = Head::response(Version::HTTP_11, 303, b"See Other");
    head.add(b"cache-control", b"no-cache");
    head.add(b"content-type", b"text/plain");
    head.add(b"content-length", b"0");
    let mut location = page.uri.to_vec();
    location.extend_from_slice(b";st=");
    location.extend_from_slice(state.as_bytes());
    head.add(b"location", &location);
    head.facts.content_length = Some(0);
    LocalReply {
        status: 303,
        head,
        body: Bytes::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_model::Text;

    fn page() -> StatsPage {
        StatsPage {
            uri: Text::from("/s"),
            realm: Text::from("My Realm"),
            auth: vec![("u".into(), "p".into()), ("v".into(), "q".into())],
            refresh: None,
            hide_version: false,
            show_legends: false,
            show_modules: false,
            show_node: None,
            show_desc: None,
            scope: Vec::new(),
            http_request: Vec::new(),
            admin: Vec::new(),
        }
    }

    fn get(target: &str, authorization: Option<&str>) -> Head {
        let mut head = Head::request(b"GET", target.as_bytes(), Version::HTTP_11);
        if let Some(value) = authorization {
            head.add(b"authorization", value.as_bytes());
        }
        head
    }

    #[test]
    fn the_page_is_for_those_who_know_a_password() {
        let page = page();
        for (given, allowed) in [
            (None, false),
            (Some("Basic dTpw"), true),
            (Some("basic djpx"), true),
            (Some("Basic dTpx"), false),
            (Some("Bearer dTpw"), false),
            (Some("Basic !"), false),
            (Some(""), false),
        ] {
            assert_eq!(
                is_authorized(&page, &get("/s", given)),
                allowed,
                "{given:?}"
            );
        }
        let reply = unauthorized(&page);
        assert_eq!(reply.body.len(), 112);
        assert_eq!(
            reply.head.first(b"www-authenticate"),
            Some(&b"Basic realm=\"My Realm\""[..])
        );
    }

    #[test]
    fn the_address_matches_by_its_beginning_and_words_follow_it() {
        let page = page();
        assert!(matches(&page, &get("/stats", None)));
        assert!(!matches(&page, &get("/", None)));
        let wish = Wish::of(&page, &get("/s;csv;norefresh?scope=a%3Cb", None));
        assert_eq!(
            wish,
            Wish {
                csv: true,
                json: false,
                schema: false,
                no_refresh: true,
                only_up: false,
                scope: "a3Cb".into()
            }
        );
    }
}
