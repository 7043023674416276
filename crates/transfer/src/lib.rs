//! Moves what a tree still lacks from a source into a store. Knows no images, tasks or SQL, and deletes nothing.
