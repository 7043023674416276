# Short words for what is typed often. Everything here is also a plain cargo command.

# What must hold before a commit, fastest first.
check:
    cargo fmt --all --check
    cargo xtask tidy
    cargo clippy --workspace --all-targets -- -D warnings

# Everything that CI runs after that: installs what tests need, then every test.
test:
    cargo xtask test

# The demonstration of the README.
demo:
    cargo run --release -- demo

# Figures against the peers, all or by name: `just bench import`.
bench *names:
    cargo xtask bench {{names}}

# Formats all code.
fmt:
    cargo fmt --all
