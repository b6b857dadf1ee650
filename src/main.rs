//! Hands the command line over and ends with its exit code.
//! It never does the work of a verb.

fn main() -> std::process::ExitCode {
    switchback::front::cli::program::main()
}
