{
    HttpServer::new(|| {
        let cors = Cors::default()
            .allowed_origin("http://localhost:5173")
            .allowed_methods(["GET", "POST", "PUT"])
            .allowed_headers(["content-type"])
            .expose_headers(["etag"])
            .supports_credentials();
        App::new().wrap(cors)
    })
}
