//! Has the crate built anew when a migration is added: the macro that takes them in can't.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
