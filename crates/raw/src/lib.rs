//! What peers send, made by hand, so that it can be made wrong: for attacks, for counts, and for seeds of the fuzz targets.

pub mod gob;
pub mod http1;
pub mod http2;
pub mod zerorpc;
