//! What of a file becomes what.
