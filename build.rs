//! Contract, cases and snapshots are inside the program: a new file must make a new program.

fn main() {
    for folder in ["cases", "snapshots"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
