//! One service, every wire: the program.
fn main() {}
