//! Durable rows on SQLite, the chunk index included. Decides no business question and touches no chunk bytes.
