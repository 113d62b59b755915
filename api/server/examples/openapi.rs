//! Prints the API's document, from which `cargo xtask openapi` makes the web's types.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    let document = sealflow_server::openapi().to_pretty_json().map_err(io::Error::other)?;
    writeln!(io::stdout(), "{document}")
}
