//! What a client is told of each failure, and what it is not told.

use http_body_util::BodyExt;

use super::*;

async fn answered(refusal: impl Into<Refusal>) -> (StatusCode, http::HeaderMap, serde_json::Value) {
    let response = refusal.into().into_response();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn a_problem_goes_out_in_its_own_words() {
    let (status, _, body) = answered(Problem::invalid("url", "'url' is required")).await;
    assert_eq!(status, 400);
    let expected = serde_json::json!({
        "type": "invalid_request", "message": "'url' is required", "param": "url",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_param_that_is_nobody_is_left_out() {
    let (status, _, body) = answered(Problem::unprocessable("busy", "wait")).await;
    assert_eq!(status, 422);
    assert_eq!(body, serde_json::json!({ "type": "busy", "message": "wait" }));
}

#[tokio::test]
async fn an_unavailable_store_is_a_503_that_says_when_to_try_again_and_no_more() {
    let (status, headers, body) =
        answered(EngineError::Unavailable("/var/lib/herald.db: disk full".into())).await;
    assert_eq!(status, 503);
    assert_eq!(headers[header::RETRY_AFTER], "1");
    assert_eq!(body["type"], "service_unavailable");
    assert!(!body.to_string().contains("disk"), "{body}");
}

#[tokio::test]
async fn a_defect_is_a_500_without_its_text() {
    let (status, _, body) = answered(EngineError::Internal("SELECT secret".into())).await;
    assert_eq!(status, 500);
    assert_eq!(body["message"], "something went wrong on our side");
    assert!(!body.to_string().contains("SELECT"), "{body}");
}
