//! Figures and health.

use crate::world::{Door, answer};

#[tokio::test]
async fn operators_see_health_and_figures_without_a_key() {
    let door = Door::open(["north"]).await;
    door.get("/v1/regions/north/images").await;
    door.get("/v1/regions/north/images/img-aaaaaaaaaaaaaaaaaaaa")
        .await
        .refused(404, "image_not_found");
    for path in ["/livez", "/readyz"] {
        let answer = answer(door.http.get(door.url(path))).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "ok\n"));
    }
    let metrics = answer(door.http.get(door.url("/metrics"))).await;
    assert!(
        metrics.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    let text = metrics.text();
    for line in [
        "ferry_http_answers_total{method=\"GET\",route=\"/v1/regions/{region}/images\",status=\"200\"} 1",
        "ferry_http_answers_total{method=\"GET\",route=\"/v1/regions/{region}/images/{image}\",status=\"404\"} 1",
        "ferry_http_duration_seconds_count{route=\"/v1/regions/{region}/images\"} 1",
        "ferry_store_chunks{region=\"north\"} 0",
        "ferry_copy_received_bytes{region=\"north\"} 0",
        "ferry_relayed_bytes_total{region=\"north\"} 0",
    ] {
        assert!(text.contains(line), "{line}\nnot in\n{text}");
    }
    assert!(!text.contains("img-a"), "figures name no image");
}
