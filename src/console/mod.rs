//! The HTTP surface: read-only API and pages. Its DTOs live here and nowhere else.
