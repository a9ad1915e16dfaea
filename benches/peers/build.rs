//! Hands the version of the compiler on to the program, which prints it with its figures.

use std::process::Command;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let compiler = std::env::var("RUSTC")?;
    let output = Command::new(compiler).arg("--version").output()?;
    println!("cargo::rustc-env=PEERS_RUSTC={}", String::from_utf8(output.stdout)?.trim());
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
