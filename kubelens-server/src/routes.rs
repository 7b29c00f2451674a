use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

/// Every route on one screen.
pub fn app() -> Router {
    Router::new()
        .route("/api/healthz", get(healthz))
        .fallback(not_found)
}

/// The process answers; it looks at nothing else.
async fn healthz() -> Response {
    Json(json!({
        "status": "ok",
        "timestamp": jiff::Timestamp::now(),
        "version": env!("CARGO_PKG_VERSION"),
        "analyzers": kubelens_core::registry().len(),
    }))
    .into_response()
}

async fn not_found() -> Response {
    let body = Json(json!({"error": "not found", "code": "not_found"}));
    (StatusCode::NOT_FOUND, body).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt;

    use super::app;

    async fn answer(path: &str) -> (StatusCode, serde_json::Value) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = app().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 65_536).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn healthz_says_that_the_process_lives() {
        let (status, body) = answer("/api/healthz").await;
        assert_eq!((status, &body["status"]), (StatusCode::OK, &"ok".into()));
        assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
    }

    #[tokio::test]
    async fn an_unknown_path_is_a_404_in_the_error_shape() {
        let (status, body) = answer("/api/nothing").await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::NOT_FOUND, &"not_found".into())
        );
    }
}
