//! Hands the command line over and ends with its exit code.
//! It never does the work of a verb.

/// What a reconcile costs is in large part asking for memory and giving it back; this one is quicker at both.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    switchback::front::cli::program::main()
}
