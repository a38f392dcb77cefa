//! The guides for those who move from another library, in `docs`. What a guide says that both libraries do, they do here, on the
//! same requests: a region between `<!-- rows: name -->` and `<!-- end -->` is written by these tests, from code that is compiled
//! and run. After a change, run them with `UPDATE_EXPECT=1` and read the diff.

mod actix_cors;
mod document;
mod relay;
mod served;
mod set_ups;
mod tower_http;
