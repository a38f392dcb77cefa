{
    let cors = CorsLayer::new()
        .allow_origin(["http://localhost:5173".parse::<HeaderValue>()?])
        .allow_methods(["PUT".parse::<Method>()?])
        .allow_headers(["content-type".parse::<HeaderName>()?])
        .expose_headers(["etag".parse::<HeaderName>()?])
        .allow_credentials(true);

    let app = Router::new()
        .route("/items", get(items))
        .layer(cors);

    app
}
