//! YAML as the Python library reads it.
