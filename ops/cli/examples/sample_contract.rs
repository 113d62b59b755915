//! Writes the sample contract to the named file: `cargo run -p sealflow --example sample_contract -- contract.pdf`.

fn main() -> anyhow::Result<()> {
    let path = std::env::args_os().nth(1).ok_or_else(|| anyhow::anyhow!("name the file to write"))?;
    Ok(std::fs::write(path, sealflow::sample_contract::build()?)?)
}
