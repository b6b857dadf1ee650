//! Chooses the verb and sets the exit code.
//! It never does the work of a verb.

fn main() -> std::process::ExitCode {
    switchback::front::cli::main()
}
