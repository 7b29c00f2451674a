use kubelens_server::api::router::described;
use kubelens_server::api::routes::openapi::finished;

use crate::server::Server;

#[tokio::test]
async fn the_description_is_the_one_that_is_checked_in() {
    let (_, document) = described().split_for_parts();
    let document = finished(&document);
    insta::assert_json_snapshot!("openapi", document);
    let server = Server::start().await;
    assert_eq!(server.json("/api/openapi.json").await, document);
    let yaml = server.get("/api/openapi.yaml").await;
    assert_eq!(yaml.header("content-type"), "application/yaml");
    assert_eq!(
        serde_saphyr::from_str::<serde_json::Value>(&yaml.text()).unwrap(),
        document
    );
}
