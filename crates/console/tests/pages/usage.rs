//! Usage and rates (R000-4, R001-5, R002-2, R003-3).

use axum::http::StatusCode;
use model::{Meter, Role};
use region::testing::disk;

use crate::kit::{Answer, Site};
use crate::someone::Someone;

const HERE: &str = "cn-hangzhou";
const THERE: &str = "cn-shanghai";
const DAY_MS: i64 = 86_400_000;
/// A formula, where a table program takes it for one.
const FORMULA: &str = "=cmd|' /C calc'!A0";

/// Copies an image whose disk is one chunk of `seed`.
async fn copy(site: &Site, seed: u64) {
    let disk = disk(seed, 2, |chunk| (chunk == 0).then_some(seed));
    let image = site.world.import(HERE, &format!("golden {seed}"), &[disk]).await;
    site.world.copy(HERE, &image.id, THERE).await.unwrap();
    site.world.run_until_idle().await;
}

/// The lines of the bill on a page.
fn lines(page: &Answer) -> usize {
    let bill = page.text.split("id=\"usage\"").nth(1).unwrap().split("</section>").next().unwrap();
    bill.matches("<tr>").count().saturating_sub(1)
}

/// R000-4, R001-5, R003-3: what was used is shown by link and by region, and costs 0.00.
#[tokio::test]
async fn r000_4_r001_5_r003_3_a_month_is_shown_with_quantities_and_no_cost() {
    let site = Site::open([HERE, THERE]).await;
    let mut visitor = site.visitor().await;
    let empty = visitor.get("/usage").await;
    empty.has("Nothing was used in 2023-11").has("No rate was ever set").has("Nothing yet");
    copy(&site, 1).await;
    site.world.clock.advance_ms(DAY_MS);
    // The session before is over: nobody used it for a day.
    let mut visitor = site.visitor().await;
    let page = visitor.get("/usage").await;
    page.is(StatusCode::OK).has("cn-hangzhou → cn-shanghai").has("Traffic between regions");
    page.has("0.00 USD / GiB<").has("0.00 USD / GiB·h").has(">0.00 USD<").has("until now");
    // The link, and storage in both regions.
    assert_eq!(lines(&page), 3);
    assert_eq!(lines(&visitor.get("/usage?region=cn-shanghai").await), 2);
    assert_eq!(lines(&visitor.get("/usage?region=cn-hangzhou").await), 1);
    visitor.get("/usage?month=2023-10").await.has("Nothing was used in 2023-10").has("2023-11 →");
    // What is no month, or has not begun, is this one.
    for month in ["%3Cb%3E", "2023-13", "2999-01", "1969-12", ""] {
        let page = visitor.get(&format!("/usage?month={month}")).await;
        page.has("value=\"2023-11\"").lacks("<b>2").lacks("2023-12 →");
    }
    visitor.get("/usage?month=1970-01").await.is(StatusCode::OK).lacks("rel=\"prev\"");
    visitor.get("/usage?region=nowhere").await.is(StatusCode::NOT_FOUND);
}

/// Issue 6: usage per month as a chart, inline SVG made by us, no script needed; the same for who does not see it.
#[tokio::test]
async fn the_last_twelve_months_are_drawn_and_told() {
    let site = Site::open([HERE, THERE]).await;
    copy(&site, 1).await;
    site.world.clock.advance_ms(40 * DAY_MS);
    let page = site.visitor().await.get("/usage").await;
    page.has("<title id=\"chart-traffic-title\">Traffic by month</title>");
    page.has("<title id=\"chart-storage-title\">Storage by month</title>");
    page.has("Most in 2023-11: ").has("<td>2023-01</td><td>0 B</td>").lacks("<td>2022-12</td>");
    for picture in page.text.split("<svg viewBox").skip(1) {
        let picture = picture.split("</svg>").next().unwrap();
        assert!(!picture.contains("<a ") && !picture.contains("style="), "{picture}");
        assert_eq!(picture.matches("<rect").count(), 12);
    }
}

/// R000-4: a rate counts from its day on; what was used before stays as it was told.
#[tokio::test]
async fn r000_4_an_operator_sets_a_rate_from_a_day_on() {
    let site = Site::open([HERE, THERE]).await;
    copy(&site, 1).await;
    let mut operator = Someone::new(&site, Role::Operator).await.visitor(&site).await;
    operator.get("/usage").await.has("href=\"/regions/cn-shanghai/rates\"");
    let path = "/regions/cn-shanghai/rates";
    operator.get(path).await.is(StatusCode::OK).has("Set a rate in cn-shanghai");
    let wrong = [
        ("2023-11-16", "-1", "The price is none"),
        ("2023-11-16", "=1", "The price is none"),
        ("yesterday", "1", "The day is none"),
        ("2023-11-14", "1", "role=\"alert\""),
    ];
    for (from, price, told) in wrong {
        let values = [("meter", "traffic"), ("from", from), ("price", price)];
        let refused = operator.post(path, &values).await;
        refused.is(StatusCode::UNPROCESSABLE_ENTITY).has(told).has(&format!("value=\"{price}\""));
    }
    let no_meter = [("meter", "air"), ("from", "2023-11-16"), ("price", "1")];
    operator.post(path, &no_meter).await.is(StatusCode::BAD_REQUEST);
    let values = [("meter", "traffic"), ("from", "2023-11-16"), ("price", "500000")];
    let set = operator.post(path, &values).await;
    assert_eq!(set.is(StatusCode::SEE_OTHER).location(), "/usage?region=cn-shanghai");
    let page = operator.get("/usage?region=cn-shanghai").await;
    page.has("counts from 2023-11-16 on").has("500000.00 USD / GiB<");
    let shown = site.world.region(THERE).rates(&site.world.caller).await.unwrap();
    assert_eq!((shown.len(), shown[0].meter), (1, Meter::Traffic));
    site.world.clock.advance_ms(2 * DAY_MS);
    copy(&site, 2).await;
    let page = site.visitor().await.get("/usage?region=cn-shanghai").await;
    assert_eq!(lines(&page), 3, "traffic at both rates, and storage\n{}", page.text);
    page.has(">0.00 USD<").has(">500000.00 USD / GiB<");
}

/// RELIABILITY, console: CSV formula `=cmd|`; R000-4: the bill in a table.
#[tokio::test]
async fn r000_4_the_table_for_other_programs_holds_no_formula() {
    let mut site = Site::open([HERE, THERE]).await;
    let someone = Someone::elsewhere(&site, FORMULA, Role::Owner).await;
    site.world.caller = someone.caller.clone();
    copy(&site, 1).await;
    let mut owner = someone.visitor(&site).await;
    let page = owner.get("/usage").await;
    page.has("href=\"/usage.csv?month=2023-11\"").lacks("Everyone");
    let table = owner.get("/usage.csv?month=2023-11").await;
    table.is(StatusCode::OK).has("month,account,account_name,region,meter").has("cn-hangzhou");
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8");
    let named = "attachment; filename=\"ferry-usage-2023-11.csv\"";
    assert_eq!(table.headers["content-disposition"], named);
    assert_eq!(table.headers["cache-control"], "no-store");
    table.has("\"'=cmd|' /C calc'!A0\"").has(",0.00,").has("USD\r\n");
    for line in table.text.lines() {
        for cell in line.split(',') {
            let text = cell.trim_start_matches('"');
            assert!(!text.starts_with(['=', '+', '-', '@', '\t']), "`{cell}` in {line}");
        }
    }
    let link = owner.get("/usage?region=cn-shanghai").await;
    link.has("/usage.csv?month=2023-11&#38;region=cn-shanghai");
    let one = owner.get("/usage.csv?month=2023-11&region=cn-shanghai").await;
    one.lacks("cn-hangzhou,storage").has("cn-shanghai,traffic,cn-hangzhou");
    owner.get("/usage.csv?region=nowhere").await.is(StatusCode::NOT_FOUND);
    site.guest().get("/usage.csv").await.is(StatusCode::SEE_OTHER);
}

/// Roles: everybody sees the own usage, operators everybody's with the accounts' names; rates are set by operators.
#[tokio::test]
async fn operators_see_everyones_usage_and_others_their_own() {
    let site = Site::open([HERE, THERE]).await;
    copy(&site, 1).await;
    site.world.clock.advance_ms(DAY_MS);
    let other = Someone::elsewhere(&site, "<b>other</b>", Role::Owner).await;
    for query in ["", "?whose=all"] {
        let mut owner = other.visitor(&site).await;
        owner
            .get(&format!("/usage{query}"))
            .await
            .has("Nothing was used")
            .lacks("href=\"/regions/");
        let table = owner.get(&format!("/usage.csv{query}")).await;
        assert_eq!(table.text.lines().count(), 1, "{}", table.text);
    }
    let mut reader = Someone::new(&site, Role::Reader).await.visitor(&site).await;
    reader.get("/usage").await.has("cn-hangzhou → cn-shanghai").lacks("Set rate");
    reader.get("/regions/cn-shanghai/rates").await.is(StatusCode::FORBIDDEN);
    let values = [("meter", "traffic"), ("from", "2099-01-01"), ("price", "1")];
    reader.post("/regions/cn-shanghai/rates", &values).await.is(StatusCode::FORBIDDEN);
    let mut operator = Someone::of_account(&site, &other).await.visitor(&site).await;
    operator.get("/usage").await.has("Nothing was used").has("Everyone’s");
    let page = operator.get("/usage?whose=all").await;
    page.has(">default</span>").has(site.world.caller.account.as_str()).has("whose=all");
    operator
        .get("/usage.csv?whose=all")
        .await
        .has(",default,")
        .has(site.world.caller.account.as_str());
}

#[tokio::test]
async fn usage_speaks_chinese() {
    let site = Site::open([HERE]).await;
    let mut visitor = site.visitor().await;
    visitor.post("/settings", &[("language", "zh")]).await;
    visitor.get("/usage").await.has("用量").has("计费费率").has("跨地域流量");
}
