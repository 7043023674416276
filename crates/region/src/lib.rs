//! Use cases, the copy driver and the link scheduler. Knows no HTTP, JSON, dialect or SQL text.
