{
    let policy = Policy::builder()
        .allow_origins(["http://localhost:5173"])
        .allow_methods(["PUT"])
        .allow_headers(["content-type"])
        .expose_headers(["etag"])
        .allow_credentials()
        .build()?;

    HttpServer::new(move || App::new().wrap(Cors::new(policy.clone())))
}
